"""What the command line says of itself, and what it costs to start."""

import asyncio
import os
import sys

import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.product import ROOT

COMMANDS = (
    "send", "status", "timeline", "replay", "dead-letters", "ledger", "doctor", "bench",
)  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["send", "--help"], ["ledger", "--json"]])
async def test_client_commands_load_nothing_of_the_server(arguments: list[str]) -> None:
    heavy = {"fastapi", "starlette", "sqlalchemy", "alembic", "uvicorn", "msgspec", "structlog"}
    code = (
        "import sys; from sendwell.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('loaded:', *{name.partition('.')[0] for name in sys.modules})"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env={**os.environ, "SENDWELL_URL": "http://127.0.0.1:9"},
    )  # fmt: skip

    out, _ = await process.communicate()

    loaded = set(out.decode().rpartition("loaded:")[2].split())
    assert "typer" in loaded
    assert loaded & heavy == set()


# Help


async def test_help_lists_every_command() -> None:
    told = await sendwell("--help")

    assert told.code == 0
    assert [name for name in ("up", *COMMANDS) if f"\n  {name} " not in told.out] == []


@pytest.mark.parametrize("command", COMMANDS)
async def test_the_help_of_each_command_has_examples_that_can_be_copied(command: str) -> None:
    told = await sendwell(command, "--help")

    examples = [line for line in told.out.splitlines() if line.startswith("    sendwell ")]
    assert told.code == 0
    assert len(examples) >= 2
    assert all(line.split()[1] == command for line in examples)
