"""Routes: a tenant's rules, section by section."""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from sendwell.domain.errors import Invalid
from sendwell.roles.accounts.api.fields import a_router
from sendwell.roles.accounts.api.rule_documents import ALL_RULES, DOCUMENTS, Document
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.service.rules import Rules, Ruling
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import PRECONDITION_FAILED, IfMatch, tags_of

_MOST_BYTES = 64 * 1024
_JSON = "application/json"
_CHANGES: dict[int | str, dict[str, Any]] = {412: PRECONDITION_FAILED}
_Route = Callable[..., Coroutine[Any, Any, Response]]


def routes(accounts: Accounts) -> APIRouter:
    """The routes of the rules."""
    rules = accounts.rules
    router = a_router("rules", "rules", most_bytes=_MOST_BYTES)

    async def get_rules(caller: Asking) -> Response:
        """Read all rules, and which of them are the tenant's own instead of the installation's."""
        found = rules.all(caller.tenant)
        return _answer(
            {
                "rules": {name: each.value for name, each in found.items()},
                "own": [name for name, each in found.items() if each.is_own],
            }
        )

    router.add_api_route(
        "", get_rules, methods=["GET"], operation_id="get_rules", responses=_shows(ALL_RULES)
    )
    for name, document in DOCUMENTS.items():
        _add_section(router, rules, name, document)
    return router


def _add_section(router: APIRouter, rules: Rules, name: str, document: Document) -> None:
    shown = _shows(document.schema)
    body = {"required": True, "content": {_JSON: {"schema": document.schema}}}
    for method, endpoint, responses, extra in (
        ("GET", _getter(rules, name), shown, {}),
        ("PUT", _putter(rules, name), {**shown, **_CHANGES}, {"requestBody": body}),
        ("DELETE", _deleter(rules, name), {**shown, **_CHANGES}, {}),
    ):
        router.add_api_route(
            f"/{name}",
            endpoint,
            methods=[method],
            operation_id=f"{method.lower()}_{document.noun}",
            description=document.told(method),
            responses=responses,
            openapi_extra=extra,
        )


def _getter(rules: Rules, name: str) -> _Route:
    async def read(caller: Asking) -> Response:
        return _ruling(rules.section(caller.tenant, name))

    return read


def _putter(rules: Rules, name: str) -> _Route:
    async def replace(request: Request, caller: Asking, if_match: IfMatch = None) -> Response:
        value = _decoded(await request.body())
        return _ruling(await rules.replace(caller, name, value, only_if=tags_of(if_match)))

    return replace


def _deleter(rules: Rules, name: str) -> _Route:
    async def reset(caller: Asking, if_match: IfMatch = None) -> Response:
        return _ruling(await rules.reset(caller, name, only_if=tags_of(if_match)))

    return reset


def _decoded(body: bytes) -> object:
    if not body:
        raise Invalid("There is no body: send the rules as JSON.")
    value: object = msgspec.json.decode(body)
    return value


def _ruling(ruling: Ruling) -> Response:
    return _answer(ruling.value, {"ETag": f'"{ruling.tag}"'})


def _answer(value: object, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), headers=headers, media_type=_JSON)


def _shows(schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The answer.", "content": {_JSON: {"schema": schema}}}}
