"""What repeats something on record, found without claiming anything: for what can't be accepted."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from sendwell.domain.ids import NotificationId, TenantId
from sendwell.ports.database import Database
from sendwell.ports.journal import Acceptance, Claim
from sendwell.runtime.among import among
from sendwell.runtime.journal.claims import name_of_id
from sendwell.runtime.journal.tables import IDEMPOTENCY, REQUESTED

_Held = Mapping[tuple[TenantId, bytes], tuple[int, bytes]]
_Ids = Collection[tuple[TenantId, NotificationId]]


async def repeated(
    database: Database, claims: Collection[Claim], *, since: int
) -> Mapping[Claim, Acceptance]:
    """As the port says; keys of positions before `since` no longer count."""
    held = await _held(database, {claim.key for claim in claims if claim.key}, since)
    first = await _first(database, {position for position, _ in held.values()})
    known = await _known(database, {claim.id for claim in claims if claim.id}, since)
    answers: dict[Claim, Acceptance] = {}
    for claim in claims:
        if claim.key and (holder := held.get((claim.tenant, claim.key))) and holder[0] in first:
            position, fingerprint = holder
            is_other = fingerprint != claim.fingerprint
            answers[claim] = Acceptance(first[position], is_duplicate=True, is_other=is_other)
        elif claim.id and (claim.tenant, claim.id) in known:
            answers[claim] = Acceptance(claim.id, is_duplicate=True)
    return answers


async def _held(database: Database, keys: Collection[bytes], since: int) -> _Held:
    """Who holds each of the keys: where, and what the request was."""
    if not keys:
        return {}
    rows = await database.rows(
        select(IDEMPOTENCY)
        .where(among(IDEMPOTENCY.c.key, keys, database), IDEMPOTENCY.c.position >= since)
        .order_by(IDEMPOTENCY.c.position.desc())  # of several the first one counts
    )
    return {(row.tenant, row.key): (row.position, row.fingerprint) for row in rows}


async def _first(database: Database, positions: Collection[int]) -> Mapping[int, NotificationId]:
    if not positions:
        return {}
    question = select(REQUESTED.c.position, REQUESTED.c.id)
    rows = await database.rows(question.where(among(REQUESTED.c.position, positions, database)))
    return {row.position: row.id for row in rows}


async def _known(database: Database, ids: Collection[NotificationId], since: int) -> _Ids:
    """Those of the ids that were used before, for as long as each database remembers that."""
    if not ids:
        return ()
    if database.dialect == "sqlite":
        question = select(REQUESTED.c.tenant, REQUESTED.c.id)
        rows = await database.rows(question.where(among(REQUESTED.c.id, ids, database)))
        return {(row.tenant, row.id) for row in rows}
    names = {name_of_id(id_): id_ for id_ in ids}
    return {(tenant, names[name]) for tenant, name in await _held(database, names, since)}
