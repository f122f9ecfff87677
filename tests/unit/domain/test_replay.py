"""What is sent again where one success is enough."""

import pytest

from sendwell.domain.ids import Part
from sendwell.domain.lifecycle import State
from sendwell.domain.replay import choose_again, reached_by


def parts(text: str) -> list[Part]:
    return [Part.parse(each) for each in text.split()]


def standing(text: str) -> dict[Part, State]:
    """Where deliveries stand, as in `0.email=DEAD 0.sms=SENT`."""
    told = (each.split("=") for each in text.split())
    return {Part.parse(part): State(state) for part, state in told}


@pytest.mark.parametrize(
    ("given_up", "where", "again"),
    [
        ("0.email 0.sms 0.in_app", "0.email=DEAD 0.sms=DEAD 0.in_app=DEAD", "0.email"),
        ("0.sms 0.email", "0.sms=DEAD 0.email=DEAD", "0.sms"),
        ("0.email", "0.email=DEAD 0.sms=SENT", ""),
        ("0.email", "0.email=DEAD 0.sms=DELIVERED", ""),
        ("0.email", "0.email=DEAD 0.sms=COMPLAINED", ""),
        ("0.email", "0.email=DEAD 0.sms=RETRYING", ""),
        ("0.email", "0.email=DEAD 0.sms=SCHEDULED", ""),
        ("0.email", "0.email=DEAD 0.sms=BOUNCED", "0.email"),
        ("0.email", "0.email=DEAD 0.sms=SUPPRESSED", "0.email"),
        ("0.email", "0.email=DEAD 0.sms=CANCELLED", "0.email"),
        ("0.sms", "0.email=DEAD 0.email.r1=SENT 0.sms=DEAD", ""),
        ("0.sms", "0.email=DEAD 0.email.r1=HELD 0.sms=DEAD", ""),
        ("0.sms 0.email.r1", "0.email=DEAD 0.email.r1=DEAD 0.sms=DEAD", "0.sms"),
        ("0.push 0.push.1 0.sms", "0.push=DEAD 0.push.1=DEAD 0.sms=DEAD", "0.push 0.push.1"),
        ("0.push.1", "0.push=SENT 0.push.1=DEAD", ""),
        ("0.email 1.email 1.sms", "0.email=DEAD 0.sms=SENT 1.email=DEAD 1.sms=DEAD", "1.email"),
    ],
)
def test_each_recipient_whom_nothing_reaches_is_told_once_more_by_one_channel(
    given_up: str, where: str, again: str
) -> None:
    assert parts(again) == choose_again(parts(given_up), standing(where))


def test_what_has_reached_a_recipient_is_named_and_what_may_yet() -> None:
    where = standing("0.email=DEAD 0.sms=SENT 0.push=HELD 0.in_app=BOUNCED 1.sms=SENT 10.sms=SENT")

    assert parts("0.push 0.sms") == reached_by(0, where)
