"""Where one is led after signing in."""

import pytest

from sendwell.web.sign_in import local


@pytest.mark.parametrize("path", ["/", "/mailbox", "/notifications?status=SENT&user_id=a%20b"])
def test_our_own_paths_are_followed(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path", ["", "//evil.example", "/\\evil.example", "https://evil.example", "x", "/a\r\nX: 1"]
)
def test_nobody_is_led_to_another_site(path: str) -> None:
    assert local(path) == "/"
