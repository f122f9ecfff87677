"""Intake while the disk takes its time."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from sendwell.domain.errors import Conflict, Invalid
from sendwell.domain.ids import Position
from tests.roles.gateway_house import BODY, ORIGIN, a_gateway, a_journal

OTHER_BODY = msgspec.json.encode({"to": {"email": "ada@example.org"}, "content": "Good-bye"})
TEMPLATE_BODY = msgspec.json.encode({"to": {"email": "ada@example.org"}, "template": "new"})


async def test_a_key_whose_request_is_still_running_is_told_so_and_gets_its_answer_later(
    tmp_path: Path,
) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, *_):
        with pytest.raises(Conflict) as refused:
            await gateway.accept(BODY, ORIGIN, key="k-1")
        journal.goes_on.set()
        again = await gateway.accept(BODY, ORIGIN, key="k-1")

    assert refused.value.code == "still_running"
    assert again.is_duplicate


async def test_every_key_that_waits_is_told_in_its_own_time(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as (gateway, *_):
        first = asyncio.create_task(gateway.accept(BODY, ORIGIN, key="k-1"))
        await asyncio.wait([first])
        others = [asyncio.create_task(gateway.accept(BODY, ORIGIN, key=f"k-{n}")) for n in (2, 3)]
        await asyncio.wait(others)

    told = [task.exception() for task in (first, *others)]
    assert [isinstance(error, Conflict) for error in told] == [True, True, True]


async def test_without_a_key_a_request_waits_as_long_as_it_takes(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, *_):
        keyless = asyncio.create_task(gateway.accept(BODY, ORIGIN))
        with pytest.raises(Conflict):
            await gateway.accept(BODY, ORIGIN, key="k-1")
        is_waiting = not keyless.done()
        journal.goes_on.set()
        answer = await keyless

    assert is_waiting
    assert answer.id
    assert not answer.is_duplicate


async def test_what_waited_for_its_template_is_found_after_a_crash_although_later_ones_are_planned(
    tmp_path: Path,
) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, templates, database, _):
        journal.goes_on.set()
        slow = asyncio.create_task(gateway.accept(TEMPLATE_BODY, ORIGIN))
        await asyncio.sleep(0)
        fast = await gateway.accept(BODY, ORIGIN)
        (planned,), _ = await journal.unplanned(after=Position(0), limit=10)
        assert planned.id == fast.id
        journal.forget([planned])
        templates.goes_on.set()
        accepted = await slow
        await database.commit(journal.marked())

        reopened = a_journal(database)
        await reopened.start()
        left, _ = await reopened.unplanned(after=Position(0), limit=10)

    assert [request.id for request in left] == [accepted.id]


async def test_a_refusal_keeps_nothing_of_the_calls_that_heard_it(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, *_):
        journal.goes_on.set()
        await gateway.accept(BODY, ORIGIN, key="k-1")
        heard = []
        for _ in range(2):
            with pytest.raises(Invalid) as refused:
                await gateway.accept(OTHER_BODY, ORIGIN, key="k-1")
            heard.append(refused.value)

    assert [refusal.code for refusal in heard] == ["idempotency_key_reused"] * 2
    assert heard[0] is not heard[1]
