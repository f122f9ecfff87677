import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.channels import all_channels
from sendwell.domain.channel import Channel
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import (
    CONTEXTS,
    Context,
    Missing,
    Source,
    TemplateBody,
    absent,
    locale_of_formats,
    pick_locale,
    pointer,
    sources,
)

tags = st.from_regex(r"[a-z]{2}(-[A-Z]{2})?", fullmatch=True)


def channel(name: str) -> Channel:
    return all_channels()[ChannelName(name)]


@pytest.mark.parametrize(
    ("available", "wanted", "default", "picked"),
    [
        (["de-AT", "de", "en"], "de-AT", "en", "de-AT"),
        (["de", "en"], "de-AT", "en", "de"),
        (["en"], "de-AT", "en", "en"),
        (["en"], None, "en", "en"),
        (["de", "en"], None, "en", "en"),
        (["zh-Hant", "en"], "zh-Hant-TW", "en", "zh-Hant"),
        (["de_AT"], "de-at", "en", "de_AT"),
        (["en"], "fr", "en-GB", "en"),
        (["fr"], "de", "en", None),
        ([], "de", "en", None),
        (["en"], "", "en", "en"),
    ],
)
def test_a_locale_falls_back_to_what_it_is_a_kind_of_and_then_to_the_default(
    available: list[str], wanted: str | None, default: str, picked: str | None
) -> None:
    assert picked == pick_locale(available, wanted, default)


@given(st.sets(tags), tags, tags)
def test_a_locale_that_is_there_is_picked_before_any_other(
    available: set[str], wanted: str, default: str
) -> None:
    assert wanted == pick_locale({*available, wanted}, wanted, default)


@given(st.sets(tags), st.none() | tags, tags)
def test_what_is_picked_is_always_one_of_the_available(
    available: set[str], wanted: str | None, default: str
) -> None:
    assert pick_locale(available, wanted, default) in {*available, None}


@pytest.mark.parametrize(
    ("picked", "wanted", "formats"),
    [
        ("en", "en-GB", "en-GB"),
        ("EN", "en_gb", "en_gb"),
        ("de-AT", "de-AT", "de-AT"),
        ("en", "fr", "en"),
        ("en", "eng", "en"),
        ("en-GB", "en", "en-GB"),
        ("en", None, "en"),
    ],
)
def test_formats_are_the_wanted_ones_where_they_are_a_kind_of_the_words(
    picked: str, wanted: str | None, formats: str
) -> None:
    assert formats == locale_of_formats(picked, wanted)


def test_an_email_has_its_three_parts_each_in_its_context() -> None:
    body = TemplateBody(subject="s", text="t", html="h", title="no", body="no")

    found = sources(body, channel("email"))

    assert found == {
        "subject": Source("s", Context.LINE),
        "text": Source("t", Context.TEXT),
        "html": Source("h", Context.HTML),
    }


def test_a_text_that_nobody_wrote_is_told_from_the_html() -> None:
    found = sources(TemplateBody(subject="s", html="<p>h</p>"), channel("email"))

    assert found["text"] == Source("<p>h</p>", Context.TEXT_OF_HTML)


def test_a_text_that_somebody_wrote_is_not_told_from_the_html() -> None:
    found = sources(TemplateBody(body="b", html="<p>h</p>"), channel("sms"))

    assert found == {"text": Source("b", Context.TEXT)}


def test_a_stand_in_takes_the_context_of_the_part_it_stands_in_for() -> None:
    found = sources(TemplateBody(subject="s", text="t"), channel("push"))

    assert found == {"title": Source("s", Context.LINE), "body": Source("t", Context.TEXT)}


@pytest.mark.parametrize("name", all_channels())
def test_an_empty_body_has_nothing_for_any_channel(name: ChannelName) -> None:
    assert sources(TemplateBody(subject=""), all_channels()[name]) == {}


def test_every_part_of_a_body_has_a_context() -> None:
    assert set(TemplateBody.__dataclass_fields__) == set(CONTEXTS)


@pytest.mark.parametrize(
    ("name", "is_absent"),
    [
        ("name", False),
        ("zero", False),
        ("no", False),
        ("null", True),
        ("nothing", True),
        ("person.name", False),
        ("person.age", True),
        ("name.first", True),
        ("list.0", False),
        ("list.1", True),
        ("list.x", True),
    ],
)
def test_a_name_is_absent_when_the_data_has_no_value_for_it(name: str, is_absent: bool) -> None:
    data = {
        "name": "", "zero": 0, "no": False, "null": None, "person": {"name": "n"}, "list": [1],
    }  # fmt: skip

    assert ((name,) if is_absent else ()) == absent([name], data)


def test_absent_names_come_in_order() -> None:
    assert absent({"b", "c", "a"}, {"c": 1}) == ("a", "b")


def test_a_pointer_escapes_what_json_pointer_demands() -> None:
    assert pointer("a/b.c~d") == "/data/a~1b/c~0d"


def test_missing_is_invalid_and_tells_the_names() -> None:
    error = Missing("m", names=["a", "b"])

    assert isinstance(error, Invalid)
    assert (error.code, error.names) == ("missing_variable", ("a", "b"))
