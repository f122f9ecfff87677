"""Choices as they are stored, with what follows from them: the index by topic and the record."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from sendwell.domain.consent import Preferences, facts_between, parse_preferences, preferences_json
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.database import Unit, run_within
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.store.consents import Entry, Occasion, append
from sendwell.roles.users.tables import PERSON, SUBSCRIPTION

Change = Callable[[Preferences], Preferences]
"""From what was chosen before to what is chosen now."""

_Who = tuple[TenantId, UserId]


class Choosing(NamedTuple):
    """A person's choices are changed, at that time (microseconds) and on that occasion."""

    tenant: TenantId
    user: UserId
    change: Change
    occasion: Occasion
    at: int
    instead_of: str | None = None
    """Only where this is the text that is stored."""
    entries: Sequence[Entry] = ()
    """What goes on record whether or not it changes anything."""
    author: Author | None = None


class Chosen(NamedTuple):
    """What is stored now; no text: there is no such person."""

    text: str | None
    is_stored: bool


def choose(connection: Connection, choosings: Sequence[Choosing]) -> list[Chosen]:
    """Change them one after the other, together with the index by topic and the record."""
    texts = _texts(connection, choosings)
    before, times = dict(texts), dict[_Who, int]()
    entries: list[Entry] = []
    told: list[Unit] = []
    results: list[Chosen] = []
    for each in choosings:
        who = (each.tenant, each.user)
        text = texts.get(who)
        if text is None or each.instead_of not in {None, text}:
            results.append(Chosen(text, is_stored=False))
            continue
        old = preferences_of(text)
        new = each.change(old)
        facts = [Entry.of(each, fact) for fact in facts_between(old, new)]
        entries += each.entries or facts
        texts[who], times[who] = text_of(new), each.at
        told += _told(each, text, texts[who])
        results.append(Chosen(texts[who], is_stored=True))
    changed = {who: at for who, at in times.items() if texts[who] != before[who]}
    _store(connection, texts, changed)
    _index(connection, _Moves.between(before, texts, changed))
    append(connection, entries)
    run_within(connection, told)
    return results


def text_of(preferences: Preferences) -> str:
    """Preferences as they are stored: equal ones have equal texts."""
    return _encode(preferences_json(preferences)).decode()


@lru_cache(maxsize=4096)
def preferences_of(text: str) -> Preferences:
    """Stored preferences. Most people have chosen nothing and share one value.

    What was stored before there were topics said `enabled: true` of every channel it named, which
    nobody had chosen.
    """
    document = msgspec.json.decode(text)
    if "topics" not in document:
        for switches in document.get("channels", {}).values():
            if switches.get("enabled"):
                del switches["enabled"]
    return parse_preferences(document)


def _told(choosing: Choosing, before: str, after: str) -> Iterator[Unit]:
    """What goes on the audit log; nothing where nothing has changed and nothing was said."""
    if choosing.author is None or (before == after and not choosing.entries):
        return
    action = "consent.recorded" if choosing.entries else "preferences.changed"
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    fields = [name for name in new if new[name] != old.get(name)]
    yield choosing.author.changed(action, choosing.tenant, choosing.user, fields)


def _texts(connection: Connection, choosings: Iterable[Choosing]) -> dict[_Who, str]:
    by_tenant: dict[TenantId, set[UserId]] = {}
    for each in choosings:
        by_tenant.setdefault(each.tenant, set()).add(each.user)
    found: dict[_Who, str] = {}
    for tenant, users in by_tenant.items():
        rows = connection.execute(
            select(PERSON.c.user_id, PERSON.c.preferences)
            .where(PERSON.c.tenant == tenant, PERSON.c.user_id.in_(users))
            .order_by(PERSON.c.user_id)  # two that lock the same people do so in one order
            .with_for_update()
        )
        found |= {(tenant, row.user_id): row.preferences for row in rows}
    return found


def _store(connection: Connection, texts: Mapping[_Who, str], changed: Mapping[_Who, int]) -> None:
    if not changed:
        return
    connection.execute(
        update(PERSON)
        .where(PERSON.c.tenant == bindparam("of_tenant"), PERSON.c.user_id == bindparam("of_user"))
        .values(preferences=bindparam("to_text"), updated_at=bindparam("to_at")),
        [
            {"of_tenant": who[0], "of_user": who[1], "to_text": texts[who], "to_at": at}
            for who, at in changed.items()
        ],
    )


class _Moves(NamedTuple):
    gone: list[dict[str, str]]
    new: list[dict[str, object]]

    @classmethod
    def between(
        cls, before: Mapping[_Who, str], after: Mapping[_Who, str], changed: Mapping[_Who, int]
    ) -> "_Moves":
        moves = cls([], [])
        for who, at in changed.items():
            was, is_now = _subscribed(before[who]), _subscribed(after[who])
            tenant, user = who
            moves.gone.extend(
                {"of_tenant": tenant, "of_user": user, "of_topic": topic}
                for topic in sorted(was - is_now)
            )
            moves.new.extend(
                {"tenant": tenant, "user_id": user, "topic": topic, "at": at}
                for topic in sorted(is_now - was)
            )
        return moves


def _subscribed(text: str) -> set[str]:
    topics = preferences_of(text).topics
    return {topic for topic, by_channel in topics.items() if any(by_channel.values())}


def _index(connection: Connection, moves: _Moves) -> None:
    if moves.gone:
        which = and_(
            SUBSCRIPTION.c.tenant == bindparam("of_tenant"),
            SUBSCRIPTION.c.topic == bindparam("of_topic"),
            SUBSCRIPTION.c.user_id == bindparam("of_user"),
        )
        connection.execute(delete(SUBSCRIPTION).where(which), moves.gone)
    if moves.new:
        connection.execute(insert(SUBSCRIPTION), moves.new)


_encode = msgspec.json.Encoder(order="deterministic").encode
NOTHING_CHOSEN = text_of(Preferences())
"""What is stored of a person who is new."""
