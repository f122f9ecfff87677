"""The messages of the document: payload, headers and an example of each."""

from collections.abc import Iterable

import msgspec

from sendwell.domain.presets.preset import Partition, Preset
from sendwell.domain.presets.streams import ENDS, LogicalStream
from sendwell.messages.wire.catalogue import HEADERS, Topic
from sendwell.messages.wire.examples import REQUESTS, example_event
from sendwell.messages.wire.headers import MEANING
from sendwell.web.asyncapi.bindings import message_bindings

Message = dict[str, object]
_KEYS = {
    Partition.TENANT: "The organization.",
    Partition.USER: "The organization and the recipient.",
}


def messages(preset: Preset, named: Iterable[Topic]) -> dict[str, Message]:
    """Every message by the name of its logical stream."""
    schemas = {topic.stream: topic.schema for topic in named}
    return {stream.value: _message(stream, schema, preset) for stream, schema in schemas.items()}


def _message(stream: LogicalStream, schema: str, preset: Preset) -> Message:
    return {
        "name": stream.value,
        "title": stream.value.capitalize(),
        "summary": ENDS[stream].carries,
        "headers": _headers(stream),
        "bindings": message_bindings(_KEYS[preset.partition_by], preset.brokers),
        **_payload(stream, schema, preset),
    }


def _payload(stream: LogicalStream, schema: str, preset: Preset) -> Message:
    if stream is LogicalStream.QUARANTINE:
        return {"contentType": "application/octet-stream", "payload": {}}
    example: object = REQUESTS[preset.name]
    if stream is LogicalStream.STATUS:
        example = msgspec.json.decode(example_event(preset.name))
    return {
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{schema}"},
        "examples": [{"name": stream.value, "payload": example}],
    }


def _headers(stream: LogicalStream) -> Message:
    properties = {
        name: {"type": "string", "description": MEANING[name]} for name in HEADERS[stream]
    }
    return {"type": "object", "properties": properties}
