"""The SMTP client and the MIME writer at a real Postfix."""

import asyncio
import email.policy
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Refused
from sendwell.ports.smtp import Envelope
from sendwell.providers.email.smtp import Credentials, SmtpProvider
from tests.conformance.smtp_calls import AUTHORITY, LocalRelay, a_client, a_mail, fault_of
from tests.providers.builders import an_outgoing
from tests.services import postfix as service
from tests.services.postfix import Postfix

pytestmark = pytest.mark.xdist_group("postfix")

_SUBJECT = re.compile(rb"^Subject: (\d+)$", re.MULTILINE)
NOON = 1_795_262_405_000_000


@pytest.fixture(scope="module")
def running() -> Iterator[Postfix]:
    if (reason := service.why_not()) is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with service.postfix(AUTHORITY) as started:
        yield started


@pytest.fixture
async def postfix(running: Postfix) -> Postfix:
    await running.empty()
    return running


def a_relay(postfix: Postfix, door: str, *, tls: str = "none", password: str = "") -> LocalRelay:
    username = service.USERNAME if password else None
    return LocalRelay(postfix.ports[door], service.HOST, username, password or None, tls)


async def sent(relay: LocalRelay, mails: Sequence[Envelope], connections: int = 1) -> list[Outcome]:
    async with a_client(relay, connections=connections, mail=60, opening=20) as client:
        return await asyncio.gather(*map(client.deliver, mails))


@pytest.mark.parametrize(
    ("door", "tls", "password"),
    [
        ("plain", "none", ""),
        ("step by step", "none", ""),
        ("starttls", "starttls", ""),
        ("implicit", "implicit", ""),
        ("private", "starttls", service.PASSWORD),
    ],
)
async def test_a_mail_is_delivered_through_every_door(
    postfix: Postfix, door: str, tls: str, password: str
) -> None:
    relay = a_relay(postfix, door, tls=tls, password=password)

    (outcome,) = await sent(relay, [a_mail(message=b"Subject: hi\r\n\r\n.dot\r\n")])

    assert isinstance(outcome, Accepted)
    assert outcome.reference is not None
    await postfix.until(lambda: f"{outcome.reference}: to=<zoe@example.org>" in postfix.log())
    (mail,) = postfix.delivered()
    assert b"\nSubject: hi\n" in mail
    assert mail.endswith(b"\n\n.dot\n")


async def test_what_the_provider_sends_is_what_arrives(postfix: Postfix) -> None:
    outgoing = an_outgoing()
    credentials = Credentials(host="localhost", sender="Zoë's Shop <shop@acme.example>")
    async with a_client(a_relay(postfix, "starttls", tls="starttls")) as client:
        provider = SmtpProvider(credentials, smtp=client, clock=lambda: NOON)

        outcome = await provider.send(outgoing)
        await postfix.until(lambda: len(postfix.delivered()) == 1)

    assert isinstance(outcome, Accepted)
    message = email.message_from_bytes(postfix.delivered()[0], policy=email.policy.default)
    assert message["return-path"] == "<shop@acme.example>"
    assert message["from"] == "Zoë's Shop <shop@acme.example>"
    assert message["subject"] == "Your code"
    assert message["message-id"] == f"<{outgoing.key}@acme.example>"
    assert [part.get_content() for part in message.iter_parts()] == [
        "Your code is 1234.\n",
        "<p>Your code is <b>1234</b>.\n",
    ]
    assert not message.defects


@pytest.mark.parametrize("door", ["plain", "step by step"])
async def test_each_recipient_gets_its_own_answer(postfix: Postfix, door: str) -> None:
    names = ["ada", "gone", "bob", "full", "cleo", "busy", "dora", "left", "emil"]
    mails = [a_mail(f"{name}@example.org") for name in names]

    outcomes = dict(zip(names, await sent(a_relay(postfix, door), mails), strict=True))
    await postfix.until(lambda: len(postfix.delivered()) == 5)

    assert fault_of(outcomes["gone"]) == (Refused, "5.1.1", Blame.ADDRESS)
    assert fault_of(outcomes["full"]) == (Deferred, "4.2.2", Blame.ADDRESS)
    assert fault_of(outcomes["busy"]) == (Deferred, "4.7.1", Blame.ADDRESS)
    assert fault_of(outcomes["left"]) == (Refused, "5.7.1", Blame.ACCOUNT)
    accepted = [name for name, outcome in outcomes.items() if isinstance(outcome, Accepted)]
    assert accepted == ["ada", "bob", "cleo", "dora", "emil"]


