"""What the templates role remembers, on a SQL database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Insert, Row, and_, insert, select, update

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion
from sendwell.ports.database import Database, Unit, Write, core
from sendwell.roles.templates.tables import TEMPLATE, TEMPLATE_VERSION

Bodies = dict[ChannelName, dict[str, TemplateBody]]


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it stands: which version is published, None for none yet."""

    tenant: TenantId
    code: str
    name: str
    published: int | None
    latest: int
    revision: int
    created_at: int
    updated_at: int
    number: int = 0
    """Its place among the tenant's templates, given by the database."""


class VersionRecord(NamedTuple):
    """A version, and when it was made."""

    version: TemplateVersion
    created_at: int


class TemplateStore:
    """Templates and versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, template: Template, first: TemplateVersion, *, record: Unit) -> None:
        """Store a new template and its first version; raises Conflict where the code is taken."""
        await self._database.commit(
            [
                Write(_create, [template]),
                Write(core, [_insert(template, first)]),
                *record,
            ]
        )

    async def change(
        self, after: Template, *, added: TemplateVersion | None = None, record: Unit
    ) -> None:
        """Store a template's next revision, and a version that was added by it.

        Raises Conflict where it is no longer at the revision before.
        """
        unit = [Write(_change, [after])]
        if added is not None:
            unit.append(Write(core, [_insert(after, added)]))
        await self._database.commit([*unit, *record])

    async def template(self, tenant: TenantId, code: str) -> Template | None:
        """The template with that code."""
        rows = await self._database.rows(select(TEMPLATE).where(_is(tenant, code)))
        return _template(rows[0]) if rows else None

    async def templates(self, tenant: TenantId, *, after: int, limit: int) -> list[Template]:
        """The tenant's templates in the order they were made, behind the one numbered `after`."""
        rows = await self._database.rows(
            select(TEMPLATE)
            .where(TEMPLATE.c.tenant == tenant, TEMPLATE.c.number > after)
            .order_by(TEMPLATE.c.number)
            .limit(limit)
        )
        return [_template(row) for row in rows]

    async def published(self, tenant: TenantId, code: str) -> int | None:
        """The number of the published version."""
        rows = await self._database.rows(select(TEMPLATE.c.published).where(_is(tenant, code)))
        return rows[0].published if rows else None

    async def version(self, tenant: TenantId, code: str, version: int) -> VersionRecord | None:
        """One version."""
        which = _is_version_of(tenant, code)
        rows = await self._database.rows(
            select(TEMPLATE_VERSION).where(which, TEMPLATE_VERSION.c.version == version)
        )
        return _version(rows[0]) if rows else None

    async def versions(
        self, tenant: TenantId, code: str, *, before: int, limit: int
    ) -> list[VersionRecord]:
        """A template's versions, the newest first, older than the one numbered `before`."""
        rows = await self._database.rows(
            select(TEMPLATE_VERSION)
            .where(_is_version_of(tenant, code), TEMPLATE_VERSION.c.version < before)
            .order_by(TEMPLATE_VERSION.c.version.desc())
            .limit(limit)
        )
        return [_version(row) for row in rows]


def size_of(version: TemplateVersion) -> int:
    """About how many bytes its sources take."""
    return len(_encode(version.bodies)) + len(_encode(version.schema))


def _create(connection: Connection, templates: Sequence[Template]) -> None:
    for template in templates:
        known = select(TEMPLATE.c.number).where(_is(template.tenant, template.code))
        if connection.execute(known).first() is not None:
            raise taken(template.code)
        connection.execute(insert(TEMPLATE).values(_values(template)))


def _change(connection: Connection, changes: Sequence[Template]) -> None:
    for after in changes:
        before = and_(_is(after.tenant, after.code), TEMPLATE.c.revision == after.revision - 1)
        change = update(TEMPLATE).where(before).values(_values(after))
        if not connection.execute(change).rowcount:
            raise changed(after.code)


def taken(code: str) -> Conflict:
    """There is such a template already."""
    return Conflict(
        f"There is a template {code} already. Add a version with"
        f" POST /api/v1/templates/{code}/versions.",
        code="template_exists",
    )


def changed(code: str) -> Conflict:
    """Somebody else was faster."""
    return Conflict(
        f"The template {code} is not, or no longer, as you have seen it. Read it again.",
        code="precondition_failed",
    )


def _is(tenant: TenantId, code: str) -> ColumnElement[bool]:
    return and_(TEMPLATE.c.tenant == tenant, TEMPLATE.c.code == code)


def _is_version_of(tenant: TenantId, code: str) -> ColumnElement[bool]:
    return and_(TEMPLATE_VERSION.c.tenant == tenant, TEMPLATE_VERSION.c.code == code)


def _values(template: Template) -> dict[str, Any]:
    return {
        "tenant": template.tenant,
        "code": template.code,
        "name": template.name,
        "published": template.published,
        "latest": template.latest,
        "revision": template.revision,
        "created_at": template.created_at,
        "updated_at": template.updated_at,
    }


def _insert(template: Template, version: TemplateVersion) -> Insert:
    return insert(TEMPLATE_VERSION).values(
        tenant=template.tenant,
        code=version.code,
        version=version.version,
        bodies=_encode(version.bodies).decode(),
        data_schema=_encode(version.schema).decode(),
        default_locale=version.default_locale,
        created_at=template.updated_at,
    )


def _template(row: Row[Any]) -> Template:
    return Template(
        row.tenant,
        row.code,
        row.name,
        row.published,
        row.latest,
        row.revision,
        row.created_at,
        row.updated_at,
        row.number,
    )


def _version(row: Row[Any]) -> VersionRecord:
    version = TemplateVersion(
        row.code,
        row.version,
        _decode_bodies(row.bodies),
        row.default_locale,
        _decode_schema(row.data_schema),
    )
    return VersionRecord(version, row.created_at)


_encode = msgspec.json.Encoder().encode
_decode_bodies = msgspec.json.Decoder(Bodies).decode
_decode_schema = msgspec.json.Decoder(dict[str, Any]).decode
