"""JSON Pointers (RFC 6901)."""


def pointer_to(*steps: object) -> str:
    """The pointer that leads along these names and numbers; the whole document without any."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
