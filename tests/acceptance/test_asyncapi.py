"""The AsyncAPI documents, judged by the parser of those who wrote the specification."""

import json
import os
from pathlib import Path

import pytest

from sendwell.channels import all_channels
from sendwell.domain.presets import PRESETS
from sendwell.web.asyncapi import Document, document
from tests.acceptance.product import running
from tests.services import npm

SCRIPT = Path(npm.__file__).with_name("asyncapi.js")
_REASON = npm.why_not()
pytestmark = [
    pytest.mark.xdist_group("npm"),
    pytest.mark.skipif(_REASON is not None and not os.environ.get("CI"), reason=_REASON or ""),
]


def findings(*documents: Document) -> list[list[str]]:
    """What the parser has to say about each, warnings and hints included."""
    npm.ensure_installed()
    found: list[list[str]] = json.loads(npm.run(SCRIPT, stdin=json.dumps(documents)))
    return found


def test_the_document_of_every_preset_is_flawless() -> None:
    documents = [document(preset, all_channels().values()) for preset in PRESETS.values()]

    assert findings(*documents) == [[] for _ in PRESETS]


async def test_the_document_of_the_preset_in_force_is_served(tmp_path: Path) -> None:
    async with running(tmp_path, environment={"PRESET": "direct"}) as product:
        answer = await product.client.get("/asyncapi.json")

    served = answer.json()
    addresses = {channel["address"] for channel in served["channels"].values()}
    assert {"email", "push", "failed", "status"} <= addresses
    assert findings(served) == [[]]


def test_the_parser_notices_a_flaw() -> None:
    made = document(PRESETS["tenant"], all_channels().values())

    (found,) = findings({**made, "operations": {"odd": {"action": "dance"}}})

    assert found
