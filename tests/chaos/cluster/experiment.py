"""The whole run against real servers: produce all the time, do harm, heal; then come to rest."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.chaos import record
from tests.chaos.clock import now
from tests.chaos.cluster.crowd import Crowd
from tests.chaos.cluster.faults import Fault, Faults
from tests.chaos.cluster.fleet import Fleet, Member
from tests.chaos.cluster.previous import Previous
from tests.chaos.cluster.servers import Mode, Servers, running
from tests.chaos.doors import kafka, rabbitmq
from tests.chaos.doors.door import Door
from tests.chaos.draft import TEMPLATE, Drafts
from tests.chaos.evidence import Evidence
from tests.chaos.experiment import Settings
from tests.chaos.producer_log import ProducerLog
from tests.chaos.requests import Requests
from tests.chaos.sinks.pair import Sinks
from tests.services.kafka import Kafka

_MEMBERS = 2
_BETWEEN_SECONDS = (0.3, 1.5)
_REST_SECONDS = 120.0
_REQUESTS = "notifications.raw"
_EXCHANGE = "sendwell"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault: from when to when it was done, and when every process was itself again."""

    kind: str
    struck: int
    healed: int
    whole: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be judged, and what is to be told besides."""

    evidence: Evidence
    troubles: tuple[Trouble, ...]


Tell = Callable[[int, Trouble, int], None]
"""Hears of every cycle that is over, what was done in it, and how many were accepted by then."""


async def run(
    settings: Settings,
    mode: Mode,
    tell: Tell,
    *,
    reading: record.Tell,
    previous: str | None = None,
) -> Outcome:
    """Run it all; nothing runs any more when this returns. Raises DiedByItselfError.

    `previous` is git's name of the version that the processes begin with: they change to the one
    under test, and back where its tables allow that.
    """
    other = previous and Previous.unpacked_to(settings.folder / "previous", previous)
    with ProducerLog(settings.folder / "producer.log") as log:
        async with Sinks(settings.chance("sinks")) as sinks:
            with running(mode) as servers:
                made = _Run(settings, servers, sinks=sinks, log=log, previous=other or None)
                return await made.run(tell, reading)


class _Run:
    def __init__(
        self,
        settings: Settings,
        servers: Servers,
        *,
        sinks: Sinks,
        log: ProducerLog,
        previous: Previous | None,
    ) -> None:
        settings.data.mkdir()  # earlier versions do not make it themselves
        self._settings = settings
        self._chance = settings.chance("nemesis")
        self._servers = servers
        self._sinks = sinks
        self._log = log
        self._previous = previous
        self._fleet = Fleet(
            [self._member(number) for number in range(_MEMBERS)], servers, settings.chance("fleet")
        )
        self._requests = Requests(log, settings.chance("requests"))

    async def run(self, tell: Tell, reading: record.Tell) -> Outcome:
        fleet = self._fleet
        try:
            for member in fleet.members:
                await fleet.start(member)
            await self._publish()
            async with self._bus() as bus:
                troubles = await self._harm(bus, tell)
            evidence = await self._at_rest(reading)
        finally:
            await fleet.end()
        return Outcome(evidence, tuple(troubles))

    async def _harm(self, bus: Door | None, tell: Tell) -> list[Trouble]:
        settings, troubles = self._settings, []
        crowd = Crowd(
            Drafts(settings.chance("drafts"), self._sinks),
            self._requests,
            self._fleet,
            bus=bus,
            per_second=settings.per_second,
            chance=settings.chance("crowd"),
        )
        producing = asyncio.create_task(crowd.run())
        try:
            for cycle, (kind, fault) in zip(
                range(1, settings.cycles + 1), self._faults(), strict=False
            ):
                await asyncio.sleep(self._chance.uniform(*_BETWEEN_SECONDS))
                troubles.append(await self._strike(kind, fault))
                tell(cycle, troubles[-1], len(self._requests.accepted))
        except BaseException:
            producing.cancel()
            raise
        crowd.stop()
        await producing
        return troubles

    async def _strike(self, kind: str, fault: Fault) -> Trouble:
        struck = now()
        await fault()
        healed = now()
        await self._fleet.whole()
        return Trouble(kind, struck, healed, now())

    def _faults(self) -> Iterator[tuple[str, Fault]]:
        """For ever, in random order, each as often as the others."""
        known = Faults(self._fleet, self._servers, self._chance, self._previous).all()
        while True:
            yield from self._chance.sample(list(known.items()), len(known))

    async def _publish(self) -> None:
        answer = await self._fleet.members[0].product.client.post(
            "/api/v1/templates", json=TEMPLATE
        )
        assert answer.is_success, answer.text

    async def _at_rest(self, reading: record.Tell) -> Evidence:
        """What everybody says of it in the end, and how the processes stop when they are asked."""
        fleet = self._fleet
        products = [member.product for member in fleet.members]
        await record.settled(products[0], seconds=_REST_SECONDS)
        known = await record.read(products, reading)
        ledger = await products[0].get("/ledger")
        for member in fleet.members:
            await fleet.stop(member)
        return Evidence(
            accepted=self._log.accepted(),
            cancelled=self._log.cancelled(),
            cancels=frozenset(self._requests.cancels),
            refusals=self._requests.refusals,
            complaints=fleet.complaints,
            calls=self._sinks.calls,
            known=known,
            in_flight=fleet.in_flight,
            exposed=fleet.exposed,
            ledger=ledger,
            integrity=await fleet.sessions.left_over(),
            exit_code=max(fleet.exit_codes, key=abs, default=0),
            cycles=self._settings.cycles,
            crashes=fleet.crashes,
        )

    def _member(self, number: int) -> Member:
        user = f"member{number}"
        self._servers.add_user(user)
        environment = {**self._sinks.environment, **self._servers.environment(user)}
        member = Member(user, self._settings.data, environment)
        member.use(self._previous.tree if self._previous else None)
        return member

    @asynccontextmanager
    async def _bus(self) -> AsyncIterator[Door | None]:
        servers = self._servers
        if servers.broker is None:
            yield None
        elif isinstance(servers.broker, Kafka):
            async with kafka.opened(servers.broker_url, _REQUESTS) as by_kafka:
                yield by_kafka
        else:
            async with rabbitmq.opened(servers.broker_url, _EXCHANGE, _REQUESTS) as by_rabbitmq:
                yield by_rabbitmq
