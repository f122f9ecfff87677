"""Keeps what producers wrote, where a preset's public streams hand it on."""

from typing import Any

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.messages.original import Original
from sendwell.messages.wire.contract import Contract
from sendwell.messages.wire.strict import json_object

_BLANKS = b" \t\r\n"


class Originals:
    """The originals that are of use on the streams of one contract."""

    def __init__(self, contract: Contract[Any]) -> None:
        self._contract = contract

    def of_message(self, body: bytes) -> Original:
        """Of a message from the bus that was read by the contract."""
        return Original(self._contract.schema, msgspec.Raw(body.strip(_BLANKS)))

    def of_call(self, body: bytes, contract: Contract[Any]) -> Original | None:
        """Of a call by REST in the words of that contract; None where it is another one, or a bus
        would not take the JSON: a field that stands twice, say.
        """
        if contract is not self._contract:
            return None
        try:
            json_object(body)
        except Invalid:
            return None
        return self.of_message(body)
