"""The SMTP port opens its connections safely: greeting, TLS, AUTH."""

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import trustme
import uvloop

from sendwell.adapters.smtp import SmtpClient
from sendwell.adapters.smtp.authentication import Secrets, authenticate
from sendwell.adapters.smtp.capabilities import Capabilities
from sendwell.adapters.smtp.dialogue import Dialogue
from sendwell.adapters.smtp.faults import OpeningError
from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Refused
from tests.conformance.smtp_calls import LocalRelay, a_client, a_mail, certified, fault_of
from tests.conformance.smtp_sink import EXTENSIONS, Answer, SmtpSink, Trouble

SESAME = "open sesame"
USERS = {"ali": SESAME}
SPOKEN_IN_THE_CLEAR = ["EHLO [127.0.0.1]", "STARTTLS"]

over_tls = pytest.mark.parametrize("tls", ["starttls", "implicit"])


def a_sink(
    tls: str, host: str = "localhost", answers: Mapping[str, Sequence[Answer]] | None = None
) -> SmtpSink:
    return SmtpSink(answers=answers or {}, tls=certified(host), is_implicit=tls == "implicit")


async def outcome_at(
    sink: SmtpSink, *, host: str = "localhost", tls: str = "starttls", opening: float = 5.0
) -> Outcome:
    relay = LocalRelay(sink.port, host, tls=tls)
    async with a_client(relay, opening=opening) as client:
        return await client.deliver(a_mail())


async def as_user(sink: SmtpSink, *, tls: str = "none", password: str = SESAME) -> Outcome:
    relay = LocalRelay(sink.port, "localhost", "ali", password, tls)
    async with a_client(relay) as client:
        return await client.deliver(a_mail())


@over_tls
async def test_a_mail_goes_over_tls_to_a_relay_that_proves_its_name(tls: str) -> None:
    async with a_sink(tls) as sink:
        outcome = await outcome_at(sink, tls=tls)

        assert outcome == Accepted("1")
        assert sink.mails[0].is_private


@over_tls
def test_tls_works_on_the_loop_that_the_product_runs_on(tls: str) -> None:
    async def run() -> Outcome:
        async with a_sink(tls) as sink:
            return await outcome_at(sink, tls=tls)

    assert uvloop.run(run()) == Accepted("1")


@over_tls
@pytest.mark.parametrize(
    ("host", "why"), [("127.0.0.1", "mismatch"), ("localhost", "Hostname mismatch")]
)
async def test_a_certificate_for_another_name_gets_no_mail(tls: str, host: str, why: str) -> None:
    async with a_sink(tls, "relay.example") as sink:
        outcome = await outcome_at(sink, host=host, tls=tls)

        assert fault_of(outcome) == (Deferred, "smtp.certificate", Blame.ACCOUNT)
        assert isinstance(outcome, Deferred)
        assert why in outcome.fault.text
        assert sink.lines == (SPOKEN_IN_THE_CLEAR if tls == "starttls" else [])


@over_tls
async def test_a_certificate_by_a_stranger_gets_no_mail(tls: str) -> None:
    async with a_sink(tls) as sink:
        relay = LocalRelay(sink.port, "localhost", tls=tls)
        async with a_client(relay, trusting=trustme.CA()) as client:
            outcome = await client.deliver(a_mail())

        assert fault_of(outcome) == (Deferred, "smtp.certificate", Blame.ACCOUNT)
        assert sink.mails == []


async def test_without_an_authority_of_its_own_a_client_trusts_the_systems() -> None:
    async with a_sink("implicit") as sink:
        client = SmtpClient(LocalRelay(sink.port, "localhost", tls="implicit"))
        outcome = await client.deliver(a_mail())
        await client.close()

        assert fault_of(outcome) == (Deferred, "smtp.certificate", Blame.ACCOUNT)
        assert sink.mails == []


async def test_a_relay_without_starttls_gets_nothing_in_the_clear() -> None:
    async with SmtpSink(users=USERS) as sink:
        outcome = await as_user(sink, tls="starttls")

        assert fault_of(outcome) == (Deferred, "smtp.starttls_missing", Blame.ACCOUNT)
        assert sink.lines == ["EHLO [127.0.0.1]"]
        await sink.until(lambda: not sink.open_connections)


