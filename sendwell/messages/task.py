"""`Task`: one delivery that somebody should make."""

import msgspec

from sendwell.domain.ids import COUNTER_BITS, ChannelName
from sendwell.domain.lifecycle import State, move
from sendwell.messages.requested import Requested


class Task(msgspec.Struct, omit_defaults=True, gc=False):
    """One planned delivery, self-contained: with its request, so that nothing is joined.

    `state` is where it stands: PENDING; SCHEDULED, HELD or RETRYING, then `due` says until when;
    PROCESSING while a process has it in hand; CANCELLED when it was withdrawn, until it has ended.
    `work` is its number in the ready queue, given when it is taken.
    """

    request: Requested
    part: str
    recipient: int
    channel: ChannelName
    planned_at: int
    state: State = State.PENDING
    due: int = 0
    """Microseconds since 1970; nothing happens before it."""
    reason: str | None = None
    """Why it waits or was withdrawn: the rule's name, or the fault code of the attempt before."""
    target: int = 0
    beside: int = 1
    """How many deliveries the plan made for this recipient on this channel, with this one."""
    template_version: int | None = None
    attempt: int = 0
    """Attempts begun so far."""
    tried: tuple[str, ...] = ()
    """Providers that have refused this round."""
    replay_of: str | None = None
    claimed_at: int = 0
    provider: str | None = None
    """Who has it in hand, or had it last."""
    was_due: int = 0
    """From when the attempt in hand might be made, if it had to wait or is a replay's; on disk only
    while it waits for another one."""
    recipients: int = 0
    """How many its notification names, where only its own travels with it; on the way only."""
    work: int = 0
    version: int = 1

    def begin_attempt(self, provider: str, at: int) -> None:
        """Take it in hand, to be sent through that account. On disk before anything is sent."""
        self.state = move(self.state, State.PROCESSING)
        self.attempt += 1
        self.claimed_at, self.provider = at, provider
        self.was_due = self.was_due or self.due or (self.planned_at if self.replay_of else 0)
        self.due, self.reason = 0, None

    def take_back_attempt(self) -> None:
        """The first attempt did not get on disk: the task is as it was planned."""
        self.state = State.PENDING
        self.attempt -= 1
        self.claimed_at, self.provider = 0, None

    def wait(self, until: int, reason: str | None) -> None:
        """It is looked at again then, or when it expires, to end it."""
        expires_at = self.request.expires_at
        self.due = until if expires_at is None else min(until, expires_at)
        self.reason, self.was_due = reason, 0

    def retry(self, until: int, reason: str, *, at: int) -> None:
        """It waits for another attempt. What it was late by when this one failed, it stays."""
        since = self.was_due or (self.request.position >> COUNTER_BITS) * 1_000
        self.wait(until, reason)
        self.was_due = since + self.due - at
