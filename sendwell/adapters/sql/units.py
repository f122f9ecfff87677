"""Units that are committed together, whichever database it is."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from sendwell.ports.database import Operation, Unit

Waiting = tuple[Unit, asyncio.Future[list[Sequence[Any]]]]
Result = list[Sequence[Any]] | Exception


def run_merged(connection: Connection, units: Sequence[Unit]) -> list[list[Sequence[Any]]]:
    """Run each operation once, over the items of all units, and deal its results out again."""
    items: dict[Operation, list[Any]] = {}
    for unit in units:
        for write in unit:
            items.setdefault(write.operation, []).extend(write.items)
    results = {
        operation: operation(connection, given) if given else ()
        for operation, given in items.items()
    }
    taken = dict.fromkeys(items, 0)
    dealt = []
    for unit in units:
        shares = []
        for write in unit:
            start = taken[write.operation]
            taken[write.operation] = stop = start + len(write.items)
            result = results[write.operation]
            shares.append(() if result is None else result[start:stop])
        dealt.append(shares)
    return dealt


def answer(batch: Sequence[Waiting], results: Sequence[Result]) -> None:
    """Tell whoever waits for the units what came of them."""
    for (_, future), result in zip(batch, results, strict=True):
        if future.done():  # whoever asked has gone; the commit stands
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
