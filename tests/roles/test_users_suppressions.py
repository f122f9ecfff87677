"""The list of addresses that must not be sent to, as a tenant sees and keeps it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.policy import Policy
from sendwell.domain.suppression import Source
from sendwell.ports.database import Database, acting_for
from sendwell.roles.accounts import tables as accounts_tables
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.users.api.suppressions import PATH, routes
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.suppression_list import SuppressionList
from sendwell.roles.users.service.suppressions import EVERYBODY, Notice
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from sendwell.roles.users.tables import SUPPRESSION
from sendwell.runtime.deeds import Deeds
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers
from tests.roles.patient_clock import PatientClock
from tests.roles.users_house import (
    ACME,
    ADA,
    EMAIL,
    OTHER,
    PUSH,
    SMS,
    a_client,
    pointers,
)

ADDRESS = "ada@example.org"
NUMBER = "+436641234567"


class House:
    """The list, and two tenants who see it."""

    acme: httpx2.AsyncClient
    other: httpx2.AsyncClient

    def __init__(self, database: Database, others: SqliteDatabase) -> None:
        self.database, self.others, self.clock = database, others, PatientClock()
        self.accounts = Accounts(AccountStore(others), defaults=Policy(), clock=self.clock)
        store = UserStore(database)
        self.users = Users(store, clock=self.clock)
        self.list = SuppressionList(
            store.suppressions,
            self.users,
            deeds=Deeds(self.accounts, others, self.clock),
            clock=self.clock,
        )

    async def open(self) -> None:
        app = build_app(Callers(self.accounts), [], [routes(self.list)])
        self.acme = await a_client(self.accounts, app, ACME)
        self.other = await a_client(self.accounts, app, OTHER)

    async def add(self, *entries: dict[str, Any]) -> httpx2.Response:
        return await self.acme.post(PATH, json={"suppressions": list(entries)})

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.acme.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def hears(self, address: str, source: Source, *, at: int | None = None) -> None:
        """News of a number from a provider or person."""
        await self.users.suppress(
            ACME,
            SMS,
            address=address,
            reason=f"by {source}",
            at=self.clock.now() if at is None else at,
            source=source,
        )

    async def deeds(self) -> list[tuple[str, str]]:
        rows = await self.others.rows(select(accounts_tables.AUDIT))
        return [(row.action, row.actor) for row in rows]


@pytest.fixture
async def house(tmp_path: Path, users_database: Database) -> AsyncIterator[House]:
    others = SqliteDatabase(tmp_path / "accounts.sqlite")
    accounts_tables.METADATA.create_all(others.engine)
    house = House(users_database, others)
    await house.open()
    yield house
    await house.acme.aclose()
    await house.other.aclose()
    await others.close()


async def test_what_is_added_by_hand_is_not_sent_to_at_once(house: House) -> None:
    assert not await house.users.suppressed(ACME, [(EMAIL, ADDRESS)])

    answer = await house.add({"channel": "email", "address": ADDRESS, "reason": "a letter"})

    assert (answer.status_code, answer.json()) == (200, {"added": 1})
    assert {(EMAIL, ADDRESS): "a letter"} == await house.users.suppressed(ACME, [(EMAIL, ADDRESS)])


async def test_the_list_tells_what_why_and_who_said_so(house: House) -> None:
    await house.add({"channel": "email", "address": ADDRESS})
    await house.hears(NUMBER, Source.GONE)

    newest, first = await house.listed()

    assert {"channel": "sms", "address": NUMBER, "reason": "by gone", "source": "gone"}.items() <= (
        newest.items()
    )
    assert ("email", ADDRESS, "by_hand", "hand") == tuple(
        first[name] for name in ("channel", "address", "reason", "source")
    )
    assert first["since"].endswith("Z")


async def test_a_suppression_from_before_addresses_were_kept_is_listed_without(
    house: House,
) -> None:
    await house.hears(NUMBER, Source.GONE)
    await house.database.execute(SUPPRESSION.update().values(source=None, body=None))

    (listed,) = await house.listed()

    assert (None, None, "by gone") == (listed["address"], listed["source"], listed["reason"])


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"channel": "sms"}, [2, 1]),
        ({"channel": "email"}, [3]),
        ({"source": "gone"}, [2]),
        ({"reason": "by_hand"}, [3]),
        ({"address": "+432"}, [2]),
        ({"address": "+432", "channel": "email"}, []),
        ({"address": "ADA@example.org"}, [3]),
        ({"channel": "push"}, []),
    ],
)
async def test_a_list_is_narrowed(house: House, query: dict[str, str], numbers: list[int]) -> None:
    await house.hears("+431", Source.STOP_WORD)
    await house.hears("+432", Source.GONE)
    await house.add({"channel": "email", "address": ADDRESS})
    addresses = {1: "+431", 2: "+432", 3: ADDRESS}

    listed = await house.listed(**query)

    assert [addresses[number] for number in numbers] == [each["address"] for each in listed]


async def test_pages_show_each_suppression_once(house: House) -> None:
    many = [{"channel": "sms", "address": f"+43664{1_000_000 + n}"} for n in range(25)]
    await house.add(*many)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 10}

    while True:
        answer = await house.acme.get(PATH, params=query)
        seen += [each["address"] for each in answer.json()["data"]]
        if (cursor := answer.json()["next_cursor"]) is None:
            break
        assert cursor in answer.headers["link"]
        query["cursor"] = cursor

    assert {each["address"] for each in many} == set(seen)
    assert len(many) == len(seen)


@pytest.mark.parametrize("cursor", ["x", "djE6MTI", "djE6MTI6eno", "é", "dj" * 40])
async def test_a_cursor_of_ones_own_making_is_refused(house: House, cursor: str) -> None:
    answer = await house.acme.get(PATH, params={"cursor": cursor})

    assert (answer.status_code, pointers(answer)) == (400, {"/query/cursor"})


@pytest.mark.parametrize(
    ("channel", "address"),
    [("email", ADDRESS), ("sms", NUMBER), ("webhook", "https://example.org/hooks/ada")],
)
async def test_what_is_removed_is_sent_to_again_and_no_longer_kept(
    house: House, channel: str, address: str
) -> None:
    await house.add({"channel": channel, "address": address})
    path = f"{PATH}/{channel}/{address}"

    removed, again = await house.acme.delete(path), await house.acme.delete(path)

    assert (removed.status_code, again.status_code) == (204, 404)
    assert await house.listed() == []
    (row,) = await house.database.rows(select(SUPPRESSION))
    assert row.body is None


async def test_another_tenant_neither_sees_nor_removes_it(house: House) -> None:
    await house.add({"channel": "email", "address": ADDRESS})

    seen = (await house.other.get(PATH)).json()["data"]
    removed = await house.other.delete(f"{PATH}/email/{ADDRESS}")

    assert (seen, removed.status_code) == ([], 404)
    assert len(await house.listed()) == 1


async def test_a_thousand_are_added_at_once_and_a_thousand_and_one_are_not(house: House) -> None:
    many = [{"channel": "sms", "address": f"+43664{1_000_000 + n}"} for n in range(1001)]

    too_many = await house.add(*many)
    added = await house.add(*many[1:])

    assert (too_many.status_code, added.json()) == (400, {"added": 1000})
    wanted = [(SMS, each["address"]) for each in many]
    assert 1000 == len(await house.users.suppressed(ACME, wanted))


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ({"channel": "pigeon", "address": "x"}, "/suppressions/1/channel"),
        ({"channel": "email", "address": "no address"}, "/suppressions/1/address"),
        ({"channel": "sms", "address": "0664 1234567"}, "/suppressions/1/address"),
        ({"channel": "email"}, "/suppressions/1/address"),
        ({"channel": "email", "address": ADDRESS, "source": "gone"}, "/suppressions/1/source"),
        ({"channel": "email", "address": ADDRESS, "reason": "a\nb"}, "/suppressions/1/reason"),
    ],
)
async def test_what_cannot_be_an_address_is_pointed_at_and_nothing_is_added(
    house: House, entry: dict[str, str], pointer: str
) -> None:
    answer = await house.add({"channel": "email", "address": "bob@example.org"}, entry)

    assert (answer.status_code, pointers(answer)) == (400, {pointer})
    assert await house.listed() == []


async def test_changes_by_hand_are_on_record_without_the_address(house: House) -> None:
    await house.add({"channel": "email", "address": ADDRESS})
    await house.acme.delete(f"{PATH}/email/{ADDRESS}")

    rows = await house.others.rows(select(accounts_tables.AUDIT))

    assert ["suppressions.added", "suppressions.removed"] == [row.action for row in rows]
    assert rows[0].subject == rows[1].subject
    assert not any(ADDRESS in str(row) for row in rows)


async def test_what_the_tenant_said_stays_whatever_providers_report(house: House) -> None:
    await house.add({"channel": "sms", "address": NUMBER, "reason": "a letter"})

    await house.hears(NUMBER, Source.GONE)

    (listed,) = await house.listed()
    assert ("hand", "a letter") == (listed["source"], listed["reason"])


async def test_a_push_token_that_is_gone_goes_though_the_tenant_said_more(house: House) -> None:
    person = await house.users.put(ACME, ADA, Profile())
    await house.users.add_token(ACME, ADA, token="a-token", platform=None)
    await house.add({"channel": "push", "address": "a-token"})

    await house.users.suppress(
        ACME, PUSH, address="a-token", reason="address_gone", at=house.clock.now()
    )

    assert person
    assert not (await house.users.person(ACME, ADA)).tokens
    assert ["hand"] == [each["source"] for each in await house.listed()]


async def test_the_last_word_of_one_call_counts(house: House) -> None:
    here, now = (SMS, NUMBER), house.clock.now()
    words = [None, "one", None, "two"]

    await house.users.notice(ACME, [Notice(ACME, *here, why, now) for why in words])

    assert {here: "two"} == await house.users.suppressed(ACME, [here])
    assert ["two"] == [each["reason"] for each in await house.listed()]


async def test_what_is_for_everybody_holds_for_each_tenant_and_is_on_nobodys_list(
    house: House,
) -> None:
    await house.users.suppress(
        EVERYBODY, SMS, address=NUMBER, reason="stop_word", at=1, source=Source.STOP_WORD
    )

    acting = acting_for.set(ACME)
    found = [await house.users.suppressed(tenant, [(SMS, NUMBER)]) for tenant in (ACME, OTHER)]
    acting_for.reset(acting)

    assert [{(SMS, NUMBER): "stop_word"}] * 2 == found
    assert await house.listed() == []
    (row,) = await house.database.rows(select(SUPPRESSION))
    assert row.body is None
