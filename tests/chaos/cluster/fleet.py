"""Several identical processes on one database, and what the harness does to one of them."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import httpx2

from tests.acceptance.product import Product
from tests.chaos.cluster.servers import LEASE_SECONDS, Servers
from tests.chaos.cluster.sessions import Sessions, until
from tests.chaos.cluster.words import complaints
from tests.chaos.evidence import InFlight
from tests.chaos.nemesis import DiedByItselfError

LOST_LEASE = 75
CRASHED = -signal.SIGSEGV
_PAST_THE_LEASE = (1.5, 3.0)
_ON_ITS_WAY_SECONDS = 1.0
"""A commit that a paused process has just sent may lie in its socket for so long on a busy machine;
nobody takes over as early as that."""
_TO_NOTICE_SECONDS = 15.0
_WHOLE_SECONDS = 90.0


class Member:
    """One process, in whichever of its lives."""

    def __init__(self, user: str, data: Path, environment: Mapping[str, str]) -> None:
        self.user = user
        self._data = data
        self._environment = environment
        self._tree: Path | None = None
        self.product = self._made()

    def use(self, tree: Path | None) -> None:
        """From its next start on it runs the version in that folder; None: the one under test."""
        self._tree = tree

    async def start(self) -> None:
        """When this returns it is ready. Raises DiedByItselfError."""
        self.product = self._made()
        try:
            await self.product.start()
        except AssertionError as error:
            raise DiedByItselfError(f"{self.user}: {error}") from error

    @property
    def is_previous(self) -> bool:
        """Whether it runs another version than the one under test, or will."""
        return self._tree is not None

    @property
    def is_running(self) -> bool:
        """Also where it is taken for down, as one is that was paused and does not end."""
        process = getattr(self.product, "process", None)
        return process is not None and process.returncode is None

    @property
    def pid(self) -> int:
        return self.product.process.pid

    def write_last_words(self) -> None:
        """What it has logged is kept beside its data, all its lives in one file."""
        with self._data.with_name(f"{self.user}.log").open("ab") as log:
            log.write(self.product.errors)

    def _made(self) -> Product:
        other = {} if self._tree is None else _found_in(self._tree)
        return Product(self._data, "--no-sample", environment={**self._environment, **other})


class Fleet:
    """The processes. `in_flight` are the sends that kills have caught, `exposed` those that pauses
    have; `complaints` is what the processes logged that they never should.

    A process that was ended by signal 11 counts as killed once more, in `crashes`, and is started
    again as soon as it is missed: in the next fault of its own, or when all is to be whole again.
    """

    def __init__(self, members: Sequence[Member], servers: Servers, chance: Random) -> None:
        self.members = members
        self.in_flight: frozenset[InFlight] = frozenset()
        self.exposed: frozenset[InFlight] = frozenset()
        self.exit_codes: list[int] = []
        self.crashes = 0
        self.sessions = Sessions(servers)
        self._complaints: list[str] = []
        self._down: set[Member] = set(members)
        self._chance = chance

    @property
    def up(self) -> list[Member]:
        """Those that are there to be asked."""
        return [member for member in self.members if member not in self._down]

    @property
    def complaints(self) -> list[str]:
        """Of all lives."""
        return self._complaints + [
            line for member in self.up for line in complaints(member.product)
        ]

    async def start(self, member: Member) -> None:
        """It is there again. Raises DiedByItselfError."""
        await member.start()
        self._down.discard(member)

    async def kill(self, member: Member) -> None:
        """SIGKILL; what it had in hand is known when this returns."""
        await self._alive(member)
        self._down.add(member)
        await member.product.kill()
        await self._look_at_wreck(member)

    async def stop(self, member: Member) -> None:
        """SIGTERM; it finishes what it has in hand."""
        await self._alive(member)
        self._down.add(member)
        if (code := await member.product.stop()) == CRASHED:
            self.crashes += 1
            await self._look_at_wreck(member)
            return
        self.exit_codes.append(code)
        self._bury(member)

    async def pause(self, member: Member) -> None:
        """SIGSTOP for so long that others take over, then SIGCONT: it has to end by itself."""
        process = await self._alive(member)
        self._down.add(member)
        member.product.process.send_signal(signal.SIGSTOP)
        try:
            for seconds in (0, _ON_ITS_WAY_SECONDS):
                await asyncio.sleep(seconds)
                await self.sessions.quiet(member.user)
                self.exposed |= await self.sessions.in_hand(process)
            await asyncio.sleep(LEASE_SECONDS + self._chance.uniform(*_PAST_THE_LEASE))
        finally:
            member.product.process.send_signal(signal.SIGCONT)
        try:
            code = await member.product.gone(seconds=_TO_NOTICE_SECONDS)
        except TimeoutError as error:
            raise DiedByItselfError(f"{member.user} lost its lease and does not end") from error
        if code != LOST_LEASE:
            raise DiedByItselfError(f"{member.user} lost its lease and ended with {code}")
        self._bury(member)

    async def whole(self) -> None:
        """Wait until every process answers and has its lease. Raises DiedByItselfError."""
        try:
            for member in self.members:
                await until(lambda member=member: self._is_whole(member), _WHOLE_SECONDS)  # type: ignore[misc]
        except TimeoutError as error:
            raise DiedByItselfError(f"{member.user} does not come back to life") from error

    async def end(self) -> None:
        """Nothing runs any more, whatever happened; what the last lives have said is on file."""
        for member in self.members:
            if is_running := member.is_running:
                await member.product.kill()
            if is_running or member in self.up:
                member.write_last_words()

    async def _is_whole(self, member: Member) -> bool:
        process = await self._alive(member)
        try:
            answer = await member.product.client.get("/api/v1/ledger", timeout=5)
        except httpx2.TransportError:  # it may have much to catch up with
            return False
        return answer.is_success and await self.sessions.has_lease(process)

    async def _alive(self, member: Member) -> int:
        """Its process, another one if it has crashed. Raises DiedByItselfError for other ends."""
        code = member.product.process.returncode
        if code == CRASHED:
            self.crashes += 1
            self._down.add(member)
            await member.product.gone()
            await self._look_at_wreck(member)
            await self.start(member)
        elif code is not None:
            words = member.product.errors.decode()[-4000:]
            raise DiedByItselfError(f"{member.user} ended with {code}: {words}")
        return member.pid

    async def _look_at_wreck(self, member: Member) -> None:
        """It died in the middle of whatever it had in hand."""
        self._bury(member)
        await self.sessions.ended(member.user)
        self.in_flight |= await self.sessions.in_hand(member.pid)

    def _bury(self, member: Member) -> None:
        self._complaints += complaints(member.product)
        member.write_last_words()


def _found_in(tree: Path) -> dict[str, str]:
    """What makes Python find the product there and not in the folder that it is started in."""
    return {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
