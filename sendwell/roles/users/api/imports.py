"""Routes: importing a file of people.

Bytes are sent as in the IETF's draft of resumable uploads (draft-ietf-httpbis-resumable-upload):
PATCH with the offset that they begin at, and a header on the last ones. So an upload is ended by
the same call that brings its last bytes, and by one without any where that was forgotten.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.instant import rfc3339_or_none
from sendwell.roles.users.api.person_lines import read_person
from sendwell.roles.users.reading.intake import Kind, LineFlaw, Mode
from sendwell.roles.users.service.imports import Imports, WrongOffset
from sendwell.roles.users.store.imports import ImportRecord
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import (
    NOT_FOUND,
    PROBLEMS,
    Moment,
    problem,
    strict_route,
)
from sendwell.runtime.server.framework import response_of
from sendwell.runtime.server.paging import MOST, cursor_of, cut_page, name_next_page, position_of
from sendwell.runtime.server.problems import Problem

_MOST_BYTES = 64 * 1024
_OFFSET = "Upload-Offset"
_NUMBERS = 32
"""More than a line has flaws: a line and the number of a flaw in it make one position."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "description": "The bytes of the file from the offset on, as many as you like.",
        "content": {"text/csv": _BINARY, "application/x-ndjson": _BINARY},
    }
}
_WRONG_OFFSET = problem(
    "The bytes do not follow those that are stored; the header `Upload-Offset` says where to go on."
    " Or the import is finished."
)

