"""`direct`: five services on RabbitMQ, a queue per channel behind a direct exchange."""

from sendwell.domain.backoff import DIRECT
from sendwell.domain.ids import ChannelName
from sendwell.domain.presets.naming import ExchangeKind, Naming
from sendwell.domain.presets.plain import OURS
from sendwell.domain.presets.preset import Broker, Preset, Service
from sendwell.domain.presets.streams import LogicalStream
from sendwell.domain.retries import Retries

_EXCHANGE = "notifications.direct"


def _queue(key: str) -> Naming:
    """A queue that is reached by its own name as well: the contract names no routing keys."""
    queue = f"{key}.queue"
    return Naming(key, _EXCHANGE, ExchangeKind.DIRECT, queue=queue, also=(queue,), is_named=True)


PRESET = Preset(
    name="direct",
    about="A queue per channel, filled by the gateway or by anybody who may.",
    brokers=(Broker.RABBITMQ,),
    namings={
        **OURS,
        # A message in a channel's queue that is not a task of ours is a request.
        LogicalStream.REQUESTED: _queue("{channel}"),
        LogicalStream.TASK: _queue("{channel}"),
        LogicalStream.STATUS: Naming(
            "status", _EXCHANGE, ExchangeKind.DIRECT, is_named=True, is_event=True
        ),
        LogicalStream.DEAD: _queue("failed"),
    },
    services=(
        Service(
            "gateway",
            8000,
            ("gateway", "orchestrator", "accounts", "receipts", "tracker", "inbox"),
        ),
        Service("users", 8001, ("users",)),
        Service("email", 8002, ("delivery",), ChannelName("email")),
        Service("push", 8003, ("delivery",), ChannelName("push")),
        Service("templates", 8004, ("templates",)),
    ),
    retries=Retries(DIRECT, patient={}),
)
