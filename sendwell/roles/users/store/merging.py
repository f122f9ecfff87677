"""Lines that give only some of a person's fields, made whole by what is stored of them."""

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, select

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import TenantId, UserId
from sendwell.roles.users.reading.intake import Batch
from sendwell.roles.users.store.people import LARGEST_ATTRIBUTES, Profile, Put
from sendwell.roles.users.tables import PERSON

_WHY = "With the attributes that are there already it is more than 16 KiB of JSON."
_TOO_LARGE = Invalid(_WHY, flaws=(Flaw("/attributes", _WHY),))


def merged_on(connection: Connection, tenant: TenantId, batch: Batch[Put]) -> Batch[Put]:
    """The batch with whole people; their rows are locked.

    A line builds on those before it. One that would give a person more attributes than they may
    have is refused.
    """
    stored = _profiles(connection, tenant, {put.user for _, put in batch.good})
    whole = Batch[Put](batch.progress, [], list(batch.flaws), batch.refused)
    for line, put in batch.good:
        profile = merged(stored.get(put.user, Profile()), put)
        if len(msgspec.json.encode(profile.attributes)) > LARGEST_ATTRIBUTES:
            whole.refuse(line, _TOO_LARGE)
            continue
        stored[put.user] = profile
        whole.good.append((line, put._replace(profile=profile)))
    return whole


def merged(before: Profile, put: Put) -> Profile:
    """The profile with what was given in its place; of attributes those that have another name
    stay too.
    """
    new, given = put.profile, put.given
    kept = {channel: each for channel, each in before.addresses.items() if channel not in given}
    return Profile(
        {**kept, **new.addresses},
        new.locale if "locale" in given else before.locale,
        new.timezone if "timezone" in given else before.timezone,
        new.name if "name" in given else before.name,
        {**before.attributes, **new.attributes},
    )


def _profiles(
    connection: Connection, tenant: TenantId, users: Collection[UserId]
) -> dict[UserId, Profile]:
    rows = connection.execute(
        select(PERSON.c.user_id, PERSON.c.body)
        .where(PERSON.c.tenant == tenant, PERSON.c.user_id.in_(users))
        .order_by(PERSON.c.user_id)  # two that lock the same people do so in one order
        .with_for_update()
    )
    return {row.user_id: _decode(row.body) for row in rows}


_decode = msgspec.json.Decoder(Profile).decode
