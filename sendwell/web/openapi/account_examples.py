"""Examples for the operations of the accounts role; tests hold them to the schemas."""

from typing import Any

_AT = "2026-11-21T10:15:03.120Z"
_JSON = "application/json"
_OPERATOR_ID = "5ba2fa9c05ed4a08a6911ff60545b259"
_KEY_ID = "4vJqS0APA91b"
_PASSWORD = "correct horse battery staple"  # noqa: S105 - an example
_SCOPES = ["notifications:read", "notifications:send"]

PARAMETERS: dict[str, Any] = {
    "key_id": _KEY_ID,
    "operator_id": _OPERATOR_ID,
    "tenant_id": "acme",
}


def _body(summary: str, value: Any, kind: str = _JSON) -> dict[str, Any]:
    return {kind: {summary.replace(" ", "_"): {"summary": summary, "value": value}}}


_OPERATOR = {
    "id": _OPERATOR_ID,
    "organization_id": "acme",
    "email": "grace@example.org",
    "name": "Grace Hopper",
    "role": "owner",
    "disabled": False,
    "has_password": True,
    "has_identity": False,
    "created_at": _AT,
    "changed_at": _AT,
}
_KEY = {
    "id": _KEY_ID,
    "name": "order service",
    "prefix": f"sw_{_KEY_ID}_",
    "environment": "live",
    "scopes": _SCOPES,
    "created_at": _AT,
    "created_by": f"operator:{_OPERATOR_ID}",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": _AT,
}
_NEW_KEY = {**_KEY, "last_used_at": None, "key": f"sw_{_KEY_ID}_…"}
_TENANT = {
    "id": "acme",
    "name": "Acme",
    "environment": "live",
    "sandboxed": False,
    "created_at": _AT,
}
_SESSION = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9…",
    "token_type": "Bearer",
    "expires_in": 86_400,
    "refresh_token": "eyJhbGciOiJIUzI1NiJ9…",
    "environment": "live",
    "operator": _OPERATOR,
}
_ENTRY = {
    "sequence": 12,
    "at": _AT,
    "actor": f"operator:{_OPERATOR_ID}",
    "action": "key.created",
    "subject": _KEY_ID,
    "details": {"environment": "live"},
    "hash": "d0724bf9190743298768ca36b0439a4fc767128809ce168cda030c350bca9e2b",
}

REQUESTS: dict[str, dict[str, Any]] = {
    "create_tenant": _body(
        "With its owner",
        {
            "id": "acme",
            "name": "Acme",
            "owner": {
                "email": "grace@example.org",
                "name": "Grace Hopper",
                "password": _PASSWORD,
            },
        },
    ),
    "create_operator": _body(
        "An editor",
        {
            "email": "alan@example.org",
            "name": "Alan Turing",
            "role": "editor",
            "password": _PASSWORD,
        },
    ),
    "change_operator": _body("Another role", {"role": "admin"}),
    "set_operator_password": _body("A password", {"password": _PASSWORD}),
    "sign_in": _body(
        "An owner",
        {"organization_id": "acme", "email": "grace@example.org", "password": _PASSWORD},
    ),
    "refresh_session": _body("A token", {"refresh_token": "eyJhbGciOiJIUzI1NiJ9…"}),
    "change_own_password": _body(
        "Another one", {"current": _PASSWORD, "password": "four other words entirely"}
    ),
    "create_api_key": _body("Only to send", {"name": "order service", "scopes": _SCOPES}),
    "rotate_api_key": _body("Within two days", {"overlap_hours": 48}),
    "get_client_token": _body(
        "A program",
        {
            "grant_type": "client_credentials",
            "client_id": _KEY_ID,
            "client_secret": f"sw_{_KEY_ID}_…",
        },
        "application/x-www-form-urlencoded",
    ),
}
"""By operation and content type."""

ANSWERS: dict[tuple[str, str], Any] = {
    ("list_tenants", "200"): {"data": [_TENANT]},
    ("create_tenant", "201"): {**_TENANT, "api_key": f"sw_{_KEY_ID}_…"},
    ("get_tenant", "200"): _TENANT,
    ("list_operators", "200"): {"data": [_OPERATOR]},
    ("create_operator", "201"): _OPERATOR,
    ("get_operator", "200"): _OPERATOR,
    ("change_operator", "200"): _OPERATOR,
    ("sign_in", "201"): _SESSION,
    ("refresh_session", "200"): _SESSION,
    ("finish_oidc_sign_in", "200"): _SESSION,
    ("get_current_session", "200"): {
        "organization_id": "acme",
        "environment": "live",
        "name": f"operator:{_OPERATOR_ID}",
        "role": "owner",
        "operator_id": _OPERATOR_ID,
        "scopes": _SCOPES,
    },
    ("get_client_token", "200"): {
        "access_token": "eyJhbGciOiJIUzI1NiJ9…",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": " ".join(_SCOPES),
    },
    ("list_api_keys", "200"): {"data": [_KEY]},
    ("create_api_key", "201"): _NEW_KEY,
    ("rotate_api_key", "201"): _NEW_KEY,
    ("list_audit_entries", "200"): {"data": [_ENTRY], "next_cursor": None},
    ("verify_audit_log", "200"): {
        "intact": True,
        "entries": 12,
        "broken_at": None,
        "reason": None,
    },
}
"""By operation and status."""
