import pytest

from sendwell.channels.in_app import CHANNEL


@pytest.mark.parametrize(
    "user_id", ["user-001", "a@example.org", "Zoë", "用户", "auth0|7", "x" * 255]
)
def test_any_id_without_spaces_is_taken_as_it_is(user_id: str) -> None:
    assert CHANNEL.flaw_in_address(user_id) is None
    assert user_id == CHANNEL.normalise(user_id)


@pytest.mark.parametrize(
    "user_id", ["", " a", "a b", "a\0", "a\x9f", "\ud800", "a\ufffd", "a/b", "x" * 256]
)
def test_anything_else_is_no_id(user_id: str) -> None:
    assert CHANNEL.flaw_in_address(user_id)


def test_an_unknown_outcome_is_stored_again_and_no_receipt_comes() -> None:
    assert CHANNEL.resends_unknown
    assert not CHANNEL.expects_receipts


def test_a_message_has_at_most_20000_bytes() -> None:
    assert not CHANNEL.flaws_in_content({"body": "b" * 20_000})
    assert CHANNEL.flaws_in_content({"body": "b" * 20_000, "title": "t"})
