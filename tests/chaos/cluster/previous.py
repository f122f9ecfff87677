"""An earlier version than the one under test, in a folder of its own."""

import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

from tests.acceptance.product import ROOT


@dataclass(frozen=True, slots=True)
class Previous:
    """Where it is. `knows_all_tables`: it can be started on tables of the one under test."""

    tree: Path
    knows_all_tables: bool

    @classmethod
    def unpacked_to(cls, folder: Path, revision: str) -> Self:
        """The version that git knows as that revision."""
        command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision, "sendwell"]
        archive = subprocess.run(command, capture_output=True, check=True).stdout
        folder.mkdir()
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        return cls(folder, _migrations(ROOT) <= _migrations(folder))


def _migrations(tree: Path) -> set[Path]:
    return {file.relative_to(tree) for file in tree.glob("sendwell/**/migrations/*.py")}
