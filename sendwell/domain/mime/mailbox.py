"""Exactly one mailbox: an address, perhaps with a display name (RFC 5322 section 3.4)."""

import re
from dataclasses import dataclass
from typing import Self

from sendwell.domain.idn import ascii_name
from sendwell.domain.mime.header import (
    ENCODED_LINE,
    encoded_words,
    flawed,
    is_plain,
    refuse_control,
)

_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254
"""RFC 5321 section 4.5.3.1; 254 is what its path of 256 leaves between the angle brackets."""

_DISPLAY_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|[^"<>]*')
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_PHRASE = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_LONGEST_PHRASE = 60


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name (may be empty) and an address in ASCII, its domain in IDNA form."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands right of the @."""
        return self.address.rpartition("@")[2]

    @classmethod
    def parse(cls, text: str, *, pointer: str) -> Self:
        """The one mailbox that `text` names: `address`, `<address>` or `Name <address>`.

        Raises Invalid, pointing at `pointer`, for a list, control characters, a quoted or
        non-ASCII local part (relays are not asked for SMTPUTF8), address literals and the rest.
        """
        refuse_control(text, pointer)
        text = text.strip(" ")
        if not text.endswith(">"):
            return cls("", _address(text, pointer))
        name, bracket, address = text[:-1].rpartition("<")
        name = name.rstrip(" ")
        if not bracket or not _DISPLAY_NAME.fullmatch(name):
            raise flawed(pointer, "is not of the form Name <address>")
        return cls(_unquoted(name), _address(address, pointer))


def address_line(name: str, value: str, *, pointer: str) -> str:
    """The header line `name: mailbox`, folded before the address where it is long."""
    box = Mailbox.parse(value, pointer=pointer)
    if not box.name:
        return f"{name}: {box.address}\r\n"
    line = f"{name}:{_phrase(box.name, column=len(name) + 1)}"
    last = len(line) - (line.rfind("\n") + 1)
    fold = "\r\n" if last + len(box.address) + len(" <>") > ENCODED_LINE else ""
    return f"{line}{fold} <{box.address}>\r\n"


def _address(text: str, pointer: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise flawed(pointer, "has no @")
    if not local.isascii():
        raise flawed(pointer, "has characters beyond ASCII before the @, which few relays take")
    address = text if domain.isascii() else f"{local}@{_idna(domain, pointer)}"
    if len(local) > _LONGEST_LOCAL or len(address) > _LONGEST_ADDRESS:
        raise flawed(pointer, "is too long for an address")
    if not _ADDRESS.fullmatch(address):
        raise flawed(pointer, "is not exactly one address")
    return address


def _idna(domain: str, pointer: str) -> str:
    name = ascii_name(domain)
    if name is None:
        raise flawed(pointer, "has no domain that DNS could know")
    return name


def _unquoted(name: str) -> str:
    if name.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name.strip(" ")


def _phrase(name: str, *, column: int) -> str:
    """A space and the display name: as it is, as a quoted string, or as encoded words."""
    if len(name) > _LONGEST_PHRASE or not is_plain(name):
        return encoded_words(name, column=column)
    if _PHRASE.fullmatch(name):
        return f" {name}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f' "{escaped}"'
