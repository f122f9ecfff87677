"""From what came in to `Requested`: everything is checked here, once."""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from sendwell.domain.channel import Channel
from sendwell.domain.errors import Denied, Flaw
from sendwell.domain.ids import NOWHERE, ChannelName, NotificationId, TenantId
from sendwell.domain.lane import LANES
from sendwell.domain.plain_words import text_of, title_of
from sendwell.domain.policy import Policy
from sendwell.messages.requested import NOTHING, Content, Requested, TemplateRef
from sendwell.ports.clock import Clock, Ids
from sendwell.roles.gateway import checks
from sendwell.roles.gateway.wire import NotificationIn, is_given, json_object
from sendwell.roles.gateway.words import require_words


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a request came from; `correlation_id` is for one that has none itself."""

    tenant: TenantId
    source: str = "rest"
    traceparent: str | None = None
    correlation_id: str | None = None


class Builder:
    """Builds `Requested` from what came in. Raises Invalid or Denied."""

    def __init__(self, channels: Mapping[ChannelName, Channel], *, clock: Clock, ids: Ids) -> None:
        self._channels = channels
        self._addressed = [each for each in channels.values() if each.address_field != "user_id"]
        self._clock = clock
        self._ids = ids

    def build(self, given: NotificationIn, origin: Origin, policy: Policy) -> Requested:
        """The accepted form of a request, but for its position, which it gets when it is stored."""
        _refuse_other_tenants(given, origin.tenant)
        checks.require(checks.names(given))
        to = checks.recipients(given, self._addressed)
        channels = checks.channels_of(given, self._channels)
        now = self._clock.now()
        expires_at = checks.expiry(given, now)
        checks.schedule(given, policy.timezone, expires_at=expires_at)
        event_type = given.event_type or given.template or "notification"
        rule = policy.classify(event_type)
        data = _data(given)
        content = checks.content_of(given)
        if content is not None and len(channels) == 1:
            require_words(content, self._channels[channels[0]])
        if content is None and given.template is None:
            content = _plain(event_type, data)
        id_, correlation_id = self._names(given, origin)
        return Requested(
            id=id_,
            tenant=origin.tenant,
            position=NOWHERE,
            accepted_at=now,
            event_type=event_type,
            lane=LANES[given.priority] if given.priority else rule.lane,
            to=to,
            channels=channels,
            is_fallback=given.routing == "fallback",
            is_critical=rule.is_critical,
            category=given.category or rule.category,
            topic=None if given.topic is None else checks.topic(given.topic, "/topic"),
            template=_template(given),
            content=content,
            data=data,
            metadata=_object(given.metadata, "/metadata"),
            send_at=given.send_at,
            timezone=given.timezone,
            expires_at=expires_at,
            correlation_id=correlation_id,
            source=origin.source,
            traceparent=origin.traceparent,
        )

    def _names(self, given: NotificationIn, origin: Origin) -> tuple[NotificationId, str]:
        """The id, and the correlation id that it stands in for."""
        id_ = NotificationId(given.id or self._ids.notification())
        return id_, given.correlation_id or origin.correlation_id or id_


def hashed(content: bytes, size_bytes: int) -> bytes:
    """So many bytes that stand for an idempotency key or a request."""
    return blake2b(content, digest_size=size_bytes).digest()


def _refuse_other_tenants(given: NotificationIn, tenant: TenantId) -> None:
    flaws = [
        Flaw(f"/{name}", "Names another organization than your API key does.")
        for name, said in (
            ("organization_id", given.organization_id),
            ("tenant_id", given.tenant_id),
        )
        if said is not None and said != tenant
    ]
    if flaws:
        raise Denied(f"{flaws[0].pointer}: {flaws[0].why}", flaws=flaws)


def _template(given: NotificationIn) -> TemplateRef | None:
    if given.template is not None:
        checks.template_version(given)
        return TemplateRef(given.template, given.template_version, given.locale)
    if given.template_version is not None:
        checks.require([Flaw("/template_version", "Goes with template.")])
    return None


def _data(given: NotificationIn) -> msgspec.Raw:
    if is_given(given.payload):
        if is_given(given.data):
            checks.require([Flaw("/payload", "Is another name of data; give one of the two.")])
        return _object(given.payload, "/payload")
    return _object(given.data, "/data")


def _object(raw: msgspec.Raw, pointer: str) -> msgspec.Raw:
    if not is_given(raw):
        return NOTHING
    json_object(raw, pointer)  # a number beyond a double is JSON, and yet nobody can read it back
    return raw


def _plain(event_type: str, data: msgspec.Raw) -> Content:
    text = text_of(event_type, json_object(data, "/data"))
    return Content(subject=title_of(event_type), title=title_of(event_type), text=text)
