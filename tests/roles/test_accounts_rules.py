"""A tenant's rules by API: read, replaced, reset, on the record, and known elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.budget import Budget
from sendwell.domain.errors import Invalid
from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.limits import Limit, OverLimit, Rate
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Route
from sendwell.domain.tenant_limits import TenantLimits
from sendwell.roles.accounts.rules import Reach, check, fields_of, policy_of
from sendwell.roles.accounts.sections import SECTIONS
from sendwell.roles.accounts.service import Accounts
from tests.roles.accounts_house import House, a_house, pointers

ACME = TenantId("acme")
RULES = "/api/v1/rules"
EMAIL, SMS = ChannelName("email"), ChannelName("sms")
REACH = Reach((EMAIL, SMS), {EMAIL: {"smtp", "mailbox"}})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def put(client: Any, section: str, value: Any, **headers: str) -> Any:
    return await client.put(f"{RULES}/{section}", json=value, headers=headers)


GOOD = [
    ("priorities", [{"event_type": "otp*", "priority": "high"}]),
    ("routing", {"email": "smtp,sendgrid:2"}),
    ("limits", {"tenant": "100/s", "channels": {"sms": "10/s drop"}}),
    ("quota", {"notifications": "10000/m"}),
    ("budget", {"per_day": 5, "over": "drop"}),
    ("channels", ["sms", "email"]),
    ("locality", {"timezone": "Australia/Lord_Howe", "locale": "en-AU"}),
    ("preferences", {"channels": {"sms": {"categories": {"marketing": False}}}}),
]


@pytest.mark.parametrize(("section", "value"), GOOD)
async def test_a_section_is_replaced_as_a_whole_and_reset_to_what_it_was(
    house: House, section: str, value: Any
) -> None:
    acme = await house.found()
    before = (await acme.get(f"{RULES}/{section}")).json()

    replaced = await put(acme, section, value)

    assert replaced.status_code == 200, replaced.text
    assert (await acme.get(f"{RULES}/{section}")).json() == replaced.json() != before
    assert (await put(acme, section, replaced.json())).json() == replaced.json()
    assert (await acme.get(RULES)).json()["own"] == [section]
    assert (await acme.delete(f"{RULES}/{section}")).json() == before
    assert (await acme.get(RULES)).json()["own"] == []


async def test_all_of_it_is_the_policy_that_the_flow_reads(house: House) -> None:
    acme = await house.found()

    for section, value in GOOD:
        await put(acme, section, value)

    policy = house.accounts.policy(ACME)
    assert policy.routes == {EMAIL: Route.parse("smtp,sendgrid:2")}
    assert policy.limits == TenantLimits(Limit.parse("100/s"), {SMS: Limit.parse("10/s drop")})
    assert policy.quota == Rate.parse("10000/m")
    assert policy.budget == Budget(5, OverLimit.DROP)
    assert policy.channels == (SMS, EMAIL)
    assert (policy.timezone, policy.locale) == ("Australia/Lord_Howe", "en-AU")
    assert policy.preference_defaults.category("sms", "marketing") is False
    assert policy.classify("otp_login").lane.label == "high"


@pytest.mark.parametrize(
    ("section", "value", "wrong"),
    [
        ("priorities", [{"event_type": "a", "priority": "soon"}], {"/0/priority"}),
        ("priorities", [{"event_type": "a*b", "priority": "low"}], {"/0/event_type"}),
        ("priorities", [{"event_type": "a"}, 5], {"/0", "/1"}),
        ("priorities", [{"event_type": "a", "priority": "low", "colour": 1}], {"/0/colour"}),
        ("priorities", [{"event_type": "a" * 101, "priority": "low"}], {"/0/event_type"}),
        ("priorities", {}, {""}),
        ("routing", {"email": "smtp,smtp", "SMS": "x", "push": 1}, {"/email", "/SMS", "/push"}),
        ("limits", {"tenant": "1/x", "channels": {"sms": 1}}, {"/tenant", "/channels/sms"}),
        ("quota", {"notifications": "many"}, {"/notifications"}),
        ("quota", {"notifications": 1}, {"/notifications"}),
        ("budget", {"per_day": 0}, {"/per_day"}),
        ("channels", ["sms", "sms"], {"/1"}),
        ("locality", {"timezone": "Vienna", "locale": "!"}, {"/timezone", "/locale"}),
        ("preferences", {"quiet_hours": 5}, {"/quiet_hours"}),
    ],
)
async def test_every_wrong_field_is_pointed_at_and_nothing_is_changed(
    house: House, section: str, value: Any, wrong: set[str]
) -> None:
    acme = await house.found()

    refused = await put(acme, section, value)

    assert refused.status_code == 400
    assert pointers(refused) == wrong
    assert (await acme.get(RULES)).json()["own"] == []


async def test_no_body_and_no_such_section_are_refused(house: House) -> None:
    acme = await house.found()

    assert (await acme.put(f"{RULES}/budget")).status_code == 400
    assert (await acme.get(f"{RULES}/magic")).status_code == 404


@pytest.mark.parametrize(
    ("section", "value", "wrong"),
    [
        ("routing", {"email": "smtp,mailbox"}, []),
        ("routing", {"email": "sendgrid,smtp"}, ["/email"]),
        ("routing", {"sms": "anything"}, []),
        ("routing", {"pigeon": "smtp"}, ["/pigeon"]),
        ("limits", {"channels": {"pigeon": "1/s"}}, ["/channels/pigeon"]),
        ("channels", ["sms", "pigeon"], ["/1"]),
        ("budget", {"per_day": 1}, []),
        ("preferences", {"enabled": False, "channels": {"sms": {"enabled": False}}}, []),
        (
            "preferences",
            {
                "channels": {"pigeon": {"categories": {"ads": False}}},
                "topics": {"news": {"enabled": True, "channels": {"pigeon": False}}},
                "order": ["email", "pigeon"],
            },
            ["/channels/pigeon", "/topics/news/channels/pigeon", "/order/1"],
        ),
    ],
)
def test_what_is_not_there_can_not_be_named(section: str, value: Any, wrong: list[str]) -> None:
    assert flaws(section, value, REACH) == wrong
    assert flaws(section, value, Reach()) == []


def test_defaults_name_any_channel_but_routes_only_those_that_are_enabled() -> None:
    reach = Reach((EMAIL,))

    assert flaws("preferences", {"channels": {"sms": {"enabled": False}}}, reach) == []
    assert flaws("routing", {"sms": "smtp"}, reach) == ["/sms"]


def flaws(section: str, value: Any, reach: Reach) -> list[str]:
    try:
        check(SECTIONS[section], value, reach=reach)
    except Invalid as refusal:
        return [flaw.pointer for flaw in refusal.flaws]
    return []


@given(st.sampled_from(list(SECTIONS.values())), st.data())
def test_what_is_no_rule_is_refused_and_never_a_defect(section: Any, data: st.DataObject) -> None:
    text = st.sampled_from(["tenant", "channels", "sms", "1/s", "per_day", "over", "event_type"])
    value = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        )
    )

    form = Form(value)
    fields = section.read(form)

    assert form.flaws or section.json(replace(Policy(), **fields)) is not None


def test_rules_that_another_version_wrote_are_as_if_they_were_not_there() -> None:
    rules = {"budget": {"per_week": 3}, "telepathy": {}, "quota": {"notifications": "5/m"}}

    policy = policy_of(rules, defaults=Policy(), is_sandboxed=False, tenant=ACME)

    assert (policy.budget, policy.quota) == (None, Rate.parse("5/m"))


def test_a_section_read_from_its_own_json_says_the_same() -> None:
    for section, value in GOOD:
        fields = fields_of(SECTIONS[section], value)
        written = SECTIONS[section].json(replace(Policy(), **fields))
        assert fields_of(SECTIONS[section], written) == fields


async def test_only_who_has_seen_the_latest_can_change_it_where_they_ask_for_that(
    house: House,
) -> None:
    acme = await house.found()
    seen = (await acme.get(f"{RULES}/budget")).headers["etag"]
    changed = await put(acme, "budget", {"per_day": 1}, **{"If-Match": seen})

    stale = await put(acme, "budget", {"per_day": 2}, **{"If-Match": seen})
    gone = await acme.delete(f"{RULES}/budget", headers={"If-Match": seen})
    latest = await acme.delete(f"{RULES}/budget", headers={"If-Match": changed.headers["etag"]})

    assert (changed.status_code, stale.status_code, gone.status_code) == (200, 412, 412)
    assert latest.headers["etag"] == seen


async def test_who_changed_what_is_on_the_record(house: House) -> None:
    acme = await house.found()

    await put(acme, "budget", {"per_day": 1})
    await put(acme, "budget", {"per_day": 0})
    await acme.delete(f"{RULES}/budget")

    entries = (await acme.get("/api/v1/audit")).json()["data"]
    done = [(e["action"], e["subject"], e["details"]) for e in entries if "rules" in e["action"]]
    assert done == [
        ("rules.budget.reset", "budget", {}),
        ("rules.budget.replaced", "budget", {"budget": '{"per_day":1}'}),
    ]


async def test_another_process_knows_a_change_within_seconds_and_says_so(house: House) -> None:
    acme = await house.found()
    other = house.elsewhere()
    await other.start()
    heard: asyncio.Queue[tuple[TenantId, Policy, Policy]] = asyncio.Queue()
    other.on_change(lambda *change: heard.put_nowait(change))
    edition = other.book.edition
    keeping = asyncio.create_task(other.run())

    await put(acme, "budget", {"per_day": 7})

    async with asyncio.timeout(5):
        tenant, before, after = await heard.get()
    keeping.cancel()
    assert (tenant, before.budget, after.budget) == (ACME, None, Budget(7))
    assert other.policy(ACME).budget == Budget(7)
    assert other.book.edition != edition


async def test_another_default_is_heard_for_those_that_have_no_rule_of_their_own(
    house: House,
) -> None:
    beta, _ = await house.found("beta"), await house.found()
    await put(beta, "locality", {"timezone": "Europe/Vienna"})
    heard: dict[TenantId, tuple[str, str]] = {}
    house.accounts.on_change(
        lambda tenant, *change: heard.update({tenant: (change[0].timezone, change[1].timezone)})
    )
    edition = house.accounts.book.edition

    house.accounts.use_defaults(Policy(timezone="Asia/Tokyo"))

    assert (("UTC", "Asia/Tokyo"), None) == (heard[ACME], heard.get(TenantId("beta")))
    assert edition != house.accounts.book.edition


async def test_a_change_is_known_elsewhere_also_behind_one_by_a_clock_that_was_ahead(
    house: House,
) -> None:
    acme, beta = await house.found(), await house.found("beta")
    house.clock.passed += 86_400
    await put(beta, "budget", {"per_day": 5})
    house.clock.passed -= 86_400
    other = house.elsewhere()
    await other.start()
    keeping = asyncio.create_task(other.run())

    await put(acme, "budget", {"per_day": 7})

    assert await is_known_soon(other, Budget(7))
    keeping.cancel()


async def test_a_change_that_could_not_be_seen_for_minutes_is_not_passed_over_for_an_own_one(
    house: House,
) -> None:
    acme, beta = await house.found(), await house.found("beta")
    other = house.elsewhere()
    await other.start()
    caller = await other.caller(beta.headers["authorization"].removeprefix("Bearer "))

    await put(acme, "budget", {"per_day": 7})
    house.clock.passed += 120
    await other.rules.replace(caller, "budget", {"per_day": 5})
    keeping = asyncio.create_task(other.run())

    assert await is_known_soon(other, Budget(7))
    keeping.cancel()


async def is_known_soon(accounts: Accounts, budget: Budget) -> bool:
    """Whether Acme's budget is that within seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while accounts.policy(ACME).budget != budget:
                await asyncio.sleep(0.01)
    return accounts.policy(ACME).budget == budget


async def test_two_processes_that_change_different_sections_lose_neither(house: House) -> None:
    acme = await house.found()
    other = house.elsewhere()
    await other.start()
    caller = await other.caller(acme.headers["authorization"].removeprefix("Bearer "))
    await put(acme, "budget", {"per_day": 7})

    await other.rules.replace(caller, "quota", {"notifications": "5/m"})

    policy = other.policy(ACME)
    assert (policy.budget, policy.quota) == (Budget(7), Rate.parse("5/m"))


async def test_a_tenant_that_another_process_has_made_is_known_within_seconds(
    house: House,
) -> None:
    other = house.elsewhere()
    await other.start()
    keeping = asyncio.create_task(other.run())

    await house.found()

    async with asyncio.timeout(5):
        while not other.knows(ACME):
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert other.policy(ACME) == house.accounts.policy(ACME)


async def test_each_environment_has_rules_of_its_own(house: House) -> None:
    acme = await house.found()

    await put(acme, "budget", {"per_day": 7})

    assert house.accounts.policy(TenantId("acme.test")).budget is None
