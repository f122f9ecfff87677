import pytest

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import Missing, TemplateBody
from sendwell.messages.requested import Content
from sendwell.runtime.rendering import prepare_parts, variables_of

EMAIL, SMS, PUSH = ChannelName("email"), ChannelName("sms"), ChannelName("push")
RENDERER = MinijinjaRenderer()
BODY = TemplateBody(
    subject="Hello {{ name }}", html="<p>{{ name }} &amp; {{ friend|default('others') }}</p>"
)


def words(channel: ChannelName, data: bytes) -> Content:
    return prepare_parts(RENDERER, BODY, channel=channel, locale="en")(data)


def test_an_email_is_rendered_in_all_its_parts() -> None:
    content = words(EMAIL, b'{"name": "<Ada>"}')

    assert content == Content(
        subject="Hello <Ada>", html="<p>&lt;Ada&gt; &amp; others</p>", text="<Ada> & others"
    )


def test_another_channel_gets_what_stands_for_its_parts() -> None:
    sms = words(SMS, b'{"name": "Ada"}')
    push = words(PUSH, b'{"name": "Ada"}')

    assert sms == Content(text="Ada & others")
    assert push == Content(title="Hello Ada")


def test_what_is_prepared_once_is_rendered_for_each_data_afresh() -> None:
    render = prepare_parts(RENDERER, BODY, channel=PUSH, locale="en")

    contents = [render(b'{"name": "Ada"}'), render(b'{"name": "Bob"}')]

    assert contents == [Content(title="Hello Ada"), Content(title="Hello Bob")]


def test_a_body_without_words_for_the_channel_is_refused() -> None:
    with pytest.raises(Invalid, match="no words for sms"):
        prepare_parts(RENDERER, TemplateBody(subject="s"), channel=SMS, locale="en")


def test_a_missing_variable_is_told_with_its_part() -> None:
    with pytest.raises(Missing, match=r"subject: The template needs name") as missing:
        words(EMAIL, b"{}")

    assert missing.value.flaws == (Flaw("/data/name", "missing: the template needs name"),)


def test_variables_are_those_of_all_parts() -> None:
    assert variables_of(RENDERER, BODY, channel=EMAIL) == {"name"}
