"""The configuration file: TOML with the names of the variables, flat or nested, in any case."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sendwell.domain.errors import Invalid
from sendwell.settings.names import is_spelled_right, nearest

_ACCOUNT = "PROVIDER_CREDENTIALS_"


def read_file(file: Path) -> dict[str, str]:
    """The variables that the file sets, as text.

    `[rate_limit.channel]` with `sms = "10/s"` is RATE_LIMIT_CHANNEL_SMS; a table of credentials is
    the JSON of one account. Raises Invalid, naming the file, for what is no TOML, for a name that
    nobody reads and for one that stands twice: a slip of the pen must not be silent.
    """
    try:
        return _collect(_parse(file))
    except Invalid as error:
        raise Invalid(f"{file}: {error.message}") from error


def _parse(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"this configuration file cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise Invalid(f"this is not TOML: {error}.") from error


def _collect(table: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _entries(table):
        if not is_spelled_right(name):
            better = nearest(name)
            raise Invalid(f"nobody reads {name}.{f' Did you mean {better}?' if better else ''}")
        if name in found:
            raise Invalid(f"{name} stands there twice.")
        found[name] = _text(name, value)
    return found


def _entries(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{prefix}{key.upper()}"
        if isinstance(value, dict) and not name.startswith(_ACCOUNT):
            yield from _entries(value, f"{name}_")
        else:
            yield name, value


def _text(name: str, value: Any) -> str:
    try:
        match value:
            case str():
                return value
            case bool():
                return str(value).lower()
            case int() | float():
                return str(value)
            case list():
                return ",".join(_text(name, each) for each in value)
            case dict():
                return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):  # a date inside JSON, a number without end
        pass
    raise Invalid(f"{name} holds what it cannot be; write it as text, in quotes.")
