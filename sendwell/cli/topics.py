"""`sendwell topics`: what everything is called on the broker."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sendwell.cli.screen import print_json, show, show_table
from sendwell.settings import read_settings

if TYPE_CHECKING:
    from sendwell.domain.presets.preset import Preset
    from sendwell.messages.wire.catalogue import Topic

IsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with every schema.")]


def topics(
    *,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Whose names: plain, tenant, intents, lanes or direct.",
            show_default="PRESET as it is set, or plain",
        ),
    ] = None,
    is_json: IsJson = False,
) -> None:
    """Show what the streams are called.

    For each: its name on the broker, who writes and reads it, its key, and what travels there.
    Others may use the public ones; those marked private are Sendwell's own. Asks nobody: names
    follow from the preset, and keys from PARTITION_BY.

    Examples:
      sendwell topics
      sendwell topics --preset tenant
      sendwell topics --preset direct --json
    """
    from sendwell.channels import all_channels
    from sendwell.domain.presets import find_preset
    from sendwell.messages.wire.catalogue import topics as topics_of

    settings = read_settings()
    named = find_preset(preset or settings.preset)
    chosen = replace(named, partition_by=settings.partition_by)
    found = topics_of(chosen, all_channels().values())
    if is_json:
        print_json(_document(chosen, found))
    else:
        _show(chosen, found)


def _document(preset: "Preset", topics: Sequence["Topic"]) -> dict[str, Any]:
    from sendwell.messages.wire.schemas import schemas

    return {
        "preset": preset.name,
        "about": preset.about,
        "brokers": [broker.value for broker in preset.brokers],
        "ports": {service.name: service.port for service in preset.services},
        "topics": [_row(topic) for topic in topics],
        "schemas": schemas(preset.name, place="#/schemas/{name}"),
    }


def _row(topic: "Topic") -> dict[str, Any]:
    physical = topic.physical
    return {
        "name": physical.name,
        "stream": topic.stream.value,
        "public": topic.is_named,
        "written_by": list(topic.writes),
        "read_by": list(topic.reads),
        "key": topic.key,
        "schema": topic.schema,
        "exchange": physical.exchange,
        "exchange_type": physical.kind.value,
        "queue": physical.queue or None,
        "also_bound": list(physical.also),
    }


def _show(preset: "Preset", topics: Sequence["Topic"]) -> None:
    from sendwell.domain.presets.preset import Broker

    has_queues = Broker.RABBITMQ in preset.brokers
    header = ["NAME", "STREAM", "USE", "WRITTEN BY", "READ BY", "KEY", "SCHEMA"]
    rows = [
        [
            topic.physical.name,
            topic.stream.value,
            "public" if topic.is_named else "private",
            ", ".join(topic.writes),
            ", ".join(topic.reads),
            topic.key,
            topic.schema,
            *([topic.physical.exchange, topic.physical.queue or "one a group"] * has_queues),
        ]
        for topic in topics
    ]
    show(f"{preset.name}: {preset.about}", "")
    show_table([*header, *(["EXCHANGE", "QUEUE"] * has_queues)], rows)
