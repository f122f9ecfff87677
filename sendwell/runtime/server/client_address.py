"""Where a call comes from, also behind our own gateway."""

import hmac
import ipaddress

from starlette.requests import Request

CLIENT_ADDRESS = "x-sendwell-client"
SERVICE = "x-sendwell-service"
OWN_HEADERS = frozenset({CLIENT_ADDRESS, SERVICE})
"""What only services may say; the gateway lets none of it in from outside."""


def address_of(request: Request) -> str:
    """The address, or of an IPv6 one the /64 that belongs to one place.

    What the gateway passes on is believed if it proves to be a service, by a token of the
    application's `service_tokens`.
    """
    return _place(_told(request) or _host(request))


def told_by(request: Request, token: str) -> dict[str, str]:
    """The headers by which a service tells the next one where a call comes from."""
    return {CLIENT_ADDRESS: _host(request), SERVICE: token}


def _host(request: Request) -> str:
    return request.client.host if request.client else ""


def _told(request: Request) -> str | None:
    shown = request.headers.get(SERVICE)
    if shown is None:
        return None
    told, tokens = shown.encode("latin-1"), getattr(request.app.state, "service_tokens", ())
    is_service = any(hmac.compare_digest(told, token.encode()) for token in tokens)
    return request.headers.get(CLIENT_ADDRESS) if is_service else None


def _place(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:  # noqa: PLR2004 - IPv4
        return host
    return str(ipaddress.ip_network((address.packed[:8] + bytes(8), 64)))
