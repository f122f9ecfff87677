"""What a process may log as an error while something that it needs is away, and what never."""

import re
from collections.abc import Iterator

import msgspec

from tests.acceptance.product import Product

_AWAY = re.compile(r"sendwell\.domain\.errors\.Unavailable: [^\n]*\s*$")
"""How the trace of an error ends that an outage explains."""
_WARNING = "WARNING:"
_ERRORS = ("ERROR:", "CRITICAL:")
_TROUBLE = re.compile(r"^(?:ERROR|CRITICAL):|^Traceback|^[\w.]*Error\b")
_EXPECTED = frozenset({"cluster.lease_lost", "consumer.silent"})


def complaints(product: Product) -> list[str]:
    """The errors that nothing explains that was done to it."""
    return list(_unexplained(product.errors.decode()))


def _unexplained(words: str) -> Iterator[str]:
    is_warning = False
    for line in words.splitlines():
        try:
            found = msgspec.json.decode(line)
        except msgspec.DecodeError:  # a library's own words, or a trace below them
            is_warning = not line.startswith(_ERRORS) and (is_warning or line.startswith(_WARNING))
            if not is_warning and _TROUBLE.search(line):
                yield line
            continue
        is_warning = False
        is_error = found.get("level") in {"error", "critical"}
        is_expected = found.get("event") in _EXPECTED or _AWAY.search(found.get("exception", ""))
        if is_error and not is_expected:
            yield line
