"""How many names of a domain may be asked for at once: strangers choose them, and their servers."""

from collections import Counter
from functools import lru_cache

_AT_ONCE = 64
_SLOW_AT_ONCE = 32
_SHARE = 8
_SLOW = 2.0
_FORGIVEN = 300.0
_REMEMBERED = 1024

_PUBLIC = {
    "ac", "ad", "co", "com", "ed", "edu", "gen", "go", "gob", "gov", "ind", "ltd", "me", "mil",
    "ne", "net", "nom", "or", "org", "plc", "re", "sch", "web",
}  # fmt: skip
"""What countries have second, as in example.co.uk; not all of them, for that list is long."""


@lru_cache(maxsize=1024)
def domain_of(name: str) -> str:
    """What somebody has registered, as near as the name itself tells."""
    *_, second, last = labels = ["", *name.rstrip(".").split(".")]
    is_public = second in _PUBLIC and len(last) == len("uk")
    return ".".join(labels[-3 if is_public else -2 :])


class Domains:
    """Which domain may begin a question. `now` and `took` are seconds.

    A domain may have an eighth of what is free: the first has 8 of 64, the more there are the fewer
    has each, and one that has none may begin one while anything is free. Those that have been slow
    within the last five minutes, two seconds or more for an answer, have a half together: however
    many they are, the others' names are asked at once.
    """

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()
        self._slow: dict[str, float] = {}
        """Until when; what ends first is first."""
        self._slow_begun = 0
        """Counted as they come and go: all that wait ask for it, at each question and answer."""

    @property
    def are_full(self) -> bool:
        """Whether no domain may begin a question, whichever it is."""
        return self._begun.total() >= _AT_ONCE

    def may_begin(self, domain: str, now: float) -> bool:
        self._forgive(now)
        free = _AT_ONCE - self._begun.total()
        if domain in self._slow:
            free = min(free, _SLOW_AT_ONCE - self._slow_begun)
        return self._begun[domain] * _SHARE < free

    def begin(self, domain: str) -> None:
        self._begun[domain] += 1
        self._slow_begun += domain in self._slow

    def end(self, domain: str, *, took: float, now: float) -> None:
        """A question has been answered, or has failed."""
        self._forget(domain)
        self._begun[domain] -= 1
        if not self._begun[domain]:
            del self._begun[domain]
        if took >= _SLOW:
            self._slow[domain] = now + _FORGIVEN
            self._slow_begun += self._begun[domain]
            if len(self._slow) > _REMEMBERED:
                self._forget(next(iter(self._slow)))

    def _forgive(self, now: float) -> None:
        while self._slow and self._slow[first := next(iter(self._slow))] <= now:
            self._forget(first)

    def _forget(self, domain: str) -> None:
        if self._slow.pop(domain, None) is not None:
            self._slow_begun -= self._begun[domain]
