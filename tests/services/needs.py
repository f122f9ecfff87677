"""What a test file says when it needs a real server."""

import os

import pytest

from tests.services.servers import KINDS

LIGHT = frozenset({"redis", "postgres"})
"""There in a second, and most tests of servers are theirs: one worker would be busy for long."""


def needs(*names: str) -> list[pytest.MarkDecorator]:
    """Marks for `pytestmark`: these servers must be there.

    Where a server cannot be run, the tests are skipped on a laptop, and fail where CI is set. One
    worker runs all tests of a heavy server, which is so started once only; tests of several
    servers run where the heaviest of them runs. Of light ones each worker has its own.
    """
    heaviest = max(names, key=list(KINDS).index)
    group = [] if heaviest in LIGHT else [pytest.mark.xdist_group(heaviest)]
    return [*group, *_skips(names)]


def _skips(names: tuple[str, ...]) -> list[pytest.MarkDecorator]:
    if os.environ.get("CI"):
        return []
    reasons = [reason for name in names if (reason := KINDS[name].why_not())]
    return [pytest.mark.skip(reason=reason) for reason in reasons]
