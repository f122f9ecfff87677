"""A letter that no broker takes comes to an end that people see."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from sendwell.adapters.system import SystemIds
from sendwell.domain.errors import TooLarge, Unavailable
from sendwell.domain.ids import Node, TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.domain.presets import PRESETS
from sendwell.domain.presets.naming import WHOLE
from sendwell.domain.presets.plain import PRESET
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.extract import Extract
from sendwell.messages.task import Task
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.handed_on import tasks_in
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.packed import Packer
from sendwell.messages.wire.quarantine import Quarantine, letter_of
from sendwell.messages.wire.reason import Reason
from sendwell.ports.bus import Bus, Parcel, Stream
from sendwell.ports.keepers import Whom
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.runtime.outbox.keeping import OutboxKeeper
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.outbox.refused import Refused
from sendwell.runtime.outbox.tables import OUTBOX
from sendwell.runtime.quarantine.tables import QUARANTINE
from sendwell.runtime.scene import Scene
from tests.roles.delivery_house import CLOCK, EMAIL, House, a_task
from tests.roles.moody_database import MoodyDatabase
from tests.roles.test_outbox import Broker, at_work
from tests.services.made import made_file

PACKER = Packer(PRESET, secret=b"ours", tasks_by=PRESET)
OPENING = Opening(secret=b"ours")


class Strict(Broker):
    """Takes nothing that is for the streams in `too_small`."""

    def __init__(self) -> None:
        super().__init__()
        self.too_small: set[str] = set()

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        if stream.name in self.too_small:
            raise TooLarge(f"Parcel {parcels[0].id} has too many bytes.")
        await super().publish(stream, parcels)


class Planning(House):
    """A planner whose tasks go by the outbox."""

    def __init__(self, database: MoodyDatabase) -> None:
        super().__init__(database)
        self.broker = Strict()
        self.outbox = Outbox(database, cast("Bus", self.broker), ids=SystemIds(), node=Node(0))
        refused = Refused(
            self.flow,
            PRESET,
            tasks_in=partial(tasks_in, packer=PACKER, opening=OPENING),
            bury=self.with_planner().bury_tasks,
            tell=self._tell,
        )
        self.outbox.end_refused_by(refused.end)

    def _tell(self, kept: Sequence[Quarantine], scene: Scene) -> None:
        self.outbox.put([letter_of(each, PRESET) for each in kept], scene)

    async def write(self, *letters: Letter) -> None:
        scene = Scene(CLOCK.now())
        self.outbox.put(letters, scene)
        await self.database.commit(scene.unit)
        scene.committed()

    async def planned(self, *addresses: str) -> list[Task]:
        tasks = [a_task(address, channels=(EMAIL,)) for address in addresses]
        await self.database.commit(self.journal.copied([task.request for task in tasks]))
        return tasks

    async def quarantined(self) -> list[tuple[Any, ...]]:
        rows = await self.database.rows(
            select(QUARANTINE.c.stream, QUARANTINE.c.reason, QUARANTINE.c.tenant)
        )
        return [tuple(row) for row in rows]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Planning]:
    database = MoodyDatabase(made_file(tmp_path / "sendwell.db"))
    yield Planning(database)
    await database.close()


def after() -> Letter:
    """What is behind it, for another stream."""
    kept = Quarantine(
        stream="requests",
        place="1",
        reason=Reason.TOO_OLD,
        text="",
        pointer="",
        body=b"",
        headers={},
        at=0,
    )
    return letter_of(kept, PRESET)


@pytest.mark.parametrize("preset", ["plain", "tenant"])
async def test_tasks_that_no_broker_takes_are_dead_letters(house: Planning, preset: str) -> None:
    tasks = await house.planned("ada@example.org", "bob@example.org")
    if preset == "plain":
        letters = [PACKER.tasks(tasks, id_="1")]
    else:
        carrier = Carrier(PRESETS[preset], secret=b"ours")
        letters = [carrier.task(task) for task in tasks]
    stream = letters[0].stream.name
    house.broker.too_small = {stream}

    async with house.at_work(), at_work(house.outbox):
        await house.write(*letters)
        ends = await house.ends(tasks)
        await house.broker.until(len(letters))

    assert {"ada@example.org": "DEAD", "bob@example.org": "DEAD"} == ends
    causes = await house.database.rows(select(DEAD_LETTER.c.cause))
    assert ["internal", "internal"] == [row.cause for row in causes]
    assert [(stream, "not_published", "acme")] * len(letters) == await house.quarantined()
    assert await house.database.rows(select(OUTBOX)) == []


async def test_what_tells_of_a_retry_ends_no_delivery(house: Planning) -> None:
    (task,) = await house.planned("ada@example.org")
    task.state = State.RETRYING
    letter = Carrier(PRESETS["tenant"], secret=b"ours").retry(task)

    assert [] == tasks_in(letter, packer=PACKER, opening=OPENING)


async def test_an_erasure_does_not_wait_for_what_no_broker_takes(house: Planning) -> None:
    (task,) = await house.planned("ada@example.org")
    extract = Extract("here:1", "here", "email", tasks=(task,))
    letter = PACKER.extract(extract, key="acme")
    house.broker.too_small = {letter.stream.name}

    async with at_work(house.outbox):
        await house.write(letter)
        await house.broker.until(1)

    whom = Whom(
        tenant=TenantId("acme"),
        user_id=UserId("ada"),
        addresses=((EMAIL, "ada@example.org"),),
    )
    late = cast("Any", type("Late", (), {"now": lambda _: CLOCK.now() + 86_400_000_000}))()
    erased = await OutboxKeeper(house.database, late).erase(whom, after=None)
    kept = await house.database.rows(select(QUARANTINE.c.kept))
    assert not erased.is_busy
    assert [(letter.stream.name, "not_published", None)] == await house.quarantined()
    assert b"ada@example.org" not in kept[0].kept


async def test_what_the_quarantine_s_own_stream_does_not_take_is_not_told_again(
    house: Planning,
) -> None:
    quarantine = PRESET.physical(LogicalStream.QUARANTINE, WHOLE).name
    history = PACKER.extract(Extract("here:1", "here", "email"), key="acme")
    house.broker.too_small = {quarantine}

    async with at_work(house.outbox):
        await house.write(after(), history)
        await house.broker.until(1)

    assert [history.id] == house.broker.got
    assert [] == await house.quarantined()
    assert await house.database.rows(select(OUTBOX)) == []


async def test_what_cannot_come_to_its_end_now_holds_up_nobody(house: Planning) -> None:
    tasks = await house.planned("ada@example.org")
    letter = PACKER.tasks(tasks, id_="1")
    house.broker.too_small = {letter.stream.name}
    tries = 0

    async def away(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise Unavailable("Nobody knows about the people right now.")

    house.outbox.end_refused_by(away)
    with capture_logs() as logs:
        async with at_work(house.outbox):
            await house.write(letter, after())
            await house.broker.until(1)

    assert tries == 1
    assert "outbox.not_ended" in {each["event"] for each in logs}
    assert len(await house.database.rows(select(OUTBOX))) == 1
