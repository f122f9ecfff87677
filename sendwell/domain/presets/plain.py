"""`plain`: our own names; what other presets do not name is taken from here."""

from collections.abc import Mapping

from sendwell.domain.presets.naming import Naming
from sendwell.domain.presets.preset import Broker, Preset, Service
from sendwell.domain.presets.streams import LogicalStream

OURS: Mapping[LogicalStream, Naming] = {
    LogicalStream.REQUESTED: Naming("sendwell.requested", is_named=True),
    LogicalStream.ACCEPTED: Naming("sendwell.accepted"),
    LogicalStream.TASK: Naming("sendwell.task.{channel}"),
    LogicalStream.STATUS: Naming("sendwell.status", is_named=True, is_event=True),
    LogicalStream.HISTORY: Naming("sendwell.history"),
    # A queue each from the start: what nobody reads yet has to be kept for people.
    LogicalStream.DEAD: Naming("sendwell.dead", queue="sendwell.dead", is_named=True),
    LogicalStream.QUARANTINE: Naming(
        "sendwell.quarantine", queue="sendwell.quarantine", is_named=True
    ),
}
"""No stream for retries: they wait in the ready queue of `delivery`, by timers."""

PRESET = Preset(
    name="plain",
    about="Our own names. Choose it unless others expect theirs.",
    brokers=(Broker.KAFKA, Broker.RABBITMQ),
    namings=OURS,
    services=(Service("sendwell", 8000),),
)
