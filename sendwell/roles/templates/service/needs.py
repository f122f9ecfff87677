"""What the data of a version must have, found out once per version."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sendwell.domain.errors import Flaw
from sendwell.domain.ids import ChannelName
from sendwell.domain.one_line import may_end_line
from sendwell.domain.rendering import absent, pointer
from sendwell.domain.template import TemplateVersion
from sendwell.ports.renderer import Renderer
from sendwell.roles.templates.service.lines import Line, Lines, find_lines, flaws_in_lines
from sendwell.roles.templates.service.schema import DataSchema
from sendwell.runtime.rendering import variables_of

_Holder = Callable[[bytes], object]
_MOST_VERSIONS = 128
_MISSING = "missing: the template can't do without it."


@dataclass(frozen=True, slots=True)
class _Need:
    version: TemplateVersion
    names: Mapping[ChannelName, frozenset[str]]
    lines: Lines
    schema: DataSchema | None
    _holders: dict[tuple[ChannelName, ...], _Holder] = field(default_factory=dict)

    def names_for(self, channels: Collection[ChannelName]) -> frozenset[str]:
        """What these channels need together; without any, what all of the version's do."""
        each = (self.names.get(channel, frozenset()) for channel in channels or self.names)
        return frozenset[str]().union(*each)

    def lines_for(self, channels: Collection[ChannelName]) -> Iterator[Line]:
        """What must be one line on these channels; without any, on all."""
        for channel in channels or self.lines:
            yield from self.lines.get(channel, ())

    def holder_for(self, channels: tuple[ChannelName, ...]) -> _Holder:
        """A decoder that refuses an object without these names, and makes nothing of the rest."""
        found = self._holders.get(channels)
        if found is None:
            found = self._holders[channels] = _holder(self.names_for(channels))
        return found


def _holder(names: Collection[str]) -> _Holder:
    if any("." in name for name in names):
        return _refuse
    fields = [
        (f"field_{number}", msgspec.Raw, msgspec.field(name=name))
        for number, name in enumerate(sorted(names))
    ]
    return msgspec.json.Decoder(msgspec.defstruct("Held", fields)).decode


def _refuse(_: bytes) -> object:
    raise msgspec.DecodeError("Names inside of names are looked up one by one.")


class Needs:
    """Compares data with versions, without waiting for anything."""

    def __init__(self, renderer: Renderer, most: int = _MOST_VERSIONS) -> None:
        self._renderer = renderer
        self._most = most
        # By identity: the same version is one object while it is cached, and it is kept alive here.
        self._needs: OrderedDict[int, _Need] = OrderedDict()

    def is_met(
        self, version: TemplateVersion, data: bytes, channels: Collection[ChannelName]
    ) -> bool:
        """Whether there certainly are no flaws; False: look closer. For a fifth of the cost."""
        need = self._need(version)
        if need.schema is not None or b"null" in data:
            return False
        if need.lines and may_end_line(data):
            return False
        try:
            need.holder_for(tuple(channels))(data)
        except (msgspec.DecodeError, RecursionError):
            return False
        return True

    def flaws(
        self, version: TemplateVersion, data: Mapping[str, Any], channels: Collection[ChannelName]
    ) -> list[Flaw]:
        """As the port Catalogue promises.

        A variable counts for a channel when one of its locales needs it: who will read it in
        which language is not known yet, and it must not fail then.
        """
        need = self._need(version)
        flaws = [Flaw(pointer(name), _MISSING) for name in absent(need.names_for(channels), data)]
        flaws += flaws_in_lines(self._renderer, need.lines_for(channels), data)
        if need.schema is None:
            return flaws
        known = {flaw.pointer for flaw in flaws}
        return flaws + [flaw for flaw in need.schema.flaws(data) if flaw.pointer not in known]

    def _need(self, version: TemplateVersion) -> _Need:
        need = self._needs.get(id(version))
        if need is None:
            need = self._needs[id(version)] = self._found_out(version)
            if len(self._needs) > self._most:
                self._needs.popitem(last=False)
        else:
            self._needs.move_to_end(id(version))
        return need

    def _found_out(self, version: TemplateVersion) -> _Need:
        names = {
            channel: frozenset[str]().union(
                *(variables_of(self._renderer, body, channel=channel) for body in locales.values())
            )
            for channel, locales in version.bodies.items()
        }
        schema = DataSchema(version.schema) if version.schema else None
        return _Need(version, names, find_lines(self._renderer, version), schema)
