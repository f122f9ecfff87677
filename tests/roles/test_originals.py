"""What a producer wrote is what stands on every stream that others know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName, Part, Position
from sendwell.domain.presets import PRESETS
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.examples import REQUESTS
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.originals import Originals
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.roles.delivery import tables as delivery_tables
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.gateway.consume import BusIntake
from sendwell.roles.tracker.service import Tracker
from sendwell.roles.tracker.telling import Telling
from sendwell.runtime.journal.erasing import Gone, emptying
from sendwell.runtime.journal.personal import Theirs
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.reception import Came
from tests.roles.gateway_house import ORIGIN, House, a_gateway

FOREIGN = ["tenant", "intents", "lanes", "direct"]
EMAIL = ChannelName("email")
ACME = ORIGIN.tenant
OUR_NAME = ("organization_id", "organizationId", "tenant_id")


@asynccontextmanager
async def running(folder: Path, preset: str | None) -> AsyncIterator[House]:
    originals = Originals(CONTRACTS[preset]) if preset else None
    async with a_gateway(folder, originals=originals, patience_seconds=60) as house:
        house.journal.goes_on.set()
        house.templates.goes_on.set()
        yield house


def written(preset: str, **more: Any) -> bytes:
    """The example as somebody writes it who has a later version of the schema, and an editor."""
    message = {name: value for name, value in REQUESTS[preset].items() if name not in OUR_NAME}
    return b"\n " + msgspec.json.format(msgspec.json.encode({**message, **more, "new": [1.0]}))


async def by_bus(house: House, preset: str, body: bytes) -> Requested:
    intake = BusIntake(
        house.gateway,
        Reader(preset, all_channels(), otherwise=ACME),
        knows=lambda _: True,
        clock=house.clock,
        originals=Originals(CONTRACTS[preset]),
    )
    assert await intake.accept([Came(Incoming(body), "0:1")]) == [None]
    return await accepted(house)


async def by_rest(house: House, body: bytes) -> Requested:
    await house.gateway.accept(body, ORIGIN)
    return await accepted(house)


async def accepted(house: House) -> Requested:
    """As it is read back after a crash."""
    (request,), _ = await house.journal.unplanned(after=Position(0), limit=2)
    return request


def a_task(request: Requested, recipient: int = 0) -> Task:
    return Task(request, str(Part(recipient, EMAIL)), recipient, EMAIL, request.accepted_at)


def letters(preset: str, request: Requested) -> list[Letter]:
    carrier, task = Carrier(PRESETS[preset]), a_task(request)
    dead = Dead(
        request.tenant, request.position, request.id, task.part, EMAIL, request.event_type,
        request.lane, "refused", code=None, text=None, provider="smtp", attempt=1, at=1,
    )  # fmt: skip
    found = [carrier.accepted(request), carrier.task(task), carrier.dead(dead, task)]
    if PRESETS[preset].publishes_rest:
        found.append(carrier.requested(request))
    return [*found, carrier.retry(task)] if preset == "tenant" else found


@pytest.mark.parametrize("preset", FOREIGN)
async def test_what_a_producer_wrote_is_on_every_stream_behind_us_byte_for_byte(
    tmp_path: Path, preset: str
) -> None:
    body = written(preset)

    async with running(tmp_path, preset) as house:
        request = await by_bus(house, preset, body)

    assert {letter.body for letter in letters(preset, request)} == {body.strip()}


@pytest.mark.parametrize("preset", FOREIGN)
async def test_a_service_of_its_own_has_it_from_the_task_and_hands_on_the_same(
    tmp_path: Path, preset: str
) -> None:
    body = written(preset)
    async with running(tmp_path, preset) as house:
        request = await by_bus(house, preset, body)
    letter = Carrier(PRESETS[preset]).task(a_task(request))

    task = Opening().open(Incoming(letter.body, letter.headers))

    assert isinstance(task, Task)
    assert task.request == request
    assert {each.body for each in letters(preset, task.request)} == {body.strip()}


async def test_a_call_in_the_words_of_the_streams_is_on_them_as_it_was_sent(tmp_path: Path) -> None:
    body = b'{ "user_id": "user-001", "event_type": "security_alert", "content": "Look" }'

    async with running(tmp_path, "lanes") as house:
        request = await by_rest(house, body)

    assert {letter.body for letter in letters("lanes", request)} == {body}


async def test_a_camel_case_call_is_on_the_streams_of_preset_tenant_as_it_was_sent(
    tmp_path: Path,
) -> None:
    body = (
        b'{"notificationId":"n-1", "eventType":"x", "channel":"EMAIL", "recipient":"a@b.example"}'
    )

    async with running(tmp_path, "tenant") as house:
        request = await by_rest(house, body)

    assert {letter.body for letter in letters("tenant", request)} == {body}


@pytest.mark.parametrize(
    ("preset", "body"),
    [
        ("intents", b'{"user_id": "user-001", "content": "Look"}'),
        ("direct", b'{"user_id": "user-001", "content": "Look"}'),
        ("lanes", b'{"notificationId":"n","eventType":"x","channel":"EMAIL","recipient":"a@b.at"}'),
        ("lanes", b'{"user_id": "user-001", "content": "Look", "content": "Look again"}'),
        ("lanes", b'{"user_id": "user-001", "content": "Look", "data": {"a": 1, "a": 2}}'),
    ],
)
async def test_a_call_that_their_readers_would_not_take_is_said_in_their_words(
    tmp_path: Path, preset: str, body: bytes
) -> None:
    async with running(tmp_path, preset) as house:
        request = await by_rest(house, body)

    task = Carrier(PRESETS[preset]).task(a_task(request))
    schema = CONTRACTS[preset].message
    composed = schema.of(request, request.to[0], EMAIL)
    assert request.original is None
    assert task.body == msgspec.json.encode(composed)


async def test_in_a_batch_each_has_its_own(tmp_path: Path) -> None:
    bodies = [b'{ "user_id":"user-001", "content":"%d" }' % number for number in range(2)]

    async with running(tmp_path, "lanes") as house:
        await house.gateway.accept_many(bodies, ORIGIN)
        requests, _ = await house.journal.unplanned(after=Position(0), limit=9)

    carrier = Carrier(PRESETS["lanes"])
    assert [carrier.requested(each).body for each in requests] == bodies


async def test_of_several_recipients_a_task_names_one_and_the_copy_of_the_request_all(
    tmp_path: Path,
) -> None:
    body = b'{"to": [{"email": "a@example.org"}, {"email": "b@example.org"}], "content": "Look"}'

    async with running(tmp_path, "lanes") as house:
        request = await by_rest(house, body)

    carrier = Carrier(PRESETS["lanes"])
    task = carrier.task(a_task(request, recipient=1))
    assert carrier.requested(request).body == body
    assert b"a@example.org" not in task.body
    assert not any("a@example.org" in value for value in task.headers.values())


async def test_nothing_more_is_stored_where_no_stream_hands_it_on(tmp_path: Path) -> None:
    async with running(tmp_path, None) as house:
        request = await by_rest(house, b'{"user_id": "user-001", "content": "Look"}')

    assert request.original is None
    assert not PRESETS["plain"].hands_on
    assert all(PRESETS[name].hands_on for name in FOREIGN)


async def test_what_was_written_goes_with_the_first_recipient_who_is_erased(tmp_path: Path) -> None:
    marks = [b"zoe.marker@example.org", b"kim.marker@example.org"]
    body = b'{"to": [{"email": "%s"}, {"email": "%s"}], "content": "Look"}' % (*marks,)
    async with running(tmp_path, "lanes") as house:
        request = await by_rest(house, body)

        await house.database.commit(emptying([Gone(ACME, request.position, (0,))]))
        left = await accepted(house)

    assert left.original is None
    assert marks[0] not in msgspec.json.encode(left)
    assert marks[1] in msgspec.json.encode(left)


@pytest.mark.parametrize("is_alone", [True, False])
async def test_the_person_is_shown_what_was_written_about_them_alone(
    tmp_path: Path, is_alone: bool
) -> None:
    people = [{"user_id": "user-001"}, {"user_id": "user-002"}][: 1 if is_alone else 2]
    message = {"to": people, "content": "Look", "size": "XL"}
    async with running(tmp_path, "lanes") as house:
        delivery_tables.METADATA.create_all(house.database.engine)
        request = await by_bus(house, "lanes", msgspec.json.encode(message))
        work = DeliveryStore(house.database, house.journal)

        item = await Telling(Tracker(SqlRecords(house.database), work))(Theirs(request, (0,)))

    assert item.document.get("original") == (message if is_alone else None)
