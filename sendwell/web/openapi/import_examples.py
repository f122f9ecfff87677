"""Examples for imports of people; tests hold them to the schemas."""

from typing import Any

_AT = "2026-11-21T10:15:03.120Z"
_JSON = "application/json"
_ID = "0199f8a2-6c1e-7d30-9b5a-3f1c2d4e5f60"

PARAMETERS: dict[str, Any] = {"import_id": _ID}


def _body(summary: str, value: Any) -> dict[str, Any]:
    return {summary.replace(" ", "_"): {"summary": summary, "value": value}}


_BEGUN = {
    "id": _ID,
    "state": "open",
    "format": "csv",
    "mode": "replace",
    "columns": {"E-Mail": "email", "Notes": None},
    "offset": 0,
    "total_bytes": 73_400_320,
    "lines": 0,
    "created": 0,
    "updated": 0,
    "refused": 0,
    "started_by": "shop",
    "started_at": _AT,
    "changed_at": _AT,
}
_HALF = {
    **_BEGUN,
    "offset": 36_700_160,
    "lines": 500_001,
    "created": 499_000,
    "updated": 990,
    "refused": 10,
}
_CSV = "user_id,E-Mail,name,attributes.plan\nada,ada@example.org,Ada Lovelace,pro\n"
_LINE = '{"user_id": "ada", "email": "ada@example.org", "preferences": {"order": ["email"]}}\n'

REQUESTS: dict[str, dict[str, Any]] = {
    "begin_import": {
        _JSON: _body(
            "A CSV file",
            {
                "format": "csv",
                "mode": "replace",
                "columns": {"E-Mail": "email", "Notes": None},
                "total_bytes": 73_400_320,
            },
        )
    },
    "continue_import": {
        "text/csv": _body("A header and a row", _CSV),
        "application/x-ndjson": _body("One person a line", _LINE),
    },
}

ANSWERS: dict[tuple[str, str], Any] = {
    ("begin_import", "201"): _BEGUN,
    ("continue_import", "200"): _HALF,
    ("get_import", "200"): _HALF,
    ("list_imports", "200"): {"data": [_HALF], "next_cursor": None},
    ("list_import_errors", "200"): {
        "data": [
            {
                "line": 12,
                "field": "email",
                "why": "An e-mail address has the form name@example.org; there is no @ in it.",
            }
        ],
        "next_cursor": None,
    },
}
