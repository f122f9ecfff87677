"""What is done to people reaches the audit log from a database of their own, too."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.product import running
from tests.services.needs import needs


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=needs("mariadb"))])
def people_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'people.db'}"
        return
    with request.getfixturevalue("mariadb_server").database() as url:
        yield url


async def test_it_is_on_the_log_and_the_chain_holds(tmp_path: Path, people_url: str) -> None:
    environment = {"USERS_DB_URL": people_url}
    async with running(tmp_path / "data", "--no-sample", environment=environment) as product:
        stored = await product.client.put("/api/v1/users/ada", json={"name": "Ada"})
        assert stored.status_code == 201, stored.text

        async with asyncio.timeout(30):
            while not (found := (await product.get("/audit", user_id="ada"))["data"]):
                await asyncio.sleep(0.05)

        log = await product.get("/audit/verification")
    assert [(each["action"], each["details"]) for each in found] == [
        ("person.created", {"fields": "name"})
    ]
    assert log["intact"]
