"""Through which provider account a delivery goes, and through which then."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import ProviderName

_LEG = re.compile(r"(?P<provider>[a-z][a-z0-9_]{0,63})(?::(?P<weight>[0-9]{1,6}))?")
_ACCOUNT = "__"


@dataclass(frozen=True, slots=True)
class Leg:
    """One provider account of a route, named `vendor` or `vendor__account`."""

    provider: ProviderName
    weight: int = 0
    """Its share of what is sent; 0: only stands in for the others."""

    @property
    def vendor(self) -> str:
        """Whose integration it is."""
        return self.provider.partition(_ACCOUNT)[0]

    @property
    def account(self) -> str | None:
        """Which of several accounts at that vendor, if it is named."""
        return self.provider.partition(_ACCOUNT)[2] or None


@dataclass(frozen=True, slots=True)
class Route:
    """The accounts of a channel. Without weights the order alone decides."""

    legs: tuple[Leg, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """`smtp,sendgrid` in this order, or by share: `smtp:3,sendgrid:1`.

        With shares, an account that has none only stands in. Raises Invalid for an empty route,
        a name that is none, or one named twice.
        """
        legs = tuple(_leg(part.strip().lower()) for part in text.split(","))
        if len({leg.provider for leg in legs}) < len(legs):
            raise _wrong(f"A provider stands twice in {text!r}.")
        return cls(legs)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        return ",".join(
            f"{leg.provider}:{leg.weight}" if leg.weight else leg.provider for leg in self.legs
        )


def order(
    route: Route, *, chance: float, unavailable: Collection[str] = frozenset()
) -> tuple[ProviderName, ...]:
    """The accounts to try, the best first; empty when none is left.

    `chance` in [0, 1) picks the first one by weight, the others follow in the route's order.
    Those `unavailable` (breaker open, tried already) are left out, and the shares of what is left
    decide among them.
    """
    legs = [leg for leg in route.legs if leg.provider not in unavailable]
    first = _pick(legs, chance)
    rest = (leg for leg in legs if leg is not first)
    return tuple(leg.provider for leg in (first, *rest) if leg is not None)


def _pick(legs: Sequence[Leg], chance: float) -> Leg | None:
    sums = list(accumulate(leg.weight for leg in legs))
    if not sums or not sums[-1]:
        return legs[0] if legs else None
    drawn = chance * sums[-1]
    return next(leg for leg, upto in zip(legs, sums, strict=True) if drawn < upto)


def _leg(text: str) -> Leg:
    found = _LEG.fullmatch(text)
    if found is None or text.endswith(_ACCOUNT):
        raise _wrong(f"{text!r} is not a provider's name. Write a route as smtp,sendgrid:2.")
    return Leg(ProviderName(found["provider"]), int(found["weight"] or 0))


def _wrong(why: str) -> Invalid:
    return Invalid(why, flaws=(Flaw("", why),))
