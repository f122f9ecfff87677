"""People that were asked for lately, for a few seconds."""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.person import Person

MOST_PEOPLE = 10_000
"""Measured 1.9 kB each with a push token: 19 MB of the 150 MB that a process may have."""

OLDEST_SECONDS = 5.0
"""What another process has stored is seen after that time, even where no signal tells of it."""

_Key = tuple[TenantId, UserId]


class PeopleCache:
    """The people used last, with the time of reading; also who does not exist.

    What was forgotten while somebody was reading it is not kept: the reader may have read what
    was there before.
    """

    def __init__(self, most: int = MOST_PEOPLE) -> None:
        self._most = most
        self._entries: OrderedDict[_Key, tuple[Person | None, float]] = OrderedDict()
        self._forgotten: dict[object, set[_Key]] = {}
        self._edition = 0

    def look_up(
        self, tenant: TenantId, users: Collection[UserId], *, now: float
    ) -> tuple[dict[UserId, Person], list[UserId]]:
        """The people known to exist, and the ids that must be read."""
        found: dict[UserId, Person] = {}
        unknown: list[UserId] = []
        entries, oldest = self._entries, now - OLDEST_SECONDS
        for user in users:
            key = (tenant, user)
            entry = entries.get(key)
            if entry is None or entry[1] < oldest:
                unknown.append(user)
                continue
            entries.move_to_end(key)
            if entry[0] is not None:
                found[user] = entry[0]
        return found, unknown

    def forget(self, tenant: TenantId, user: UserId) -> None:
        """The person has changed."""
        key = (tenant, user)
        self._entries.pop(key, None)
        for forgotten in self._forgotten.values():
            forgotten.add(key)

    def forget_tenant(self, tenant: TenantId) -> None:
        """Many of its people may have changed."""
        self._edition += 1
        for key in [key for key in self._entries if key[0] == tenant]:
            del self._entries[key]

    def forget_all(self) -> None:
        """Anybody may have changed."""
        self._edition += 1
        self._entries.clear()

    @contextmanager
    def reading(
        self, tenant: TenantId, users: Collection[UserId], *, now: float
    ) -> Iterator[dict[UserId, Person]]:
        """While these are read from the database; what is put into the dictionary is kept."""
        reader, edition = object(), self._edition
        forgotten = self._forgotten[reader] = set()
        found: dict[UserId, Person] = {}
        try:
            yield found
            if edition == self._edition:
                self._keep(tenant, users, found, now, without=forgotten)
        finally:
            del self._forgotten[reader]

    def _keep(
        self,
        tenant: TenantId,
        users: Collection[UserId],
        found: Mapping[UserId, Person],
        now: float,
        *,
        without: Collection[_Key],
    ) -> None:
        for user in users:
            key = (tenant, user)
            if key not in without:
                self._entries[key] = (found.get(user), now)
                self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
