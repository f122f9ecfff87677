"""Where what people write back goes: to the users role, and what is doubtful into quarantine."""

from collections.abc import Sequence

from sendwell.bootstrap.core import Core
from sendwell.bootstrap.edge import Edge
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.ports.listener import Listener
from sendwell.roles.receipts.replies import Replies
from sendwell.roles.receipts.store import ReceiptStore
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from sendwell.runtime.scene import Scene


def build_replies(core: Core, listener: Listener, edge: Edge | None) -> Replies:
    """Replies; what is kept is told on the broker too, where there is one."""
    quarantine = QuarantineStore(core.database)
    tell = edge.announcements.tell_quarantined if edge is not None else _nobody

    async def keep(doubtful: Sequence[Quarantine]) -> None:
        await quarantine.keep(doubtful, tell=tell)

    return Replies(ReceiptStore(core.database), listener, keep=keep, clock=core.clock)


def _nobody(_: Sequence[Quarantine], __: Scene) -> None:
    return None
