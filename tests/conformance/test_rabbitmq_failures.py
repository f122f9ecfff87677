"""RabbitMQ short of memory, killed in the middle, cut off, encrypted, or not to be had."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sendwell.adapters.bus.rabbitmq import RabbitBus
from sendwell.adapters.bus.rabbitmq.address import parse
from sendwell.domain.errors import Invalid, Unavailable
from sendwell.ports.bus import Parcel, Stream
from tests.conformance.bus_house import SOON, Inbox, parcels
from tests.conformance.bus_rabbitmq import Settled
from tests.services import rabbitmq
from tests.services.certificates import issue
from tests.services.needs import needs
from tests.services.rabbitmq import RabbitMq

pytestmark = [*needs("rabbitmq")]

STREAM = Stream("requested")
STARTED = 120.0
"""Seconds after which a broker that was killed is back, and has taken all that was to be stored."""

ALARM = "vm_memory_monitor:set_vm_memory_high_watermark(0.0001)"
NO_ALARM = "vm_memory_monitor:set_vm_memory_high_watermark(0.4)"
CUT_OFF = '[rabbit_networking:close_connection(P, "x") || P <- rabbit_networking:connections()]'

GUEST = """
    rabbit_auth_backend_internal:add_user(<<"visitor">>, <<"visitor">>, <<"tests">>),
    rabbit_auth_backend_internal:set_permissions(
        <<"visitor">>, <<"{vhost}">>, <<"^$">>, <<"^sendwell$">>, <<".*">>, <<"tests">>)
