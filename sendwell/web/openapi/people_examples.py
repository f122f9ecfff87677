"""Examples for people's log-in and for suppressions; tests hold them to the schemas."""

from typing import Any

_AT = "2026-11-21T10:15:03.120Z"
_JSON = "application/json"
_PASSWORD = "correct horse battery staple"  # noqa: S105 - an example

PARAMETERS: dict[str, Any] = {"channel": "email", "address": "ada@example.org"}


def _body(**examples: Any) -> dict[str, Any]:
    return {
        _JSON: {
            name: {"summary": name.replace("_", " ").capitalize(), "value": value}
            for name, value in examples.items()
        }
    }


_SUPPRESSED = {
    "channel": "sms",
    "address": "+436641234567",
    "reason": "stop_word",
    "source": "stop_word",
    "since": _AT,
}

REQUESTS: dict[str, dict[str, Any]] = {
    "log_in_person": _body(
        by_id={"organization_id": "acme", "user_id": "user-001", "password": _PASSWORD},
        by_email={
            "organization_id": "acme",
            "email": "ada@example.org",
            "password": _PASSWORD,
        },
    ),
    "put_user_password": _body(
        by_the_organization={"password": _PASSWORD},
        by_the_person={"password": _PASSWORD, "current": "the one before"},
    ),
    "take_replies": {
        "*/*": {
            "a_stop_by_twilio": {
                "summary": "A STOP by Twilio",
                "value": "MessageSid=SM00000000000000000000000000000001&From=%2B436641234567"
                "&To=%2B15550100&Body=STOP",
            }
        }
    },
    "add_suppressions": _body(
        two={
            "suppressions": [
                {
                    "channel": "email",
                    "address": "ada@example.org",
                    "reason": "asked by letter",
                },
                {"channel": "sms", "address": "+436641234567"},
            ]
        }
    ),
}

ANSWERS: dict[tuple[str, str], Any] = {
    ("log_in_person", "200"): {
        "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6InBlcnNvbitqd3QifQ…",
        "token_type": "Bearer",
        "expires_in": 86400,
        "organization_id": "acme",
        "user_id": "user-001",
    },
    ("add_suppressions", "200"): {"added": 2},
    ("list_suppressions", "200"): {"data": [_SUPPRESSED], "next_cursor": None},
}
