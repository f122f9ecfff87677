"""The documents: their shell lines work as they stand, and the reference says what the code does."""

import asyncio
import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendwell import settings
from sendwell.cli.diagnosis.configuration import variables
from sendwell.domain.lifecycle import MOVES, State
from sendwell.domain.triage import Cause
from sendwell.telemetry.names import REGISTRY
from sendwell.web.error_codes import CODES
from tests.acceptance.command import sendwell
from tests.acceptance.product import ROOT, Product, running

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
RUN = [ROOT / "README.md", *sorted((DOCS / "tutorial").glob("*.md"))]
RUN += sorted((DOCS / "how-to").glob("*.md"))
HOME = "http://127.0.0.1:8000"
_BLOCK = re.compile(r"^```sh\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_DEV = re.compile(r"^\./dev .*$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_PREAMBLE = """
set -euo pipefail
curl() { command curl --fail-with-body "$@"; }
"""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def script(page: Path, product: Product) -> str:
    """The shell lines of a page, as one script against that product.

    What `./dev` starts is running already, or is these tests.
    """
    lines = "\n".join(found["lines"] for found in _BLOCK.finditer(page.read_text()))
    return _PREAMBLE + _DEV.sub("", lines).replace(HOME, product.url)


@pytest.mark.parametrize("page", RUN, ids=name_of)
async def test_the_shell_lines_of_a_page_work_as_they_stand(page: Path, tmp_path: Path) -> None:
    if not _BLOCK.search(page.read_text()):
        pytest.skip("it shows lines for vendors' accounts only")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    async with running(tmp_path / "data") as product:
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", script(page, product), cwd=ROOT,
            env={**os.environ, "PATH": path, "SENDWELL_URL": product.url},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(120):
            out, _ = await process.communicate()

    print(out.decode()); assert process.returncode == 0, out.decode()
