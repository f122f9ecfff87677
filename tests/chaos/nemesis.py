"""Who kills the product, and has it back at once."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.acceptance.product import Product
from tests.chaos import wreck
from tests.chaos.clock import now
from tests.chaos.evidence import InFlight

_ERROR = re.compile(r'"level":"(?:error|critical)"|Traceback')
_SOONEST, _LATEST = 0.2, 2.5
_LATEST_WHILE_STARTING = 1.2
_PROVOKED, _LATEST_PROVOKED = 0.5, 0.06
_WHILE_STARTING = 0.1
"""In how many of the cycles it strikes again while the product recovers."""


@dataclass(frozen=True, slots=True)
class Life:
    """One run of the product: when it was started, and when it was ready."""

    began: int
    ready: int


class DiedByItselfError(Exception):
    """The product ended though nobody killed it."""


class Nemesis:
    """Kills with SIGKILL, at random times, and starts again at once on the same data.

    `in_flight` are the sends that any kill has caught, `complaints` what the dead had logged as
    errors.
    """

    def __init__(self, product: Product, data: Path, chance: Random) -> None:
        self.kills = 0
        self.in_flight: frozenset[InFlight] = frozenset()
        self.lives: list[Life] = []
        self.complaints: list[str] = []
        self._product = product
        self._data = data
        self._chance = chance

    async def start(self) -> None:
        """Start it and leave it alone until it is ready. Raises DiedByItselfError."""
        began = now()
        try:
            await self._product.start()
        except AssertionError as error:
            raise DiedByItselfError(str(error)) from error
        self.lives.append(Life(began, now()))

    async def strike(self, provoke: Callable[[], None]) -> None:
        """Kill it some time from now, in half of the cases in the middle of what `provoke` starts.

        Raises DiedByItselfError when it is dead already.
        """
        # Chance decides when, not anything that the product does: so this is a sleep.
        await asyncio.sleep(self._chance.uniform(_SOONEST, _LATEST))
        if self._chance.random() < _PROVOKED:
            provoke()
            await asyncio.sleep(self._chance.uniform(0, _LATEST_PROVOKED))
        if (code := self._product.process.returncode) is not None:
            await self._product.gone()
            raise DiedByItselfError(f"It ended with {code}: {self._product.errors.decode()}")
        await self._product.kill()
        self._look_at_wreck()

    async def revive(self) -> None:
        """Start it again, now and then only after another kill while it recovered."""
        if self._chance.random() < _WHILE_STARTING:
            await self._strike_while_starting()
        await self.start()

    async def _strike_while_starting(self) -> None:
        starting = asyncio.create_task(self.start())
        after = self._chance.uniform(_SOONEST, _LATEST_WHILE_STARTING)
        await asyncio.wait([starting], timeout=after)
        if starting.done():
            await starting
            await self._product.kill()
        else:
            self._product.process.kill()
            with suppress(DiedByItselfError):  # that was us
                await starting
            await self._product.process.wait()
        self._look_at_wreck()

    def _look_at_wreck(self) -> None:
        self.kills += 1
        self.in_flight |= wreck.in_flight(self._data)
        self.complaints += complaints(self._product)


def complaints(product: Product) -> list[str]:
    """What it has logged as errors in its last life."""
    return [line for line in product.errors.decode().splitlines() if _ERROR.search(line)]
