"""How times, JSON and prose read on a page."""

import pytest

from sendwell.web import words

NOW = 1_795_256_103_000_000
"""2026-11-21T10:15:03Z"""


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-21T10:15:02.700Z", "now"),
        ("2026-11-21T10:15:03.300Z", "now"),
        ("2026-11-21T10:15:01Z", "2 s ago"),
        ("2026-11-21T10:05:03Z", "10 min ago"),
        ("2026-11-20T10:15:03Z", "24 h ago"),
        ("2026-11-11T10:15:03Z", "10 days ago"),
        ("2026-11-21T12:15:03+01:00", "in 1 h"),
        ("2026-11-21T10:15:33Z", "in 30 s"),
    ],
)
def test_a_time_is_told_as_it_is_felt(at: str, shown: str) -> None:
    assert words.ago(at, NOW) == shown


def test_a_clock_time_is_utc_with_milliseconds() -> None:
    assert words.clock_time("2026-11-21T11:15:03.12+01:00") == "2026-11-21 10:15:03.120"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-21T10:15:03.012Z", "+12 ms"),
        ("2026-11-21T10:15:07.240Z", "+4.2 s"),
        ("2026-11-21T13:15:03Z", "+3 h"),
        ("2026-11-21T10:15:02Z", "+0 ms"),
    ],
)
def test_the_time_between_two_moves_is_as_exact_as_it_matters(at: str, shown: str) -> None:
    assert words.since(at, "2026-11-21T10:15:03Z") == shown


def test_prose_is_escaped_and_may_hold_code() -> None:
    text = "Use `a < b` here.\n\n<script>alert(1)</script> & `x`"

    assert words.prose(text) == (
        "<p>Use <code>a &lt; b</code> here.</p>"
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; <code>x</code></p>"
    )


def test_counts_have_thin_spaces() -> None:
    assert words.number(1234567) == "1\u202f234\u202f567"


def test_json_is_indented() -> None:
    assert words.pretty({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
