"""Where a server is: a URL that never shows its password by accident."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from sendwell.domain.errors import Invalid
from sendwell.settings.schemes import (
    MEMORY,
    POSTGRESQL,
    SQLITE,
    is_known,
    plain,
    usual,
    ways,
    written,
)

# Letters that a password must not hold unencoded are not taken as part of anything else either:
# the rest of it would be a host, a path or an option, and shown.
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+]*)://"
    r"(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?P<hosts>[^@/?#]*)"
    r"(?P<path>/[^@?#]*)?"
    r"(?:\?(?P<options>[^@#]*))?"
)
_FILE = re.compile(r"sqlite:///(?P<file>[^?#]+)")
_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:\[\]]+))(?::(?P<port>[0-9]{1,5}))?"
)
_PORTS = range(1, 65536)
_STRANGE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_OUTSIDE_PATHS = {ord(letter): f"%{ord(letter):02X}" for letter in "%?#"}
_HIDDEN = "***"
_SECRET_OPTION = re.compile(r"pass|pwd|secret|token|credential|api_?key", re.IGNORECASE)
_ALONE_IS_SECRET = {"redis", "http", "https"}
"""Where people write a password or a token in the place of the user."""


@dataclass(frozen=True, slots=True, repr=False)
class Url:
    """Where a server is. As text it is masked; `text` is for those who connect."""

    text: str

    @classmethod
    def parse(cls, text: str, schemes: Collection[str]) -> Self:
        """The URL, if it has one of these schemes. Raises Invalid, which never repeats the text."""
        if MEMORY in schemes and text in {"memory:", "memory://"}:
            return cls("memory:")
        scheme, is_url, rest = text.strip().partition("://")
        if not is_url:
            raise Invalid(f"this is not a URL. Write {ways(schemes)}.")
        url = cls(f"{usual(scheme)}://{rest}")
        if url.scheme not in schemes:
            # what we do not know may be half of a password
            what = f"{url.scheme}://" if is_known(url.scheme) else "what stands before ://"
            raise Invalid(f"{what} has no place here. Write {ways(schemes)}.")
        if flaw := url._flaw():
            raise Invalid(f"{flaw} Write it as {written(url.scheme)}.")
        return url

    @classmethod
    def of_file(cls, file: Path) -> Self:
        """The SQLite database in that file."""
        return cls(f"sqlite:///{str(file).translate(_OUTSIDE_PATHS)}")

    @property
    def scheme(self) -> str:
        """Which technology it is, `postgresql` for example."""
        return self.text.partition(":")[0]

    @property
    def masked(self) -> str:
        """For people: without the password, and without options that look like one."""
        found = _URL.fullmatch(self.text)
        if found is None:
            is_open = self.scheme == SQLITE or self.text == "memory:"
            return self.text if is_open else f"{self.scheme}://{_HIDDEN}"
        who = _mask_user(self.scheme, found["user"], found["password"])
        options = "&".join(map(_mask_option, (found["options"] or "").split("&")))
        place = f"{found['hosts']}{found['path'] or ''}"
        return f"{self.scheme}://{who}{place}{'?' if options else ''}{options}"

    @property
    def file(self) -> Path | None:
        """Where the SQLite database is: `sqlite:///name` from here, `sqlite:////name` from the
        root. None for anything else.
        """
        found = _FILE.fullmatch(self.text)
        return Path(unquote(found["file"])) if found else None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine is meant."""
        found = _URL.fullmatch(self.text)
        return found is not None and all(map(_is_here, found["hosts"].split(",")))

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Url({self.masked!r})"

    def _flaw(self) -> str | None:
        if _STRANGE.search(self.text):
            return "there is a character in it that no text has."
        if self.scheme == SQLITE:
            is_file = self.file is not None and not self.text.endswith("/:memory:")
            return None if is_file else "it names no file."
        found = _URL.fullmatch(self.text)
        if found is None:
            return "it cannot be taken apart; @ / ? # inside a password are %40 %2F %3F %23."
        is_by_socket = self.scheme == POSTGRESQL and not found["hosts"]
        if is_by_socket or _are_hosts(found["hosts"]):
            return None
        return "its host or port is wrong; / inside a password is %2F."


def is_loopback(host: str) -> bool:
    """Whether only this machine can be reached by that name or address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _mask_user(scheme: str, user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    if password is not None:
        return f"{user}:{_HIDDEN}@"
    return f"{_HIDDEN}@" if plain(scheme) in _ALONE_IS_SECRET else f"{user}@"


def _mask_option(option: str) -> str:
    name, is_set, _ = option.partition("=")
    if not is_set:  # perhaps the rest of a password with an & in it
        return _HIDDEN if option else ""
    return f"{name}={_HIDDEN}" if _SECRET_OPTION.search(name) else option


def _are_hosts(text: str) -> bool:
    found = [_HOST.fullmatch(each) for each in text.split(",")]
    return all(each is not None and int(each["port"] or 1) in _PORTS for each in found)


def _is_here(text: str) -> bool:
    found = _HOST.fullmatch(text)
    return found is not None and is_loopback(found["v6"] or found["name"])
