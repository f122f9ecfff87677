import re
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ids import TenantId
from sendwell.domain.presets import PRESETS
from sendwell.messages.wire import headers
from sendwell.messages.wire.quarantine import Quarantine, letter_of
from sendwell.messages.wire.reason import Reason
from tests.unit.messages.builders import NOW, texts

KEPT = Quarantine(
    stream="notification.requested",
    place="notification.requested/3@1042",
    reason=Reason.MISSING_FIELD,
    text="/recipient is missing.",
    pointer="/recipient",
    body=b'{"notificationId": "n-1"}',
    headers={"organization-id": "acme"},
    at=NOW,
    tenant=TenantId("acme"),
    key="acme",
    preset="tenant",
)


@given(st.binary(), st.dictionaries(texts, texts))
def test_what_is_kept_is_given_back_byte_for_byte(body: bytes, told: dict[str, str]) -> None:
    kept = msgspec.structs.replace(KEPT, body=body, headers=told)

    again = msgspec.json.decode(msgspec.json.encode(kept), type=Quarantine)

    assert again == kept


def test_its_letter_is_the_message_as_it_came_with_the_reason_in_headers() -> None:
    letter = letter_of(KEPT, PRESETS["tenant"])

    assert (letter.stream.name, letter.key, letter.body) == (
        "sendwell.quarantine",
        "acme",
        KEPT.body,
    )
    assert letter.headers == {
        "organization-id": "acme",
        headers.REASON: "missing_field",
        headers.TEXT: "/recipient is missing.",
        headers.POINTER: "/recipient",
        headers.STREAM: "notification.requested",
        headers.PLACE: "notification.requested/3@1042",
        headers.AT: "2026-09-21T14:13:20.000Z",
    }


def test_the_same_place_is_one_letter() -> None:
    again = msgspec.structs.replace(KEPT, at=NOW + 1)

    assert letter_of(KEPT, PRESETS["tenant"]).id == letter_of(again, PRESETS["tenant"]).id


def test_what_is_too_long_is_left_out_of_the_letter_and_named() -> None:
    long = msgspec.structs.replace(
        KEPT, body=b"x" * 4_000_000, headers={"trace": "ü" * 50_000}, reason=Reason.TOO_LARGE
    )

    letter = letter_of(long, PRESETS["tenant"])

    assert letter.body == b""
    assert "trace" not in letter.headers
    assert letter.headers[headers.LEFT_OUT] == "body, headers"
    assert letter.headers[headers.REASON] == "too_large"
    assert headers.LEFT_OUT not in letter_of(KEPT, PRESETS["tenant"]).headers


def test_what_a_notification_alone_may_not_have_is_still_there_byte_for_byte() -> None:
    long = msgspec.structs.replace(KEPT, body=b"x" * 2_000_000, reason=Reason.TOO_LARGE)

    letter = letter_of(long, PRESETS["tenant"])

    assert letter.body == long.body
    assert headers.LEFT_OUT not in letter.headers


def test_every_reason_says_what_to_do() -> None:
    assert all(reason.hint.endswith(".") for reason in Reason)


def test_the_page_about_the_quarantine_explains_every_reason() -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "quarantine.md"

    explained = re.findall(r"^\| `(\w+)` \|", page.read_text(), re.MULTILINE)

    assert explained == [reason.value for reason in Reason]
