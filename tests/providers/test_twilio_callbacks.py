import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from sendwell.domain.errors import Denied, Invalid
from sendwell.domain.fingerprint import mark_of
from sendwell.domain.ids import ChannelName
from sendwell.domain.suppression import Source
from sendwell.messages.receipt import Receipt, Said
from sendwell.ports.vendor import Means
from tests.providers.accounts import a_provider, a_reader
from tests.providers.builders import an_outgoing
from tests.simulators.hooks import Hook
from tests.simulators.twilio import TOKEN, Message, TwilioSimulator

NOW = 1_800_000_000_000_000
URL = "https://notify.example/webhooks/twilio/main"
SIGNATURE = "x-twilio-signature"
SETTINGS = "x-twilio-webhooks-signature-settings"
MESSAGE = Message("SM" + "0c" * 16, {"To": "+15005550010", "From": "+15005550006"})
FORM = {"MessageSid": MESSAGE.sid, "MessageStatus": "delivered"}


def read(hook: Hook, **changes: object) -> list[Receipt]:
    reader = a_reader("twilio", TwilioSimulator(), **changes)
    return list(reader.read(url=hook.url, headers=hook.headers, body=hook.body, now=NOW))


def a_hook(status: str = "delivered", code: str | None = None) -> Hook:
    return TwilioSimulator().callback(MESSAGE, status, url=URL, code=code)


def signed(
    url: str, form: Mapping[str, Any], *, signed_as: str | None = None, token: str = TOKEN
) -> Hook:
    signature = RequestValidator(token).compute_signature(signed_as or url, form)
    return Hook(url, {SIGNATURE: signature}, urlencode(form).encode())


def with_header(hook: Hook, name: str, value: str) -> Hook:
    return replace(hook, headers={**hook.headers, name: value})


@pytest.mark.parametrize(
    ("status", "code", "said", "is_address_gone"),
    [
        ("delivered", None, Said.DELIVERED, False),
        ("undelivered", "30003", Said.FAILED, False),
        ("undelivered", "30005", Said.FAILED, True),
        ("undelivered", "30006", Said.FAILED, True),
        ("failed", "30001", Said.FAILED, False),
        ("failed", "21610", Said.FAILED, True),
        ("read", None, Said.OPENED, False),
    ],
)
def test_a_status_is_said_in_our_words(
    status: str, code: str | None, *, said: Said, is_address_gone: bool
) -> None:
    (receipt,) = read(a_hook(status, code))

    assert (said, code, MESSAGE.sid, NOW) == (
        receipt.said,
        receipt.code,
        receipt.reference,
        receipt.at,
    )
    assert receipt.is_address_gone is is_address_gone
    assert receipt.said_by == (Source.STOP_WORD if code == "21610" else None)
    assert receipt.address == mark_of(ChannelName("sms"), MESSAGE.form["To"])


def test_a_status_without_a_number_is_about_no_address() -> None:
    (receipt,) = read(signed(URL, FORM))

    assert receipt.address is None


@pytest.mark.parametrize("status", ["accepted", "queued", "sending", "sent", "receiving", ""])
def test_a_status_we_have_no_word_for_is_left_out(status: str) -> None:
    receipts = read(a_hook(status))

    assert receipts == []


async def test_a_receipt_brings_back_the_key_even_when_the_sid_never_came(means: Means) -> None:
    async with TwilioSimulator() as twilio:
        provider = a_provider("twilio", twilio, means, callback_url=URL)
        await provider.send(an_outgoing(address="+15005550010", key="order 7/ü&=.0.sms"))

        receipts = [receipt for hook in twilio.receipts() for receipt in read(hook)]

        assert [receipt.key for receipt in receipts] == ["order 7/ü&=.0.sms"]


@pytest.mark.parametrize("path", ["", "?a=b"])
async def test_what_the_url_asks_of_twilios_tries_stays_behind_the_key(
    path: str, means: Means
) -> None:
    """Connection overrides stand in its fragment: how often Twilio tries, and after what."""
    async with TwilioSimulator() as twilio:
        provider = a_provider("twilio", twilio, means, callback_url=f"{URL}{path}#rc=5&rp=all")
        await provider.send(an_outgoing(address="+15005550010", key="K.0.sms"))

        told = urlsplit(twilio.messages[0].form["StatusCallback"])
        receipts = [receipt for hook in twilio.receipts() for receipt in read(hook)]

        assert ("rc=5&rp=all", ["K.0.sms"]) == (told.fragment, [each.key for each in receipts])


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
        max_size=5,
    )
)
def test_whatever_the_vendors_library_signs_is_read(more: dict[str, str]) -> None:
    hook = signed(URL, {**more, **FORM})

    receipts = read(hook)

    assert len(receipts) == 1


