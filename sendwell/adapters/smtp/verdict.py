"""What a relay's answer means for a mail.

A 4xx is `Deferred`, a 5xx `Refused`; the basic code decides that, never the text. Whom to blame is
looked up in this order (`x` is 4 or 5):

    5xx to AUTH                     account
    530 534 535 538                 account   credentials
    5.7.8 5.7.9 5.7.11 5.7.13       account   the same (RFC 4954, RFC 5248)
    5.7.20 … 5.7.27                 account   SPF, DKIM, DMARC of our domain (RFC 7372)
    5.2.2                           content   a full mailbox is no reason never to use it again
    x.2.3 x.3.4 x.6.*               content   too big, not convertible
    x.1.7 x.1.8                     account   our sender is not welcome
    x.1.* x.2.*                     address   unknown, disabled, full; to MAIL: account
    x.3.* x.5.*                     provider  its system, its protocol
    4xx that speaks of greylisting  address   says nothing about the next mail
    any other 4xx                   provider  overload, its network
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
    """Which command was answered."""

    AUTH = auto()
    MAIL = auto()
    RCPT = auto()
    MESSAGE = auto()
    """DATA, or the final dot."""


def judge(reply: Reply, stage: Stage) -> Deferred | Refused:
    """The outcome of a mail that got this 4xx or 5xx."""
    if reply.code < _NEVER:
        return Deferred(fault(reply, _blame_for_now(reply, stage)))
    return Refused(fault(reply, _blame_for_good(reply, stage)))


def fault(reply: Reply, blame: Blame) -> Fault:
    """The reply as a fault: its enhanced status (RFC 3463) as code, else the basic code, and its
    first line without addresses, since outcomes are kept where no personal data may be.
    """
    line = reply.text.partition(b"\n")[0].decode("utf-8", "replace")
    return Fault(_status(reply) or str(reply.code), words(f"{reply.code} {line}"), blame)


def accepted(reply: Reply) -> Accepted:
    """The outcome of a mail that was taken, with the queue id as Postfix and Exim tell it."""
    found = _QUEUE_ID.search(reply.text)
    return Accepted((found[1] or found[2]).decode()) if found else Accepted()


_NEVER = 500
_STATUS = re.compile(rb"[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_QUEUE_ID = re.compile(rb"queued as ([\w.-]{1,128})|\bid=([\w.-]{1,128})")
_RELAYING = re.compile(rb"\brelay", re.IGNORECASE)
_GREYLISTING = re.compile(rb"gr[ea]y-?list", re.IGNORECASE)

_OF_ONE_MAIL = frozenset({Stage.RCPT, Stage.MESSAGE})

_BY_STATUS = {
    "1": Blame.ADDRESS, "1.7": Blame.ACCOUNT, "1.8": Blame.ACCOUNT,
    "2": Blame.ADDRESS, "2.3": Blame.CONTENT,
    "3": Blame.PROVIDER, "3.4": Blame.CONTENT,
    "5": Blame.PROVIDER,
    "6": Blame.CONTENT,
}  # fmt: skip
_FULL = "5.2.2"
_OUR_STANDING = frozenset(f"5.7.{detail}" for detail in (8, 9, 11, 13, *range(20, 28)))
_CREDENTIALS = frozenset({530, 534, 535, 538})
_UNKNOWN_COMMANDS = frozenset({500, 501, 502, 503, 504, 555})
_TOO_BIG = 552
_NO_SUCH_MAILBOX = frozenset({550, 551, 553})


def _status(reply: Reply) -> str:
    found = _STATUS.match(reply.text)
    return found[0].decode() if found else ""


def _blame_for_now(reply: Reply, stage: Stage) -> Blame:
    blame = _blame_by_status(_status(reply), stage)
    if blame is None and _GREYLISTING.search(reply.text) and stage in _OF_ONE_MAIL:
        return Blame.ADDRESS
    return blame or Blame.PROVIDER


def _blame_for_good(reply: Reply, stage: Stage) -> Blame:
    status = _status(reply)
    if stage is Stage.AUTH or reply.code in _CREDENTIALS or status in _OUR_STANDING:
        return Blame.ACCOUNT
    if status == _FULL:
        return Blame.CONTENT
    if status.startswith("5.7."):
        return Blame.CONTENT if stage is Stage.MESSAGE else Blame.ACCOUNT
    return _blame_by_status(status, stage) or _blame_by_code(reply, stage)


def _blame_by_status(status: str, stage: Stage) -> Blame | None:
    """To MAIL, what would be the recipient's fault is our sender's."""
    _, _, specific = status.partition(".")
    general, _, _ = specific.partition(".")
    blame = _BY_STATUS.get(specific) or _BY_STATUS.get(general)
    return Blame.ACCOUNT if blame is Blame.ADDRESS and stage is Stage.MAIL else blame


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
