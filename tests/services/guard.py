"""Clears up after tests, also after killed ones: ends their servers, removes their folder.

Runs as a process of its own. Its standard input stays open for as long as the tests live, so that
even their SIGKILL is noticed; on each line they say which process they started (`7`) or saw end
(`-7`). It imports nothing but the standard library, so that it is there at once.
"""

import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

SOON = 30.0
PATIENCE = 5.0
"""How long a server may take to stop in good order when nobody waits for its data."""


def guard(folder: Path) -> None:
    """Keep watch until the tests are over or dead, then leave nothing behind."""
    running: set[int] = set()
    for line in sys.stdin:
        pid = int(line)
        if pid > 0:
            running.add(pid)
        else:
            running.discard(-pid)
    end(running)
    shutil.rmtree(folder, ignore_errors=True)


def end(pids: Collection[int]) -> None:
    """The processes have ended: by themselves, so that they put away what they share, or killed."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    for pid in pids:
        if not wait(pid, max(0, deadline - time.monotonic())):
            kill(pid)


def kill(pid: int) -> None:
    """Neither the process nor any below it runs any more: SIGKILL, for all at once.

    Each is halted before its children are looked up: what a server starts in answer to the death
    of a child would be missed.
    """
    family: set[int] = set()
    found = {pid}
    while found:
        for member in found:
            _halt(member)
        family |= found
        found = _children(family) - family
    for member in family:
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    for member in family:
        wait(member, SOON)


def wait(pid: int, seconds: float) -> bool:
    """Whether the process has ended within that time; it may be anybody's child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ends = select.poll()  # unlike select(), whatever the handle's number
        ends.register(handle, select.POLLIN)
        return bool(ends.poll(seconds * 1_000))
    finally:
        os.close(handle)


def _halt(pid: int) -> None:
    """It may still finish the system call that it is in, and that may be a fork."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 1
    while (status := _status(pid)) and status[0] not in "TtZX" and time.monotonic() < deadline:
        time.sleep(0.001)


def _children(parents: Collection[int]) -> set[int]:
    everybody = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())
    return {each for each in everybody if (status := _status(each)) and status[1] in parents}


def _status(pid: int) -> tuple[str, int] | None:
    """What the process is doing (a letter) and who its parent is; None once it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
