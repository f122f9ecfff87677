"""What can go wrong, ordered by what the caller should do about it.

    SendwellError
    ├── Invalid       the request is wrong: say why, never retry
    │   ├── TooLarge      the same, because there is too much of it
    │   └── Untimely      the same, as things are now: it may have been right before
    ├── Conflict      it contradicts what is there already
    ├── NotFound      there is no such thing (for this tenant)
    ├── Denied        who asks may not
    └── Unavailable   right, but not now: retry later

What a *send* came to is a value (see `outcome`), not an exception.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with an input: where (JSON Pointer, RFC 6901), and why."""

    pointer: str
    why: str


class SendwellError(Exception):
    """The root. `code` is stable for machines, the message is for people."""

    code = "error"

    def __init__(
        self, message: str, *, flaws: Sequence[Flaw] = (), code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.flaws = tuple(flaws)
        if code is not None:
            self.code = code


class Invalid(SendwellError):
    """The request can never succeed as it is."""

    code = "invalid"


class TooLarge(Invalid):
    """There is more of it than is taken."""

    code = "too_large"


class Untimely(Invalid):
    """It is refused for how things are now: a time has passed, a template was changed."""


class Conflict(SendwellError):
    """It contradicts something that is there already."""

    code = "conflict"


class NotFound(SendwellError):
    """There is no such thing, or not for this tenant; the two are never told apart."""

    code = "not_found"


class Denied(SendwellError):
    """Who asks is unknown or may not do this. `is_unknown` separates 401 from 403."""

    code = "denied"

    def __init__(
        self, message: str, *, flaws: Sequence[Flaw] = (), is_unknown: bool = False
    ) -> None:
        super().__init__(message, flaws=flaws)
        self.is_unknown = is_unknown


class Unavailable(SendwellError):
    """It would be right, but not now; `retry_after` says when to come back."""

    code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        retry_after: timedelta = timedelta(seconds=1),
        is_too_many: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_too_many = is_too_many
