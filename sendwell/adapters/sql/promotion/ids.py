"""What a file knows by an index, and PostgreSQL by its claims: ids that producers gave.

A repeated id is recognized there only by its claim (see `sendwell.runtime.journal.claims`). The
file does not say who gave an id, so all are claimed, however long a duplicate is looked for: one of
our own making is never repeated anyway.
"""

from collections.abc import Sequence
from hashlib import blake2b

from sendwell.adapters.sql.promotion.shape import Row, Shape
from sendwell.adapters.sql.promotion.source import Source
from sendwell.adapters.sql.promotion.target import Target
from sendwell.domain.ids import COUNTER_BITS

_DAY_MS = 86_400_000


async def claim_ids(source: Source, target: Target, shapes: Sequence[Shape]) -> None:
    """The ids of all notifications in the file cannot be taken again on the target."""
    by_name = {shape.name: shape for shape in shapes}
    requested, claims = by_name["requested"], by_name["idempotency"]
    for batch in source.batches(requested):
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
