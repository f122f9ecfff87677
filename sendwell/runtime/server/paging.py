"""Opaque cursors: keyset paging that stays right while rows are added."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from sendwell.domain.errors import Flaw, Invalid
from sendwell.runtime.server.framework import path_of

T = TypeVar("T")
MOST = 200
LAST = 2**63 - 1
LAST_SHORT = 2**31 - 1
"""The last number of a column of 32 bits; some databases refuse to compare it with any larger."""


def cursor_of(position: int) -> str:
    """The cursor that continues behind a position."""
    return base64.urlsafe_b64encode(b"v1:%d" % position).decode().rstrip("=")


def position_of(cursor: str | None, *, last: int = LAST) -> int | None:
    """The position of a cursor that we gave. Raises Invalid for anything else, also for the cursor
    of another list that leads beyond the `last` number of this one.
    """
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, _, number = text.decode("ascii").partition(":")
        if version == "v1" and 0 <= int(number) <= last:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise no_cursor()


def cursor_behind(name: str) -> str:
    """The cursor that continues behind a name, in lists that are ordered by names."""
    return base64.urlsafe_b64encode(b"v1n:" + name.encode()).decode().rstrip("=")


def name_behind(cursor: str | None) -> str:
    """The name of such a cursor; before all names without one. Raises Invalid."""
    if not cursor:
        return ""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, _, name = text.decode().partition(":")
        if version == "v1n" and name and "\0" not in name:
            return name
    except ValueError:
        pass
    raise no_cursor()


def no_cursor() -> Invalid:
    """What a cursor is answered with that we did not give."""
    flaw = Flaw("/query/cursor", "Use the next_cursor of the page before, unchanged.")
    return Invalid("The cursor is not one that was given here.", flaws=[flaw])


def cut_page(
    found: Sequence[T], limit: int, *, cursor: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """The page of at most `limit`, where one more was asked for, and the cursor of the next one, if
    there is one: the `cursor` of the last that is shown.
    """
    shown = found[:limit]
    return shown, cursor(shown[-1]) if len(found) > limit else None


def name_next_page(request: Request, response: Response, cursor: str | None) -> None:
    """Name the next page, if there is one, in a `Link` header (RFC 8288)."""
    if cursor is not None:
        response.headers["Link"] = _next_link(request, cursor)


def _next_link(request: Request, cursor: str) -> str:
    """The `Link` header (RFC 8288) to the next page of what was asked for."""
    query = request.url.include_query_params(cursor=cursor).query
    return f'<{path_of(request)}?{query}>; rel="next"'
