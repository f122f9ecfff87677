"""What a batch of receipts comes to: moves, records, and what has to wait. Decides only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sendwell.domain.ids import Position
from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.ports.deliveries import Found, Sought
from sendwell.roles.receipts.look import Account, Look
from sendwell.roles.receipts.meaning import comes_early, move, sort_key


@dataclass(frozen=True, slots=True)
class Settled:
    """A receipt that has found its place: its delivery, and where it moved that, if anywhere.

    Without a delivery it is an orphan.
    """

    look: Look
    found: Found | None
    state: State | None

    def status(self) -> Status | None:
        """The move, if there is one; without words about somebody who was erased since."""
        if self.found is None or self.state is None:
            return None
        found, receipt = self.found, self.look.receipt
        return Status(
            tenant=found.tenant,
            notification=found.notification,
            position=found.position,
            part=found.part,
            channel=found.channel,
            state=self.state,
            at=found.at,
            attempt=found.attempt,
            provider=self.look.provider,
            reference=receipt.reference or found.reference,
            code=receipt.code,
            text=None if found.is_erased else receipt.text,
            user_id=found.user_id,
        )


@dataclass(slots=True)
class Decision:
    """What becomes of each receipt of a batch."""

    settled: list[Settled] = field(default_factory=list)
    waiting: list[Look] = field(default_factory=list)

    def statuses(self) -> list[Status]:
        """The moves, in the order in which they happened."""
        return [status for each in self.settled if (status := each.status())]


def decide(
    looks: Iterable[Look],
    found: Mapping[Sought, Found],
    now: int,
    *,
    crowded: Collection[Account] = (),
) -> Decision:
    """Take the receipts in the order things happened, each from where the one before has left it.

    Late, repeated and contradicting ones settle without a move, as does a failure that another
    account tells of than the one that has sent it last: that one made up for it. A receipt whose
    delivery is not there yet, or has not gone out yet as far as is known, waits; not for long where
    its account is among the crowded ones.
    """
    decision = Decision()
    left: dict[tuple[Position, str], Found] = {}
    for look in sorted(looks, key=lambda look: sort_key(look.receipt)):
        there = found.get(look.sought)
        if there is not None:
            there = left.get((there.position, there.part), there)
        if _comes_early(look, there) and not look.is_last(now, is_crowded=look.account in crowded):
            decision.waiting.append(look)
            continue
        settled = _settled(look, there, now)
        if settled.found is not None:
            left[settled.found.position, settled.found.part] = settled.found
        decision.settled.append(settled)
    return decision


def _comes_early(look: Look, there: Found | None) -> bool:
    return there is None or comes_early(look.receipt, there.state)


def _settled(look: Look, there: Found | None, now: int) -> Settled:
    state = move(look.receipt, there.state) if there else None
    if there is None or state is None or (state is State.BOUNCED and _is_of_another(look, there)):
        return Settled(look, there, None)
    # Vendors' clocks go wrong and count in seconds: history must neither run ahead nor back.
    at = max(there.at, min(look.receipt.at, now))
    return Settled(look, replace(there, state=state, at=at), state)


def _is_of_another(look: Look, there: Found) -> bool:
    """Two of our accounts may be one at the vendor, which tells all by one: its id is as good."""
    if there.provider is None or there.provider == look.provider:
        return False
    return there.reference is None or there.reference != look.receipt.reference
