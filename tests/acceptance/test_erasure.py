"""A person is exported and erased: everywhere, for good, and nothing else is lost by it."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.dump import tables_on_server_with, tables_with
from tests.acceptance.product import Product, running
from tests.services.needs import needs

MARK = "zanzibar"
"""In their id, their name, their addresses, and in every word they were told."""

ADA = "zanzibar-7"
HERE = f"/api/v1/users/{ADA}"
PERSON = {
    "email": "zanzibar@example.org",
    "phone": "+255241234567",
    "name": "Zanzibar",
    "attributes": {"nickname": "Zanzibar"},
}
ENDED = ("SENT", "DELIVERED", "DEAD")
Tables = Callable[[], Awaitable[set[str]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs("postgres"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, str], Tables]:
    """Where the product keeps everything, and which tables there have the mark."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("made_postgres_url")
        return {"DB_URL": url}, lambda: tables_on_server_with(url, MARK)

    async def marked() -> set[str]:
        return tables_with(tmp_path / "sendwell.db", MARK)

    return {}, marked


async def told(product: Product) -> list[str]:
    """A person with something in every store; gives what they were told, the last one later."""
    await put(product, HERE, **PERSON)
    await put(product, f"{HERE}/preferences", categories={"zanzibar": False})
    answer = await product.client.post(f"{HERE}/tokens", json={"token": "zanzibar-token"})
    assert answer.status_code == 201
    words = {"subject": "Zanzibar", "title": "Zanzibar", "text": "Zanzibar", "body": "Zanzibar"}
    own = {"content": words, "data": {"name": "Zanzibar"}, "metadata": {"for": "Zanzibar"}}
    bob = {"email": "bob@example.org"}
    ended = [
        await accepted(product, user_id=ADA, channels=["email", "in_app", "push"], **own),
        await accepted(product, to={"email": "Zanzibar@Example.org"}, channel="email", **own),
        await accepted(product, to=[{"user_id": ADA}, bob], channel="email", content="Both"),
        await accepted(product, user_id=ADA, channel="webhook", **own),  # has no URL: dead
    ]
    for id_ in ended:
        await product.settled(id_, *ENDED)
    later = await accepted(product, user_id=ADA, send_at="2099-01-01T00:00:00Z", **own)
    await product.settled(later, "SCHEDULED")
    return [*ended, later]


async def put(product: Product, path: str, **document: Any) -> None:
    answer = await product.client.put(path, json=document)
    assert answer.is_success, answer.text


async def accepted(product: Product, **request: Any) -> str:
    answer = await product.send(**request)
    assert answer.status_code == 202, answer.text
    id_: str = answer.json()["id"]
    return id_


async def erased(product: Product) -> Any:
    """Ask for it, and wait until nobody has anything left."""
    answer = await product.client.post(f"{HERE}/erasure")
    assert answer.status_code == 202, answer.text
    return await done(product, answer.headers["location"])


async def done(product: Product, location: str) -> Any:
    async with asyncio.timeout(60):
        while not (found := (await product.client.get(location)).json())["is_done"]:
            await asyncio.sleep(0.05)
    return found


async def test_nothing_of_an_erased_person_is_left_in_any_table(
    tmp_path: Path, database: tuple[dict[str, str], Tables]
) -> None:
    environment, marked = database
    async with running(tmp_path, environment=environment) as product:
        ids = await told(product)
        before = await marked()
        states = [(await product.get(f"/notifications/{id_}"))["status"] for id_ in ids]

        report = await erased(product)

        (letter,) = (await product.get("/dead-letters", channel="webhook"))["data"]
        replayed = await product.client.post(f"/api/v1/dead-letters/{letter['id']}/replay")
        again = (await product.settled(ids[-2], "DEAD", "SUPPRESSED"))["deliveries"][-1]
        after = [await product.get(f"/notifications/{id_}") for id_ in ids]
        found = await product.get("/notifications", user_id=ADA)
        ledger = await product.get("/ledger")
    assert before >= {
        "person", "push_token", "requested", "recipient", "inbox_message", "mailbox_message",
    }  # fmt: skip
    assert await marked() == set()
    assert found["data"] == []
    assert [each["status"] for each in after] == [*states[:-1], "SUPPRESSED"]
    assert after[-1]["deliveries"][0]["rule"] == "erased"
    assert ledger["adds_up"]
    assert replayed.status_code == 202
    assert (again["id"], again["rule"]) == ("0.webhook.r1", "erased")
    counts = {each["keeper"]: each["erased"] for each in report["keepers"]}
    assert {name: count > 0 for name, count in counts.items()} == {
        "users": True,
        "journal": True,
        "quarantine": False,
        "outbox": False,
        "inbox": True,
        "mailbox": True,
    }


