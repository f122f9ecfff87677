"""`sendwell rules` against a running product."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.command import Result, sendwell
from tests.acceptance.product import Product, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("rules")) as started:
        yield started


async def rules(product: Product, *words: str, stdin: bytes = b"") -> Result:
    return await sendwell("rules", *words, "--url", product.url, stdin=stdin)


async def test_a_section_is_set_from_standard_input_shown_and_reset(product: Product) -> None:
    done = await rules(product, "set", "budget", stdin=b'{"per_day": 3}')
    shown = await rules(product, "get", "budget")
    overview = await rules(product, "get")
    back = await rules(product, "reset", "budget", "--json")

    assert done.out.strip() == "The rules budget are replaced."
    assert json.loads(shown.out) == {"per_day": 3, "over": "hold"}
    (line,) = [line for line in overview.out.splitlines() if line.startswith("budget ")]
    assert line.split()[1:3] == ["you", '{"per_day":']
    assert json.loads(back.out) == {"per_day": None, "over": "hold"}


async def test_what_get_prints_can_be_set_again(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "priorities.json"
    file.write_text((await rules(product, "get", "priorities")).out)

    done = await rules(product, "set", "priorities", str(file))

    assert done.code == 0, done.errors
    assert json.loads((await rules(product, "get", "priorities")).out) == json.loads(
        file.read_text()
    )


async def test_what_is_wrong_is_said_with_its_place_and_changes_nothing(product: Product) -> None:
    refused = await rules(product, "set", "limits", stdin=b'{"channels": {"sms": "fast"}}')

    assert refused.code == 1
    assert "/channels/sms: 'fast' is not a rate." in refused.errors
    assert json.loads((await rules(product, "get", "limits")).out)["channels"] == {}


@pytest.mark.parametrize("command", ["get", "set", "reset"])
async def test_a_section_that_there_is_not_is_refused_with_those_that_there_are(
    command: str, product: Product
) -> None:
    refused = await rules(product, command, "lanes", stdin=b"{}")

    assert refused.code == 1
    assert "no section 'lanes'" in refused.errors
    assert "priorities, routing, limits" in refused.errors


async def test_a_file_that_is_not_there_is_a_wrong_call(product: Product) -> None:
    assert (await rules(product, "set", "budget", "/nowhere.json")).code == 2
