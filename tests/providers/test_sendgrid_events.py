import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sendgrid.helpers.eventwebhook import EventWebhook

from sendwell.domain.errors import Denied, Invalid
from sendwell.domain.fingerprint import mark_of
from sendwell.domain.ids import ChannelName
from sendwell.domain.suppression import Source
from sendwell.messages.receipt import Receipt, Said
from sendwell.ports.vendor import Means
from tests.providers.accounts import a_provider, a_reader
from tests.providers.builders import an_outgoing
from tests.simulators import sendgrid as stories
from tests.simulators.hooks import Hook
from tests.simulators.sendgrid import Mail, SendGridSimulator

URL = "https://notify.example/webhooks/sendgrid/main"
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
AT = 1_800_000_000
NOW = AT * 1_000_000
HOUR = 3600

KEY = "order-7.0.email"
MAIL = Mail(
    "euo2iKxdSayPF4YE4--I7A",
    {
        "personalizations": [
            {"to": [{"email": "ada@example.org"}], "custom_args": {"sendwell_key": KEY}}
        ]
    },
)


def read(
    simulator: SendGridSimulator, hook: Hook, *, now: int = NOW, **changes: object
) -> list[Receipt]:
    reader = a_reader("sendgrid", simulator, **changes)
    return list(reader.read(url=hook.url, headers=hook.headers, body=hook.body, now=now))


def with_header(hook: Hook, name: str, value: str) -> Hook:
    return replace(hook, headers={**hook.headers, name: value})


def a_hook(simulator: SendGridSimulator, *told: Mapping[str, Any], at: int = AT) -> Hook:
    return simulator.hook(URL, [simulator.event(MAIL, story) for story in told], at=at)


@pytest.mark.parametrize(
    ("story", "said", "is_address_gone"),
    [
        (stories.DELIVERED, Said.DELIVERED, False),
        (stories.DEFERRED, Said.DEFERRED, False),
        (stories.BOUNCED, Said.BOUNCED, True),
        ({"event": "bounce", "status": "5.1.1"}, Said.BOUNCED, True),
        (stories.BLOCKED, Said.BOUNCED, False),
        ({"event": "bounce", "type": "expired"}, Said.BOUNCED, False),
        (stories.DROPPED, Said.FAILED, True),
        ({"event": "dropped", "reason": "Spam Content"}, Said.FAILED, False),
        (stories.COMPLAINED, Said.COMPLAINED, True),
        (stories.OPENED, Said.OPENED, False),
        (stories.CLICKED, Said.CLICKED, False),
        (stories.UNSUBSCRIBED, Said.UNSUBSCRIBED, False),
        ({"event": "group_unsubscribe", "asm_group_id": 10}, Said.UNSUBSCRIBED, False),
    ],
)
def test_an_event_is_said_in_our_words(
    story: Mapping[str, Any], said: Said, is_address_gone: bool
) -> None:
    simulator = SendGridSimulator()

    receipts = read(simulator, a_hook(simulator, story))

    assert [(said, KEY, MAIL.id, is_address_gone)] == [
        (receipt.said, receipt.key, receipt.reference, receipt.is_address_gone)
        for receipt in receipts
    ]


@pytest.mark.parametrize(
    ("reason", "said_by"),
    [
        ("Bounced Address", None),
        ("Spam Reporting Address", Source.COMPLAINT),
        ("Unsubscribed Address", Source.UNSUBSCRIBE),
    ],
)
def test_what_was_dropped_says_whether_a_person_wanted_that(
    reason: str, said_by: Source | None
) -> None:
    simulator = SendGridSimulator()

    (receipt,) = read(simulator, a_hook(simulator, {"event": "dropped", "reason": reason}))

    assert (receipt.said, receipt.is_address_gone, receipt.said_by) == (Said.FAILED, True, said_by)


def test_an_event_says_which_address_it_is_about_without_telling_it() -> None:
    simulator = SendGridSimulator()
    events = [{**stories.BOUNCED, "email": "Ada@Example.org"}, {**stories.BOUNCED, "email": ""}]

    receipts = read(simulator, a_hook(simulator, stories.BOUNCED, *events))

    ada = mark_of(ChannelName("email"), "ada@example.org")
    assert [receipt.address for receipt in receipts] == [ada, ada, None]


def test_a_bounce_keeps_its_code_and_its_reason() -> None:
    simulator = SendGridSimulator()
    bounced = {**stories.BOUNCED, "reason": "550 5.1.1 <ada@example.org>: no such\r\nuser"}

    (receipt,) = read(simulator, a_hook(simulator, bounced))

    assert receipt.code == "5.1.1"
    assert receipt.text == "550 5.1.1 <(…)>: no such user"


