"""What a process takes before it has done anything."""

import asyncio
import sys
from pathlib import Path

from tests.acceptance.product import ROOT, running

MOST_MEGABYTES = 150
HEAVY = ("sqlalchemy", "fastapi", "pydantic", "minijinja", "alembic", "babel", "uvicorn")
"""What `sendwell up` needs, and nobody who asks it over HTTP or only reads the help."""

LATER = ("joserfc", "cryptography", "opentelemetry.sdk")
"""What is for those who log in, open pages or trace: 10 MB that others do without."""


def resident_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) / 1000


async def test_a_process_that_is_ready_takes_at_most_150_megabytes(tmp_path: Path) -> None:
    async with running(tmp_path, anew=True) as product:
        megabytes = resident_megabytes(product.process.pid)

    assert megabytes <= MOST_MEGABYTES


async def test_a_command_that_only_asks_imports_nothing_heavy() -> None:
    code = f"import sendwell.cli, sys; print(*sorted(set({HEAVY}) & set(sys.modules)))"

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()

    assert printed.decode().split() == []


async def test_what_only_some_need_is_not_imported_by_all() -> None:
    code = f"import sendwell.bootstrap.roles, sys; print(*sorted(set({LATER}) & set(sys.modules)))"

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()

    assert printed.decode().split() == []
