"""Holds what only one process of a machine may have."""

import fcntl
from pathlib import Path
from typing import IO

from sendwell.domain.errors import Conflict, Unavailable


def hold(lock: Path, *, refusal: str) -> IO[str]:
    """It is ours until what is given here is closed, or we die.

    Raises Conflict with `refusal` while another process has it, and Unavailable when the file
    cannot be made.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    except OSError as error:
        raise Unavailable(f"{lock} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise Conflict(refusal) from error
    return file
