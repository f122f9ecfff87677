"""By what an installation is known in Redis."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from sendwell.bootstrap.shared import names_in_redis
from sendwell.settings import read_settings

OURS, THEIRS = "our-secret-of-thirty-two-letters-0", "their-secret-of-thirty-two-letters"
PAGE = Path(__file__).parents[3] / "docs/explanation/where-personal-data-lives.md"
A_TOKEN = "a-token-of-at-least-thirty-two-letters"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"SECRET_KEY": OURS}, {"SECRET_KEY": OURS}, True),
        ({"SECRET_KEY": OURS}, {"SECRET_KEY": OURS, "SECRET_KEY_ALSO": THEIRS}, True),
        ({"SECRET_KEY": OURS}, {"SECRET_KEY": THEIRS, "SECRET_KEY_ALSO": OURS}, False),
        ({"SECRET_KEY": OURS}, {"SECRET_KEY": OURS, "SERVICE_TOKEN": A_TOKEN}, False),
        (
            {"SECRET_KEY": OURS, "SERVICE_TOKEN": A_TOKEN},
            {"SECRET_KEY": THEIRS, "SERVICE_TOKEN": A_TOKEN},
            True,
        ),
    ],
)
def test_who_has_the_same_token_or_without_one_the_same_secret_counts_together(
    one: dict[str, str], other: dict[str, str], *, is_same: bool
) -> None:
    ours, theirs = names_in_redis(read_settings(one)), names_in_redis(read_settings(other))

    assert (ours.limits == theirs.limits) is is_same


@pytest.mark.parametrize("kind", ["person", "day"])
def test_the_page_removes_what_was_named_by_ids_and_spares_what_is_counted_now(kind: str) -> None:
    (pattern,) = re.findall(r'--scan --pattern "(.+?)"', PAGE.read_text())
    ours = names_in_redis(read_settings({"SECRET_KEY": OURS})).limits

    assert fnmatchcase(f"sendwell:limit:{kind}:acme:anna", pattern.replace("$kind", kind))
    assert not fnmatchcase(f"{ours}{kind}:acme:anna", pattern.replace("$kind", kind))
