"""Each operation as a command line to copy."""

import shlex
from typing import Any
from urllib.parse import urlencode

import msgspec

BASE = "http://127.0.0.1:8000"
KEY = "$SENDWELL_API_KEY"
"""The variable that holds the API key; left to the shell."""

_SHELL = '-H "Authorization: Bearer ' + KEY + '"'


def curl(method: str, path: str, operation: dict[str, Any]) -> str:
    """The call with the examples of the operation."""
    lines = [_first(method, path, operation)]
    if operation.get("security") != []:
        lines.append(_SHELL)
    content = operation.get("requestBody", {}).get("content", {})
    for kind, body in content.items():
        if "examples" in body:
            example = next(iter(body["examples"].values()))["value"]
            lines += [f"-H {shlex.quote(f'Content-Type: {kind}')}", f"-d {_quoted(example, kind)}"]
            break
    return " \\\n  ".join(lines)


def _first(method: str, path: str, operation: dict[str, Any]) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    is_told_by_body = method == "post" and "requestBody" in operation
    verb = "" if method == "get" or is_told_by_body else f"-X {method.upper()} "
    stream = "-N " if "text/event-stream" in str(operation["responses"]) else ""
    return f"curl {stream}{verb}{BASE}{path}"


def _quoted(example: Any, kind: str) -> str:
    if kind == "application/x-www-form-urlencoded":
        return shlex.quote(urlencode(example))
    if isinstance(example, str):
        return shlex.quote(example)
    return shlex.quote(msgspec.json.format(msgspec.json.encode(example), indent=2).decode())
