"""The HTTP client alone, beside a bare one and aiohttp, against a sink on the other core."""

import json
import subprocess
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Sample, Who
from benchmarks.processes import MeasurementError, python

_WHO = {
    "sendwell": (Who.PRODUCT, ""),
    "floor": (Who.FLOOR, "asyncio.Protocol with httptools: no pool, no deadline, no checks"),
    "aiohttp": (Who.PEER, "aiohttp, one session"),
}


def measure(bench: Bench) -> Iterator[Sample]:
    bench.say("1 and 32 calls at a time")
    calls = str(bench.size(20_000, 2_000))
    command = python("benchmarks.http_client", "--json", "--rounds", 1, "--calls", calls)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MeasurementError(f"the HTTP client failed:\n{done.stderr[-2000:]}")
    for line in done.stdout.splitlines():
        row = json.loads(line)
        who, what = _WHO[row["client"]]
        case = f"{row['concurrency']} at a time"
        yield Sample(case, who, row["calls_per_second"], "calls/s", what)
        yield Sample(f"{case}, processor time", who, row["cpu_us"], "us a call", what)
