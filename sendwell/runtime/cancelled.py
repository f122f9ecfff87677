"""Which notifications somebody has cancelled, by what is on record of their deliveries.

A cancelling ends what waits this moment. What is in flight then is neither tried again nor followed
by another channel, whichever process it is in, and whoever goes on with it after a crash.
"""

from collections.abc import Mapping

from sendwell.domain.admission import CANCELLED, OWN_ENDS
from sendwell.domain.grouping import group
from sendwell.domain.ids import Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.ports.journal import Journal
from sendwell.ports.work import Work


class Cancelled:
    """Read from open work and from the journal: what is just being cancelled is still open."""

    def __init__(self, journal: Journal, work: Work) -> None:
        self._journal = journal
        self._work = work

    async def among(self, tenants: Mapping[Position, TenantId]) -> set[Position]:
        """Those of these notifications, given with whose they are."""
        found: set[Position] = set()
        # Open work first: what ends between the two reads is then seen twice, never not at all.
        for tenant, own in group(tenants, by=lambda position: tenants[position]).items():
            stands = await self._work.open(tenant, own)
            found |= {each.position for each in stands if _is_cancelled(each)}
        ended = await self._journal.ended_parts(list(tenants))
        return found | {
            position for (position, _), state in ended.items() if state is State.CANCELLED
        }


def _is_cancelled(status: Status) -> bool:
    if status.state is State.CANCELLED:
        return status.rule not in OWN_ENDS
    return status.rule == CANCELLED.rule  # it was in flight then
