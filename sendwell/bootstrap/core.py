"""What all roles of a process are built on: its database, clock, journal and flow."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sendwell.adapters.http import Guarded
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.bootstrap.database import House, open_house
from sendwell.bootstrap.shared import Shared, open_shared
from sendwell.bootstrap.vendors import accounts_at
from sendwell.channels import all_channels
from sendwell.domain.channel import Channel
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.outbound import Allowed
from sendwell.domain.presets import find_preset
from sendwell.domain.presets.naming import Axis
from sendwell.domain.presets.streams import ENDS, LogicalStream
from sendwell.ports.database import Database
from sendwell.ports.membership import Membership
from sendwell.ports.signals import Signals
from sendwell.runtime.cluster.together import Together
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.process import Process
from sendwell.settings import MEMORY, Settings


@dataclass(frozen=True, slots=True)
class Core:
    """What every role of a process is built with."""

    settings: Settings
    house: House
    clock: SystemClock
    ids: SystemIds
    journal: SqlJournal
    flow: Flow
    inward: Flow
    """Where tasks are heard that have come by a bus."""
    process: Process
    guarded: Guarded
    """Where URLs of tenants and people may lead to."""
    channels: Mapping[ChannelName, Channel]
    shared: Shared

    @property
    def delivered(self) -> Mapping[ChannelName, Channel]:
        """The channels that this process delivers by, where it delivers."""
        only = self.settings.delivers
        return self.channels if only is None else {only: self.channels[only]}

    @property
    def database(self) -> Database:
        """The database that the roles share."""
        return self.house.database

    @property
    def membership(self) -> Membership:
        """Which of the processes on that database this is."""
        return self.house.membership

    @property
    def signals(self) -> Signals:
        """What those processes tell each other, and all services where they share a Redis."""
        return Together(self.house.signals, self.shared.signals)


async def build_core(settings: Settings) -> Core:
    """Open the database, bring its tables up to date, and find where the journal ends."""
    channels = _enabled(settings)
    _refuse_alone(settings, channels)
    clock, process = SystemClock(), Process()
    house = await open_house(settings, clock, process)
    node = house.membership.node
    journal = SqlJournal(
        house.database,
        idempotency_window=settings.idempotency_window,
        receipts_by_reference=accounts_at(
            settings.credentials, lambda vendor: vendor.receipts_by_reference
        ),
        node=node,
    )
    ids = SystemIds(await journal.start(), node=node)
    return Core(
        settings,
        house,
        clock,
        ids,
        journal,
        Flow(house.database, clock),
        Flow(house.database, clock),
        process,
        Guarded(allowed=Allowed.parse(settings.outbound_allow)),
        channels,
        open_shared(settings, clock, process),
    )


def _refuse_alone(settings: Settings, channels: Collection[ChannelName]) -> None:
    """Some roles of a process are nothing without those of others. Raises Invalid."""
    if settings.delivers is not None and settings.delivers not in channels:
        raise Invalid(
            f"There is no channel {settings.delivers!r}; there are {', '.join(channels)}."
        )
    if settings.delivers is not None:
        _refuse_undivided(settings.preset)
    if settings.is_whole:
        return
    if settings.servers.broker.scheme == MEMORY and _has_streams(settings):
        raise Invalid("Services meet on a bus: set BROKER_URL, the same for all of them.")
    if "accounts" not in settings.roles and url_of(settings, "accounts") is None:
        raise Invalid("Who may do what knows the role accounts: set ACCOUNTS_URL to where it is.")


def _refuse_undivided(preset: str) -> None:
    """Who delivers by one channel only would be handed the tasks of all others as well."""
    tasks = find_preset(preset).namings[LogicalStream.TASK]
    if Axis.CHANNEL not in tasks.axes:
        raise Invalid(
            f"With the preset {preset} the tasks of all channels go by one stream, {tasks.name}:"
            " leave out --channel, and start as many `sendwell run delivery` as you need."
        )


def _has_streams(settings: Settings) -> bool:
    """Whether these roles say or hear anything on a bus; others are only asked."""
    return any(settings.roles & {*ends.writes, *ends.reads} for ends in ENDS.values())


def url_of(settings: Settings, role: str) -> str | None:
    """Where the service with that role is: as it was told, or as the preset has it, beside us."""
    if url := settings.peers.url.get(role):
        return url.text
    preset = find_preset(settings.preset)
    port = settings.peers.port.get(role)
    if port is None and len(preset.services) > 1:
        port = preset.port(role)
    return f"http://127.0.0.1:{port}" if port else None


def _enabled(settings: Settings) -> Mapping[ChannelName, Channel]:
    known = all_channels()
    if settings.channels is None:
        return known
    if strange := [name for name in settings.channels if name not in known]:
        raise Invalid(
            f"CHANNEL_ENABLE_LIST: there is no channel {strange[0]!r};"
            f" there are {', '.join(known)}."
        )
    return {name: known[name] for name in settings.channels}
