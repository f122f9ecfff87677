"""The machine and the versions that a run was measured with."""

import os
import platform
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from benchmarks.processes import busy_seconds, own_seconds

_PACKAGES = (
    "sendwell", "uvloop", "httptools", "msgspec", "minijinja", "celery", "redis", "sqlalchemy",
    "requests", "jinja2",
)  # fmt: skip


def facts() -> dict[str, object]:
    """What another run has to be compared with."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _field("/proc/cpuinfo", "model name"),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "redis_server": _redis(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "load_before": os.getloadavg()[0],
    }


@contextmanager
def watched(shares: list[float]) -> Iterator[None]:
    """Notes how many cores were busy, on average, with what is none of ours while the block ran."""
    began, before = time.monotonic(), busy_seconds() - own_seconds()
    try:
        yield
    finally:
        spent = busy_seconds() - own_seconds() - before
        shares.append(round(max(0.0, spent) / (time.monotonic() - began), 2))


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _redis() -> str | None:
    program = shutil.which("redis-server")
    if program is None:
        return None
    return subprocess.check_output([program, "--version"], text=True).split("v=")[1].split()[0]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except ModuleNotFoundError:
        return None