"""
"""Makes somebody who may publish and read, and declare nothing."""


@pytest.fixture
async def bus(rabbitmq_server: RabbitMq, rabbitmq_url: str) -> AsyncIterator[RabbitBus]:
    made = Settled(rabbitmq_server, rabbitmq_url)
    await made.declare([STREAM], group="workers")
    yield made
    await made.close()


@contextmanager
def alarm(server: RabbitMq) -> Iterator[None]:
    """The broker is short of memory for as long as the block lasts."""
    server.evaluate(ALARM)
    try:
        yield
    finally:
        server.evaluate(NO_ALARM)


@asynccontextmanager
async def reading(bus: RabbitBus, inbox: Inbox) -> AsyncIterator[None]:
    task = asyncio.create_task(bus.consume([STREAM], group="workers", receive=inbox))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def publish_at_last(bus: RabbitBus, sent: list[Parcel]) -> None:
    """Publish as callers have to: again until it is stored, also by a broker that starts."""
    async with asyncio.timeout(STARTED):
        while True:
            try:
                return await bus.publish(STREAM, sent)
            except Unavailable:
                await asyncio.sleep(0.05)


async def refused_at_last(bus: RabbitBus) -> None:
    """An alarm reaches the connections a moment after it was raised."""
    async with asyncio.timeout(SOON):
        with suppress(Unavailable):
            while True:
                await bus.publish(STREAM, parcels(1, name="just-in-time"))


async def test_an_alarm_is_told_within_two_seconds_and_passes(
    bus: RabbitBus, rabbitmq_server: RabbitMq
) -> None:
    inbox = Inbox()
    await bus.publish(STREAM, parcels(5, name="before"))
    taken = []

    with alarm(rabbitmq_server):
        await refused_at_last(bus)
        for n in range(3):
            start = time.monotonic()
            with pytest.raises(Unavailable, match="short of memory or disk"):
                await bus.publish(STREAM, parcels(5, name=f"during-{n}"))
            taken.append(time.monotonic() - start)
    await publish_at_last(bus, parcels(5, name="after"))
    async with reading(bus, inbox):
        await inbox.has([*parcels(5, name="before"), *parcels(5, name="after")])

    assert max(taken) < 2


async def test_during_an_alarm_readers_go_on_and_the_bus_can_be_closed(
    bus: RabbitBus, rabbitmq_server: RabbitMq
) -> None:
    inbox = Inbox()
    await bus.publish(STREAM, parcels(50))

    with alarm(rabbitmq_server):
        with pytest.raises(Unavailable):
            await bus.publish(STREAM, [Parcel("large", "", bytes(8_000_000))])
        async with reading(bus, inbox):
            await inbox.has(parcels(50))
            async with asyncio.timeout(SOON):
                while await bus.lag([STREAM], group="workers"):
                    await asyncio.sleep(0.01)
        said = await bus.ping()
        start = time.monotonic()
        await bus.close()
        taken = time.monotonic() - start

    assert said.startswith("RabbitMQ 3.")
    assert taken < 8


async def test_a_blocked_broker_that_dies_is_found_again(
    bus: RabbitBus, rabbitmq_server: RabbitMq
) -> None:
    await bus.publish(STREAM, parcels(5))
    rabbitmq_server.evaluate(ALARM)
    with pytest.raises(Unavailable):
        await bus.publish(STREAM, parcels(5))

    await asyncio.to_thread(rabbitmq_server.kill)
    await asyncio.to_thread(rabbitmq_server.start)

    await publish_at_last(bus, parcels(5))


async def test_nothing_confirmed_is_lost_when_the_broker_is_killed_while_publishing(
    bus: RabbitBus, rabbitmq_server: RabbitMq
) -> None:
    inbox = Inbox()
    sent: list[Parcel] = []
    is_under_way = asyncio.Event()

    async def publish(name: str) -> None:
        for n in range(40):
            batch = parcels(25, name=f"{name}-{n}")
            await publish_at_last(bus, batch)
            sent.extend(batch)
            if n == 10:
                is_under_way.set()

    async with reading(bus, inbox), asyncio.TaskGroup() as publishing:
        for name in "abc":
            publishing.create_task(publish(name))
        await is_under_way.wait()
        await asyncio.to_thread(rabbitmq_server.kill)
        await asyncio.to_thread(rabbitmq_server.start)

    async with reading(bus, inbox):
        await inbox.has(sent)

    assert len(sent) == 3 * 40 * 25


async def test_nothing_is_lost_when_connections_are_closed_again_and_again(
    bus: RabbitBus, rabbitmq_server: RabbitMq
) -> None:
    inbox = Inbox()

    async with reading(bus, inbox):
        for n in range(5):
            batch = [parcels(20, name=f"{n}-{part}") for part in range(10)]
            async with asyncio.TaskGroup() as publishing:
                for part in batch:
                    publishing.create_task(publish_at_last(bus, part))
                await asyncio.to_thread(rabbitmq_server.evaluate, CUT_OFF)
            await inbox.has([each for part in batch for each in part])

    assert len(inbox.ids) == 1_000


async def test_who_is_refused_learns_why_and_never_reads_the_password(
    rabbitmq_server: RabbitMq, caplog: pytest.LogCaptureFixture
) -> None:
    url = rabbitmq_server.url.replace("guest:guest", "guest:open-sesame")
    refused = RabbitBus(url)
    lost = RabbitBus(rabbitmq_server.url + "no-such-place")

    with pytest.raises(Unavailable) as error:
        await refused.ping()
    with pytest.raises(Unavailable, match=r"/no-such-place .*is there such a virtual host"):
        await lost.publish(STREAM, parcels(1))

    assert "ACCESS_REFUSED" in error.value.message
    said = f"{error.value!r} {error.value.__cause__!r} {parse(url)!r} {caplog.text}"
    assert "open-sesame" not in said


async def test_who_may_make_nothing_uses_what_is_there(
    bus: RabbitBus, rabbitmq_server: RabbitMq, rabbitmq_url: str
) -> None:
    vhost = rabbitmq_url.rpartition("/")[2]
    rabbitmq_server.evaluate(GUEST.format(vhost=vhost))
    guest = RabbitBus(rabbitmq_url.replace("guest:guest", "visitor:visitor"))

    with capture_logs() as logs:
        await guest.declare([STREAM], group="workers")
    await guest.publish(STREAM, parcels(3))
    with pytest.raises(Unavailable, match=r"can't provide exchange nowhere.*NOT_FOUND"):
        await guest.publish(Stream("lost", exchange="nowhere"), parcels(1))
    await guest.close()

    assert ["exchange sendwell", "queue workers.requested", "binding of workers.requested"] == [
        line["what"] for line in logs
    ]
    assert await bus.lag([STREAM], group="workers") == 3


async def test_a_closed_bus_says_so(bus: RabbitBus) -> None:
    await bus.close()

    with pytest.raises(Unavailable, match="was closed"):
        await bus.publish(STREAM, parcels(1))


async def test_an_encrypted_connection_trusts_the_named_authority_alone(tmp_path: Path) -> None:
    with rabbitmq.running(tls=issue(tmp_path)) as server:
        (tmp_path / "other").mkdir()
        other = issue(tmp_path / "other").authority
        place = server.url.partition("?")[0]
        trusting = RabbitBus(f"{place}?ca={tmp_path / 'authority.pem'}")
        wary, by_system = RabbitBus(f"{place}?ca={other}"), RabbitBus(place)

        await trusting.declare([STREAM], group="workers")
        await trusting.publish(STREAM, parcels(3))
        lag = await trusting.lag([STREAM], group="workers")
        for bus in (wary, by_system):
            with pytest.raises(Unavailable, match="certificate verify failed"):
                await bus.ping()
        await trusting.close()

    assert lag == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@localhost",
        "amqp://",
        "amqp://user:secret@localhost:port",
        "amqp://user:secret@localhost/?ca=/etc/hosts",
        "amqps://user:secret@localhost/?ca=/no/such/file",
        "amqps://user:secret@localhost/?verify=no",
    ],
)
def test_an_address_that_cannot_be_meant_is_invalid_and_not_repeated(url: str) -> None:
    with pytest.raises(Invalid) as error:
        RabbitBus(url)

    assert "secret" not in str(error.value)
