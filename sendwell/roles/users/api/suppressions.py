"""Routes: addresses that must not be sent to."""

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sendwell.channels import all_channels
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.suppression import Source
from sendwell.roles.users.service.suppression_list import SuppressionList
from sendwell.roles.users.store.suppressions import Listed, Narrowed, Place
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, PROBLEMS, Moment, strict_route
from sendwell.runtime.server.known_channel import KNOWN_CHANNEL
from sendwell.runtime.server.paging import MOST, cut_page, name_next_page
from sendwell.runtime.server.pattern import WORDS

PATH = "/api/v1/suppressions"
MOST_AT_ONCE = 1_000
_MOST_BYTES = 4 * 1024 * 1024
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_BY_HAND = "by_hand"


def _address(channel: str, address: str) -> str:
    """The address as it is compared. Raises PydanticCustomError for what cannot be one."""
    rules = all_channels()[ChannelName(channel)]
    if why := rules.flaw_in_address(address):
        raise PydanticCustomError("address", "{why}", {"why": why})
    return rules.normalise(address)


class SuppressionIn(BaseModel):
    """An address that must not be sent to."""

    model_config = _STRICT

    channel: Annotated[str, Field(max_length=32, examples=["email"]), KNOWN_CHANNEL]
    address: Annotated[str, Field(max_length=4096, examples=["ada@example.org"])]
    reason: Annotated[str, Field(max_length=255), WORDS] = Field(
        _BY_HAND, description="Also told on the timeline of what is stopped by it."
    )

    @field_validator("address")
    @classmethod
    def _right(cls, address: str, info: ValidationInfo) -> str:
        channel = info.data.get("channel")
        return address if channel is None else _address(channel, address)


class SuppressionsIn(BaseModel):
    """Addresses, up to a thousand."""

    model_config = _STRICT

    suppressions: Annotated[list[SuppressionIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class SuppressionsAdded(BaseModel):
    """How many there were."""

    added: int = Field(examples=[1])


class SuppressionOut(BaseModel):
    """An address that must not be sent to, why, and who said so."""

    channel: str
    address: str | None = Field(description="Null where it was suppressed before it was kept.")
    reason: str = Field(examples=["address_gone"])
    source: Source | None = Field(description="Null where it was suppressed before that was kept.")
    since: Moment

    @classmethod
    def of(cls, listed: Listed) -> "SuppressionOut":
        """The suppression as shown."""
        return cls(
            channel=listed.channel,
            address=listed.address,
            reason=listed.reason,
            source=listed.source,
            since=rfc3339_or_none(listed.at),
        )


class Page(BaseModel):
    """Suppressions, what changed last first."""

    data: list[SuppressionOut]
    next_cursor: str | None


class PageQuery(BaseModel):
    """A page of suppressions; all that is given must match."""

    channel: Annotated[str | None, KNOWN_CHANNEL] = Field(None, max_length=32)
    address: str | None = Field(None, max_length=4096, description="Is this one on the list?")
    reason: str | None = Field(None, max_length=255)
    source: Source | None = None
    cursor: str | None = Field(None, max_length=100, description="next_cursor of the page before")
    limit: int = Field(50, ge=1, le=MOST)

    def narrowed(self) -> Narrowed:
        """What the list is narrowed to."""
        channel = None if self.channel is None else ChannelName(self.channel)
        return Narrowed(channel, self.reason, self.source)


def routes(suppressions: SuppressionList) -> APIRouter:
    """The list, adding and removing."""
    router = APIRouter(
        prefix=PATH,
        tags=["suppressions"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )

    @router.get("", operation_id="list_suppressions")
    async def list_suppressions(
        caller: Asking, query: Annotated[PageQuery, Query()], request: Request, response: Response
    ) -> Page:
        """List what must not be sent to.

        One list for all providers of a channel: what bounced, what people complained about or
        stopped by a word, and what was added by hand.
        """
        found = await suppressions.page(
            caller.tenant,
            query.narrowed(),
            address=query.address,
            after=_place(query.cursor),
            limit=query.limit + 1,
        )
        shown, cursor = cut_page(found, query.limit, cursor=lambda last: _cursor(last.place))
        name_next_page(request, response, cursor)
        return Page(data=[SuppressionOut.of(each) for each in shown], next_cursor=cursor)

    @router.post("", operation_id="add_suppressions")
    async def add_suppressions(given: SuppressionsIn, caller: Asking) -> SuppressionsAdded:
        """Add addresses by hand.

        Up to a thousand, all or none. Holds at once, also for what is queued already. Doing it
        twice changes nothing more.
        """
        added = [
            ((ChannelName(each.channel), each.address), each.reason) for each in given.suppressions
        ]
        await suppressions.add(caller, added)
        return SuppressionsAdded(added=len(added))

    @router.delete(
        "/{channel}/{address:path}",
        operation_id="remove_suppression",
        status_code=204,
        responses={404: NOT_FOUND},
    )
    async def remove_suppression(
        channel: Annotated[str, Path(max_length=32, examples=["email"])],
        address: Annotated[str, Path(max_length=4096, examples=["ada@example.org"])],
        caller: Asking,
    ) -> None:
        """Remove an address from the list.

        It may be sent to again at once. Do that only for who has asked for it.
        """
        name = ChannelName(channel)
        rules = all_channels().get(name)
        is_one = rules is not None and not rules.flaw_in_address(address)
        await suppressions.remove(
            caller, name, rules.normalise(address) if rules is not None and is_one else address
        )

    return router


def _cursor(place: Place) -> str:
    text = b"v1:%d:%s" % (place.changed_at, place.address_hash.hex().encode())
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _place(cursor: str | None) -> Place | None:
    """The place of a cursor that we gave. Raises Invalid for anything else."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, at, address_hash = text.decode("ascii").split(":")
        if version == "v1" and 0 <= int(at) < 2**63:
            return Place(int(at), bytes.fromhex(address_hash))
    except (binascii.Error, ValueError):
        pass
    flaw = Flaw("/query/cursor", "Use the next_cursor of the page before, unchanged.")
    raise Invalid("The cursor is not one that was given here.", flaws=[flaw])
