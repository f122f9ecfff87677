"""What the SMTP provider hands to a relay."""

import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.outcome import Accepted, Blame, Outcome, Refused
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.smtp import Smtp
from sendwell.ports.vendor import Means, Relay
from sendwell.providers.email.smtp import VENDOR, Credentials, SmtpProvider, message_id, subject
from tests.conformance.smtp_calls import LocalRelay, a_client
from tests.conformance.smtp_sink import Received, SmtpSink
from tests.providers.builders import an_outgoing, texts

NOON = 1_795_262_405_000_000
"""2026-11-21 12:00:05 UTC."""

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


async def sent(outgoing: Outgoing, **credentials: Any) -> tuple[Outcome, list[Received]]:
    """What it came to, and the mails that arrived."""
    given = {"host": "127.0.0.1", "from": "Acme <shop@acme.example>", **credentials}
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port)) as client:
        known = Credentials(**{("sender" if k == "from" else k): v for k, v in given.items()})
        provider = SmtpProvider(known, smtp=client, clock=lambda: NOON)
        return await provider.send(outgoing), sink.mails


def parsed(mail: Received) -> EmailMessage:
    return email.message_from_bytes(mail.message, policy=email.policy.default)


async def test_a_delivery_arrives_as_the_mail_it_was_meant_to_be() -> None:
    outcome, (mail,) = await sent(an_outgoing())

    message = parsed(mail)
    assert outcome == Accepted("1")
    assert (mail.sender, mail.recipients) == ("shop@acme.example", ("ada@example.org",))
    assert dict(message.items()) == {
        "Date": "Sat, 21 Nov 2026 12:00:05 +0000",
        "From": "Acme <shop@acme.example>",
        "To": "ada@example.org",
        "Subject": "Your code",
        "Message-ID": "<018f3c1e-7b1a-7000-8000-000000000001.0.email@acme.example>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": message["content-type"],
    }
    assert [part.get_content() for part in message.iter_parts()] == [
        "Your code is 1234.\r\n",
        "<p>Your code is <b>1234</b>.\r\n",
    ]


async def test_every_attempt_has_the_same_message_id() -> None:
    _, (first,) = await sent(an_outgoing(attempt=1))
    _, (second,) = await sent(an_outgoing(attempt=2))

    assert parsed(first)["message-id"] == parsed(second)["message-id"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (Content(subject="x", html="<p>x"), "text/html"),
        (Content(subject="x", html="<p>x", text=""), "text/html"),
        (Content(subject="x", text="x"), "text/plain"),
        (Content(title="x", body="x"), "text/plain"),
        (Content(subject="x", text="x", html="<p>x"), "multipart/alternative"),
    ],
)
async def test_a_mail_has_the_parts_that_there_are(content: Content, kind: str) -> None:
    _, (mail,) = await sent(an_outgoing(content=content))

    assert parsed(mail).get_content_type() == kind


@pytest.mark.parametrize(
    ("outgoing", "blame"),
    [
        (an_outgoing(content=Content(subject="x")), Blame.CONTENT),
        (an_outgoing(content=Content(subject="x", text="", html="")), Blame.CONTENT),
        (an_outgoing(content=Content(subject="x\r\nBcc: e@x.example", text="x")), Blame.CONTENT),
        (an_outgoing(content=Content(subject="x", text="\ud800")), Blame.CONTENT),
        (an_outgoing(address="ada"), Blame.ADDRESS),
        (an_outgoing(address="ada@example.org, eve@example.org"), Blame.ADDRESS),
        (an_outgoing(address="ada@example.org\nRCPT TO:<eve@example.org>"), Blame.ADDRESS),
    ],
)
async def test_what_is_no_mail_is_refused_without_a_call(outgoing: Outgoing, blame: Blame) -> None:
    outcome, mails = await sent(outgoing)

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is blame
    assert "ada" not in outcome.fault.text
    assert mails == []


