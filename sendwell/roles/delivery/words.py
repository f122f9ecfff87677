"""From a task to what a provider gets: the template rendered, or the words as given."""

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import Part, delivery_key
from sendwell.domain.lane import Lane
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.domain.rendering import pick_locale
from sendwell.domain.template import TemplateVersion
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content, plain
from sendwell.messages.task import Task
from sendwell.ports.catalogue import Catalogue
from sendwell.ports.renderer import Renderer
from sendwell.ports.tenants import Tenants
from sendwell.runtime.rendering import render_parts


class Words:
    """Renders tasks. Raises Invalid, with the name of what is missing, before anything is sent."""

    def __init__(self, catalogue: Catalogue, renderer: Renderer, tenants: Tenants) -> None:
        self._catalogue = catalogue
        self._renderer = renderer
        self._tenants = tenants

    async def outgoing(self, task: Task, person: Person, *, address: str, now: int) -> Outgoing:
        """The task, rendered for this person and addressed."""
        request = task.request
        return Outgoing(
            key=delivery_key(request.id, Part.parse(task.part)),
            tenant=request.tenant,
            notification=request.id,
            part=task.part,
            channel=task.channel,
            address=address,
            content=await self._content(task, person),
            lane=Lane(request.lane),
            attempt=task.attempt + 1,
            event_type=request.event_type,
            user_id=person.user_id,
            expires_in_seconds=_seconds_left(request.expires_at, now),
            correlation_id=request.correlation_id,
            metadata=bytes(request.metadata),
        )

    async def _content(self, task: Task, person: Person) -> Content:
        request = task.request
        if request.template is None:
            return request.content or Content()
        code, wanted = request.template.code, request.template.locale or person.locale
        version = await self._catalogue.version(request.tenant, code, task.template_version)
        if version is None:
            raise Invalid(f"There is no published template {code!r}.", code="template_error")
        return self._render(version, task, wanted, self._tenants.policy(request.tenant))

    def _render(
        self, version: TemplateVersion, task: Task, wanted: str | None, policy: Policy
    ) -> Content:
        bodies = version.bodies.get(task.channel, {})
        locale = pick_locale(bodies, wanted or policy.locale, version.default_locale)
        if locale is None:
            raise Invalid(
                f"The template {version.code!r} (version {version.version}) has no words for"
                f" {task.channel}.",
                code="template_error",
            )
        data = plain(task.request.data)
        return render_parts(
            self._renderer, bodies[locale], data, channel=task.channel, locale=wanted or locale
        )


def _seconds_left(expires_at: int | None, now: int) -> int | None:
    return None if expires_at is None else max(1, (expires_at - now) // 1_000_000)
