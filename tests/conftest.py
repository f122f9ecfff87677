"""What holds for all tests."""

import os
from collections.abc import Iterable

import pytest
import structlog
from _pytest.nodeid import NodeId
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.services.fixtures", "tests.failures"]

IS_LONG = bool({"SENDWELL_CHAOS_CYCLES", "SENDWELL_SCHEMA_EXAMPLES"} & os.environ.keys())

# The machine is shared: how long one example takes says nothing about the code. New examples are
# looked for by `./dev test --long`; else a change is judged by the same ones as the one before,
# by `./dev check` by a part of them.
settings.register_profile(
    "sendwell",
    deadline=None,
    derandomize=not IS_LONG,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", settings.get_profile("sendwell"), max_examples=20)
settings.load_profile("sendwell")

# Unless told otherwise structlog draws each traceback with all its variables: seconds for one.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """A test's group is at the end of its id, where pytest-xdist looks for it.

    pytest-xdist 3.8 writes it where pytest looked before 9.2, and then heeds no group:
    https://github.com/pytest-dev/pytest-xdist/issues/1386.
    """
    for item in items:
        if named := getattr(item, "_nodeid", None):
            item._id = NodeId.parse(named)
