"""The SMTP port: what becomes of a mail, whatever the relay answers and wherever it breaks off."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendwell.adapters.smtp.mail import stuffed
from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Refused, Unknown
from sendwell.ports.smtp import Envelope
from tests.conformance.smtp_calls import LocalRelay, a_client, a_mail, fault_of
from tests.conformance.smtp_sink import EXTENSIONS, Answer, SmtpSink, Trouble

STEP_BY_STEP = tuple(word for word in EXTENSIONS if word != "PIPELINING")

both_ways = pytest.mark.parametrize(
    "extensions", [EXTENSIONS, STEP_BY_STEP, ()], ids=["pipelined", "step by step", "bare"]
)


async def sent(sink: SmtpSink, *mails: Envelope) -> list[Outcome]:
    """The outcomes of mails that are all handed over at once, over one connection."""
    async with a_client(LocalRelay(sink.port)) as client:
        return await asyncio.gather(*map(client.deliver, mails))


@both_ways
async def test_an_accepted_mail_has_arrived_as_it_was(extensions: Sequence[str]) -> None:
    async with SmtpSink(extensions=extensions) as sink:
        outcomes = await sent(
            sink, a_mail(message=b"Subject: hi\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n")
        )

        (mail,) = sink.mails
        assert outcomes == [Accepted("1")]
        assert (mail.sender, mail.recipients) == ("shop@example.com", ("zoe@example.org",))
        assert mail.message == b"Subject: hi\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n"


@both_ways
async def test_many_mails_go_over_one_connection_in_order(extensions: Sequence[str]) -> None:
    mails = [a_mail(f"zoe{number}@example.org") for number in range(50)]
    async with SmtpSink(extensions=extensions) as sink:
        outcomes = await sent(sink, *mails)

        assert outcomes == [Accepted(str(number)) for number in range(1, 51)]
        assert [mail.recipients for mail in sink.mails] == [(mail.recipient,) for mail in mails]
        assert len(sink.connections) == 1
        assert "RSET" not in sink.lines


async def test_the_next_mails_commands_go_out_with_the_message() -> None:
    async with SmtpSink() as sink:
        await sent(sink, *[a_mail()] * 3)

        _ehlo, first, *middle, last, _quit = sink.packets
        commands = b"MAIL FROM:<shop@example.com> SIZE=17\r\nRCPT TO:<zoe@example.org>\r\nDATA\r\n"
        assert first == commands
        assert middle == [b"Subject: x\r\n\r\nx\r\n.\r\n" + commands] * 2
        assert last == b"Subject: x\r\n\r\nx\r\n.\r\n"


async def test_a_relay_that_pipelines_not_gets_one_command_at_a_time() -> None:
    async with SmtpSink(extensions=()) as sink:
        await sent(sink, a_mail())

        _ehlo, *packets, _quit = sink.packets
        assert packets == [
            b"MAIL FROM:<shop@example.com>\r\n",
            b"RCPT TO:<zoe@example.org>\r\n",
            b"DATA\r\n",
            b"Subject: x\r\n\r\nx\r\n.\r\n",
        ]


@both_ways
@pytest.mark.parametrize(
    ("verb", "answer", "outcome"),
    [
        ("MAIL", "451 4.3.0 Try later", (Deferred, "4.3.0", Blame.PROVIDER)),
        ("MAIL", "550 5.7.1 Not your domain", (Refused, "5.7.1", Blame.ACCOUNT)),
        ("RCPT", "450 4.2.0 Greylisted", (Deferred, "4.2.0", Blame.ADDRESS)),
        ("RCPT", "452 4.3.1 Queue full", (Deferred, "4.3.1", Blame.PROVIDER)),
        ("RCPT", "550 5.1.1 Unknown user", (Refused, "5.1.1", Blame.ADDRESS)),
        ("RCPT", "550-5.1.1 Unknown\r\n550 5.1.1 user", (Refused, "5.1.1", Blame.ADDRESS)),
        ("DATA", "451 4.3.0 Try later", (Deferred, "4.3.0", Blame.PROVIDER)),
        ("DATA", "554 Transaction failed", (Refused, "554", Blame.CONTENT)),
        ("MESSAGE", "452 4.3.1 Disk full", (Deferred, "4.3.1", Blame.PROVIDER)),
        ("MESSAGE", "554 5.7.1 Spam", (Refused, "5.7.1", Blame.CONTENT)),
    ],
)
async def test_a_refused_mail_costs_its_neighbours_nothing(
    extensions: Sequence[str],
    verb: str,
    answer: str,
    outcome: tuple[type[Outcome], str, Blame],
) -> None:
    answers = {verb: ["250 Ok" if verb != "DATA" else "354 Go on", answer]}
    async with SmtpSink(answers=answers, extensions=extensions) as sink:
        outcomes = await sent(sink, *[a_mail()] * 4)

        assert fault_of(outcomes.pop(1)) == outcome
        assert [type(each) for each in outcomes] == [Accepted] * 3
        assert len(sink.connections) == 1


@both_ways
async def test_each_recipient_gets_its_own_answer(extensions: Sequence[str]) -> None:
    answers: dict[str, Sequence[Answer]] = {
        "RCPT TO:<gone@example.org>": ["550 5.1.1 Unknown"],
        "RCPT TO:<full@example.org>": ["452 4.2.2 Mailbox full"],
    }
    mails = [a_mail(f"{name}@example.org") for name in ("ada", "gone", "bob", "full", "cleo")]
    async with SmtpSink(answers=answers, extensions=extensions) as sink:
        outcomes = await sent(sink, *mails)

        assert [type(each) for each in outcomes] == [
            Accepted, Refused, Accepted, Deferred, Accepted,
        ]  # fmt: skip
        assert [mail.recipients for mail in sink.mails] == [
            ("ada@example.org",), ("bob@example.org",), ("cleo@example.org",),
        ]  # fmt: skip


async def test_a_message_that_is_asked_for_nobody_is_ended_without_a_line() -> None:
    answers = {"RCPT": ["550 5.1.1 Unknown"], "DATA": ["354 Go on all the same"]}
    async with SmtpSink(answers=answers) as sink:
        outcomes = await sent(sink, a_mail("gone@example.org"), a_mail())

        assert [type(each) for each in outcomes] == [Refused, Accepted]
        assert [mail.message for mail in sink.mails if not mail.recipients] == [b""]
        assert [len(mail.message) for mail in sink.mails if mail.recipients] == [17]


@both_ways
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_a_connection_lost_before_the_message_defers_the_mail(
    extensions: Sequence[str], verb: str
) -> None:
    async with SmtpSink(answers={verb: [Trouble.HANG_UP]}, extensions=extensions) as sink:
        (outcome,) = await sent(sink, a_mail())

        assert fault_of(outcome) == (Deferred, "smtp.connection_lost", Blame.PROVIDER)
        assert "MESSAGE" not in sink.lines


@both_ways
async def test_a_connection_lost_after_the_final_dot_leaves_the_mail_unknown(
    extensions: Sequence[str],
) -> None:
    async with SmtpSink(answers={"MESSAGE": [Trouble.HANG_UP]}, extensions=extensions) as sink:
        outcomes = await sent(sink, *[a_mail()] * 3)

        assert fault_of(outcomes[0]) == (Unknown, "smtp.connection_lost", Blame.PROVIDER)
        assert isinstance(outcomes[-1], Accepted)
        assert [type(each) for each in outcomes].count(Accepted) == len(sink.mails)


@both_ways
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "MESSAGE"])
async def test_a_relay_that_closes_with_421_has_not_taken_the_mail(
    extensions: Sequence[str], verb: str
) -> None:
    answers = {verb: ["421 4.3.2 Shutting down"]}
    async with SmtpSink(answers=answers, extensions=extensions) as sink:
        (outcome,) = await sent(sink, a_mail())

        assert fault_of(outcome) == (Deferred, "4.3.2", Blame.PROVIDER)
        assert sink.mails == []


async def test_a_421_to_one_mail_sends_the_next_over_another_connection() -> None:
    async with SmtpSink(answers={"MESSAGE": ["250 Ok", "421 4.7.0 Too many"]}) as sink:
        outcomes = await sent(sink, *[a_mail(f"{number}@example.org") for number in range(4)])

        assert [type(each) for each in outcomes] == [Accepted, Deferred, Accepted, Accepted]
        assert [mail.connection for mail in sink.mails] == [0, 1, 1]


async def test_a_mail_that_breaks_two_connections_is_deferred() -> None:
    answers = {"RCPT TO:<odd@example.org>": [Trouble.HANG_UP, Trouble.HANG_UP]}
    async with SmtpSink(answers=answers) as sink:
        outcomes = await sent(sink, a_mail(), a_mail("odd@example.org"), a_mail())

        assert [type(each) for each in outcomes] == [Accepted, Deferred, Accepted]
        assert len(sink.connections) == 3


@pytest.mark.parametrize(
    "answer",
    ["999 What?", "x", "HTTP/1.1 400 Bad Request", "250-" + "x" * 140_000, "250-x\r\n" * 70_000],
)
async def test_an_answer_that_is_none_ends_the_connection(answer: str) -> None:
    async with SmtpSink(answers={"MAIL": [answer], "RCPT": [Trouble.SILENCE]}) as sink:
        (outcome,) = await sent(sink, a_mail())

        assert fault_of(outcome) == (Deferred, "smtp.protocol", Blame.PROVIDER)


@both_ways
@pytest.mark.parametrize(
    ("verb", "answer"), [("MAIL", "354 Go on"), ("RCPT", "354 Go on"), ("DATA", "250 Thanks")]
)
async def test_answers_out_of_step_end_the_connection(
    extensions: Sequence[str], verb: str, answer: str
) -> None:
    async with SmtpSink(answers={verb: [answer]}, extensions=extensions) as sink:
        (outcome,) = await sent(sink, a_mail())

        assert fault_of(outcome) == (Deferred, "smtp.protocol", Blame.PROVIDER)


@pytest.mark.parametrize("answer", ["what?", "354 More!", "354 More!\r\n250 2.0.0 Ok"])
async def test_after_a_final_dot_an_answer_that_is_none_leaves_the_mail_unknown(
    answer: str,
) -> None:
    async with SmtpSink(answers={"MESSAGE": [answer]}) as sink:
        (outcome,) = await sent(sink, a_mail())

        assert fault_of(outcome) == (Unknown, "smtp.protocol", Blame.PROVIDER)


async def test_a_message_larger_than_the_relay_takes_is_not_sent() -> None:
    async with SmtpSink(extensions=("PIPELINING", "SIZE 1000")) as sink:
        outcomes = await sent(
            sink, a_mail(message=b"x" * 1001), a_mail(message=b"x" * 998 + b"\r\n")
        )

        assert fault_of(outcomes[0]) == (Refused, "smtp.too_large", Blame.CONTENT)
        assert isinstance(outcomes[1], Accepted)
        assert [line for line in sink.lines if "SIZE=" in line] == [
            "MAIL FROM:<shop@example.com> SIZE=1000"
        ]


async def test_a_bounce_has_no_sender() -> None:
    async with SmtpSink() as sink:
        await sent(sink, Envelope("", "zoe@example.org", b"x\r\n"))

        assert sink.mails[0].sender == ""


@pytest.mark.parametrize(
    "address",
    [
        "", "zoe@example.org\r\nRCPT TO:<eve@example.org", "zoe\n@example.org", "zoe\0@example.org",
        "zoe@example.org> SIZE=1", "zoe @example.org", "<zoe@example.org>", "zoé@example.org",
        "z" * 255, "zoe\x7f@example.org",
    ],
)  # fmt: skip
async def test_an_address_that_could_say_more_than_itself_never_reaches_the_relay(
    address: str,
) -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port)) as client:
        to = await client.deliver(Envelope("shop@example.com", address, b"x\r\n"))
        by = await client.deliver(Envelope(address or "<>", "zoe@example.org", b"x\r\n"))

        assert fault_of(to) == (Refused, "smtp.bad_address", Blame.ADDRESS)
        assert fault_of(by) == (Refused, "smtp.bad_address", Blame.ACCOUNT)
        assert sink.lines == []


async def test_no_fault_quotes_an_address() -> None:
    answer = "550 5.1.1 <zoe@example.org>: unknown; try zoe.q@example.org"
    async with SmtpSink(answers={"RCPT": [answer]}) as sink:
        (outcome,) = await sent(sink, a_mail())

        assert isinstance(outcome, Refused)
        assert "unknown" in outcome.fault.text
        assert "zoe" not in outcome.fault.text


TRICKY = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"x", b"\r\n.\r\n", b"\n.\n", b"\r.\r"])
).map(b"".join)


@given(message=TRICKY)
def test_nothing_inside_a_message_can_end_it(message: bytes) -> None:
    data = stuffed(message)

    assert (b"\r\n" + data).index(b"\r\n.\r\n") + len(b"\r\n.") == len(data)
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(messages=st.lists(TRICKY, min_size=1, max_size=4))
def test_any_messages_arrive_with_their_line_ends_made_right(messages: list[bytes]) -> None:
    async def run() -> list[bytes]:
        async with SmtpSink() as sink:
            await sent(sink, *[a_mail(message=message) for message in messages])
            return [mail.message for mail in sink.mails]

    arrived = asyncio.run(run())

    assert arrived == [as_lines(message) for message in messages]


def as_lines(message: bytes) -> bytes:
    """Every line ended by CRLF, whatever ended it before."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join(line + b"\r\n" for line in lines)
