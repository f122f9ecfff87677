"""What a measure yields, and how the rounds of a run become one row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median


class Who(StrEnum):
    """Whose figure it is."""

    PRODUCT = "product"
    FLOOR = "floor"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of one round. `what` says in a few words what ran, if not the product."""

    case: str
    who: Who
    value: float
    unit: str
    what: str = ""


@dataclass(slots=True)
class Figure:
    """The same figure over all rounds."""

    unit: str
    what: str
    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.rounds)


Row = dict[Who, Figure]


def rows(samples: Iterable[Sample]) -> dict[str, Row]:
    """The samples by case, in the order in which cases first came up."""
    cases: dict[str, Row] = {}
    for sample in samples:
        row = cases.setdefault(sample.case, {})
        row.setdefault(sample.who, Figure(sample.unit, sample.what)).rounds.append(sample.value)
    return cases


def ratio(row: Row, other: Who) -> float | None:
    """The product's median divided by the other's."""
    if Who.PRODUCT not in row or other not in row or row[other].median == 0:
        return None
    return row[Who.PRODUCT].median / row[other].median


def as_json(cases: dict[str, Row]) -> list[dict[str, object]]:
    """The rows as plain values: medians, every round, ratios."""
    return [
        {
            "case": case,
            **{
                who.value: {
                    "median": round(figure.median, 3),
                    "unit": figure.unit,
                    "rounds": [round(value, 3) for value in figure.rounds],
                    "what": figure.what,
                }
                for who, figure in row.items()
            },
            "ratio_to_floor": ratio(row, Who.FLOOR),
            "ratio_to_peer": ratio(row, Who.PEER),
        }
        for case, row in cases.items()
    ]


def as_table(cases: dict[str, Row]) -> str:
    """The rows for people: figure, limit, peer, and how often one goes into the other."""
    lines = [("", "unit", "product", "floor", "product/floor", "peer", "product/peer")]
    for case, row in cases.items():
        unit = next(iter(row.values())).unit
        lines.append(
            (
                case, unit, _figure(row, Who.PRODUCT), _figure(row, Who.FLOOR),
                _ratio(row, Who.FLOOR), _figure(row, Who.PEER), _ratio(row, Who.PEER),
            )
        )  # fmt: skip
    return "\n".join([*_aligned(lines), "", *_notes(cases)])


def _figure(row: Row, who: Who) -> str:
    if who not in row:
        return "-"
    value = row[who].median
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def _ratio(row: Row, other: Who) -> str:
    found = ratio(row, other)
    if found is None:
        return "-"
    return f"{found:.1f}x" if found >= 10 else f"{found:.2f}x"


def _aligned(lines: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def _notes(cases: dict[str, Row]) -> list[str]:
    notes = {
        f"{who.value}: {row[who].what}": None
        for row in cases.values()
        for who in (Who.FLOOR, Who.PEER)
        if who in row and row[who].what
    }
    return list(notes)
