import pytest

from sendwell.channels import all_channels
from sendwell.domain.channel import Channel
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.messages.requested import Content
from sendwell.roles.gateway.words import require_words


def channel(name: str) -> Channel:
    return all_channels()[ChannelName(name)]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("sms", Content(subject="only"), "template_error"),
        ("sms", Content(title="only"), "template_error"),
        ("sms", Content(data={"a": "b"}, text="x" * 1601), "content_too_large"),
        ("sms", Content(body="x" * 5_000), "content_too_large"),
        ("push", Content(html="<p>only</p>"), "template_error"),
        ("push", Content(title="t", body="\U0001f600" * 1_001), "content_too_large"),
        ("push", Content(title="t", data={"k": "x" * 5_000}), "content_too_large"),
        ("push", Content(text="short", data={"k": "x" * 5_000}), "content_too_large"),
        ("push", Content(text="short", data={"k" * 5_000: ""}), "content_too_large"),
        ("in_app", Content(text="short", data={"k": "ü" * 10_000}), "content_too_large"),
    ],
)
def test_what_the_only_channel_can_never_say_is_refused(
    name: str, content: Content, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        require_words(content, channel(name))

    assert refused.value.code == code
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/content"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sms", Content(text="x" * 1_600)),
        ("sms", Content(html="<p>told in plain words</p>")),
        ("sms", Content(title="a title", body="words")),
        ("email", Content(subject="only")),
        ("push", Content(data={"a": "b"})),
        ("push", Content(text="short", data={"k": "x" * 3_994})),
        ("email", Content(text="short", data={"k": "x" * 50_000})),
        ("push", Content(text="stands in for the body", html="x" * 5_000)),
    ],
)
def test_what_it_can_say_is_taken(name: str, content: Content) -> None:
    assert not is_refused(content, channel(name))


@pytest.mark.parametrize("known", all_channels().values(), ids=lambda each: each.name)
def test_short_text_is_taken_by_every_channel(known: Channel) -> None:
    text = "\U0001f600" * 350

    require_words(Content(text=text), known)

    assert known.flaws_in_content(known.fit({"text": text})) == ()
    assert known.fit({"text": text})


def is_refused(content: Content, known: Channel) -> bool:
    try:
        require_words(content, known)
    except Invalid:
        return True
    return False