_Id = Annotated[
    str, Path(alias="import_id", pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
]


class ImportIn(BaseModel):
    """A file of people that is about to come."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    format: Literal["csv", "ndjson"]
    columns: dict[
        Annotated[str, Field(max_length=255)], Annotated[str, Field(max_length=255)] | None
    ] = Field(
        {},
        max_length=200,
        description="For CSV: columns whose names are no fields, and the fields that they are;"
        " null leaves a column out.",
        examples=[{"E-Mail": "email", "Notes": None}],
    )
    mode: Literal["replace", "merge"] = Field(
        "replace",
        description="`replace`: each line is the whole person, as PUT takes it. `merge`: what a"
        " line does not give stays as it is; attributes are merged by their names.",
    )
    total_bytes: int | None = Field(
        None, ge=0, lt=2**63, description="How long the file is; checked at its end."
    )


class ImportOut(BaseModel):
    """A file of people, and how far it is stored."""

    id: str
    state: Literal["open", "finished"]
    format: Literal["csv", "ndjson"]
    mode: Literal["replace", "merge"]
    columns: dict[str, str | None]
    offset: int = Field(description="Up to which byte it is stored: send it from there on.")
    total_bytes: int | None
    lines: int = Field(description="How many lines that is.")
    created: int
    updated: int
    refused: int
    started_by: str
    started_at: Moment
    changed_at: Moment

    @classmethod
    def of(cls, record: ImportRecord) -> "ImportOut":
        """The import as shown."""
        place = record.progress.place
        return cls(
            id=record.id,
            state="open" if record.is_open else "finished",
            format="csv" if record.kind is Kind.CSV else "ndjson",
            mode="merge" if record.mode is Mode.MERGE else "replace",
            columns={name: field or None for name, field in record.columns.items()},
            offset=place.offset,
            total_bytes=record.total_bytes,
            lines=place.lines,
            created=record.created,
            updated=record.updated,
            refused=record.refused,
            started_by=record.started_by,
            started_at=rfc3339_or_none(record.started_at),
            changed_at=rfc3339_or_none(record.changed_at),
        )


class ImportPage(BaseModel):
    """Imports, the newest first."""

    data: list[ImportOut]
    next_cursor: str | None


class ErrorOut(BaseModel):
    """One thing that is wrong in a file."""

    line: int = Field(description="In which the record begins; the first line is 1.")
    field: str = Field(description="Empty where it is the whole record.", examples=["email"])
    why: str

    @classmethod
    def of(cls, flaw: LineFlaw) -> "ErrorOut":
        """The flaw as shown."""
        return cls(line=flaw.line, field=flaw.field, why=flaw.why)


class ErrorPage(BaseModel):
    """What is wrong, in the order of the lines."""

    data: list[ErrorOut]
    next_cursor: str | None


def routes(imports: Imports) -> APIRouter:
    """Begin an import, send its file, see how far it is and what was wrong."""
    router = APIRouter(
        prefix="/api/v1/imports",
        tags=["users"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )
    _add_begin(router, imports)
    _add_upload(router, imports)
    _add_reads(router, imports)
    return router


def _add_begin(router: APIRouter, imports: Imports) -> None:
    @router.post("", operation_id="begin_import", status_code=201)
    async def begin_import(asked: ImportIn, caller: Asking, response: Response) -> ImportOut:
        """Begin an import of people.

        Then send the file with PATCH, whole or in parts.
        """
        if asked.columns and asked.format != "csv":
            flaw = Flaw("/columns", "Only CSV has columns.")
            raise Invalid(flaw.why, flaws=[flaw])
        begun = await imports.begin(
            caller.tenant,
            Kind(asked.format),
            columns={name: field or "" for name, field in asked.columns.items()},
            total_bytes=asked.total_bytes,
            by=caller.actor,
            mode=Mode(asked.mode),
        )
        response.headers["Location"] = f"/api/v1/imports/{begun.id}"
        response.headers[_OFFSET] = "0"
        return ImportOut.of(begun)


def _add_upload(router: APIRouter, imports: Imports) -> None:
    async def continue_import(
        import_id: _Id,
        *,
        request: Request,
        response: Response,
        caller: Asking,
        offset: Annotated[
            int, Header(alias=_OFFSET, ge=0, lt=2**63, description="Where the bytes begin.")
        ],
        complete: Annotated[
            Literal["?0", "?1"],
            Header(alias="Upload-Complete", description="`?1`: these are the last bytes."),
        ] = "?0",
    ) -> Any:
        """Send the next bytes of the file.

        They are read as they come, each line as `PUT /api/v1/users/{user_id}` reads a person, and
        stored a thousand at a time. A line that is wrong is refused, with the reason among the
        errors; its neighbours are stored. When the connection breaks, ask for the `offset` and
        send the file from there on. Sending a file twice changes nothing more.
        """
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Invalid("Compressed bodies are not accepted.", code="unsupported_encoding")
        try:
            taken = await imports.take(
                caller.tenant,
                import_id,
                request.stream(),
                offset=offset,
                is_last=complete == "?1",
                read=read_person,
                by=caller.actor,
            )
        except WrongOffset as wrong:
            headers = {_OFFSET: str(wrong.offset)}
            return response_of(Problem(409, wrong.code, wrong.message, headers=headers), request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        response.headers[_OFFSET] = str(taken.progress.place.offset)
        return ImportOut.of(taken)

    router.add_api_route(
        "/{import_id}",
        continue_import,
        methods=["PATCH"],
        operation_id="continue_import",
        response_model=ImportOut,
        responses={404: NOT_FOUND, 409: _WRONG_OFFSET},
        openapi_extra=_FILE,
        route_class_override=APIRoute,  # the others' reads the whole body at once
    )


def _add_reads(router: APIRouter, imports: Imports) -> None:
    @router.get("", operation_id="list_imports")
    async def list_imports(
        request: Request,
        response: Response,
        caller: Asking,
        *,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(pattern="^[0-9a-f-]{36}$")] = None,
    ) -> ImportPage:
        """List imports.

        The newest first; page by `cursor`.
        """
        found = await imports.page(caller.tenant, before=cursor, limit=limit + 1)
        shown, following = cut_page(found, limit, cursor=lambda last: last.id)
        name_next_page(request, response, following)
        return ImportPage(data=[ImportOut.of(each) for each in shown], next_cursor=following)

    @router.get("/{import_id}", operation_id="get_import", responses={404: NOT_FOUND})
    async def get_import(import_id: _Id, caller: Asking, response: Response) -> ImportOut:
        """See how far an import is.

        `offset` is where to go on with the file.
        """
        found = await imports.find(caller.tenant, import_id)
        response.headers[_OFFSET] = str(found.progress.place.offset)
        return ImportOut.of(found)

    @router.get(
        "/{import_id}/errors", operation_id="list_import_errors", responses={404: NOT_FOUND}
    )
    async def list_import_errors(
        import_id: _Id,
        *,
        request: Request,
        response: Response,
        caller: Asking,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
    ) -> ErrorPage:
        """See what was wrong in an import's lines.

        Of the first 10,000 lines that were refused; page by `cursor`.
        """
        position = position_of(cursor)
        after = (0, 0) if position is None else divmod(position, _NUMBERS)
        found = await imports.flaws(caller.tenant, import_id, after=after, limit=limit + 1)
        shown, following = cut_page(
            found, limit, cursor=lambda last: cursor_of(last.line * _NUMBERS + last.number)
        )
        name_next_page(request, response, following)
        return ErrorPage(data=[ErrorOut.of(each) for each in shown], next_cursor=following)
