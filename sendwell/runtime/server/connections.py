"""How many connections a server may have, and how many of them may lead on to others."""

import sys

if sys.platform != "win32":
    import resource


def most_connections() -> int:
    """Three quarters of the files that this process may have open.

    What is left is for its own connections: to database, broker, services and vendors.
    """
    return _eighths(6)


def most_streams() -> int:
    """An eighth of those files: what is followed at another service has a connection there, too."""
    return _eighths(1)


def _eighths(count: int) -> int:
    if sys.platform == "win32":
        return sys.maxsize
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if files == resource.RLIM_INFINITY else max(1, files * count // 8)
