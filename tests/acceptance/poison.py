"""Messages that nobody can take, made of a good one."""

import json
from collections.abc import Mapping

TOO_LARGE = 1_048_577
NOBODY = "nobody-we-know"


def poisons(good: Mapping[str, object]) -> dict[str, bytes]:
    """One for each reason of the quarantine that a producer can be guilty of, by that reason.

    `good` names the organization as `organization_id`, `tenant_id` or `organizationId`.
    """
    (field,) = {"organization_id", "tenant_id", "organizationId"} & good.keys()
    other = "organization_id" if field == "tenant_id" else "tenant_id"
    return {
        "malformed_json": json.dumps(good).encode()[:-1],
        "not_utf8": b'{"content": "\xff"}',
        "not_an_object": b"[]",
        "repeated_field": b'{"content": "a", "content": "b"}',
        "too_large": json.dumps({**good, "padding": "x" * TOO_LARGE}).encode(),
        "unknown_version": json.dumps({**good, "schema_version": 7}).encode(),
        "contradictory_organization": json.dumps({**good, other: NOBODY}).encode(),
        "unknown_organization": json.dumps({**good, field: NOBODY}).encode(),
    }
