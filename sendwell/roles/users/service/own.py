"""What the users role itself keeps of people; see the port Keeper."""

from collections.abc import AsyncIterator

import msgspec

from sendwell.domain.instant import rfc3339_or_none
from sendwell.ports.keepers import Erased, Item, Told, Whom
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.consents import Consent
from sendwell.roles.users.store.people import PersonRecord

_AT_ONCE = 500


class OwnKeeper:
    """Tells first what there is a little of, then the record of consent, the newest first.

    A push token is told whole, for it is the person's; a password not even by its hash.
    """

    def __init__(self, store: UserStore) -> None:
        self._store = store

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        if after is None:
            return Told([item async for item in self._little(whom)], "consents")
        before = None if after == "consents" else int(after)
        facts = await self._store.consents.page(
            whom.tenant, whom.user_id, before=before, limit=_AT_ONCE
        )
        more = str(facts[-1].number) if len(facts) == _AT_ONCE else None
        return Told([_agreed(fact) for fact in facts], more)

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """See the port."""
        del after
        return Erased(await self._store.erasures.erase_own(whom))

    async def _little(self, whom: Whom) -> AsyncIterator[Item]:
        person = await self._store.people.person(whom.tenant, whom.user_id)
        if person is not None:
            yield _profile(person)
            for token in person.tokens:
                shown = {"token": token.token, "platform": token.platform}
                yield Item("push_token", {**shown, "last_seen": rfc3339_or_none(token.last_seen)})
        preferences = await self._store.people.preferences(whom.tenant, whom.user_id)
        if preferences is not None:
            yield Item("preferences", msgspec.json.decode(preferences))
        verified = await self._store.contacts.verified(whom.tenant, whom.user_id)
        for channel, known in verified.items():
            yield Item(
                "verified_contact",
                {"channel": channel, "verified_at": rfc3339_or_none(known.at), "how": known.how},
            )
        async for item in self._chosen(whom):
            yield item

    async def _chosen(self, whom: Whom) -> AsyncIterator[Item]:
        own = self._store.own
        for row in await own.subscriptions(whom.tenant, whom.user_id):
            yield Item("subscription", {"topic": row.topic, "at": rfc3339_or_none(row.at)})
        for row in await own.log_in(whom.tenant, whom.user_id):
            yield Item("log_in", {"password_changed_at": rfc3339_or_none(row.changed_at)})
        for address, row in await own.suppressions(whom.tenant, whom.addresses):
            yield Item(
                "suppression",
                {
                    "channel": row.channel,
                    "address": address,
                    "reason": row.reason,
                    "at": rfc3339_or_none(row.at),
                },
            )


def _profile(person: PersonRecord) -> Item:
    profile = msgspec.to_builtins(person.profile)
    since = {
        "created_at": rfc3339_or_none(person.created_at),
        "updated_at": rfc3339_or_none(person.updated_at),
    }
    return Item("profile", {"user_id": person.user_id, **profile, **since})


def _agreed(consent: Consent) -> Item:
    return Item(
        "consent",
        {"at": rfc3339_or_none(consent.at), **consent.fact._asdict(), **consent.occasion._asdict()},
    )
