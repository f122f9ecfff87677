"""Which channel of a request may follow which, as far as the request tells."""

import pytest

from sendwell.domain.ids import ChannelName, UserId
from sendwell.messages.requested import To
from tests.unit.messages.builders import a_request

EMAIL, SMS = ChannelName("email"), ChannelName("sms")
PERSON = To(user_id=UserId("user-001"))


@pytest.mark.parametrize(
    ("channels", "is_fallback", "falls_back"),
    [((), False, True), ((EMAIL, SMS), True, True), ((EMAIL, SMS), False, False)],
)
def test_channels_follow_each_other_unless_all_were_asked_for(
    channels: tuple[ChannelName, ...], is_fallback: bool, falls_back: bool
) -> None:
    request = a_request(to=(PERSON,), channels=channels, is_fallback=is_fallback)

    assert request.falls_back is falls_back
    assert request.is_last_channel(0, EMAIL) is not falls_back


def test_nothing_follows_the_last_channel_that_was_asked_for() -> None:
    request = a_request(to=(PERSON,), channels=(EMAIL, SMS), is_fallback=True)

    assert [False, True] == [request.is_last_channel(0, each) for each in (EMAIL, SMS)]


def test_nothing_follows_where_a_recipient_has_one_address() -> None:
    one, two = To(email="a@example.com"), To(email="b@example.com", phone="+15550100")
    request = a_request(to=(one, two), channels=(EMAIL, SMS), is_fallback=True)

    assert [True, False] == [request.is_last_channel(place, EMAIL) for place in (0, 1)]
