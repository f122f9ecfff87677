"""How a choice came to us, as a call tells it."""

from typing import Annotated

from pydantic import Field

from sendwell.ports.tenants import Caller
from sendwell.roles.users.store.consents import Occasion

Wording = Annotated[
    str | None,
    Field(
        max_length=10_000,
        description="The words that the person agreed to.",
        examples=["Yes, send me the results of my team by e-mail."],
    ),
]
Evidence = Annotated[
    str | None,
    Field(
        max_length=2_000,
        description="What proves it: the number of a form, a link to a recording.",
        examples=["form 2026-117"],
    ),
]


def occasion_of(
    caller: Caller, *, wording: str | None = None, evidence: str | None = None
) -> Occasion:
    """Somebody has called: the person, or somebody else in their name."""
    source = "person" if caller.person is not None else "api"
    return Occasion(source, caller.name, wording, evidence)