@pytest.mark.parametrize(
    ("told", "signed_as"),
    [
        ("https://notify.example/hook", "https://notify.example:443/hook"),
        ("https://notify.example:8443/hook", "https://notify.example/hook"),
        ("https://notify.example:8443/hook?a=b", "https://notify.example:8443/hook?a=b"),
        ("http://[::1]:8000/hook", "http://[::1]/hook"),
        ("http://[::1]/hook", "http://[::1]:80/hook"),
    ],
)
def test_the_url_is_signed_with_its_port_or_without(told: str, signed_as: str) -> None:
    receipts = read(signed(told, FORM, signed_as=signed_as))

    assert len(receipts) == 1


def test_repeated_fields_are_signed_once_each_in_order() -> None:
    body = urlencode([*FORM.items(), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")])
    signature = RequestValidator(TOKEN).compute_signature(URL, MultiDict(parse_qs(body)))

    receipts = read(Hook(URL, {SIGNATURE: signature}, body.encode()))

    assert len(receipts) == 1


class MultiDict(dict[str, list[str]]):
    """A form as web frameworks hand it to the vendor's library."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def test_a_json_body_is_signed_through_its_hash() -> None:
    body = json.dumps({**FORM, "ErrorCode": None, "MessageStatus": "undelivered"}).encode()
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    hook = Hook(url, {SIGNATURE: RequestValidator(TOKEN).compute_signature(url, {})}, body)

    (receipt,) = read(hook)

    assert RequestValidator(TOKEN).validate(url, body.decode(), hook.headers[SIGNATURE])
    assert (receipt.said, receipt.code) == (Said.FAILED, None)


def test_a_json_body_with_another_hash_is_denied() -> None:
    url = f"{URL}?bodySHA256={hashlib.sha256(b'{}').hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})

    with pytest.raises(Denied, match="body"):
        read(Hook(url, {SIGNATURE: signature}, json.dumps(FORM).encode()))


def test_a_shared_key_signs_by_sha256() -> None:
    signature = RequestValidator("shared").compute_signature(URL, FORM, "HMAC_SHA256")
    headers = {SIGNATURE: signature, SETTINGS: "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}

    receipts = read(Hook(URL, headers, urlencode(FORM).encode()), webhook_shared_key="shared")

    assert len(receipts) == 1


@pytest.mark.parametrize("settings", ["key=1,algorithm=HMAC_SHA256", "algorithm=HMAC_MD5"])
def test_a_way_of_signing_that_we_have_no_key_for_is_denied(settings: str) -> None:
    with pytest.raises(Denied, match="no key"):
        read(with_header(a_hook(), SETTINGS, settings))


def test_the_shared_key_is_no_key_for_the_old_way() -> None:
    hook = signed(URL, FORM, token="shared")

    with pytest.raises(Denied):
        read(hook, webhook_shared_key="shared")


def another_status(hook: Hook) -> Hook:
    return replace(hook, body=hook.body.replace(b"delivered", b"undelivered"))


def one_field_more(hook: Hook) -> Hook:
    return replace(hook, body=hook.body + b"&a=")


def another_url(hook: Hook) -> Hook:
    return replace(hook, url=hook.url + "?sendwell_key=other")


def no_signature(hook: Hook) -> Hook:
    return replace(hook, headers={})


def empty_signature(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, "")


def prefix(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, hook.headers[SIGNATURE][:10])


def truncated(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, hook.headers[SIGNATURE][:-1])


def another_version(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, f"v1,{hook.headers[SIGNATURE]}")


def not_text(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, "\xff\xfe")


def not_utf8(hook: Hook) -> Hook:
    return replace(hook, body=b"MessageSid=%ff" + hook.body)


def by_another_account(hook: Hook) -> Hook:
    return signed(hook.url, FORM, token="another token")


@pytest.mark.parametrize(
    "forge",
    [
        another_status,
        one_field_more,
        another_url,
        no_signature,
        empty_signature,
        prefix,
        truncated,
        another_version,
        not_text,
        not_utf8,
        by_another_account,
    ],
)
def test_a_forged_call_is_denied(forge: Any) -> None:
    with pytest.raises(Denied):
        read(forge(a_hook()))


def test_what_somebody_wrote_is_not_swallowed_where_receipts_are_read() -> None:
    with capture_logs() as logs, pytest.raises(Invalid, match="/inbound"):
        read(TwilioSimulator().inbound("STOP", url=URL, sender=MESSAGE.form["To"]))

    assert ["twilio.message_for_inbound"] == [line["event"] for line in logs]
    assert MESSAGE.form["To"] not in str(logs)


def test_a_signed_call_about_no_message_is_invalid() -> None:
    with pytest.raises(Invalid):
        read(signed(URL, {"Body": "hello"}))
