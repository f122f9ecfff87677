"""Templates and versions on the wire."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.rendering import TemplateBody
from sendwell.roles.templates.service import Draft
from sendwell.roles.templates.store import Template, VersionRecord
from sendwell.runtime.server.documents import Moment
from sendwell.runtime.server.known_channel import KNOWN_CHANNEL
from sendwell.runtime.server.locale_tag import LocaleTag
from sendwell.runtime.server.pattern import LINE, Pattern

_CODE = Pattern(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
    "A template's code is up to 100 letters, digits, dots, hyphens and underscores, the first a"
    " letter or a digit.",
)
_LONGEST_SOURCE = 400_000

ChannelKey = Annotated[str, Field(max_length=32), KNOWN_CHANNEL]
Source = Annotated[str, Field(max_length=_LONGEST_SOURCE)]
ThisTemplate = Annotated[
    str, Path(alias="code", description="The template's code.", examples=["welcome"]), _CODE
]
ThisVersion = Annotated[
    int, Path(alias="version", ge=1, le=2**31 - 1, description="The version's number.")
]

_BODIES = {
    "email": {
        "en": {"subject": "Welcome, {{ name }}", "html": "<p>Good to see you, {{ name }}.</p>"},
        "de": {"subject": "Willkommen, {{ name }}", "html": "<p>Schön, dass du da bist.</p>"},
    },
    "push": {"en": {"title": "Welcome", "body": "Good to see you, {{ name }}."}},
}
_DATA_SCHEMA = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


class Body(BaseModel):
    """The sources for one channel in one locale, in the language of Jinja.

    A channel uses its own parts of them: e-mail subject, text (else told from html) and html; SMS
    text; push and in-app title and body; webhook all of them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    subject: Source | None = None
    text: Source | None = None
    html: Source | None = None
    title: Source | None = None
    body: Source | None = None


class VersionIn(BaseModel):
    """What a new version says."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    bodies: dict[ChannelKey, dict[LocaleTag, Body]] = Field(
        description="Sources by channel, then by locale (BCP 47).", examples=[_BODIES]
    )
    default_locale: LocaleTag | None = Field(
        None,
        description="Spoken to whoever understands none of the others. Left out: the only one, or"
        " `en`.",
    )
    data_schema: dict[str, Any] = Field(
        default={},
        alias="schema",
        description="JSON Schema of the data (2020-12, 2019-09 or draft 7); empty: anything.",
        examples=[_DATA_SCHEMA],
    )
    publish: bool = Field(default=False, description="Publish it at once.")

    def draft(self) -> Draft:
        """What the service takes."""
        bodies = {
            ChannelName(channel): {
                locale: TemplateBody(**body.model_dump()) for locale, body in locales.items()
            }
            for channel, locales in self.bodies.items()
        }
        return Draft(bodies, self.default_locale, self.data_schema)


class TemplateIn(VersionIn):
    """A new template with its version 1."""

    code: Annotated[str, _CODE] = Field(
        description="What notifications call it by.", examples=["welcome"]
    )
    name: Annotated[str, Field(max_length=255), LINE] | None = Field(
        None, description="For people; the code when left out.", examples=["Welcome mail"]
    )
    publish: bool = Field(
        default=True, description="Publish version 1 at once; `false` leaves it a draft."
    )


class TemplateOut(BaseModel):
    """A template as it stands."""

    code: str
    name: str
    published_version: int | None = Field(description="What is sent; null: nothing yet.")
    latest_version: int
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, template: Template) -> "TemplateOut":
        """The template as shown."""
        return cls(
            code=template.code,
            name=template.name,
            published_version=template.published,
            latest_version=template.latest,
            created_at=rfc3339_or_none(template.created_at),
            updated_at=rfc3339_or_none(template.updated_at),
        )


class VersionOut(BaseModel):
    """A version. It never changes, but for being published or not."""

    code: str
    version: int
    is_published: bool
    default_locale: str
    bodies: dict[str, dict[str, Body]]
    data_schema: dict[str, Any] = Field(alias="schema")
    created_at: Moment

    @classmethod
    def of(cls, record: VersionRecord, *, published: int | None) -> "VersionOut":
        """The version as shown."""
        version = record.version
        return cls(
            code=version.code,
            version=version.version,
            is_published=version.version == published,
            default_locale=version.default_locale,
            bodies={
                channel: {locale: _shown(body) for locale, body in locales.items()}
                for channel, locales in version.bodies.items()
            },
            schema=dict(version.schema),
            created_at=rfc3339_or_none(record.created_at),
        )


def _shown(body: TemplateBody) -> Body:
    return Body(
        subject=body.subject, text=body.text, html=body.html, title=body.title, body=body.body
    )


class TemplatePage(BaseModel):
    """Some templates, and where the next ones begin."""

    data: list[TemplateOut]
    next_cursor: str | None


class VersionPage(BaseModel):
    """Some versions, and where the next ones begin."""

    data: list[VersionOut]
    next_cursor: str | None
