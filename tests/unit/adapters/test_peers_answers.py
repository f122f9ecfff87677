"""What another service has answered is believed for some seconds, and not after a word about it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from sendwell.adapters.peers.answers import Answers, Means
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
LASTS = 4.0
AT_ONCE = 1_000


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> int:
        return int(self.seconds * 1e6)

    def elapsed(self) -> float:
        return self.seconds


class Service:
    """Knows what is so, and what it was asked."""

    def __init__(self) -> None:
        self.known: dict[str, str | None] = {"ada": "first"}
        self.asked: list[str] = []

    async def ask(self, things: Sequence[str]) -> Mapping[str, str | None]:
        self.asked += things
        return {thing: self.known[thing] for thing in things if thing in self.known}


class House:
    def __init__(self) -> None:
        self.clock, self.service = Clock(), Service()
        self.counted: dict[str, int] = {}
        self.answers: Answers[str | None] = Answers(
            "users", "people", str | None, Means(self.clock, count=self._count), mark="*"
        )

    async def of(self, *things: str, tenant: TenantId = ACME) -> dict[str, str | None]:
        return await self.answers.of(tenant, things, self.service.ask)

    def _count(self, about: str, source: str, many: int) -> None:
        assert about == "people"
        self.counted[source] = self.counted.get(source, 0) + many


async def test_what_was_answered_is_not_asked_again_for_four_seconds() -> None:
    house = House()

    for moment in (0, LASTS / 2, LASTS / 2 - 0.01):
        house.clock.seconds += moment
        assert await house.of("ada") == {"ada": "first"}

    assert house.service.asked == ["ada"]
    house.clock.seconds += 0.01
    await house.of("ada")
    assert house.service.asked == ["ada", "ada"]


async def test_of_many_only_what_is_not_known_is_asked() -> None:
    house = House()
    house.service.known["bob"] = None
    await house.of("ada")

    assert await house.of("ada", "bob") == {"ada": "first", "bob": None}
    await house.of("bob")

    assert house.service.asked == ["ada", "bob"]
    assert house.counted == {"service": 2, "memory": 2}


async def test_where_one_portion_is_not_answered_the_next_try_goes_on_from_there() -> None:
    house = House()
    names = [f"p{number}" for number in range(3 * AT_ONCE)]
    house.service.known |= dict.fromkeys(names, "first")
    asked: list[Sequence[str]] = []

    async def ask(things: Sequence[str]) -> Mapping[str, str | None]:
        asked.append(things)
        if len(asked) == 2:
            raise Unavailable("It is away.")
        return await house.service.ask(things)

    with pytest.raises(Unavailable):
        await house.answers.of(ACME, names, ask)
    found = await house.answers.of(ACME, names, ask)

    assert found == dict.fromkeys(names, "first")
    assert [each[0] for each in asked] == ["p0", "p1000", "p1000", "p2000"]


async def test_what_an_answer_leaves_out_is_asked_again() -> None:
    house = House()

    assert await house.of("nobody") == {}
    assert await house.of("nobody") == {}

    assert house.service.asked == ["nobody", "nobody"]


async def test_an_answer_is_as_old_as_the_question() -> None:
    house = House()

    async def slow(things: Sequence[str]) -> Mapping[str, str | None]:
        house.clock.seconds += 3
        return await house.service.ask(things)

    await house.answers.of(ACME, ["ada"], slow)
    house.clock.seconds += 1
    await house.of("ada")

    assert house.service.asked == ["ada", "ada"]


async def test_what_was_told_is_asked_again_for_as_long_as_old_answers_are_on_their_way() -> None:
    house = House()
    await house.of("ada")
    house.service.known["ada"] = "second"

    house.answers.doubt(ACME, "ada")

    assert await house.of("ada") == {"ada": "second"}
    assert await house.of("ada") == {"ada": "second"}
    assert house.service.asked == ["ada"] * 3
    house.clock.seconds += LASTS
    await house.of("ada")
    await house.of("ada")
    assert house.service.asked == ["ada"] * 4


async def test_an_answer_that_is_on_its_way_when_the_change_is_told_is_not_remembered() -> None:
    house = House()
    asked, told = asyncio.Event(), asyncio.Event()

    async def slow(things: Sequence[str]) -> Mapping[str, str | None]:
        answer = await house.service.ask(things)
        asked.set()
        await told.wait()
        return answer

    asking = asyncio.create_task(house.answers.of(ACME, ["ada"], slow))
    await asked.wait()
    house.service.known["ada"] = "second"
    house.answers.doubt(ACME, "ada")
    told.set()

    assert await asking == {"ada": "first"}
    assert await house.of("ada") == {"ada": "second"}


async def test_a_mark_puts_all_of_one_tenant_in_doubt_and_nothing_of_another() -> None:
    house = House()
    await house.of("ada")
    await house.of("ada", tenant=GLOBEX)
    house.service.known["ada"] = "second"

    house.answers.doubt(ACME, "*")

    assert await house.of("ada") == {"ada": "second"}
    assert await house.of("ada", tenant=GLOBEX) == {"ada": "first"}


async def test_whoever_may_have_missed_something_asks_for_everything() -> None:
    house = House()
    await house.of("ada")
    await house.of("ada", tenant=GLOBEX)
    house.service.known["ada"] = "second"

    house.answers.doubt_all()

    assert await house.of("ada") == {"ada": "second"}
    assert await house.of("ada", tenant=GLOBEX) == {"ada": "second"}


async def test_what_was_learnt_by_the_way_is_not_asked() -> None:
    house = House()

    await house.answers.learn(ACME, {"ada": "learnt"}, asked_at=house.clock.elapsed())

    assert await house.of("ada") == {"ada": "learnt"}
    assert house.service.asked == []


async def test_what_lasts_longer_is_remembered_longer() -> None:
    clock, service = Clock(), Service()
    answers: Answers[str | None] = Answers(
        "users", "people", str | None, Means(clock), lasts=timedelta(hours=1)
    )
    await answers.of(ACME, ["ada"], service.ask)

    clock.seconds += 3_599
    await answers.of(ACME, ["ada"], service.ask)

    assert service.asked == ["ada"]


async def test_what_has_changed_for_every_tenant_is_asked_again_and_nothing_else() -> None:
    house = House()
    house.service.known["bob"] = None
    for tenant in (ACME, GLOBEX):
        await house.of("ada", "bob", tenant=tenant)
    house.service.asked.clear()

    house.answers.doubt_everywhere("ada")
    for tenant in (ACME, GLOBEX, ACME):
        await house.of("ada", "bob", tenant=tenant)
    during = list(house.service.asked)
    house.clock.seconds += LASTS
    for _ in range(2):
        await house.of("ada")

    assert during == ["ada", "ada", "ada"]
    assert house.service.asked == [*during, "ada"]
