"""`intents`: five services around a topic exchange or Kafka; a stream per verdict."""

from sendwell.domain.ids import ChannelName
from sendwell.domain.presets.naming import Naming
from sendwell.domain.presets.plain import OURS
from sendwell.domain.presets.preset import Broker, Preset, Service
from sendwell.domain.presets.streams import LogicalStream

_EXCHANGE = "notification"


def _named(name: str, *, is_event: bool = False) -> Naming:
    return Naming(name, exchange=_EXCHANGE, is_named=True, is_event=is_event)


PRESET = Preset(
    name="intents",
    about="Intents come in, channel requests and verdicts go out, each in an envelope.",
    brokers=(Broker.KAFKA, Broker.RABBITMQ),
    namings={
        **OURS,
        LogicalStream.REQUESTED: _named("notification.intent.received"),
        LogicalStream.ACCEPTED: _named("notification.intent.enriched"),
        LogicalStream.TASK: _named("notification.{channel}.requested"),
        LogicalStream.STATUS: _named("notification.{channel}.{verdict}", is_event=True),
    },
    # The contract names the services but gives no ports: those of `direct` are taken.
    services=(
        Service(
            "api-gateway",
            8000,
            ("gateway", "orchestrator", "accounts", "receipts", "tracker", "inbox"),
        ),
        Service("user-service", 8001, ("users",)),
        Service("email-service", 8002, ("delivery",), ChannelName("email")),
        Service("push-service", 8003, ("delivery",), ChannelName("push")),
        Service("template-service", 8004, ("templates",)),
    ),
    publishes_rest=True,
)
