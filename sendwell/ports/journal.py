"""The journal's two faces: writing and recovery for the flow, questions for the tracker."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from sendwell.domain.ids import Node, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.database import Unit


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One notification to accept. `key` and `fingerprint` are hashes of the idempotency key
    (128 bits) and of the request (64 bits), when a key was given. `is_named`: its id is the
    producer's, so it may have been used before.
    """

    request: Requested
    key: bytes | None = None
    fingerprint: bytes = b""
    is_named: bool = False


class Acceptance(msgspec.Struct, frozen=True, gc=False):
    """What became of an entry: accepted, a duplicate of `id`, or a contradiction (`is_other`):
    the same idempotency key with another body.
    """

    id: NotificationId
    is_duplicate: bool = False
    is_other: bool = False


class Claim(msgspec.Struct, frozen=True, gc=False):
    """By what a repetition is recognised: `key` and `fingerprint` as in `Entry`, and the id that
    the producer gave.
    """

    tenant: TenantId
    key: bytes | None
    fingerprint: bytes
    id: NotificationId | None


class Journal(Protocol):
    """Accepted notifications and their history: written once, appended, never rewritten."""

    async def accept(
        self, entries: Sequence[Entry], *, is_urgent: bool = False
    ) -> Sequence[Acceptance]:
        """Store the entries, urgent ones ahead of others; when this returns they are on disk.

        An id that the tenant used before, or a key used within the idempotency window, stores
        nothing and is answered as a duplicate; twins that arrive together wait for each other.
        """
        ...

    async def repeated(
        self, claims: Collection[Claim], *, at: Position
    ) -> Mapping[Claim, Acceptance]:
        """What `accept` would answer at that position to those that repeat something; the others
        are not in it. Stores nothing.
        """
        ...

    def copied(self, requests: Sequence[Requested]) -> Unit:
        """The writes that keep notifications which another database has accepted. Where a copy
        knows some of its recipients only, another one adds those that it knows.
        """
        ...

    async def unrecorded(self, statuses: Sequence[Status]) -> Sequence[Status]:
        """Those of the moves that are not on record here."""
        ...

    def recorded(self, statuses: Sequence[Status]) -> Unit:
        """The writes that put these moves on record, for the unit of whoever made them."""
        ...

    def planned(self, deliveries: Mapping[TenantId, int]) -> Unit:
        """The writes that count deliveries as planned; goes with the work itself."""
        ...

    def marked(self) -> Unit:
        """The write that notes from where on there may be notifications that nobody has planned;
        goes with plans, so that recovery does not have to look far back.
        """
        ...

    async def mark(self) -> None:
        """The same by itself, where nothing is planned."""
        ...

    def forget(self, requests: Sequence[Requested]) -> None:
        """Their plan is on disk: recovery need not look at them again."""
        ...

    async def requested(self, positions: Sequence[Position]) -> Mapping[Position, Requested]:
        """The accepted notifications at these positions."""
        ...

    async def unplanned(
        self, *, after: Position, limit: int
    ) -> tuple[Sequence[Requested], Position | None]:
        """Accepted notifications that nobody has planned yet, oldest first, from the last mark: as
        many as fit; and behind which position there may be more.
        """
        ...

    async def left_by(self, node: Node, *, after: Position, limit: int) -> Sequence[Requested]:
        """What another process has accepted and may not have planned, oldest first: some of it,
        where there is any.
        """
        ...

    async def tried_in_turn(self, positions: Sequence[Position]) -> Collection[Position]:
        """Those of these positions whose notification's channels are tried in turn: one success is
        enough. However long they are, only some are read at once.
        """
        ...

    async def ended_parts(
        self, positions: Sequence[Position], *, recipients: Collection[int] | None = None
    ) -> Mapping[tuple[Position, str], State]:
        """How the deliveries at these positions have ended that have, by position and part. With
        `recipients`, those to these places in their `to`.
        """
        ...

    def unless_ended(self, parts: Sequence[tuple[Position, str]]) -> Unit:
        """Writes nothing; its unit fails with Conflict where one of these deliveries has ended.

        To stand behind the write that would begin it again.
        """
        ...

    def unless_any_ended(self, positions: Sequence[Position]) -> Unit:
        """The same where any delivery at these positions has ended. Before what is planned for
        them: that may end at once.
        """
        ...

    async def ended(self, positions: Sequence[Position]) -> Collection[Position]:
        """Those of the positions of which a delivery has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of notifications is narrowed to. Times are microseconds since 1970, UTC."""

    status: str | None = None
    channel: str | None = None
    user_id: str | None = None
    event_type: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The positions that match, newest first.

    What is sought may be rare, so where all would be much only a stretch was looked at: the rows
    from the newest down to `down_to`, that one included. None: everything was.
    """

    positions: Sequence[Position]
    down_to: Position | None = None


class Records(Protocol):
    """The read side of the journal, always for one tenant."""

    async def find(self, tenant: TenantId, notification: NotificationId) -> Requested | None:
        """That notification, as soon as it was accepted."""
        ...

    async def positions(
        self, tenant: TenantId, narrowed: Filter, *, before: Position | None, limit: int
    ) -> Stretch:
        """Where the notifications are that match, newest first, older than `before`.

        With `status` or `channel` those with a delivery that has ended so; with `user_id` too, a
        delivery to that person.
        """
        ...

    async def at(self, tenant: TenantId, positions: Sequence[Position]) -> Sequence[Requested]:
        """The notifications at these positions, newest first.

        The last ones are missing where all would be too much to read at once.
        """
        ...

    async def outcomes(self, tenant: TenantId, positions: Sequence[Position]) -> Sequence[Status]:
        """How the deliveries at these positions ended, as far as they have."""
        ...

    async def moves(self, tenant: TenantId, position: Position) -> Sequence[Status]:
        """The moves on record for one notification, in the order they were made."""
        ...

    async def named(
        self, notifications: Collection[NotificationId]
    ) -> Mapping[tuple[TenantId, Position], NotificationId]:
        """Where notifications with these ids are, of whatever tenant: for receipts only."""
        ...

    async def by_reference(self, provider: str, reference: str) -> tuple[TenantId, Status] | None:
        """The delivery that a provider knows under its own id."""
        ...

    async def counts(self, tenant: TenantId) -> tuple[int, Mapping[str, int]]:
        """Deliveries ever planned, and how many ended in each state."""
        ...
