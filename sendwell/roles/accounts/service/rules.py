"""What a tenant can change of its rules."""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from sendwell.domain.errors import Conflict, NotFound
from sendwell.domain.ids import TenantId
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.rules import Reach, check
from sendwell.roles.accounts.sections import SECTIONS, Section
from sendwell.roles.accounts.service.rulebook import Rulebook
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.store.tenants import Tenant, TenantStore
from sendwell.runtime.cluster.news import News

_TRIES = 3
_LONGEST_DETAIL = 1_000
_RULES = "rules"


class Ruling(NamedTuple):
    """What a section says, whether the tenant has decided it, and a tag of what it says."""

    value: Any
    is_own: bool
    tag: str


class Rules:
    """Reads and replaces sections, on the record; what is replaced holds at once."""

    def __init__(
        self, book: Rulebook, store: TenantStore, *, clock: Clock, news: News, reach: Reach
    ) -> None:
        self._book = book
        self._store = store
        self._clock = clock
        self._news = news
        self._reach = reach

    def all(self, tenant: TenantId) -> Mapping[str, Ruling]:
        """Every section."""
        return {name: self.section(tenant, name) for name in SECTIONS}

    def section(self, tenant: TenantId, name: str) -> Ruling:
        """One of them. Raises NotFound where there is no such section."""
        section = _section(name)
        known = self._book.tenant(tenant)
        value = section.json(self._book.policy(tenant))
        return Ruling(value, known is not None and name in known.rules, _tag(value))

    async def replace(
        self, caller: Caller, name: str, value: object, *, only_if: Collection[str] | None = None
    ) -> Ruling:
        """The section says this from now on.

        Raises Invalid that points at everything wrong; Conflict (precondition_failed) where tags
        are given and the section has none of them; NotFound.
        """
        section = _section(name)
        check(section, value, reach=self._reach)
        return await self._change(caller, section, {name: value}, only_if=only_if)

    async def reset(
        self, caller: Caller, name: str, *, only_if: Collection[str] | None = None
    ) -> Ruling:
        """The section says what the installation says. Idempotent; raises as `replace` does."""
        return await self._change(caller, _section(name), {}, only_if=only_if)

    async def _change(
        self,
        caller: Caller,
        section: Section,
        said: Mapping[str, Any],
        *,
        only_if: Collection[str] | None,
    ) -> Ruling:
        for _ in range(_TRIES):
            before = self._tenant(caller.tenant)
            if only_if is not None and self.section(caller.tenant, section.name).tag not in only_if:
                raise _changed(section)
            try:
                await self._store_change(caller, section, before, said)
                break
            except Conflict:  # another process was faster: it is looked at again
                await self._book.look_up(caller.tenant)
        else:
            raise Conflict("These rules are being changed by many at once. Try again.")
        return self.section(caller.tenant, section.name)

    async def _store_change(
        self, caller: Caller, section: Section, before: Tenant, said: Mapping[str, Any]
    ) -> None:
        now = self._clock.now()
        others = {name: value for name, value in before.rules.items() if name != section.name}
        after = Tenant(
            before.tenant,
            before.name,
            before.is_sandboxed,
            {**others, **said},
            before.created_at,
            max(now, before.edition + 1),
        )
        did = "replaced" if said else "reset"
        deed = Deed(
            caller.tenant,
            caller.name,
            f"rules.{section.name}.{did}",
            section.name,
            now,
            _details(said),
        )
        told = self._news.told(caller.tenant, _RULES)
        await self._store.set_rules(before, after, recorded(deed), told)
        self._book.remember(after)
        await self._news.announce(caller.tenant, _RULES)

    def _tenant(self, tenant: TenantId) -> Tenant:
        known = self._book.tenant(tenant)
        if known is None:
            raise NotFound(f"There is no tenant {tenant}.")
        return known


def _section(name: str) -> Section:
    section = SECTIONS.get(name)
    if section is None:
        raise NotFound(f"There are no rules {name!r}; there are {', '.join(SECTIONS)}.")
    return section


def _tag(value: object) -> str:
    return blake2b(msgspec.json.encode(value, order="sorted"), digest_size=12).hexdigest()


def _details(said: Mapping[str, Any]) -> dict[str, str | int]:
    """What was said, for rules hold no personal data; of a long one only how it begins."""
    return {
        name: msgspec.json.encode(value).decode()[:_LONGEST_DETAIL] for name, value in said.items()
    }


def _changed(section: Section) -> Conflict:
    return Conflict(
        f"The rules {section.name} are not, or no longer, what If-Match names. Read them again.",
        code="precondition_failed",
    )
