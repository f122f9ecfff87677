import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sendwell.domain.errors import Invalid
from sendwell.domain.lane import Lane
from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Refused, Unknown
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.vendor import Means
from sendwell.providers.push.fcm import VENDOR, Credentials, request, understand
from tests.providers.accounts import a_provider
from tests.providers.builders import an_outgoing
from tests.simulators.fcm import FcmSimulator
from tests.simulators.server import json_reply
from tests.simulators.troubles import (
    Instead,
    Lost,
    Reply,
    Trouble,
    elsewhere,
    failing,
    page,
    throttled,
)

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
EC_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)


@pytest.fixture
async def fcm() -> AsyncIterator[FcmSimulator]:
    async with FcmSimulator() as simulator:
        yield simulator


def message_of(outgoing: Outgoing) -> dict[str, Any]:
    credentials = msgspec.convert(FcmSimulator().credentials, Credentials)
    made = request(outgoing, credentials, now=NOW)
    assert isinstance(made, HttpRequest)
    message: dict[str, Any] = json.loads(made.body)["message"]
    return message


async def test_the_reference_is_the_messages_name(fcm: FcmSimulator, means: Means) -> None:
    provider = a_provider("fcm", fcm, means)

    outcome = await provider.send(an_outgoing(address=fcm.address))

    assert [outcome] == [Accepted(name) for name in fcm.messages]


async def test_a_service_account_may_be_given_as_text(fcm: FcmSimulator, means: Means) -> None:
    provider = a_provider("fcm", fcm, means, service_account=json.dumps(fcm.service_account))

    outcome = await provider.send(an_outgoing(address=fcm.address))

    assert isinstance(outcome, Accepted)


async def test_many_at_once_fetch_one_access_token(fcm: FcmSimulator, means: Means) -> None:
    provider = a_provider("fcm", fcm, means)
    outgoing = an_outgoing(address=fcm.address)

    outcomes = await asyncio.gather(*(provider.send(outgoing) for _ in range(20)))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert fcm.granted == 1


async def test_an_access_token_is_renewed_shortly_before_it_ends(
    fcm: FcmSimulator, means: Means
) -> None:
    time = NOW
    fcm.now = lambda: time / SECOND
    provider = a_provider("fcm", fcm, replace(means, clock=lambda: time))
    outgoing = an_outgoing(address=fcm.address)

    granted = []
    for seconds in (0, 3200, 3298, 3300):
        time = NOW + seconds * SECOND
        await provider.send(outgoing)
        granted.append(fcm.granted)

    assert granted == [1, 1, 1, 2]


async def test_a_revoked_access_token_costs_one_attempt(fcm: FcmSimulator, means: Means) -> None:
    provider = a_provider("fcm", fcm, means)
    outgoing = an_outgoing(address=fcm.address)
    await provider.send(outgoing)
    fcm.revoke()

    outcomes = [await provider.send(outgoing) for _ in range(2)]

    assert [Deferred, Accepted] == [type(outcome) for outcome in outcomes]
    assert fcm.granted == 2


