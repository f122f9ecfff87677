"""What an author hands in, and whether it can become a version."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sendwell.channels import all_channels
from sendwell.domain.channel import Channel
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.rendering import CONTEXTS, TemplateBody, pick_locale, sources
from sendwell.domain.template import TemplateVersion
from sendwell.ports.renderer import Renderer
from sendwell.roles.templates.service.schema import DataSchema
from sendwell.roles.templates.store import Bodies

_USUAL_LOCALE = "en"


@dataclass(frozen=True, slots=True)
class Draft:
    """The sources by channel and locale, and the JSON Schema of the data."""

    bodies: Bodies
    default_locale: str | None = None
    """Spoken to whoever understands none of the others; None: the only one, or else English."""
    schema: Mapping[str, Any] = field(default_factory=dict)

    def version(self, code: str, number: int, renderer: Renderer) -> TemplateVersion:
        """The draft as that version; raises Invalid that points at everything wrong."""
        of_schema = _flaws_of_schema(self.schema)
        flaws = [*_flaws_of_bodies(self.bodies, renderer), *of_schema]
        locale = self.default_locale or _usual(self.bodies)
        flaws = flaws or [*_flaws_of_locale(self.bodies, locale)]
        if flaws:
            more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
            code = "bad_schema" if len(flaws) == len(of_schema) else "template_error"
            raise Invalid(f"{flaws[0].pointer}: {flaws[0].why}{more}", flaws=flaws, code=code)
        return TemplateVersion(code, number, self.bodies, locale, self.schema)


def _flaws_of_schema(schema: Mapping[str, Any]) -> Sequence[Flaw]:
    try:
        DataSchema(schema)
    except Invalid as error:
        return error.flaws
    return ()


def _usual(bodies: Bodies) -> str:
    locales = {locale for of_channel in bodies.values() for locale in of_channel}
    return locales.pop() if len(locales) == 1 else _USUAL_LOCALE


def _flaws_of_bodies(bodies: Bodies, renderer: Renderer) -> Iterator[Flaw]:
    if not bodies:
        yield Flaw("/bodies", "There must be a body for at least one channel.")
    for name, locales in bodies.items():
        pointer = f"/bodies/{name}"
        channel = all_channels().get(name)
        if channel is None:
            yield Flaw(pointer, f"There is no such channel. Known are {', '.join(all_channels())}.")
            continue
        if len({locale.lower() for locale in locales}) < max(1, len(locales)):
            yield Flaw(pointer, "There must be a body for at least one locale, and one for each.")
        for locale, body in locales.items():
            yield from _flaws_of_body(body, channel, renderer, pointer=f"{pointer}/{locale}")


def _flaws_of_body(
    body: TemplateBody, channel: Channel, renderer: Renderer, *, pointer: str
) -> Iterator[Flaw]:
    written = {part: text for part in CONTEXTS if (text := getattr(body, part))}
    for part, text in written.items():
        if not channel.fit({part: text}):
            yield Flaw(f"{pointer}/{part}", f"{channel.name} has no use for it.")
    found = sources(body, channel)
    if not found:
        yield Flaw(pointer, f"There are no words for {channel.name} in it.")
    wrong: dict[str, str] = {}
    for part, source in found.items():
        try:
            renderer.check(source)
        except Invalid as error:
            # A part may stand in for another: title for subject, html for text.
            author = next(name for name in (part, *written) if written.get(name) == source.text)
            wrong.setdefault(author, error.message)
    yield from (Flaw(f"{pointer}/{author}", why) for author, why in wrong.items())


def _flaws_of_locale(bodies: Bodies, locale: str) -> Iterator[Flaw]:
    for channel, locales in bodies.items():
        if pick_locale(locales, locale, locale) is None:
            yield Flaw(
                "/default_locale",
                f"{channel} has no body in {locale}, which is spoken to whoever understands none"
                " of the others. Add it, or name another default_locale.",
            )
