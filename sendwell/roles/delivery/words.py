"""From a task to what a provider gets: the template rendered, or the words as given."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from sendwell.domain.channel import Channel
from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import BY_NUMBER
from sendwell.domain.person import Person
from sendwell.domain.plain_words import subject_of
from sendwell.domain.policy import Policy
from sendwell.domain.rendering import locale_of_formats, pick_locale
from sendwell.domain.template import TemplateVersion
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.messages.task import Task
from sendwell.ports.catalogue import Catalogue
from sendwell.ports.renderer import Renderer
from sendwell.ports.tenants import Tenants
from sendwell.runtime.rendering import prepare_parts

Render = Callable[[bytes], Content]
Versions = Mapping[tuple[TenantId, str, int | None], TemplateVersion | None]
_MOST_KNOWN = 512
_MOST_TOLD = 16
"""Pages that were told in plain words: for a list of recipients once and not for each."""
_LONGEST_TOLD = 65_536
"""Telling so much takes 80 ms, in which nothing else is sent; a usual mail takes 5."""


class Words:
    """Renders tasks. Raises Invalid, with the name of what is missing, before anything is sent."""

    def __init__(
        self,
        catalogue: Catalogue,
        renderer: Renderer,
        *,
        tenants: Tenants,
        channels: Mapping[ChannelName, Channel],
    ) -> None:
        self._channels = channels
        self._known: dict[
            tuple[int, ChannelName, str | None, str], tuple[TemplateVersion, Render]
        ] = {}
        self._catalogue = catalogue
        self._renderer = renderer
        self._tenants = tenants
        self._told = lru_cache(maxsize=_MOST_TOLD)(renderer.text_of)

    async def versions(self, tasks: Iterable[Task]) -> Versions:
        """The template versions that these tasks need."""
        found: dict[tuple[TenantId, str, int | None], TemplateVersion | None] = {}
        for task in tasks:
            if (template := task.request.template) is not None:
                key = (task.request.tenant, template.code, task.template_version)
                if key not in found:
                    found[key] = await self._catalogue.version(*key)
        return found

    def outgoing(
        self, task: Task, person: Person, *, address: str, now: int, versions: Versions
    ) -> Outgoing:
        """The task, rendered for this person and addressed."""
        request = task.request
        return Outgoing(
            key=str(DeliveryKey.of(request.tenant, request.id, task.part)),
            tenant=request.tenant,
            notification=request.id,
            part=task.part,
            channel=task.channel,
            address=address,
            content=self._content(task, person, versions),
            lane=BY_NUMBER[request.lane],
            attempt=task.attempt + 1,
            event_type=request.event_type,
            user_id=person.user_id,
            expires_in_seconds=_seconds_left(request.expires_at, now),
            correlation_id=request.correlation_id,
            metadata=bytes(request.metadata),
        )

    def _content(self, task: Task, person: Person, versions: Versions) -> Content:
        """Words that fit the channel; an e-mail always has a subject."""
        content = self._words(task, person, versions)
        if not content.subject and "subject" in self._channels[task.channel].parts:
            subject = subject_of(task.request.event_type, content.text)
            return msgspec.structs.replace(content, subject=subject)
        return content

    def _words(self, task: Task, person: Person, versions: Versions) -> Content:
        request = task.request
        if request.template is None:
            return self._given(request.content or Content(), task.channel)
        code, wanted = request.template.code, request.template.locale or person.locale
        version = versions[request.tenant, code, task.template_version]
        if version is None:
            raise Invalid(_absent(code, task.template_version), code="template_error")
        policy = self._tenants.policy(request.tenant)
        return self._prepared(version, task.channel, wanted, policy)(bytes(request.data))

    def _given(self, content: Content, channel: ChannelName) -> Content:
        """The producer's own words, in the parts that the channel uses."""
        known = self._channels[channel]
        fitted = known.fit(content.counted)
        known.require_room(fitted)
        fitted.pop("data", None)  # it goes out as it is
        fitted = self._with_text(fitted, content.html, known)
        if not fitted and not content.data:
            raise Invalid(f"There are no words for {channel} in it.", code="template_error")
        return Content(**fitted, data=content.data)

    def _with_text(
        self, fitted: dict[str, str], html: str | None, known: Channel
    ) -> dict[str, str]:
        """With the text that nobody wrote, told from the page; without it where it is too much."""
        if html is None or "text" not in known.parts or "text" in fitted:
            return fitted
        if len(html) > _LONGEST_TOLD:
            return fitted
        told = self._told(html)
        whole = {**fitted, "text": told} if told else fitted
        return fitted if known.flaws_in_content(whole) else whole

    def _prepared(
        self, version: TemplateVersion, channel: ChannelName, wanted: str | None, policy: Policy
    ) -> Render:
        """The version in the words of a channel and a locale, found once for many deliveries."""
        key = (id(version), channel, wanted, policy.locale)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            # The version is kept as well: as long as it is, nothing else has its identity.
            known = self._known[key] = version, self._prepare(version, channel, wanted, policy)
        return known[1]

    def _prepare(
        self, version: TemplateVersion, channel: ChannelName, wanted: str | None, policy: Policy
    ) -> Render:
        bodies = version.bodies.get(channel, {})
        locale = pick_locale(bodies, wanted or policy.locale, version.default_locale)
        if locale is None:
            raise Invalid(
                f"The template {version.code!r} (version {version.version}) has no words for"
                f" {channel}.",
                code="template_error",
            )
        body = bodies[locale]
        formats = locale_of_formats(locale, wanted)
        return prepare_parts(self._renderer, body, channel=channel, locale=formats)


def _absent(code: str, version: int | None) -> str:
    if version is None:
        return f"There is no published template {code!r}."
    return f"There is no version {version} of the template {code!r}."


def _seconds_left(expires_at: int | None, now: int) -> int | None:
    return None if expires_at is None else max(1, (expires_at - now) // 1_000_000)
