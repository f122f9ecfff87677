"""The physical limits of this machine: fsync, and durable rows with nothing around the database.

    python -m benchmarks.floor_rows --seconds 3 [--database postgresql://…]

Rows are as large as the product's: a 450-byte envelope and a 16-byte idempotency hash that is
unique; an outcome of about 100 bytes. "One by one" means 64 clients that each wait for their commit
before the next row; "by the hundred" means 8 clients with 100 rows each.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from itertools import count
from pathlib import Path

import uvloop

from benchmarks.batches import Notification, Outcome
from benchmarks.group_commit import Writer, open_writer

_BODY = b"x" * 450
_BLOCK = b"x" * 8192
_BLOCKS = 500


def fsyncs(folder: Path, seconds: float) -> float:
    """How often a second 8 kB reach the disk when each has to be there before the next.

    Written over a file that is there already, as SQLite does with its WAL: a file that grows is
    half as fast, because its length has to reach the disk too.
    """
    with (folder / "fsync").open("wb", buffering=0) as file:
        file.write(_BLOCK * _BLOCKS)
        os.fsync(file.fileno())
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            os.pwrite(file.fileno(), _BLOCK, done % _BLOCKS * len(_BLOCK))
            os.fdatasync(file.fileno())
            done += 1
    return done / seconds


class Clients:
    """Clients that hand in rows and wait until they are on disk, each for itself."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._positions = count(1)
        self._done = 0

    async def rate(self, clients: int, rows: int, *, life: bool, seconds: float) -> float:
        """Rows a second; with `life`, each row's outcome is committed too before it counts."""
        until = time.perf_counter() + seconds
        one: Callable[[int], Awaitable[None]] = self._live if life else self._accept
        await asyncio.gather(*(self._work(one, rows, until) for _ in range(clients)))
        return self._done / seconds

    async def _work(self, one: Callable[[int], Awaitable[None]], rows: int, until: float) -> None:
        while time.perf_counter() < until:
            await one(rows)
            self._done += rows

    async def _accept(self, rows: int) -> None:
        await self._written([_notification(next(self._positions)) for _ in range(rows)], [])

    async def _live(self, rows: int) -> None:
        positions = [next(self._positions) for _ in range(rows)]
        await self._written([_notification(position) for position in positions], [])
        await self._written([], [_outcome(position) for position in positions])

    async def _written(self, notifications: list[Notification], outcomes: list[Outcome]) -> None:
        done = asyncio.get_running_loop().create_future()
        self._writer.write(notifications, outcomes, lambda: done.set_result(None))
        await done

    async def close(self) -> None:
        await self._writer.close()


def _notification(position: int) -> Notification:
    idempotency = blake2b(b"tenant%d" % position, digest_size=16).digest()
    return (position, idempotency, "tenant", 2, _BODY)


def _outcome(position: int) -> Outcome:
    now = 1_790_000_000_000_000
    return (position, 1, now, now, now, "null", f"reference-{position}")


async def measure(folder: Path, database: str | None, seconds: float) -> dict[str, float]:
    figures = {"fsync": fsyncs(folder, min(1.0, seconds))}
    cases = {
        "accept one by one": (64, 1, False),
        "accept by the hundred": (8, 100, False),
        "accept and outcome one by one": (64, 1, True),
        "accept and outcome by the hundred": (8, 100, True),
    }
    for number, (name, (clients, rows, life)) in enumerate(cases.items()):
        running = Clients(await open_writer(database or str(folder / f"{number}.db")))
        figures[name] = await running.rate(clients, rows, life=life, seconds=seconds)
        await running.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.floor_rows", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--folder", type=Path, help="where the files lie; else a temporary folder")
    parser.add_argument("--database", help="URL of a PostgreSQL; else a new SQLite file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(json.dumps(uvloop.run(measure(Path(folder), options.database, options.seconds))))


if __name__ == "__main__":
    main()
