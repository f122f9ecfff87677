import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from sendwell.adapters.http import Guarded, HttpClient
from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import Invalid
from sendwell.domain.outbound import Allowed
from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Refused, Unknown
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.vendor import Means
from sendwell.providers.webhook.standard import VENDOR, Credentials, request, understand
from tests.providers.accounts import a_provider
from tests.providers.builders import an_outgoing
from tests.simulators.troubles import Cut, Instead, Lost, Reply, Trouble, failing
from tests.simulators.webhook import WebhookSimulator

NOW = 1_800_000_000_123_456
NEW, OLD = (f"whsec_{base64.b64encode(byte * 24).decode()}" for byte in (b"n", b"o"))


@dataclass(frozen=True)
class Impatient:
    """The real client, with less patience than a webhook asks for, and yet a lot."""

    http: Http

    async def exchange(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        return await self.http.exchange(request._replace(timeout=timedelta(seconds=3)))

    async def close(self) -> None:
        await self.http.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[WebhookSimulator]:
    async with WebhookSimulator() as simulator:
        yield simulator


async def test_what_an_endpoint_took_has_arrived(endpoint: WebhookSimulator, means: Means) -> None:
    provider = a_provider("standard", endpoint, means)

    outcome = await provider.send(an_outgoing(address=endpoint.address, metadata=b'{"order":7}'))

    assert Accepted(is_delivered=True) == outcome
    payload = endpoint.deliveries[an_outgoing().key]
    assert payload["type"] == "login_code"
    assert payload["data"]["content"]["text"] == "Your code is 1234."
    assert payload["data"]["metadata"] == {"order": 7}


@pytest.mark.parametrize("trouble", [Lost(), Instead(Reply(504), is_taken=True)])
async def test_both_attempts_carry_the_same_id(
    trouble: Trouble, endpoint: WebhookSimulator, means: Means
) -> None:
    provider = a_provider("standard", endpoint, means)
    endpoint.fail_next(trouble)

    outcomes = [await provider.send(an_outgoing(address=endpoint.address)) for _ in range(2)]

    assert [Unknown, Accepted] == [type(outcome) for outcome in outcomes]
    assert (len(endpoint.deliveries), endpoint.repeats) == (1, 1)


@pytest.mark.parametrize(
    ("status", "kind"), [(200, Accepted), (202, Accepted), (410, Refused), (413, Refused)]
)
async def test_what_an_endpoint_says_by_its_status_counts_though_its_answer_never_ends(
    status: int, kind: type[Outcome], endpoint: WebhookSimulator, means: Means
) -> None:
    endpoint.fail_next(Cut(Reply(status, b"working on"), hangs_up=False))
    impatient = replace(means, guarded_http=Impatient(means.guarded_http))
    provider = a_provider("standard", endpoint, impatient)

    outcome = await provider.send(an_outgoing(address=endpoint.address))

    assert isinstance(outcome, kind)
    assert len(endpoint.calls) == 1


async def test_an_endpoint_that_is_gone_is_not_called_again(
    endpoint: WebhookSimulator, means: Means
) -> None:
    endpoint.is_gone = True

    outcome = await a_provider("standard", endpoint, means).send(
        an_outgoing(address=endpoint.address)
    )

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ADDRESS


async def test_an_endpoint_inside_our_own_network_is_not_called(
    endpoint: WebhookSimulator, means: Means
) -> None:
    guarded = HttpClient(policy=Guarded(allowed=Allowed()), clock=SystemClock())
    provider = a_provider("standard", endpoint, replace(means, guarded_http=guarded))

    outcome = await provider.send(an_outgoing(address=endpoint.address))

    await guarded.close()
    assert isinstance(outcome, Refused)
    assert endpoint.calls == []


@pytest.mark.parametrize("trouble", [failing(503), Lost()])
async def test_an_endpoints_outage_is_not_blamed_on_the_channel(
    trouble: Lost, endpoint: WebhookSimulator, means: Means
) -> None:
    endpoint.fail_next(trouble)

    outcome = await a_provider("standard", endpoint, means).send(
        an_outgoing(address=endpoint.address)
    )

    assert isinstance(outcome, Deferred | Unknown)
    assert outcome.fault.blame is Blame.ADDRESS


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 422])
def test_any_other_refusal_may_pass_and_is_this_endpoints_alone(status: int) -> None:
    outcome = understand(HttpAnswer(status, {}, b""))

    assert isinstance(outcome, Deferred)
    assert outcome.fault.blame is Blame.ADDRESS


def test_what_is_too_large_for_an_endpoint_is_not_sent_there_again() -> None:
    outcome = understand(HttpAnswer(413, {}, b""))

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.CONTENT


def test_during_a_rotation_both_secrets_sign() -> None:
    made = request(an_outgoing(), Credentials(secrets=(NEW, OLD)), now=NOW)

    assert isinstance(made, HttpRequest)
    new, old = made.headers["webhook-signature"].split(" ")
    one = request(an_outgoing(), Credentials(secrets=(OLD,)), now=NOW)
    assert isinstance(one, HttpRequest)
    assert one.headers["webhook-signature"] == old != new


async def test_a_receiver_that_has_only_the_old_secret_still_verifies(
    endpoint: WebhookSimulator, means: Means
) -> None:
    secrets = [NEW, *endpoint.credentials["secrets"]]

    outcome = await a_provider("standard", endpoint, means, secrets=secrets).send(
        an_outgoing(address=endpoint.address)
    )

    assert isinstance(outcome, Accepted)


async def test_a_receiver_with_another_secret_may_soon_have_ours(
    endpoint: WebhookSimulator, means: Means
) -> None:
    outcome = await a_provider("standard", endpoint, means, secrets=[NEW]).send(
        an_outgoing(address=endpoint.address)
    )

    assert isinstance(outcome, Deferred)
    assert outcome.fault.code == "http_401"


def test_the_signature_is_the_librarys_over_id_time_and_body() -> None:
    made = request(an_outgoing(), Credentials(secrets=(NEW,)), now=NOW)

    assert isinstance(made, HttpRequest)
    assert made.headers["webhook-timestamp"] == "1800000000"
    assert b'"timestamp":"2027-01-15T08:00:00Z"' in made.body
    changed = made._replace(body=made.body.replace(b"1234", b"1235"))
    assert _signature(made) == made.headers["webhook-signature"] != _signature(changed)


def _signature(made: HttpRequest) -> str:
    at = datetime.fromtimestamp(1_800_000_000, UTC)
    return Webhook(NEW).sign(made.headers["webhook-id"], at, made.body.decode())


@pytest.mark.parametrize(("size_bytes", "is_taken"), [(19_000, True), (20_001, False)])
def test_a_payload_has_at_most_20_kb(size_bytes: int, is_taken: bool) -> None:
    outgoing = an_outgoing(metadata=b'"' + b"x" * size_bytes + b'"')

    made = request(outgoing, Credentials(secrets=(NEW,)), now=NOW)

    assert isinstance(made, HttpRequest) is is_taken


@pytest.mark.parametrize(
    "secrets",
    [
        "[]",
        '["whsec_"]',
        '["c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"]',
        '["whsec_c2hvcnQ="]',
        '["whsec_***"]',
    ],
)
def test_secrets_that_cannot_sign_are_refused_at_once(secrets: str) -> None:
    with pytest.raises(Invalid, match="standard"):
        VENDOR.parse(f'{{"secrets": {secrets}}}')
