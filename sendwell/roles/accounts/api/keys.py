"""Routes: API keys."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from sendwell.domain.environment import Environment
from sendwell.domain.instant import rfc3339_or_none
from sendwell.roles.accounts.api.fields import STRICT, KeyName, MaybeMoment, a_router
from sendwell.roles.accounts.keys import Key
from sendwell.roles.accounts.service.keys import Keys, Wanted
from sendwell.roles.accounts.store.keys import StoredKey
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, Moment, problem

_ENDED = problem("This key was rotated or revoked already.")
_WEEK_HOURS = 168

ThisKey = Annotated[
    str,
    Path(alias="key_id", pattern=r"^[0-9A-Za-z]{8,32}$", description="The part behind `sw_`."),
]
_Scope = Annotated[str, Field(max_length=64, examples=["notifications:send"])]


class KeyIn(BaseModel):
    """A key for one of your programs."""

    model_config = STRICT

    name: KeyName
    scopes: Annotated[list[_Scope], Field(min_length=1, max_length=64)] | None = Field(
        None, description="What it may do; left out, everything, if you may do that."
    )
    environment: Annotated[Environment, Field(strict=False)] = Field(
        Environment.LIVE, description="What is sent with a `test` key stays in the house."
    )
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class RotationIn(BaseModel):
    """How long both keys are good."""

    model_config = STRICT

    overlap_hours: Annotated[int, Field(ge=0, le=_WEEK_HOURS)] = 24


class KeyOut(BaseModel):
    """A key; of the key itself only its beginning is shown."""

    id: str = Field(examples=["4vJqS0APA91b"])
    name: str
    prefix: str = Field(description="How the key begins.", examples=["sw_4vJqS0APA91b_"])
    environment: Environment
    scopes: list[str] | None = Field(description="Null: everything within the organization.")
    created_at: Moment
    created_by: str | None
    expires_at: MaybeMoment
    revoked_at: MaybeMoment
    last_used_at: MaybeMoment = Field(description="Within an hour.")

    @classmethod
    def of(cls, key: StoredKey) -> "KeyOut":
        """The key as shown."""
        return cls(**_shown(key))


class NewKeyOut(KeyOut):
    """A new key: the only time that it is shown in full."""

    key: str = Field(examples=["sw_4vJqS0APA91b_…"])

    @classmethod
    def made(cls, stored: StoredKey, key: Key) -> "NewKeyOut":
        """The key as shown once."""
        return cls(**_shown(stored), key=key.text)


class KeyList(BaseModel):
    """All keys of an organization, the newest first; ended ones too."""

    data: list[KeyOut]


def routes(keys: Keys) -> APIRouter:
    """List, create, rotate and revoke keys."""
    router = a_router("api-keys", "api keys")

    @router.get("", operation_id="list_api_keys")
    async def list_api_keys(caller: Asking) -> KeyList:
        """See your organization's keys.

        Never in full, and when each was last used, within an hour.
        """
        return KeyList(data=[KeyOut.of(each) for each in await keys.all(caller)])

    @router.post("", operation_id="create_api_key", status_code=201)
    async def create_api_key(given: KeyIn, caller: Asking) -> NewKeyOut:
        """Make a key.

        It is shown this once. Nobody can give a key what they may not do themselves. With
        `operators:write` it makes owners, so an admin can't give that.
        """
        lifetime = given.expires_in_days
        wanted = Wanted(
            given.name,
            given.scopes,
            given.environment,
            None if lifetime is None else timedelta(days=lifetime),
        )
        return NewKeyOut.made(*await keys.create(caller, wanted))

    @router.post(
        "/{key_id}/rotate",
        operation_id="rotate_api_key",
        status_code=201,
        responses={404: NOT_FOUND, 409: _ENDED},
    )
    async def rotate_api_key(
        key_id: ThisKey, caller: Asking, given: RotationIn | None = None
    ) -> NewKeyOut:
        """Replace a key by a new one.

        Both are good during the overlap, 24 hours unless you say otherwise.
        """
        overlap = timedelta(hours=(given or RotationIn()).overlap_hours)
        return NewKeyOut.made(*await keys.rotate(caller, key_id, overlap=overlap))

    @router.delete(
        "/{key_id}", operation_id="revoke_api_key", status_code=204, responses={404: NOT_FOUND}
    )
    async def revoke_api_key(key_id: ThisKey, caller: Asking) -> None:
        """Revoke a key.

        It is refused here at once, by other processes within 60 s.
        """
        await keys.revoke(caller, key_id)

    return router


def _shown(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": f"sw_{key.id}_",
        "environment": key.environment,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "created_at": rfc3339_or_none(key.created_at),
        "created_by": key.created_by,
        "expires_at": rfc3339_or_none(key.expires_at),
        "revoked_at": rfc3339_or_none(key.revoked_at),
        "last_used_at": rfc3339_or_none(key.last_used_at),
    }
