"""Answers in a cache that other versions of the code use too."""

from typing import NamedTuple

from sendwell.adapters.peers.packed import Packed
from sendwell.domain.consent import Modes, parse_preferences
from sendwell.domain.ids import ChannelName, UserId
from sendwell.domain.person import Person
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion

EMAIL, PUSH = ChannelName("email"), ChannelName("push")
ADA = Person(
    UserId("ada"),
    {EMAIL: {0: "ada@example.org"}, PUSH: {3: "token"}},
    "de-AT",
    "Europe/Vienna",
    parse_preferences({
        "channels": {"email": {"enabled": False}},
        "topics": {"news/sport": {"enabled": True, "channels": {"sms": False}}},
        "quiet_hours": {"windows": [{"from": "22:00", "to": "07:00"}]},
    }),
)  # fmt: skip


def test_a_person_is_found_as_they_were_kept() -> None:
    people: Packed[Person | None] = Packed(Person | None)

    assert people.unpack(people.pack(ADA)) == (ADA,)
    assert people.unpack(people.pack(None)) == (None,)


def test_a_template_and_topics_are_found_as_they_were_kept() -> None:
    version = TemplateVersion("hello", 3, {EMAIL: {"en": TemplateBody(text="Hi")}}, "en", {})
    versions: Packed[TemplateVersion] = Packed(TemplateVersion)
    topics: Packed[Modes] = Packed(Modes)

    assert versions.unpack(versions.pack(version)) == (version,)
    assert topics.unpack(topics.pack({"news": True})) == ({"news": True},)


class Now(NamedTuple):
    name: str
    email: str


class Later(NamedTuple):
    name: str
    email: str
    phone: str = ""


def test_what_another_version_of_the_shape_has_packed_is_not_opened() -> None:
    now: Packed[Now] = Packed(Now)
    later: Packed[Later] = Packed(Later)

    assert later.unpack(now.pack(Now("Ada", "ada@example.org"))) is None
    assert now.unpack(later.pack(Later("Ada", "ada@example.org"))) is None


def test_what_is_broken_is_not_opened() -> None:
    people: Packed[Person | None] = Packed(Person | None)
    packed = people.pack(ADA)

    assert people.unpack(b"") is None
    assert people.unpack(packed[:-3]) is None
    assert people.unpack(packed[:8] + b"\xa1x") is None


def test_what_is_no_text_and_what_is_too_deep_are_not_opened_either() -> None:
    texts: Packed[str | None] = Packed(str | None)
    versions: Packed[TemplateVersion] = Packed(TemplateVersion)
    too_deep = b"\x81\xa1x" * 100_000 + b"\xc0"

    assert texts.unpack(texts.pack("x")[:8] + b"\xa1\xff") is None
    assert versions.unpack(versions.pack(None)[:8] + too_deep) is None  # type: ignore[arg-type]