async def test_a_domain_in_another_script_is_reached_under_its_ascii_name() -> None:
    _, (mail,) = await sent(an_outgoing(address="ada@bücher.example"))

    assert mail.recipients == ("ada@xn--bcher-kva.example",)


@pytest.mark.parametrize(
    ("content", "event_type", "expected"),
    [
        (Content(subject="Subject", title="Title", text="Text"), "login_code", "Subject"),
        (Content(title="Title", text="Text"), "login_code", "Title"),
        (Content(text="\n \n First\t line \n Second"), "login_code", "First line"),
        (Content(text="bell \x07 rings"), "login_code", "bell rings"),
        (Content(body="x" * 100), "login_code", "x" * 77 + "…"),
        (Content(html="<p>x"), "login_code", "Login code"),
        (Content(html="<p>x"), "order.shipped", "Order shipped"),
        (Content(html="<p>x"), "\r\n", "Notification"),
    ],
)
def test_a_mail_without_subject_gets_one(content: Content, event_type: str, expected: str) -> None:
    assert subject(an_outgoing(content=content, event_type=event_type)) == expected


@given(text=texts, event_type=texts)
def test_a_subject_of_our_own_can_always_be_written(text: str, event_type: str) -> None:
    made = subject(an_outgoing(content=Content(text=text), event_type=event_type))

    assert made
    assert len(made) <= 78
    assert not [letter for letter in made if ord(letter) < 32 or letter == "\x7f"]


@given(keys=st.sets(keys | st.from_regex(r"[a%0-9 ]{1,6}", fullmatch=True), min_size=2))
def test_every_key_has_a_message_id_of_its_own(keys: set[str]) -> None:
    ids = {message_id(key, "acme.example") for key in keys}

    assert len(ids) == len(keys)
    assert all(made.isascii() and made.isprintable() and " " not in made for made in ids)
    assert max(map(len, ids)) <= 240


def test_long_keys_that_differ_at_their_end_have_message_ids_of_their_own() -> None:
    one, other = (message_id("x" * 300 + end, "acme.example") for end in "ab")

    assert one != other
    assert len(one) <= 240


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_each_kind_of_tls_has_its_usual_port(tls: str, port: int) -> None:
    usual = VENDOR.parse(f'{{"host": "x", "tls": "{tls}", "from": "a@b.example"}}')
    other = VENDOR.parse(f'{{"host": "x", "tls": "{tls}", "from": "a@b.example", "port": 2525}}')

    assert usual.port == port
    assert other.port == 2525


@pytest.mark.parametrize(
    "json",
    [
        '{"host": "x"}',
        '{"from": "a@b.example"}',
        '{"host": "", "from": "a@b.example"}',
        '{"host": "x", "from": "nobody"}',
        '{"host": "x", "from": "a@b.example, c@d.example"}',
        '{"host": "x", "from": "a@b.example", "tls": "maybe"}',
        '{"host": "x", "from": "a@b.example", "port": 65536}',
        '{"host": "x", "from": "a@b.example", "username": "u"}',
        '{"host": "x", "from": "a@b.example", "password": "p"}',
        '{"host": "x", "from": "a@b.example", "starttls": true}',
    ],
)
def test_credentials_that_cannot_work_are_refused(json: str) -> None:
    with pytest.raises(Invalid):
        VENDOR.parse(json)


async def test_the_vendor_is_built_on_a_client_for_its_relay(means: Means) -> None:
    asked: list[Relay] = []
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port)) as client:
        credentials = VENDOR.parse('{"host": "relay.example", "from": "a@b.example"}')

        def client_for(relay: Relay) -> Smtp:
            asked.append(relay)
            return client

        provider = VENDOR.build(credentials, replace(means, smtp=client_for))
        outcome = await provider.send(an_outgoing())

        assert asked == [credentials]
        assert outcome == Accepted("1")
