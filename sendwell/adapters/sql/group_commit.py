"""Group commits on a database server, whichever it is.

There is a writer for urgent units and one or more for all others, each with a connection; while one
waits for the disk the others and the event loop go on. What arrived while all of them were at it is
the next commit. A transaction whose COMMIT was sent and not answered is looked up by its
number, so that nothing is ever written twice or thought lost.
"""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from sendwell.adapters.sql.lines import Line
from sendwell.adapters.sql.units import Result, Waiting, answer, run_merged
from sendwell.ports.database import Unit
from sendwell.telemetry.outage import Outage

log = structlog.get_logger()
_TRIES = 3
"""Of a unit that met another process's: the second time it sees what that one has stored."""
_PATIENCE_SECONDS = 2.0
"""How long a unit waits for a database that is away; then its caller hears Unavailable."""
_PAUSE_SECONDS = 0.1
_LAST_SECONDS = 3.0
"""How long closing waits for a database that is away."""


class Trouble(Enum):
    """What an error means for the units that were being written."""

    LOST = auto()
    """The connection or the server is gone: the same may work later."""
    MET = auto()
    """Another process was there at the same moment: trying again will see what it did."""
    FENCED = auto()
    """Nothing of ours may be written any more."""
    OWN = auto()
    """One of the units is wrong."""


_OF_ALL = frozenset({Trouble.LOST, Trouble.FENCED})
_PASSES = frozenset({Trouble.LOST, Trouble.MET})


class Writing(Protocol):
    """How one writer speaks with one kind of server."""

    async def connect(self) -> AsyncConnection:
        """A connection that commits by itself."""
        ...

    async def begin(self, connection: AsyncConnection) -> int:
        """A transaction is open, and we may write in it; gives its number."""
        ...

    async def commit(self, connection: AsyncConnection) -> None:
        """The transaction is on the disk."""
        ...

    async def rollback(self, connection: AsyncConnection) -> None:
        """Nothing of the transaction is stored. Raises nothing."""
        ...

    async def was_committed(self, connection: AsyncConnection, number: int) -> bool:
        """What became of a transaction whose COMMIT was not answered; waits until it is known.

        Raises what the server says where that takes too long; then it is asked again.
        """
        ...

    async def let_go(self, connection: AsyncConnection) -> None:
        """Close a connection that is not to be used again, whatever state it is in."""
        ...

    def meaning(self, error: Exception) -> Trouble:
        """What an error of any of these, or of a statement, means."""
        ...

    def told(self, error: Exception) -> Exception:
        """What whoever waits for the unit hears of it."""
        ...


class GroupCommit:
    """The writers of one database. Made inside the running event loop."""

    def __init__(self, name: str, *, urgent: Writing, others: Sequence[Writing]) -> None:
        self._urgent, self._others = Line(), Line()
        outage = Outage("database.away", "database.back", database=name)
        lines = [(self._urgent, urgent), *((self._others, writing) for writing in others)]
        self._writers = [
            asyncio.create_task(_Writer(writing, outage).run(line), name="database-writer")
            for line, writing in lines
        ]

    async def commit(self, unit: Unit, *, is_urgent: bool) -> list[Sequence[Any]]:
        """As the port Database says."""
        return await (self._urgent if is_urgent else self._others).join(unit)

    async def close(self) -> None:
        """Commit what waits, take nothing more, let go of the connections. Idempotent.

        What cannot be committed or looked up in time stays as it is, and nobody is told that it has
        failed: the next start finds what there is, as after a crash.
        """
        self._urgent.close()
        self._others.close()
        _, late = await asyncio.wait(self._writers, timeout=_LAST_SECONDS)
        if late:
            log.warning("database.closed_in_doubt", advice="Nothing that was accepted is lost.")
            for writer in late:
                writer.cancel()
            await asyncio.wait(late)


