"""Where msgspec says that something is wrong: its words end in a JSONPath."""

import re

_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEPS = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def split_path(message: str) -> tuple[list[str], str]:
    """The steps that lead there, for a JSON Pointer, and the words without the path.

    The keys of a mapping are no part of them: msgspec does not say which one it was.
    """
    found = _PATH.search(message)
    if found is None:
        return [], message
    steps = [name or number for name, number in _STEPS.findall(found["path"])]
    return steps, message[: found.start()]
