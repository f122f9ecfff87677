"""What the delivery role's hot statements take, whichever database they are for."""

from typing import NamedTuple

COLUMNS = (
    "work,position,part,tenant,channel,lane,state,due,attempt,epoch,planned_at,claimed_at,plan,"
    "reason,provider,node"
)
"""Of a row of work, in the order of its values."""


class Claim(NamedTuple):
    """One row to take in hand."""

    work: int
    provider: str
    at: int
    epoch: int


class Postponement(NamedTuple):
    """One row that waits for `due`."""

    work: int
    state: str
    due: int
    reason: str | None
    plan: str


class Withdrawal(NamedTuple):
    """One row to take away from whoever has it, by the process `node` in its life `epoch`, unless
    there were more attempts than `attempt` meanwhile; `reason` is the rule that ends it.
    """

    work: int
    attempt: int
    node: int
    epoch: int
    reason: str
