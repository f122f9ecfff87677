"""From a recipient on the wire to the person the rules look at."""

from collections.abc import Mapping

from sendwell.domain.ids import ChannelName, UserId
from sendwell.domain.person import Person
from sendwell.messages.requested import Requested, To

_NOBODY = Person(None)
_ERASED = Person(None, is_erased=True)
_EMAIL, _SMS, _PUSH, _WEBHOOK = (ChannelName(name) for name in ("email", "sms", "push", "webhook"))
Addresses = dict[ChannelName, Mapping[int, str]]


def recipient_of(request: Requested, place: int, known: Mapping[UserId, Person]) -> Person:
    """The recipient at that place, as far as anything is left of them."""
    if place in request.erased:
        return _ERASED
    return person_of(request.to[place], known)


def person_of(to: To, known: Mapping[UserId, Person]) -> Person:
    """The known person with the addresses this request gives instead, or a bare address."""
    person = known.get(to.user_id, _NOBODY) if to.user_id else _NOBODY
    given = _given(to)
    if person is not _NOBODY and not given and not to.locale and not to.timezone:
        return person
    return Person(
        user_id=to.user_id,
        addresses={**person.addresses, **given} if person.addresses else given,
        locale=to.locale or person.locale,
        timezone=to.timezone or person.timezone,
        preferences=person.preferences,
        is_erased=person.is_erased,
    )


def _given(to: To) -> Addresses:
    """The addresses of the request itself. Written out: it runs three times a notification."""
    given: Addresses = {}
    if to.email:
        given[_EMAIL] = {0: to.email}
    if to.phone:
        given[_SMS] = {0: to.phone}
    if to.token:
        given[_PUSH] = {0: to.token}
    if to.url:
        given[_WEBHOOK] = {0: to.url}
    return given
