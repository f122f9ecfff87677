import pytest

from sendwell.channels.sms import CHANNEL, flaw_in_address


@pytest.mark.parametrize("number", ["+43664123", "+436641234567", "+123456789012345"])
def test_a_number_in_international_form_is_taken_as_it_is(number: str) -> None:
    assert flaw_in_address(number) is None
    assert number == CHANNEL.normalise(number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "+",
        "06641234567",
        "00436641234567",
        "011436641234567",
        "436641234567",
        "+0436641234567",
        "+4366412",
        "+1234567890123456",
        "+43 664 1234567",
        "+43-664-1234567",
        "+43(664)1234567",
        "+436641234567x12",
        "+436641234567;ext=12",
        "tel:+436641234567",
        "＋436641234567",
        "+４３6641234567",
        "+436641234567\n",
        "112",
    ],
)
def test_every_other_form_is_refused_and_the_right_one_shown(number: str) -> None:
    assert "+436641234567" in str(flaw_in_address(number))


def test_an_unknown_outcome_is_left_to_people() -> None:
    assert not CHANNEL.resends_unknown
    assert CHANNEL.expects_receipts


def test_a_text_has_at_most_1600_characters() -> None:
    assert not CHANNEL.flaws_in_content({"text": "ü" * 1600})
    assert [flaw.pointer for flaw in CHANNEL.flaws_in_content({"text": "u" * 1601})] == ["/text"]


def test_a_body_is_its_text_where_there_is_no_text() -> None:
    assert CHANNEL.fit({"title": "t", "body": "words"}) == {"text": "words"}
