"""Operators sign in at an OpenID Connect provider."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.domain.permissions import Role
from sendwell.roles.accounts.api import access_routes
from sendwell.roles.accounts.oidc import OidcClient, OidcProvider
from sendwell.roles.accounts.service.single_sign_on import CALLBACK, SingleSignOn
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.tokens import Tokens
from tests.roles.accounts_house import SECRET, House, a_house
from tests.simulators.oidc import CLIENT_ID, CLIENT_SECRET, OidcSimulator

BEGIN = "/api/v1/sessions/oidc?organization_id=acme"
OPERATORS = "/api/v1/operators"
HOME = "http://sendwell.test"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        await house.found()
        yield house


@pytest.fixture
async def provider(house: House) -> AsyncIterator[OidcSimulator]:
    """A provider, at which the house lets people sign in."""
    async with OidcSimulator(lambda: house.clock.now() / 1e6) as simulator:
        http = HttpClient(policy=Trusted(), clock=house.clock)
        known_as = OidcProvider(simulator.base_url, CLIENT_ID, CLIENT_SECRET)
        single_sign_on = SingleSignOn(
            OidcClient(known_as, http, house.clock),
            house.store.operators,
            house.access.sessions,
            tokens=Tokens(SECRET, house.clock),
            clock=house.clock,
            redirect=f"{HOME}{CALLBACK}",
        )
        access = replace(house.access, single_sign_on=single_sign_on)
        house.app = build_app(Callers(house.accounts), [], [], above_tenants=access_routes(access))
        yield simulator
        await http.close()


async def leave(browser: Any) -> str:
    """Off to the provider; gives the path that it sends the browser back to."""
    away = await browser.get(BEGIN)
    assert away.status_code == 303, away.text
    async with httpx2.AsyncClient() as wire:
        page = await wire.get(away.headers["location"])
    assert page.status_code == 302
    back: str = page.headers["location"]
    assert back.startswith(f"{HOME}{CALLBACK}?")
    return back.removeprefix(HOME)


async def sign_in(house: House) -> httpx2.Response:
    """The whole way, in one browser."""
    browser = house.client()
    answer: httpx2.Response = await browser.get(await leave(browser))
    return answer


async def test_an_operator_signs_in_at_the_provider(house: House, provider: OidcSimulator) -> None:
    answer = await sign_in(house)

    client = house.client(answer.json()["access_token"])
    found = (await client.get("/api/v1/sessions/current")).json()
    assert (answer.status_code, found["role"]) == (200, "owner")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"azp": "another-client"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": 9_000_000_000},
        {"sub": ""},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": "nobody@example.org"},
        {"email": ["grace@example.org"]},
    ],
)
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    house: House, provider: OidcSimulator, claims: dict[str, Any]
) -> None:
    provider.claims = claims

    assert (await sign_in(house)).status_code == 401


async def test_a_token_signed_with_the_public_key_is_refused(
    house: House, provider: OidcSimulator
) -> None:
    provider.algorithm = "HS256"

    assert (await sign_in(house)).status_code == 401


async def test_a_key_that_the_provider_has_changed_is_asked_for_and_then_remembered(
    house: House, provider: OidcSimulator
) -> None:
    await sign_in(house)
    provider.change_key()
    house.clock.passed += 61

    answers = [await sign_in(house) for _ in range(3)]

    asked = [call.path for call in provider.calls]
    assert [200] * 3 == [each.status_code for each in answers]
    assert (asked.count("/keys"), asked.count("/.well-known/openid-configuration")) == (2, 1)


async def test_a_stolen_answer_is_of_no_use_in_another_browser(
    house: House, provider: OidcSimulator
) -> None:
    back = await leave(house.client())

    other = house.client()
    await leave(other)

    assert [401, 401] == [(await each.get(back)).status_code for each in (house.client(), other)]


async def test_an_answer_counts_once_and_for_ten_minutes(
    house: House, provider: OidcSimulator
) -> None:
    browser, late = house.client(), house.client()
    back, too_late = await leave(browser), await leave(late)
    first = await browser.get(back)
    browser.cookies.set("sendwell-oidc", back.partition("state=")[2].partition("&")[0])

    again = await browser.get(back)
    house.clock.passed += 601
    expired = await late.get(too_late)

    assert [200, 401, 401] == [each.status_code for each in (first, again, expired)]


async def test_from_the_first_time_on_it_has_to_be_the_same_person(
    house: House, provider: OidcSimulator
) -> None:
    await sign_in(house)
    provider.person["sub"] = "somebody-with-her-old-address"

    assert (await sign_in(house)).status_code == 401


async def test_who_they_are_at_the_provider_can_be_forgotten(
    house: House, provider: OidcSimulator
) -> None:
    await sign_in(house)
    owner = await house.signed_in()
    before = await operator(owner)
    provider.person["sub"] = "she herself after the provider has moved"
    with capture_logs() as logs:
        refused = await sign_in(house)

    forgotten = await owner.patch(f"{OPERATORS}/{before['id']}", json={"forget_identity": True})
    ended = await owner.get(OPERATORS)
    answer = await sign_in(house)

    client = house.client(answer.json()["access_token"])
    deeds = (await client.get("/api/v1/audit")).json()["data"]
    told = [each["details"] for each in deeds if each["action"] == "operator.changed"]
    assert "forget_identity" in refused.json()["detail"]
    assert [("oidc.other_identity", before["id"])] == [(e["event"], e["operator"]) for e in logs]
    assert (forgotten.json()["has_identity"], ended.status_code, answer.status_code) == (
        False,
        401,
        200,
    )
    assert (before["has_identity"], (await operator(client))["has_identity"]) == (True, True)
    assert [{"role": "owner", "disabled": "false", "identity": "forgotten"}] == told


async def test_an_admin_forgets_no_owners_identity(house: House, provider: OidcSimulator) -> None:
    await sign_in(house)
    admin = await house.operator(Role.ADMIN)
    grace = await operator(admin)

    answer = await admin.patch(f"{OPERATORS}/{grace['id']}", json={"forget_identity": True})

    assert answer.status_code == 403
    assert (await sign_in(house)).status_code == 200


async def operator(client: Any) -> dict[str, Any]:
    """The oldest operator as shown."""
    found: dict[str, Any] = (await client.get(OPERATORS)).json()["data"][0]
    return found


async def test_a_provider_that_calls_itself_otherwise_is_not_believed(
    house: House, provider: OidcSimulator
) -> None:
    provider.issuer = "https://evil.example"

    assert (await house.client().get(BEGIN)).status_code == 503


async def test_who_was_not_let_in_there_is_not_let_in_here(
    house: House, provider: OidcSimulator
) -> None:
    answer = await house.client().get(f"{CALLBACK}?state=x&error=access_denied")

    assert answer.status_code == 401


async def test_without_a_provider_there_is_nothing_to_sign_in_at(house: House) -> None:
    answers = [await house.client().get(each) for each in (BEGIN, f"{CALLBACK}?state=x&code=y")]

    assert [404, 404] == [each.status_code for each in answers]
