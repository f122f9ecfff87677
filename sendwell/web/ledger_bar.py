"""The ledger as a bar: a piece for each number, as wide as its share."""

from collections.abc import Mapping
from dataclasses import dataclass

COLUMNS = ("delivered", "sent", "pending", "failed", "suppressed", "expired", "cancelled")
WIDTH = 1000
_NARROWEST = 6
"""What is rare must still be seen."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the bar, `WIDTH` units wide in all."""

    name: str
    count: int
    x: float
    width: float


def bar_of(ledger: Mapping[str, int]) -> list[Piece]:
    """The pieces from left to right, without those that are zero; gaps are the drawing's."""
    counts = {name: ledger.get(name, 0) for name in COLUMNS if ledger.get(name, 0) > 0}
    total = sum(counts.values())
    shares = {name: max(_NARROWEST, WIDTH * n / total) for name, n in counts.items()}
    scale = WIDTH / sum(shares.values()) if shares else 0
    pieces, x = [], 0.0
    for name, count in counts.items():
        width = shares[name] * scale
        pieces.append(Piece(name, count, round(x, 2), round(width, 2)))
        x += width
    return pieces
