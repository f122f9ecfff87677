"""Where providers post what they have to say: `POST /webhooks/{provider}/{integration}`.

And below it, at `/inbound`, what people wrote to the account's senders.

A plain Starlette endpoint (hot, and the body must stay the bytes that were signed).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.domain.errors import NotFound
from sendwell.domain.ids import TenantId
from sendwell.ports.clock import Clock
from sendwell.ports.provider import InboundReader, ReceiptReader
from sendwell.roles.receipts.replies import Replies
from sendwell.roles.receipts.service import Receipts
from sendwell.runtime.server.bodies import body_of

PATH = "/webhooks/{provider}/{integration}"
INBOUND = f"{PATH}/inbound"
MOST_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Integration:
    """An account that may tell us things.

    `account` is its name in the history (`Status.provider`). `tenant` is whose it is, None for the
    platform's, which may speak of everybody's deliveries.
    """

    account: str
    reader: ReceiptReader
    tenant: TenantId | None = None
    inbound: InboundReader | None = None


class Webhooks:
    """The endpoint. `public_url` is what vendors know us under, e.g. `https://notify.example.org`.

    What they sign is the URL they were told, so it is made from `public_url` and never from a
    Host or forwarding header, which anybody can send.
    """

    def __init__(
        self,
        receipts: Receipts,
        integrations: Mapping[tuple[str, str], Integration],
        *,
        public_url: str,
        clock: Clock,
        replies: Replies | None = None,
    ) -> None:
        self._receipts = receipts
        self._replies = replies
        self._integrations = integrations
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    def routes(self) -> list[Route]:
        """The routes, to be mounted before all others."""
        return [
            Route(PATH, self.post, methods=["POST"]),
            Route(INBOUND, self.post_inbound, methods=["POST"]),
        ]

    async def post(self, request: Request) -> Response:
        """204 once every receipt is on disk.

        404 for an unknown integration, 413 over 1 MiB, 401 or 403 for a signature that is not
        right, 400 for a signed body that makes no sense; nothing is stored then.
        """
        integration = self._integration(request)
        receipts = integration.reader.read(
            url=self._url(request, PATH),
            headers=dict(request.headers),
            body=await body_of(request, most=MOST_BYTES),
            now=self._clock.now(),
        )
        await self._receipts.take(integration.account, receipts, tenant=integration.tenant)
        return Response(status_code=204)

    async def post_inbound(self, request: Request) -> Response:
        """204 once every message is heeded and on disk; everything else as for `post`."""
        integration = self._integration(request)
        if integration.inbound is None or self._replies is None:
            raise NotFound("There is no such integration by which people can answer.")
        written = integration.inbound.read(
            url=self._url(request, INBOUND),
            headers=dict(request.headers),
            body=await body_of(request, most=MOST_BYTES),
            now=self._clock.now(),
        )
        await self._replies.take(integration.account, written, tenant=integration.tenant)
        return Response(status_code=204)

    def _integration(self, request: Request) -> Integration:
        provider, name = request.path_params["provider"], request.path_params["integration"]
        integration = self._integrations.get((provider, name))
        if integration is None:
            raise NotFound("There is no such integration that takes webhooks.")
        return integration

    def _url(self, request: Request, route: str) -> str:
        query = request.scope["query_string"].decode("latin-1")
        path = route.format(**request.path_params)
        return f"{self._public_url}{path}{'?' if query else ''}{query}"
