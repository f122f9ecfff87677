"""Writes docs/reference/streams.md from the presets, contracts and headers themselves."""

from collections.abc import Iterable, Iterator

import msgspec

from sendwell.channels import all_channels
from sendwell.domain.presets import PRESETS
from sendwell.domain.presets.preset import Broker, Preset
from sendwell.messages.wire import headers
from sendwell.messages.wire.asking import LONGEST_ID, LONGEST_KEY
from sendwell.messages.wire.catalogue import HEADERS, Topic, topics
from sendwell.messages.wire.examples import REQUESTS, example_event
from sendwell.messages.wire.reason import Reason

_INTRODUCTION = """# Streams

What Sendwell's streams are called on a broker is a *preset*. `sendwell topics --preset NAME`
prints the same tables, with `--json` the JSON Schema of every message as well, and `/asyncapi.json`
describes them to programs. This page is generated: `SENDWELL_SNAPSHOT=write` and
`pytest tests/unit/messages/test_streams_page.py` write it anew.

*Public* streams are for others. They carry single messages, the producer's JSON unchanged, and
what Sendwell adds stands in headers. *Private* ones are Sendwell's own, and their form may change
with any release. What the *platform* reads is for whoever runs Sendwell. The key of a message is
the organization; with `PARTITION_BY=user` it is the recipient within it, `organization/user`, on
status streams the notification where there is no user.

Unchanged means byte for byte, but for blanks around the object: fields that Sendwell does not know
are there, and ids, lane and organization stand in the headers. A message is Sendwell's own, by the
schema in the table, where there is no such JSON: of a call by REST in other words than the preset's
(those of `plain` and `lanes` are the API's own, those of `tenant` its camelCase ones), of one that
names a field twice; of a request to several people or to a topic where the message is about one of
them; of what was erased since; and with `plain`, whose streams hand no request on, in dead letters.

Names stand for all channels and lanes: `{channel}` is `email`, `sms`, `push`, `in_app` or
`webhook`, `{lane}` is `critical`, `high`, `medium` or `low`, and `{verdict}` is `delivered`,
`failed` or, where receipts exist, `bounced`.
"""

_RULES = """## What producers can rely on

- The organization may stand in the message (`organizationId`, `organization_id`, `tenant_id`), in a
  header (`organization-id`, `tenant-id`, also with `X-`, in any spelling) or in a token. Two that
  differ are refused; none at all is refused where no organization stands in.
- Unknown fields are tolerated within a major schema version; an unknown major one is not read.
- A repetition is recognized by the message's id or idempotency key, else by the broker's id for it.
- A field that stands twice in one object, NaN, numbers beyond a double, anything but UTF-8, more
  than 1 MiB or 32 levels are refused.
- A message on the stream of a channel that is not from Sendwell is a request for that channel. Its
  id and idempotency key get `:` and the channel behind them there (`order-7:email`), for the same
  one may come by the streams of several channels: ask for it by that name, and give ids of at most
  {ids} characters and keys of at most {keys}. The correlation id stays as it is; where there is
  none, it is the id as it was given. With `direct`, ids stay as they are, too.
- What is refused goes to the quarantine, byte for byte, and holds nothing up.
"""


def page() -> str:
    """The whole page."""
    longest = max(len(f":{name}") for name in all_channels())
    parts = [
        _INTRODUCTION,
        *(_section(preset) for preset in PRESETS.values()),
        _RULES.format(ids=LONGEST_ID - longest, keys=LONGEST_KEY - longest),
        _headers(),
        _reasons(),
    ]
    return "\n".join(parts)


def _section(preset: Preset) -> str:
    return "\n".join(
        [
            f"## {preset.name}\n",
            f"{preset.about} JSON keys are in {preset.keys}.\n",
            _streams(preset),
            _services(preset),
            "A request:\n",
            _json(msgspec.json.encode(REQUESTS[preset.name])),
            "What is told of it afterwards:\n",
            _json(example_event(preset.name)),
        ]
    )


def _streams(preset: Preset) -> str:
    has_queues = Broker.RABBITMQ in preset.brokers
    columns = ["name", "stream", "use", "written by", "read by", "message"]
    if has_queues:
        columns += ["exchange", "queue"]
    seen: dict[str, Topic] = {}
    for topic in topics(preset, all_channels().values()):
        seen.setdefault(topic.stream, topic)
    return _table(columns, (_row(topic, preset, has_queues=has_queues) for topic in seen.values()))


def _row(topic: Topic, preset: Preset, *, has_queues: bool) -> list[str]:
    naming = preset.namings[topic.stream]
    row = [
        f"`{naming.name}`",
        topic.stream.value,
        "public" if naming.is_named else "private",
        ", ".join(topic.writes),
        ", ".join(topic.reads),
        topic.schema,
    ]
    queue = f"`{naming.queue}`" if naming.queue else "one a group"
    return [*row, f"`{naming.exchange}` ({naming.kind})", queue] if has_queues else row


def _services(preset: Preset) -> str:
    rows = (
        [
            f"`{service.name}`",
            str(service.port),
            ", ".join(service.roles) or "all",
            service.channel or "",
        ]
        for service in preset.services
    )
    return _table(["service", "port", "roles", "channel"], rows)


def _headers() -> str:
    where: dict[str, list[str]] = {name: [] for name in headers.MEANING}
    for stream, names in HEADERS.items():
        for name in names:
            where[name].append(stream.value)
    rows = ([f"`{n}`", m, ", ".join(where[n]) or "all"] for n, m in headers.MEANING.items())
    return "\n".join(["## Headers\n", _table(["header", "meaning", "streams"], rows)])


def _reasons() -> str:
    rows = ([f"`{reason}`", reason.hint] for reason in Reason)
    return "\n".join(["## Reasons of the quarantine\n", _table(["reason", "meaning"], rows)])


def _table(columns: list[str], rows: Iterable[list[str]]) -> str:
    return "\n".join([*_lines([columns, ["---"] * len(columns), *rows]), ""])


def _lines(rows: Iterable[list[str]]) -> Iterator[str]:
    for row in rows:
        yield f"| {' | '.join(row)} |".replace("|  |", "| |")


def _json(body: bytes) -> str:
    return f"```json\n{msgspec.json.format(body, indent=2).decode()}\n```\n"
