"""What the environment says, as Sendwell reads it, with every secret hidden."""

from collections.abc import Iterator, Mapping

from sendwell.cli.diagnosis.finding import Finding, note, wrong
from sendwell.domain.errors import Invalid
from sendwell.settings import BUILT_IN_SECRET, Settings, read_settings

_TOPIC = "configuration"
_NOT_YET = ("BROKER_URL", "CACHE_URL", "DB_URL", "METRICS_PORT")


def read_configuration(
    environment: Mapping[str, str],
) -> tuple[Settings | None, list[Finding]]:
    """The settings, None where they are refused, and what is to be said about them."""
    try:
        settings = read_settings(environment)
    except Invalid as error:
        return None, [wrong(_TOPIC, error.message, "Correct or unset the variable.")]
    return settings, [*_findings(settings, environment)]


def variables(settings: Settings) -> dict[str, str]:
    """Every variable and what holds for it; secrets only as being set or not."""
    rates = settings.rates
    return {
        "SECRET_KEY": "built in" if settings.secret == BUILT_IN_SECRET else "(set)",
        "ANONYMOUS_TENANT": settings.anonymous or "",
        "PUBLIC_URL": settings.public_url or "",
        "CHANNEL_ENABLE_LIST": ",".join(settings.channels) if settings.channels else "all",
        **{_credentials_variable(each.name): "(set)" for each in settings.credentials},
        **{f"ROUTE_{name.upper()}": str(route) for name, route in settings.routes.items()},
        "RATE_LIMIT_GLOBAL": str(rates.everything or ""),
        "RATE_LIMIT_TENANT": str(rates.tenant or ""),
        "RATE_LIMIT_USER": str(rates.person or ""),
        "RATE_LIMIT_API": str(rates.api),
        **{f"RATE_LIMIT_CHANNEL_{n.upper()}": str(rate) for n, rate in rates.channel.items()},
        **{f"RATE_LIMIT_LANE_{lane.name}": str(rate) for lane, rate in rates.lane.items()},
        "RETRY_MAX_ATTEMPTS": str(settings.retry.attempts),
        "SCHEDULE_TIMEZONE_DEFAULT": settings.timezone,
        "IDEMPOTENCY_WINDOW_HOURS": f"{settings.idempotency_window.total_seconds() / 3600:g}",
        "OUTBOUND_ALLOW": settings.outbound_allow,
    }


def _credentials_variable(account: str) -> str:
    return f"PROVIDER_CREDENTIALS_{account.upper()}"


def _findings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    yield Finding(_TOPIC, "Every variable can be read.")
    for name in _NOT_YET:
        if name in environment:
            yield note(
                _TOPIC,
                f"{name} is set and has no effect.",
                "This version keeps everything in one SQLite file and in this process.",
            )
    if settings.secret == BUILT_IN_SECRET:
        yield note(
            _TOPIC,
            "SECRET_KEY is the built-in one, which is public.",
            "Fine on loopback; for anything else set a random text of 32 characters or more.",
        )
