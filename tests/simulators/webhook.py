"""A recipient's endpoint, which checks Standard Webhooks with the standard's own library."""

import base64
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.simulators.server import Call, Simulator
from tests.simulators.troubles import Reply

SECRET = "whsec_" + base64.b64encode(b"simulated-secret-of-32-bytes-len").decode()


class WebhookSimulator(Simulator):
    """`deliveries` are the payloads taken, by webhook-id; `repeats` counts second ones."""

    def __init__(self, *, secret: str = SECRET) -> None:
        super().__init__()
        self.deliveries: dict[str, dict[str, Any]] = {}
        self.repeats = 0
        self.is_gone = False
        self._secret = secret

    @property
    def credentials(self) -> dict[str, Any]:
        """PROVIDER_CREDENTIALS_STANDARD for this simulator."""
        return {"secrets": [self._secret]}

    @property
    def address(self) -> str:
        """The endpoint's URL."""
        return f"{self.base_url}/hooks/sendwell"

    def answer(self, call: Call) -> Reply:
        if self.is_gone:
            return Reply(410)
        if call.path != "/hooks/sendwell":
            return Reply(404)
        try:
            payload = Webhook(self._secret).verify(call.body, dict(call.headers))
        except WebhookVerificationError:
            return Reply(401)
        if call.headers["webhook-id"] in self.deliveries:
            self.repeats += 1
        self.deliveries[call.headers["webhook-id"]] = payload
        return Reply(204)
