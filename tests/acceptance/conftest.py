"""Which database the product under test has."""

from collections.abc import Iterator

import pytest

from tests.services.needs import needs


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs("postgres"))])
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The test runs once on every kind of database; every product in it shares one."""
    if request.param == "postgresql":
        monkeypatch.setenv("DB_URL", request.getfixturevalue("postgres_url"))
    yield request.param
