import pytest

from sendwell.domain.channel import Channel, ContentLimit, Unit
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import ChannelName


def a_channel(*parts: str, limits: tuple[ContentLimit, ...] = ()) -> Channel:
    return Channel(
        name=ChannelName("pigeon"),
        address_field="url",
        flaw_in_address=lambda _: None,
        normalise=str,
        parts=parts,
        limits=limits,
    )


def test_it_uses_only_its_own_parts() -> None:
    given = {"text": "t", "html": "h", "data": "{}"}

    assert a_channel("text", "subject").fit(given) == {"text": "t"}


@pytest.mark.parametrize(
    ("part", "other"),
    [("text", "body"), ("body", "text"), ("subject", "title"), ("title", "subject")],
)
def test_a_part_that_means_the_same_elsewhere_stands_in_for_a_missing_one(
    part: str, other: str
) -> None:
    assert {part: "words"} == a_channel(part).fit({other: "words"})
    assert {part: "own"} == a_channel(part).fit({part: "own", other: "words"})
    assert {part: "words"} == a_channel(part).fit({part: "", other: "words"})


def test_a_part_that_is_used_itself_stands_in_for_nothing() -> None:
    assert a_channel("text", "body").fit({"body": "b"}) == {"body": "b"}


def test_an_html_part_has_no_stand_in() -> None:
    assert a_channel("html").fit({"text": "t"}) == {}


def test_too_many_characters_are_pointed_at() -> None:
    channel = a_channel("text", limits=(ContentLimit(("text",), 3),))

    assert channel.flaws_in_content({"text": "äöü"}) == ()
    assert (Flaw("/text", "text: 4 characters, and at most 3 fit."),) == channel.flaws_in_content(
        {"text": "äöü!"}
    )


def test_parts_may_share_a_limit_in_bytes() -> None:
    channel = a_channel("title", "body", limits=(ContentLimit(("title", "body"), 4, Unit.BYTES),))

    assert channel.flaws_in_content({"title": "ä", "body": "ö", "text": "unused"}) == ()
    assert (
        Flaw("", "title and body: 5 bytes of UTF-8, and at most 4 fit."),
    ) == channel.flaws_in_content({"title": "ä", "body": "öo"})


def test_half_a_surrogate_pair_counts_and_breaks_nothing() -> None:
    limit = ContentLimit(("text",), 0, Unit.BYTES)

    assert limit.flaw({"text": "\ud800"}) is not None


def test_unless_it_says_otherwise_it_resends_without_receipts() -> None:
    channel = a_channel()

    assert (channel.resends_unknown, channel.expects_receipts) == (True, False)


def test_what_is_surely_short_has_room_and_what_is_too_long_has_none() -> None:
    limits = ContentLimit(("text",), 8), ContentLimit(("data", "title"), 8, Unit.BYTES)
    channel = a_channel("text", "title", limits=limits)

    channel.require_room({"text": "12", "data": "é", "title": "e"})
    channel.require_room({"text": "12345678", "data": "éé", "title": "éé"})
    with pytest.raises(
        Invalid, match="data and title: 9 bytes of UTF-8, and at most 8 fit"
    ) as refused:
        channel.require_room({"text": "1", "data": "éé", "title": "éée"})

    assert refused.value.code == "content_too_large"
