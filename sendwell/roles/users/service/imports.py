"""Takes in files of people of any length, a batch at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

import structlog

from sendwell.domain.errors import Conflict, Invalid, NotFound
from sendwell.domain.ids import TenantId
from sendwell.domain.instant import microseconds_in
from sendwell.ports.clock import Clock, Ids
from sendwell.roles.users.reading.documents import Document
from sendwell.roles.users.reading.intake import (
    MOST_RECORDS,
    Intake,
    Kind,
    LineFlaw,
    Mode,
    Progress,
)
from sendwell.roles.users.service.users import Users
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.store.consents import Occasion
from sendwell.roles.users.store.imports import OPEN, ImportRecord, ImportStore, Step
from sendwell.roles.users.store.people import Put

log = structlog.get_logger()
Read = Callable[[Document], Put]
"""Who a document describes. Raises Invalid with everything that is wrong with it."""

KEPT = timedelta(days=30)
"""How long it can be seen what came of a file, and what was wrong in it."""
KEPT_OPEN = timedelta(days=7)
"""How long a file that broke off may wait to be gone on with."""

_EVERY_SECONDS = 3_600
_MOST_SWEPT = 1_000
_MOST_MERGED = 200
"""Records at once whose people are read first: with 16 KiB of attributes that takes 0.3 ms each,
for which others wait."""
_GIVES_WAY_EVERY = 50
"""Records; about a millisecond."""


class WrongOffset(Conflict):
    """The bytes do not follow those that are stored; `offset` says where to go on."""

    code = "wrong_offset"

    def __init__(self, offset: int) -> None:
        super().__init__(f"The file is stored up to byte {offset}. Go on there.")
        self.offset = offset


class Imports:
    """Files of people on their way in.

    What is stored of a file is always whole batches of records, together with where it goes on;
    whatever breaks off in between, the rest can be sent from there.
    """

    def __init__(self, store: ImportStore, *, users: Users, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._users = users
        self._clock = clock
        self._ids = ids

    async def begin(
        self,
        tenant: TenantId,
        kind: Kind,
        *,
        columns: Mapping[str, str],
        total_bytes: int | None,
        by: str,
        mode: Mode = Mode.REPLACE,
    ) -> ImportRecord:
        """Open an import; nothing of the file has come yet. It is on record who did."""
        now = self._clock.now()
        record = ImportRecord(
            tenant=tenant,
            id=self._ids.notification(),
            state=OPEN,
            kind=kind,
            columns=columns,
            progress=Progress(),
            total_bytes=total_bytes,
            created=0,
            updated=0,
            refused=0,
            started_by=by,
            started_at=now,
            changed_at=now,
            mode=mode,
        )
        await self._store.add(record, author=self._users.author(by, now))
        return record

    async def find(self, tenant: TenantId, id_: str) -> ImportRecord:
        """One import. Raises NotFound."""
        found = await self._store.find(tenant, id_)
        if found is None:
            raise NotFound(f"There is no import {id_}.")
        return found

    async def page(
        self, tenant: TenantId, *, before: str | None, limit: int
    ) -> Sequence[ImportRecord]:
        """The newest imports, or the newest before one."""
        return await self._store.page(tenant, before=before, limit=limit)

    async def flaws(
        self, tenant: TenantId, id_: str, *, after: tuple[int, int], limit: int
    ) -> Sequence[LineFlaw]:
        """What is wrong in an import's lines, behind that line and number. Raises NotFound."""
        await self.find(tenant, id_)
        return await self._store.flaws(tenant, id_, after=after, limit=limit)

    async def take(
        self,
        tenant: TenantId,
        id_: str,
        pieces: AsyncIterator[bytes],
        *,
        offset: int,
        is_last: bool,
        read: Read,
        by: str,
    ) -> ImportRecord:
        """Store the people in the next bytes of a file, which begin at `offset`.

        Records that are not whole yet are left for the next call, unless these are the last bytes.
        Raises NotFound; WrongOffset where the bytes do not follow those stored, Conflict where the
        file has ended, and Invalid for a header that cannot be used or a length that is not the one
        told. What was stored before stays; where `pieces` raises too. With the last bytes what has
        come of the file is on record.
        """
        found = await self.find(tenant, id_)
        if not found.is_open:
            raise Conflict(f"The import {id_} is finished.")
        if offset != found.progress.place.offset:
            raise WrongOffset(found.progress.place.offset)
        author = partial(self._users.author, by)
        upload = _Upload(found, read, self._keep, self._clock, author=author)
        async for piece in pieces:
            await upload.feed(piece)
        await upload.end(is_last=is_last)
        return await self.find(tenant, id_)

    async def run(self) -> None:
        """Sweep now and every hour."""
        while True:
            await self.sweep(self._clock.now())
            await asyncio.sleep(_EVERY_SECONDS)

    async def sweep(self, now: int) -> None:
        """Forget what has ended long ago, and files of which nothing more comes.

        The people that came by them stay.
        """
        finished, unfinished = now - microseconds_in(KEPT), now - microseconds_in(KEPT_OPEN)
        forgotten = await self._store.forget(
            finished_before=finished, open_before=unfinished, most=_MOST_SWEPT
        )
        if forgotten:
            log.info("imports.swept", imports=forgotten)

    async def _keep(self, step: Step) -> None:
        if not await self._store.take(step):
            found = await self.find(step.tenant, step.id)
            raise WrongOffset(found.progress.place.offset)
        await self._users.imported(step.tenant, [put.user for _, put in step.batch.good])


class _Upload:
    """The bytes of one call on their way into batches, and these into the database."""

    def __init__(
        self,
        record: ImportRecord,
        read: Read,
        keep: Callable[[Step], Awaitable[None]],
        clock: Clock,
        *,
        author: Callable[[int], Author | None],
    ) -> None:
        self._record = record
        self._intake = Intake(record.kind, record.progress, columns=record.columns, read=read)
        self._keep = keep
        self._clock = clock
        self._author = author
        self._offset = record.progress.place.offset
        self._most = _MOST_MERGED if record.mode is Mode.MERGE else MOST_RECORDS
        self._occasion = Occasion("import", record.started_by, evidence=f"import {record.id}")

    async def feed(self, piece: bytes) -> None:
        for waiting in self._intake.feed(piece):
            if self._intake.is_full or waiting >= self._most:
                await self._store()
            elif waiting % _GIVES_WAY_EVERY == 0:
                await asyncio.sleep(0)  # a piece may hold thousands of records; others wait too

    async def end(self, *, is_last: bool) -> None:
        if is_last:
            self._intake.end()
            self._check_length()
        await self._store(is_last=is_last)

    async def _store(self, *, is_last: bool = False) -> None:
        batch = self._intake.take()
        behind = batch.progress.place.offset
        if behind == self._offset and not is_last:
            return
        record, now = self._record, self._clock.now()
        await self._keep(
            Step(
                record.tenant,
                record.id,
                self._offset,
                batch,
                self._occasion,
                now,
                is_last,
                record.mode,
                self._author(now),
            )
        )
        self._offset = behind

    def _check_length(self) -> None:
        told, come = self._record.total_bytes, self._intake.place.offset
        if told is not None and told != come:
            raise Invalid(
                f"The file was to have {told} bytes, but it ends after {come}.", code="wrong_length"
            )