@pytest.mark.parametrize(
    "strange",
    [{"event": "account_status_change", "timestamp": 1}, {**stories.OPENED, "status": 3}, 7],
)
def test_an_event_that_cannot_be_read_hides_no_other(strange: Any) -> None:
    simulator = SendGridSimulator()
    bounce = simulator.event(MAIL, stories.BOUNCED)

    receipts = read(simulator, simulator.hook(URL, [strange, bounce, strange], at=AT))

    assert [receipt.said for receipt in receipts] == [Said.BOUNCED]


def test_events_we_have_no_word_for_are_left_out() -> None:
    simulator = SendGridSimulator()

    receipts = read(simulator, a_hook(simulator, stories.PROCESSED, {"event": "account_status"}))

    assert receipts == []


async def test_the_receipts_of_a_mail_name_the_reference_that_accepted_it(means: Means) -> None:
    async with SendGridSimulator() as simulator:
        provider = a_provider("sendgrid", simulator, means)
        await provider.send(an_outgoing(key=KEY))
        (hook,) = simulator.receipts(URL)

        receipts = read(simulator, hook, now=means.clock())

        assert [(Said.DELIVERED, KEY, simulator.mails[0].id)] == [
            (receipt.said, receipt.key, receipt.reference) for receipt in receipts
        ]


def test_the_vendors_own_library_agrees_with_what_we_verify() -> None:
    simulator = SendGridSimulator()
    hook = a_hook(simulator, stories.DELIVERED)
    oracle = EventWebhook(simulator.credentials["webhook_public_key"])

    receipts = read(simulator, hook)

    assert len(receipts) == 1
    assert oracle.verify_signature(
        hook.body.decode(), hook.headers[SIGNATURE], hook.headers[TIMESTAMP]
    )


def changed_body(hook: Hook) -> Hook:
    return replace(hook, body=hook.body.replace(b"ada@", b"eve@"))


def other_time(hook: Hook) -> Hook:
    return with_header(hook, TIMESTAMP, str(AT + 1))


def no_signature(hook: Hook) -> Hook:
    return replace(hook, headers={TIMESTAMP: str(AT)})


def no_time(hook: Hook) -> Hook:
    return replace(hook, headers={SIGNATURE: hook.headers[SIGNATURE]})


def empty_signature(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, "")


def prefix(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, hook.headers[SIGNATURE][:8])


def truncated(hook: Hook) -> Hook:
    whole = base64.b64decode(hook.headers[SIGNATURE])
    return with_header(hook, SIGNATURE, base64.b64encode(whole[:-1]).decode())


def another_version(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, f"v1,{hook.headers[SIGNATURE]}")


def not_text(hook: Hook) -> Hook:
    return with_header(hook, SIGNATURE, "\xff\xfe")


def of_another_account(hook: Hook) -> Hook:
    return replace(a_hook(SendGridSimulator(), stories.DELIVERED), url=hook.url)


@pytest.mark.parametrize(
    "forge",
    [
        changed_body,
        other_time,
        no_signature,
        no_time,
        empty_signature,
        prefix,
        truncated,
        another_version,
        not_text,
        of_another_account,
    ],
)
def test_a_forged_call_is_denied(forge: Any) -> None:
    simulator = SendGridSimulator()
    hook = a_hook(simulator, stories.DELIVERED)

    with pytest.raises(Denied):
        read(simulator, forge(hook))


@pytest.mark.parametrize("age_seconds", [-301, 25 * HOUR])
def test_a_call_that_is_too_old_or_from_the_future_is_denied(age_seconds: int) -> None:
    simulator = SendGridSimulator()
    hook = a_hook(simulator, stories.DELIVERED, at=AT - age_seconds)

    with pytest.raises(Denied, match="timestamp"):
        read(simulator, hook)


@pytest.mark.parametrize("age_seconds", [-299, 0, 24 * HOUR])
def test_a_call_that_sendgrid_repeats_for_a_day_is_read(age_seconds: int) -> None:
    simulator = SendGridSimulator()
    hook = a_hook(simulator, stories.DELIVERED, at=AT - age_seconds)

    receipts = read(simulator, hook)

    assert len(receipts) == 1


def test_without_a_key_every_call_is_denied() -> None:
    simulator = SendGridSimulator()
    hook = a_hook(simulator, stories.DELIVERED)

    with pytest.raises(Denied, match="webhook_public_key"):
        read(simulator, hook, webhook_public_key=None)


@pytest.mark.parametrize("body", [{}, [1], [{"event": "delivered"}], "delivered"])
def test_a_signed_body_of_another_shape_is_invalid(body: Any) -> None:
    simulator = SendGridSimulator()

    with pytest.raises(Invalid):
        read(simulator, simulator.hook(URL, body, at=AT))
