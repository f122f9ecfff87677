"""Route: OAuth2's token endpoint for programs (RFC 6749, section 4.4).

The one route that speaks OAuth2's own words: forms instead of JSON, and its errors.
"""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from sendwell.domain.errors import Denied, Invalid
from sendwell.roles.accounts.service.clients import LIFETIME_SECONDS, Clients
from sendwell.runtime.server.bodies import body_of

_MOST_BYTES = 8 * 1024
_FORM = "application/x-www-form-urlencoded"
_SECRETLY = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_TOKEN_SCHEMA = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in", "scope"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string", "const": "Bearer"},
        "expires_in": {"type": "integer"},
        "scope": {"type": "string"},
    },
}
_FORM_SCHEMA = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "const": "client_credentials"},
        "client_id": {"type": "string", "description": "The key's id; or by HTTP Basic."},
        "client_secret": {"type": "string", "description": "The key itself."},
        "scope": {"type": "string", "description": "Separated by spaces; left out, all it has."},
    },
}
_ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def routes(clients: Clients) -> APIRouter:
    """The token endpoint."""
    router = APIRouter(prefix="/api/v1/oauth", tags=["sessions"])

    @router.post(
        "/token",
        operation_id="get_client_token",
        response_model=None,
        responses={
            200: _json(_TOKEN_SCHEMA, "A token for an hour."),
            400: _json(_ERROR_SCHEMA, "As in RFC 6749, section 5.2."),
            401: _json(_ERROR_SCHEMA, "There is no such client, or its secret is another."),
        },
        openapi_extra={
            "security": [],
            "requestBody": {"required": True, "content": {_FORM: {"schema": _FORM_SCHEMA}}},
        },
    )
    async def get_client_token(request: Request) -> JSONResponse:
        """Get a token for a program by its key.

        OAuth2 client credentials: the key's id is the client, the key its secret.
        """
        try:
            form = _form(await body_of(request, most=_MOST_BYTES))
            client_id, secret = _client(request, form)
        except Invalid as error:
            return _refused(400, "invalid_request", error.message)
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "Use client_credentials.")
        try:
            token = await clients.grant(client_id, secret, scopes=form.get("scope", "").split())
        except Denied as error:
            return _refused(401, "invalid_client", error.message)
        except Invalid as error:
            return _refused(400, "invalid_scope", error.message)
        document = {
            "access_token": token.text,
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "scope": " ".join(token.scopes),
        }
        return JSONResponse(document, headers=_SECRETLY)

    return router


def _form(body: bytes) -> dict[str, str]:
    try:
        given = parse_qs(body.decode("ascii"), max_num_fields=20, strict_parsing=bool(body))
    except ValueError as error:
        raise Invalid("The body is no form.") from error
    if any(len(values) > 1 for values in given.values()):
        raise Invalid("A parameter is there more than once.")
    return {name: values[0] for name, values in given.items()}


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Id and secret, by HTTP Basic or in the form, but not both (section 2.3)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise Invalid("Say who you are in one way only.")
    try:
        id_, _, secret = base64.b64decode(value, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError) as error:
        raise Invalid("The header Authorization cannot be read.") from error
    return unquote_plus(id_), unquote_plus(secret)


def _refused(status: int, error: str, why: str) -> JSONResponse:
    headers = {**_SECRETLY, **({"WWW-Authenticate": "Basic"} if status == 401 else {})}  # noqa: PLR2004
    return JSONResponse({"error": error, "error_description": why}, status, headers)
