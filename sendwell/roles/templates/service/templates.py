"""Keeps templates, and gives the flow their versions."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from sendwell.domain.errors import Flaw, Invalid, NotFound
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.template import TemplateVersion
from sendwell.ports.audit import Audit, Deed
from sendwell.ports.clock import Clock
from sendwell.ports.database import Unit
from sendwell.ports.renderer import Renderer
from sendwell.ports.tenants import Caller
from sendwell.roles.templates.cache import OLDEST_SECONDS, PublishedCache, VersionCache
from sendwell.roles.templates.service.drafts import Draft
from sendwell.roles.templates.service.needs import Needs
from sendwell.roles.templates.service.previews import Preview, preview
from sendwell.roles.templates.service.samples import SAMPLE_CODE, SAMPLE_NAME, sample_draft
from sendwell.roles.templates.store import Template, TemplateStore, VersionRecord, changed, taken
from sendwell.runtime.ahead import Ahead
from sendwell.runtime.cluster.news import News

_NO_OBJECT = Flaw("/data", "Must be a JSON object.")


class Templates:
    """Implements the port Catalogue, and what the role's API asks.

    Every change is on the audit log, in the same transaction. Who asks for an unknown template or
    version gets NotFound. `only_if` are tags (`tag_of`) of which the template must have one, else
    Conflict (precondition_failed) is raised.
    """

    def __init__(
        self,
        store: TemplateStore,
        *,
        renderer: Renderer,
        audit: Audit,
        clock: Clock,
        news: News | None = None,
    ) -> None:
        self._store = store
        self._renderer = renderer
        self._audit = audit
        self._clock = clock
        self._versions = VersionCache()
        self._published = PublishedCache()
        self._needs = Needs(renderer)
        self._ahead = Ahead()
        self._checking = asyncio.Lock()
        self._news = news or News("templates")
        self._news.listen(self._published_elsewhere, self._published.forget_all)

    async def version(
        self, tenant: TenantId, code: str, version: int | None
    ) -> TemplateVersion | None:
        """As the port says; what is published here is seen by the next call.

        A version that is asked for by number need not be published: that is how drafts are tried.
        """
        number = version or await self._published_number(tenant, code)
        if number is None:
            return None
        key = (tenant, code, number)
        found = self._versions.get(key)
        if found is None:
            record = await self._store.version(*key)
            if record is None:
                return None
            found = record.version
            self._versions.keep(key, found)
        return found

    def flaws(
        self, version: TemplateVersion, data: bytes, channels: Collection[ChannelName]
    ) -> list[Flaw]:
        """As the port says; quotes nothing of the data."""
        if self._needs.is_met(version, data, channels):
            return []
        try:
            given = msgspec.json.decode(data, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise Invalid("/data is no JSON object.", flaws=[_NO_OBJECT]) from error
        return self._needs.flaws(version, given, channels)

    async def create(
        self, caller: Caller, code: str, *, name: str | None, draft: Draft, is_published: bool
    ) -> Template:
        """A new template with the draft as its version 1. Raises Conflict for a known code."""
        first = await self._checked(draft, code, 1)
        if await self._store.template(caller.tenant, code) is not None:
            raise taken(code)
        now = self._clock.now()
        published = 1 if is_published else None
        template = Template(caller.tenant, code, name or code, published, 1, 1, now, now)
        record = self._recorded(caller, "template.created", template, version=1)
        await self._store.create(template, first, record=record)
        await self._say(caller.tenant, code)
        return template

    async def ensure_sample(self, tenant: TenantId) -> None:
        """The sample template is there, published."""
        if await self._store.template(tenant, SAMPLE_CODE) is None:
            await self.create(
                Caller(tenant, "sample"),
                SAMPLE_CODE,
                name=SAMPLE_NAME,
                draft=sample_draft(),
                is_published=True,
            )

    async def add_version(
        self,
        caller: Caller,
        code: str,
        *,
        draft: Draft,
        is_published: bool,
        only_if: Collection[str] | None = None,
    ) -> VersionRecord:
        """The draft as the template's next version."""
        before = await self._seen(caller.tenant, code, only_if)
        added = await self._checked(draft, code, before.latest + 1)
        after = replace(
            self._next(before),
            latest=added.version,
            published=added.version if is_published else before.published,
        )
        record = self._recorded(caller, "template.version.added", after, version=added.version)
        await self._store.change(after, added=added, record=record)
        await self._say(caller.tenant, code)
        return VersionRecord(added, after.updated_at)

    async def publish(
        self, caller: Caller, code: str, version: int, *, only_if: Collection[str] | None = None
    ) -> Template:
        """That version, newer or older, is the one that is sent from now on. Idempotent."""
        before = await self._seen(caller.tenant, code, only_if)
        await self.record(caller.tenant, code, version)
        if before.published == version:
            return before
        after = replace(self._next(before), published=version)
        record = self._recorded(caller, "template.published", after, version=version)
        await self._store.change(after, record=record)
        await self._say(caller.tenant, code)
        return after

    async def template(self, tenant: TenantId, code: str) -> Template:
        """The template as it stands."""
        found = await self._store.template(tenant, code)
        if found is None:
            raise NotFound(f"There is no template {code}.")
        return found

    async def templates(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Template]:
        """A page of the tenant's templates, in the order they were made."""
        return await self._store.templates(tenant, after=after, limit=limit)

    async def record(self, tenant: TenantId, code: str, version: int) -> VersionRecord:
        """One version in full."""
        found = await self._store.version(tenant, code, version)
        if found is None:
            raise _no_version(code, version)
        return found

    async def records(
        self, tenant: TenantId, code: str, *, before: int, limit: int
    ) -> Sequence[VersionRecord]:
        """A page of a template's versions, the newest first."""
        return await self._store.versions(tenant, code, before=before, limit=limit)

    async def preview(
        self,
        tenant: TenantId,
        code: str,
        *,
        version: int | None,
        data: Mapping[str, Any],
        channel: ChannelName,
        locale: str | None,
    ) -> Preview:
        """What that version would say: the published one where None is named, else the latest."""
        template = await self.template(tenant, code)
        number = version or template.published or template.latest
        found = await self.version(tenant, code, number)
        if found is None:
            raise _no_version(code, number)
        shown = preview(self._renderer, found, data, channel=channel, locale=locale)
        needed = self._needs.flaws(found, data, [channel])
        return replace(shown, flaws=[*needed, *shown.flaws])

    async def _published_number(self, tenant: TenantId, code: str) -> int | None:
        key, now = (tenant, code), self._clock.elapsed()
        known = self._published.get(key, now=now)
        if known is not None:
            if known[1] < now - OLDEST_SECONDS / 2:
                self._ahead.begin(key, partial(self._read_published, tenant, code))
            return known[0]
        return await self._read_published(tenant, code)

    async def _read_published(self, tenant: TenantId, code: str) -> int | None:
        key, now = (tenant, code), self._clock.elapsed()
        edition = self._published.edition
        number = await self._store.published(tenant, code)
        self._published.keep(key, number, now=now, edition=edition)
        return number

    async def _checked(self, draft: Draft, code: str, number: int) -> TemplateVersion:
        """The draft as that version. A long one takes seconds to read, for which nobody waits but
        other authors.
        """
        async with self._checking:
            return await asyncio.to_thread(draft.version, code, number, self._renderer)

    async def _seen(self, tenant: TenantId, code: str, only_if: Collection[str] | None) -> Template:
        template = await self.template(tenant, code)
        if only_if is not None and tag_of(template) not in only_if:
            raise changed(code)
        return template

    def _next(self, before: Template) -> Template:
        return replace(before, revision=before.revision + 1, updated_at=self._clock.now())

    def _recorded(self, caller: Caller, action: str, template: Template, *, version: int) -> Unit:
        """On the audit log, and told to the other processes."""
        at = template.updated_at
        details = {"version": version, "published": template.published or 0}
        deed = Deed(caller.tenant, caller.name, action, template.code, at, details)
        told = self._news.told(caller.tenant, template.code)
        return [*self._audit.recorded(deed), *told]

    async def _say(self, tenant: TenantId, code: str) -> None:
        """It is stored: nobody goes on with what was published before."""
        self._published.forget((tenant, code))
        await self._news.announce(tenant, code)

    def _published_elsewhere(self, tenant: TenantId, code: str) -> None:
        self._published.forget((tenant, code))


def tag_of(template: Template) -> str:
    """What tells this state of the template from any other."""
    return f"{template.created_at:x}.{template.revision}"


def _no_version(code: str, version: int) -> NotFound:
    return NotFound(f"There is no version {version} of a template {code}.")
