"""Reads what producers write on a bus, in the words of their preset, for the gateway."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from sendwell.domain.channel import Channel
from sendwell.domain.errors import Invalid, SendwellError
from sendwell.domain.idempotency_window import ON_A_BROKER
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.instant import microseconds_in, span_of
from sendwell.messages.wire.asking import Asking
from sendwell.messages.wire.decoding import decode
from sendwell.messages.wire.headers import Told
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.organization import organization_of
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.messages.wire.strict import MOST_BYTES, json_object, refusal
from sendwell.messages.wire.version import check_version


class Reader:
    """Reads the requests of one preset. Whatever the bytes, there is an answer.

    `channels` are those that are enabled; `otherwise` is whose a message is that names no
    organization; `window` is for how long duplicates are remembered.
    """

    def __init__(
        self,
        preset: str,
        channels: Mapping[ChannelName, Channel],
        *,
        otherwise: TenantId | None = None,
        window: timedelta = ON_A_BROKER,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._contract = CONTRACTS[preset]
        self._decoder = self._contract.decoder()
        self._asking = Asking(self._contract, channels)
        self._otherwise = otherwise
        self._window = microseconds_in(window)
        self._most_bytes = most_bytes

    def read(
        self, incoming: Incoming, *, now: int, proven: TenantId | None = None
    ) -> Asked | Quarantined:
        """The request in a message, or why there is none to be had.

        `proven` is the organization that a verified token names. `now` is microseconds since 1970.
        """
        told = Told(incoming.headers)
        message: Mapping[str, object] = {}
        try:
            message = json_object(incoming.body, most_bytes=self._most_bytes)
            check_version(message, told)
            tenant = self._tenant(message, told, proven)
            self._refuse_old(incoming, now)
            claims = decode(self._decoder, incoming.body).claims()
            return self._asking.asked(claims, incoming, told, tenant=tenant)
        except Invalid as error:
            return Quarantined.of(error, tenant=self._whose(message, told, proven))

    def refused(self, refusal: SendwellError, asked: Asked) -> Quarantined:
        """The gateway's refusal of a request, pointing at what its producer wrote."""
        found = Quarantined.of(refusal, tenant=asked.tenant)
        pointer = self._contract.pointer(found.pointer)
        text = pointer + found.text.removeprefix(found.pointer)
        is_told = found.pointer and found.text.startswith(f"{found.pointer}:")
        return msgspec.structs.replace(found, pointer=pointer, text=text if is_told else found.text)

    def _tenant(
        self, message: Mapping[str, object], told: Told, proven: TenantId | None
    ) -> TenantId:
        return organization_of(message, told, proven=proven, otherwise=self._otherwise)

    def _whose(
        self, message: Mapping[str, object], told: Told, proven: TenantId | None
    ) -> TenantId | None:
        """Whose a refused message is, as far as it can be read; None when nobody can say."""
        try:
            return self._tenant(message, told, proven)
        except Invalid:
            return None

    def _refuse_old(self, incoming: Incoming, now: int) -> None:
        if incoming.stored_at is None or incoming.stored_at >= now - self._window:
            return
        lain = _told(span_of(now - incoming.stored_at))
        why = (
            f"It has lain on the broker for {lain}, longer than duplicates are remembered"
            f" ({_told(span_of(self._window))})."
        )
        raise refusal(Reason.TOO_OLD, why)


def _told(time: timedelta) -> str:
    """In days, and below two of them in hours."""
    return f"{time.days} days" if time.days > 1 else f"{time // timedelta(hours=1)} hours"
