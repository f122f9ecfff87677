"""Routes: what a template would say."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sendwell.domain.ids import ChannelName
from sendwell.roles.templates.api.models import ChannelKey, ThisTemplate
from sendwell.roles.templates.service import Preview, Templates
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND
from sendwell.runtime.server.locale_tag import LocaleTag

_FIRST = 1
_LAST = 2**31 - 1


class PreviewIn(BaseModel):
    """For whom a template is to be rendered."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    channel: ChannelKey = Field(examples=["email"])
    locale: LocaleTag | None = Field(None, examples=["de-AT"])
    data: dict[str, Any] = Field(default={}, examples=[{"name": "Ada"}])
    version: Annotated[int, Field(ge=_FIRST, le=_LAST)] | None = Field(
        None, description="Left out: the published one, or the latest where none is."
    )


class WrongData(BaseModel):
    """One thing that the data lacks or has wrong."""

    pointer: str = Field(examples=["/data/name"])
    detail: str


class PreviewOut(BaseModel):
    """The rendered parts, and what the data lacks for the others."""

    code: str
    version: int
    locale_used: str = Field(examples=["de"])
    parts: dict[str, str] = Field(examples=[{"subject": "Willkommen, Ada"}])
    missing: list[str] = Field(description="Variables by dotted name.", examples=[["order.total"]])
    errors: list[WrongData] = Field(
        description="Why a notification with this data is refused, or a part can't be made of it."
    )

    @classmethod
    def of(cls, preview: Preview) -> "PreviewOut":
        """The preview as shown."""
        flaws = preview.flaws
        return cls(
            code=preview.version.code,
            version=preview.version.version,
            locale_used=preview.locale,
            parts=dict(preview.parts),
            missing=list(preview.missing),
            errors=[WrongData(pointer=flaw.pointer, detail=flaw.why) for flaw in flaws],
        )


def add_routes(router: APIRouter, service: Templates) -> None:
    """POST a preview."""

    @router.post("/{code}/preview", operation_id="preview_template", responses={404: NOT_FOUND})
    async def preview_template(code: ThisTemplate, wanted: PreviewIn, caller: Asking) -> PreviewOut:
        """Preview a template.

        Renders it for a channel and locale as it would be sent, and sends nothing. A part that
        lacks a variable is left out.
        """
        shown = await service.preview(
            caller.tenant,
            code,
            version=wanted.version,
            data=wanted.data,
            channel=ChannelName(wanted.channel),
            locale=wanted.locale,
        )
        return PreviewOut.of(shown)
