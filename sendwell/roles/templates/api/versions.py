"""Routes: versions of a template."""

from typing import Any

from fastapi import APIRouter, Request, Response

from sendwell.roles.templates.api.models import (
    TemplateOut,
    ThisTemplate,
    ThisVersion,
    VersionIn,
    VersionOut,
    VersionPage,
)
from sendwell.roles.templates.api.templates import Cursor, Limit, answer
from sendwell.roles.templates.service import Templates
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import (
    NOT_FOUND,
    PRECONDITION_FAILED,
    IfMatch,
    tags_of,
)
from sendwell.runtime.server.paging import (
    LAST_SHORT,
    cursor_of,
    cut_page,
    name_next_page,
    position_of,
)

_ERRORS: dict[int | str, dict[str, Any]] = {404: NOT_FOUND, 412: PRECONDITION_FAILED}


def add_routes(router: APIRouter, service: Templates) -> None:
    """POST, GET, list and publish versions."""

    @router.post(
        "/{code}/versions",
        operation_id="create_template_version",
        status_code=201,
        responses=_ERRORS,
    )
    async def create_template_version(
        code: ThisTemplate,
        *,
        version: VersionIn,
        caller: Asking,
        response: Response,
        if_match: IfMatch = None,
    ) -> VersionOut:
        """Add a version.

        It stays a draft, which only a notification that names it by number is sent from, until it
        is published. A version never changes: to correct one, add the next.
        """
        record = await service.add_version(
            caller,
            code,
            draft=version.draft(),
            is_published=version.publish,
            only_if=tags_of(if_match),
        )
        number = record.version.version
        response.headers["Location"] = f"/api/v1/templates/{code}/versions/{number}"
        return VersionOut.of(record, published=number if version.publish else None)

    @router.get(
        "/{code}/versions", operation_id="list_template_versions", responses={404: NOT_FOUND}
    )
    async def list_template_versions(
        code: ThisTemplate,
        request: Request,
        response: Response,
        *,
        caller: Asking,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> VersionPage:
        """List the versions of a template.

        The newest first; page by `cursor`.
        """
        template = await service.template(caller.tenant, code)
        before = position_of(cursor, last=LAST_SHORT) or LAST_SHORT
        found = await service.records(caller.tenant, code, before=before, limit=limit + 1)
        records, following = cut_page(
            found, limit, cursor=lambda last: cursor_of(last.version.version)
        )
        name_next_page(request, response, following)
        shown = [VersionOut.of(record, published=template.published) for record in records]
        return VersionPage(data=shown, next_cursor=following)

    @router.get(
        "/{code}/versions/{version}",
        operation_id="get_template_version",
        responses={404: NOT_FOUND},
    )
    async def get_template_version(
        code: ThisTemplate, version: ThisVersion, caller: Asking
    ) -> VersionOut:
        """Read a version.

        With all its sources and the schema of its data.
        """
        template = await service.template(caller.tenant, code)
        record = await service.record(caller.tenant, code, version)
        return VersionOut.of(record, published=template.published)

    @router.post(
        "/{code}/versions/{version}/publish",
        operation_id="publish_template_version",
        responses=_ERRORS,
    )
    async def publish_template_version(
        code: ThisTemplate,
        version: ThisVersion,
        *,
        caller: Asking,
        response: Response,
        if_match: IfMatch = None,
    ) -> TemplateOut:
        """Publish a version.

        What is accepted from now on is said in its words; publishing an older one goes back to
        it. Doing it twice changes nothing more.
        """
        only_if = tags_of(if_match)
        template = await service.publish(caller, code, version, only_if=only_if)
        return answer(template, response)
