"""The process that holds one server for people, from `./dev services start` to `… stop`."""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from tests.services.kept import Kept, Notes, born
from tests.services.servers import KINDS, Server

END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def keep(name: str, notes: Notes) -> NoReturn:
    """Run the server until the process is told to end."""
    for each in END:
        signal.signal(each, _end)
    with KINDS[name].running() as server, server.room() as url:
        notes.add(_described(name, server, url))
        try:
            while True:
                signal.pause()
        finally:
            notes.remove(name)


def _end(*_: object) -> NoReturn:
    """Leave the blocks, once: what clears up is not to be interrupted."""
    for each in END:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit


def _described(name: str, server: Server, url: str) -> Kept:
    since = born(os.getpid())
    assert since is not None, "we are here"
    return Kept(
        name=name,
        version=server.version(),
        setting=KINDS[name].setting,
        url=url,
        admin_url=server.url,
        folder=str(server.folder),
        pid=os.getpid(),
        born=since,
    )


if __name__ == "__main__":
    keep(sys.argv[1], Notes(Path(sys.argv[2])))
