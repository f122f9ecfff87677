"""Wakes whoever waits for news of something, so that nobody asks a database again and again."""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Bell(Generic[K]):
    """Rings for a key. It carries no news: who hears it looks for itself, as slowly as it likes.

    So a listener costs one event however much happens, and misses nothing: clear the event, look,
    then wait for it. `is_closed` ends the waiting for good.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._listeners: dict[K, set[asyncio.Event]] = {}

    def ring(self, key: K) -> None:
        """There may be news of `key`."""
        for heard in self._listeners.get(key, ()):
            heard.set()

    def ring_all(self) -> None:
        """There may be news of any key."""
        for listeners in self._listeners.values():
            for heard in listeners:
                heard.set()

    @contextmanager
    def listening(self, key: K) -> Iterator[asyncio.Event]:
        """An event that is set by every ring for `key`, and by `close`."""
        heard = asyncio.Event()
        listeners = self._listeners.setdefault(key, set())
        listeners.add(heard)
        try:
            yield heard
        finally:
            listeners.discard(heard)
            if not listeners:
                self._listeners.pop(key, None)

    def close(self) -> None:
        """Wake everybody, for there will be no more news."""
        self.is_closed = True
        self.ring_all()
