"""The system packages that tests and benchmarks drive: real servers and a real browser."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = {
    "postfix": "/usr/sbin/postfix",
    "sasl2-bin": "/usr/sbin/saslpasswd2",
    "libsasl2-modules": "/usr/lib/x86_64-linux-gnu/sasl2",
    "chromium": "/usr/bin/chromium",
    "redis-server": "/usr/bin/redis-server",
}
"""Debian package and a file that shows that it is there."""


def ensure_installed() -> None:
    """Install what is missing where we may (root on Debian), else say what to install."""
    missing = [name for name, file in NEEDED.items() if not Path(file).exists()]
    if not missing:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            f"Some tests will be skipped: install {', '.join(missing)} to run them.",
            file=sys.stderr,
        )
        return
    print(f"Installing {', '.join(missing)} …", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", *missing)):
        subprocess.run(
            ["apt-get", "-qq", *command], env=quiet, check=True, stdout=subprocess.DEVNULL
        )
