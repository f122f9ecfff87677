"""The key that an installation makes for itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sendwell.domain.errors import Unavailable
from sendwell.sample import _kept_key


def test_all_who_begin_with_one_folder_at_once_have_the_same_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def begin(_: int) -> str:
        together.wait()
        return _kept_key(tmp_path / "data" / "api-key").text

    with ThreadPoolExecutor(8) as processes:
        keys = set(processes.map(begin, range(8)))

    assert len(keys) == 1


def test_a_key_that_was_not_written_to_its_end_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "api-key"
    file.touch()

    first = _kept_key(file).text

    assert _kept_key(file).text == first


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(Unavailable, match=r"api-key cannot be used: .* --data"):
        _kept_key(tmp_path / "data" / "api-key")


def test_what_is_no_key_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "api-key"
    file.write_text("something else")

    with pytest.raises(Unavailable, match="Remove it"):
        _kept_key(file)

    assert file.read_text() == "something else"
