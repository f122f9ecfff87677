"""What the data of a version must have, found out once per version."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sendwell.domain.errors import Flaw
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import absent, pointer
from sendwell.domain.template import TemplateVersion
from sendwell.ports.renderer import Renderer
from sendwell.roles.templates.service.schema import DataSchema
from sendwell.runtime.rendering import variables_of

_MOST_VERSIONS = 128
_MISSING = "missing: the template can't do without it."


@dataclass(frozen=True, slots=True)
class _Need:
    version: TemplateVersion
    names: Mapping[ChannelName, frozenset[str]]
    schema: DataSchema | None


class Needs:
    """Compares data with versions, without waiting for anything."""

    def __init__(self, renderer: Renderer, most: int = _MOST_VERSIONS) -> None:
        self._renderer = renderer
        self._most = most
        # By identity: the same version is one object while it is cached, and it is kept alive here.
        self._needs: OrderedDict[int, _Need] = OrderedDict()

    def flaws(
        self, version: TemplateVersion, data: Mapping[str, Any], channels: Collection[ChannelName]
    ) -> list[Flaw]:
        """As the port Catalogue promises.

        A variable counts for a channel when one of its locales needs it: who will read it in
        which language is not known yet, and it must not fail then.
        """
        need = self._need(version)
        names = {name for channel in channels or need.names for name in need.names.get(channel, ())}
        flaws = [Flaw(pointer(name), _MISSING) for name in absent(names, data)]
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
        self._needs.move_to_end(id(version))
        return need

    def _found_out(self, version: TemplateVersion) -> _Need:
        names = {
            channel: frozenset[str]().union(
                *(variables_of(self._renderer, body, channel=channel) for body in locales.values())
            )
            for channel, locales in version.bodies.items()
        }
        return _Need(version, names, DataSchema(version.schema) if version.schema else None)
