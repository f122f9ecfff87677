"""What a relay's answer means for a mail.

A 4xx is `Deferred`, a 5xx `Refused`; the basic code decides that, never the text. Whom to blame is
looked up in this order (`x` is 4 or 5):

    5.2.2                           content   a full mailbox is no reason never to use it again
    x.2.3 x.3.4 x.6.*               content   too big, not convertible
    x.1.7 x.1.8                     account   our sender is not welcome
    x.1.* x.2.*                     address   unknown, disabled, full; to MAIL: account
    x.3.* x.5.*                     provider  its system, its protocol
    any other 4xx                   provider  overload, greylisting, its network
    5.7.8 5.7.9 5.7.11 5.7.13       account   credentials (RFC 4954, RFC 5248)
    5.7.20 … 5.7.27                 account   SPF, DKIM, DMARC of our domain (RFC 7372)
    530 534 535 538                 account   credentials, without an enhanced code
    5.7.* to DATA or the message    content   taken for spam
    5.7.* before it                 account   we may not relay, or are on a list
    500 … 504 555                   provider  it does not know the command
    5xx that speaks of relaying     account   Exim says `550 relay not permitted`
    552                             content   too big
    550 551 553 to RCPT             address
    any other 5xx to RCPT, MAIL     account
    5xx to DATA or the message      content

A refused address is suppressed for good, so it is blamed only when nothing else can be meant.
"""

import re
from enum import Enum, auto

from sendwell.adapters.smtp.wire import Reply
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Refused
from sendwell.ports.answer import words


class Stage(Enum):
    """Which command of a mail was answered."""

    MAIL = auto()
    RCPT = auto()
    MESSAGE = auto()
    """DATA, or the final dot."""


def judge(reply: Reply, stage: Stage) -> Deferred | Refused:
    """The outcome of a mail that got this 4xx or 5xx.

    The fault's code is the enhanced status (RFC 3463), else the basic code. Its text is the relay's
    first line, without addresses.
    """
    status = _STATUS.match(reply.text)
    code = status[0].decode() if status else str(reply.code)
    fault = Fault(code, told(reply), _blame(reply, stage, code))
    return Deferred(fault) if reply.code < _NEVER else Refused(fault)


def told(reply: Reply) -> str:
    """The first line of the reply, fit for history and logs."""
    line = reply.text.partition(b"\n")[0].decode("utf-8", "replace")
    return words(f"{reply.code} {line}")


def accepted(reply: Reply) -> Accepted:
    """The outcome of a mail that was taken, with the queue id as Postfix and Exim tell it."""
    found = _QUEUE_ID.search(reply.text)
    return Accepted((found[1] or found[2]).decode()) if found else Accepted()


_NEVER = 500
_STATUS = re.compile(rb"[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_QUEUE_ID = re.compile(rb"queued as ([\w.-]{1,128})|\bid=([\w.-]{1,128})")
_RELAYING = re.compile(rb"\brelay", re.IGNORECASE)

_BY_STATUS = {
    "1": Blame.ADDRESS, "1.7": Blame.ACCOUNT, "1.8": Blame.ACCOUNT,
    "2": Blame.ADDRESS, "2.3": Blame.CONTENT,
    "3": Blame.PROVIDER, "3.4": Blame.CONTENT,
    "5": Blame.PROVIDER,
    "6": Blame.CONTENT,
}  # fmt: skip
_FULL = "5.2.2"
_OUR_STANDING = frozenset({"7.8", "7.9", "7.11", "7.13", *(f"7.{n}" for n in range(20, 28))})
_CREDENTIALS = frozenset({530, 534, 535, 538})
_UNKNOWN_COMMANDS = frozenset({500, 501, 502, 503, 504, 555})
_TOO_BIG = 552
_NO_SUCH_MAILBOX = frozenset({550, 551, 553})


def _blame(reply: Reply, stage: Stage, code: str) -> Blame:
    _, _, status = code.partition(".")
    subject = status.partition(".")[0]
    by_status = Blame.CONTENT if code == _FULL else _BY_STATUS.get(status, _BY_STATUS.get(subject))
    if by_status is Blame.ADDRESS and stage is Stage.MAIL:
        return Blame.ACCOUNT
    if by_status is not None:
        return by_status
    if reply.code < _NEVER:
        return Blame.PROVIDER
    if status in _OUR_STANDING or reply.code in _CREDENTIALS:
        return Blame.ACCOUNT
    if subject == "7":
        return Blame.CONTENT if stage is Stage.MESSAGE else Blame.ACCOUNT
    return _blame_by_code(reply, stage)


def _blame_by_code(reply: Reply, stage: Stage) -> Blame:
    if reply.code in _UNKNOWN_COMMANDS:
        return Blame.PROVIDER
    if _RELAYING.search(reply.text):
        return Blame.ACCOUNT
    if reply.code == _TOO_BIG or stage is Stage.MESSAGE:
        return Blame.CONTENT
    if stage is Stage.RCPT and reply.code in _NO_SUCH_MAILBOX:
        return Blame.ADDRESS
    return Blame.ACCOUNT
