"""Whether a limit lets through what it seems to: in one period, and by all services together."""

from collections.abc import Iterator

from sendwell.cli.diagnosis.finding import Finding, note
from sendwell.settings import RateSettings, Settings, counted_apart


def look_at_limits(settings: Settings) -> Iterator[Finding]:
    """Something where more may go out than who wrote the limit has in mind."""
    yield from _more_in_a_day(settings.rates)
    if settings.peers.url or settings.peers.port:
        yield from _apart(settings)


def _more_in_a_day(rates: RateSettings) -> Iterator[Finding]:
    """A vendor that allows so many a day counts them otherwise than a pace does."""
    named = {
        **{f"RATE_LIMIT_CHANNEL_{name.upper()}": rate for name, rate in rates.channel.items()},
        **{f"RATE_LIMIT_PROVIDER_{name.upper()}": rate for name, rate in rates.provider.items()},
    }
    for name, rate in named.items():
        if rate.lasts and rate.burst == rate.count < rate.most:
            yield note(
                "limits",
                f"{name}: {rate} lets {rate.count:,} through at once and goes on at its pace,"
                f" within one period up to {rate.most:,}.",
                "Where a vendor counts, let count and burst be together what it allows: of 500 a"
                " day 480/d burst 20.",
            )


def _apart(settings: Settings) -> Iterator[Finding]:
    """Something where services have been told of no one place for limits over all."""
    if limits := counted_apart(settings):
        yield note(
            "limits",
            f"{', '.join(limits)}: each service counts alone, unless it keeps deliveries in the"
            " same PostgreSQL as the others.",
            "Name one PostgreSQL for all of them in LIMITER_DB_URL.",
        )
