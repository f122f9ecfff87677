"""E-mail: RFC 5321 and 5322, of whose address forms only the plain one is taken."""

import re

from sendwell.domain.channel import Channel, ContentLimit
from sendwell.domain.idn import ascii_name
from sendwell.domain.ids import ChannelName

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_USUAL = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,32}")
"""What nearly all of them look like: right, and in their normal form, if they are not long."""
_LONGEST = 254  # RFC 5321 4.5.3.1.3: a path of 256 with its angle brackets
_LONGEST_LOCAL = 64
_LONGEST_LINE = 998  # RFC 5322 2.1.1

_FORM = "An e-mail address has the form name@example.org"


def flaw_in_address(address: str) -> str | None:
    """Why it is not exactly one mailbox that every provider and relay understands.

    Taken is `local@domain`: a dot-atom in ASCII, then a name in DNS of two labels or more, also
    in another script. Refused are the forms with which one address has been passed off as another
    or as several: display names, lists, comments, quoted local parts, IP addresses, a dot at the
    end. Local parts beyond ASCII need a relay with SMTPUTF8, which can't be known beforehand.
    """
    if len(address) <= _LONGEST_LOCAL and _USUAL.fullmatch(address):
        return None
    local, at, domain = address.rpartition("@")
    if not at:
        return f"{_FORM}; there is no @ in it."
    return _flaw_in_local(local) or _flaw_in_domain(domain) or _flaw_in_length(address)


def normalise(address: str) -> str:
    """The domain in lower case and ASCII. The local part stays: only its host may interpret it."""
    if _USUAL.fullmatch(address):
        return address
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_name(domain)}"


def _flaw_in_local(local: str) -> str | None:
    if len(local) > _LONGEST_LOCAL:
        return f"Before the @ there are {len(local)} characters, and at most 64 are allowed."
    if _LOCAL.fullmatch(local) is None:
        return (
            f"{_FORM}: one bare address, before the @ only ASCII letters, digits, single dots"
            " and !#$%&'*+/=?^_`{|}~- without quotes, spaces or names."
        )
    return None


def _flaw_in_domain(domain: str) -> str | None:
    name = ascii_name(domain)
    top = (name or "").rpartition(".")[2]
    if top.isdigit() and name != top:
        return f"{_FORM}; an IP address can't stand behind the @."
    if name is None or top == name or top[-1].isdigit():  # no top-level domain ends with a digit
        return f"{_FORM}; what follows the @ is not the name of a domain."
    return None


def _flaw_in_length(address: str) -> str | None:
    length = len(normalise(address))
    if length > _LONGEST:
        return f"The address has {length} characters, and at most {_LONGEST} are allowed."
    return None


CHANNEL = Channel(
    name=ChannelName("email"),
    address_field="email",
    flaw_in_address=flaw_in_address,
    normalise=normalise,
    parts=("subject", "text", "html"),
    limits=(ContentLimit(("subject",), _LONGEST_LINE),),
    resends_unknown=True,
    expects_receipts=True,
)
