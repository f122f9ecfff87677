"""What AsyncAPI calls bindings: how things are on Kafka and on RabbitMQ."""

from collections.abc import Collection

from sendwell.domain.presets.naming import PhysicalName
from sendwell.domain.presets.preset import Broker

_KAFKA = "0.5.0"
_AMQP = "0.3.0"
_PERSISTENT = 2
_LASTING = {"durable": True, "autoDelete": False}
Bindings = dict[str, object]


def channel_bindings(physical: PhysicalName, brokers: Collection[Broker]) -> Bindings:
    """The topic, or the exchange that the routing key is used at."""
    made: Bindings = {}
    if Broker.KAFKA in brokers:
        made["kafka"] = {"topic": physical.name, "bindingVersion": _KAFKA}
    if Broker.RABBITMQ in brokers:
        made["amqp"] = _amqp(physical)
    return made


def _amqp(physical: PhysicalName) -> Bindings:
    """A binding can describe a queue or an exchange, not both: `way_to_queue` says the rest."""
    if physical.queue:
        queue = {"name": physical.queue, **_LASTING, "exclusive": False, "vhost": "/"}
        return {"is": "queue", "queue": queue, "bindingVersion": _AMQP}
    exchange = {"name": physical.exchange, "type": physical.kind.value, **_LASTING, "vhost": "/"}
    return {"is": "routingKey", "exchange": exchange, "bindingVersion": _AMQP}


def way_to_queue(physical: PhysicalName, brokers: Collection[Broker]) -> dict[str, str]:
    """How a queue is reached, in words."""
    if Broker.RABBITMQ not in brokers or not physical.queue:
        return {}
    keys = " or ".join(f"`{key}`" for key in (physical.name, *physical.also))
    exchange = f"the {physical.kind} exchange `{physical.exchange}`"
    return {"description": f"Queue `{physical.queue}` behind {exchange}, routing key {keys}."}


def operation_bindings(action: str, brokers: Collection[Broker]) -> Bindings:
    """What is published survives the broker; what is received is acknowledged."""
    if Broker.RABBITMQ not in brokers:
        return {}
    how: Bindings = {"ack": True} if action == "receive" else {"deliveryMode": _PERSISTENT}
    return {"amqp": {**how, "bindingVersion": _AMQP}}


def message_bindings(key: str, brokers: Collection[Broker]) -> Bindings:
    """The key, which only Kafka has."""
    if Broker.KAFKA not in brokers:
        return {}
    return {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": _KAFKA}}
