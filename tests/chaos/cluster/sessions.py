"""What the database says of a process: its sessions, its lease, and what it had in hand.

The one place where the harness looks inside: only the rows say which sends were in flight.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tests.chaos.cluster.servers import Servers
from tests.chaos.evidence import InFlight

_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.05


class Sessions:
    """Asks as superuser, whose few connections nobody else can use up."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def ended(self, user: str) -> None:
        """Wait until the server has noticed that this process is dead: nothing of it commits."""
        await self._until_none(_SESSIONS.format(user=user))

    async def quiet(self, user: str) -> None:
        """Wait until whatever this process had asked for is done, or waits for the process."""
        await self._until_none(_ACTIVE.format(user=user))

    async def in_hand(self, process: int) -> frozenset[InFlight]:
        """The attempts that it has claimed and not settled, by the lease that it holds."""
        rows = await self._rows(_IN_HAND.format(process=process))
        return frozenset(InFlight(id_, part, int(attempt)) for id_, part, attempt in rows)

    async def has_lease(self, process: int) -> bool:
        """Whether it is a member whom nobody will take for dead now."""
        return bool(await self._rows(_LEASE.format(process=process)))

    async def terminate(self) -> None:
        """End all sessions of the processes."""
        await self._rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'member%'"
        )

    async def left_over(self) -> str:
        """What should not be there when all has come to rest; "ok" when nothing is."""
        found = []
        for what, statement in _LEFT_OVERS.items():
            if rows := await self._rows(statement):
                found.append(f"{what}: {rows[:5]}")
        return "; ".join(found) or "ok"

    async def _until_none(self, question: str) -> None:
        async def is_none() -> bool:
            return not await self._rows(question)

        await until(is_none, _SECONDS)

    async def _rows(self, statement: str) -> list[list[str]]:
        answer = await asyncio.to_thread(self._servers.sql, statement)
        return [line.split("|") for line in answer.splitlines()]


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Ask again and again: another process wakes nobody here. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await is_so():
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


_SESSIONS = "SELECT 1 FROM pg_stat_activity WHERE usename='{user}'"
_ACTIVE = (
    f"{_SESSIONS} AND state='active' AND coalesce(wait_event_type,'') NOT IN ('Client','Lock')"
)
_LEASE = "SELECT node FROM lease WHERE until>now() AND holder LIKE '% {process}'"
_IN_HAND = """
    SELECT requested.id, work.part, work.attempt
    FROM work JOIN requested USING (position) JOIN lease USING (node)
    WHERE work.state='PROCESSING' AND lease.holder LIKE '% {process}'"""
_LEFT_OVERS = {
    "open work": "SELECT position, part, state, node FROM work",
    "letters that no broker has confirmed": "SELECT number, node FROM outbox",
    "in quarantine": "SELECT stream, reason, text, place FROM quarantine",
}
