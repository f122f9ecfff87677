"""Whoever may be named by a notification can be stored, asked for and erased, and nobody else."""

from posixpath import normpath
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sendwell.channels import all_channels
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, UserId
from sendwell.domain.user_id import PATTERN, flaw_in_user_id
from sendwell.messages.requested import To
from sendwell.roles.gateway import checks
from sendwell.roles.gateway.wire import NotificationIn
from sendwell.roles.users.api.models import as_user_id

IN_APP = all_channels()[ChannelName("in_app")]
SIGNS = "\x00\t\x1f !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\x7f\x85\xa0\u2003\ufeff\ufffdaZ09é用"
IDS = st.one_of(st.text(max_size=300), st.text(SIGNS, max_size=5))


def is_stored(text: str) -> bool:
    try:
        as_user_id(text)
    except PydanticCustomError:
        return False
    return True


def is_recipient(text: str) -> bool:
    try:
        (to,) = checks.recipients(NotificationIn(to=To(user_id=UserId(text))), [])
    except Invalid:
        return False
    return to.user_id == text


def is_recipient_in_short(text: str) -> bool:
    return not checks.names(NotificationIn(user_id=text))


@given(IDS)
def test_every_door_takes_the_same_ids(text: str) -> None:
    is_one = flaw_in_user_id(text) is None

    assert is_one == is_stored(text)
    assert is_one == is_recipient(text) == is_recipient_in_short(text)
    assert is_one == (IN_APP.flaw_in_address(text) is None)


@given(IDS)
def test_an_id_is_one_step_of_a_path(text: str) -> None:
    if flaw_in_user_id(text) is None:
        assert unquote(quote(text)) == text
        assert not set("/?#%") & set(text)
        assert normpath(f"/users/{text}/inbox") == f"/users/{text}/inbox"


@pytest.mark.parametrize(
    "text", ["ada", "a@example.org", "José", "用户", "auth0|7", "...", ".a", "x" * 255]
)
def test_any_visible_characters_are_an_id(text: str) -> None:
    assert flaw_in_user_id(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a b",
        "a\n",
        "a\0",
        "a/b",
        "a?",
        "#",
        "50%",
        "a\\b",
        "\ud800",
        "a\ufffd",
        "x" * 256,
    ],
)
def test_what_could_not_stand_in_a_path_is_none(text: str) -> None:
    assert flaw_in_user_id(text)
    assert "\ud800" not in PATTERN
