import pytest

from sendwell.channels.push import CHANNEL, flaw_in_address


@pytest.mark.parametrize("token", ["x", "fGh12:APA91b-x_Y.z", "a1" * 32, "~!@#$%^&*()", "t" * 4096])
def test_any_visible_ascii_is_taken_as_it_is(token: str) -> None:
    assert flaw_in_address(token) is None
    assert token == CHANNEL.normalise(token)


@pytest.mark.parametrize("token", ["", "a b", "a\n", "tökén", "a\x7f", "t" * 4097])
def test_what_could_not_stand_in_a_header_is_refused(token: str) -> None:
    assert flaw_in_address(token)


def test_an_unknown_outcome_is_sent_again_and_no_receipt_comes() -> None:
    assert CHANNEL.resends_unknown
    assert not CHANNEL.expects_receipts


def test_everything_shown_and_carried_has_4000_bytes_together() -> None:
    content = {"title": "ü" * 500, "body": "b" * 2000, "data": "d" * 1000}

    assert not CHANNEL.flaws_in_content(content)
    assert [f.pointer for f in CHANNEL.flaws_in_content(content | {"data": "d" * 1001})] == [""]


def test_a_subject_is_its_title_and_a_text_its_body() -> None:
    assert CHANNEL.fit({"subject": "s", "text": "t", "html": "h"}) == {"title": "s", "body": "t"}
