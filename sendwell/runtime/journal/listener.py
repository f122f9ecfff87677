"""The journal hears every Status and puts it on record in the same unit."""

from collections.abc import Sequence

from sendwell.messages.status import Status
from sendwell.ports.journal import Journal
from sendwell.runtime.flow import Handler, Message
from sendwell.runtime.scene import Scene


def recorder(journal: Journal) -> Handler:
    """The handler for Status."""

    async def on_status(batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        scene.write(journal.recorded(batch))
        return ()

    return on_status