async def test_a_refused_starttls_gets_nothing_in_the_clear() -> None:
    async with a_sink("starttls", answers={"STARTTLS": ["454 4.7.0 TLS not available"]}) as sink:
        outcome = await outcome_at(sink)

        assert fault_of(outcome) == (Deferred, "4.7.0", Blame.PROVIDER)
        assert sink.lines == SPOKEN_IN_THE_CLEAR


@pytest.mark.parametrize(
    "injected", ["220 Go on\r\n250 2.7.0 welcome", "220 Go on\r\n250-x", "220 Go on\r\n2"]
)
async def test_what_is_said_in_the_clear_before_tls_ends_the_connection(injected: str) -> None:
    async with a_sink("starttls", answers={"STARTTLS": [injected]}) as sink:
        outcome = await outcome_at(sink)

        assert fault_of(outcome) == (Deferred, "smtp.protocol", Blame.PROVIDER)
        assert sink.lines == SPOKEN_IN_THE_CLEAR


async def test_what_was_offered_before_tls_counts_no_more() -> None:
    plain = "250-sink.example\r\n250-PIPELINING\r\n250-SIZE 5\r\n250 STARTTLS"
    private = "250 sink.example"
    async with a_sink("starttls", answers={"EHLO": [plain, private]}) as sink:
        outcome = await outcome_at(sink)

        assert outcome == Accepted("1")
        assert "MAIL FROM:<shop@example.com>" in sink.lines


async def test_a_port_that_speaks_no_tls_gets_no_mail() -> None:
    async with SmtpSink() as sink:
        outcome = await outcome_at(sink, tls="implicit")

        assert fault_of(outcome) == (Deferred, "smtp.tls_failed", Blame.PROVIDER)
        assert sink.mails == []


async def test_a_relay_that_hangs_up_in_the_handshake_gets_no_mail() -> None:
    async with SmtpSink(extensions=("STARTTLS",)) as sink:
        async with a_client(LocalRelay(sink.port, "localhost", tls="starttls")) as client:
            sending = asyncio.ensure_future(client.deliver(a_mail()))
            await sink.until(lambda: len(sink.packets) == len(["EHLO", "STARTTLS", "ClientHello"]))
            sink.connections[0].hang_up()
            outcome = await sending

        assert fault_of(outcome) == (Deferred, "smtp.unreachable", Blame.PROVIDER)


async def test_a_relay_that_is_not_there_defers_the_mail() -> None:
    async with SmtpSink() as sink:
        port = sink.port
    async with a_client(LocalRelay(port)) as client:
        outcome = await client.deliver(a_mail())

    assert fault_of(outcome) == (Deferred, "smtp.unreachable", Blame.PROVIDER)


@pytest.mark.parametrize("host", ["relay.invalid", "re..lay", "x" * 64 + ".example"])
async def test_a_name_that_leads_nowhere_defers_the_mail(host: str) -> None:
    async with a_client(LocalRelay(25, host)) as client:
        outcome = await client.deliver(a_mail())

    assert fault_of(outcome) == (Deferred, "smtp.unreachable", Blame.PROVIDER)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"GREETING": ["554 No SMTP service here"]}, "554"),
        ({"GREETING": ["421 4.7.0 Too many connections"]}, "4.7.0"),
        ({"GREETING": [Trouble.HANG_UP]}, "smtp.unreachable"),
        ({"GREETING": ["hello"]}, "smtp.protocol"),
        ({"GREETING": ["220 Hi\r\n250 there"]}, "smtp.protocol"),
        ({"EHLO": [Trouble.HANG_UP]}, "smtp.unreachable"),
        ({"EHLO": ["550 No"], "HELO": ["550 5.7.1 No"]}, "5.7.1"),
        ({"EHLO": ["250 sink\r\n250 more"]}, "smtp.protocol"),
    ],
)
async def test_a_relay_that_does_not_let_us_in_defers_the_mail(
    answers: dict[str, list[Answer]], code: str
) -> None:
    async with SmtpSink(answers=answers) as sink:
        outcome = await outcome_at(sink, host="127.0.0.1", tls="none")

        assert fault_of(outcome) == (Deferred, code, Blame.PROVIDER)


