"""What is said of a field that there is not."""

from difflib import get_close_matches
from functools import lru_cache

_FEW = 12
_LONG = 64


@lru_cache(maxsize=256)
def no_such_field(name: str, known: tuple[str, ...] = ()) -> str:
    """Why it is refused: with the known ones where those are few, else with the one that is most
    like it.
    """
    if 0 < len(known) <= _FEW:
        return f"There is no such field. Known are {', '.join(known)}."
    near = get_close_matches(name.lower(), known, n=1) if len(name) <= _LONG else []
    return f"There is no such field; perhaps {near[0]} is meant." if near else _NONE


_NONE = "There is no such field."
