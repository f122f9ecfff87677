"""What a model has found wrong, in our words."""

from collections.abc import Mapping
from typing import Any

from sendwell.domain.errors import Flaw
from sendwell.domain.pointer import pointer_to
from sendwell.domain.unknown_field import no_such_field

_OF_OURS = "Value error, "
"""What Pydantic writes before our own words."""
_OF_A_NAME = "[key]"
"""Pydantic's mark behind a name that is wrong itself; no member is called so."""


def members_of(model: object) -> tuple[str, ...]:
    """The members of the object that a model describes; none where it describes none."""
    fields = getattr(model, "model_fields", {})
    return tuple(field.alias or name for name, field in fields.items())


def flaw_of(error: Mapping[str, Any], known: tuple[str, ...]) -> Flaw:
    """One of Pydantic's errors; `known` are the members of the whole."""
    place, *path = error.get("loc") or ("body",)
    steps = path if place == "body" else [place, *path]
    if steps[-1:] == [_OF_A_NAME]:
        steps.pop()
    if error.get("type") == "extra_forbidden":
        why = no_such_field(str(steps[-1]), known if len(steps) == 1 else ())
    else:
        why = str(error.get("msg", "is not valid")).removeprefix(_OF_OURS)
    return Flaw(pointer_to(*steps), why)
