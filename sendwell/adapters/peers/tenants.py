"""The accounts role in another service."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace

import structlog

from sendwell.adapters.peers.memory import Memory
from sendwell.adapters.peers.peer import Peer
from sendwell.domain.environment import is_test
from sendwell.domain.errors import Denied, Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.clock import Clock
from sendwell.ports.questions import CALLER, TENANTS, AskCaller, AskTenants
from sendwell.ports.tenants import Caller, RulesChanged

log = structlog.get_logger()
_KEYS_SECONDS = 60
_RULES_SECONDS = 2.0
"""With as long a pause in the service that is asked, a change is everywhere within 5 s."""
_PAUSE_SECONDS = 0.25


class RemoteTenants:
    """The port Tenants. `run` must run: it asks whether any rules have changed, every 2 s and
    whenever they are in doubt.

    A tenant that is made in between is known as soon as its key was asked about.
    """

    def __init__(self, peer: Peer, *, clock: Clock, otherwise: Policy) -> None:
        self._peer = peer
        self._callers: Memory[str, Caller] = Memory(clock, seconds=_KEYS_SECONDS)
        self._otherwise = otherwise
        self._policies: Mapping[TenantId, Policy] = {}
        self._edition = ""
        self._hearers: list[RulesChanged] = []
        self._in_doubt = asyncio.Event()

    async def caller(self, key: str) -> Caller:
        """See the port."""
        if known := self._callers.find(key):
            return known[0]
        found = await self._peer.ask(CALLER, AskCaller(key))
        if found.caller is None:
            raise Denied(found.refusal, is_unknown=True)
        if found.caller.tenant not in self._policies:
            await self._read()
        self._callers.keep(key, found.caller, seconds=min(_KEYS_SECONDS, found.seconds))
        return found.caller

    def policy(self, tenant: TenantId) -> Policy:
        """See the port."""
        known = self._policies.get(tenant)
        if known is not None:
            return known
        return replace(self._otherwise, is_sandboxed=is_test(tenant))

    def knows(self, tenant: TenantId) -> bool:
        """Whether there is such a tenant. Never waits."""
        return tenant in self._policies

    def on_change(self, heard: RulesChanged) -> None:
        """From now on `heard` is told when a tenant's rules have changed."""
        self._hearers.append(heard)

    def doubt(self) -> None:
        """Some rules may have changed: ask now."""
        self._in_doubt.set()

    async def start(self) -> None:
        """Wait until the rules are known: nothing can be decided without them."""
        while True:
            try:
                return await self._read()
            except Unavailable:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def run(self) -> None:
        """Keep the rules fresh. That they cannot be is logged once, until they can again."""
        is_stale = False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RULES_SECONDS):
                    await self._in_doubt.wait()
            self._in_doubt.clear()
            try:
                await self._read()
                is_stale = False
            except Unavailable as error:
                if not is_stale:
                    log.warning("tenants.not_refreshed", error=error.message)
                is_stale = True

    async def _read(self) -> None:
        found = await self._peer.ask(TENANTS, AskTenants(self._edition))
        if found.otherwise is None:
            return
        before, self._policies = self._policies, found.policies
        self._otherwise, self._edition = found.otherwise, found.edition
        for tenant, after in found.policies.items():
            if tenant in before and before[tenant] != after:
                for heard in self._hearers:
                    heard(tenant, before[tenant], after)
