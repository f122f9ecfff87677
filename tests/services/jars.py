"""Java servers, gathered by Maven once and kept for later runs, outside of the project."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PROJECT = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>sendwell</groupId><artifactId>tests</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies>
</project>
"""

DEPENDENCY = """<dependency>
<groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version>
</dependency>"""


def why_not(name: str) -> str | None:
    """Why those jars can neither be found nor gathered here."""
    if shutil.which("java") is None:
        return "Java (17 or newer) is not installed"
    if shutil.which("mvn") is None and not (_cache() / name).exists():
        return "Maven is not installed"
    return None


def gathered(name: str, *coordinates: str) -> Path:
    """The folder of the jars that `coordinates` (`group:artifact:version`) need.

    It is filled when it is not there yet, by one process only; `name` holds the version.
    """
    folder = _cache() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _gather(folder, coordinates)
    return folder


def _gather(folder: Path, coordinates: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        dependencies = "".join(DEPENDENCY.format(*each.split(":")) for each in coordinates)
        Path(place, "pom.xml").write_text(PROJECT.format(dependencies=dependencies))
        command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"]
        subprocess.run(command, cwd=place, check=True)
        Path(place, "jars").rename(folder)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "sendwell-tests", "jars")
