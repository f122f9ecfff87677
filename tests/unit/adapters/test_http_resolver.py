import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from cProfile import Profile
from ipaddress import ip_address
from typing import Self

import pytest

from sendwell.adapters.http.domains import Domains
from sendwell.adapters.http.resolver import Resolver
from sendwell.domain.outbound import Address

HERE = [ip_address("192.0.2.1")]
PATIENCE = 30.0
Asking = list[asyncio.Task[Sequence[Address]]]


class Machine:
    """A machine's resolver that answers what hangs when it is told to, all at once."""

    def __init__(self, hanging: str = "") -> None:
        """What hangs are the names that hold this."""
        self._hanging = hanging
        self.asked: list[str] = []
        self._news = threading.Semaphore(0)
        self._released = threading.Event()

    def ask(self, name: str) -> Sequence[Address]:
        self.asked.append(name)
        self._news.release()
        if self._hanging in name:
            self._released.wait(PATIENCE)
        return HERE

    async def has_heard(self, count: int) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self._news.acquire, timeout=PATIENCE)

    def answer(self) -> None:
        self._released.set()

    def hang(self) -> None:
        self._released.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer()


async def ask(resolver: Resolver, names: Iterable[str]) -> Asking:
    asking = [asyncio.ensure_future(resolver(name)) for name in names]
    await asyncio.sleep(0)
    return asking


def calls_of(function: Callable[..., object], profile: Profile) -> int:
    return sum(entry.callcount for entry in profile.getstats() if entry.code is function.__code__)


def of_one_domain(count: int) -> list[str]:
    return [f"{number}.tenant.example" for number in range(count)]


def of_many_domains(count: int) -> list[str]:
    return [f"hooks.tenant-{number}.example" for number in range(count)]


async def test_equal_names_are_asked_once_for_all_who_wait() -> None:
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask)

        asking = await ask(resolver, ["hooks.example"] * 3)
        await machine.has_heard(1)
        machine.answer()

        assert [HERE] * 3 == await asyncio.gather(*asking)
        assert machine.asked == ["hooks.example"]


async def test_no_answer_is_kept() -> None:
    with Machine() as machine:
        machine.answer()
        resolver = Resolver(ask=machine.ask)

        await resolver("hooks.example")
        await resolver("hooks.example")

        assert machine.asked == ["hooks.example"] * 2


async def test_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask)

        gone, there = await ask(resolver, ["hooks.example"] * 2)
        gone.cancel()
        await asyncio.wait([gone])
        machine.answer()

        assert await there == HERE


@pytest.mark.parametrize(("names", "at_once"), [(of_many_domains, 64), (of_one_domain, 8)])
async def test_so_many_names_are_asked_at_once(
    names: Callable[[int], list[str]], at_once: int
) -> None:
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask)

        asking = await ask(resolver, names(at_once + 5))
        await machine.has_heard(at_once)
        before = sorted(machine.asked)
        machine.answer()

        assert [HERE] * (at_once + 5) == await asyncio.gather(*asking)
        assert before == sorted(names(at_once))
        assert sorted(machine.asked) == sorted(names(at_once + 5))


async def test_names_of_others_pass_those_of_a_domain_that_has_its_share() -> None:
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask)

        await ask(resolver, of_one_domain(20))
        await ask(resolver, ["hooks.other.example"])
        await machine.has_heard(9)

        assert "hooks.other.example" in machine.asked


@pytest.mark.parametrize("count", [4, 8, 16])
async def test_names_of_others_are_asked_while_those_of_many_domains_hang(count: int) -> None:
    with Machine(hanging="tarpit") as machine:
        resolver = Resolver(ask=machine.ask)

        names = [f"{number}.tarpit-{number % count}.example" for number in range(96)]
        hanging, *_ = await ask(resolver, names)

        assert await resolver("hooks.other.example") == HERE
        assert not hanging.done()


async def test_a_domain_below_a_public_suffix_does_not_stand_for_all_below_it() -> None:
    with Machine(hanging="tarpit") as machine:
        resolver = Resolver(ask=machine.ask)

        asking = await ask(resolver, [f"{number}.tarpit.co.uk" for number in range(96)])

        assert await resolver("hooks.other.co.uk") == HERE
        assert not asking[0].done()
        machine.answer()
        await asyncio.gather(*asking, return_exceptions=True)


async def test_domains_that_were_slow_leave_half_of_the_questions_to_others() -> None:
    time = 0.0
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask, now=lambda: time)
        asking = await ask(resolver, of_many_domains(64))
        await machine.has_heard(64)
        time = 20.0
        machine.answer()
        await asyncio.gather(*asking)
        machine.hang()

        await ask(resolver, [*of_many_domains(64), "hooks.other.example"])
        await machine.has_heard(33)

        assert set(machine.asked[64:]) == {*of_many_domains(32), "hooks.other.example"}


async def test_those_that_wait_are_not_looked_at_while_nothing_is_free() -> None:
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask)
        asking = await ask(resolver, of_many_domains(164))

        profile = Profile()
        profile.enable()
        asking += await ask(resolver, ["hooks.other.example"])
        profile.disable()

        assert calls_of(Domains.may_begin, profile) == 0
        machine.answer()
        await asyncio.gather(*asking)


async def test_a_question_that_nobody_waits_for_any_more_is_not_begun() -> None:
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask)

        *_, gone, there = await ask(resolver, of_one_domain(10))
        gone.cancel()
        await asyncio.wait([gone])
        machine.answer()
        await there

        assert "8.tenant.example" not in machine.asked
        assert "9.tenant.example" in machine.asked


async def test_too_many_names_of_one_domain_fail_at_once() -> None:
    with Machine() as machine:
        resolver = Resolver(ask=machine.ask)

        asking = await ask(resolver, of_one_domain(40))

        with pytest.raises(socket.gaierror):
            await resolver("one-more.tenant.example")
        machine.answer()
        assert [HERE] * 40 == await asyncio.gather(*asking)


async def test_whatever_fails_is_heard_by_all_who_wait() -> None:
    def fail(_: str) -> Sequence[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    asking = await ask(Resolver(ask=fail), ["hooks.example"] * 2)
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    assert [socket.gaierror] * 2 == [type(outcome) for outcome in outcomes]


_HANG = """
import asyncio, threading
from sendwell.adapters.http.resolver import Resolver

begun = threading.Event()

def hang(_):
    begun.set()
    threading.Event().wait()

async def run():
    asking = asyncio.ensure_future(Resolver(ask=hang)("hooks.example"))
    await asyncio.to_thread(begun.wait)
    asking.cancel()

asyncio.run(run())
"""


def test_a_process_ends_while_a_name_hangs() -> None:
    ended = subprocess.run([sys.executable, "-c", _HANG], timeout=PATIENCE, check=False)

    assert ended.returncode == 0
