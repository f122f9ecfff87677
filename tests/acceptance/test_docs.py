"""The documents: their shell lines work as they stand, their reference says what the code does."""

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.lifecycle import MOVES, State
from sendwell.domain.triage import Cause
from sendwell.providers import discovery
from sendwell.roles.delivery.dispatcher import Dispatcher
from sendwell.roles.delivery.exchange import Account
from sendwell.telemetry.names import REGISTRY
from sendwell.web.error_codes import CODES
from tests.acceptance.command import sendwell
from tests.acceptance.product import ROOT, Product, running

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
TAUGHT = [
    ROOT / "README.md",
    *sorted(DOCS.glob("tutorial/*.md")),
    *sorted(DOCS.glob("how-to/*.md")),
]
HOME = "http://127.0.0.1:8000"
_SHELL = re.compile(r"^```sh\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_RUN = re.compile(r"^\$ .*sendwell run ", re.MULTILINE)
_EXPORT = re.compile(r"^\$ (?P<line>export .+)$", re.MULTILINE)
_DEV = re.compile(r"^\./dev (?P<command>[a-z]+).*$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|", re.MULTILINE)
_HELP = re.compile(
    r"^## (?P<command>[^\n]+)\n\n```text\n(?P<help>.*?)\n```$", re.MULTILINE | re.DOTALL
)
_COMMAND = re.compile(r"^  (?P<name>[a-z][a-z-]+) ", re.MULTILINE)
_PREAMBLE = 'set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n'


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


# Lines that people copy


def script(page: Path, product: Product) -> str:
    """The shell lines of a page, as one script against that product.

    What `./dev` starts is running already, or is these tests.
    """
    lines = "\n".join(found["lines"] for found in _SHELL.finditer(page.read_text()))
    return _PREAMBLE + _DEV.sub("", lines).replace(HOME, product.url)


@pytest.mark.parametrize(
    "page", [page for page in TAUGHT if _SHELL.search(page.read_text())], ids=name_of
)
async def test_the_shell_lines_of_a_page_work_as_they_stand(page: Path, tmp_path: Path) -> None:
    """And leave what they have set as they have found it: the next page begins with it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    async with running(tmp_path) as product:
        found = await set_for_all(product)
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", script(page, product), cwd=ROOT,
            env={
                **os.environ, "PATH": path,
                "SENDWELL_URL": product.url, "SENDWELL_DATA": str(tmp_path),
            },
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(120):
            out, _ = await process.communicate()
        left = await set_for_all(product)

    assert process.returncode == 0, out.decode()
    assert left == found


async def set_for_all(product: Product) -> list[Any]:
    """What holds for more than one message of the sample's person, or for others, too."""
    choices = await product.get("/users/user-001/preferences")
    return [await product.get("/rules"), await product.get("/suppressions"), choices]


def exports_of(page: Path) -> str:
    """What a page has set before it first runs Sendwell on its servers."""
    before = _RUN.split(page.read_text())[0].replace("…", "x" * 40)
    return "\n".join(found["line"] for found in _EXPORT.finditer(before))


@pytest.mark.parametrize(
    "page", [page for page in TAUGHT if _RUN.search(page.read_text())], ids=name_of
)
async def test_what_a_page_has_set_is_enough_for_its_first_run(page: Path, tmp_path: Path) -> None:
    """But for the servers, which are not here."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c",
        f'{exports_of(page)}\nunset $(compgen -e | grep "_URL$" || true)\n'
        'exec "$0" -m sendwell run all --port 0 --data "$1"',
        sys.executable, str(tmp_path), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(120):
        line = (await process.stdout.readline()).decode()
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()

    assert line.startswith("READY "), line


async def test_every_command_of_dev_that_a_page_names_is_there() -> None:
    named = {found["command"] for page in PAGES for found in _DEV.finditer(page.read_text())}

    process = await asyncio.create_subprocess_exec(
        sys.executable, "dev", "help", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()

    assert {"up", "test"} <= named
    assert named <= {line.split()[1] for line in out.decode().splitlines() if "./dev " in line}


# Links


def anchors(page: Path) -> set[str]:
    """The headings of a page as the names that links know them by."""
    headings = (found["text"] for found in _HEADING.finditer(_FENCED.sub("", page.read_text())))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def broken_links(page: Path) -> Iterator[str]:
    for found in _LINK.finditer(_FENCED.sub("", page.read_text())):
        file, _, anchor = found["target"].partition("#")
        if "://" in file:
            continue
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield found["target"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text() + (DOCS / "decisions" / "README.md").read_text()

    missing = [page.name for page in PAGES if DOCS in page.parents and page.name not in index]

    assert [name for name in missing if name != "README.md"] == []


def test_every_vendor_has_a_page_that_gives_its_account() -> None:
    taught = "".join(page.read_text() for page in DOCS.glob("how-to/send-*.md"))

    vendors = [name.upper() for name in discovery.vendors()]

    assert [each for each in vendors if f"export PROVIDER_CREDENTIALS_{each}=" not in taught] == []


# The reference


def rows(page: str) -> list[str]:
    """What stands in the first column of a page's tables."""
    return [found["name"] for found in _ROW.finditer((REFERENCE / page).read_text())]


def test_every_error_code_has_its_anchor() -> None:
    assert anchors(REFERENCE / "errors.md") - {"errors"} == set(CODES)


def test_every_metric_is_in_the_reference() -> None:
    suffix = {"counter": "_total"}
    known = {f"{each.name}{suffix.get(each.type, '')}" for each in REGISTRY.collect()}

    assert {name for name in rows("metrics.md") if name.startswith("sendwell_")} == known


def test_the_states_and_their_moves_are_those_of_the_lifecycle() -> None:
    lines = (REFERENCE / "states.md").read_text().splitlines()
    cells = [re.split(r" *\| *", line)[1:-1] for line in lines if line.startswith("| `")]
    moves = {
        State(name.strip("`")): frozenset(map(State, re.findall(r"`([A-Z]+)`", then)))
        for name, *_, then in cells
        if name.strip("`") in State.__members__
    }

    assert moves == MOVES


@pytest.mark.parametrize("page", ["reference/states.md", "how-to/retry-dead-letters.md"])
def test_every_cause_of_a_dead_letter_is_told(page: str) -> None:
    text = (DOCS / page).read_text()

    assert [cause.value for cause in Cause if f"`{cause.value}`" not in text] == []


def test_the_seats_are_as_many_as_the_pages_say() -> None:
    channel = signature(Dispatcher).parameters["capacity"].default
    account = signature(Account).parameters["seats"].default

    assert (
        f"| {channel} a channel, {account} an account;"
        in (REFERENCE / "configuration.md").read_text()
    )
    assert (
        f"has {account} sends in flight at most, and a channel {channel}."
        in (DOCS / "explanation" / "lanes-and-fairness.md").read_text()
    )


async def command_line_page(introduction: str) -> str:
    helps = await helps_below("sendwell")
    parts = [f"## {command}\n\n```text\n{said}\n```" for command, said in helps.items()]
    return "\n\n".join([introduction.rstrip(), *parts]) + "\n"


async def helps_below(command: str) -> dict[str, str]:
    """The help of a command, and of those that it lists."""
    text = await help_of(*command.split()[1:])
    helps = {command: text}
    for below in commands_in(command, text):
        helps |= await helps_below(below)
    return helps


def commands_in(command: str, text: str) -> list[str]:
    return [f"{command} {name}" for name in _COMMAND.findall(text.partition("Commands:")[2])]


async def help_of(*command: str) -> str:
    result = await sendwell(*command, "--help", environment={"COLUMNS": "80"})
    return result.out.strip()


async def test_the_reference_of_the_command_line_is_its_help() -> None:
    page = REFERENCE / "command-line.md"
    if os.environ.get("SENDWELL_SNAPSHOT") == "write":
        page.write_text(await command_line_page(page.read_text().partition("\n## ")[0]))
    told = {found["command"]: found["help"] for found in _HELP.finditer(page.read_text())}

    helps = {command: await help_of(*command.split()[1:]) for command in told}

    assert helps == told
    listed = {below for command, text in told.items() for below in commands_in(command, text)}
    assert listed == told.keys() - {"sendwell"}


async def test_the_map_of_the_api_has_every_operation(tmp_path: Path) -> None:
    told = {tuple(name.split()) for name in rows("http-api.md") if "/" in name}

    async with running(tmp_path) as product:
        document: Any = (await product.client.get("/openapi.json")).json()

    methods = {"get", "put", "post", "delete", "patch"}
    known = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations.keys() & methods
    }
    assert told == known
