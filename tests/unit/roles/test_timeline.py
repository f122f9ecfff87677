"""What the timeline says of a move."""

import pytest

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.roles.tracker.timeline import event


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("send_at", "It waits for its send time."),
        ("replay", "It waits for its turn in the replay."),
    ],
)
def test_what_is_scheduled_says_what_it_waits_for(rule: str, text: str) -> None:
    move = Status(
        tenant=TenantId("acme"),
        notification=NotificationId("order-7"),
        position=Position(1),
        part="0.email.r1",
        channel=ChannelName("email"),
        state=State.SCHEDULED,
        at=1,
        planned_at=1,
        rule=rule,
        due=2,
    )

    told = event(move, State.SCHEDULED)

    assert (told.event, told.text, told.due) == ("SCHEDULED", text, 2)
