"""Files of people on their way in, as rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import TenantId
from sendwell.ports.database import Database, Unit, Write, core, run_within
from sendwell.roles.users.reading.intake import Batch, Kind, LineFlaw, Mode, Progress
from sendwell.roles.users.reading.records import Place
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.store.consents import Occasion
from sendwell.roles.users.store.merging import merged_on
from sendwell.roles.users.store.people import Put, put_on
from sendwell.roles.users.store.tombstones import erased_on
from sendwell.roles.users.tables import IMPORT, IMPORT_FLAW

OPEN, FINISHED = "open", "finished"
MOST_REFUSED_TOLD = 10_000
"""Of so many refused records the flaws are stored; the others are only counted."""

_LONGEST_FIELD = 255
_MOST_AT_ONCE = 1_000
"""Flaws that are forgotten by one commit."""
_ERASED = Invalid(
    "This person was erased. Only where they have asked to come back, store them with PUT"
    " /api/v1/users/{user_id}?revive=true."
)


class ImportRecord(NamedTuple):
    """One file: what was said of it, how far it is stored, and what has become of its records."""

    tenant: TenantId
    id: str
    state: str
    kind: Kind
    columns: Mapping[str, str]
    progress: Progress
    total_bytes: int | None
    created: int
    updated: int
    refused: int
    started_by: str
    started_at: int
    changed_at: int
    mode: Mode = Mode.REPLACE

    @property
    def is_open(self) -> bool:
        """Whether more of it may come."""
        return self.state == OPEN


class Step(NamedTuple):
    """The next batch of a file that was stored up to `offset`."""

    tenant: TenantId
    id: str
    offset: int
    batch: Batch[Put]
    occasion: Occasion
    at: int
    is_last: bool = False
    mode: Mode = Mode.REPLACE
    author: Author | None = None


class ImportStore:
    """Imports on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, record: ImportRecord, *, author: Author | None = None) -> None:
        """A file is about to come."""
        row = insert(IMPORT).values(
            tenant=record.tenant,
            id=record.id,
            state=record.state,
            options=_options_of(record, record.progress),
            total_bytes=record.total_bytes,
            bytes_done=0,
            lines_done=0,
            created=0,
            updated=0,
            refused=0,
            started_by=record.started_by,
            started_at=record.started_at,
            changed_at=record.changed_at,
        )
        told = _told_of_begin(record, author) if author is not None else ()
        await self._database.commit([Write(core, [row]), *told])

    async def find(self, tenant: TenantId, id_: str) -> ImportRecord | None:
        """One import."""
        rows = await self._database.rows(select(IMPORT).where(_is(tenant, id_)))
        return _record(rows[0]) if rows else None

    async def page(
        self, tenant: TenantId, *, before: str | None, limit: int
    ) -> Sequence[ImportRecord]:
        """The newest imports, or the newest before one."""
        found = select(IMPORT).where(IMPORT.c.tenant == tenant).order_by(IMPORT.c.id.desc())
        if before is not None:
            found = found.where(IMPORT.c.id < before)
        return [_record(row) for row in await self._database.rows(found.limit(limit))]

    async def flaws(
        self, tenant: TenantId, id_: str, *, after: tuple[int, int], limit: int
    ) -> Sequence[LineFlaw]:
        """What is wrong in the lines, in their order, behind that line and number."""
        flaw = IMPORT_FLAW.c
        line, number = after
        rows = await self._database.rows(
            select(flaw.line, flaw.number, flaw.field, flaw.why)
            .where(
                flaw.tenant == tenant,
                flaw.import_id == id_,
                flaw.line >= line,
                or_(flaw.line > line, flaw.number > number),
            )
            .order_by(flaw.line, flaw.number)
            .limit(limit)
        )
        return [LineFlaw(row.line, row.number, row.field, row.why) for row in rows]

    async def take(self, step: Step) -> bool:
        """Store a batch with how far the file is now, all or nothing.

        False, and nothing is stored, where the file is not open or is stored up to another place
        than the step begins at: somebody else was faster.
        """
        ((is_taken,),) = await self._database.commit([Write(_take, [step])])
        return bool(is_taken)

    async def forget(self, *, finished_before: int, open_before: int, most: int) -> int:
        """Forget imports in which nothing has happened since then, with what was wrong in their
        lines; gives how many there were, `most` at most.
        """
        is_old = or_(
            and_(IMPORT.c.state == FINISHED, IMPORT.c.changed_at < finished_before),
            and_(IMPORT.c.state == OPEN, IMPORT.c.changed_at < open_before),
        )
        rows = await self._database.rows(
            select(IMPORT.c.tenant, IMPORT.c.id).where(is_old).limit(most)
        )
        for row in rows:
            await self._forget_flaws(row.tenant, row.id)
            # Somebody may have gone on with it: then it stays.
            await self._database.execute(delete(IMPORT).where(_is(row.tenant, row.id), is_old))
        return len(rows)

    async def _forget_flaws(self, tenant: TenantId, id_: str) -> None:
        """A part at a time: others write meanwhile."""
        own = and_(IMPORT_FLAW.c.tenant == tenant, IMPORT_FLAW.c.import_id == id_)
        while rows := await self._database.rows(
            select(IMPORT_FLAW.c.line).where(own).order_by(IMPORT_FLAW.c.line).limit(_MOST_AT_ONCE)
        ):
            part = delete(IMPORT_FLAW).where(own, IMPORT_FLAW.c.line <= rows[-1].line)
            await self._database.execute(part)


