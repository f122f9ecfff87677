"""Examples for exporting and erasing people; tests hold them to the schemas."""

from typing import Any

_AT = "2026-11-21T10:15:03.120Z"
_LATER = "2026-11-21T10:15:09.480Z"
_ID = "0199f8a2-6c1e-7d30-9b5a-3f1c2d4e5f61"

PARAMETERS: dict[str, Any] = {"erasure_id": _ID}

_BEGUN: dict[str, Any] = {
    "id": _ID,
    "is_done": False,
    "asked_by": "support",
    "asked_at": _AT,
    "done_at": None,
    "keepers": [{"keeper": "users", "erased": 6, "is_done": False, "waits": None}],
}
_DONE: dict[str, Any] = {
    **_BEGUN,
    "is_done": True,
    "done_at": _LATER,
    "keepers": [
        {"keeper": "users", "erased": 6, "is_done": True, "waits": None},
        {"keeper": "journal", "erased": 12, "is_done": True, "waits": None},
        {"keeper": "inbox", "erased": 3, "is_done": True, "waits": None},
    ],
}
_EXPORT: dict[str, Any] = {
    "schema": "sendwell.person",
    "version": 1,
    "user_id": "user-001",
    "exported_at": _AT,
    "items": [
        {
            "kind": "profile",
            "user_id": "user-001",
            "addresses": {"email": "ada@example.org"},
            "name": "Ada Lovelace",
            "created_at": _AT,
            "updated_at": _AT,
        },
        {
            "kind": "inbox_message",
            "notification": "0199f8a2-6c1e-7d30-9b5a-3f1c2d4e5f62",
            "event_type": "order_shipped",
            "title": "On its way",
            "body": "Order 7 has left the house.",
            "data": {},
            "at": _AT,
            "read_at": None,
        },
    ],
    "missing": [],
}

ANSWERS: dict[tuple[str, str], Any] = {
    ("erase_user", "202"): _BEGUN,
    ("get_erasure", "200"): _DONE,
    ("export_user", "200"): _EXPORT,
}
