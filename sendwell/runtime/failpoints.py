"""Places where a test lets the process die, to show that nothing is lost there.

Off unless SENDWELL_FAILPOINT names one: `claim.after` dies at its first passing, `claim.after:3`
at its third. Dying is SIGKILL: nothing gets to clean up, as in a power cut.
"""

import os
import signal
from typing import Literal, get_args

from sendwell.domain.errors import Invalid

Failpoint = Literal[
    "accept.before", "accept.after", "plan.before", "plan.after", "claim.before", "claim.after",
    "send.before", "send.after", "settle.before", "settle.after", "receipt.before", "receipt.after",
    "erase.after",
]  # fmt: skip
NAMES: tuple[Failpoint, ...] = get_args(Failpoint)

_name = ""
_left = 1


def arm(which: str) -> None:
    """From now on this one kills, if any, as SENDWELL_FAILPOINT says it. Raises Invalid where there
    is no such place.
    """
    global _name, _left
    name, _, count = which.partition(":")
    if name and name not in NAMES:
        raise Invalid(f"SENDWELL_FAILPOINT names {name!r}; there are {', '.join(NAMES)}.")
    _name, _left = name, int(count or 1)


def failpoint(name: Failpoint) -> None:
    """Die here, if it is this one's turn."""
    global _left  # noqa: PLW0603 - a process dies once
    if name != _name:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
