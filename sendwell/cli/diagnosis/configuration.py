"""What is configured, as Sendwell reads it, with every secret hidden."""

from collections.abc import Iterator, Mapping

from sendwell.cli.diagnosis.finding import Finding, note, wrong
from sendwell.domain.errors import Invalid
from sendwell.settings import BUILT_IN_SECRET, Origin, Settings, Url, read_settings
from sendwell.settings.checks import require_driver
from sendwell.settings.in_force import in_force, shown
from sendwell.settings.names import find, nearest, secret_of

_TOPIC = "configuration"
_SURELY = 0.85


def read_configuration(
    environment: Mapping[str, str],
) -> tuple[Settings | None, list[Finding]]:
    """The settings, None where they are refused, and what is to be said about them."""
    try:
        settings = read_settings(environment)
    except Invalid as error:
        return None, [wrong(_TOPIC, error.message, "Correct it, or leave it out.")]
    return settings, [*_findings(settings, environment)]


def variables(settings: Settings) -> dict[str, str]:
    """Every variable and what holds for it; secrets only as being set or not."""
    return {
        name: shown(name, value) or _default(name) for name, value in in_force(settings).items()
    }


def origins(settings: Settings) -> dict[str, str]:
    """Every variable and where its value comes from: environment, file or default."""
    return {name: settings.origins.get(name, Origin.DEFAULT).value for name in in_force(settings)}


def _default(name: str) -> str:
    setting = find(name)
    return setting.default.replace("`", "") if setting is not None else ""


def _findings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    yield Finding(_TOPIC, "Every variable can be read.")
    yield from _sources(settings)
    yield from _strays(environment)
    yield from _drivers(settings)
    if settings.secret == BUILT_IN_SECRET:
        yield note(
            _TOPIC,
            "SECRET_KEY is the built-in one, which is public.",
            "Fine on loopback; for anything else set a random text of 32 characters or more.",
        )
    if settings.secret_also is not None:
        yield note(
            _TOPIC,
            "What is sealed by SECRET_KEY_ALSO is believed as well.",
            "Unset it when all processes have the new SECRET_KEY and nothing waits on the bus.",
        )


def _sources(settings: Settings) -> Iterator[Finding]:
    """What is not as it would be anyway, and who says so."""
    said = origins(settings)
    for origin in (Origin.ENVIRONMENT, Origin.FILE):
        names = [name for name in said if said[name] == origin]
        source = settings.files[0] if origin is Origin.FILE and names else f"the {origin}"
        if names:
            yield Finding(_TOPIC, f"From {source}: {', '.join(names)}.")


def _strays(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that nobody reads and that look as if somebody should."""
    for name in sorted(environment):
        if find(name) or secret_of(name):
            continue
        if better := nearest(name, likeness=_SURELY):
            yield note(
                _TOPIC, f"{name} is set and has no effect.", f"Did you mean {better}? Rename it."
            )


def _drivers(settings: Settings) -> Iterator[Finding]:
    """The servers that nothing here can speak to."""
    for name, value in in_force(settings).items():
        try:
            if isinstance(value, Url):
                require_driver(name, value)
        except Invalid as error:
            yield wrong(_TOPIC, error.message, "Install it here if a role of this machine uses it.")
