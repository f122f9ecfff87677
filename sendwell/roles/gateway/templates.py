"""Data against the template, where it is known at intake: a missing variable is a 4xx."""

from collections.abc import Awaitable, Callable, Sequence

from sendwell.domain.errors import Flaw, Unavailable, Untimely
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.template import TemplateVersion
from sendwell.messages.requested import Requested
from sendwell.ports.catalogue import Catalogue

Check = Callable[[Requested], Awaitable[None]]


class TemplateCheck:
    """Compares the data of requests with what their templates need."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def begin(self, tenant: TenantId) -> Check:
        """The check for the requests of one call: each template is looked up once for all.

        It raises Untimely when a template needs what the data does not hold, can't take what it
        does, or has no words for the only channel that was asked for. A template that is not known
        yet passes: it may be published before its time, and where it is not the delivery ends
        dead, saying so.
        """
        known: dict[tuple[str, int | None], TemplateVersion | None] = {}

        async def check(request: Requested) -> None:
            template = request.template
            if template is None:
                return
            key = (template.code, template.version)
            if key not in known:
                known[key] = await self._find(tenant, key)
            version = known[key]
            if version is not None:
                _require_words(version, request.channels)
                data = bytes(request.data)
                _refuse(version, self._catalogue.flaws(version, data, request.channels))

        return check

    async def _find(self, tenant: TenantId, key: tuple[str, int | None]) -> TemplateVersion | None:
        """What cannot be asked right now is asked again at planning."""
        try:
            return await self._catalogue.version(tenant, *key)
        except Unavailable:
            return None


def _require_words(version: TemplateVersion, channels: Sequence[ChannelName]) -> None:
    """Raise Untimely where the only channel that was asked for is one without words."""
    if len(channels) != 1 or version.bodies.get(channels[0]):
        return
    name = f"The template {version.code!r} (version {version.version})"
    why = f"{name} has no words for {channels[0]}; it has them for {', '.join(version.bodies)}."
    raise Untimely(f"/template: {why}", flaws=[Flaw("/template", why)], code="template_error")


def _refuse(version: TemplateVersion, flaws: list[Flaw]) -> None:
    if flaws:
        named = ", ".join(flaw.pointer.removeprefix("/data/") for flaw in flaws)
        is_lacking = _only_missing(flaws)
        verb = "needs" if is_lacking else "does not take the data"
        raise Untimely(
            f"The template {version.code!r} (version {version.version}) {verb}: {named}.",
            flaws=flaws,
            code="missing_variable" if is_lacking else "data_mismatch",
        )


def _only_missing(flaws: list[Flaw]) -> bool:
    return all(flaw.why.startswith("missing") for flaw in flaws)
