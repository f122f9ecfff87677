"""The one OpenAPI document of everything that a process serves."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from sendwell.web.openapi.curl import curl
from sendwell.web.openapi.examples import ANSWERS, PARAMETERS, REQUESTS
from sendwell.web.openapi.headers import HEADERS, headers_of_status
from sendwell.web.openapi.operations import ERRORS, OTHER_ERROR, complete
from sendwell.web.openapi.plain import PLAIN
from sendwell.web.openapi.prose import DESCRIPTION, TAGS
from sendwell.web.openapi.schemas import schemas
from sendwell.web.openapi.tidy import good_name, tidied

Document = dict[str, Any]


def document(app: FastAPI) -> Document:
    """OpenAPI 3.1: every operation with its parameters, schemas, errors, examples and a curl."""
    made = deepcopy(app.openapi())
    components = made.get("components", {}).get("schemas", {})
    paths = {
        path: {method: _whole(method, path, operation) for method, operation in methods.items()}
        for path, methods in _merged(made["paths"], _served(app)).items()
    }
    used = {operation["tags"][0] for methods in paths.values() for operation in methods.values()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": made["info"]["title"],
            "version": made["info"]["version"],
            "summary": made["info"].get("description", ""),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"key": []}],
        "tags": [{"name": tag, "description": TAGS.get(tag, "")} for tag in _ordered(used)],
        "paths": paths,
        "components": {
            "schemas": _schemas(components),
            "responses": {name: _error(status, words) for status, name, words in _errors()},
            "headers": HEADERS,
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer sw_…`"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def _served(app: FastAPI) -> Document:
    """The plain routes that this process has."""
    mounted = {route.path for route in app.routes if isinstance(route, Route)}
    return {path: methods for path, methods in PLAIN.items() if path in mounted}


def _merged(some: Document, others: Document) -> Document:
    """Paths in the order of the tags; of one path all methods together."""
    paths = {path: {**others.get(path, {}), **some.get(path, {})} for path in {**others, **some}}
    return dict(sorted(paths.items(), key=_place))


def _place(item: tuple[str, Document]) -> int:
    tag = next(iter(item[1].values()))["tags"][-1]
    known = list(TAGS)
    return known.index(tag) if tag in known else len(known)


def _ordered(tags: set[str]) -> list[str]:
    return [tag for tag in TAGS if tag in tags] + sorted(tags - TAGS.keys())


def _whole(method: str, path: str, operation: Document) -> Document:
    done = complete(deepcopy(operation))
    name = done["operationId"]
    for parameter in done.get("parameters", ()):
        if parameter["in"] == "path":
            called = parameter["name"]
            parameter["example"] = PARAMETERS.get(f"{name}.{called}", PARAMETERS.get(called))
    for kind, body in done.get("requestBody", {}).get("content", {}).items():
        if examples := REQUESTS.get(name, {}).get(kind):
            body["examples"] = examples
    for status, response in done["responses"].items():
        if (name, status) in ANSWERS:
            _show(response, ANSWERS[name, status])
    done["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": curl(method, path, done)}]
    return done


def _show(response: Document, value: Any) -> None:
    for content in response.get("content", {}).values():
        content["examples"] = {"answer": {"value": value}}


def _schemas(made: Document) -> Document:
    unused = {"HTTPValidationError", "ValidationError"}
    theirs = {good_name(name): tidied(s) for name, s in made.items() if name not in unused}
    return dict(sorted({**schemas(), **theirs}.items()))


def _errors() -> Iterator[tuple[str, str, str]]:
    for status, (name, description) in ERRORS.items():
        yield str(status), name, description
    yield ("default", *OTHER_ERROR)


def _error(status: str, description: str) -> Document:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "description": description,
        "headers": headers_of_status(status),
        "content": content,
    }
