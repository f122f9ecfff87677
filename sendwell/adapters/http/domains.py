"""How many names of a domain may be asked for at once: strangers choose them, and their servers."""

from collections import Counter

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

    def may_begin(self, domain: str, now: float) -> bool:
        free = _AT_ONCE - self._begun.total()
        if self._is_slow(domain, now):
            slow = sum(some for other, some in self._begun.items() if self._is_slow(other, now))
            free = min(free, _SLOW_AT_ONCE - slow)
        return self._begun[domain] * _SHARE < free

    def begin(self, domain: str) -> None:
        self._begun[domain] += 1

    def end(self, domain: str, *, took: float, now: float) -> None:
        """A question has been answered, or has failed."""
        self._begun[domain] -= 1
        if not self._begun[domain]:
            del self._begun[domain]
        self._slow.pop(domain, None)
        if took >= _SLOW:
            self._slow[domain] = now + _FORGIVEN
            if len(self._slow) > _REMEMBERED:
                del self._slow[next(iter(self._slow))]

    def _is_slow(self, domain: str, now: float) -> bool:
        return self._slow.get(domain, now) > now
