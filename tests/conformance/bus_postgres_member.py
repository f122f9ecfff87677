"""A member of a group as a process of its own: says what it is handed, and goes on when told to.

python -m tests.conformance.bus_postgres_member URL STREAM GROUP LEASE_SECONDS
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import timedelta

from sendwell.adapters.bus.postgres import PostgresBus
from sendwell.ports.bus import Arrived, Stream


async def take(batch: Sequence[Arrived]) -> None:
    sys.stdout.write(f"{json.dumps([each.id for each in batch])}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)


async def main(url: str, stream: str, group: str, lease: str) -> None:
    bus = PostgresBus(url, lease=timedelta(seconds=float(lease)))
    await bus.consume([Stream(stream)], group=group, receive=take)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
