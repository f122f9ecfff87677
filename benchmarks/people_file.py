"""Files of people, and how they get into an engine."""

import json
import time
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.engines import Engine
from benchmarks.processes import MeasurementError, python

_HEADER = "user_id,email,phone,name,locale,timezone,attributes.plan\n"
_ORDERS = tuple(permutations(("email", "push", "sms", "in_app")))
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_IMPORT_SECONDS = 3_600.0


def table(count: int) -> Iterator[str]:
    """People as CSV; the numbers are those of `@N@`."""
    yield _HEADER
    for number in range(count):
        yield (
            f"person-{number},person-{number}@example.com,+43664{number:08},Person {number},"
            "de-AT,Europe/Vienna,pro\n"
        )


def plain(count: int) -> Iterator[str]:
    """The same people as NDJSON, who have chosen nothing."""
    return (_line(number) for number in range(count))


def choosy(count: int) -> Iterator[str]:
    """People who have chosen much, in thousands of ways, and nothing that keeps mail away now."""
    day = _DAYS[(time.gmtime().tm_wday + 3) % len(_DAYS)]
    return (_line(number, preferences=_preferences(number, day)) for number in range(count))


def _line(number: int, **more: object) -> str:
    person = {
        "user_id": f"person-{number}",
        "email": f"person-{number}@example.com",
        "phone": f"+43664{number:08}",
        "name": f"Person {number}",
        "locale": "de-AT",
        "timezone": "Europe/Vienna",
        "attributes": {"plan": "pro"},
    }
    return json.dumps({**person, **more}) + "\n"


def _preferences(number: int, day: str) -> dict[str, object]:
    hour, minute = 20 + number % 3, number % 60
    return {
        "categories": {"marketing": number % 2 == 0, "digest": False},
        "channels": {"sms": {"enabled": False}, "email": {"categories": {"survey": False}}},
        "topics": {"news/sport": number % 5 == 0},
        "order": _ORDERS[number % len(_ORDERS)],
        "quiet_hours": {
            "windows": [{"days": [day], "from": f"{hour:02}:{minute:02}", "to": "06:00"}]
        },
    }


def write(path: Path, lines: Iterator[str]) -> Path:
    with path.open("w") as file:
        file.writelines(lines)
    return path


def take_in(bench: Bench, engine: Engine, file: Path) -> float:
    """Import the file by the command line, as a user does; gives the seconds."""
    command = python(
        "sendwell", "people", "import", file, "--url", f"http://127.0.0.1:{engine.port}", "--json"
    )
    with bench.child("import", command, {"SENDWELL_API_KEY": engine.key}) as running:
        code = running.process.wait(_IMPORT_SECONDS)
        if code != 0:
            raise MeasurementError(f"the import failed:\n{running.output()[-2000:]}")
        done = json.loads(running.output())
    begun, ended = (_seconds(done[name]) for name in ("started_at", "changed_at"))
    return ended - begun


def _seconds(moment: str) -> float:
    whole, _, fraction = moment.rstrip("Z").partition(".")
    parsed = time.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    return time.mktime(parsed) + float(f"0.{fraction or 0}")
