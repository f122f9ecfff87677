"""Places where a test lets the process die."""

import os

import pytest

from sendwell.domain.errors import Invalid
from sendwell.runtime.failpoints import NAMES, arm, failpoint


def test_a_place_that_there_is_not_is_refused() -> None:
    with pytest.raises(Invalid, match=r"'claim\.afterwards'; there are accept\.before"):
        arm("claim.afterwards:2")


def test_nothing_dies_where_no_place_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[object] = []
    monkeypatch.setattr(os, "kill", lambda *whom: killed.append(whom))
    arm("")

    for name in NAMES:
        failpoint(name)

    assert killed == []
