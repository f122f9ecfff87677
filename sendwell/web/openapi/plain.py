"""Operations of plain Starlette routes, which FastAPI knows nothing of: the hot ones and health."""

from typing import Any

Operation = dict[str, Any]

_JSON = "application/json"
_LINES = "application/x-ndjson"
_ITEM = {"$ref": "#/components/schemas/NotificationRequest"}
_OPEN: list[Any] = []
"""No authentication."""

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Makes a repetition harmless for at least 24 hours: the same key with the same body gets"
        " the first answer and `Idempotency-Replayed: true`; with another body, 422."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

_CORRELATION_ID = {
    "name": "X-Correlation-ID",
    "in": "header",
    "description": "The `correlation_id` where the body has none; passed over where it is no id.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}


def _answer(description: str, schema: str) -> dict[str, Any]:
    content = {_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


_SEND: Operation = {
    "operationId": "send_notification",
    "tags": ["notifications"],
    "description": (
        "Tell somebody something.\n\n202 means that it is on disk and will not be lost. Rules and"
        " preferences then decide by which channels it goes, and when. The camelCase message of the"
        " bus (`notificationId`, `organizationId`, `eventType`, …) is taken here, too."
    ),
    "parameters": [_IDEMPOTENCY_KEY, _CORRELATION_ID],
    "requestBody": {"required": True, "content": {_JSON: {"schema": _ITEM}}},
    "responses": {
        "202": _answer("It is on disk.", "Accepted"),
    },
}

_SEND_BATCH: Operation = {
    "operationId": "send_notifications",
    "tags": ["notifications"],
    "description": (
        "Send up to 1,000 notifications at once, 10 MB at most.\n\nGive a JSON list, or one JSON"
        " object a line (NDJSON). Every one gets an answer of its own, and a bad one refuses only"
        " itself."
    ),
    "parameters": [_IDEMPOTENCY_KEY, _CORRELATION_ID],
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {
                "schema": {"type": "array", "items": _ITEM, "minItems": 1, "maxItems": 1000},
            },
            _LINES: {"schema": {"type": "string", "description": "One notification a line."}},
        },
    },
    "responses": {"202": _answer("What became of each.", "BatchAnswer")},
}

_WEBHOOK: Operation = {
    "operationId": "take_receipts",
    "tags": ["receipts"],
    "security": _OPEN,
    "description": (
        "Take what a provider has to say: delivered, bounced, complained.\n\nThe vendor signs it,"
        " in its own format; give the vendor this URL. Duplicates and disorder do no harm."
    ),
    "parameters": [
        {
            "name": "provider",
            "in": "path",
            "required": True,
            "description": "The vendor.",
            "schema": {"type": "string"},
        },
        {
            "name": "integration",
            "in": "path",
            "required": True,
            "description": "The account at the vendor.",
            "schema": {"type": "string"},
        },
    ],
    "requestBody": {"required": True, "content": {"*/*": {"schema": {}}}},
    "responses": {"204": {"description": "Every receipt is on disk."}},
}

_INBOUND: Operation = {
    **_WEBHOOK,
    "operationId": "take_replies",
    "description": (
        "Take what people wrote back, such as STOP.\n\nThe vendor signs it, in its own format; give"
        " the vendor this URL for incoming messages. Who stops is written to no more, from this"
        " moment on."
    ),
    "responses": {"204": {"description": "Every message is heeded and on disk."}},
}


def _probe(operation_id: str, description: str) -> Operation:
    return {
        "operationId": operation_id,
        "tags": ["health"],
        "security": _OPEN,
        "description": description,
    }


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}


_READY: Operation = {
    "200": _answer("Everything runs.", "Health"),
    "503": _answer("It is stopping, or a part has stopped by itself.", "Health"),
}

PLAIN: dict[str, dict[str, Operation]] = {
    "/api/v1/notifications": {"post": _SEND},
    "/api/v1/notifications/batch": {"post": _SEND_BATCH},
    "/webhooks/{provider}/{integration}": {"post": _WEBHOOK},
    "/webhooks/{provider}/{integration}/inbound": {"post": _INBOUND},
    "/livez": {
        "get": {
            **_probe("get_livez", "Whether the process answers at all; restart it when not."),
            "responses": {"200": _text("It does.")},
        }
    },
    "/readyz": {
        "get": {
            **_probe("get_readyz", "Whether requests should come here; ask this from a balancer."),
            "responses": _READY,
        }
    },
    "/health": {
        "get": {**_probe("get_health", "The same as `/readyz`."), "responses": _READY},
    },
    "/metrics": {
        "get": {
            **_probe("get_metrics", "What Prometheus collects."),
            "responses": {"200": _text("Metrics in the text format.")},
        }
    },
}
"""By path and method. A process documents those that it serves."""
