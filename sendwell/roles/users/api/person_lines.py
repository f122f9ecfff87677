"""A person in a file: exactly what PUT /api/v1/users takes, with the id and the preferences."""

from typing import Annotated

from pydantic import AfterValidator, ValidationError

from sendwell.domain.consent import Preferences
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import UserId
from sendwell.roles.users.api.choices import read_choices
from sendwell.roles.users.api.models import PersonIn, as_user_id
from sendwell.roles.users.reading.documents import Document
from sendwell.roles.users.store.people import Put
from sendwell.runtime.server.flaws import flaw_of, members_of

_ABSENT = object()
_KNOWN = members_of(PersonIn)


class _PersonLine(PersonIn):
    user_id: Annotated[UserId, AfterValidator(as_user_id)]


def read_person(document: Document) -> Put:
    """The person that a document describes. Raises Invalid with everything that is wrong."""
    flaws: list[Flaw] = []
    preferences = _preferences(document.pop("preferences", _ABSENT), flaws)
    try:
        line = _PersonLine.model_validate(document)
    except ValidationError as error:
        flaws += [flaw_of(each, _KNOWN) for each in error.errors(include_url=False)]
    if flaws:
        raise Invalid(flaws[0].why, flaws=flaws)
    return Put(line.user_id, line.profile(), preferences, given=line.given())


def _preferences(value: object, flaws: list[Flaw]) -> Preferences | None:
    if value is _ABSENT:
        return None
    try:
        return read_choices(value)
    except Invalid as error:
        flaws += [Flaw(f"/preferences{flaw.pointer}", flaw.why) for flaw in error.flaws]
        return None
