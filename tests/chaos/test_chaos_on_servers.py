"""Some harm to processes and servers in the ordinary tests; `./dev test --long` for the rest."""

import os
from pathlib import Path

import pytest

from tests.chaos import report
from tests.chaos.checker.check import check
from tests.chaos.cluster.experiment import run
from tests.chaos.cluster.servers import NEEDS, Mode
from tests.chaos.experiment import Settings
from tests.services.needs import needs

CYCLES = int(os.environ.get("SENDWELL_CHAOS_CYCLES", "4"))
SEED = 12
PER_SECOND = 30


@pytest.mark.parametrize("mode", [pytest.param(mode, marks=needs(*NEEDS[mode])) for mode in Mode])
async def test_what_is_done_to_processes_and_servers_loses_and_doubles_nothing(
    mode: Mode, tmp_path: Path
) -> None:
    settings = Settings(folder=tmp_path, cycles=CYCLES, seed=SEED, per_second=PER_SECOND)

    outcome = await run(settings, mode, tell=lambda _, __, ___: None, reading=lambda _, __: None)

    violations = check(outcome.evidence)
    assert violations == [], "\n".join(report.details(outcome.evidence, violations))
    assert len(outcome.troubles) == CYCLES
    assert outcome.evidence.accepted
