"""Schemas of two generators, made to read as one."""

from typing import Any

from sendwell.web.openapi.tidy import never_null, tidied
from sendwell.web.schema_rows import SchemaRows


def test_names_of_modules_are_names_of_things() -> None:
    given = {"$ref": "#/components/schemas/sendwell__roles__mailbox__api__Page"}

    assert tidied(given) == {"$ref": "#/components/schemas/MailboxPage"}


def test_noise_goes_and_fields_stay() -> None:
    given = {
        "title": "Content",
        "required": [],
        "properties": {
            "title": {"title": "Title", "anyOf": [{"type": "string"}, {"type": "null"}]},
            "default": {"type": "string", "default": None},
        },
        "examples": [{"title": "Kept"}],
    }

    assert tidied(given) == {
        "properties": {"title": {"type": ["string", "null"]}, "default": {"type": "string"}},
        "examples": [{"title": "Kept"}],
    }


def test_a_choice_with_null_becomes_one_schema() -> None:
    choice = {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}], "description": "Which."}

    assert tidied(choice) == {"enum": ["a", "b", None], "description": "Which."}
    assert never_null(tidied(choice)) == {"enum": ["a", "b"], "description": "Which."}
    assert never_null({"type": ["integer", "null"], "minimum": 1}) == {
        "type": "integer",
        "minimum": 1,
    }


def test_a_schema_is_read_row_by_row_with_what_is_nested() -> None:
    schemas: dict[str, dict[str, Any]] = {
        "To": {"properties": {"email": {"type": ["string", "null"]}}},
        "Request": {
            "required": ["to"],
            "properties": {
                "to": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/To"},
                        {"type": "array", "items": {"$ref": "#/components/schemas/To"}},
                        {"type": "null"},
                    ],
                    "description": "Whom to tell.",
                },
                "ttl": {"type": "integer", "minimum": 1, "maximum": 60, "default": 5},
                "lane": {"enum": ["high", "low", None]},
            },
        },
    }

    rows = list(SchemaRows(schemas).rows({"$ref": "#/components/schemas/Request"}))

    assert [(row.name, row.type, row.is_required, row.limits, row.depth) for row in rows] == [
        ("to", "object or list of object", True, (), 0),
        ("email", "string", False, (), 1),
        ("ttl", "integer", False, ("1 to 60", "default `5`"), 0),
        ("lane", "string", False, ("one of `high`, `low`",), 0),
    ]
