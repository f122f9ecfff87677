"""Topics: what people subscribe to. A key is a path, and news/sport lies below news."""

import re
from functools import lru_cache

LONGEST = 255
_SEGMENT = "[a-z0-9][a-z0-9_.-]*"
PATTERN = rf"^{_SEGMENT}(/{_SEGMENT})*$"
_KEY = re.compile(PATTERN)
_LAST = "subscribers"
"""Of a topic's path in the API; a topic that ends so could not be told from it."""


def flaw_in_topic(key: str) -> str | None:
    """Why it is no topic's key; None when it is one."""
    if key.rpartition("/")[2] == _LAST:
        return f"A topic can't end in {_LAST}."
    if len(key) <= LONGEST and _KEY.fullmatch(key):
        return None
    return (
        "A topic is a path like news/sport: lower-case letters, digits and _ . - between the"
        f" slashes, {LONGEST} characters at most."
    )


@lru_cache(maxsize=4096)
def path_of(key: str) -> tuple[str, ...]:
    """The topic and those that it lies below, the topic itself first."""
    steps = key.split("/")
    return tuple("/".join(steps[:depth]) for depth in range(len(steps), 0, -1))
