"""Routes: templates."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from sendwell.roles.templates.api.models import (
    TemplateIn,
    TemplateOut,
    TemplatePage,
    ThisTemplate,
)
from sendwell.roles.templates.service import Templates
from sendwell.roles.templates.service.templates import tag_of
from sendwell.roles.templates.store import Template
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, problem
from sendwell.runtime.server.paging import MOST, cursor_of, cut_page, name_next_page, position_of

_TAKEN = problem("There is a template with that code already.")

Cursor = Annotated[
    str | None, Query(max_length=100, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=MOST)]


def add_routes(router: APIRouter, service: Templates) -> None:
    """POST, GET and list templates."""

    @router.post("", operation_id="create_template", status_code=201, responses={409: _TAKEN})
    async def create_template(
        template: TemplateIn, caller: Asking, response: Response
    ) -> TemplateOut:
        """Create a template.

        Its sources are compiled, and its version 1 is published at once unless `publish` is
        false. Errors point at the source, like `/bodies/email/en/html`, and name the line.
        """
        made = await service.create(
            caller,
            template.code,
            name=template.name,
            draft=template.draft(),
            is_published=template.publish,
        )
        response.headers["Location"] = f"/api/v1/templates/{made.code}"
        return answer(made, response)

    @router.get("", operation_id="list_templates")
    async def list_templates(
        request: Request,
        response: Response,
        caller: Asking,
        *,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> TemplatePage:
        """List templates.

        In the order in which they were made; page by `cursor`.
        """
        after = position_of(cursor) or 0
        found = await service.templates(caller.tenant, after=after, limit=limit + 1)
        shown, following = cut_page(found, limit, cursor=lambda last: cursor_of(last.number))
        name_next_page(request, response, following)
        return TemplatePage(data=[TemplateOut.of(each) for each in shown], next_cursor=following)

    @router.get("/{code}", operation_id="get_template", responses={404: NOT_FOUND})
    async def get_template(code: ThisTemplate, caller: Asking, response: Response) -> TemplateOut:
        """Read a template.

        Which version is published, and how many there are; the words are in its versions.
        """
        return answer(await service.template(caller.tenant, code), response)


def answer(template: Template, response: Response) -> TemplateOut:
    """The template as shown, with its ETag."""
    response.headers["ETag"] = f'"{tag_of(template)}"'
    return TemplateOut.of(template)
