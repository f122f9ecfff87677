"""What the generators do not know of an operation: its answer's shape, and how it can fail."""

from collections.abc import Sequence
from typing import Any

from sendwell.web.openapi.headers import headers_of
from sendwell.web.openapi.tidy import REF, never_null, tidied

_ANSWERS = {
    "list_notifications": "NotificationPage",
    "get_notification": "Notification",
    "get_timeline": "Timeline",
    "cancel_notification": "Cancelled",
    "get_ledger": "Ledger",
    "list_dead_letters": "DeadLetterPage",
    "replay_dead_letter": "Replayed",
    "replay_dead_letters": "ReplayedMany",
}

_FAILURES = {
    "send_notification": (403, 409, 422),
    "send_notifications": (403,),
    "cancel_notification": (409,),
    "replay_dead_letter": (409,),
    "take_receipts": (400, 401, 403),
    "take_replies": (400, 401, 403),
}
"""Errors beyond those that follow from an operation's form."""

ERRORS = {
    400: ("BadRequest", "The request is wrong; `errors` points at each wrong field."),
    401: ("NotAuthenticated", "The API key is missing or not valid."),
    403: ("NotAllowed", "Who asks may not do this."),
    404: ("NotFound", "There is no such thing, or it is not yours."),
    409: ("Conflict", "It contradicts what is there already."),
    413: ("TooLarge", "There is more of it than is taken."),
    422: ("Unprocessable", "It was understood and cannot be done as it is."),
    429: ("TooMany", "Too many requests; `Retry-After` says when to come back."),
}
OTHER_ERROR = ("Error", "Any other error.")

_DONE = {
    "200": "The answer.",
    "201": "It is new.",
    "202": "Accepted; it happens soon.",
    "204": "Done; there is no body.",
}
_PROBLEM = "application/problem+json"
Operation = dict[str, Any]


def complete(operation: Operation) -> Operation:
    """The operation as it stands in the document."""
    done: Operation = tidied(operation)
    name = done["operationId"]
    done["summary"] = name.replace("_", " ").capitalize()
    done["tags"] = done["tags"][-1:]
    for parameter in done.get("parameters", ()):
        parameter["schema"] = never_null(parameter["schema"])
        parameter["schema"].pop("description", None)
    done["responses"] = _responses(done)
    return done


def _responses(operation: Operation) -> dict[str, Any]:
    failures = {str(status): _error(ERRORS[status][0]) for status in _failures_of(operation)}
    told = {
        status: _told(status, response, operation)
        for status, response in operation["responses"].items()
        if _VALIDATION_ERROR not in str(response)
    }
    return dict(sorted({**failures, **told, "default": _error(OTHER_ERROR[0])}.items()))


_VALIDATION_ERROR = "HTTPValidationError"
"""FastAPI's own; we answer 400 with a problem document."""


def _told(status: str, response: dict[str, Any], operation: Operation) -> dict[str, Any]:
    told = _failure(response) if _is_problem(response) else _good(status, response, operation)
    return {**told, "headers": _headers(status, operation)}


def _is_problem(response: dict[str, Any]) -> bool:
    return _PROBLEM in response.get("content", {})


def _failure(response: dict[str, Any]) -> dict[str, Any]:
    return {**response, "content": {_PROBLEM: {"schema": {"$ref": REF.format(name="Problem")}}}}


def _good(status: str, response: dict[str, Any], operation: Operation) -> dict[str, Any]:
    name = operation["operationId"]
    told = dict(response)
    if told["description"] == "Successful Response":
        told["description"] = _DONE[status]
    if name in _ANSWERS:
        told["content"] = _json({"$ref": REF.format(name=_ANSWERS[name])})
    for kind in told.get("content", {}).values():
        if "itemSchema" in kind:  # OpenAPI 3.2; ours says 3.1
            kind["schema"] = {"type": "string", "description": "A stream of events."}
            del kind["itemSchema"]
    if status.startswith("3"):
        told.pop("content", None)
    return told


def _headers(status: str, operation: Operation) -> dict[str, Any]:
    parameters = operation.get("parameters", ())
    is_paged = any(parameter["name"] == "cursor" for parameter in parameters)
    return headers_of(operation["operationId"], status, tags=operation["tags"], is_paged=is_paged)


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _failures_of(operation: Operation) -> Sequence[int]:
    failures = {429, *_FAILURES.get(operation["operationId"], ())}
    parameters = operation.get("parameters", [])
    if "security" not in operation:
        failures |= {401, 403}
    if parameters or "requestBody" in operation:
        failures.add(400)
    if "requestBody" in operation:
        failures.add(413)
    if any(each["in"] == "path" and each["name"] != "user_id" for each in parameters):
        failures.add(404)
    return sorted(failures)


def _error(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}
