"""A file of people is imported by the command line, whatever happens to the server meanwhile."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.product import ROOT, Product, running

PEOPLE = 20_000
MANY = 40_000
LARGE_BYTES = 45_000_000
MOST_GROWTH_KB = 25_000
"""By which the server may grow while it takes in a file of that size, once it is warm."""


def people(count: int) -> Iterator[str]:
    yield "user_id,email,phone,name,timezone,attributes.plan\n"
    for number in range(count):
        yield (
            f"person-{number},person-{number}@example.com,+43664{number:07},Person {number},"
            "Europe/Vienna,pro\n"
        )


def written(path: Path, lines: Iterable[str]) -> Path:
    with path.open("w") as content:
        content.writelines(lines)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "people.csv", people(PEOPLE))


def wide_people(bytes_: int) -> Iterator[str]:
    """Lines of three kilobytes each, so many bytes of them."""
    story = "x" * 3_000
    for number in range(bytes_ // len(story)):
        yield json.dumps({"user_id": f"wide-{number}", "attributes": {"story": story}}) + "\n"


def hears_ctrl_c() -> None:
    """Tests that run in the background of a shell inherit that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def memory_kb(product: Product, field: str = "VmRSS") -> int:
    status = Path(f"/proc/{product.process.pid}/status").read_text()
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1])


async def stored(product: Product) -> int:
    """How many people of the file the only import has stored so far."""
    imports = (await product.get("/imports"))["data"]
    return int(imports[0]["created"]) if imports else 0


@pytest.mark.usefixtures("each_database")
async def test_a_server_that_is_killed_in_the_middle_gets_every_person_once(
    tmp_path: Path, file: Path
) -> None:
    product = await Product(tmp_path / "data", "--no-sample").start()
    port = product.url.rpartition(":")[2]
    importing = asyncio.create_task(
        sendwell("people", "import", str(file), "--json", "--key", product.key, at=product)
    )
    async with asyncio.timeout(60):
        while await stored(product) < PEOPLE // 10:
            await asyncio.sleep(0.01)

    await product.kill()
    product = await Product(tmp_path / "data", "--no-sample", "--port", port).start()
    result = await importing

    assert result.code == 0, result.errors
    assert result.json["state"] == "finished"
    assert result.json["lines"] == PEOPLE + 1
    assert (result.json["created"], result.json["updated"]) == (PEOPLE, 0)
    for number in (0, PEOPLE // 2, PEOPLE - 1):
        found = await product.get(f"/users/person-{number}")
        assert found["email"] == f"person-{number}@example.com"
    assert await product.stop() == 0


async def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    warm = written(tmp_path / "warm.ndjson", wide_people(6_000_000))
    large = written(tmp_path / "large.ndjson", wide_people(LARGE_BYTES))
    async with running(tmp_path / "data", "--no-sample") as product:
        await sendwell("people", "import", str(warm), "--key", product.key, at=product)
        before = memory_kb(product, "VmHWM")

        result = await sendwell("people", "import", str(large), "--key", product.key, at=product)

        assert result.code == 0, result.errors
        assert memory_kb(product, "VmHWM") - before < MOST_GROWTH_KB


async def test_what_was_interrupted_by_hand_goes_on_where_it_was(tmp_path: Path) -> None:
    file = written(tmp_path / "people.csv", people(MANY))  # so that there is time to interrupt it
    async with running(tmp_path / "data", "--no-sample") as product:
        command = ["people", "import", str(file), "--url", product.url, "--key", product.key]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "sendwell", *command),
            cwd=ROOT,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=hears_ctrl_c,
        )
        async with asyncio.timeout(60):
            while await stored(product) == 0:
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = await process.communicate()
        found = re.search(r"--resume (\S+)", told.decode())
        assert found is not None, told.decode()
        half = await product.get(f"/imports/{found[1]}")

        result = await sendwell(*command, "--resume", found[1], "--json")

        assert process.returncode == 130
        assert half["state"] == "open"
        assert (result.json["created"], result.json["updated"]) == (MANY, 0)


async def test_lines_that_are_wrong_are_told_and_the_exit_code_says_so(tmp_path: Path) -> None:
    lines = ["E-Mail;user_id\n", "ada@example.org;ada\n", "nobody;b b\n", "eve@example.org;eve"]
    file = written(tmp_path / "people.csv", lines)
    async with running(tmp_path / "data") as product:
        told = await sendwell("people", "import", str(file), "--column", "E-Mail=email", at=product)
        shown = await sendwell("people", "show", "eve", at=product)
        unnamed = await sendwell("people", "import", str(file), at=product)

    assert told.code == 1
    assert "4 lines: 2 created, 0 updated, 1 refused." in told.out
    assert re.search(r"^3 +email +An e-mail address has the form", told.out, re.MULTILINE)
    assert "eve@example.org" in shown.out
    assert unnamed.code == 1
    assert "There is no field 'E-Mail'." in unnamed.errors
    assert "--resume" not in unnamed.errors


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["people.txt"], "--format"),
        (["people.csv", "--column", "Mail"], "--column"),
        (["nowhere.csv"], "does not exist"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    tmp_path: Path, options: list[str], said: str
) -> None:
    for name in ("people.txt", "people.csv"):
        written(tmp_path / name, ["user_id\n"])

    result = await sendwell("people", "import", str(tmp_path / options[0]), *options[1:])

    assert result.code == 2
    assert said in result.errors


async def test_an_import_that_was_begun_by_http_goes_on_from_the_command_line(
    tmp_path: Path,
) -> None:
    file = written(tmp_path / "people.csv", ["user_id\n", "ada\n", "bob\n"])
    async with running(tmp_path / "data") as product:
        begun = await product.client.post("/api/v1/imports", json={"format": "csv"})
        path = begun.headers["location"]
        await product.client.patch(path, content=b"user_id\nada\n", headers={"Upload-Offset": "0"})

        id_ = begun.json()["id"]
        result = await sendwell(
            "people", "import", str(file), "--resume", id_, "--key", product.key, at=product
        )

    assert "3 lines: 2 created" in result.out, result.errors


async def test_another_file_does_not_go_on_for_the_one_that_was_begun(tmp_path: Path) -> None:
    file = written(tmp_path / "people.csv", ["user_id\n", "ada\n"])
    async with running(tmp_path / "data") as product:
        begun = await product.client.post(
            "/api/v1/imports", json={"format": "csv", "total_bytes": 7}
        )

        id_ = begun.json()["id"]
        result = await sendwell("people", "import", str(file), "--resume", id_, at=product)

    assert result.code == 1
    assert "has 12 bytes" in result.errors
