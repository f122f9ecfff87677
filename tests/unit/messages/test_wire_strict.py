import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import json_object
from tests.unit.messages.builders import objects


def refused(body: bytes, **limits: int) -> Any:
    with pytest.raises(Invalid) as refusal:
        json_object(body, **limits)
    return refusal.value.code


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.MALFORMED_JSON),
        (b'{"a":', Reason.MALFORMED_JSON),
        (b"{} {}", Reason.MALFORMED_JSON),
        (b'{"a": NaN}', Reason.MALFORMED_JSON),
        (b'{"a": -Infinity}', Reason.MALFORMED_JSON),
        (b'{"a": 1e999}', Reason.MALFORMED_JSON),
        (b'{"a": 1' + b"0" * 5_000 + b"}", Reason.MALFORMED_JSON),
        (rb'{"a": "\ud800"}', Reason.MALFORMED_JSON),
        (b'{"a": "\n"}', Reason.MALFORMED_JSON),
        (b"\xef\xbb\xbf{}", Reason.MALFORMED_JSON),
        (b'{"a": "\xff"}', Reason.NOT_UTF8),
        (b'{"a": "\xed\xa0\x80"}', Reason.NOT_UTF8),
        ("{}".encode("utf-16"), Reason.NOT_UTF8),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b'"text"', Reason.NOT_AN_OBJECT),
        (b"null", Reason.NOT_AN_OBJECT),
        (b'{"a": 1, "a": 1}', Reason.REPEATED_FIELD),
        (b'{"a":1,"a":1}', Reason.REPEATED_FIELD),
        (b'{"a":[{"b":{"c":"","c":""}}]}', Reason.REPEATED_FIELD),
        (b'{"deep": [{"a": 1, "\\u0061": 2}]}', Reason.REPEATED_FIELD),
        (b'{"a":' * 40 + b"1" + b"}" * 40, Reason.TOO_DEEP),
        (b"[" * 100_000, Reason.TOO_DEEP),
    ],
)
def test_what_not_everybody_would_read_alike_is_refused(body: bytes, reason: Reason) -> None:
    assert refused(body) == reason


def test_the_largest_message_is_read_and_one_byte_more_is_not() -> None:
    body = b'{"a": "%s"}' % (b"x" * 91)

    assert json_object(body, most_bytes=len(body)) == {"a": "x" * 91}
    assert refused(body, most_bytes=len(body) - 1) == Reason.TOO_LARGE


def test_brackets_in_strings_are_no_depth() -> None:
    body = b'{"a": "%s"}' % (b"[" * 1_000)

    assert json_object(body) == {"a": "[" * 1_000}


def test_thirty_two_levels_are_not_too_deep() -> None:
    body = b'{"a":' * 32 + b"1" + b"}" * 32

    assert json_object(body)


@given(objects)
def test_every_object_is_read_as_python_reads_it(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()

    assert json_object(body) == json.loads(body)


def read(body: bytes) -> dict[str, object] | Reason:
    try:
        return json_object(body)
    except Invalid as refusal:
        return Reason(refusal.code)


@given(st.binary() | st.text().map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_read_or_refused_with_a_reason(body: bytes) -> None:
    assert isinstance(read(body), dict | Reason)


@given(objects, st.integers(0, 200), st.integers(0, 200))
def test_a_damaged_object_is_read_or_refused_with_a_reason(
    value: dict[str, Any], start: int, length: int
) -> None:
    whole = json.dumps(value).encode()

    assert isinstance(read(whole[:start] + whole[start + length :]), dict | Reason)
