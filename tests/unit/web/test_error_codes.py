"""The page about errors knows every code."""

import re
from pathlib import Path

from sendwell.web.error_codes import CODES

PACKAGE = Path(__file__).parents[3] / "sendwell"
_CODE = re.compile(r'\b(?:code = |code=|Problem\(\d+, )"(?P<code>[a-z_]+)"')


def test_every_code_in_the_sources_is_explained() -> None:
    places = ("domain/errors.py", "domain/rendering.py", "runtime", "roles")
    files = [
        file
        for place in places
        for file in (
            [PACKAGE / place] if place.endswith(".py") else (PACKAGE / place).rglob("*.py")
        )
    ]

    used = {found["code"] for file in files for found in _CODE.finditer(file.read_text())}

    assert {"invalid", "not_found", "internal"} <= used
    assert used - CODES.keys() == set()
