"""Recipients by topic: whoever has subscribed to it by now."""

import msgspec

from sendwell.domain.errors import Flaw, Untimely
from sendwell.domain.ids import TenantId
from sendwell.messages.requested import To
from sendwell.ports.directory import Directory
from sendwell.roles.gateway import checks
from sendwell.roles.gateway.wire import NotificationIn

_POINTER = "/to/topic"


def topic_alone(given: NotificationIn) -> str | None:
    """The topic whose subscribers are to be told, where the request names nobody else."""
    to = given.to
    if isinstance(to, To) and to.topic is not None and to == To(topic=to.topic):
        return to.topic
    return None


class Subscribers:
    """Asks the users role who they are."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def instead_of(
        self, topic: str, given: NotificationIn, tenant: TenantId
    ) -> NotificationIn:
        """The request with all of them as recipients; it is about that topic, unless it says of
        which else. Raises Invalid where there is nobody, or more than fit into one notification.
        """
        checks.topic(topic, _POINTER)
        most = checks.MOST_RECIPIENTS
        users = await self._directory.subscribers(tenant, topic, most=most + 1)
        if not users:
            checks.require([Flaw(_POINTER, f"Nobody has subscribed to {topic}.")], Untimely)
        if len(users) > most:
            checks.require([Flaw(_POINTER, _too_many(topic, most))], Untimely)
        return msgspec.structs.replace(
            given, to=[To(user_id=user) for user in users], topic=given.topic or topic
        )


def _too_many(topic: str, most: int) -> str:
    return (
        f"More than {most} people have subscribed. Send to parts of them, as they are listed by"
        f" GET /api/v1/topics/{topic}/subscribers."
    )
