"""Files of people by API: in pieces, interrupted, wrong in places."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from sendwell.domain.ids import UserId
from sendwell.ports.database import Database
from tests.roles.imports_house import LAST, PATH, begin, counts, erase, errors, lines, send
from tests.roles.users_house import ACME, PERSON, SMS, Role, a_role, pointers, the_person


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


async def test_people_of_a_csv_are_stored_as_put_stores_them(role: Role) -> None:
    id_ = await begin(role, columns={"E-Mail": "email", "Notes": None})
    content = (
        b"user_id;E-Mail;Notes;name;timezone;attributes.seats:number\r\n"
        b"ada;Ada@EXAMPLE.org;x;Ada;Europe/Vienna;5\r\n"
        b"bob;bob@example.org;;;;"
    )

    answer = await send(role, id_, content)

    assert answer.status_code == 200, answer.text
    assert counts(answer) == (2, 0, 0)
    assert answer.json()["state"] == "finished"
    assert answer.json()["offset"] == len(content)
    ada = (await role.acme.get("/api/v1/users/ada")).json()
    put = {"email": "Ada@EXAMPLE.org", "name": "Ada", "timezone": "Europe/Vienna"}
    await role.acme.put("/api/v1/users/eve", json={**put, "attributes": {"seats": 5}})
    eve = (await role.acme.get("/api/v1/users/eve")).json()
    assert {**eve, "user_id": "ada", "created_at": 0, "updated_at": 0} == {
        **ada,
        "created_at": 0,
        "updated_at": 0,
    }


async def test_people_of_ndjson_come_with_their_preferences(role: Role) -> None:
    id_ = await begin(role, "ndjson")
    chosen = {"order": ["sms"], "categories": {"marketing": False}}

    answer = await send(role, id_, lines({**PERSON, "user_id": "ada", "preferences": chosen}))

    preferences = (await role.acme.get("/api/v1/users/ada/preferences")).json()
    assert counts(answer) == (1, 0, 0)
    assert chosen.items() <= preferences.items()


async def test_importing_again_replaces_people_and_keeps_what_is_not_told(role: Role) -> None:
    await send(role, await begin(role, "ndjson"), lines({"user_id": "ada", "name": "Ada"}))
    await role.acme.put("/api/v1/users/ada/preferences", json={"order": ["sms"]})
    await the_person(role.users)

    answer = await send(
        role,
        await begin(role, "ndjson"),
        lines({"user_id": "ada", "phone": "+436641234567"}, {"user_id": "bob"}, {"user_id": "bob"}),
    )

    person = await the_person(role.users)
    assert counts(answer) == (1, 2, 0)
    assert person is not None
    assert person.address(SMS, 0) == "+436641234567"
    assert person.preferences.order == ("sms",)
    assert (await role.acme.get("/api/v1/users/ada")).json()["name"] is None


async def test_each_wrong_line_is_told_with_every_field_and_its_neighbours_are_stored(
    role: Role,
) -> None:
    id_ = await begin(role)
    content = b"\n".join(
        [
            b"user_id,email,name,attributes.seats:number",
            b"ada,ada@example.org,Ada,1",
            b"b b,nobody,Bob,2",
            b"",
            b"cid,cid@example.org,C\xff,3",
            b'dan,dan@example.org,"D\nD",4',
            b"eve,eve@example.org,Eve,four",
            b"fay,fay@example.org",
            b"gus,gus@example.org,Gus,5",
        ]
    )

    answer = await send(role, id_, content)

    assert counts(answer) == (2, 0, 5)
    assert answer.json()["lines"] == 10
    told = await errors(role, id_)
    assert [(line, field) for line, field, _ in told] == [
        (3, "email"),
        (3, "user_id"),
        (5, ""),
        (6, "name"),
        (8, "attributes.seats"),
        (9, ""),
    ]
    assert set(await role.users.people(ACME, [UserId("ada"), UserId("gus"), UserId("eve")])) == {
        "ada",
        "gus",
    }


async def test_the_words_are_those_of_put(role: Role) -> None:
    wrong = {**PERSON, "email": "x", "phone": "1", "timezone": "Mars", "colour": 1, "locale": 2}
    put = await role.acme.put("/api/v1/users/ada", json=wrong)
    id_ = await begin(role, "ndjson")

    await send(role, id_, lines({**wrong, "user_id": "ada"}))

    said = {(flaw["pointer"][1:], flaw["detail"]) for flaw in put.json()["errors"]}
    assert said == {(field, why) for _, field, why in await errors(role, id_)}


async def test_wrong_preferences_are_pointed_at_in_their_line(role: Role) -> None:
    id_ = await begin(role, "ndjson")
    wrong = {"user_id": "ada", "preferences": {"channels": {"email": {"enabled": 1}}, "x": 1}}
    fax = {"user_id": "cid", "preferences": {"order": ["fax"]}}

    await send(role, id_, lines(wrong, {"user_id": "bob", "preferences": []}, fax))

    fields = [(line, field) for line, field, _ in await errors(role, id_)]
    assert sorted(fields) == [
        (1, "preferences/channels/email/enabled"),
        (1, "preferences/x"),
        (2, "preferences"),
        (3, "preferences/order/0"),
    ]


async def test_a_file_in_parts_goes_on_behind_the_last_whole_line(role: Role) -> None:
    id_ = await begin(role)
    content = b"user_id,name\nada,Ada\nbob,Bob\ncid,Cid\n"

    first = await send(role, id_, content[:26], is_last=False)
    second = await send(role, id_, content[21:], offset=21, is_last=False)
    end = await send(role, id_, b"", offset=len(content))

    assert (first.json()["offset"], first.headers["upload-offset"]) == (21, "21")
    assert [counts(each)[0] for each in (first, second, end)] == [1, 3, 3]
    assert [each.json()["state"] for each in (first, second, end)] == ["open", "open", "finished"]


async def test_bytes_that_do_not_follow_are_refused_with_the_right_offset(role: Role) -> None:
    id_ = await begin(role)
    await send(role, id_, b"user_id\nada\n", is_last=False)

    answer = await send(role, id_, b"bob\n", offset=3)

    assert answer.status_code == 409
    assert answer.json()["code"] == "wrong_offset"
    assert answer.headers["upload-offset"] == "12"
    assert (await role.acme.get(f"{PATH}/{id_}")).headers["upload-offset"] == "12"


async def test_of_two_uploads_at_once_only_one_stores_anything(role: Role) -> None:
    id_ = await begin(role)
    content = b"user_id\n" + b"".join(b"user-%d\n" % number for number in range(3_000))
    together = asyncio.Barrier(2)

    async def pieces() -> AsyncIterator[bytes]:
        yield content[:500]
        await together.wait()
        yield content[500:]

    answers = await asyncio.gather(
        *(
            role.acme.patch(
                f"{PATH}/{id_}", content=pieces(), headers={"Upload-Offset": "0", **LAST}
            )
            for _ in range(2)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert counts(await role.acme.get(f"{PATH}/{id_}")) == (3_000, 0, 0)


async def test_a_finished_import_takes_nothing_more(role: Role) -> None:
    id_ = await begin(role)
    await send(role, id_, b"user_id\nada\n")

    answer = await send(role, id_, b"bob\n", offset=12)

    assert answer.status_code == 409
    assert await the_person(role.users, UserId("bob")) is None


async def test_a_connection_that_breaks_loses_only_the_batch_that_was_under_way(
    role: Role,
) -> None:
    id_ = await begin(role)
    content = b"user_id\n" + b"".join(b"user-%d\n" % number for number in range(2_500))

    async def pieces() -> AsyncIterator[bytes]:
        yield content[:-7]
        raise ClientDisconnect

    await role.acme.patch(f"{PATH}/{id_}", content=pieces(), headers={"Upload-Offset": "0"})
    half = (await role.acme.get(f"{PATH}/{id_}")).json()
    answer = await send(role, id_, content[half["offset"] :], offset=half["offset"])

    assert half["created"] == 2_000
    assert counts(answer) == (2_500, 0, 0)


async def test_a_wrong_header_stores_nothing_and_the_import_can_begin_anew(role: Role) -> None:
    id_ = await begin(role, columns={"Mail": "email"})

    answer = await send(role, id_, b"user_id,E-Mail,name,name\nada,a@b.org,A,A\n")

    assert answer.status_code == 400
    assert pointers(answer) == {"/columns/E-Mail", "/columns/Mail", "/columns/name"}
    again = await send(role, id_, b"user_id,Mail\nada,a@b.org\n")
    assert counts(again) == (1, 0, 0)


async def test_a_file_of_another_length_than_was_told_is_not_finished(role: Role) -> None:
    content = b"user_id\nada\nbob"
    id_ = await begin(role, total_bytes=len(content))

    short = await send(role, id_, content[:12])
    rest = await send(role, id_, content)

    assert (short.status_code, short.json()["code"]) == (400, "wrong_length")
    assert counts(rest) == (2, 0, 0)


async def test_a_line_that_is_too_long_is_refused_and_its_neighbours_are_stored(
    role: Role,
) -> None:
    id_ = await begin(role)
    content = b"user_id,name\nada,Ada\nbob," + b"x" * 200_000 + b"\ncid,Cid\n"

    first = await send(role, id_, content[:100_000], is_last=False)
    offset = first.json()["offset"]
    answer = await send(role, id_, content[offset:], offset=offset)

    assert offset == 100_000
    assert counts(answer) == (2, 0, 1)
    assert [(3, "", "It is longer than 64 KiB.")] == await errors(role, id_)


async def test_somebody_who_was_erased_is_refused_in_their_line(role: Role) -> None:
    await role.acme.put("/api/v1/users/ada", json=PERSON)
    await erase(role, "ada")
    id_ = await begin(role)

    answer = await send(role, id_, b"user_id\nada\nbob\n")

    ((line, field, why),) = await errors(role, id_)
    assert counts(answer) == (1, 0, 1)
    assert (line, field) == (2, "")
    assert "erased" in why
    assert "ada" not in why


async def test_errors_and_imports_are_paged(role: Role) -> None:
    ids = [await begin(role) for _ in range(3)]
    await send(role, ids[0], b"user_id,email\n" + b"a b,nobody\n" * 3)

    found, url = [], f"{PATH}/{ids[0]}/errors?limit=2"
    while url:
        page = await role.acme.get(url)
        found += [(each["line"], each["field"]) for each in page.json()["data"]]
        cursor = page.json()["next_cursor"]
        url = f"{PATH}/{ids[0]}/errors?limit=2&cursor={cursor}" if cursor else ""
    newest = (await role.acme.get(PATH, params={"limit": 2})).json()
    oldest = (await role.acme.get(PATH, params={"cursor": newest["next_cursor"]})).json()

    assert found == [(line, field) for line in (2, 3, 4) for field in ("email", "user_id")]
    assert [each["id"] for each in (*newest["data"], *oldest["data"])] == ids[::-1]
    assert oldest["next_cursor"] is None


async def test_another_tenants_import_does_not_exist(role: Role) -> None:
    id_ = await begin(role)
    await send(role, id_, b"user_id\na b\n", is_last=False)

    answers = [
        await role.other.get(f"{PATH}/{id_}"),
        await role.other.get(f"{PATH}/{id_}/errors"),
        await role.other.patch(f"{PATH}/{id_}", content=b"eve\n", headers={"Upload-Offset": "12"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await role.other.get(PATH)).json()["data"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"format": "xml"},
        {"format": "ndjson", "columns": {"a": "email"}},
        {"format": "csv", "columns": {"a": 1}},
        {"format": "csv", "total_bytes": -1},
        {"format": "csv", "state": "finished"},
        {"format": "csv", "mode": "append"},
    ],
)
async def test_a_wrong_beginning_is_refused(role: Role, asked: dict[str, Any]) -> None:
    assert (await role.acme.post(PATH, json=asked)).status_code == 400


async def test_another_process_forgets_who_it_remembered(role: Role) -> None:
    elsewhere = role.elsewhere()
    assert await the_person(elsewhere) is None

    await send(role, await begin(role), b"user_id\nada\n")
    elsewhere._changed_elsewhere(ACME, "*")

    assert await the_person(elsewhere) is not None
