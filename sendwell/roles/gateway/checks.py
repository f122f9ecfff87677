"""What makes a request acceptable, field by field; the answer names every flaw with its pointer."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter

import msgspec

from sendwell.channels import all_channels
from sendwell.domain import user_id
from sendwell.domain.channel import Channel
from sendwell.domain.errors import Flaw, Invalid, Untimely
from sendwell.domain.ids import ChannelName, UserId
from sendwell.domain.instant import microseconds_of
from sendwell.domain.schedule import due, is_one_instant, parse_instant
from sendwell.domain.topic import flaw_in_topic
from sendwell.domain.zone import find_zone
from sendwell.messages.requested import Content, To
from sendwell.roles.gateway.wire import NotificationIn

MOST_RECIPIENTS = 1_000
_MOST_VERSIONS = 2**31 - 1
_MOST_TTL_SECONDS = 366 * 86_400
_ID = re.compile(r"[A-Za-z0-9_:-]{1,64}")
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,100}")
_LINE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,998}")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def require(flaws: Sequence[Flaw], kind: type[Invalid] = Invalid) -> None:
    """Raise Invalid, or the kind of it, when there is any flaw."""
    if flaws:
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        raise kind(f"{flaws[0].pointer}: {flaws[0].why}{more}", flaws=flaws)


_LOCALE_FORM = "Use a language tag such as de-AT."
_FORMS = {
    name: (attrgetter(name), form.fullmatch, why)
    for name, form, why in (
        ("id", _ID, "Use a UUID, or 1-64 letters, digits, '_', ':' and '-'."),
        ("event_type", _NAME, "Use 1-100 characters without control characters."),
        ("category", _NAME, "Use 1-100 characters without control characters."),
        ("template", _NAME, "Use a template's code."),
        ("locale", _NAME, _LOCALE_FORM),
        ("user_id", user_id.FORM, user_id.WHY),
        ("correlation_id", _KEY, "Use 1-255 visible ASCII characters."),
        ("idempotency_key", _KEY, "Use 1-255 visible ASCII characters."),
    )
}


def names(given: NotificationIn) -> list[Flaw]:
    """Flaws of the fields that are names or end up in headers."""
    flaws = []
    for name, (value_of, is_right, why) in _FORMS.items():
        value = value_of(given)
        if value is not None and is_right(value) is None:
            flaws.append(Flaw(f"/{name}", why))
    return flaws


def recipients(given: NotificationIn, channels: Sequence[Channel]) -> tuple[To, ...]:
    """The recipients, each once, a person or at least one good address, in the one form that
    suppressions know it by. `channels` are those with addresses. Raises Invalid.
    """
    if (given.user_id is None) == (given.to is None):
        flaw = Flaw("/to", "Say whom to tell: either user_id or to.")
        raise Invalid(f"/to: {flaw.why}", flaws=[flaw])
    if given.user_id is not None:
        return (To(user_id=UserId(given.user_id)),)
    flaws: list[Flaw] = []
    if isinstance(given.to, To):
        good = (_recipient(given.to, "/to", channels, flaws),)
        require(flaws)
        return good
    many = given.to or ()
    if not 1 <= len(many) <= MOST_RECIPIENTS:
        require([Flaw("/to", f"Give 1 to {MOST_RECIPIENTS} recipients; there are {len(many)}.")])
    all_good = tuple(
        _recipient(to, f"/to/{number}", channels, flaws) for number, to in enumerate(many)
    )
    require(flaws)
    return tuple(dict.fromkeys(all_good))


def _recipient(to: To, pointer: str, channels: Sequence[Channel], flaws: list[Flaw]) -> To:
    """The recipient with normal addresses; adds what is wrong to the flaws."""
    changes: dict[str, str] = {}
    has_address = to.user_id is not None
    flaws += _flaws_of_who_and_where(to, pointer)
    for channel in channels:
        field = channel.address_field
        value = getattr(to, field)
        if value is None:
            continue
        has_address = True
        if why := channel.flaw_in_address(value):
            flaws.append(Flaw(f"{pointer}/{field}", why))
        elif (normal := channel.normalise(value)) != value:
            changes[field] = normal
    if to.topic is not None:
        flaws.append(Flaw(f"{pointer}/topic", "Goes alone, without any other recipient."))
    elif not has_address:
        flaws.append(Flaw(pointer, "Give a user_id or an address."))
    return msgspec.structs.replace(to, **changes) if changes else to


def _flaws_of_who_and_where(to: To, pointer: str) -> Iterator[Flaw]:
    if to.user_id is not None and (why := user_id.flaw_in_user_id(to.user_id)):
        yield Flaw(f"{pointer}/user_id", why)
    if to.locale is not None and _NAME.fullmatch(to.locale) is None:
        yield Flaw(f"{pointer}/locale", _LOCALE_FORM)
    if to.timezone is not None and find_zone(to.timezone) is None:
        why = f"There is no time zone {to.timezone!r}. Use a name like Europe/Vienna."
        yield Flaw(f"{pointer}/timezone", why)


def channels_of(given: NotificationIn, enabled: Collection[ChannelName]) -> tuple[ChannelName, ...]:
    """The channels asked for, without repetitions. Raises Invalid for an unknown one."""
    if given.channels is None:
        if given.channel is None:
            return ()
        if given.channel in enabled:
            return (ChannelName(given.channel),)
    if given.channel is not None and given.channels is not None:
        require([Flaw("/channels", "Give channel or channels, not both.")])
    asked = [given.channel] if given.channel is not None else given.channels or []
    wanted = [ChannelName(name.lower()) for name in asked]
    pointer = "/channel" if given.channel is not None else "/channels"
    if any(name not in enabled for name in wanted):
        known = ", ".join(sorted(enabled))
        was_right = all(name in all_channels() for name in wanted)
        require(
            [
                Flaw(
                    pointer if given.channel is not None else f"{pointer}/{number}",
                    f"There is no channel {name!r} here; there are {known}.",
                )
                for number, name in enumerate(wanted)
                if name not in enabled
            ],
            Untimely if was_right else Invalid,
        )
    return tuple(dict.fromkeys(wanted))


def content_of(given: NotificationIn) -> Content | None:
    """The words given. Raises Invalid where they cannot be sent."""
    if given.content is not None and given.template is not None:
        require([Flaw("/content", "Give content or template, not both.")])
    content = Content(text=given.content) if isinstance(given.content, str) else given.content
    if content is None:
        return None
    flaws = [
        Flaw(f"/content/{name}", "Must be a single line of at most 998 characters.")
        for name in ("subject", "title")
        if (value := getattr(content, name)) is not None and _LINE.fullmatch(value) is None
    ]
    pointer = "/content" if isinstance(given.content, str) else "/content/{}"
    flaws += [
        Flaw(pointer.format(name), "Must not hold NUL or half of a surrogate pair.")
        for name in ("text", "html", "body")
        if (value := getattr(content, name)) is not None and _UNSTORABLE.search(value)
    ]
    if not any(
        (content.text, content.html, content.body, content.title, content.subject, content.data)
    ):
        flaws.append(Flaw("/content", "There is nothing to say in it."))
    require(flaws)
    return content


def template_version(given: NotificationIn) -> None:
    """Raise Invalid for what cannot be the number of a version."""
    number = given.template_version
    if number is not None and not 1 <= number <= _MOST_VERSIONS:
        require([Flaw("/template_version", f"Use 1 to {_MOST_VERSIONS}.")])


def topic(key: str, pointer: str) -> str:
    """The topic's key. Raises Invalid where it is none."""
    if why := flaw_in_topic(key):
        require([Flaw(pointer, why)])
    return key


