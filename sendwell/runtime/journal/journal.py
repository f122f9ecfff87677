"""The write side of the journal on a SQL database."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import (
    ColumnElement,
    case,
    delete,
    false,
    func,
    select,
    true,
)

from sendwell.domain.ids import COUNTER_BITS, NODES, Node, Position, TenantId, UserId
from sendwell.domain.lifecycle import FINAL, State
from sendwell.messages import requested as codec
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.database import Database, Unit, Write
from sendwell.ports.journal import Acceptance, Claim, Entry
from sendwell.runtime.among import among
from sendwell.runtime.journal import hot
from sendwell.runtime.journal.filling import fill_in
from sendwell.runtime.journal.forgotten import forget
from sendwell.runtime.journal.repetitions import repeated
from sendwell.runtime.journal.rows import Count, Row
from sendwell.runtime.journal.tables import (
    HISTORY,
    IDEMPOTENCY,
    MARK,
    OUTCOME,
    REQUESTED,
)
from sendwell.runtime.journal.unplanned import Unplanned
from sendwell.runtime.portion import fitting, portion
from sendwell.runtime.recipients import is_to

_KEYS_TOGETHER = 4_000
_FORGOTTEN_TOGETHER = 500
_FIRST = Node(0)
_START = Position(0)


class SqlJournal:
    """See the port. `receipts_by_reference`: accounts whose receipts may know only their id."""

    def __init__(
        self,
        database: Database,
        *,
        idempotency_window: timedelta,
        receipts_by_reference: frozenset[str],
        node: Node = _FIRST,
    ) -> None:
        self._database = database
        self._window = idempotency_window // timedelta(milliseconds=1) << COUNTER_BITS
        """As a distance between positions."""
        self._by_reference = receipts_by_reference
        self._node = node
        self._mark = mark_of(node)
        self._unplanned = Unplanned(0)

    async def start(self) -> Position:
        """Read the mark; gives the highest position ever used."""
        (row,) = await self._database.rows(select(func.max(REQUESTED.c.position).label("last")))
        mark = await self._stored_mark(self._node)
        if mark is None and self._node:  # a new number: nothing before has been accepted under it
            mark = Position(row.last or 0)
            await self._database.commit([Write(hot.set_mark, [(self._mark, mark)])])
        self._unplanned = Unplanned(mark or 0, row.last or 0)
        return Position(max(row.last or 0, self._unplanned.mark))

    async def forget_keys(self, now: int) -> int:
        """Delete idempotency keys that no longer count; gives how many those were.

        Bit by bit in the order of keys, so that no commit takes long and no index is needed.
        """
        before = (now // 1000 << COUNTER_BITS) - self._window
        forgotten = 0
        after: bytes | None = b""
        while after is not None:
            last = await self._last_of_stretch(after)
            stretch = [IDEMPOTENCY.c.key > after]
            if last is not None:
                stretch.append(IDEMPOTENCY.c.key <= last)
            (done,) = await self._database.execute(
                delete(IDEMPOTENCY).where(*stretch, IDEMPOTENCY.c.position < before)
            )
            forgotten += done.rowcount
            after = last
        return forgotten

    async def forget_before(
        self, time: int, *, open_among: Callable[[Sequence[int]], Awaitable[set[int]]]
    ) -> int:
        """Delete notifications accepted before then, but for those that are open among them;
        gives how many those were. Some at a time, so that no commit takes long.
        """
        bound, after, forgotten = time // 1000 << COUNTER_BITS, -1, 0
        while rows := await self._database.rows(
            select(REQUESTED.c.position)
            .where(REQUESTED.c.position > after, REQUESTED.c.position < bound)
            .order_by(REQUESTED.c.position)
            .limit(_FORGOTTEN_TOGETHER)
        ):
            positions = [row.position for row in rows]
            after = positions[-1]
            spared = await open_among(positions)
            old = [position for position in positions if position not in spared]
            if old:
                await self._database.commit([Write(forget, old)])
            forgotten += len(old)
        return forgotten

    async def accept(
        self, entries: Sequence[Entry], *, is_urgent: bool = False
    ) -> Sequence[Acceptance]:
        rows = [self._row(entry) for entry in entries]
        for entry in entries:
            self._unplanned.add(entry.request.position)
        try:
            write = Write(hot.accept, rows)
            (accepted,) = await self._database.commit([write], is_urgent=is_urgent)
        except BaseException:
            self._unplanned.finish(entry.request.position for entry in entries)
            raise
        repeated = [
            entry.request.position
            for entry, acceptance in zip(entries, accepted, strict=True)
            if acceptance.is_duplicate
        ]
        if repeated:
            self._unplanned.finish(repeated)
        return accepted

    async def repeated(
        self, claims: Collection[Claim], *, at: Position
    ) -> Mapping[Claim, Acceptance]:
        return await repeated(self._database, claims, since=at - self._window)

    def copied(self, requests: Sequence[Requested]) -> Unit:
        rows = [self._row(Entry(request)) for request in requests]
        copies = Write(hot.copy, rows)
        to_several = [r for r, request in zip(rows, requests, strict=True) if len(request.to) > 1]
        return [copies, Write(fill_in, to_several)] if to_several else [copies]

    async def unrecorded(self, statuses: Sequence[Status]) -> list[Status]:
        positions = {status.position for status in statuses}
        ends = await self._database.rows(
            select(OUTCOME.c.position, OUTCOME.c.part, OUTCOME.c.status).where(
                among(OUTCOME.c.position, positions, self._database)
            )
        )
        moves = await self._database.rows(
            select(HISTORY.c.position, HISTORY.c.part, HISTORY.c.state, HISTORY.c.at).where(
                among(HISTORY.c.position, positions, self._database)
            )
        )
        known = {*map(tuple, ends), *map(tuple, moves)}
        return [s for s in statuses if known.isdisjoint(_names_of(s))]

    def recorded(self, statuses: Sequence[Status]) -> Unit:
        outcomes = _outcomes(statuses)
        moves = [status for status in statuses if not _is_told_by_outcome(status)]
        named = [s for s in outcomes if s.reference and s.provider in self._by_reference]
        writes = (
            Write(hot.put_outcomes, outcomes),
            Write(hot.put_moves, moves),
            Write(hot.put_references, named),
        )
        return [write for write in writes if write.items]

    def planned(self, deliveries: Mapping[TenantId, int]) -> Unit:
        counts = [Count(tenant, self._node, count) for tenant, count in deliveries.items()]
        return [Write(hot.count_planned, counts)] if counts else []

    def marked(self) -> Unit:
        return [Write(hot.set_mark, [(self._mark, self._unplanned.mark)])]

    async def mark(self) -> None:
        await self._database.commit(self.marked())

    def forget(self, requests: Sequence[Requested]) -> None:
        self._unplanned.finish(request.position for request in requests)

    async def requested(self, positions: Sequence[Position]) -> Mapping[Position, Requested]:
        columns = select(REQUESTED.c.position, REQUESTED.c.body)
        rows = await self._database.rows(
            columns.where(among(REQUESTED.c.position, positions, self._database))
        )
        return {row.position: codec.decode(row.body) for row in rows}

    async def unplanned(
        self, *, after: Position, limit: int
    ) -> tuple[Sequence[Requested], Position | None]:
        behind = max(after, Position(self._unplanned.mark))
        requests, last = await self._unplanned_of(self._node, behind, limit)
        positions = [request.position for request in requests]
        self._unplanned.read(positions, to=last)
        return requests, last

    async def left_by(self, node: Node, *, after: Position, limit: int) -> Sequence[Requested]:
        mark = await self._stored_mark(node) or _START
        requests, _ = await self._unplanned_of(node, max(after, mark), limit)
        return requests

    async def tried_in_turn(self, positions: Sequence[Position]) -> Collection[Position]:
        # Neither database reads a body to tell its length.
        rest = await self._database.rows(
            select(REQUESTED.c.position, func.length(REQUESTED.c.body).label("size"))
            .where(among(REQUESTED.c.position, positions, self._database))
            .order_by(REQUESTED.c.position)
        )
        found: set[Position] = set()
        while rest:
            taken = fitting(rest, lambda row: row.size)
            requests = await self.requested([row.position for row in taken])
            found.update(each for each, request in requests.items() if request.falls_back)
            rest = rest[len(taken) :]
        return found

    async def ended_parts(
        self, positions: Sequence[Position], *, recipients: Collection[int] | None = None
    ) -> Mapping[tuple[Position, str], State]:
        columns = select(OUTCOME.c.position, OUTCOME.c.part, OUTCOME.c.status)
        rows = await self._database.rows(
            columns.where(
                among(OUTCOME.c.position, positions, self._database),
                is_to(OUTCOME.c.part, recipients, self._database),
            )
        )
        return {(row.position, row.part): State(row.status) for row in rows}

    def unless_ended(self, parts: Sequence[tuple[Position, str]]) -> Unit:
        return [Write(hot.refuse_ended, parts)]

    def unless_any_ended(self, positions: Sequence[Position]) -> Unit:
        return [Write(hot.refuse_any_end, positions)]

    async def ended(self, positions: Sequence[Position]) -> Collection[Position]:
        rows = await self._database.rows(
            select(OUTCOME.c.position)
            .where(among(OUTCOME.c.position, positions, self._database))
            .distinct()
        )
        return {row.position for row in rows}

    async def _last_of_stretch(self, after: bytes) -> bytes | None:
        """Where a stretch of keys ends that begins behind one; None where fewer are left."""
        rows = await self._database.rows(
            select(IDEMPOTENCY.c.key)
            .where(IDEMPOTENCY.c.key > after)
            .order_by(IDEMPOTENCY.c.key)
            .offset(_KEYS_TOGETHER)
            .limit(1)
        )
        return rows[0].key if rows else None

    async def _stored_mark(self, node: Node) -> Position | None:
        rows = await self._database.rows(
            select(MARK.c.position).where(MARK.c.name == mark_of(node))
        )
        return Position(rows[0].position) if rows else None

    async def _unplanned_of(
        self, node: Node, after: Position, limit: int
    ) -> tuple[Sequence[Requested], Position | None]:
        ended = select(OUTCOME.c.position).where(OUTCOME.c.position == REQUESTED.c.position)
        is_open = ended.limit(1).correlate(REQUESTED).scalar_subquery().is_(None)
        # Neither database reads a body to tell its length.
        sizes = await self._database.rows(
            select(REQUESTED.c.position, func.length(REQUESTED.c.body).label("size"))
            .where(REQUESTED.c.position > after, _one_by_one(self._is_of(node) & is_open))
            .order_by(REQUESTED.c.position)
            .limit(limit)
        )
        taken, last = portion(sizes, limit, lambda row: row.size)
        found = await self.requested([row.position for row in taken]) if taken else {}
        requests = [found[row.position] for row in taken if row.position in found]
        return requests, Position(last.position) if last else None

    def _is_of(self, node: Node) -> ColumnElement[bool]:
        if self._database.dialect == "sqlite":  # there is only one
            return true()
        return REQUESTED.c.position.op("&")(NODES - 1) == node

    def _row(self, entry: Entry) -> Row:
        request = entry.request
        is_single = len(request.to) == 1
        return Row(
            position=request.position,
            tenant=request.tenant,
            id=request.id,
            user_id=request.to[0].user_id if is_single else None,
            event_type=request.event_type,
            accepted_at=request.accepted_at,
            body=codec.encode(request),
            key=entry.key,
            fingerprint=entry.fingerprint,
            window=self._window,
            is_named=entry.is_named,
            people=() if is_single else _people(request),
        )


def _people(request: Requested) -> tuple[tuple[int, UserId], ...]:
    return tuple((place, to.user_id) for place, to in enumerate(request.to) if to.user_id)


def mark_of(node: Node) -> str:
    """The name of a node's mark."""
    return f"planned:{node}" if node else "planned"


