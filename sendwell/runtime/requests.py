"""The notifications behind what is said of them."""

from collections.abc import Iterable, Mapping

from sendwell.domain.ids import Position
from sendwell.messages.requested import Requested
from sendwell.ports.journal import Journal
from sendwell.runtime.scene import Scene


async def requests_at(
    positions: Iterable[Position], journal: Journal, scene: Scene
) -> Mapping[Position, Requested]:
    """Those that are known: to this transaction, else to the journal."""
    unknown = list({position for position in positions if position not in scene.requests})
    found = await journal.requested(unknown) if unknown else {}
    return {**scene.requests, **found}
