"""Whether a document is as a JSON Schema says."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs


def valid(document: Any, name: str, schemas: Mapping[str, Any], *, place: str = "$defs") -> bool:
    """Whether it meets the schema of that name; the schemas refer to one another at `place`.

    Formats count, and an example must not hold fields that its schema does not know.
    """
    root: dict[str, Any] = dict(schemas)
    for step in reversed(place.split("/")):
        root = {step: root}
    whole = {"$ref": f"#/{place}/{name}", **root}
    jsonschema_rs.Draft7Validator(whole, validate_formats=True).validate(document)
    return not set(document) - schemas[name]["properties"].keys()
