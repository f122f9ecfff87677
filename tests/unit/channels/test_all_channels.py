"""What holds for every channel, those included that do not exist yet."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell import channels
from sendwell.channels import all_channels
from sendwell.domain.channel import Channel
from sendwell.messages.requested import Content, To

every_channel = pytest.mark.parametrize(
    "channel", all_channels().values(), ids=lambda channel: channel.name
)


def test_every_file_in_the_folder_is_a_channel_of_its_name() -> None:
    files = {path.stem for path in Path(channels.__path__[0]).glob("*.py")} - {"__init__"}

    assert files == set(all_channels())
    assert {"email", "sms", "push", "in_app", "webhook"} <= files


def test_the_channels_can_not_be_changed_by_whoever_asks_for_them() -> None:
    with pytest.raises(TypeError):
        all_channels()["email"] = None  # type: ignore[index]


@every_channel
def test_its_address_stands_in_a_field_of_the_recipient(channel: Channel) -> None:
    assert channel.address_field in To.__struct_fields__


@every_channel
def test_its_parts_are_parts_of_the_content(channel: Channel) -> None:
    assert set(channel.parts) <= set(Content.__struct_fields__)
    assert all(set(limit.parts) <= set(channel.parts) for limit in channel.limits)


EXAMPLES = {
    "email": "Ann.Lee+news@BÜCHER.example",
    "sms": "+436641234567",
    "push": "fGh:APA91b-x_Y",
    "in_app": "user-001",
    "webhook": "HTTPS://Example.org:8443/in?x=1#top",
}


@every_channel
def test_a_right_address_is_right_when_normalised_and_then_stays(channel: Channel) -> None:
    example = EXAMPLES[channel.name]

    normal = channel.normalise(example)

    assert channel.flaw_in_address(example) is None
    assert channel.flaw_in_address(normal) is None
    assert normal == channel.normalise(normal)


@every_channel
@pytest.mark.parametrize("bad", ["", " ", "\n", "a b", "x\0", "\ud800"])
def test_what_is_never_an_address_is_refused(channel: Channel, bad: str) -> None:
    assert channel.flaw_in_address(bad)


@every_channel
@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\t", " ", "\x7f", "\x85", "\u2028"])
def test_nothing_that_could_end_a_header_gets_into_an_address(
    channel: Channel, character: str
) -> None:
    example = EXAMPLES[channel.name]

    for at in range(len(example) + 1):
        assert channel.flaw_in_address(example[:at] + character + example[at:])


@every_channel
@given(text=st.text(max_size=40))
def test_any_text_is_either_refused_or_safe_to_send_to(channel: Channel, text: str) -> None:
    if channel.flaw_in_address(text) is None:
        normal = channel.normalise(text)

        assert normal == channel.normalise(normal)
        assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in normal)


@every_channel
def test_a_flaw_never_quotes_the_address(channel: Channel) -> None:
    flaw = channel.flaw_in_address("canary 4711 x@y@z")

    assert flaw
    assert "canary" not in flaw
    assert "4711" not in flaw
