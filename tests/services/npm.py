"""Packages of npm that tests use as independent judges, installed outside the tree."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {"@asyncapi/parser": "3.6.3"}
"""Name and version; nothing else is installed but what these ask for."""

FOLDER = Path.home() / ".cache" / "sendwell-tests" / "npm"
_MINUTES = 5


def why_not() -> str | None:
    """Why the packages cannot be used here; None when they can."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"{', '.join(missing)} is not installed" if missing else None


def ensure_installed() -> None:
    """The packages are there, in the versions named here."""
    missing = [f"{name}@{version}" for name, version in PACKAGES.items() if not _has(name, version)]
    if not missing:
        return
    print(f"Installing {', '.join(missing)} …", file=sys.stderr, flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    quiet = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    subprocess.run(
        ["npm", "install", "--prefix", str(FOLDER), *quiet, *missing],
        check=True,
        timeout=60 * _MINUTES,
        stdout=subprocess.DEVNULL,
    )


def run(script: Path, *, stdin: str) -> str:
    """What a script of node prints that may require the packages."""
    environment = {**os.environ, "NODE_PATH": str(FOLDER / "node_modules")}
    done = subprocess.run(
        ["node", str(script)],
        input=stdin,
        env=environment,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _has(name: str, version: str) -> bool:
    try:
        described = json.loads((FOLDER / "node_modules" / name / "package.json").read_text())
    except FileNotFoundError:
        return False
    return bool(described["version"] == version)
