"""Which addresses a client may dial: any, or only those that the guard permits."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from sendwell.adapters.addresses import ask_system
from sendwell.adapters.http.resolver import Resolver
from sendwell.domain.outbound import Address, Allowed, literal, permitted
from sendwell.domain.outcome import Blame

Resolve = Callable[[str], Awaitable[Sequence[Address]]]
"""The addresses of a name, best first. Raises OSError when there are none."""


class Policy(Protocol):
    """Where a client may go. The addresses it gives are dialled as they are."""

    @property
    def blame(self) -> Blame:
        """Whose fault it is when a host does not do its part."""
        ...

    async def addresses(self, host: str) -> Sequence[Address]:
        """Where to reach the host, best first; none: the policy forbids it. Raises OSError."""
        ...


class Trusted:
    """For hosts that the operator has configured: any address will do."""

    blame = Blame.PROVIDER

    def __init__(self, *, resolve: Resolve = ask_system) -> None:
        self._resolve = resolve

    async def addresses(self, host: str) -> Sequence[Address]:
        return await _look_up(host, self._resolve)


class Guarded:
    """For URLs that came from tenants, people or payloads: only what `permitted` lets through.

    A failing host is the address's fault, not the provider's: one tenant's dead URL must not
    open the breaker for the others. Nor may its name hold up those that `Trusted` asks for: it
    is asked by a `Resolver`, away from the event loop's own.
    """

    blame = Blame.ADDRESS

    def __init__(self, *, allowed: Allowed, resolve: Resolve | None = None) -> None:
        self._allowed = allowed
        self._resolve = resolve or Resolver()

    def allow(self, allowed: Allowed) -> None:
        """What may be reached by connections that are made from now on."""
        self._allowed = allowed

    async def addresses(self, host: str) -> Sequence[Address]:
        return permitted(host, await _look_up(host, self._resolve), self._allowed)


async def _look_up(host: str, resolve: Resolve) -> Sequence[Address]:
    address = literal(host)
    return await resolve(host) if address is None else (address,)
