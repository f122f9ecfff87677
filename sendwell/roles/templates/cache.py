"""Versions for as long as there is room, and for a few seconds which of them are published."""

from collections import OrderedDict

from sendwell.domain.ids import TenantId
from sendwell.domain.template import TemplateVersion
from sendwell.roles.templates.store import size_of

MOST_BYTES = 8 * 1024 * 1024
MOST_POINTERS = 10_000
OLDEST_SECONDS = 5.0
"""What another process has published is seen after that time, even where no signal tells of it."""

_Code = tuple[TenantId, str]
_Version = tuple[TenantId, str, int]


class VersionCache:
    """The versions used last: they never change."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._versions: OrderedDict[_Version, tuple[TemplateVersion, int]] = OrderedDict()

    def get(self, key: _Version) -> TemplateVersion | None:
        """The version, if it is here."""
        entry = self._versions.get(key)
        if entry is None:
            return None
        self._versions.move_to_end(key)
        return entry[0]

    def keep(self, key: _Version, version: TemplateVersion) -> None:
        """Remember a version, in place of those that nobody has asked for longest."""
        if key in self._versions:
            return
        size = size_of(version)
        self._versions[key] = version, size
        self._size += size
        while self._size > self._most:
            _, (_, freed) = self._versions.popitem(last=False)
            self._size -= freed


class PublishedCache:
    """The numbers of published versions; also what has none."""

    def __init__(self, most: int = MOST_POINTERS) -> None:
        self._most = most
        self._edition = 0
        self._pointers: OrderedDict[_Code, tuple[int | None, float]] = OrderedDict()

    @property
    def edition(self) -> int:
        """Changes whenever something is published."""
        return self._edition

    def get(self, key: _Code, *, now: float) -> tuple[int | None, float] | None:
        """The number and when it was read; None when it must be read."""
        entry = self._pointers.get(key)
        if entry is None or entry[1] < now - OLDEST_SECONDS:
            return None
        self._pointers.move_to_end(key)
        return entry

    def keep(self, key: _Code, published: int | None, *, now: float, edition: int) -> None:
        """Remember what was read, unless something was published since `edition`."""
        if edition != self._edition:
            return
        self._pointers[key] = published, now
        self._pointers.move_to_end(key)
        if len(self._pointers) > self._most:
            self._pointers.popitem(last=False)

    def forget(self, key: _Code) -> None:
        """Something was published."""
        self._edition += 1
        self._pointers.pop(key, None)

    def forget_all(self) -> None:
        """Anything may have been published."""
        self._edition += 1
        self._pointers.clear()
