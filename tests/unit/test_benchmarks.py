"""The benchmarks' own parts: how rows are gathered, what the product is told, what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import _options
from benchmarks.batches import MOST_ROWS, Batches, Outcome, Waiting
from benchmarks.bench import Bench
from benchmarks.processes import own_seconds
from benchmarks.servers import Room

BURNT_SECONDS = 0.2
BURN = f"import time\nwhile time.process_time() < {BURNT_SECONDS} + 0.1: pass"
OUTCOME: Outcome = (1, 1, 0, 0, 0, "null", "reference")


def waiting(rows: int) -> Waiting:
    return Waiting([], [OUTCOME] * rows, lambda: None)


def test_what_is_urgent_is_in_the_batch_first() -> None:
    usual, urgent = waiting(1), waiting(1)
    batches = Batches()
    batches.put(usual, is_urgent=False)
    batches.put(urgent, is_urgent=True)

    assert batches.take() == [urgent, usual]
    assert not batches


@given(st.lists(st.integers(1, 2 * MOST_ROWS)))
def test_batches_end_when_they_are_full_and_leave_nothing_out(sizes: list[int]) -> None:
    handed_in = [waiting(size) for size in sizes]
    batches, taken = Batches(), list[Waiting]()
    for each in handed_in:
        batches.put(each, is_urgent=False)

    while batch := batches.take():
        taken += batch
        assert sum(len(each.outcomes) for each in batch[:-1]) < MOST_ROWS

    assert taken == handed_in


def test_the_product_is_told_of_a_broker_together_with_the_preset_that_uses_it() -> None:
    assert Room().environment() == {}
    assert Room("postgresql://db").environment() == {"DB_URL": "postgresql://db"}
    assert Room("postgresql://db", "kafka://bus").environment() == {
        "DB_URL": "postgresql://db",
        "BROKER_URL": "kafka://bus",
        "PRESET": "lanes",
    }


def test_a_command_is_noted_without_keys_and_passwords(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    bench.note(
        ["/bin/sendwell", "--db", "postgresql://me:hidden@db:5432/bench"],
        {"BENCH_KEY": "hidden", "BROKER_URL": "amqp://me:hidden@bus/"},
    )

    (noted,) = bench.commands
    assert "hidden" not in noted
    assert "postgresql://me:…@db:5432/bench" in noted
    assert "amqp://me:…@bus/" in noted


def test_two_workers_on_sqlite_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _options(["intake", "--workers", "2"])

    assert "--on postgres" in capsys.readouterr().err


def test_what_a_child_spent_counts_as_our_own_after_its_end() -> None:
    before = own_seconds()

    subprocess.run([sys.executable, "-c", BURN], check=True)

    assert own_seconds() - before >= BURNT_SECONDS
