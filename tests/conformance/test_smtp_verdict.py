"""What a relay's answers mean: the table in `verdict`, line by line."""

import pytest

from sendwell.adapters.smtp.verdict import Stage, accepted, judge
from sendwell.adapters.smtp.wire import Reply
from sendwell.domain.outcome import Accepted, Blame, Deferred, Refused

ACCOUNT, ADDRESS, CONTENT, PROVIDER = Blame.ACCOUNT, Blame.ADDRESS, Blame.CONTENT, Blame.PROVIDER
AUTH, MAIL, RCPT, MESSAGE = Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.MESSAGE

REFUSALS = [
    (AUTH, 535, "5.7.8 Authentication failed", ACCOUNT),
    (AUTH, 503, "5.5.1 Already authenticated", ACCOUNT),
    (MAIL, 530, "5.7.0 Must issue a STARTTLS command first", ACCOUNT),
    (MAIL, 530, "5.5.1 Authentication Required", ACCOUNT),
    (MAIL, 550, "5.1.8 Sender address rejected: Domain not found", ACCOUNT),
    (MAIL, 550, "5.1.0 Sender denied", ACCOUNT),
    (MAIL, 553, "sorry, your envelope sender is in my badmailfrom list", ACCOUNT),
    (MAIL, 552, "message size exceeds fixed maximum message size", CONTENT),
    (MAIL, 501, "Syntax error", PROVIDER),
    (MAIL, 555, "parameters not recognized", PROVIDER),
    (RCPT, 550, "5.1.1 User unknown", ADDRESS),
    (RCPT, 550, "5.2.1 The email account is disabled", ADDRESS),
    (RCPT, 552, "5.2.2 The email account is over quota", CONTENT),
    (RCPT, 550, "5.1.7 Bad sender's mailbox address", ACCOUNT),
    (RCPT, 550, "5.4.1 Recipient address rejected", ADDRESS),
    (RCPT, 554, "5.7.1 Relay access denied", ACCOUNT),
    (RCPT, 550, "relay not permitted", ACCOUNT),
    (RCPT, 550, "Unrouteable address", ADDRESS),
    (RCPT, 551, "User not local", ADDRESS),
    (RCPT, 553, "Mailbox name not allowed", ADDRESS),
    (RCPT, 552, "over quota", CONTENT),
    (RCPT, 554, "no", ACCOUNT),
    (RCPT, 550, "5.3.2 System not accepting messages", PROVIDER),
    (RCPT, 503, "5.5.1 need MAIL first", PROVIDER),
    (MESSAGE, 552, "5.3.4 Message too big for system", CONTENT),
    (MESSAGE, 552, "5.2.3 Message length exceeds administrative limit", CONTENT),
    (MESSAGE, 550, "5.6.0 Malformed", CONTENT),
    (MESSAGE, 554, "5.7.1 Blocked by content scanner", CONTENT),
    (MESSAGE, 550, "5.7.26 Unauthenticated email is not accepted due to DMARC policy", ACCOUNT),
    (MESSAGE, 550, "5.1.1 User unknown", ADDRESS),
    (MESSAGE, 550, "no", CONTENT),
    (MESSAGE, 554, "no", CONTENT),
]
DELAYS = [
    (AUTH, 454, "4.7.0 Temporary authentication failure", PROVIDER),
    (MAIL, 450, "4.1.8 Sender address rejected: Domain not found", ACCOUNT),
    (MAIL, 452, "4.3.1 Insufficient system storage", PROVIDER),
    (RCPT, 450, "4.2.0 Greylisted", ADDRESS),
    (RCPT, 452, "4.2.2 Mailbox full", ADDRESS),
    (RCPT, 450, "4.1.1 Unverified address", ADDRESS),
    (RCPT, 450, "4.7.1 Greylisted", ADDRESS),
    (RCPT, 451, "Greylisting in action, please come back later", ADDRESS),
    (MESSAGE, 451, "4.7.1 graylisted, try again", ADDRESS),
    (MAIL, 451, "4.7.1 Greylisted", PROVIDER),
    (RCPT, 450, "4.7.1 Client host rejected", PROVIDER),
    (RCPT, 452, "Too many recipients", PROVIDER),
    (RCPT, 451, "Local error", PROVIDER),
    (MESSAGE, 421, "4.4.2 Timeout", PROVIDER),
    (MESSAGE, 451, "4.3.0 Queue file write error", PROVIDER),
    (MESSAGE, 450, "4.6.0 Odd", CONTENT),
]


@pytest.mark.parametrize(("stage", "code", "text", "blame"), REFUSALS)
def test_5xx_is_refused(stage: Stage, code: int, text: str, blame: Blame) -> None:
    outcome = judge(Reply(code, text.encode()), stage)

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is blame
    assert outcome.fault.text == f"{code} {text}"


@pytest.mark.parametrize(("stage", "code", "text", "blame"), DELAYS)
def test_4xx_is_deferred(stage: Stage, code: int, text: str, blame: Blame) -> None:
    outcome = judge(Reply(code, text.encode()), stage)

    assert isinstance(outcome, Deferred)
    assert outcome.fault.blame is blame


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"5.1.1 Unknown", "5.1.1"),
        (b"5.1.1\r", "5.1.1"),
        (b"5.7.512 Access denied", "5.7.512"),
        (b"", "550"),
        (b"2.1.0 Odd", "550"),
        (b"5.1.1.1 Odd", "550"),
        (b"see RFC 5.1.1", "550"),
        (b"5.1.2345 Odd", "550"),
    ],
)
def test_the_faults_code_is_the_enhanced_one_where_there_is_one(text: bytes, code: str) -> None:
    assert judge(Reply(550, text), RCPT).fault.code == code


def test_the_faults_text_is_one_line_for_people() -> None:
    fault = judge(Reply(550, b"5.1.1 caf\xe9 \x1b[31m" + b"x y " * 200 + b"\r\nmore"), RCPT).fault

    assert fault.text.startswith("550 5.1.1 caf\ufffd [31mx y")
    assert len(fault.text) <= 300
    assert "more" not in fault.text


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        (b"2.0.0 Ok: queued as 4ZXyzQ1abc\r", "4ZXyzQ1abc"),
        (b"OK id=1tAbCd-0001Xy-2z", "1tAbCd-0001Xy-2z"),
        (b"2.0.0 Message accepted for delivery", None),
        (b"", None),
    ],
)
def test_an_acceptance_carries_the_queue_id(text: bytes, reference: str | None) -> None:
    assert accepted(Reply(250, text)) == Accepted(reference)