class SlowFirst401:
    """The real client, but the first 401 takes until `arrives` is set."""

    def __init__(self, http: Http) -> None:
        self.arrives = asyncio.Event()
        self.is_held = asyncio.Event()
        self._http = http

    async def exchange(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        answer = await self._http.exchange(request)
        if isinstance(answer, HttpAnswer) and answer.status == 401 and not self.is_held.is_set():
            self.is_held.set()
            await self.arrives.wait()
        return answer

    async def close(self) -> None:
        await self._http.close()


async def test_a_late_complaint_about_an_old_token_does_not_cost_the_new_one(
    fcm: FcmSimulator, means: Means
) -> None:
    http = SlowFirst401(means.http)
    provider = a_provider("fcm", fcm, replace(means, http=http))
    outgoing = an_outgoing(address=fcm.address)
    await provider.send(outgoing)
    fcm.revoke()
    late = asyncio.create_task(provider.send(outgoing))
    await http.is_held.wait()
    await provider.send(outgoing)
    await provider.send(outgoing)

    http.arrives.set()
    await late

    assert isinstance(await provider.send(outgoing), Accepted)
    assert fcm.granted == 2


async def test_a_service_account_that_google_refuses_is_the_accounts_fault(
    fcm: FcmSimulator, means: Means
) -> None:
    provider = a_provider("fcm", fcm, means)
    fcm.is_granting = False

    outcome = await provider.send(an_outgoing(address=fcm.address))

    assert isinstance(outcome, Refused)
    assert (outcome.fault.code, outcome.fault.blame) == ("no_access_token", Blame.ACCOUNT)
    assert [call.path for call in fcm.calls] == ["/token"]


async def test_a_token_endpoint_that_cannot_be_reached_means_that_nothing_was_sent(
    fcm: FcmSimulator, means: Means
) -> None:
    nowhere = {**fcm.service_account, "token_uri": "http://127.0.0.1:1/token"}
    provider = a_provider("fcm", fcm, means, service_account=nowhere)

    outcome = await provider.send(an_outgoing(address=fcm.address))

    assert isinstance(outcome, Deferred)
    assert fcm.calls == []


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (failing(503), Deferred),
        (throttled("3"), Deferred),
        (Lost(), Deferred),
        (page(200), Deferred),
        (Instead(Reply(200, b'{"access_token": "a", "expires_in": "soon"}')), Deferred),
        (elsewhere(), Deferred),
        (page(403), Refused),
    ],
)
async def test_trouble_at_the_token_endpoint_means_that_nothing_was_sent(
    trouble: Trouble, expected: type[Outcome], *, fcm: FcmSimulator, means: Means
) -> None:
    provider = a_provider("fcm", fcm, means)
    fcm.troubled_path = "/token"
    fcm.fail_next(trouble)

    outcomes = [await provider.send(an_outgoing(address=fcm.address)) for _ in range(2)]

    assert [expected, Accepted] == [type(outcome) for outcome in outcomes]
    assert len(fcm.messages) == 1


async def test_who_gives_up_waiting_does_not_take_the_token_from_others(
    fcm: FcmSimulator, means: Means
) -> None:
    provider = a_provider("fcm", fcm, means)
    first = asyncio.create_task(provider.send(an_outgoing(address=fcm.address)))
    second = asyncio.create_task(provider.send(an_outgoing(address=fcm.address)))
    await fcm.until(lambda: len(fcm.calls) == 1)

    first.cancel()

    assert isinstance(await second, Accepted)
    assert fcm.granted == 1


async def test_a_key_without_an_id_will_do(fcm: FcmSimulator, means: Means) -> None:
    account = {**fcm.service_account, "private_key_id": None}

    outcome = await a_provider("fcm", fcm, means, service_account=account).send(
        an_outgoing(address=fcm.address)
    )

    assert isinstance(outcome, Accepted)


@pytest.mark.parametrize("private_key", ["", "junk", EC_KEY])
def test_a_private_key_that_cannot_sign_is_refused_at_once(private_key: str) -> None:
    account = {**FcmSimulator().service_account, "private_key": private_key}

    with pytest.raises(Invalid, match="fcm") as refused:
        VENDOR.parse(json.dumps({"service_account": account}))

    assert private_key not in str(refused.value) or not private_key


