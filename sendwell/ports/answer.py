"""Reading the answers of strangers: nothing in here trusts a byte of them."""

import re
from typing import TypeVar

import msgspec

from sendwell.domain.outcome import Blame, Fault, Outcome, Refused, Unknown
from sendwell.ports.http import HttpAnswer

T = TypeVar("T")

LONGEST_WORDS = 300
_PRIVATE = re.compile(r"[^\s<>,;:]*@[^\s<>,;:]*|\+?\d[\d ()-]{5,}\d|[\w:-]{40,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


def parsed(body: bytes, shape: type[T]) -> T | None:
    """The JSON `body` as `shape`, or None when it is anything else."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def words(text: str) -> str:
    """A vendor's own words, fit for history and logs: one short line without personal data.

    Whatever looks like an e-mail address, a phone number or a token becomes `(…)`, since vendors
    like to quote the recipient and history holds no addresses.
    """
    line = _UNPRINTABLE.sub(" ", text[: 4 * LONGEST_WORDS]).strip()
    return _PRIVATE.sub("(…)", line)[:LONGEST_WORDS]


def undocumented(answer: HttpAnswer, vendor: str) -> Outcome:
    """What an answer means that is not in the vendor's documentation.

    A 2xx may come from a proxy in between or from the vendor: Unknown. Anything else was not
    taken: whoever is at that address does not do what the vendor does, so the account's settings
    are to blame, and another provider may be asked.
    """
    code = f"http_{answer.status}"
    if 200 <= answer.status < 300:  # noqa: PLR2004 – RFC 9110 section 15.3
        text = f"{vendor} answered {answer.status}, but not in the way it documents."
        return Unknown(Fault(code, text, Blame.PROVIDER))
    text = f"{vendor} answered {answer.status}; check base_url and the account's settings."
    return Refused(Fault(code, text, Blame.ACCOUNT))
