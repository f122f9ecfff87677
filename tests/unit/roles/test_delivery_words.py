"""What goes out: whoever wrote it, it fits its channel."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.channels import all_channels
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content, Requested, TemplateRef, To
from sendwell.messages.task import Task
from sendwell.ports.catalogue import Catalogue
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.words import Words

ACME = TenantId("acme")


class Plain:
    """A tenant without any rules."""

    def policy(self, _: TenantId) -> Policy:
        return Policy()


def said(
    channel: str,
    *,
    content: Content | None = None,
    bodies: Mapping[str, TemplateBody] | None = None,
    data: Mapping[str, Any] | None = None,
    locale: str | None = None,
) -> Outgoing:
    """What a person with that locale gets, of given words or of a template's."""
    name = ChannelName(channel)
    words = Words(
        cast("Catalogue", None),  # the versions are at hand
        MinijinjaRenderer(),
        tenants=cast("Tenants", Plain()),
        channels=all_channels(),
    )
    request = Requested(
        id=NotificationId("n-1"), tenant=ACME, position=Position(1), accepted_at=1,
        event_type="order", lane=Lane.MEDIUM, to=(To(UserId("u-1")),), content=content,
        template=TemplateRef("greeting") if bodies else None,
        data=msgspec.Raw(msgspec.json.encode(data or {})),
    )  # fmt: skip
    versions: dict[tuple[TenantId, str, int | None], TemplateVersion | None] = {}
    if bodies:
        versions[ACME, "greeting", 1] = TemplateVersion("greeting", 1, {name: bodies}, "en")
    return words.outgoing(
        Task(request, f"0.{channel}", 0, name, planned_at=1, template_version=1),
        Person(UserId("u-1"), locale=locale),
        address="a",
        now=1,
        versions=versions,
    )


@pytest.mark.parametrize(
    ("channel", "part", "most"),
    [
        ("sms", "text", 1_600),
        ("push", "body", 4_000),
        ("in_app", "body", 20_000),
        ("webhook", "text", 20_000),
        ("email", "subject", 998),
    ],
)
def test_rendered_words_are_as_long_as_the_channel_takes_and_no_longer(
    channel: str, part: str, most: int
) -> None:
    bodies = {"en": TemplateBody(**{part: "{{ words }}"})}

    longest = said(channel, bodies=bodies, data={"words": "x" * most})
    with pytest.raises(Invalid) as refused:
        said(channel, bodies=bodies, data={"words": "x" * (most + 1)})

    assert getattr(longest.content, part) == "x" * most
    assert refused.value.code == "content_too_large"


@pytest.mark.parametrize(("channel", "most"), [("push", 4_000), ("in_app", 20_000)])
def test_data_counts_with_the_words_it_goes_out_with(channel: str, most: int) -> None:
    def content(value: str) -> Content:
        return Content(title="t", data={"k": value})

    longest = said(channel, content=content("x" * (most - 2)))
    with pytest.raises(Invalid) as refused:
        said(channel, content=content("x" * (most - 1)))

    assert longest.content == content("x" * (most - 2))
    assert refused.value.code == "content_too_large"


@pytest.mark.parametrize("subject", [None, "{{ more|default('') }}", " {% if more %}x{% endif %}"])
def test_an_email_whose_subject_says_nothing_gets_the_beginning_of_its_text(
    subject: str | None,
) -> None:
    body = TemplateBody(subject=subject, text="Your code is 7.\nBye")

    made = said("email", bodies={"en": body}, data={"more": ""})

    assert made.content == Content(subject="Your code is 7.", text="Your code is 7.\nBye")


@pytest.mark.parametrize(
    ("there", "locale", "words"),
    [
        ("en", "fr", "Friday, February 1, 2030: \u20ac1,234.50"),
        ("en", "en-GB", "Friday, 1 February 2030: \u20ac1,234.50"),
        ("en", "EN_gb", "Friday, 1 February 2030: \u20ac1,234.50"),
        ("en", None, "Friday, February 1, 2030: \u20ac1,234.50"),
        ("de", "de-CH", "Freitag, 1. Februar 2030: EUR 1\u2019234.50"),
    ],
)
def test_dates_and_numbers_are_in_the_language_of_the_words_among_them(
    there: str, locale: str | None, words: str
) -> None:
    body = TemplateBody(text="{{ due|date('full') }}: {{ sum|money('EUR') }}")

    made = said(
        "sms", bodies={there: body}, data={"due": "2030-02-01", "sum": 1234.5}, locale=locale
    )

    assert made.content.text is not None
    assert made.content.text.replace("\u00a0", " ") == words


def test_data_that_a_channel_does_not_show_does_not_count() -> None:
    content = Content(text="Hello", data={"k": "x" * 10_000})

    assert said("sms", content=content).content == content
