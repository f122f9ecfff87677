"""Java servers, gathered by Maven once and kept for later runs, outside of the project."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.services.daemon import Failed

PROJECT = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>sendwell</groupId><artifactId>tests</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies>
</project>
"""

DEPENDENCY = """<dependency>
<groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version>
</dependency>"""

_RELEASE = re.compile(r'JAVA_VERSION="(\d+)')


def why_not(name: str, *, versions: range) -> str | None:
    """Why those jars can neither be found nor gathered here, or not be run."""
    wanted = f"Java {versions.start} or newer"
    if (installed := _java_version()) is None:
        return f"{wanted} is not installed"
    if installed not in versions:
        return f"{name} does not run on Java {installed}"
    if shutil.which("mvn") is None and not (_cache() / name).exists():
        return "Maven is not installed"
    return None


def java(name: str, *coordinates: str) -> list[str]:
    """How a command begins that runs a class of those jars."""
    folder, archive = gathered(name, *coordinates), _archive(name)
    remembered = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
    # Without a file of its own in the folder of all that no killed process would remove.
    return ["java", "-XX:-UsePerfData", *remembered, "-cp", f"{folder}/*"]


def gathered(name: str, *coordinates: str) -> Path:
    """The folder of the jars that `coordinates` (`group:artifact:version`) need.

    It is filled when it is not there yet, by one process only; `name` holds the version.
    """
    folder = _cache() / name
    with _alone("gather"):
        if not folder.exists():
            _gather(folder, coordinates)
    return folder


@contextmanager
def remembering(name: str, *coordinates: str) -> Iterator[Sequence[str]]:
    """Run the server in this block with the options, and end it in good order.

    Then Java has written down the classes as they were once loaded, and later starts need half the
    time. There are no options, and nothing needs to run, when that was done before.
    """
    gathered(name, *coordinates)
    with _alone("remember"):
        archive = _archive(name)
        if archive.exists():
            yield ()
            return
        unfinished = archive.with_suffix(".unfinished")
        yield (f"-XX:ArchiveClassesAtExit={unfinished}",)
        unfinished.rename(archive)


def _gather(folder: Path, coordinates: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        dependencies = "".join(DEPENDENCY.format(*each.split(":")) for each in coordinates)
        Path(place, "pom.xml").write_text(PROJECT.format(dependencies=dependencies))
        command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"Maven could not gather {folder.name}:\n{done.stdout}")
        Path(place, "jars").rename(folder)


@contextmanager
def _alone(what: str) -> Iterator[None]:
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _archive(name: str) -> Path:
    """It belongs to one build of Java, which would not use another's."""
    build = _java_home().stat().st_mtime_ns
    return _cache() / f"{name}-{build:x}.jsa"


def _java_version() -> int | None:
    if shutil.which("java") is None or not (release := _java_home() / "release").exists():
        return None
    found = _RELEASE.search(release.read_text())
    return int(found[1]) if found else None


def _java_home() -> Path:
    there = shutil.which("java")
    assert there is not None, "Java is not installed"
    return Path(there).resolve().parents[1]


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "sendwell-tests", "jars")
