"""Who has changed lately."""

import secrets
from collections import deque
from collections.abc import Mapping
from itertools import islice

from sendwell.ports.directory import ANYBODY, Changed, PeopleChanged

MOST_KEPT = 10_000
"""Whoever asks every 2 s has missed nothing unless 5,000 people change in a second."""


class Changes:
    """Tells those in this process, and keeps the latest for services that ask.

    They are numbered from the start of the process; `source` is its name.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.source = secrets.token_hex(4)
        self.number = 0
        self._latest: deque[Changed] = deque(maxlen=most)
        self._hearers: list[PeopleChanged] = []

    def on_change(self, heard: PeopleChanged) -> None:
        """From now on `heard` is told of every change."""
        self._hearers.append(heard)

    def note(self, changed: Changed) -> None:
        """They have changed, and no cache here knows them as they were."""
        self.number += 1
        self._latest.append(changed)
        for heard in self._hearers:
            heard(changed)

    def since(self, seen: Mapping[str, int]) -> list[Changed]:
        """Who has changed since those numbers, by source; anybody may have where that is not known:
        for whoever was away too long, or has never asked this process.
        """
        missed = self.number - seen.get(self.source, -1)
        if not 0 <= missed <= len(self._latest):
            return [ANYBODY]
        return list(dict.fromkeys(islice(self._latest, len(self._latest) - missed, None)))
