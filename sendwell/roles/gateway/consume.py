"""Intake by a bus: the same checks as by REST, but nobody waits for an answer."""

from collections.abc import Callable, Sequence

from sendwell.domain.errors import Conflict, Unavailable
from sendwell.domain.ids import TenantId
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.originals import Originals
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.reason import Reason
from sendwell.ports.clock import Clock
from sendwell.roles.gateway.proof import Proof
from sendwell.roles.gateway.request import Origin
from sendwell.roles.gateway.service import Answer, Ask, Gateway
from sendwell.runtime.reception import Came


class BusIntake:
    """Reads what producers have written, and has the gateway store it.

    With a `proof` each message has to bear one; else whoever may write on the broker is believed.
    With `originals` the messages are kept word for word.
    """

    def __init__(
        self,
        gateway: Gateway,
        reader: Reader,
        *,
        knows: Callable[[TenantId], bool],
        clock: Clock,
        proof: Proof | None = None,
        originals: Originals | None = None,
    ) -> None:
        self._gateway = gateway
        self._reader = reader
        self._knows = knows
        self._clock = clock
        self._proof = proof
        self._originals = originals

    async def accept(self, came: Sequence[Came]) -> Sequence[Quarantined | None]:
        """Store what can be read; says of the rest why it cannot be taken.

        Raises Unavailable when it could not be stored now; nothing is lost by asking again.
        """
        read = [self._known(await self._read(each.incoming)) for each in came]
        asks = [
            (place, asked, self._ask(asked, each))
            for place, (asked, each) in enumerate(zip(read, came, strict=True))
            if isinstance(asked, Asked)
        ]
        verdicts = [each if isinstance(each, Quarantined) else None for each in read]
        answers = await self._answers([ask for _, _, ask in asks])
        for (place, asked, _), answer in zip(asks, answers, strict=True):
            if isinstance(answer.refusal, Unavailable):
                raise answer.refusal
            if answer.refusal is not None:
                verdicts[place] = self._reader.refused(answer.refusal, asked)
        return verdicts

    async def _read(self, incoming: Incoming) -> Asked | Quarantined:
        proven = await self._proof.tenant(incoming.headers) if self._proof else None
        if isinstance(proven, Quarantined):
            return proven
        return self._reader.read(incoming, now=self._clock.now(), proven=proven)

    async def _answers(self, asks: Sequence[Ask]) -> Sequence[Answer]:
        try:
            return await self._gateway.accept_all(asks)
        except Conflict as error:
            # A caller by REST would ask again: storing takes longer than anybody waits.
            raise Unavailable(error.message) from error

    def _known(self, read: Asked | Quarantined) -> Asked | Quarantined:
        """An organization that we do not know may not send anything."""
        if isinstance(read, Quarantined) or self._knows(TenantId(read.tenant)):
            return read
        return Quarantined(
            Reason.UNKNOWN_ORGANIZATION,
            "There is no such organization here. Add it, then replay this message.",
        )

    def _ask(self, asked: Asked, came: Came) -> Ask:
        """What names itself by nothing is recognized by where it lay."""
        key = None if asked.id or asked.key else f"bus:{came.place}"
        origin = Origin(asked.tenant, asked.source, asked.traceparent)
        original = self._originals.of_message(came.incoming.body) if self._originals else None
        return Ask(asked.body, origin, key, original=original)
