"""What is left of a request when recipients are erased."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.messages.emptied import emptied
from sendwell.messages.recipients import recipient_of
from sendwell.messages.requested import Content, Requested, To, decode, encode

ADA, BOB = UserId("ada"), UserId("bob")
MARKER = "Zanzibar"
KNOWN = {ADA: Person(ADA), BOB: Person(BOB)}


def a_request(*to: To) -> Requested:
    return Requested(
        id=NotificationId("n-1"),
        tenant=TenantId("acme"),
        position=Position(7),
        accepted_at=1,
        event_type="order_shipped",
        lane=2,
        to=to,
        channels=(ChannelName("email"),),
        content=Content(text=f"Dear {MARKER}"),
        data=msgspec.Raw(b'{"name":"Zanzibar"}'),
        metadata=msgspec.Raw(b'{"for":"Zanzibar"}'),
        timezone="Africa/Zanzibar",
    )


def test_nothing_personal_is_left_when_the_only_recipient_goes() -> None:
    request = a_request(To(ADA, email=f"{MARKER}@example.org", locale="sw-TZ"))

    left = emptied(request, [0])

    assert MARKER.encode() not in encode(left)
    assert b'"ada"' not in encode(left)
    assert (left.id, left.position, left.event_type, left.channels) == (
        request.id,
        request.position,
        request.event_type,
        request.channels,
    )


def test_the_words_stay_while_they_are_somebody_elses_as_well() -> None:
    request = a_request(To(ADA), To(BOB))

    left = emptied(request, [0])

    assert left.to == (To(), To(BOB))
    assert (left.content, left.data) == (request.content, request.data)


def test_the_words_go_with_the_last_of_the_recipients() -> None:
    left = emptied(emptied(a_request(To(ADA), To(BOB)), [0]), [1])

    assert left.content is None
    assert MARKER.encode() not in encode(left)


def test_an_erased_recipient_is_recognised_by_their_place() -> None:
    left = emptied(a_request(To(ADA), To(BOB)), [0])

    assert recipient_of(left, 0, KNOWN).is_erased
    assert recipient_of(left, 1, KNOWN) == KNOWN[BOB]


def test_an_address_beside_the_id_does_not_bring_an_erased_person_back() -> None:
    request = a_request(To(ADA, email="new@example.org"))

    person = recipient_of(request, 0, {ADA: Person(ADA, is_erased=True)})

    assert person.is_erased


@given(st.lists(st.sets(st.integers(0, 2)), max_size=4))
def test_the_order_of_erasing_does_not_matter_and_twice_is_once(steps: list[set[int]]) -> None:
    request = a_request(To(ADA), To(BOB), To(email="c@example.org"))

    one_by_one = request
    for places in steps:
        one_by_one = emptied(one_by_one, places)

    together = emptied(request, set().union(*steps))
    assert decode(encode(one_by_one)) == (together if steps else request)