@pytest.mark.parametrize(
    ("status", "canonical", "code", "blame"),
    [
        (404, "NOT_FOUND", "UNREGISTERED", Blame.ADDRESS),
        (404, "NOT_FOUND", None, Blame.ACCOUNT),
        (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", Blame.ACCOUNT),
        (403, "PERMISSION_DENIED", None, Blame.ACCOUNT),
        (401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", Blame.ACCOUNT),
        (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", Blame.CONTENT),
    ],
)
def test_a_refusal_says_whose_fault_it_is(
    status: int, canonical: str, *, code: str | None, blame: Blame
) -> None:
    details = [] if code is None else [{"@type": "FcmError", "errorCode": code}]
    error = {"code": status, "message": "No.", "status": canonical, "details": details}

    outcome = understand(HttpAnswer(status, {}, json_reply(status, {"error": error}).body))

    assert isinstance(outcome, Refused)
    assert (outcome.fault.code, outcome.fault.blame) == (code or canonical, blame)


async def test_a_token_of_an_uninstalled_app_is_gone(fcm: FcmSimulator, means: Means) -> None:
    fcm.unregistered.add(fcm.address)

    outcome = await a_provider("fcm", fcm, means).send(an_outgoing(address=fcm.address))

    assert blame_of(outcome) is Blame.ADDRESS


async def test_a_token_that_is_none_is_the_addresses_fault(fcm: FcmSimulator, means: Means) -> None:
    outcome = await a_provider("fcm", fcm, means).send(an_outgoing(address="short"))

    assert blame_of(outcome) is Blame.ADDRESS


@pytest.mark.parametrize(
    "content",
    [Content(body="x" * 5000), Content(body="Hello", data={"google.key": "reserved"})],
)
async def test_a_message_that_fcm_cannot_carry_is_the_contents_fault(
    content: Content, fcm: FcmSimulator, means: Means
) -> None:
    outgoing = an_outgoing(address=fcm.address, content=content)

    outcome = await a_provider("fcm", fcm, means).send(outgoing)

    assert blame_of(outcome) is Blame.CONTENT


def blame_of(outcome: Outcome) -> Blame:
    assert isinstance(outcome, Refused)
    return outcome.fault.blame


async def test_a_second_attempt_after_a_lost_answer_shows_nothing_twice(
    fcm: FcmSimulator, means: Means
) -> None:
    provider = a_provider("fcm", fcm, means)
    fcm.fail_next(Lost())

    await provider.send(an_outgoing(address=fcm.address, attempt=1))
    await provider.send(an_outgoing(address=fcm.address, attempt=2))

    assert len(fcm.messages) == 2
    assert fcm.on_screen(fcm.address) == ["Your code"]


@pytest.mark.parametrize(
    ("lane", "android", "apple"),
    [
        (Lane.CRITICAL, "HIGH", "10"),
        (Lane.HIGH, "HIGH", "10"),
        (Lane.MEDIUM, "NORMAL", "5"),
        (Lane.LOW, "NORMAL", "5"),
    ],
)
def test_the_lane_is_the_priority(lane: Lane, android: str, apple: str) -> None:
    message = message_of(an_outgoing(lane=lane))

    assert message["android"]["priority"] == android
    assert message["apns"]["headers"]["apns-priority"] == apple


def test_data_without_words_goes_to_apple_in_the_background() -> None:
    message = message_of(an_outgoing(lane=Lane.CRITICAL, content=Content(data={"sync": "1"})))

    assert "notification" not in message
    assert message["data"] == {"sync": "1", "sendwell_key": an_outgoing().key}
    assert message["apns"] == {
        "headers": {"apns-priority": "5", "apns-push-type": "background"},
        "payload": {"aps": {"content-available": 1}},
    }


def test_nobodys_data_can_pass_for_our_key() -> None:
    message = message_of(an_outgoing(content=Content(data={"sendwell_key": "another"})))

    assert message["data"] == {"sendwell_key": an_outgoing().key}


def test_an_expiry_is_told_to_both_platforms() -> None:
    message = message_of(an_outgoing(expires_in_seconds=600))

    assert message["android"]["ttl"] == "600s"
    assert message["apns"]["headers"]["apns-expiration"] == str(NOW // SECOND + 600)


@pytest.mark.parametrize(("expires_in_seconds", "ttl"), [(-1, "0s"), (10**9, "2419200s")])
def test_an_expiry_stays_within_four_weeks(expires_in_seconds: int, ttl: str) -> None:
    message = message_of(an_outgoing(expires_in_seconds=expires_in_seconds))

    assert message["android"]["ttl"] == ttl


def test_a_long_key_still_fits_apples_64_bytes() -> None:
    message = message_of(an_outgoing(key="k" * 65))

    assert len(message["apns"]["headers"]["apns-collapse-id"]) == 64
    assert message["data"]["sendwell_key"] == "k" * 65
