"""Routes: what a person agreed to and took back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sendwell.domain.consent import Fact
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.instant import microseconds_of, rfc3339_or_none
from sendwell.domain.schedule import parse_instant
from sendwell.roles.users.api.models import ThisUser
from sendwell.roles.users.api.occasions import Evidence, Wording
from sendwell.roles.users.api.topics import Limit, is_topic
from sendwell.roles.users.service.consents import Consents
from sendwell.roles.users.store.consents import Consent, Occasion
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, Moment
from sendwell.runtime.server.known_channel import KNOWN_CHANNEL
from sendwell.runtime.server.paging import (
    LAST_SHORT,
    cursor_of,
    cut_page,
    name_next_page,
    position_of,
)

Cursor = Annotated[
    str | None, Query(max_length=100, description="`next_cursor` of the page before.")
]
_CATEGORY = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"
_SOURCE = r"^[a-z][a-z0-9_]{0,31}$"


class ConsentIn(BaseModel):
    """Something that the person agreed to or took back elsewhere.

    It is about a category or a topic, or, with neither, about a channel or everything.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    given: bool = Field(description="False: they took it back.")
    channel: Annotated[str, Field(max_length=32), KNOWN_CHANNEL] | None = Field(
        None, description="Left out: every channel.", examples=["email"]
    )
    category: Annotated[str, Field(pattern=_CATEGORY)] | None = Field(None, examples=["marketing"])
    topic: Annotated[str, AfterValidator(is_topic)] | None = Field(None, examples=["news/sport"])
    at: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="When they said so, RFC 3339. Left out: now."
    )
    source: Annotated[str, Field(pattern=_SOURCE)] = Field(
        "api", description="How they said so.", examples=["paper"]
    )
    wording: Wording = None
    evidence: Evidence = None

    def fact(self) -> Fact:
        """What is to go on record. Raises Invalid."""
        if self.category is not None and self.topic is not None:
            why = "A consent is about a category or a topic, not both."
            raise Invalid(why, flaws=[Flaw("/topic", why)])
        return Fact(self.given, self.channel, self.category, self.topic)

    def said_at(self) -> int | None:
        """When it was said, in microseconds. Raises Invalid."""
        if self.at is None:
            return None
        return microseconds_of(parse_instant(self.at, pointer="/at"))


class ConsentOut(BaseModel):
    """One fact on record."""

    given: bool
    channel: str | None = Field(description="None: every channel.")
    category: str | None
    topic: str | None
    at: Moment
    source: str = Field(description="How we know: api, person, import, or as you said.")
    actor: str = Field(description="Who told us.")
    wording: str | None
    evidence: str | None

    @classmethod
    def of(cls, at: int, fact: Fact, occasion: Occasion) -> "ConsentOut":
        """The fact as shown."""
        return cls(
            given=fact.is_given,
            channel=fact.channel,
            category=fact.category,
            topic=fact.topic,
            at=rfc3339_or_none(at),
            source=occasion.source,
            actor=occasion.actor,
            wording=occasion.wording,
            evidence=occasion.evidence,
        )


class RecordedOut(BaseModel):
    """A fact that has been put on record."""

    consent: ConsentOut
    applied: bool = Field(
        description="Whether it is the person's choice now: not, where they said otherwise since."
    )


class ConsentPage(BaseModel):
    """Facts, those recorded last first."""

    data: list[ConsentOut]
    next_cursor: str | None


def add_routes(router: APIRouter, consents: Consents) -> None:
    """List the record of consent, and put something on it."""

    @router.get("/consents", operation_id="list_consents", responses={404: NOT_FOUND})
    async def list_consents(
        user_id: ThisUser,
        *,
        request: Request,
        response: Response,
        caller: Asking,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> ConsentPage:
        """List what a person agreed to and took back.

        Each change of preferences and subscriptions is put on record and stays, also when the
        person is deleted; only when they are erased it goes. The newest first; page by `cursor`.
        """
        before = position_of(cursor, last=LAST_SHORT)
        found = await consents.page(caller.tenant, user_id, before=before, limit=limit + 1)
        shown, following = cut_page(found, limit, cursor=lambda last: cursor_of(last.number))
        name_next_page(request, response, following)
        return ConsentPage(data=[_shown(each) for each in shown], next_cursor=following)

    @router.post(
        "/consents", operation_id="record_consent", status_code=201, responses={404: NOT_FOUND}
    )
    async def record_consent(user_id: ThisUser, *, given: ConsentIn, caller: Asking) -> RecordedOut:
        """Put on record what a person said elsewhere.

        On paper, by phone, in another system. It becomes their choice, unless they have said
        otherwise since.
        """
        occasion = Occasion(given.source, caller.name, given.wording, given.evidence)
        recorded = await consents.record(
            caller.tenant,
            user_id,
            given.fact(),
            occasion=occasion,
            at=given.said_at(),
            by=caller.actor,
        )
        shown = ConsentOut.of(recorded.at, recorded.fact, recorded.occasion)
        return RecordedOut(consent=shown, applied=recorded.is_applied)


def _shown(consent: Consent) -> ConsentOut:
    return ConsentOut.of(consent.at, consent.fact, consent.occasion)
