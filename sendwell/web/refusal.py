"""A page that cannot be shown, and why."""

from collections.abc import Mapping
from http import HTTPStatus


class Refusal(Exception):
    """Ends a view with an error page. `detail` is for the person in front of it."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


_TITLES = {
    400: "That request makes no sense here",
    403: "You may not do that",
    404: "There is nothing here",
    405: "That page takes no such request",
    409: "That is no longer possible",
    413: "That is too much",
    429: "Too many tries",
    500: "Something went wrong on our side",
    503: "Not right now",
}


def title_of(status: int) -> str:
    """A heading for people."""
    return _TITLES.get(status) or HTTPStatus(status).phrase
