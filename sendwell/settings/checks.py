"""What settings must not say together."""

from sendwell.domain.errors import Invalid
from sendwell.settings.schemes import MEMORY, POSTGRESQL, missing
from sendwell.settings.tree import Settings
from sendwell.settings.url import Url, is_loopback


def check(settings: Settings) -> None:
    """Raise Invalid, naming the variables, for what contradicts itself wherever it runs."""
    if settings.idempotency_window > settings.retention:
        raise Invalid(
            "RETENTION_DAYS is shorter than IDEMPOTENCY_WINDOW_HOURS: a request that is kept no"
            " longer would be accepted again. Keep it longer, or shorten the window."
        )
    if settings.peers.token is not None:
        return
    named = {f"{role.upper()}_URL": url for role, url in settings.peers.url.items()}
    for name, url in (*named.items(), *(("SERVICE_URLS", url) for url in settings.peers.more)):
        if not url.is_loopback:
            raise Invalid(
                f"{name} leads to another machine, where anybody could ask as well:"
                " set SERVICE_TOKEN to the same random text for all roles."
            )


def check_apart(settings: Settings) -> None:
    """Raise Invalid when roles that run apart could be asked by strangers."""
    if settings.peers.token is None and not is_loopback(settings.host):
        raise Invalid(
            f"{settings.host} can be reached by others, and roles that run apart answer questions"
            " of each other: set SERVICE_TOKEN to a random text of 32 characters or more, the same"
            " for all of them, or listen on 127.0.0.1."
        )


def counted_apart(settings: Settings) -> list[str]:
    """The limits over all channels that a service counts without the others, as far as can be seen.

    Where all of them keep deliveries in the same database they count together all the same.
    """
    servers, rates = settings.servers, settings.rates
    if servers.limiter or (servers.cache and servers.cache.scheme == POSTGRESQL):
        return []
    over_all = {
        "RATE_LIMIT_GLOBAL": rates.everything,
        "RATE_LIMIT_TENANT": rates.tenant,
        "RATE_LIMIT_USER": rates.person and rates.person.rate,
        **{f"RATE_LIMIT_LANE_{lane.label.upper()}": rate for lane, rate in rates.lane.items()},
    }
    is_shared = servers.cache is not None and servers.cache.scheme != MEMORY
    return [name for name, rate in over_all.items() if rate and (rate.lasts or not is_shared)]


def require_driver(variable: str, url: Url) -> None:
    """Raise Invalid, with what to install, when what speaks to that server is not here."""
    if way := missing(url.scheme):
        raise Invalid(f"{variable}: the driver for {url.scheme} is not installed; {way}.")
