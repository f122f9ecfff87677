"""The SMTP port's connections: how many, how long, and what happens when one goes."""

import asyncio
from asyncio import Task

import pytest

from sendwell.adapters.smtp import SmtpClient
from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Refused, Unknown
from tests.conformance.smtp_calls import LocalRelay, a_client, a_mail, fault_of
from tests.conformance.smtp_sink import EXTENSIONS, SOON, SmtpSink, Trouble

STEP_BY_STEP = tuple(word for word in EXTENSIONS if word != "PIPELINING")


def sending(client: SmtpClient, *recipients: str) -> list[Task[Outcome]]:
    return [
        asyncio.ensure_future(client.deliver(a_mail(f"{name}@example.org"))) for name in recipients
    ]


async def settled(tasks: list[Task[Outcome]]) -> list[Outcome]:
    return await asyncio.gather(*tasks)


async def resting(client: SmtpClient, count: int) -> None:
    """Wait until so many connections have nothing to do."""
    async with asyncio.timeout(SOON):
        while len(client._resting) < count:
            await asyncio.sleep(0)


async def test_nothing_is_dialled_before_the_first_mail() -> None:
    async with SmtpSink() as sink:
        async with a_client(LocalRelay(sink.port)):
            pass

        assert sink.connections == []


async def test_one_mail_after_the_other_keeps_one_connection() -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port), connections=8) as client:
        outcomes = [await client.deliver(a_mail()) for _ in range(20)]

        assert [type(outcome) for outcome in outcomes] == [Accepted] * 20
        assert len(sink.connections) == 1


async def test_many_mails_at_once_open_as_many_connections_as_allowed() -> None:
    async with (
        SmtpSink(answers={"MESSAGE": [Trouble.SILENCE] * 3}) as sink,
        a_client(LocalRelay(sink.port), connections=3, mail=1.0, answer=1.0) as client,
    ):
        tasks = sending(client, *"abcdefghij")
        await sink.until(lambda: sink.lines.count("MESSAGE") == 3)

        assert len(sink.connections) == 3
        await settled(tasks)


async def test_a_mail_that_waits_takes_the_first_connection_that_is_free() -> None:
    async with (
        SmtpSink(answers={"MAIL": [Trouble.SILENCE]}) as sink,
        a_client(LocalRelay(sink.port), connections=2, mail=1.0) as client,
    ):
        stuck, *others = sending(client, *"abcdef")

        outcomes = await settled(others)

        assert [type(outcome) for outcome in outcomes] == [Accepted] * 5
        assert len({mail.connection for mail in sink.mails}) == 1
        assert fault_of(await stuck) == (Deferred, "smtp.timeout", Blame.PROVIDER)


async def test_a_connection_without_work_is_left_politely() -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port), idle=0.05) as client:
        await client.deliver(a_mail())

        await sink.until(lambda: not sink.open_connections)

        assert sink.lines[-1] == "QUIT"
        assert await client.deliver(a_mail()) == Accepted("2")


@pytest.mark.parametrize("words", ["", "421 4.4.2 Idle for too long", "250 What?", "gibberish"])
async def test_a_relay_that_leaves_an_idle_connection_costs_no_mail(words: str) -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port)) as client:
        await client.deliver(a_mail())
        if words:
            sink.connections[0].say(words)
        else:
            sink.connections[0].hang_up()
        await sink.until(lambda: not sink.open_connections)

        outcome = await client.deliver(a_mail())

        assert outcome == Accepted("2")


@pytest.mark.parametrize("extensions", [EXTENSIONS, STEP_BY_STEP])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("end", [Trouble.HANG_UP, "421 4.4.2 Idle for too long"])
async def test_a_relay_that_leaves_as_the_mail_comes_gets_it_over_a_new_connection(
    extensions: tuple[str, ...], verb: str, end: str | Trouble
) -> None:
    usual = "354 Go on" if verb == "DATA" else "250 Ok"
    async with SmtpSink(answers={verb: [usual, end]}, extensions=extensions) as sink:
        async with a_client(LocalRelay(sink.port)) as client:
            outcomes = [await client.deliver(a_mail()) for _ in range(3)]

        assert outcomes == [Accepted("1"), Accepted("2"), Accepted("3")]
        assert [mail.connection for mail in sink.mails] == [0, 1, 1]


async def test_a_relay_that_leaves_a_connection_that_was_never_used_costs_no_mail() -> None:
    async with (
        SmtpSink(answers={"MAIL": [Trouble.HANG_UP]}) as sink,
        a_client(LocalRelay(sink.port)) as client,
    ):
        (unwanted,) = sending(client, "unwanted")
        await sink.until(lambda: len(sink.connections) == 1)
        unwanted.cancel()
        await resting(client, 1)

        outcome = await client.deliver(a_mail())

        assert outcome == Accepted("1")


async def test_a_mail_is_handed_to_another_connection_only_once() -> None:
    answers = {"RCPT TO:<odd@example.org>": [Trouble.HANG_UP] * 2}
    async with (
        SmtpSink(answers=answers) as sink,
        a_client(LocalRelay(sink.port), connections=2) as client,
    ):
        await settled(sending(client, "one", "two"))
        await resting(client, 2)

        (outcome,) = await settled(sending(client, "odd"))

        assert fault_of(outcome) == (Deferred, "smtp.connection_lost", Blame.PROVIDER)
        assert len(sink.connections) == 2


