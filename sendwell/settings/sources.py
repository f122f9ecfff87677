"""Where values come from: the environment, then the configuration file, and files with a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sendwell.domain.errors import Invalid
from sendwell.settings.names import find, secret_of
from sendwell.settings.tree import Origin

CONFIG = "SENDWELL_CONFIG"
_LINKS = ("tcp://", "udp://", "sctp://")


@dataclass(frozen=True, slots=True)
class Given:
    """What is set, by name: as text, and where it comes from; and which files were read."""

    values: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, Origin]
    files: tuple[Path, ...] = ()


def gather(environment: Mapping[str, str]) -> Given:
    """All that is set. What is empty is not set; the environment wins over the file.

    Raises Invalid, naming the variable or the file.
    """
    here = _given(_heard(environment), Origin.ENVIRONMENT, folder=Path())
    name = environment.get(CONFIG)
    if not name:
        return here
    from sendwell.settings.config_file import read_file

    file = Path(name)
    there = _given(read_file(file), Origin.FILE, folder=file.parent)
    return Given(
        {**there.values, **here.values},
        {**there.origins, **here.origins},
        (file, *there.files, *here.files),
    )


def _heard(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are ours."""
    return {
        name: value
        for name, value in environment.items()
        if (find(name) or secret_of(name)) and not _is_link(name, value)
    }


def _is_link(name: str, value: str) -> bool:
    """Kubernetes tells every container of a service `users` that USERS_PORT=tcp://10.0.0.1:80."""
    return name.endswith("_PORT") and value.startswith(_LINKS)


def _given(entries: Mapping[str, str], origin: Origin, *, folder: Path) -> Given:
    values: dict[str, str] = {}
    files = []
    for name, value in entries.items():
        if not value:
            continue
        secret = secret_of(name)
        if secret is None:
            values[name] = _checked(name, value)
            continue
        if entries.get(secret):
            raise Invalid(f"{secret} and {name} are both set: leave one of them out.")
        files.append(folder / value)
        values[secret] = _checked(name, _content(name, files[-1]))
    return Given(values, dict.fromkeys(values, origin), tuple(files))


def _content(name: str, file: Path) -> str:
    """What the file holds. Its name is not repeated: it may be the secret itself, by mistake."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Invalid(f"{name}: the file that it names cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Invalid(f"{name}: the file that it names is not text in UTF-8.") from None
    if not text:
        raise Invalid(f"{name}: the file that it names is empty.")
    return text


def _checked(name: str, value: str) -> str:
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Invalid(f"{name} is not text in UTF-8.")
    return value