async def test_a_relay_that_we_may_not_use_is_the_accounts_fault(postfix: Postfix) -> None:
    (outcome,) = await sent(a_relay(postfix, "plain"), [a_mail("zoe@elsewhere.example")])

    assert fault_of(outcome) == (Refused, "5.7.1", Blame.ACCOUNT)


async def test_a_full_queue_defers_the_mail(postfix: Postfix) -> None:
    outcomes = await sent(a_relay(postfix, "full"), [a_mail()] * 3)

    assert [fault_of(outcome) for outcome in outcomes] == [(Deferred, "4.3.1", Blame.PROVIDER)] * 3


async def test_a_message_that_is_too_large_is_refused(postfix: Postfix) -> None:
    mails = [a_mail(message=b"x" * 1998 + b"\r\n"), a_mail(message=b"x" * 1999 + b"\r\n")]

    small, large = await sent(a_relay(postfix, "small"), mails)

    assert isinstance(small, Accepted)
    assert fault_of(large) == (Refused, "smtp.too_large", Blame.CONTENT)


async def test_a_wrong_password_is_the_accounts_fault(postfix: Postfix) -> None:
    relay = a_relay(postfix, "private", tls="starttls", password="open barley")

    (outcome,) = await sent(relay, [a_mail()])

    assert fault_of(outcome) == (Refused, "5.7.8", Blame.ACCOUNT)


async def test_a_relay_that_asks_for_tls_gets_no_mail_without(postfix: Postfix) -> None:
    (outcome,) = await sent(a_relay(postfix, "starttls"), [a_mail()])

    assert fault_of(outcome) == (Refused, "5.7.0", Blame.ACCOUNT)


async def test_a_relay_without_tls_gets_no_mail_where_tls_is_asked_for(postfix: Postfix) -> None:
    (outcome,) = await sent(a_relay(postfix, "plain", tls="starttls"), [a_mail()])

    assert fault_of(outcome) == (Deferred, "smtp.starttls_missing", Blame.ACCOUNT)


async def test_a_relay_that_forgets_idle_connections_loses_no_mail(postfix: Postfix) -> None:
    async with a_client(a_relay(postfix, "forgetful"), mail=60) as client:
        first = await client.deliver(a_mail())
        await postfix.until(lambda: "timeout after" in postfix.log())

        second = await client.deliver(a_mail())

    assert [type(first), type(second)] == [Accepted, Accepted]


async def test_a_relay_that_closes_after_too_many_refusals_loses_no_other_mail(
    postfix: Postfix,
) -> None:
    mails = [a_mail(f"{name}@example.org") for name in ("gone", "ada") * 10]

    outcomes = await sent(a_relay(postfix, "impatient"), mails)

    assert Counter(map(type, outcomes)) == {Refused: 10, Accepted: 10}


@pytest.mark.parametrize(
    ("door", "tls"), [("plain", "none"), ("starttls", "starttls"), ("step by step", "none")]
)
async def test_many_mails_at_once_are_delivered_once_each(
    postfix: Postfix, door: str, tls: str
) -> None:
    numbers = [f"{number:03}" for number in range(200)]
    mails = [a_mail(message=f"Subject: {number}\r\n\r\n.\r\n".encode()) for number in numbers]

    outcomes = await sent(a_relay(postfix, door, tls=tls), mails, connections=4)
    await postfix.until(lambda: len(postfix.delivered()) >= len(mails))

    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert len({outcome.reference for outcome in outcomes if isinstance(outcome, Accepted)}) == 200
    subjects = [_SUBJECT.findall(mail) for mail in postfix.delivered()]
    assert sorted(subjects) == [[number.encode()] for number in numbers]