class _Attempt:
    """Units on their way to the disk, and what is known of the transaction they travel in.

    `number` is there from just before COMMIT is sent until it is answered.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units
        self.number: int | None = None
        self.results: Sequence[Result] = ()
        self.has_met = False
        """Whether another process was there at the same moment, once."""
        self.is_apart = False
        self._alone: tuple[Unit, _Attempt] | None = None
        self._is_doubted = False

    def alone(self, unit: Unit) -> "_Attempt":
        """The attempt at one of the units alone; the same one when it is begun again."""
        if self._alone is None or self._alone[0] is not unit:
            self._alone = (unit, _Attempt([unit]))
        return self._alone[1]

    @property
    def is_unanswered(self) -> bool:
        """Whether what became of a COMMIT has to be looked up, of all units or of one alone."""
        is_alone = self._alone is not None and self._alone[1].is_unanswered
        return self.number is not None or is_alone

    @property
    def stored(self) -> Sequence[Result]:
        """The results of the first of the units, where each travels alone."""
        return self.results if self.is_apart else ()

    def doubt(self, error: Exception) -> None:
        """It could not be looked up, and that may not pass by itself: an operator hears it once."""
        if not self._is_doubted:
            log.warning("database.commit_in_doubt", error=type(error).__name__)
        self._is_doubted = True


class _Writer:
    """Works off one line over one connection, and over a new one where that was lost."""

    def __init__(self, writing: Writing, outage: Outage) -> None:
        self._writing = writing
        self._outage = outage
        self._connection: AsyncConnection | None = None

    async def run(self, line: Line) -> None:
        """Write until the line is closed and empty."""
        try:
            while batch := await line.next():
                answer(batch, await self._until_told(batch))
        finally:
            await self._let_go()

    async def _until_told(self, batch: Sequence[Waiting]) -> Sequence[Result]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        attempt = _Attempt([unit for unit, _ in batch])
        while True:
            try:
                if self._connection is None:
                    self._connection = await self._writing.connect()
                return await self._commit_together(self._connection, attempt)
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
                await self._let_go()
                meaning = self._writing.meaning(error)
                # A commit that was not answered has to be looked up, however long that takes: what
                # is not known is never told as failed.
                if attempt.is_unanswered:
                    if meaning is not Trouble.LOST:
                        attempt.doubt(error)
                    elif loop.time() >= deadline:
                        self._told(error)
                elif meaning not in _PASSES or loop.time() >= deadline:
                    stored = attempt.stored
                    return [*stored, *[self._told(error)] * (len(batch) - len(stored))]
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._writing.let_go(connection)

    async def _commit_together(
        self, connection: AsyncConnection, attempt: _Attempt
    ) -> Sequence[Result]:
        """All units in one transaction, once more where it met another process's; when that fails,
        each in its own, to find the culprit.
        """
        if await self._is_done(connection, attempt):
            return attempt.results
        while not attempt.is_apart:
            try:
                return await self._transaction(connection, attempt)
            except Exception as error:
                meaning = self._writing.meaning(error)
                if meaning in _OF_ALL:
                    raise
                attempt.is_apart = attempt.has_met or meaning is not Trouble.MET
                attempt.has_met, attempt.results = True, ()
        return await self._commit_apart(connection, attempt)

    async def _commit_apart(
        self, connection: AsyncConnection, attempt: _Attempt
    ) -> Sequence[Result]:
        """Each unit in its own transaction; goes on behind those that have a result already."""
        while len(attempt.results) < len(attempt.units):
            unit = attempt.units[len(attempt.results)]
            result = await self._commit_alone(connection, attempt.alone(unit))
            attempt.results = [*attempt.results, result]
        return attempt.results

    async def _commit_alone(self, connection: AsyncConnection, attempt: _Attempt) -> Result:
        for left in reversed(range(_TRIES)):
            try:
                if await self._is_done(connection, attempt):
                    return attempt.results[0]
                return (await self._transaction(connection, attempt))[0]
            except Exception as error:
                meaning = self._writing.meaning(error)
                if meaning in _OF_ALL or attempt.is_unanswered:
                    raise
                if not left or meaning is not Trouble.MET:
                    return self._told(error)
        raise AssertionError

    async def _is_done(self, connection: AsyncConnection, attempt: _Attempt) -> bool:
        """Whether an earlier COMMIT, which was not answered, has stored it all."""
        if attempt.number is None:
            return False
        is_done = await self._writing.was_committed(connection, attempt.number)
        attempt.number = None
        return is_done

    async def _transaction(
        self, connection: AsyncConnection, attempt: _Attempt
    ) -> Sequence[Result]:
        try:
            number = await self._writing.begin(connection)
            results: Sequence[Result] = await connection.run_sync(run_merged, attempt.units)
            attempt.results, attempt.number = results, number
            await self._writing.commit(connection)
        except Exception as error:
            if not self._is_lost(error):
                attempt.number = None  # it was answered: nothing of it is stored
                await self._writing.rollback(connection)
            raise
        attempt.number = None
        self._outage.is_over()
        return results

    def _told(self, error: Exception) -> Exception:
        told, meaning = self._writing.told(error), self._writing.meaning(error)
        if meaning is Trouble.LOST:
            self._outage.lasts(str(told))
        elif meaning is Trouble.OWN and told is not error:  # who hears that waits, and is silent
            log.warning("database.denied", why=str(told))
        return told

    def _is_lost(self, error: Exception) -> bool:
        return self._writing.meaning(error) is Trouble.LOST
