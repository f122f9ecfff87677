"""Whether the services of one installation count their limits together."""

from collections.abc import Iterator

from sendwell.cli.diagnosis.finding import Finding, note
from sendwell.settings import Settings, counted_apart


def look_at_limits(settings: Settings) -> Iterator[Finding]:
    """Something where roles run apart and have been told of no one place for limits over all."""
    if not (settings.peers.url or settings.peers.port):
        return
    if limits := counted_apart(settings):
        yield note(
            "limits",
            f"{', '.join(limits)}: each service counts alone, unless it keeps deliveries in the"
            " same PostgreSQL as the others.",
            "Name one PostgreSQL for all of them in LIMITER_DB_URL.",
        )
