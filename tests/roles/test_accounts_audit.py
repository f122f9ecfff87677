"""The audit log: what is on it, and that nobody can rewrite it unseen."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from sendwell.domain.ids import TenantId
from sendwell.ports.audit import Deed, Entrusted
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.tables import AUDIT
from tests.roles.accounts_house import House, a_house

LOG = "/api/v1/audit"
ACME = TenantId("acme")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def a_log(house: House, *, deeds: int = 5) -> Any:
    acme = await house.found()
    for number in range(deeds):
        deed = Deed(ACME, "test", "thing.done", f"thing-{number}", number, {"n": number})
        await house.database.commit(recorded(deed))
    return acme


async def test_every_change_is_on_the_record_with_who_made_it(house: House) -> None:
    acme = await house.found()
    owner = await house.signed_in()
    actor = f"operator:{owner.tokens['operator']['id']}"
    key = (await owner.post("/api/v1/api-keys", json={"name": "x"})).json()
    await owner.delete(f"/api/v1/api-keys/{key['id']}")

    entries = (await acme.get(LOG)).json()["data"]

    assert [
        ("platform", "operator.created"),
        ("platform", "tenant.created"),
        (actor, "session.started"),
        (actor, "key.created"),
        (actor, "key.revoked"),
    ] == [(each["actor"], each["action"]) for each in reversed(entries)]
    assert [1, 2, 3, 4, 5] == [each["sequence"] for each in reversed(entries)]
    assert "grace" not in str(entries)


async def test_who_is_founded_with_an_owner_is_so_at_times_in_their_order(house: House) -> None:
    """Also where hashing the owner's password has taken a while."""
    await house.found()

    newest_first = await house.store.audit.page(ACME, before=None, limit=10)

    times = [each.deed.at for each in reversed(newest_first)]
    assert times == sorted(times)


async def test_pages_follow_each_other_without_gaps(house: House) -> None:
    acme = await a_log(house, deeds=7)
    seen, cursor = [], None
    while True:
        page = await acme.get(LOG, params={"limit": 3, **({"cursor": cursor} if cursor else {})})
        seen += [each["sequence"] for each in page.json()["data"]]
        cursor = page.json()["next_cursor"]
        assert (cursor is None) == ("link" not in page.headers)
        if cursor is None:
            break

    assert list(range(9, 0, -1)) == seen


async def test_an_untouched_log_is_intact(house: House) -> None:
    acme = await a_log(house)

    found = (await acme.get(f"{LOG}/verification")).json()

    assert (found["intact"], found["entries"]) == (True, 7)


@pytest.mark.parametrize(
    ("forgery", "broken_at"),
    [
        (update(AUDIT).where(AUDIT.c.sequence == 4).values(actor="somebody else"), 4),
        (update(AUDIT).where(AUDIT.c.sequence == 4).values(details='{"n":9}'), 4),
        (delete(AUDIT).where(AUDIT.c.tenant == ACME, AUDIT.c.sequence == 4), 4),
        (delete(AUDIT).where(AUDIT.c.tenant == ACME, AUDIT.c.sequence >= 6), 6),
        (delete(AUDIT).where(AUDIT.c.tenant == ACME), 1),
        (text("UPDATE audit SET sequence=sequence+100 WHERE sequence=7"), 7),
    ],
)
async def test_a_forgery_is_found(house: House, forgery: Any, broken_at: int) -> None:
    acme = await a_log(house)
    await house.database.execute(forgery)

    found = (await acme.get(f"{LOG}/verification")).json()

    assert (found["intact"], found["broken_at"]) == (False, broken_at)


async def test_each_tenant_has_a_chain_of_its_own(house: House) -> None:
    acme = await a_log(house)
    other = await house.found("other")

    pages = [(await each.get(f"{LOG}/verification")).json() for each in (acme, other)]

    assert [7, 2] == [each["entries"] for each in pages]


async def test_deeds_that_come_together_form_one_chain(house: House) -> None:
    acme = await house.found()
    deeds = [Deed(ACME, "test", "thing.done", str(n), n) for n in range(50)]
    unit = [write for deed in deeds for write in recorded(deed)]

    await house.database.commit(unit)

    assert (await acme.get(f"{LOG}/verification")).json()["intact"]


async def test_what_other_services_hand_over_is_on_record_once_however_often(house: House) -> None:
    acme = await house.found()
    deeds = [Entrusted(f"id-{n}", Deed(ACME, "test", "thing.done", str(n), n)) for n in range(9)]

    await house.accounts.take(deeds[:5])
    await house.accounts.take([*deeds[3:], deeds[8]])
    log = (await acme.get(LOG)).json()["data"]

    assert [str(n) for n in range(9)] == [each["subject"] for each in reversed(log)][2:]
    assert (await acme.get(f"{LOG}/verification")).json()["intact"]
