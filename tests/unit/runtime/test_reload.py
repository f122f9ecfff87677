"""Taking over a changed configuration: all of it or nothing."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from sendwell.domain.errors import Invalid
from sendwell.runtime.reload import Changes, Reloader

OFTEN = 0.005


class House:
    """A configuration that is the words of a file, and who lives by it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.write("one")
        self.swapped: list[tuple[str, str]] = []
        self.happened = asyncio.Event()
        self.fails: Exception | None = None

    def reloader(self, *, files: Callable[[str], Sequence[Path]] | None = None) -> Reloader[str]:
        return Reloader(
            "one",
            read=self.read,
            compare=self.compare,
            swap=self.swap,
            files=files or (lambda _: [self.file]),
            every_seconds=OFTEN,
        )

    def write(self, text: str) -> None:
        """As careful editors do: the file is there whole or not at all."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(text)
        draft.replace(self.file)

    def read(self) -> str:
        try:
            text = self.file.read_text()
        except OSError:
            raise Invalid("There is no such file.") from None
        if text == "wrong":
            raise Invalid("SOMETHING is wrong.")
        return text

    def compare(self, old: str, new: str) -> Changes:
        if "restart" in (old, new):
            raise Invalid("PLACE takes effect at the next start.")
        return {} if old == new else {"WORD": (old, new)}

    def swap(self, old: str, new: str) -> None:
        if self.fails:
            raise self.fails
        self.swapped.append((old, new))
        self.happened.set()

    async def until_swapped(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.swapped) < times:
                self.happened.clear()
                await self.happened.wait()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "configuration")


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


@asynccontextmanager
async def running(reloader: Reloader[str]) -> AsyncIterator[None]:
    task = asyncio.create_task(reloader.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_new_configuration_is_swapped_in_and_logged(
    house: House, logged: list[Any]
) -> None:
    reloader = house.reloader()
    house.write("two")

    await reloader.reload()

    assert "two" == reloader.current
    assert [("one", "two")] == house.swapped
    assert logged == [
        {
            "event": "configuration.changed",
            "log_level": "info",
            "changes": {"WORD": ("one", "two")},
        }
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [("wrong", "SOMETHING is wrong."), ("restart", "PLACE takes effect at the next start.")],
)
async def test_a_configuration_that_is_refused_leaves_the_old_one(
    text: str, why: str, house: House, logged: list[Any]
) -> None:
    reloader = house.reloader()
    house.write(text)

    await reloader.reload()

    assert ("one", []) == (reloader.current, house.swapped)
    assert [("configuration.refused", why)] == [(line["event"], line["why"]) for line in logged]


@pytest.mark.parametrize(
    ("error", "level"), [(Invalid("ROUTE_EMAIL names nobody."), "warning"), (KeyError(), "error")]
)
async def test_what_those_who_live_by_it_refuse_leaves_the_old_one(
    error: Exception, level: str, house: House, logged: list[Any]
) -> None:
    reloader = house.reloader()
    house.write("two")
    house.fails = error

    await reloader.reload()

    assert "one" == reloader.current
    assert [("configuration.refused", level)] == [
        (line["event"], line["log_level"]) for line in logged
    ]


async def test_what_was_refused_is_compared_with_what_is_in_force(house: House) -> None:
    reloader = house.reloader()

    for text in ("wrong", "two", "wrong", "three"):
        house.write(text)
        await reloader.reload()

    assert [("one", "two"), ("two", "three")] == house.swapped


async def test_who_asks_is_told_when_there_is_nothing_new(house: House, logged: list[Any]) -> None:
    await house.reloader().reload()

    assert ["configuration.unchanged"] == [line["event"] for line in logged]
    assert [] == house.swapped


async def test_a_changed_file_is_taken_over(house: House) -> None:
    async with running(house.reloader()):
        house.write("two")
        await house.until_swapped(1)
        house.write("three")
        await house.until_swapped(2)

    assert [("one", "two"), ("two", "three")] == house.swapped


async def test_what_changed_before_the_first_look_is_taken_over(house: House) -> None:
    house.write("two")

    async with running(house.reloader()):
        await house.until_swapped(1)

    assert [("one", "two")] == house.swapped


async def test_a_link_to_another_folder_is_a_change(house: House, tmp_path: Path) -> None:
    """Kubernetes swaps the files of a secret like this."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "word").write_text(name)
        os.utime(tmp_path / name / "word", (0, 0))
    link, draft = tmp_path / "data", tmp_path / "draft"
    link.symlink_to("one")
    house.file = link / "word"

    async with running(house.reloader()):
        draft.symlink_to("two")
        draft.replace(link)
        await house.until_swapped(1)

    assert [("one", "two")] == house.swapped


async def test_a_file_that_is_being_written_is_left_alone(house: House) -> None:
    drafts = iter([*(f"half {number}" for number in range(20)), "two"])

    def written_before_each_look(_: str) -> Sequence[Path]:
        if text := next(drafts, None):
            house.write(text)
        return [house.file]

    async with running(house.reloader(files=written_before_each_look)):
        await house.until_swapped(1)

    assert [("one", "two")] == house.swapped


async def test_without_files_it_is_read_only_when_asked(house: House) -> None:
    reloader = house.reloader(files=lambda _: [])

    async with running(reloader):
        house.write("two")
        reloader.ask()
        await house.until_swapped(1)

    assert [("one", "two")] == house.swapped