async def test_lost_connections_are_replaced_only_as_far_as_mails_wait() -> None:
    async with (
        SmtpSink(answers={"DATA": [Trouble.SILENCE] * 2}) as sink,
        a_client(LocalRelay(sink.port), connections=2) as client,
    ):
        *stuck, waiting = sending(client, *"abc")
        await sink.until(lambda: sink.lines.count("DATA") == 2)
        for session in sink.open_connections:
            session.hang_up()

        outcomes = await settled([*stuck, waiting])

        assert [type(outcome) for outcome in outcomes] == [Deferred, Deferred, Accepted]
        assert len(sink.connections) == 3


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_a_relay_that_stops_answering_defers_the_mail(verb: str) -> None:
    async with SmtpSink(answers={verb: [Trouble.SILENCE]}, extensions=()) as sink:
        async with a_client(LocalRelay(sink.port), mail=1.0) as client:
            outcome = await client.deliver(a_mail())
            again = await client.deliver(a_mail())

        assert fault_of(outcome) == (Deferred, "smtp.timeout", Blame.PROVIDER)
        assert again == Accepted("1")


async def test_a_relay_that_does_not_answer_the_final_dot_leaves_that_mail_unknown() -> None:
    async with SmtpSink(answers={"MESSAGE": [Trouble.SILENCE]}) as sink:
        async with a_client(LocalRelay(sink.port), mail=1.0, answer=1.0) as client:
            sent, following = await settled(sending(client, "sent", "following"))

        assert fault_of(sent) == (Unknown, "smtp.timeout", Blame.PROVIDER)
        assert fault_of(following) == (Deferred, "smtp.timeout", Blame.PROVIDER)


async def test_a_relay_that_wants_no_more_connections_is_served_over_those_it_has() -> None:
    greetings = ["220 Welcome", *["421 4.7.0 Too many connections"] * 9]
    async with SmtpSink(answers={"GREETING": greetings}) as sink:
        async with a_client(LocalRelay(sink.port), connections=4) as client:
            outcomes = await settled(sending(client, *"abcdefgh"))
            outcomes += await settled(sending(client, *"ijkl"))

        assert [type(outcome) for outcome in outcomes] == [Accepted] * 12
        assert {mail.connection for mail in sink.mails} == {0}
        assert len(sink.connections) <= 4


async def test_a_relay_that_lets_nobody_in_defers_all_mails_at_once() -> None:
    async with SmtpSink(answers={"GREETING": ["554 Go away"] * 9}) as sink:
        async with a_client(LocalRelay(sink.port), connections=3) as client:
            outcomes = await settled(sending(client, *"abcdefgh"))

        assert [fault_of(outcome) for outcome in outcomes] == [
            (Deferred, "554", Blame.PROVIDER)
        ] * 8
        assert len(sink.connections) == 3


async def test_a_password_that_is_wrong_refuses_all_mails_at_once() -> None:
    async with SmtpSink(users={"ali": "right"}) as sink:
        relay = LocalRelay(sink.port, "127.0.0.1", "ali", "wrong")
        async with a_client(relay, connections=3) as client:
            outcomes = await settled(sending(client, *"abcdefgh"))

        assert [type(outcome) for outcome in outcomes] == [Refused] * 8


async def test_all_connections_lost_at_once_lose_no_mail() -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port), connections=4) as client:
        await settled(sending(client, *"abcd"))
        await resting(client, 4)
        for session in sink.open_connections:
            session.hang_up()

        outcomes = await settled(sending(client, *"efghijkl"))

        assert [type(outcome) for outcome in outcomes] == [Accepted] * 8


async def test_a_mail_nobody_waits_for_any_more_is_not_sent() -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port)) as client:
        first, left, last = sending(client, "first", "left", "last")
        await sink.until(lambda: len(sink.connections) == 1)
        left.cancel()

        outcomes = await settled([first, last])

        assert [type(outcome) for outcome in outcomes] == [Accepted] * 2
        assert "RCPT TO:<left@example.org>" not in sink.lines


async def test_closing_waits_for_the_mails_in_flight_and_says_goodbye() -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port), connections=2) as client:
        tasks = sending(client, *"abcdef")
        await sink.until(lambda: bool(sink.connections))

        await client.close()

        assert [type(task.result()) for task in tasks] == [Accepted] * 6
        assert sink.lines.count("QUIT") == len(sink.connections)


async def test_a_closed_client_takes_no_mail() -> None:
    async with SmtpSink() as sink, a_client(LocalRelay(sink.port)) as client:
        await client.close()

        outcome = await client.deliver(a_mail())

        assert fault_of(outcome) == (Deferred, "smtp.closed", Blame.US)


async def test_closing_does_not_wait_for_a_connection_that_nobody_needs() -> None:
    async with (
        SmtpSink(answers={"GREETING": [Trouble.SILENCE]}) as sink,
        a_client(LocalRelay(sink.port), opening=60) as client,
    ):
        (task,) = sending(client, "left")
        await sink.until(lambda: len(sink.connections) == 1)
        task.cancel()
        await asyncio.wait([task])

        async with asyncio.timeout(SOON):
            await client.close()

        outcome = await client.deliver(a_mail())
        assert fault_of(outcome) == (Deferred, "smtp.closed", Blame.US)