@pytest.mark.parametrize("server", [pytest.param("postgres", marks=needs("postgres"))])
async def test_what_counts_how_much_a_person_is_sent_does_not_know_their_id(
    tmp_path: Path, server: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(f"made_{server}_url")
    environment = {"DB_URL": url, "RATE_LIMIT_USER": "100/h"}
    async with running(tmp_path, environment=environment) as product:
        await put(product, "/api/v1/rules/budget", per_day=5)
        await put(product, HERE, **PERSON)
        id_ = await accepted(product, user_id=ADA, channel="email", content="Hello")
        await product.settled(id_, "SENT")

        await erased(product)

        counted = await limits_of_people(url)
        left = await tables_on_server_with(url, MARK)
    assert {"person", "day"} == counted
    assert left == set()


async def limits_of_people(url: str) -> set[str]:
    """The kinds of limits that count for somebody."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT split_part(key, ':', 1) AS kind FROM limit_state")
        return {row["kind"] for row in rows} & {"person", "day"}
    finally:
        await connection.close()


async def test_whoever_was_told_as_well_keeps_what_they_were_told(tmp_path: Path) -> None:
    async with running(tmp_path) as product:
        await told(product)

        await erased(product)

        mails = await product.get("/mailbox/messages", to="bob@example.org", contains="Both")
    assert len(mails["data"]) == 1


async def test_what_comes_late_does_not_bring_them_back(
    tmp_path: Path, database: tuple[dict[str, str], Tables]
) -> None:
    environment, marked = database
    async with running(tmp_path, environment=environment) as product:
        await put(product, HERE, **PERSON)
        await erased(product)

        stored = await product.client.put(HERE, json=PERSON)
        token = await product.client.post(f"{HERE}/tokens", json={"token": "zanzibar-token"})
        chosen = await product.client.put(f"{HERE}/preferences", json={})
        late = [
            await accepted(product, user_id=ADA, content="Zanzibar"),
            await accepted(
                product,
                to={"user_id": ADA, "email": PERSON["email"]},
                channel="email",
                content="Zanzibar",
                data={"name": "Zanzibar"},
            ),
        ]
        file = tmp_path / "people.csv"
        file.write_text(f"user_id,email,name\n{ADA},zanzibar@example.org,Zanzibar\n")
        imported = await sendwell("people", "import", str(file), at=product)
        ends = [await product.settled(id_, "SUPPRESSED") for id_ in late]
        async with asyncio.timeout(10):
            while await marked():  # emptied right after they have ended
                await asyncio.sleep(0.05)
        ledger = await product.get("/ledger")
    assert (stored.status_code, stored.json()["code"]) == (409, "person_erased")
    assert (token.status_code, chosen.status_code) == (404, 404)
    assert "This person was erased." in imported.out + imported.errors
    assert [end["deliveries"][0]["rule"] for end in ends] == ["erased", "erased"]
    assert (ledger["suppressed"], ledger["adds_up"]) == (2, True)


async def test_an_erasure_in_the_middle_of_sending_costs_nobody_else_a_message(
    tmp_path: Path, database: tuple[dict[str, str], Tables]
) -> None:
    environment, marked = database
    async with running(tmp_path, environment=environment) as product:
        await put(product, HERE, **PERSON)
        await put(product, "/api/v1/users/bob", email="bob@example.org")
        items = [
            {"user_id": user, "channel": channel, "content": f"For {user}: {number}"}
            for number in range(100)
            for user in (ADA, "bob")
            for channel in ("email", "in_app")
        ]
        answer = await product.client.post("/api/v1/notifications/batch", json=items)
        assert answer.is_success, answer.text

        await erased(product)

        async with asyncio.timeout(60):
            while (ledger := await product.get("/ledger"))["pending"]:
                await asyncio.sleep(0.05)
            while await marked():
                await asyncio.sleep(0.05)
        told = await product.get("/users/bob/inbox", limit=200)
        others = await product.get("/notifications", user_id="bob", limit=200)
    assert ledger["adds_up"]
    assert ledger["failed"] == 0
    assert len(told["data"]) == 100
    assert {each["status"] for each in others["data"]} == {"SENT", "DELIVERED"}


async def test_only_their_own_wish_brings_them_back_and_with_nothing_of_before(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as product:
        await told(product)
        begun = await product.client.post(f"{HERE}/erasure")
        early = await product.client.put(HERE, params={"revive": True}, json=PERSON)
        await done(product, begun.headers["location"])

        revived = await product.client.put(HERE, params={"revive": True}, json=PERSON)

        preferences = await product.get(f"/users/{ADA}/preferences")
        id_ = await accepted(product, user_id=ADA, channel="email", content="Welcome back")
        await product.settled(id_, "SENT")
        exported = await product.get(f"/users/{ADA}/export")
        audited = await product.get("/audit")
        about_her = await product.get("/audit", user_id=ADA)
        log = await product.get("/audit/verification")
    assert (early.status_code, early.json()["code"]) == (409, "erasure_under_way")
    assert revived.status_code == 201
    assert preferences["categories"] == {}
    notifications = [item for item in exported["items"] if item["kind"] == "notification"]
    assert [item["id"] for item in notifications] == [id_]
    assert [each["action"] for each in about_her["data"]] == [
        "person.created",
        "person.revived",
        "person.erased",
        "token.added",
        "preferences.changed",
        "person.created",
    ]
    assert MARK not in json.dumps([audited, about_her]).lower()
    assert log["intact"]


async def test_an_erasure_that_a_crash_cut_short_is_finished_after_the_restart(
    tmp_path: Path,
) -> None:
    dying = await Product(tmp_path).start(failpoint="erase.after:2")
    await told(dying)
    answer = await dying.client.post(f"{HERE}/erasure")
    await dying.gone()
    left = tables_with(tmp_path / "sendwell.db", MARK)

    async with running(tmp_path) as product:
        report = await done(product, answer.headers["location"])

        ledger = await product.get("/ledger")
    assert "person" not in left
    assert "mailbox_message" in left
    assert tables_with(tmp_path / "sendwell.db", MARK) == set()
    assert all(each["is_done"] for each in report["keepers"])
    assert ledger["adds_up"]


async def test_letters_for_a_bus_that_is_not_set_any_more_are_waited_for(tmp_path: Path) -> None:
    async with running(tmp_path) as product:
        await put(product, HERE, **PERSON)
        with closing(sqlite3.connect(tmp_path / "sendwell.db")) as file, file:
            letter = json.dumps(["sample", ADA]).encode()
            file.execute("INSERT INTO outbox(number,node,letter) VALUES(1,0,?)", (letter,))

        answer = await product.client.post(f"{HERE}/erasure")
        location = answer.headers["location"]
        waiting = await waits_for_letters(product, location)
        with closing(sqlite3.connect(tmp_path / "sendwell.db")) as file, file:
            file.execute("DELETE FROM outbox")
        after = await done(product, location)

    assert not waiting["is_done"]
    assert after["is_done"]


async def waits_for_letters(product: Product, location: str) -> Any:
    """How far the erasure is when nobody before it has anything left; those behind may hear of
    what the letters tell.
    """
    async with asyncio.timeout(60):
        while True:
            found = (await product.client.get(location)).json()
            left = [each["keeper"] for each in found["keepers"] if not each["is_done"]]
            if left[:1] == ["outbox"]:
                return found
            await asyncio.sleep(0.05)


async def test_an_export_has_everything_of_the_person(tmp_path: Path) -> None:
    async with running(tmp_path) as product:
        ids = await told(product)

        exported = await product.get(f"/users/{ADA}/export")

    kinds: dict[str, list[Any]] = {}
    for item in exported["items"]:
        kinds.setdefault(item["kind"], []).append(item)
    assert (exported["schema"], exported["version"]) == ("sendwell.person", 1)
    assert exported["missing"] == []
    assert kinds["profile"][0]["addresses"]["email"] == PERSON["email"]
    assert [item["token"] for item in kinds["push_token"]] == ["zanzibar-token"]
    assert [item["body"] for item in kinds["inbox_message"]] == ["Zanzibar"]
    assert {item["id"] for item in kinds["notification"]} == set(ids)
    assert all(item["timeline"] for item in kinds["notification"])
    assert kinds["mailbox_message"]
    assert "bob@example.org" not in json.dumps(exported)


async def test_the_command_line_exports_and_erases(tmp_path: Path) -> None:
    file = tmp_path / "ada.json"
    async with running(tmp_path / "data") as product:
        await put(product, HERE, **PERSON)

        exported = await sendwell("people", "export", ADA, "-o", str(file), at=product)
        refused = await sendwell("people", "erase", ADA, at=product, stdin=b"n\n")
        known = await product.client.get(HERE)
        gone = await sendwell("people", "erase", ADA, "--yes", at=product)
        unknown = await sendwell("people", "export", ADA, at=product)
    assert exported.code == 0
    assert json.loads(file.read_text())["user_id"] == ADA
    assert file.stat().st_mode & 0o077 == 0
    assert (refused.code, known.status_code) == (1, 200)
    assert (gone.code, gone.out.splitlines()[0]) == (0, f"{ADA} is erased.")
    assert unknown.code == 1


async def test_pages_that_sqlite_gives_back_are_overwritten_where_it_was_built_so(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as product:
        await told(product)
        await erased(product)

    file = tmp_path / "sendwell.db"
    with closing(sqlite3.connect(file)) as connection:
        ((overwrites,),) = connection.execute("PRAGMA secure_delete").fetchall()
    if overwrites:
        assert MARK.encode() not in file.read_bytes().lower()
