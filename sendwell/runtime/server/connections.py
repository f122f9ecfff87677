"""How many connections a server may have."""

import sys

if sys.platform != "win32":
    import resource


def most_connections() -> int:
    """Three quarters of the files that this process may have open.

    What is left is for its own connections: to database, broker, services and vendors.
    """
    if sys.platform == "win32":
        return sys.maxsize
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if files == resource.RLIM_INFINITY else max(1, files * 3 // 4)
