"""Both sinks together, and how the product is told of them."""

import json
from collections.abc import Mapping
from random import Random
from types import TracebackType
from typing import Self

from tests.acceptance.product import webhooks
from tests.chaos.evidence import Call
from tests.chaos.sinks.mail import MailSink
from tests.chaos.sinks.webhook import WebhookSink
from tests.simulators.webhook import SECRET


class Sinks:
    """An endpoint for webhooks and a mail relay, listening while the context lasts."""

    def __init__(self, chance: Random) -> None:
        self._webhooks = WebhookSink(chance)
        self._mail = MailSink(chance)

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes the product send everything here."""
        relay = {
            "host": "127.0.0.1",
            "port": self._mail.port,
            "tls": "none",
            "from": "chaos@example.org",
        }
        return {
            **webhooks({"secrets": [SECRET]}),
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay),
        }

    @property
    def calls(self) -> list[Call]:
        """Everything that came."""
        return [*self._webhooks.calls, *self._mail.calls]

    def to(self, serial: int, recipient: int, *, is_gone: bool) -> dict[str, str]:
        """The addresses of one recipient of one request, by field; `is_gone`: its URL refuses."""
        return {
            "url": self._webhooks.url(serial, recipient, is_gone=is_gone),
            "email": self._mail.address(serial, recipient),
        }

    async def __aenter__(self) -> Self:
        await self._webhooks.__aenter__()
        await self._mail.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._webhooks.__aexit__(kind, error, trace)
        await self._mail.__aexit__(kind, error, trace)
