"""Python, SQLite and the installed packages."""

import platform
import sqlite3
import sys
from collections.abc import Iterator

from sendwell import __version__
from sendwell.cli.diagnosis.finding import Finding, wrong

_LEAST_PYTHON = (3, 11)
_LEAST_SQLITE = (3, 35, 0)  # RETURNING


def look_at_machine() -> Iterator[Finding]:
    """Whether Sendwell can run here at all."""
    yield _python()
    yield _sqlite()
    yield _packages()


def _python() -> Finding:
    found = platform.python_version()
    if sys.version_info < _LEAST_PYTHON:
        return wrong("python", f"Python {found} is too old.", "Install Python 3.11 or newer.")
    return Finding("python", f"Python {found}, {platform.machine()}")


def _sqlite() -> Finding:
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _LEAST_SQLITE:
        return wrong(
            "sqlite",
            f"SQLite {found} is too old.",
            "Sendwell needs 3.35 or newer: take a Python that brings one.",
        )
    return Finding("sqlite", f"SQLite {found}")


def _packages() -> Finding:
    try:
        import sendwell.embedded  # noqa: F401 - imports everything that `up` needs
    except ImportError as error:
        return wrong(
            "packages",
            f"Sendwell {__version__} cannot be loaded: {error}.",
            "Install the locked packages anew: `./dev up` does, and pip from requirements/run.txt.",
        )
    return Finding("packages", f"Sendwell {__version__} and all that it needs")