_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_TOO_FAR = f"Is too far in the future; {_LATEST:%Y-%m-%dT%H:%M:%SZ} is the latest."


def expiry(given: NotificationIn, now: int) -> int | None:
    """When it is too late, in microseconds since 1970. Raises Invalid."""
    if given.expires_at is not None and given.ttl_seconds is not None:
        require([Flaw("/ttl_seconds", "Give expires_at or ttl_seconds, not both.")])
    if given.ttl_seconds is not None:
        if not 1 <= given.ttl_seconds <= _MOST_TTL_SECONDS:
            require([Flaw("/ttl_seconds", f"Use 1 to {_MOST_TTL_SECONDS} seconds.")])
        return now + given.ttl_seconds * 1_000_000
    if given.expires_at is None:
        return None
    instant = parse_instant(given.expires_at, pointer="/expires_at")
    if instant > _LATEST:
        require([Flaw("/expires_at", f"{_TOO_FAR} Leave it out where nothing is ever too late.")])
    expires = microseconds_of(instant)
    if expires <= now:
        require([Flaw("/expires_at", "Is in the past: nothing would be sent.")], Untimely)
    return expires


def schedule(given: NotificationIn, default_zone: str, *, expires_at: int | None) -> None:
    """Raise Invalid unless the send time and zone can be understood, and something can be sent
    then.
    """
    if given.send_at is None:
        if given.timezone is not None:
            require([Flaw("/timezone", "Goes with send_at.")])
        return
    when = due(
        given.send_at, timezone=given.timezone, recipient_zone=None, default_zone=default_zone
    )
    if when > _LATEST:
        require([Flaw("/send_at", _TOO_FAR)])
    is_over = expires_at is not None and expires_at <= microseconds_of(when)
    if is_over and is_one_instant(given.send_at, given.timezone):
        pointer = "/expires_at" if given.ttl_seconds is None else "/ttl_seconds"
        require([Flaw(pointer, "Is over before send_at has come: nothing would be sent.")])
