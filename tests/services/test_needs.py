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

    group, skip = needs("redis")

    assert ("xdist_group", ("redis",)) == (group.name, group.args)
    assert ("skip", {"reason": "redis-server is not installed"}) == (skip.name, skip.kwargs)


def test_where_ci_is_set_they_run_and_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    assert ["xdist_group"] == names_of(needs("redis"))


def test_tests_of_several_servers_run_where_the_heaviest_runs() -> None:
    group, *_ = needs("kafka", "redis", "postgres")

    assert ("kafka",) == group.args
