"""A notification as the person is shown it whom it was for."""

from typing import Any

import msgspec

from sendwell.ports.keepers import Item
from sendwell.roles.tracker.api import document, event_document
from sendwell.roles.tracker.service import Tracker
from sendwell.runtime.journal.personal import Theirs


class Telling:
    """With what was asked, its deliveries and its timeline.

    Of one with several recipients the person is shown their own part: who else was told is
    nothing to them.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    async def __call__(self, theirs: Theirs) -> Item:
        """The notification, as the person sees it."""
        tenant, id_ = theirs.request.tenant, theirs.request.id
        shown = document(await self._tracker.find(tenant, id_))
        events = map(event_document, await self._tracker.timeline(tenant, id_))
        own = {str(place) for place in theirs.places}
        deliveries = [each for each in shown["deliveries"] if _recipient(each["id"]) in own]
        timeline = [
            event
            for event in events
            if "delivery" not in event or _recipient(event["delivery"]) in own
        ]
        asked = _asked(theirs)
        return Item(
            "notification", {**shown, **asked, "deliveries": deliveries, "timeline": timeline}
        )


def _recipient(part: str) -> str:
    return part.partition(".")[0]


def _asked(theirs: Theirs) -> dict[str, Any]:
    request, original = theirs.request, theirs.request.original
    is_alone = len(request.to) == 1
    return {
        "to": [msgspec.to_builtins(request.to[place]) for place in theirs.places],
        "content": msgspec.to_builtins(request.content),
        "data": msgspec.json.decode(request.data),
        "metadata": msgspec.json.decode(request.metadata),
        **({"original": msgspec.json.decode(original.body)} if original and is_alone else {}),
    }
