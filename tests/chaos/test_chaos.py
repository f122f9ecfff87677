"""Twenty kills within the ordinary tests; `./dev test --long` for the rest."""

import os
from pathlib import Path

from tests.chaos import report
from tests.chaos.checker.check import check
from tests.chaos.experiment import Settings, run

CYCLES = int(os.environ.get("SENDWELL_CHAOS_CYCLES", "20"))


async def test_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path, cycles=CYCLES, seed=20)

    result = await run(settings, tell=lambda _: None, reading=lambda _, __: None)

    violations = check(result.evidence)
    assert violations == [], "\n".join(report.details(result.evidence, violations))
    assert result.kills >= CYCLES
    assert result.evidence.in_flight, "no kill has caught a send in flight"
