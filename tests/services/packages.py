"""The system packages that tests and benchmarks drive: real servers and a real browser."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import cassandra, kafka
from tests.services.daemon import Failed

NEEDED = {
    "postfix": "/usr/sbin/postfix",
    "sasl2-bin": "/usr/sbin/saslpasswd2",
    "libsasl2-modules": "/usr/lib/x86_64-linux-gnu/sasl2",
    "chromium": "/usr/bin/chromium",
    "redis-server": "/usr/bin/redis-server",
    "postgresql": "/usr/lib/postgresql/*/bin/postgres",
    "pgbouncer": "/usr/sbin/pgbouncer",
    "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "mariadb-server-core": "/usr/sbin/mariadbd",
    "mariadb-client-core": "/usr/bin/mariadb",
    "default-jdk-headless": "/usr/bin/java",
    "maven": "/usr/bin/mvn",
}
"""Debian package and a file that shows that it is there."""

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks it whether a server that was just installed may be started; 101 says no."""


def ensure_installed() -> None:
    """Install what is missing where we may (root on Debian), else say what to install.

    Servers that come as jars are fetched, too, so that no test has to wait for them.
    """
    if missing := [name for name, file in NEEDED.items() if not _is_there(file)]:
        _install(missing)
    for server in (kafka, cassandra):
        try:
            if server.why_not() is None:
                server.prepare()
        except Failed as failure:
            print(failure, file=sys.stderr)


def _install(missing: list[str]) -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            f"Some tests will be skipped: install {', '.join(missing)} to run them.",
            file=sys.stderr,
        )
        return
    print(f"Installing {', '.join(missing)} …", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _nothing_is_started():
        for command in (("update",), ("install", "-y", "--no-install-recommends", *missing)):
            subprocess.run(
                ["apt-get", "-qq", *command], env=quiet, check=True, stdout=subprocess.DEVNULL
            )


@contextmanager
def _nothing_is_started() -> Iterator[None]:
    """What was installed does not run: tests start servers of their own."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _is_there(file: str) -> bool:
    return any(Path("/").glob(file.removeprefix("/")))
