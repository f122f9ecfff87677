"""The AsyncAPI document of a preset: every stream that others may write to or read from."""

from collections.abc import Iterable

from sendwell import __version__
from sendwell.domain.channel import Channel
from sendwell.domain.presets.naming import Share
from sendwell.domain.presets.preset import Broker, Preset
from sendwell.domain.presets.streams import OUTSIDE
from sendwell.messages.wire.catalogue import Topic, topics
from sendwell.messages.wire.schemas import schemas
from sendwell.web.asyncapi.bindings import channel_bindings, operation_bindings, way_to_queue
from sendwell.web.asyncapi.messages import messages
from sendwell.web.openapi.tidy import REF, tidied

Document = dict[str, object]

_HOSTS = {Broker.KAFKA: "localhost:9092", Broker.RABBITMQ: "localhost:5672"}
_PROTOCOLS = {Broker.KAFKA: "kafka", Broker.RABBITMQ: "amqp"}
_ABOUT = (
    "The streams of Sendwell that others may write to or read from. What is not here is ours alone"
    " and changes without notice.\n\nMessages are single, the producer's JSON is handed on"
    " unchanged, and what Sendwell adds stands in headers. Where there is no such JSON, as of a"
    " call by REST in other words, Sendwell writes the message. Fields are only ever added within"
    " a major schema version."
)


def document(preset: Preset, channels: Iterable[Channel]) -> Document:
    """AsyncAPI 3.1: channels, operations, bindings for Kafka and AMQP, schemas and examples."""
    named = [topic for topic in topics(preset, channels) if topic.is_named]
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Sendwell",
            "version": __version__,
            "description": f"{preset.about}\n\n{_ABOUT}",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {broker.value: _server(broker) for broker in preset.brokers},
        "channels": _channels(named, preset),
        "operations": {name: each for topic in named for name, each in _operations(topic, preset)},
        "components": {
            "messages": messages(preset, named),
            "schemas": {
                name: tidied(each) for name, each in schemas(preset.name, place=REF).items()
            },
        },
    }


def _server(broker: Broker) -> Document:
    return {
        "host": "{host}",
        "protocol": _PROTOCOLS[broker],
        "description": "Where BROKER_URL leads.",
        "variables": {"host": {"default": _HOSTS[broker]}},
    }


def _channels(named: Iterable[Topic], preset: Preset) -> Document:
    """One channel a physical name: two logical streams may share it."""
    made: dict[str, dict[str, object]] = {}
    for topic in named:
        channel = made.setdefault(
            topic.physical.name,
            {
                "address": topic.physical.name,
                **way_to_queue(topic.physical, preset.brokers),
                "messages": {},
                "bindings": channel_bindings(topic.physical, preset.brokers),
            },
        )
        own = channel["messages"]
        assert isinstance(own, dict)  # noqa: S101 - made above
        own[topic.stream.value] = {"$ref": f"#/components/messages/{topic.stream}"}
    return dict(made)


def _operations(topic: Topic, preset: Preset) -> Iterable[tuple[str, Document]]:
    """What Sendwell does there, by name."""
    name = topic.physical.name
    what = "_".join([topic.stream.value, *_words(topic.share)])
    for action, ends in (("receive", topic.reads), ("send", topic.writes)):
        roles = [role for role in ends if role not in OUTSIDE]
        if not roles:
            continue
        yield (
            f"{action}_{what}",
            {
                "action": action,
                "summary": f"By {', '.join(roles)}.",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{topic.stream}"}],
                "bindings": operation_bindings(action, preset.brokers),
            },
        )


def _words(share: Share) -> list[str]:
    lane = share.lane.label if share.lane is not None else None
    return [str(word) for word in (share.channel, lane, share.verdict) if word is not None]
