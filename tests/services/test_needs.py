"""What becomes of tests whose server is missing."""

import pytest

from tests.services.needs import needs


@pytest.fixture(autouse=True)
def nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def names_of(marks: list[pytest.MarkDecorator]) -> list[str]:
    return [mark.name for mark in marks]


def test_on_a_laptop_they_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    group, skip = needs("mariadb")

    assert ("xdist_group", ("mariadb",)) == (group.name, group.args)
    assert (
        "skip",
        {"reason": "MariaDB is not installed: no mariadb-install-db, mariadbd, mariadb"},
    ) == (skip.name, skip.kwargs)


def test_where_ci_is_set_they_run_and_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    assert ["xdist_group"] == names_of(needs("mariadb"))


def test_tests_of_several_servers_run_where_the_heaviest_runs() -> None:
    group, *_ = needs("kafka", "redis", "postgres")

    assert ("kafka",) == group.args


def test_every_worker_has_light_servers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    assert [] == needs("redis", "postgres")


@pytest.mark.xdist_group("of_one")
def test_a_group_is_heeded_where_workers_share_the_tests(request: pytest.FixtureRequest) -> None:
    are_grouped: bool = getattr(request.config.option, "loadgroup", False)

    assert are_grouped == request.node.nodeid.endswith("@of_one")
