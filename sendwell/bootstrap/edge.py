"""The bus of a process: what it consumes, what it publishes, by the names of its preset."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from sendwell.bootstrap.buses import open_bus
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.ports import KnownTenants
from sendwell.bootstrap.presets import preset_of
from sendwell.bootstrap.secret import sealing
from sendwell.bootstrap.vendors import reporting
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.policy import Policy
from sendwell.domain.presets.naming import Share
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import ENDS, PRODUCERS, LogicalStream
from sendwell.messages.requested import Requested
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.originals import Originals
from sendwell.messages.wire.packed import Packer
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.ports.bus import Bus, Receive, Stream
from sendwell.roles.gateway.consume import BusIntake
from sendwell.roles.gateway.proof import Proof
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.runtime.announce import Announcements
from sendwell.runtime.consumer import Consumer
from sendwell.runtime.groups import WORK, awaited, group_of, tasks_apart
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.process import Worker
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from sendwell.runtime.reception import Deliver, Reception
from sendwell.runtime.streams import stream_of, streams_to_declare
from sendwell.settings import BusAuth


@dataclass(frozen=True, slots=True)
class Edge:
    """Where this process meets a broker."""

    core: Core
    bus: Bus
    preset: Preset
    carrier: Carrier
    outbox: Outbox
    announcements: Announcements

    def carries(self, stream: LogicalStream) -> bool:
        """Whether this step goes by the bus: one that others know is never fused."""
        return self.preset.is_named(stream) or self.parts(stream)

    def parts(self, stream: LogicalStream) -> bool:
        """Whether the roles at its ends are not both in this process."""
        ends = ENDS[stream]
        return not {*ends.writes, *ends.reads} <= self.core.settings.roles

    @property
    def packs_accepted(self) -> bool:
        """Whether what is accepted goes to another service by a stream that is ours alone."""
        is_ours = not self.preset.is_named(LogicalStream.ACCEPTED)
        return self.parts(LogicalStream.ACCEPTED) and is_ours

    @property
    def packs_tasks(self) -> bool:
        """Whether tasks go to another service by a stream that is ours alone."""
        is_ours = not self.task_preset.is_named(LogicalStream.TASK)
        return self.parts(LogicalStream.TASK) and is_ours

    @property
    def task_preset(self) -> Preset:
        """By whose names tasks go."""
        return tasks_apart(self.preset) if self.parts(LogicalStream.TASK) else self.preset

    async def declare(self) -> None:
        """All streams that this process writes or reads are there, and what is written waits for
        those who are to read it, also where they have never run.
        """
        streams = {
            stream: None
            for logical in LogicalStream
            if logical in self.preset.namings
            for share in self.preset.shares(logical, self.core.channels.values())
            for stream in streams_to_declare(self.preset.physical(logical, share))
        }
        if self.packs_tasks:
            streams |= dict.fromkeys(self.packed_task_streams(self.core.channels))
        await self.bus.declare(list(streams))
        work = awaited(
            self.preset,
            filter(self._writes, (*WORK, LogicalStream.HISTORY)),
            self.core.channels.values(),
            tasks_by=self.task_preset,
        )
        for group, own in work.items():
            await self.bus.declare(own, group=group)

    def packed_task_streams(self, channels: Iterable[ChannelName]) -> list[Stream]:
        """By which tasks go to another service, many in one message."""
        return [
            stream_of(self.task_preset.physical(LogicalStream.TASK, Share(channel=channel)))
            for channel in channels
        ]

    @property
    def originals(self) -> Originals | None:
        """Keeps what producers write, where others read it behind us; else nobody needs it."""
        return Originals(CONTRACTS[self.preset.name]) if self.preset.hands_on else None

    def accepted(self, requests: Sequence[Requested]) -> list[Letter]:
        """What was accepted, as others know it: one by one."""
        return [self.carrier.accepted(request) for request in requests]

    def copied(self, requests: Sequence[Requested]) -> list[Letter]:
        """What came by REST, for those who look for it where producers write."""
        if not self.preset.publishes_rest:
            return []
        return [self.carrier.requested(each) for each in requests if each.source == "rest"]

    def opening(self) -> Opening:
        """Opens single messages that `carrier` wrote, in whichever process."""
        secret, also = sealing(self.core.settings)
        return Opening(secret=secret, also=also)

    def packer(self) -> Packer:
        """Packs what goes by streams that are ours alone, and opens it again."""
        secret, also = sealing(self.core.settings)
        return Packer(self.preset, secret=secret, also=also, tasks_by=self.task_preset)

    async def consume(
        self,
        gateway: Gateway,
        orchestrator: Orchestrator,
        deliver: Deliver,
        *,
        tenants: KnownTenants,
    ) -> None:
        """Start the consumers of this process."""
        quarantine = QuarantineStore(self.core.database)
        shares = self._shares()
        reader = Reader(
            self.preset.name,
            self.core.channels,
            otherwise=self.core.settings.anonymous,
            window=self.core.settings.idempotency_window,
        )
        intake = BusIntake(
            gateway,
            reader,
            knows=tenants.knows,
            clock=self.core.clock,
            proof=Proof(tenants) if self.core.settings.bus_auth is BusAuth.JWT else None,
            originals=self.originals,
        )
        reception = Reception(
            self.opening(),
            accept=intake.accept,
            plan=orchestrator.plan_arrived,
            deliver=deliver,
            keep=partial(_keep, quarantine, self.announcements),
            shares={name: share for name, (_, share) in shares.items()},
            preset=self.preset.name,
            clock=self.core.clock,
        )
        for logical, streams in self.read().items():
            self.start_consumer(streams, group=group_of(logical), receive=reception.receive)

    def start_consumer(self, streams: Sequence[Stream], *, group: str, receive: Receive) -> None:
        """Consume from now on; while that stands still the process is not ready."""
        made = Consumer(self.bus, streams, group=group, receive=receive)
        self.core.process.start(Worker(made.name, made.run))
        self.core.process.watch(made.name, lambda: made.is_silent)

    def _writes(self, stream: LogicalStream) -> bool:
        """Whether it goes by the bus, from here or from outside."""
        writers = {*ENDS[stream].writes}
        is_ours = not writers.isdisjoint(self.core.settings.roles)
        return self.carries(stream) and (is_ours or PRODUCERS in writers)

    def read(self) -> dict[LogicalStream, list[Stream]]:
        """What is consumed, by the stream that each name stands for first."""
        here = self.core.settings.roles
        wanted = [LogicalStream.REQUESTED] if "gateway" in here else []
        if "orchestrator" in here and self.preset.is_named(LogicalStream.ACCEPTED):
            wanted.append(LogicalStream.ACCEPTED)
        if "delivery" in here and self.task_preset.is_named(LogicalStream.TASK):
            wanted.append(LogicalStream.TASK)
        seen: set[Stream] = set()
        read: dict[LogicalStream, list[Stream]] = {}
        for logical in wanted:
            is_task = logical is LogicalStream.TASK
            channels = self.core.delivered if is_task else self.core.channels
            for share in self.preset.shares(logical, channels.values()):
                stream = stream_of(self.preset.physical(logical, share))
                if stream not in seen:
                    seen.add(stream)
                    read.setdefault(logical, []).append(stream)
        return read

    def _shares(self) -> dict[str, tuple[LogicalStream, Share]]:
        return {
            self.preset.physical(logical, share).name: (logical, share)
            for logical in (LogicalStream.ACCEPTED, LogicalStream.TASK, LogicalStream.REQUESTED)
            for share in self.preset.shares(logical, self.core.channels.values())
        }


async def open_edge(core: Core, policy: Callable[[TenantId], Policy]) -> Edge | None:
    """The edge, with everything declared; None where no broker is set."""
    if core.settings.servers.broker.scheme == "memory":
        return None
    bus = await open_bus(core.settings.servers.broker)
    core.process.at_close("bus", bus.close)
    preset = preset_of(core.settings)
    secret, _ = sealing(core.settings)
    carrier = Carrier(preset, secret=secret)
    outbox = Outbox(core.database, bus, ids=core.ids, node=core.membership.node)
    announcements = Announcements(
        preset,
        outbox,
        core.journal,
        carrier=carrier,
        channels=core.channels,
        policy=policy,
        reporting=reporting(core.settings.credentials),
    )
    edge = Edge(core, bus, preset, carrier, outbox, announcements)
    await edge.declare()
    return edge


async def _keep(
    store: QuarantineStore, announcements: Announcements, kept: Sequence[Quarantine]
) -> None:
    await store.keep(kept, tell=announcements.tell_quarantined)
