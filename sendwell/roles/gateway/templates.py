"""Data against the template, where it is known at intake: a missing variable is a 4xx."""

from sendwell.domain.errors import Flaw, Invalid
from sendwell.messages.requested import Requested
from sendwell.ports.catalogue import Catalogue
from sendwell.roles.gateway.wire import json_object


class TemplateCheck:
    """Compares the data of a request with what its template needs."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def check(self, request: Requested) -> None:
        """Raise Invalid when the template needs what the data does not hold.

        A template that is not known yet passes: it may be published before its time, and where it
        is not the delivery ends dead, saying so.
        """
        template = request.template
        if template is None:
            return
        version = await self._catalogue.version(request.tenant, template.code, template.version)
        if version is None:
            return
        flaws = self._catalogue.flaws(version, json_object(request.data, "/data"), request.channels)
        if flaws:
            named = ", ".join(flaw.pointer.removeprefix("/data/") for flaw in flaws)
            raise Invalid(
                f"The template {template.code!r} (version {version.version}) needs: {named}.",
                flaws=flaws,
                code="missing_variable" if _only_missing(flaws) else "data_mismatch",
            )


def _only_missing(flaws: list[Flaw]) -> bool:
    return all(flaw.why.startswith("missing") for flaw in flaws)
