"""The official contracts as JSON Schemas; see README.md here for where they come from."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

HERE = Path(__file__).parent
DURATION = r"^\d{1,12}(\.\d{1,9})?s$"

Json = Any


class Contract:
    """One vendor's rules for one request body."""

    def __init__(self, schema: Json) -> None:
        self._validator = Draft202012Validator(schema, validate_formats=True)

    def flaws(self, body: Json) -> list[tuple[str, str]]:
        """What is wrong with the body: where (`personalizations.0.to`) and why."""
        return [
            (".".join(str(step) for step in error.instance_path), error.message)
            for error in self._validator.iter_errors(body)
        ]


@cache
def sendgrid_mail() -> Contract:
    """The body of `POST /v3/mail/send`."""
    document = json.loads((HERE / "sendgrid_mail_v3.json").read_bytes())
    return _of_openapi(
        document, "#/components/requestBodies/PostMailSend/content/application~1json/schema"
    )


@cache
def twilio_message() -> Contract:
    """The form of `POST …/Messages.json`, once `typed` by `twilio_form`."""
    return _of_openapi(_twilio(), f"#/paths/{_TWILIO_PATH}/post/requestBody/content/{_FORM}/schema")


def twilio_form(form: Mapping[str, str]) -> Json:
    """A form's texts as the types that the contract gives them; what does not fit stays text."""
    properties = _twilio_properties()
    return {name: _typed(text, properties.get(name, {})) for name, text in form.items()}


@cache
def fcm_message() -> Contract:
    """The body of `POST …/messages:send`."""
    found = files("googleapiclient") / "discovery_cache" / "documents" / "fcm.v1.json"
    schemas = json.loads(found.read_bytes())["schemas"]
    definitions = {name: _of_discovery(schema) for name, schema in schemas.items()}
    return Contract({"$ref": "#/$defs/SendMessageRequest", "$defs": _closed(definitions)})


_FORM = "application~1x-www-form-urlencoded"
_TWILIO_PATH = "~12010-04-01~1Accounts~1%7BAccountSid%7D~1Messages.json"


@cache
def _twilio() -> Json:
    return json.loads((HERE / "twilio_messages.json").read_bytes())


@cache
def _twilio_properties() -> Json:
    path = _twilio()["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]
    form = path["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    return form["schema"]["properties"]


def _typed(text: str, schema: Json) -> Json:
    if schema.get("type") == "integer" and text.lstrip("-").isdecimal():
        return int(text)
    if schema.get("type") == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def _of_openapi(document: Json, pointer: str) -> Contract:
    kept = {name: document[name] for name in ("paths", "components") if name in document}
    return Contract({"$ref": pointer, **_closed(kept)})


def _of_discovery(schema: Json) -> Json:
    """Google's discovery format is JSON Schema of 2010 with other references and formats."""
    if isinstance(schema, list):
        return [_of_discovery(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _of_discovery(value) for name, value in schema.items()}
    if isinstance(made.get("$ref"), str):
        made["$ref"] = f"#/$defs/{made['$ref']}"
    if made.get("type") == "any":
        del made["type"]
    if made.get("format") == "google-duration":
        made["pattern"] = DURATION
    return made


def _closed(schema: Json) -> Json:
    """The same, but an object whose properties are listed has no others."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _closed(value) for name, value in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
