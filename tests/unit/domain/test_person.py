"""A person's addresses and templates' versions are values."""

from sendwell.domain.ids import ChannelName
from sendwell.domain.person import Person
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion

PUSH, SMS = ChannelName("push"), ChannelName("sms")


def test_an_address_is_found_by_channel_and_number() -> None:
    person = Person(None, {PUSH: {2: "token"}})

    assert person.address(PUSH, 2) == "token"
    assert person.address(PUSH, 1) is None
    assert person.address(SMS, 0) is None


def test_a_template_version_speaks_english_unless_told_otherwise() -> None:
    version = TemplateVersion("welcome", 1, {PUSH: {"en": TemplateBody(title="Hi")}})

    assert (version.default_locale, version.schema) == ("en", {})
