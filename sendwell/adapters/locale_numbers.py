"""Writes numbers as Babel does in a locale, without asking Babel each time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Reference = Callable[[Decimal], str]
Writer = Callable[[str], str]
"""Takes a number as it is written in JSON. Raises ValueError for anything else."""

_TOO_BIG = Decimal(10) ** 15
_LONGEST = 100
_LONGEST_FLOAT = 24
_MOST_DECIMALS = 10
_SAMPLE = Decimal(987654321)
_FRACTION = Decimal("0.123456789")
_SEEN = re.compile(r"(?P<before>\D*)(?P<digits>\d.*\d)(?P<after>\D*)", re.DOTALL)
_INDIAN_COMMA = re.compile(r"(?<=\d)(?=(?:\d\d)+\d$)")
_NEVER = re.compile(r"(?!)")
_PROBES = tuple(
    sign + text
    for sign in ("", "-")
    for text in (
        "0", "0.0", "0.004", "0.005", "0.015", "0.5", "0.995", "1", "1.5", "7.10", "12.345678",
        "999.995", "1000", "1234.5", "9999.99", "10000", "99999.999", "100000", "1234567.891",
        "123456789012345.6", "0.0000001",
    )
)  # fmt: skip


def number_writer(reference: Reference, *, scale: int = 0, drops_zeros: bool = False) -> Writer:
    """A writer that gives what `reference` gives, but for numbers from 10^15, which it refuses.

    `scale`: how many places the point is moved (2 for percent); `drops_zeros`: decimals that are
    zero are left out. Where a locale writes anything that a sample does not show, the writer asks
    the reference each time.
    """
    shape = _shape(reference, scale=scale, drops_zeros=drops_zeros)
    if shape is None or any(shape.write(probe) != reference(Decimal(probe)) for probe in _PROBES):
        return lambda text: reference(_exactly(text))
    return shape.write


@dataclass(frozen=True, slots=True)
class _Shape:
    """What stands around the digits, what between them, and how many follow the point."""

    usual: re.Pattern[str]
    """Most numbers: small, not negative, with nothing to be rounded."""
    before: str
    after: str
    before_negative: str
    after_negative: str
    group: str
    point: str
    decimals: int
    is_indian: bool
    """Digits stand in groups of two beyond the thousand: 12,34,567."""
    scale: int
    drops_zeros: bool

    def write(self, text: str) -> str:
        found = self.usual.fullmatch(text)
        if found is None:
            return self._write_exactly(_exactly(text))
        whole, fraction = found.groups("")
        if not self.drops_zeros:
            padded = fraction.ljust(self.decimals, "0")
            return f"{self.before}{whole}{self.point}{padded}{self.after}"
        fraction = fraction.rstrip("0")
        return f"{self.before}{whole}{self.point if fraction else ''}{fraction}{self.after}"

    def _write_exactly(self, value: Decimal) -> str:
        digits = format(value.scaleb(self.scale), f",.{self.decimals}f")
        if digits[0] == "-":
            return f"{self.before_negative}{self._marked(digits[1:])}{self.after_negative}"
        return f"{self.before}{self._marked(digits)}{self.after}"

    def _marked(self, digits: str) -> str:
        """The digits with the locale's marks in place of `,` and `.`."""
        if self.drops_zeros:
            digits = digits.rstrip("0").rstrip(".")
        if self.is_indian:
            digits = _in_indian_groups(digits)
        return digits.replace(".", "\0").replace(",", self.group).replace("\0", self.point)


def _exactly(text: str) -> Decimal:
    """The number as written: 0.1 is 0.1, not its binary neighbour."""
    if len(text) > _LONGEST:
        raise ValueError("too long for a number")
    try:
        value = Decimal(text)
        is_small = -_TOO_BIG < value < _TOO_BIG
    except InvalidOperation:  # no number; or NaN, which can't be compared
        raise ValueError("not a number") from None
    if not is_small:
        raise ValueError("too big")
    # More digits than a float has: as many as Babel could still round.
    return value if len(text) <= _LONGEST_FLOAT else round(value, _MOST_DECIMALS)


def _in_indian_groups(digits: str) -> str:
    whole, point, fraction = digits.replace(",", "").partition(".")
    return f"{_INDIAN_COMMA.sub(',', whole)}{point}{fraction}"


def _shape(reference: Reference, *, scale: int, drops_zeros: bool) -> _Shape | None:
    """What a sample of it shows."""
    sample = (_SAMPLE + (_FRACTION if drops_zeros else 0)).scaleb(-scale)
    plus, minus = _SEEN.fullmatch(reference(sample)), _SEEN.fullmatch(reference(-sample))
    if plus is None or minus is None:
        return None
    groups, marks = re.split(r"\D+", plus["digits"]), re.findall(r"\D+", plus["digits"])
    decimals = sum(map(len, groups)) - len(str(_SAMPLE))
    return _Shape(
        usual=_usual(decimals) if scale == 0 else _NEVER,
        before=plus["before"],
        after=plus["after"],
        before_negative=minus["before"],
        after_negative=minus["after"],
        group=marks[0] if marks else "",
        point=marks[-1] if marks and decimals else "",
        decimals=decimals,
        is_indian=groups[:2] == ["98", "76"],
        scale=scale,
        drops_zeros=drops_zeros and decimals > 0,
    )


def _usual(decimals: int) -> re.Pattern[str]:
    fraction = rf"\.([0-9]{{1,{decimals}}})" if decimals else "()"
    return re.compile(rf"(0|[1-9][0-9]{{0,2}})(?:{fraction})?")
