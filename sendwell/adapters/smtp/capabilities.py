"""What a relay offers in its answer to EHLO."""

from dataclasses import dataclass
from typing import Self

from sendwell.adapters.smtp.wire import Reply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The extensions this client makes use of."""

    is_pipelining: bool = False
    """RFC 2920: several commands may go out before their answers come in."""
    is_starttls: bool = False
    """RFC 3207."""
    mechanisms: frozenset[str] = frozenset()
    """RFC 4954: how one may authenticate."""
    is_sized: bool = False
    """RFC 1870: MAIL may announce the size."""
    size_limit: int = 0
    """The largest message in bytes; 0: no limit is told."""

    @classmethod
    def parse(cls, reply: Reply) -> Self:
        """The capabilities in an EHLO reply; unknown and malformed lines are skipped."""
        _greeting, *lines = reply.text.decode("ascii", "replace").upper().split("\n")
        offered = {words[0]: words[1:] for line in lines if (words := line.split())}
        size = offered.get("SIZE", [])
        return cls(
            is_pipelining="PIPELINING" in offered,
            is_starttls="STARTTLS" in offered,
            mechanisms=frozenset(offered.get("AUTH", ())),
            is_sized="SIZE" in offered,
            size_limit=int(size[0]) if size and size[0].isdecimal() else 0,
        )