@contextmanager
def dead_at(host: str, port: int) -> Iterator[None]:
    """Nobody takes a connection there, and nobody refuses one: the line is full."""
    with ExitStack() as stack, socket.create_server((host, port), backlog=0):
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((host, port))
        yield


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_a_relay_with_a_dead_address_is_reached_at_the_next_one(
    tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = socket.getaddrinfo

    def answer(host: str, *rest: Any, **more: Any) -> Any:
        hosts = ["127.0.0.2", "127.0.0.1"] if host == "two.example" else [host]
        return [place for one in hosts for place in asked(one, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    async with a_sink(tls, "two.example") as sink:
        relay = LocalRelay(sink.port, "two.example", tls=tls)
        with dead_at("127.0.0.2", sink.port):
            async with a_client(relay, opening=20, mail=60) as client:
                outcome = await client.deliver(a_mail())

    assert outcome == Accepted("1")


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "STARTTLS"])
async def test_a_relay_that_keeps_silent_defers_the_mail(verb: str) -> None:
    async with a_sink("starttls", answers={verb: [Trouble.SILENCE]}) as sink:
        outcome = await outcome_at(sink, opening=0.05)

        assert fault_of(outcome) == (Deferred, "smtp.timeout", Blame.PROVIDER)


async def test_a_relay_of_1982_gets_helo() -> None:
    async with SmtpSink(answers={"EHLO": ["502 Command not implemented"]}) as sink:
        outcome = await outcome_at(sink, tls="none")

        assert outcome == Accepted("1")
        assert sink.lines[:3] == [
            "EHLO [127.0.0.1]", "HELO [127.0.0.1]", "MAIL FROM:<shop@example.com>",
        ]  # fmt: skip


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"])
@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_the_right_password_opens_the_relay(tls: str, mechanisms: str) -> None:
    async with a_sink(tls) as sink:
        sink.users = USERS
        sink.extensions = (*EXTENSIONS, f"AUTH {mechanisms}")

        outcome = await as_user(sink, tls=tls)

        assert outcome == Accepted("1")
        assert len([line for line in sink.lines if line.startswith("AUTH")]) == 1


@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN"])
async def test_a_wrong_password_is_the_accounts_fault(mechanisms: str) -> None:
    extensions = (*EXTENSIONS, f"AUTH {mechanisms}")
    async with SmtpSink(users=USERS, extensions=extensions) as sink:
        outcome = await as_user(sink, password="open barley")

        assert fault_of(outcome) == (Refused, "5.7.8", Blame.ACCOUNT)
        assert sink.mails == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("454 4.7.0 Temporary failure", (Deferred, "4.7.0", Blame.PROVIDER)),
        ("535 Wrong", (Refused, "535", Blame.ACCOUNT)),
        ("500 5.5.2 Too long", (Refused, "5.5.2", Blame.ACCOUNT)),
        ("421 4.7.0 Too many tries", (Deferred, "4.7.0", Blame.PROVIDER)),
    ],
)
async def test_an_auth_that_fails_otherwise_says_how(
    answer: str, fault: tuple[type[Outcome], str, Blame]
) -> None:
    async with SmtpSink(answers={"AUTH": [answer]}, users=USERS) as sink:
        outcome = await as_user(sink)

        assert fault_of(outcome) == fault


async def test_a_login_that_is_cut_short_says_no_password() -> None:
    answers = {"AUTH": ["535 5.7.0 Not from here"]}
    async with SmtpSink(answers=answers, extensions=("AUTH LOGIN",), users=USERS) as sink:
        outcome = await as_user(sink)

        assert fault_of(outcome) == (Refused, "5.7.0", Blame.ACCOUNT)
        assert sink.lines == ["EHLO [127.0.0.1]", "AUTH LOGIN"]


async def test_a_relay_without_a_known_mechanism_gets_no_password() -> None:
    async with SmtpSink(extensions=("AUTH CRAM-MD5 GSSAPI",)) as sink:
        outcome = await as_user(sink)

        assert fault_of(outcome) == (Deferred, "smtp.auth_missing", Blame.ACCOUNT)


async def test_a_relay_elsewhere_gets_no_password_in_the_clear() -> None:
    dialogue = Dialogue()
    # Anything written to this transport raises an error of its own.
    dialogue.wire.connection_made(asyncio.Transport({"peername": ("192.0.2.7", 587)}))
    capabilities = Capabilities(mechanisms=frozenset({"PLAIN"}))

    with pytest.raises(OpeningError) as caught:
        await authenticate(dialogue, capabilities, Secrets("ali", SESAME))

    assert fault_of(caught.value.outcome) == (Deferred, "smtp.auth_needs_tls", Blame.ACCOUNT)
