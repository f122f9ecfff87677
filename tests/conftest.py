"""What holds for all tests."""

from collections.abc import Iterable

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings

pytest_plugins = ["tests.services.fixtures"]

# The machine is shared: how long one example takes says nothing about the code.
settings.register_profile("sendwell", deadline=None)
settings.load_profile("sendwell")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """A test's group is at the end of its id, where pytest-xdist looks for it.

    pytest-xdist 3.8 writes it where pytest looked before 9.2, and then heeds no group:
    https://github.com/pytest-dev/pytest-xdist/issues/1386.
    """
    for item in items:
        if named := getattr(item, "_nodeid", None):
            item._id = NodeId.parse(named)
