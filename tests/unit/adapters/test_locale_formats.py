"""The fast writers beside Babel, which they must equal."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.locale_formats import LocaleFormats, formats_of, known_locale
from sendwell.domain.errors import Invalid
from sendwell.domain.rendering import Missing
from sendwell.domain.zone import find_zone

TAGS = (
    "en", "de", "de-AT", "de-CH", "fr", "es", "es-MX", "pl", "pt-PT", "sv", "ru", "bg", "he",
    "ar", "fa", "hi", "en-IN", "bn", "ja", "zh-TW", "ko", "th", "tr", "en-US-POSIX",
)  # fmt: skip

FIELDS = (
    "y", "yy", "yyyy", "M", "MM", "MMM", "MMMM", "LLLL", "d", "dd", "E", "EEEE", "cccc", "a", "h",
    "hh", "H", "HH", "m", "mm", "s", "ss", "Q", "w", "B",
)  # fmt: skip

tags = st.sampled_from(TAGS)
currencies = st.sampled_from(["EUR", "USD", "JPY", "CHF", "KWD", "INR", "XTS"])
lengths = st.sampled_from(["short", "medium", "long", "full"])
numbers = (
    st.integers(-(10**15) + 1, 10**15 - 1)
    | st.floats(-1e14, 1e14)
    | st.decimals(-1000, 1000, places=2).map(float)
    | st.decimals(-(10**9), 10**9, places=3).map(str)
)
moments = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda moment: moment.replace(tzinfo=UTC)
)


def formats(tag: str) -> LocaleFormats:
    return formats_of(known_locale(tag))


def babel(tag: str) -> Locale:
    return Locale.parse(known_locale(tag))


def exactly(number: Any) -> Decimal:
    return Decimal(str(number))


@given(tags, currencies, numbers)
def test_money_is_written_as_babel_writes_it(tag: str, currency: str, amount: Any) -> None:
    expected = format_currency(exactly(amount), currency, locale=babel(tag))

    assert expected == formats(tag).money(amount, currency)


@given(tags, numbers)
def test_a_number_is_written_as_babel_writes_it(tag: str, number: Any) -> None:
    assert format_decimal(exactly(number), locale=babel(tag)) == formats(tag).number(number)


@given(tags, numbers, st.integers(0, 10))
def test_a_number_has_as_many_decimals_as_were_asked_for(
    tag: str, number: Any, decimals: int
) -> None:
    pattern = re.sub(r"\.$", "", f"#,##0.{'0' * decimals}")
    expected = format_decimal(exactly(number), pattern, locale=babel(tag))

    assert expected == formats(tag).number(number, decimals)


@given(tags, numbers)
def test_a_percentage_is_written_as_babel_writes_it(tag: str, number: Any) -> None:
    assert format_percent(exactly(number), locale=babel(tag)) == formats(tag).percent(number)


@given(tags, moments, lengths)
def test_dates_and_times_are_written_as_babel_writes_them(
    tag: str, moment: datetime, length: Any
) -> None:
    locale, iso = babel(tag), moment.isoformat()

    assert format_date(moment, length, locale=locale) == formats(tag).date(iso, length)
    assert format_time(moment, length, locale=locale) == formats(tag).time(iso, length)
    assert format_datetime(moment, length, locale=locale) == formats(tag).datetime(iso, length)


@given(
    tags,
    moments,
    st.lists(
        st.sampled_from(FIELDS),
        min_size=1,
        max_size=3,
    ),
)
def test_any_pattern_is_written_as_babel_writes_it(
    tag: str, moment: datetime, fields: list[str]
) -> None:
    pattern = " 'o''c' 5% ".join(fields)
    expected = format_datetime(moment, pattern, locale=babel(tag))

    assert expected == formats(tag).datetime(moment.isoformat(), pattern)


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (1234.5, "1.234,50 €"),
        (0.125, "0,12 €"),
        (0.375, "0,38 €"),
        (-3, "-3,00 €"),
        ("7.1", "7,10 €"),
    ],
)
def test_money_in_german(amount: Any, written: str) -> None:
    assert written.replace(" ", "\N{NO-BREAK SPACE}") == formats("de").money(amount, "eur")


def test_an_instant_is_shown_on_the_clocks_of_the_zone() -> None:
    german = formats("de")

    assert german.datetime("2026-11-21T23:30:00Z", "short", "Europe/Vienna") == "22.11.26, 00:30"
    assert german.date("2026-11-21T23:30:00Z", "medium", "Europe/Vienna") == "22.11.2026"
    assert german.time("2026-11-21T09:05:00Z") == "09:05"


def test_a_time_without_offset_is_there_already() -> None:
    assert formats("de").time("2026-11-21T09:05:00", "short", "Asia/Tokyo") == "09:05"


def test_a_zone_has_its_name_in_the_long_formats() -> None:
    zone = find_zone("Europe/Vienna")
    moment = datetime(2026, 7, 1, 12, tzinfo=zone)

    written = formats("de").time("2026-07-01T10:00:00Z", "full", "Europe/Vienna")

    assert format_time(moment, "full", tzinfo=zone, locale="de") == written
    assert "Sommerzeit" in written


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("de", "de"),
        ("de_AT", "de_AT"),
        ("de-XX", "de"),
        ("zh-TW", "zh_Hant_TW"),
        ("xx", "en"),
        ("", "en"),
        ("../../etc/passwd", "en"),
        ("de" * 5000, "en"),
        ("{{ 7*7 }}", "en"),
    ],
)
def test_an_unknown_locale_is_what_it_is_a_kind_of_or_english(tag: str, known: str) -> None:
    assert known == known_locale(tag)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("money", ("x", "EUR")),
        ("money", (True, "EUR")),
        ("money", ([1], "EUR")),
        ("money", (1, "EURO")),
        ("money", (1, None)),
        ("money", (1, ["EUR"])),
        ("money", (10**15, "EUR")),
        ("money", ("1e999999999", "EUR")),
        ("money", ("NaN", "EUR")),
        ("money", ("9" * 200_000, "EUR")),
        ("number", (float("inf"),)),
        ("number", (1, -1)),
        ("number", (1, 11)),
        ("number", (1, "x")),
        ("percent", ({},)),
        ("date", ("x",)),
        ("date", (20261121,)),
        ("date", ("2026-11-21", "y" * 41)),
        ("date", ("2026-11-21", "")),
        ("date", ("2026-11-21", "bbbbbb")),
        ("date", ("2026-11-21", ["y"])),
        ("date", ("2026-11-21", "medium", "Nowhere/None")),
        ("date", ("2026-11-21", "medium", "../../etc/passwd")),
        ("date", ("0001-01-01T00:00:00Z", "medium", "America/New_York")),
        ("time", ("2026-11-21T09:05:00Z", "short", 5)),
        ("datetime", (["2026-11-21"],)),
    ],
)
def test_what_a_filter_can_not_write_is_refused(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        getattr(formats("de"), name)(*arguments)

    assert not isinstance(refusal.value, Missing)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("money", (None, "EUR")),
        ("number", (None,)),
        ("percent", (None,)),
        ("date", (None,)),
        ("time", (None,)),
        ("datetime", (None,)),
    ],
)
def test_nothing_is_missing_and_not_a_number(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(Missing):
        getattr(formats("de"), name)(*arguments)


def test_a_remembered_one_is_not_taken_for_true() -> None:
    money = formats("en").filters["money"]
    money(1, "EUR")

    with pytest.raises(Invalid):
        money(True, "EUR")