def _take(connection: Connection, steps: Sequence[Step]) -> list[bool]:
    return [_take_one(connection, step) for step in steps]


def _take_one(connection: Connection, step: Step) -> bool:
    row = connection.execute(
        select(IMPORT).where(_is(step.tenant, step.id)).with_for_update()
    ).first()
    if row is None or row.state != OPEN or row.bytes_done != step.offset:
        return False
    batch = _without_erased(connection, step)
    if step.mode is Mode.MERGE:
        batch = merged_on(connection, step.tenant, batch)
    puts = [put for _, put in batch.good]
    are_new = put_on(connection, step.tenant, puts, now=step.at, occasion=step.occasion)
    _tell_flaws(connection, step, batch.flaws, room=MOST_REFUSED_TOLD - row.refused)
    counts = {
        "created": row.created + sum(are_new),
        "updated": row.updated + len(are_new) - sum(are_new),
        "refused": row.refused + batch.refused,
    }
    connection.execute(
        update(IMPORT)
        .where(_is(step.tenant, step.id))
        .values(
            state=FINISHED if step.is_last else OPEN,
            options=_options_of(_record(row), batch.progress),
            bytes_done=batch.progress.place.offset,
            lines_done=batch.progress.place.lines,
            changed_at=step.at,
            **counts,
        )
    )
    if step.is_last and step.author is not None:
        told = step.author.did("import.finished", step.tenant, step.id, **counts)
        run_within(connection, [told])
    return True


def _told_of_begin(record: ImportRecord, author: Author) -> Unit:
    how = {"format": record.kind.value, "mode": record.mode.value}
    return author.did("import.begun", record.tenant, record.id, **how)


def _without_erased(connection: Connection, step: Step) -> Batch[Put]:
    batch = step.batch
    erased = erased_on(connection, step.tenant, [put.user for _, put in batch.good])
    if not erased:
        return batch
    good = [(line, put) for line, put in batch.good if put.user not in erased]
    rest = Batch(batch.progress, good, list(batch.flaws), batch.refused)
    for line, put in batch.good:
        if put.user in erased:
            rest.refuse(line, _ERASED)
    return rest


def _tell_flaws(
    connection: Connection, step: Step, flaws: Sequence[LineFlaw], *, room: int
) -> None:
    lines = sorted({flaw.line for flaw in flaws})[: max(0, room)]
    rows = [
        {
            "tenant": step.tenant,
            "import_id": step.id,
            "line": flaw.line,
            "number": flaw.number,
            "field": flaw.field[:_LONGEST_FIELD],
            "why": flaw.why,
        }
        for flaw in flaws
        if lines and flaw.line <= lines[-1]
    ]
    if rows:
        connection.execute(insert(IMPORT_FLAW), rows)


class _Options(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands in the column `options`."""

    kind: Kind
    columns: Mapping[str, str] = {}
    header: str | None = None
    mode: Mode = Mode.REPLACE
    is_skipping: bool = False
    is_quoted: bool = False


def _options_of(record: ImportRecord, progress: Progress) -> str:
    place = progress.place
    options = _Options(
        record.kind,
        record.columns,
        progress.header,
        record.mode,
        is_skipping=place.is_skipping,
        is_quoted=place.is_quoted,
    )
    return msgspec.json.encode(options).decode()


def _record(row: Row[Any]) -> ImportRecord:
    options = _decode_options(row.options)
    place = Place(
        row.bytes_done,
        row.lines_done,
        is_skipping=options.is_skipping,
        is_quoted=options.is_quoted,
    )
    return ImportRecord(
        row.tenant,
        row.id,
        row.state,
        options.kind,
        options.columns,
        Progress(place, options.header),
        row.total_bytes,
        row.created,
        row.updated,
        row.refused,
        row.started_by,
        row.started_at,
        row.changed_at,
        options.mode,
    )


def _is(tenant: TenantId, id_: str) -> ColumnElement[bool]:
    return and_(IMPORT.c.tenant == tenant, IMPORT.c.id == id_)


_decode_options = msgspec.json.Decoder(_Options).decode
