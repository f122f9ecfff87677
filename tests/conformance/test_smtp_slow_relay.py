"""The SMTP port at a relay that takes its time: what it has been handed is not given up early."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from sendwell.domain.outcome import Accepted, Blame, Deferred, Unknown
from tests.conformance.smtp_calls import LocalRelay, a_client, a_mail, fault_of
from tests.conformance.smtp_sink import EXTENSIONS, SOON, Answer, SmtpSink, Trouble

STEP_BY_STEP = tuple(word for word in EXTENSIONS if word != "PIPELINING")

both_ways = pytest.mark.parametrize("extensions", [EXTENSIONS, STEP_BY_STEP])


@both_ways
async def test_no_mail_is_begun_and_given_up_because_it_has_waited_for_a_connection(
    extensions: tuple[str, ...],
) -> None:
    mails = [a_mail(f"zoe{number}@example.org") for number in range(10)]
    async with SmtpSink(slowness=0.3, extensions=extensions) as sink:
        async with a_client(LocalRelay(sink.port), mail=1.5) as client:
            outcomes = await asyncio.gather(*map(client.deliver, mails))

        taken = Counter(mail.recipients for mail in sink.mails)
        accepted = [m for m, o in zip(mails, outcomes, strict=True) if isinstance(o, Accepted)]
        assert {type(outcome) for outcome in outcomes} == {Accepted, Deferred}
        assert taken == Counter((mail.recipient,) for mail in accepted)


@both_ways
async def test_the_answer_to_the_final_dot_has_a_time_of_its_own(
    extensions: tuple[str, ...],
) -> None:
    async with (
        SmtpSink(slowness=3.0, extensions=extensions) as sink,
        a_client(LocalRelay(sink.port), mail=2.0) as client,
    ):
        outcome = await client.deliver(a_mail())

        assert outcome == Accepted("1")


async def test_a_mail_behind_one_that_waits_for_its_answer_is_deferred_in_time_and_not_sent() -> (
    None
):
    async with (
        SmtpSink(slowness=3.0) as sink,
        a_client(LocalRelay(sink.port), mail=2.0) as client,
    ):
        sent, late = await asyncio.gather(client.deliver(a_mail()), client.deliver(a_mail()))
        await sink.until(lambda: not sink.open_connections)
        again = await client.deliver(a_mail("again@example.org"))

        assert fault_of(late) == (Deferred, "smtp.timeout", Blame.PROVIDER)
        assert (sent, again) == (Accepted("1"), Accepted("2"))
        assert [(mail.connection, len(mail.message)) for mail in sink.mails] == [(0, 17), (1, 17)]


async def test_a_mail_that_has_waited_out_most_of_its_time_is_not_begun() -> None:
    async with (
        SmtpSink(slowness=1.8, extensions=STEP_BY_STEP) as sink,
        a_client(LocalRelay(sink.port), mail=2.0) as client,
    ):
        first, waiting = await asyncio.gather(
            client.deliver(a_mail()), client.deliver(a_mail("waiting@example.org"))
        )

        assert first == Accepted("1")
        assert fault_of(waiting) == (Deferred, "smtp.timeout", Blame.PROVIDER)
        assert not [line for line in sink.lines if "waiting" in line]
        assert len(sink.open_connections) == 1


@both_ways
async def test_closing_waits_for_no_answer_longer_than_it_may(extensions: tuple[str, ...]) -> None:
    answers: dict[str, Sequence[Answer]] = {"MESSAGE": ["250 Ok", Trouble.SILENCE]}
    async with (
        SmtpSink(answers=answers, extensions=extensions) as sink,
        a_client(LocalRelay(sink.port), mail=600.0, answer=600.0, closing=0.1) as client,
    ):
        await client.deliver(a_mail())
        tasks = [asyncio.ensure_future(client.deliver(a_mail())) for _ in range(3)]
        await sink.until(lambda: sink.lines.count("MESSAGE") == 2)

        async with asyncio.timeout(SOON):
            await client.close()
            sent, *unsent = await asyncio.gather(*tasks)

        assert fault_of(sent) == (Unknown, "smtp.connection_lost", Blame.PROVIDER)
        assert [type(each) for each in unsent] == [Deferred] * 2
