"""The headers of the answers, which the generators know nothing of."""

from collections.abc import Collection
from typing import Any

_WORDS = {
    "ETag": "What it is now, for `If-Match`.",
    "Idempotency-Replayed": "`true`: this is the answer to an earlier call.",
    "Link": 'The next page (RFC 8288), `rel="next"`; absent on the last one.',
    "Location": "Where it can be read, or where to go on.",
    "RateLimit": "How many notifications are left (`r`), and for how many seconds (`t`); absent"
    " where no quota is counted.",
    "RateLimit-Policy": "How many notifications are taken at once (`q`), and in how many seconds as"
    " many again (`w`); absent where no quota is counted.",
    "Retry-After": "After how many seconds to come back; with `429` and `503`.",
    "Set-Cookie": "What the browser shows when it comes back.",
    "Upload-Offset": "Up to which byte the file is stored: send it from there on.",
    "WWW-Authenticate": "How to say who you are.",
    "X-Request-ID": "What the request is called: as you have called it, or else as we have.",
}
HEADERS = {
    name: {"description": words, "schema": {"type": "string"}} for name, words in _WORDS.items()
}
"""All of them, by name; the components of the document."""

_EVERY = ("X-Request-ID",)
_QUOTA = ("RateLimit-Policy", "RateLimit")
_OF_STATUS = {
    "401": ("WWW-Authenticate",),
    "413": _QUOTA,
    "429": ("Retry-After", *_QUOTA),
    "default": ("Retry-After",),
}
_OF_OPERATION = {
    ("send_notification", "202"): ("Location", "Idempotency-Replayed", *_QUOTA),
    ("send_notifications", "202"): _QUOTA,
    ("get_preferences", "200"): ("ETag",),
    ("put_preferences", "200"): ("ETag",),
    ("create_template", "201"): ("ETag", "Location"),
    ("get_template", "200"): ("ETag",),
    ("create_template_version", "201"): ("Location",),
    ("publish_template_version", "200"): ("ETag",),
    ("add_push_token", "201"): ("Location",),
    ("erase_user", "202"): ("Location",),
    ("begin_import", "201"): ("Location", "Upload-Offset"),
    ("get_import", "200"): ("Upload-Offset",),
    ("continue_import", "200"): ("Upload-Offset",),
    ("continue_import", "409"): ("Upload-Offset",),
    ("begin_oidc_sign_in", "303"): ("Location", "Set-Cookie"),
}
_ALL_RULES = "get_rules"
_RULES = "rules"

Headers = dict[str, Any]


def headers_of_status(status: str) -> Headers:
    """Those of every answer with this status."""
    return _told((*_EVERY, *_OF_STATUS.get(status, ())))


def headers_of(operation: str, status: str, *, tags: Collection[str], is_paged: bool) -> Headers:
    """Those of an operation's answer."""
    names = _OF_OPERATION.get((operation, status), ())
    is_good = status.startswith("2")
    if is_good and _RULES in tags and operation != _ALL_RULES:
        names = ("ETag", *names)
    if is_good and is_paged:
        names = ("Link", *names)
    return {**headers_of_status(status), **_told(names)}


def _told(names: Collection[str]) -> Headers:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
