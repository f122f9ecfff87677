"""Servers for people: `./dev services start`, `status` and `stop`."""

import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from tests.services.__main__ import main
from tests.services.kept import Kept, Notes
from tests.services.needs import needs
from tests.services.talk import TALKS

pytestmark = [*needs("redis")]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "services")


def test_a_server_runs_from_start_to_stop(notes: Notes, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["start", "redis"], notes)
    started = capsys.readouterr().out
    url = re.findall(r"CACHE_URL=(\S+)", started)[0]
    asyncio.run(TALKS["redis"].write(url, "hello"))

    assert 0 == main(["start", "redis"], notes)
    assert started == capsys.readouterr().out
    assert 0 == main(["status"], notes)
    assert started.strip() in capsys.readouterr().out
    assert "hello" == asyncio.run(TALKS["redis"].read(url))

    (kept,) = notes.running()
    assert 0 == main(["stop"], notes)
    assert not kept.is_alive()
    assert not Path(kept.folder).exists()
    assert () == tuple(notes.running())


def test_a_note_of_a_keeper_that_is_gone_counts_for_nothing(
    notes: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    notes.folder.mkdir()
    notes.add(a_kept_server(pid=1, born="another process had this number"))

    assert 0 == main(["stop"], notes)
    assert 0 == main(["status"], notes)
    assert "None of them runs" in capsys.readouterr().out


def test_what_is_not_there_is_told_with_its_reason(
    notes: Notes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    assert 1 == main(["start", "redis"], notes)
    assert "redis-server is not installed\n" == capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["restart"], ["start", "oracle"]])
def test_what_nobody_knows_is_answered_with_what_there_is(
    arguments: list[str], notes: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(arguments, notes)
    assert "start|stop|status" in capsys.readouterr().err


def a_kept_server(**changes: object) -> Kept:
    words = dict.fromkeys(["name", "version", "setting", "url", "admin_url", "folder"], "redis")
    return msgspec.convert({**words, **changes}, Kept)
