"""Which notifications are on a list: questions for their positions, each with the whole filter.

A list for a person asks twice, by one index each: for what is to them alone, and for what is to
them among others, of which only the deliveries to them count.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, Table, and_, cast, literal_column, select

from sendwell.domain.ids import COUNTER_BITS, Position, TenantId
from sendwell.ports.database import Database
from sendwell.ports.journal import Filter
from sendwell.runtime.journal.tables import OUTCOME, RECIPIENT, REQUESTED

Question = Select[Any]
_JOINED = 2
"""So many of person, status and event type are in no index together."""


class Sought(NamedTuple):
    """What a page is asked for: the tenant's, by the filter, older than `before` and not older than
    `down_to`.
    """

    tenant: TenantId
    narrowed: Filter
    before: Position | None
    down_to: Position | None = None


async def newest(database: Database, questions: Sequence[Question], limit: int) -> list[Position]:
    """The newest positions that any of the questions finds."""
    found: set[Position] = set()
    for question in questions:
        found.update(row.position for row in await database.rows(question.limit(limit)))
    return sorted(found, reverse=True)[:limit]


async def end_of(database: Database, sought: Sought, *, stretch: int) -> Position | None:
    """How far down so many rows reach on the ways to what is sought, if there are as many."""
    ends: list[Position] = []
    for way in _ways(sought):
        rows = await database.rows(way.limit(1).offset(stretch - 1))
        ends.extend(row.position for row in rows)
    return max(ends, default=None)


def _ways(sought: Sought) -> list[Question]:
    """What is gone along where no index has the whole filter: nearly all may be passed over."""
    narrowed = sought.narrowed
    wishes = (narrowed.user_id, narrowed.status, narrowed.event_type)
    if narrowed.channel is None and sum(wish is not None for wish in wishes) < _JOINED:
        return []
    bare = sought._replace(narrowed=replace(narrowed, event_type=None))
    if narrowed.user_id is not None:
        return _of_requests(bare)
    if narrowed.status is None:
        return _of_requests(sought)
    ended = select(OUTCOME.c.position).where(
        OUTCOME.c.tenant == sought.tenant, OUTCOME.c.status == narrowed.status
    )
    return [_rest(ended, OUTCOME.c.position, bare)]


def of_records(sought: Sought) -> list[Question]:
    """For what was asked for and, with `status` or `channel`, has a delivery that has ended so."""
    narrowed = sought.narrowed
    if narrowed.status is None and narrowed.channel is None:
        return _of_requests(sought)
    if narrowed.status is None and narrowed.user_id is None:
        return [_on_a_channel(sought)]
    return _of_deliveries(OUTCOME, OUTCOME.c.status, OUTCOME.c.position, sought)


def of_open_work(table: Table, sought: Sought) -> list[Question]:
    """For what has an open delivery in that table, in the state and on the channel.

    An expression around the position keeps SQLite from going along all of them: those of other
    tenants and in other states may be many.
    """
    at = table.c.position + literal_column("0")
    return _of_deliveries(table, table.c.state, at, sought)


def _of_requests(sought: Sought) -> list[Question]:
    tenant, user = sought.tenant, sought.narrowed.user_id
    alone = select(REQUESTED.c.position).where(REQUESTED.c.tenant == tenant)
    if user is None:
        return [_rest(alone, REQUESTED.c.position, sought)]
    among = select(RECIPIENT.c.position).where(RECIPIENT.c.tenant == tenant).distinct()
    return [
        _rest(alone.where(REQUESTED.c.user_id == user), REQUESTED.c.position, sought),
        _rest(among.where(RECIPIENT.c.user_id == user), RECIPIENT.c.position, sought),
    ]


def _on_a_channel(sought: Sought) -> Question:
    """Most notifications have a delivery there: the way is along all of them until there are
    enough, or to the end of the stretch, since no index begins with the channel.
    """
    ended = select(OUTCOME.c.position).where(
        OUTCOME.c.position == REQUESTED.c.position, OUTCOME.c.channel == sought.narrowed.channel
    )
    question = select(REQUESTED.c.position).where(
        REQUESTED.c.tenant == sought.tenant, ended.exists()
    )
    return _rest(question, REQUESTED.c.position, sought)


def _of_deliveries(
    table: Table, state: ColumnElement[Any], at: ColumnElement[int], sought: Sought
) -> list[Question]:
    """Where a person is named, the tenant is that of the request: by an index that begins with the
    deliveries' tenant SQLite would go through all of them in that state.
    """
    columns, narrowed = table.c, sought.narrowed
    wanted = [state == narrowed.status] if narrowed.status is not None else []
    if narrowed.channel is not None:
        wanted.append(columns.channel == narrowed.channel)
    if narrowed.user_id is None:
        question = select(at.label("position")).select_from(table).distinct()
        return [_rest(question.where(columns.tenant == sought.tenant, *wanted), at, sought)]
    alone, among = _of_requests(sought)
    is_theirs = columns.part.like(cast(RECIPIENT.c.place, String) + ".%")
    return [
        alone.join(table, columns.position == REQUESTED.c.position).where(*wanted).distinct(),
        among.join(table, and_(columns.position == RECIPIENT.c.position, is_theirs)).where(*wanted),
    ]


def _rest(question: Question, at: ColumnElement[int], sought: Sought) -> Question:
    """What the filter asks for beside person, state and channel; the newest first."""
    narrowed = sought.narrowed
    if narrowed.event_type is not None:
        if at is not REQUESTED.c.position:
            is_same = and_(REQUESTED.c.position == at, REQUESTED.c.tenant == sought.tenant)
            question = question.join(REQUESTED, is_same)
        question = question.where(REQUESTED.c.event_type == narrowed.event_type)
    if narrowed.since is not None:
        question = question.where(at >= _position_at(narrowed.since))
    if narrowed.until is not None:
        question = question.where(at < _position_at(narrowed.until))
    if sought.before is not None:
        question = question.where(at < sought.before)
    if sought.down_to is not None:
        question = question.where(at >= sought.down_to)
    return question.order_by(at.desc())


def _position_at(microseconds: int) -> int:
    return (microseconds // 1000) << COUNTER_BITS
