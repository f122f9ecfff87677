"""Figures that cannot be wrong by chance: what is many times as fast as its peer stays faster.

No figure is a limit here (a slow machine fails nothing): both sides run in turn on one machine, and
the margin is several times what was measured.
"""

import asyncio
import json
import sys
from typing import Any

import pytest

from tests.acceptance.product import ROOT


async def ratios_to_peer(measure: str) -> dict[str, Any]:
    """The product's figures in times of the peer's, by case."""
    command = (sys.executable, "-m", "benchmarks", measure, "--quick", "--json")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(120):
        printed, _ = await process.communicate()
    assert process.returncode == 0
    figures = json.loads(printed)["benchmarks"][measure]["figures"]
    return {figure["case"]: figure["ratio_to_peer"] for figure in figures}


@pytest.mark.parametrize(
    ("measure", "case", "at_least"),
    [
        ("render", "subject, HTML and text", 2.0),  # 7.8 measured: sandboxed Jinja2, Babel
        ("smtp", "32 at a time", 2.0),  # 9.3 measured: smtplib
    ],
)
async def test_what_is_many_times_as_fast_as_its_peer_is_faster(
    measure: str, case: str, at_least: float
) -> None:
    ratios = await ratios_to_peer(measure)

    assert ratios[case] > at_least, ratios
