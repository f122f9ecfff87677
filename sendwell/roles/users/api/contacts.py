"""Routes: by which addresses a person was really reached."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_or_none
from sendwell.roles.users.api.models import ThisUser
from sendwell.roles.users.service.contacts import Contact, Contacts
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, Moment
from sendwell.runtime.server.pattern import LINE

Channel = Annotated[
    str,
    Path(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="A channel.", examples=["email"]),
]


class VerificationIn(BaseModel):
    """Whether the address is certainly the person's."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    verified: bool
    how: Annotated[str, Field(max_length=255), LINE] | None = Field(
        None, description="For whoever looks later.", examples=["They opened the link we sent."]
    )


class ContactOut(BaseModel):
    """An address of a person by one channel."""

    channel: str = Field(examples=["email"])
    address: str = Field(examples=["ada@example.org"])
    verified: bool
    verified_at: Moment | None
    how: str | None

    @classmethod
    def of(cls, contact: Contact) -> "ContactOut":
        """The contact as shown."""
        verified = contact.verified
        return cls(
            channel=contact.channel,
            address=contact.address,
            verified=verified is not None,
            verified_at=rfc3339_or_none(verified.at) if verified else None,
            how=verified.how if verified else None,
        )


class ContactList(BaseModel):
    """A person's contacts in the order of the channels."""

    data: list[ContactOut]


def add_routes(router: APIRouter, contacts: Contacts) -> None:
    """List contacts and verify one."""

    @router.get("/contacts", operation_id="list_contacts", responses={404: NOT_FOUND})
    async def list_contacts(user_id: ThisUser, caller: Asking) -> ContactList:
        """List a person's contacts.

        One for each channel, with whether it is verified. Push tokens stand with the person.
        """
        found = await contacts.of(caller.tenant, user_id)
        return ContactList(data=[ContactOut.of(each) for each in found])

    @router.post(
        "/contacts/{channel}/verification",
        operation_id="verify_contact",
        responses={404: NOT_FOUND},
    )
    async def verify_contact(
        user_id: ThisUser, channel: Channel, *, given: VerificationIn, caller: Asking
    ) -> ContactOut:
        """Say that an address is certainly the person's, or that it is not.

        For instance when they have opened a link that was sent to it. When the address is replaced
        by another one, that is not verified.
        """
        contact = await contacts.verify(
            caller.tenant,
            user_id,
            ChannelName(channel),
            is_so=given.verified,
            how=given.how,
            by=caller.actor,
        )
        return ContactOut.of(contact)
