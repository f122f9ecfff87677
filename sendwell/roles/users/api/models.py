"""People and push tokens on the wire."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName, UserId
from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.user_id import PATTERN, flaw_in_user_id
from sendwell.domain.zone import find_zone
from sendwell.roles.users.api.addresses import NoAddress, normal_email, normal_phone
from sendwell.roles.users.store.people import LARGEST_ATTRIBUTES, PersonRecord, Profile
from sendwell.roles.users.store.tokens import TokenRecord
from sendwell.runtime.server.documents import Moment
from sendwell.runtime.server.locale_tag import LocaleTag
from sendwell.runtime.server.pattern import LINE, Pattern

_DEEPEST_ATTRIBUTES = 10
_COUNTRY = Pattern("^[A-Z]{2}$", "A country is two capital letters (ISO 3166-1), such as AT.")
_SHOWN = 6
_CHANNELS = {"email": "email", "phone": "sms", "url": "webhook"}


def _is_address(channel: str) -> Callable[[str], str]:
    def check(address: str) -> str:
        rules = all_channels()[ChannelName(channel)]
        if why := rules.flaw_in_address(address):
            raise PydanticCustomError("address", "{why}", {"why": why})
        return rules.normalise(address)

    return check


def _email(address: str) -> str:
    try:
        return normal_email(address)
    except NoAddress as error:
        raise PydanticCustomError("address", "{why}", {"why": str(error)}) from error


def _phone(number: str, read: ValidationInfo) -> str:
    try:
        return normal_phone(number, read.data.get("country"))
    except NoAddress as error:
        raise PydanticCustomError("address", "{why}", {"why": str(error)}) from error


def _is_zone(name: str) -> str:
    if find_zone(name) is None:
        raise PydanticCustomError("timezone", "There is no such zone. Use one like Europe/Vienna.")
    return name


def _is_small(attributes: dict[str, Any]) -> dict[str, Any]:
    if _is_deeper(attributes, _DEEPEST_ATTRIBUTES):
        raise PydanticCustomError("depth", "Attributes may be nested at most 10 levels deep.")
    if len(msgspec.json.encode(attributes)) > LARGEST_ATTRIBUTES:
        raise PydanticCustomError("size", "Attributes may have at most 16 KiB of JSON.")
    return attributes


def _is_deeper(value: object, levels: int) -> bool:
    """Looks no further down than asked: what is deeper could exhaust the stack."""
    if not isinstance(value, dict | list):
        return False
    members = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(member, levels - 1) for member in members)


def as_user_id(text: str) -> UserId:
    """The id of a person, for fields of a model."""
    if why := flaw_in_user_id(text):
        raise PydanticCustomError("user_id", "{why}", {"why": why})
    return UserId(text)


ThisUser = Annotated[
    UserId,
    AfterValidator(as_user_id),
    Path(
        alias="user_id",
        json_schema_extra={"pattern": PATTERN},
        description=(
            "Your own id of the person: 1 to 255 characters without spaces, control characters and"
            " `/ \\ ? # %`, and not `.` or `..`."
        ),
        examples=["user-001"],
    ),
]


class PersonIn(BaseModel):
    """A person's addresses and attributes. What is left out, the person does not have."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    country: Annotated[str, _COUNTRY] | None = Field(
        None,
        description="In which country `phone` is dialled, where that begins with no +. Not stored.",
        examples=["AT"],
    )
    email: Annotated[str, Field(max_length=320), AfterValidator(_email)] | None = Field(
        None, examples=["ada@example.org"]
    )
    phone: Annotated[str, Field(max_length=32), AfterValidator(_phone)] | None = Field(
        None, description="Stored as E.164.", examples=["+436641234567"]
    )
    url: Annotated[str, Field(max_length=2048), AfterValidator(_is_address("webhook"))] | None = (
        Field(None, description="Where webhooks go.", examples=["https://example.org/hooks/ada"])
    )
    name: Annotated[str, Field(max_length=255), LINE] | None = Field(
        None, examples=["Ada Lovelace"]
    )
    locale: LocaleTag | None = Field(None, description="BCP 47.", examples=["de-AT"])
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_is_zone)] | None = Field(
        None, description="A name of the IANA database.", examples=["Europe/Vienna"]
    )
    attributes: Annotated[dict[str, Any], AfterValidator(_is_small)] = Field(
        default={},
        description="Any JSON object, up to 16 KiB and 10 levels deep.",
        examples=[{"plan": "pro", "seats": 5}],
    )

    def profile(self) -> Profile:
        """The person as stored."""
        addresses = {
            ChannelName(channel): address
            for field, channel in _CHANNELS.items()
            if (address := getattr(self, field)) is not None
        }
        return Profile(addresses, self.locale, self.timezone, self.name, self.attributes)

    def given(self) -> frozenset[str]:
        """What of the profile was said, also that it is nothing; an address by its channel."""
        return frozenset(_CHANNELS.get(name, name) for name in self.model_fields_set)


class TokenIn(BaseModel):
    """A push token, as the vendor gave it to the app on a device."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    token: Annotated[str, Field(max_length=4096), AfterValidator(_is_address("push"))] = Field(
        examples=["fMEP0vJqS0:APA91bHqXfyWY2z8rT"]
    )
    platform: Literal["android", "ios", "web"] | None = None


class TokenOut(BaseModel):
    """A push token; only its beginning is shown."""

    number: int = Field(description="Unique for the person, never used again.", examples=[1])
    token: str = Field(examples=["fMEP0v…"])
    platform: str | None
    last_seen: Moment

    @classmethod
    def of(cls, record: TokenRecord) -> "TokenOut":
        """The token as shown."""
        shown = record.token[: min(_SHOWN, len(record.token) // 2)]
        return cls(
            number=record.number,
            token=f"{shown}…",
            platform=record.platform,
            last_seen=rfc3339_or_none(record.last_seen),
        )


class PersonOut(BaseModel):
    """A person as stored."""

    user_id: str = Field(examples=["user-001"])
    email: str | None
    phone: str | None
    url: str | None
    name: str | None
    locale: str | None
    timezone: str | None
    attributes: dict[str, Any]
    verified: list[str] = Field(
        description="The channels by which they were really reached.", examples=[["email"]]
    )
    tokens: list[TokenOut]
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, record: PersonRecord) -> "PersonOut":
        """The person as shown."""
        profile = record.profile
        return cls(
            user_id=record.user_id,
            **{f: profile.addresses.get(ChannelName(c)) for f, c in _CHANNELS.items()},
            name=profile.name,
            locale=profile.locale,
            timezone=profile.timezone,
            attributes=profile.attributes,
            verified=sorted(record.verified),
            tokens=[TokenOut.of(token) for token in record.tokens],
            created_at=rfc3339_or_none(record.created_at),
            updated_at=rfc3339_or_none(record.updated_at),
        )
