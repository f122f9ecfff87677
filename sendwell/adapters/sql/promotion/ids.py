"""What a file knows by an index, and PostgreSQL by its claims: ids that producers gave.

A repeated id is recognized there only by its claim (see `sendwell.runtime.journal.claims`). The
file does not say who gave an id, so all of the last weeks are claimed: one of our own making is
never repeated anyway.
"""

from collections.abc import Sequence
from hashlib import blake2b

from sendwell.adapters.sql.promotion.shape import Row, Shape
from sendwell.adapters.sql.promotion.source import Source
from sendwell.adapters.sql.promotion.target import Target
from sendwell.domain.ids import COUNTER_BITS

_DAY_MS = 86_400_000
_DAYS = 31
"""Longer than any duplicate is looked for by default."""


async def claim_ids(source: Source, target: Target, shapes: Sequence[Shape], *, now: int) -> None:
    """Ids of the last weeks cannot be taken again on the target. `now` in microseconds."""
    by_name = {shape.name: shape for shape in shapes}
    requested, claims = by_name["requested"], by_name["idempotency"]
    since = (now // 1000 - _DAYS * _DAY_MS) << COUNTER_BITS
    for batch in source.batches(requested, (since,)):
        await target.add(claims, [_claim(requested, claims, row) for row in batch])


def _claim(requested: Shape, claims: Shape, row: Row) -> Row:
    given = dict(zip(requested.names, row, strict=True))
    claim = {
        "key": blake2b(given["id"].encode(), digest_size=16, person=b"id").digest(),
        "tenant": given["tenant"],
        "fingerprint": b"",
        "position": given["position"],
        "day": given["position"] // (_DAY_MS << COUNTER_BITS),
    }
    return tuple(claim[name] for name in claims.names)
