"""What a test file says when it needs a real server."""

import os

import pytest

from tests.services.servers import KINDS


def needs(*names: str) -> list[pytest.MarkDecorator]:
    """Marks for `pytestmark`: these servers must be there, and one worker runs all their tests.

    Where a server cannot be run, the tests are skipped on a laptop, and fail where CI is set. Tests
    of several servers run where the heaviest of them runs, which is so started once only.
    """
    heaviest = max(names, key=list(KINDS).index)
    return [pytest.mark.xdist_group(heaviest), *_skips(names)]


def _skips(names: tuple[str, ...]) -> list[pytest.MarkDecorator]:
    if os.environ.get("CI"):
        return []
    reasons = [reason for name in names if (reason := KINDS[name].why_not())]
    return [pytest.mark.skip(reason=reason) for reason in reasons]