def _outcomes(statuses: Sequence[Status]) -> list[Status]:
    """One row for each delivery that has ended, with the times of its first end.

    What moves on at once, as a webhook that is sent and delivered by the same answer, is written
    as the row would be after all its moves.
    """
    ended: dict[tuple[int, str], Status] = {}
    for status in statuses:
        if status.state in FINAL:
            key = (status.position, status.part)
            first = ended.get(key)
            ended[key] = status if first is None else _moved_on(first, status)
    return list(ended.values())


def _moved_on(first: Status, then: Status) -> Status:
    return msgspec.structs.replace(first, state=then.state, code=then.code, text=then.text)


_TOLD = frozenset({State.SENT, State.SUPPRESSED, State.CANCELLED, State.EXPIRED})


def _names_of(status: Status) -> set[tuple[object, ...]]:
    """By what a row is recognised that tells this move."""
    where = (status.position, status.part, status.state.value)
    return {where} if _is_told_by_outcome(status) else {(*where, status.at)}


def _is_told_by_outcome(status: Status) -> bool:
    """Whether the outcome row alone tells this move; receipts and deaths have rows of their own."""
    return status.state in _TOLD


def _one_by_one(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition, hidden from what PostgreSQL expects of it: that next to nothing meets it.

    Then it sorts all rows behind a place, instead of reading on from there until it has enough.
    """
    return case((condition, true()), else_=false())
