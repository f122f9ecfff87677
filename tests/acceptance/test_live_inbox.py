"""An inbox that somebody follows by the gateway, while its service is elsewhere."""

from pathlib import Path

import pytest

from tests.acceptance.service_alone import alone
from tests.conformance.http_server import Talk, serving
from tests.services.needs import needs

BESIDE = ["accounts", "users", "templates", "orchestrator", "tracker", "receipts", "mailbox"]
BEGUN = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PING = b": ping\n\n"


async def pinging(talk: Talk) -> None:
    while (asked := await talk.hear()) is not None:
        assert b"/inbox/stream " in asked
        await talk.say(BEGUN + b"%x\r\n%s\r\n" % (len(PING), PING))


@pytest.mark.parametrize("broker", [pytest.param("rabbitmq_url", marks=needs("rabbitmq"))])
async def test_a_gateway_that_stops_ends_live_inboxes_in_order(
    broker: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with serving(pinging) as inbox:
        environment = {"INBOX_URL": inbox.url(""), "BROKER_URL": request.getfixturevalue(broker)}
        async with alone(tmp_path, "gateway", environment, beside=BESIDE) as (gateway, client):
            key = (gateway.data / "api-key").read_text().strip()
            headers = {"Authorization": f"Bearer {key}"}
            path = "/api/v1/users/ada/inbox/stream"
            async with client.stream("GET", path, headers=headers) as answer:
                told = answer.aiter_raw()
                first = await anext(told)

                code = await gateway.stop()
                rest = [piece async for piece in told]  # raises where it was cut off

    assert (200, PING) == (answer.status_code, first)
    assert ([], 0) == (rest, code)
