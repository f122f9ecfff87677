"""What the URL of the bus says."""

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from sendwell.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server is. All of it but `listen` and `pooled` goes to asyncpg as it stands."""

    dsn: str
    listen_dsn: str
    """Past PgBouncer, which gives a session to somebody else between two transactions."""
    is_pooled: bool


def parse(url: str) -> Options:
    """Raises Invalid when nobody could be woken that way."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    is_pooled = query.pop("pooled", "false") == "true"
    listen = query.pop("listen", "")
    if is_pooled and not listen:
        raise Invalid(
            "Through PgBouncer nobody hears what the bus announces:"
            " pooled=true needs listen=<URL of the server itself> as well."
        )
    dsn = _without_options(parts, query)
    return Options(dsn, listen_dsn=listen or dsn, is_pooled=is_pooled)


def _without_options(parts: SplitResult, query: dict[str, str]) -> str:
    return urlunsplit(parts._replace(query=urlencode(query)))
