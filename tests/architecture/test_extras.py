"""Without extras all works that needs no server: `./dev up` installs none."""

import subprocess
import sys

import pytest

EXTRAS = (
    "greenlet",
    "asyncpg",
    "aiomysql",
    "asyncmy",
    "aio_pika",
    "confluent_kafka",
    "redis",
    "cassandra",
)
WITHOUT = f"""
import sys
sys.modules.update(dict.fromkeys({EXTRAS!r}))
"""


@pytest.mark.parametrize(
    "module",
    [
        "sendwell.embedded",
        "sendwell.cli",
        "sendwell.bootstrap",
        "sendwell.bootstrap.homes",
        "sendwell.adapters.sql.upkeep_connections",
    ],
)
def test_a_machine_without_extras_can_import(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{WITHOUT}import {module}"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
