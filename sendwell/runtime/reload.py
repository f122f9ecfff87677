"""Takes over what has changed in the configuration while the process runs: all of it, or nothing.

Files are looked at every two seconds instead of being watched. A watcher would be a compiled
package more (watchfiles) or code for one kernel only, and whoever watches a file does not hear of
a secret or ConfigMap that Kubernetes swaps by a link to another folder, nor of a change on a
network drive. To ask for the time and size of a file costs 2 microseconds (measured; in a thread,
for a network drive may hang). Without files nothing is looked at.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from sendwell.domain.errors import SendwellError
from sendwell.runtime.waiting import wait_at_most

log = structlog.get_logger()
T = TypeVar("T")

Changes = Mapping[str, tuple[str, str]]
"""By name: what it was and what it is now, fit to be logged."""

Look = Sequence[tuple[int, int, int] | None]
"""How some files were: each one's time, size and number; None for one that is not there."""

_EVERY_SECONDS = 2.0


class Reloader(Generic[T]):
    """Keeps one configuration in force.

    - `read` builds a new one and checks it; `compare` says what is different, and refuses what
      cannot be changed at run time. Both raise SendwellError, whose sentence is logged.
    - `swap(old, new)` puts the new one in force at once. It does not wait, so nobody sees half of
      it; what it can still refuse, it refuses by SendwellError before it has changed anything.
    - `files` are those that a configuration was read from.

    Whatever is refused, the old one stays in force.
    """

    def __init__(
        self,
        current: T,
        *,
        read: Callable[[], T],
        compare: Callable[[T, T], Changes],
        swap: Callable[[T, T], None],
        files: Callable[[T], Iterable[Path]],
        every_seconds: float = _EVERY_SECONDS,
    ) -> None:
        self.current = current
        self._read = read
        self._compare = compare
        self._swap = swap
        self._files = files
        self._every = every_seconds
        self._asked = asyncio.Event()
        self._turn = asyncio.Lock()

    def ask(self) -> None:
        """Reload soon; what SIGHUP calls."""
        self._asked.set()

    async def run(self) -> None:
        """Reload when asked, and when a file has changed and is not being written any more.

        The first look reloads as well: a file may have changed since `current` was read from it.
        """
        read: Look | None = None
        before: Look | None = None
        while True:
            now = await asyncio.to_thread(_look, self._files(self.current))
            is_asked = self._asked.is_set()
            if is_asked or (now == before and now != read):
                self._asked.clear()
                read = now
                await self.reload(is_asked=is_asked)
            before = now
            await self._wait(has_files=bool(now))

    async def reload(self, *, is_asked: bool = True) -> None:
        """Read anew and put it in force, or log why not. Never raises but when cancelled."""
        async with self._turn:
            try:
                new = await asyncio.to_thread(self._read)
                changes = self._take_over(new)
            except SendwellError as error:
                log.warning("configuration.refused", why=error.message)
            except Exception:
                log.exception("configuration.refused")
            else:
                if changes:
                    log.info("configuration.changed", changes=changes)
                elif is_asked:
                    log.info("configuration.unchanged")

    def _take_over(self, new: T) -> Changes:
        changes = self._compare(self.current, new)
        if changes:
            self._swap(self.current, new)
        self.current = new
        return changes

    async def _wait(self, *, has_files: bool) -> None:
        await wait_at_most(self._asked, self._every if has_files else None)


def _look(files: Iterable[Path]) -> Look:
    return [_mark(file) for file in files]


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
