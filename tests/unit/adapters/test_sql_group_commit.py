"""A database server that is away: who waits is answered, and the log says it once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from sendwell.adapters.sql import group_commit
from sendwell.adapters.sql.group_commit import GroupCommit, Trouble
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Unit, Write


class Connection:
    """Does on the loop's own thread what is to be written."""

    async def run_sync(
        self, work: Callable[[Any, Sequence[Unit]], Any], units: Sequence[Unit]
    ) -> Any:
        return work(None, units)


class Held(Exception):
    """Somebody else has it."""


class Away:
    """A server that nobody reaches until a test says so."""

    is_away = True
    is_gone_at_commit = False
    refusals: Sequence[Exception] = ()
    """What those who connect hear one after the other, once somebody is there."""

    async def connect(self) -> AsyncConnection:
        if self.is_away and not self.is_gone_at_commit:
            raise ConnectionRefusedError
        if self.refusals:
            first, *self.refusals = self.refusals
            raise first
        return cast("AsyncConnection", Connection())

    async def begin(self, _: AsyncConnection) -> int:
        return 1

    async def commit(self, _: AsyncConnection) -> None:
        if self.is_gone_at_commit:
            self.is_gone_at_commit = False
            raise ConnectionResetError

    async def rollback(self, _: AsyncConnection) -> None:
        pass

    async def was_committed(self, _: AsyncConnection, number: int) -> bool:
        return bool(number)

    async def let_go(self, _: AsyncConnection) -> None:
        pass

    def meaning(self, error: Exception) -> Trouble:
        if isinstance(error, Held):
            return Trouble.MET
        return Trouble.LOST if isinstance(error, OSError) else Trouble.OWN

    def told(self, error: Exception) -> Exception:
        if isinstance(error, Held):
            return Unavailable("Somebody else holds it.")
        return Unavailable("Nobody is there.") if isinstance(error, OSError) else error


def hold(_: Any, items: Sequence[int]) -> Sequence[None]:
    raise Held


async def test_it_is_told_when_it_begins_and_when_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group_commit, "_PATIENCE_SECONDS", 0.05)
    writing = Away()
    written: list[int] = []

    def note(_: Any, items: Sequence[int]) -> Sequence[None]:
        written.extend(items)
        return [None] * len(items)

    with capture_logs() as lines:
        commits = GroupCommit("sendwell", urgent=writing, others=[writing])
        for number in range(3):
            with pytest.raises(Unavailable):
                await commits.commit([Write(note, [number])], is_urgent=number == 0)
        writing.is_away = False
        async with asyncio.timeout(10):
            await commits.commit([Write(note, [3])], is_urgent=False)
            await commits.commit([Write(note, [4])], is_urgent=True)
        await commits.close()

    assert written == [3, 4]
    about = {"database": "sendwell"}
    assert lines == [
        {"event": "database.away", "log_level": "warning", "why": "Nobody is there.", **about},
        {"event": "database.back", "log_level": "info", **about},
    ]


async def test_it_is_told_also_when_it_went_in_the_middle_of_a_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group_commit, "_PATIENCE_SECONDS", 0.05)
    writing = Away()
    writing.is_gone_at_commit = True

    def note(_: Any, items: Sequence[int]) -> Sequence[None]:
        return [None] * len(items)

    with capture_logs() as lines:
        commits = GroupCommit("sendwell", urgent=writing, others=[writing])
        stored = asyncio.ensure_future(commits.commit([Write(note, [1])], is_urgent=False))
        async with asyncio.timeout(10):
            while not lines:
                await asyncio.sleep(0.01)
            writing.is_away = False
            await stored
            await commits.commit([Write(note, [2])], is_urgent=False)
        await commits.close()

    assert [line["event"] for line in lines] == ["database.away", "database.back"]


async def test_what_somebody_else_holds_to_the_last_try_is_told_as_such() -> None:
    writing = Away()
    writing.is_away = False

    with capture_logs() as lines:
        commits = GroupCommit("sendwell", urgent=writing, others=[writing])
        with pytest.raises(Unavailable, match="Somebody else holds it"):
            await commits.commit([Write(hold, [1])], is_urgent=False)
        await commits.close()

    assert lines == []


async def test_a_connection_that_meets_another_process_is_tried_again() -> None:
    writing = Away()
    writing.is_away, writing.refusals = False, [Held(), Held()]

    commits = GroupCommit("sendwell", urgent=writing, others=[writing])
    async with asyncio.timeout(10):
        ((result,),) = await commits.commit([Write(lambda _, __: [7], [1])], is_urgent=False)
    await commits.close()

    assert result == 7


async def test_what_was_stored_before_the_server_went_away_is_not_told_as_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group_commit, "_PATIENCE_SECONDS", 0.05)
    writing = Away()
    writing.is_away = False
    meets = [Held(), Held()]  # both times that they are written together

    def meet_and_lose(_: Any, __: Sequence[int]) -> Sequence[None]:
        raise meets.pop() if meets else ConnectionResetError

    commits = GroupCommit("sendwell", urgent=writing, others=[writing])
    async with asyncio.timeout(10):
        results = await asyncio.gather(
            commits.commit([Write(lambda _, __: [7], [1])], is_urgent=False),
            commits.commit([Write(meet_and_lose, [2])], is_urgent=False),
            return_exceptions=True,
        )
    await commits.close()

    assert results[0] == [[7]]
    assert isinstance(results[1], Unavailable)


async def test_who_met_another_process_is_written_together_once_more() -> None:
    writing = Away()
    writing.is_away = False
    meets = [Held()]
    together: list[int] = []

    def note(_: Any, items: Sequence[int]) -> Sequence[None]:
        if meets:
            raise meets.pop()
        together.append(len(items))
        return [None] * len(items)

    commits = GroupCommit("sendwell", urgent=writing, others=[writing])
    async with asyncio.timeout(10):
        await asyncio.gather(
            *(commits.commit([Write(note, [number])], is_urgent=False) for number in range(3))
        )
    await commits.close()

    assert together == [3]
