"""Fields that several of the role's documents have."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName
from sendwell.runtime.server.documents import PROBLEMS, strict_route
from sendwell.runtime.server.pattern import WORDS, Pattern

_NO_COLON = Pattern(
    r"^[^\x00-\x1F\x7F-\x9F\u2028\u2029:]+$",
    "This must be one line, without control characters and colons, not empty.",
)
_MOST_BYTES = 16 * 1024

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
"""Unknown fields are refused: nobody becomes an owner by a field that nobody looked at."""


MaybeMoment = Annotated[
    str | None, WithJsonSchema({"type": ["string", "null"], "format": "date-time"})
]
"""A time as `domain.instant` writes it, or null."""


def a_router(prefix: str, tag: str, *, most_bytes: int = _MOST_BYTES) -> APIRouter:
    """A router of this role."""
    return APIRouter(
        prefix=f"/api/v1/{prefix}",
        tags=[tag],
        route_class=strict_route(most_bytes),
        responses=PROBLEMS,
    )


def _is_address(address: str) -> str:
    rules = all_channels()[ChannelName("email")]
    if why := rules.flaw_in_address(address):
        raise PydanticCustomError("address", "{why}", {"why": why})
    return rules.normalise(address)


Email = Annotated[
    str,
    Field(max_length=320, examples=["grace@example.org"]),
    AfterValidator(_is_address),
]
PersonName = Annotated[str, Field(max_length=255, examples=["Grace Hopper"]), WORDS]
KeyName = Annotated[
    str,
    Field(max_length=100, examples=["order service"]),
    _NO_COLON,
]
TenantName = Annotated[
    str, Field(description="Its id.", min_length=1, max_length=64, examples=["acme"])
]
Password = Annotated[
    str,
    Field(
        description="At least 8 characters; any of them.",
        min_length=1,
        max_length=4096,
        examples=["correct horse battery staple"],
    ),
]
