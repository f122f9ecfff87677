"""The status of a notification while its deliveries move."""

from collections.abc import Sequence
from typing import Any, cast

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Requested, To
from sendwell.messages.status import Status
from sendwell.roles.tracker.service import Tracker

ACME = TenantId("acme")
REQUEST = Requested(
    id=NotificationId("n-1"),
    tenant=ACME,
    position=Position(7),
    accepted_at=1,
    event_type="order",
    lane=2,
    to=(To(user_id=UserId("ada")),),
)
"""Without channels: they are tried one after the other."""


def a_status(part: str, state: State) -> Status:
    channel = ChannelName(part.partition(".")[2])
    return Status(ACME, NotificationId("n-1"), Position(7), part, channel, state, 2)


EMAIL_GOES = a_status("0.email", State.PROCESSING)
EMAIL_DIED = a_status("0.email", State.DEAD)
SMS_WAITS = a_status("0.sms", State.PENDING)


class Reads:
    """The open work and the journal, as they are at each look."""

    def __init__(self, *looks: tuple[Sequence[Status], Sequence[Status]]) -> None:
        self.left = [*looks]

    async def open(self, _: TenantId, __: Sequence[Position]) -> Sequence[Status]:
        return self.left[0][0]

    async def outcomes(self, _: TenantId, __: Sequence[Position]) -> Sequence[Status]:
        return self.left.pop(0)[1]


async def status_at(*looks: tuple[Sequence[Status], Sequence[Status]]) -> tuple[State, int]:
    """What is shown, and how many looks were not needed for that."""
    reads = cast("Any", Reads(*looks))
    (tracked,) = await Tracker(reads, reads)._tracked(ACME, [REQUEST])
    return tracked.status, len(reads.left)


async def test_what_fails_between_two_reads_is_not_taken_for_the_end() -> None:
    """With its end the next channel was planned, which neither of the two has seen."""
    moving = ([EMAIL_GOES], [EMAIL_DIED])
    after = ([SMS_WAITS], [EMAIL_DIED])

    assert await status_at(moving, after) == (State.PENDING, 0)


async def test_what_stands_still_is_read_once() -> None:
    assert await status_at(([], [EMAIL_DIED]), ([], [])) == (State.DEAD, 1)
    assert await status_at(([EMAIL_GOES], []), ([], [])) == (State.PROCESSING, 1)


async def test_what_moves_all_the_time_is_answered_all_the_same() -> None:
    moving = ([EMAIL_GOES], [EMAIL_DIED])

    state, left = await status_at(*[moving] * 9)

    assert state == State.DEAD
    assert left > 0
