"""Parcels as rows: what may be one, which shard it belongs to, and how it is stored."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import asyncpg

from sendwell.adapters.bus.postgres.sharing import SHARDS
from sendwell.adapters.bus.postgres.statements import ANNOUNCE, APPEND
from sendwell.domain.errors import Invalid, TooLarge
from sendwell.ports.bus import Parcel

LARGEST_BODY = 16 * 1024 * 1024

News = Mapping[int, int]
"""The streams in which something was published, by their numbers; a bit for each such shard."""


@dataclass(frozen=True, slots=True)
class Row:
    """A parcel and where it goes: the number of its stream, and the shard."""

    stream: int
    shard: int
    parcel: Parcel


def check(parcel: Parcel) -> None:
    """Raises Invalid for what PostgreSQL, or we, will never take."""
    if len(parcel.body) > LARGEST_BODY:
        raise TooLarge(
            f"Parcel {parcel.id!r} has {len(parcel.body)} bytes; {LARGEST_BODY} are the most."
        )
    try:
        words = f"{parcel.id}{parcel.key}".encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"The id or key of parcel {parcel.id!r} is no text.") from error
    if b"\0" in words:
        raise Invalid(f"The id or key of parcel {parcel.id!r} has a NUL character in it.")


def row(stream: int, parcel: Parcel) -> Row:
    """Where a parcel goes. One without a key may go anywhere: its id decides."""
    return Row(stream, crc32((parcel.key or parcel.id).encode()) % SHARDS, parcel)


async def append(connection: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """The parcels are stored when the transaction of the connection is committed.

    Outside of one that is at once. Inside, this may be done several times, between anything else:
    the parcels become visible all together, in their order. Then `announce` them; a transaction of
    its own is best for that, because those that announce something commit one after the other.
    """
    done = await connection.execute(APPEND, *_columns(rows))
    if done != f"INSERT 0 {len(rows)}":
        raise asyncpg.DataError(f"the bus took {done} of {len(rows)} parcels")


def news_of(rows: Iterable[Row]) -> dict[int, int]:
    """What is to be announced of them."""
    news: dict[int, int] = {}
    for each in rows:
        news[each.stream] = news.get(each.stream, 0) | 1 << each.shard
    return news


async def announce(connection: asyncpg.Connection, news: News) -> None:
    """Members that hold these shards are woken, as soon as the transaction is committed."""
    await connection.execute(ANNOUNCE, [f"{stream} {bits:x}" for stream, bits in news.items()])


def headers_of(stored: str | None) -> Mapping[str, str]:
    """The headers of a row."""
    return json.loads(stored) if stored else {}


def _columns(rows: Sequence[Row]) -> tuple[list[Any], ...]:
    parcels = [each.parcel for each in rows]
    return (
        [each.stream for each in rows],
        [each.shard for each in rows],
        [each.id for each in parcels],
        [each.key for each in parcels],
        [json.dumps(dict(each.headers)) if each.headers else None for each in parcels],
        [each.body for each in parcels],
    )
