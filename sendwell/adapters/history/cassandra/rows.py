"""The tables: the same event three times, each where one question finds it in one partition.

The last part of each key names the event, so telling it again writes the same row again.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from cassandra.query import UNSET_VALUE

from sendwell.adapters.history.cassandra.place import Place
from sendwell.domain.ids import NotificationId, TenantId, UserId
from sendwell.ports.history import STEPS, Event

BUCKETS = 16
"""Partitions that one day of a tenant is spread over: a million events are 60,000 in each."""

_STEP = {kind: step for step, kind in enumerate(STEPS)}
_COLUMNS = """
    tenant text, at bigint, step tinyint, notification text, delivery text, attempt int, text text,
    channel text, provider text, reference text, code text, rule text, due bigint, user_id text,
    event_type text"""
_NEWEST_FIRST = "CLUSTERING ORDER BY (at DESC, step DESC, notification ASC, delivery ASC)"

_WRITTEN = (
    "tenant", "at", "step", "notification", "delivery", "attempt", "text", "channel", "provider",
    "reference", "code", "rule", "due", "user_id", "event_type",
)  # fmt: skip


def make_keyspace(place: Place) -> str:
    """The statement after which the keyspace is there."""
    copies = (
        f"{{'class':'NetworkTopologyStrategy','{place.datacenter}':{place.copies}}}"
        if place.datacenter
        else f"{{'class':'SimpleStrategy','replication_factor':{place.copies}}}"
    )
    return f"CREATE KEYSPACE IF NOT EXISTS {place.keyspace} WITH replication={copies}"


def make_tables(place: Place) -> dict[str, str]:
    """The statements after which the tables are there, by their names."""
    newest_first = f"WITH {_NEWEST_FIRST.replace(')', ', attempt ASC)')}"
    rests = {
        "event_by_notification": """
            PRIMARY KEY ((tenant, notification), at, step, delivery, attempt))""",
        "event_by_recipient": f"""month int,
            PRIMARY KEY ((tenant, user_id, month), at, step, notification, delivery, attempt))
            {newest_first}""",
        "event_by_day": f"""day int, bucket tinyint,
            PRIMARY KEY ((tenant, day, bucket), at, step, notification, delivery, attempt))
            {newest_first}""",
    }
    return {
        name: f"CREATE TABLE IF NOT EXISTS {place.keyspace}.{name} ({_COLUMNS}, {rest}"
        for name, rest in rests.items()
    }


def insert(place: Place, table: str, *more: str) -> str:
    """The statement for one row. The event's own time decides between rows of one key."""
    names = (*_WRITTEN, *more)
    marks = ",".join("?" * len(names))
    return (
        f"INSERT INTO {place.keyspace}.{table} ({','.join(names)}) VALUES ({marks})"  # noqa: S608 - our names
        f" USING TIMESTAMP ? AND TTL {int(place.keeps.total_seconds())}"
    )


def row(event: Event, *more: int) -> tuple[Any, ...]:
    """What `insert` binds. What is not known is left as it is: a move that knows less takes nothing
    away, and there are no tombstones.
    """
    values = (
        event.tenant, event.at, _STEP[event.kind], event.notification, event.delivery,
        event.attempt, event.text, event.channel, event.provider, event.reference, event.code,
        event.rule, event.due, event.user_id, event.event_type, *more, event.at,
    )  # fmt: skip
    return tuple(UNSET_VALUE if value is None else value for value in values)


def event_of(found: Any) -> Event:
    """The event in a row."""
    return Event(
        tenant=TenantId(found.tenant),
        notification=NotificationId(found.notification),
        at=found.at,
        kind=STEPS[found.step],
        text=found.text or "",
        delivery=found.delivery,
        attempt=found.attempt,
        channel=found.channel,
        provider=found.provider,
        reference=found.reference,
        code=found.code,
        rule=found.rule,
        due=found.due or 0,
        user_id=None if found.user_id is None else UserId(found.user_id),
        event_type=found.event_type,
    )


def month_of(at: int) -> int:
    """202611 for a time in November 2026."""
    day = datetime.fromtimestamp(at // 1_000_000, UTC)
    return day.year * 100 + day.month


def months_until(now: int, keeps: timedelta) -> Iterator[tuple[int, int]]:
    """Each month that rows may be in, the newest first, and where it ends (microseconds)."""
    day = datetime.fromtimestamp(now // 1_000_000, UTC).date()
    oldest = day - keeps - timedelta(days=1)
    month = day.replace(day=1)
    while month >= oldest.replace(day=1):
        behind = (month + timedelta(days=32)).replace(day=1)
        ends = int(datetime(behind.year, behind.month, 1, tzinfo=UTC).timestamp())
        yield month.year * 100 + month.month, ends * 1_000_000
        month = (month - timedelta(days=1)).replace(day=1)


def place_of(event: Event) -> tuple[Any, ...]:
    """What names an event among those of its tenant."""
    return (
        event.at, _STEP[event.kind], event.notification, event.delivery, event.attempt,
    )  # fmt: skip


def text_left(event: Event) -> Any:
    """What to bind for the text once nobody is to be found in it: a vendor's words go.

    What stays is not written again: it would outlive its row.
    """
    return None if event.code else UNSET_VALUE


def day_of(at: int) -> int:
    """Days since 1970."""
    return at // 86_400_000_000


def bucket_of(event: Event) -> int:
    """Where in its day the event is; all of a notification are in the same one."""
    return crc32(event.notification.encode()) % BUCKETS
