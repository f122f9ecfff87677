"""How the tests of imports hand files in, and what they read of them."""

import json
from collections.abc import Sequence
from typing import Any

import httpx2
from sqlalchemy import Connection

from sendwell.domain.ids import UserId
from sendwell.ports.database import Write
from sendwell.roles.users.store.tombstones import bury
from tests.roles.users_house import ACME, Role

PATH = "/api/v1/imports"
LAST = {"Upload-Complete": "?1"}


async def begin(role: Role, format_: str = "csv", **more: Any) -> str:
    answer = await role.acme.post(PATH, json={"format": format_, **more})
    assert answer.status_code == 201, answer.text
    id_: str = answer.json()["id"]
    return id_


async def send(
    role: Role, id_: str, content: bytes, *, offset: int = 0, is_last: bool = True
) -> httpx2.Response:
    headers = {"Upload-Offset": str(offset), **(LAST if is_last else {})}
    return await role.acme.patch(f"{PATH}/{id_}", content=content, headers=headers)


async def erase(role: Role, user: str) -> None:
    await role.acme.delete(f"/api/v1/users/{user}")

    def leave_tombstones(connection: Connection, users: Sequence[UserId]) -> None:
        for each in users:
            bury(connection, ACME, each, 0)

    await role.database.commit([Write(leave_tombstones, [UserId(user)])])


async def errors(role: Role, id_: str) -> list[tuple[int, str, str]]:
    answer = await role.acme.get(f"{PATH}/{id_}/errors", params={"limit": 200})
    return [(each["line"], each["field"], each["why"]) for each in answer.json()["data"]]


def lines(*people: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(person).encode() + b"\n" for person in people)


def counts(answer: httpx2.Response) -> tuple[int, int, int]:
    document = answer.json()
    return document["created"], document["updated"], document["refused"]
