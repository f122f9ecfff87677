"""Which database the product under test has."""

import pytest

from tests.services.needs import needs


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs("postgres"))])
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs once on every kind of database; every product in it shares one."""
    kind: str = request.param
    if kind == "postgresql":
        monkeypatch.setenv("DB_URL", request.getfixturevalue("postgres_url"))
    return kind
