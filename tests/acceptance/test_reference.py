"""The OpenAPI document is true, and the reference page is made of it."""

import asyncio
import html
import os
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jsonschema_rs
import pytest
import pytest_asyncio
from openapi_spec_validator import validate

from tests.acceptance.product import Product, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = "application/json"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(product: Product) -> Any:
    return (await product.client.get("/openapi.json")).json()


def operations(document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def flaws(document: Any, schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{list(each.instance_path)}: {each.message}" for each in validator.iter_errors(value)]


async def test_the_document_is_openapi_3_1(document: Any) -> None:
    validate(document)

    assert document["openapi"].startswith("3.1")


async def test_every_route_of_the_api_is_in_it(document: Any) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in ids)
    assert {
        "send_notification", "send_notifications", "list_notifications", "get_notification",
        "get_timeline", "cancel_notification", "list_dead_letters", "replay_dead_letter",
        "replay_dead_letters", "get_ledger", "put_user", "get_user", "delete_user",
        "get_preferences", "put_preferences", "add_push_token", "delete_push_token",
        "create_template", "list_templates", "create_template_version",
        "publish_template_version", "preview_template", "list_mailbox_messages",
        "delete_mailbox_messages", "take_receipts", "get_livez", "get_readyz", "get_health",
        "get_metrics",
    } <= set(ids)  # fmt: skip


async def test_every_operation_says_what_it_needs_and_how_it_fails(document: Any) -> None:
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert len(operation["tags"]) == 1, where
        assert "default" in operation["responses"], where
        assert "401" in operation["responses"] or operation["security"] == [], where
        for parameter in operation.get("parameters", ()):
            assert parameter["in"] != "path" or parameter["example"] is not None, where


async def test_every_operation_has_examples_that_fit_its_schemas(document: Any) -> None:
    for path, method, operation in operations(document):
        for part in (operation.get("requestBody", {}), *good_answers(operation)):
            for kind, content in part.get("content", {}).items():
                where = f"{method} {path} {kind}"
                assert content["examples"], where
                for example in content["examples"].values():
                    assert flaws(document, content["schema"], example["value"]) == [], where


def good_answers(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for status, each in operation["responses"].items() if status.startswith("2")]


async def test_every_field_of_a_request_is_explained(document: Any) -> None:
    for name in ("NotificationRequest", "To", "Content"):
        for field, schema in document["components"]["schemas"][name]["properties"].items():
            assert schema.get("description"), f"{name}.{field}"


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("list_notifications", "/notifications"),
        ("get_notification", "/notifications/sample-welcome"),
        ("get_timeline", "/notifications/sample-welcome/timeline"),
        ("get_ledger", "/ledger"),
        ("list_dead_letters", "/dead-letters"),
        ("get_priority_rules", "/rules/priorities"),
        ("list_mailbox_messages", "/mailbox/messages"),
        ("get_mailbox_message", "/mailbox/messages/1"),
        ("list_templates", "/templates"),
        ("get_user", "/users/user-001"),
        ("list_inbox_messages", "/users/user-001/inbox"),
    ],
)
async def test_real_answers_are_as_described(
    product: Product, document: Any, operation: str, path: str
) -> None:
    await product.settled("sample-welcome", "SENT", "DELIVERED")
    await product.send(id="lost", user_id="nobody", content="Hello", channel="sms")
    await product.settled("lost", "DEAD")
    (described,) = [o for _, _, o in operations(document) if o["operationId"] == operation]
    schema = described["responses"]["200"]["content"][JSON]["schema"]

    answer = await product.get(path)

    assert flaws(closed(document), schema, answer) == []


def closed(schema: Any) -> Any:
    """The same schemas for those who want no field that they do not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {} if "properties" not in schema else {"additionalProperties": False}
    return {**strict, **{name: closed(each) for name, each in schema.items()}}


NOT_TOLD = {"date", "content-length", "content-type", "x-content-type-options"}
"""Headers that everybody knows, or nobody has to look at."""
A_TEMPLATE = {"code": "of-headers", "bodies": {"sms": {"en": {"text": "Hello"}}}}
NO_KEY = {"Authorization": "Bearer nobody"}


@pytest.mark.parametrize(
    ("operation", "call", "told"),
    [
        ("send_notification", {"json": {"user_id": "user-001", "content": "x"}}, {"location"}),
        ("list_notifications", {"headers": NO_KEY}, {"www-authenticate"}),
        ("get_user", {"headers": NO_KEY}, {"www-authenticate"}),
        ("get_user", {"path": "nobody"}, {"x-request-id"}),
        ("get_preferences", {"path": "user-001"}, {"etag"}),
        ("put_preferences", {"path": "user-001", "json": {}}, {"etag"}),
        ("add_push_token", {"path": "user-001", "json": {"token": "of-headers"}}, {"location"}),
        ("create_template", {"json": A_TEMPLATE}, {"etag", "location"}),
        ("get_quota", {}, {"etag"}),
        ("delete_quota", {}, {"etag"}),
        ("begin_import", {"json": {"format": "csv"}}, {"location", "upload-offset"}),
    ],
)
async def test_the_headers_of_answers_are_described(
    product: Product, document: Any, operation: str, *, call: dict[str, Any], told: set[str]
) -> None:
    (found,) = [each for each in operations(document) if each[2]["operationId"] == operation]
    path, method, described = found
    where = re.sub(r"\{\w+\}", call.get("path", "user-001"), path)
    rest = {name: value for name, value in call.items() if name != "path"}

    answer = await product.client.request(method.upper(), where, **rest)

    known = {name.lower() for name in headers(document, described, str(answer.status_code))}
    assert told <= answer.headers.keys() - NOT_TOLD <= known


def headers(document: Any, operation: Any, status: str) -> set[str]:
    response = operation["responses"][status]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    for name, header in response["headers"].items():
        assert header == {"$ref": f"#/components/headers/{name}"}
        assert document["components"]["headers"][name]["description"]
    return set(response["headers"])


async def test_where_an_import_goes_on_is_described(product: Product, document: Any) -> None:
    begun = (await product.client.post("/api/v1/imports", json={"format": "csv"})).json()

    wrong = await product.client.patch(
        f"/api/v1/imports/{begun['id']}", content=b"user_id", headers={"Upload-Offset": "5"}
    )

    (operation,) = [o for _, _, o in operations(document) if o["operationId"] == "continue_import"]
    assert (wrong.status_code, wrong.headers["upload-offset"]) == (409, "0")
    assert "Upload-Offset" in headers(document, operation, "409")


async def test_errors_are_problems_and_their_type_leads_to_an_explanation(
    product: Product, document: Any
) -> None:
    problem = (await product.client.post("/api/v1/notifications", json={})).json()
    page = (await product.client.get(problem["type"])).text

    assert flaws(document, {"$ref": "#/components/schemas/Problem"}, problem) == []
    assert f'id="{problem["type"].partition("#")[2]}"' in page


async def test_the_page_tells_all_of_the_document(product: Product, document: Any) -> None:
    page = html.unescape((await product.client.get("/docs")).text)

    for path, _, operation in operations(document):
        assert f'id="{operation["operationId"]}"' in page
        assert f"<code>{path}</code>" in page
        for parameter in operation.get("parameters", ()):
            assert f"<code>{parameter['name']}</code>" in page
    assert "<script" not in page


async def test_the_first_call_of_the_page_works_as_it_stands(product: Product) -> None:
    page = (await product.client.get("/docs")).text
    found = re.search(r'id="send_notification".*?<pre><code>(.*?)</code>', page, re.DOTALL)
    assert found is not None

    shell = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f"{html.unescape(found[1])} -s -w '%{{http_code}}'",
        env={**os.environ, "SENDWELL_API_KEY": product.key},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await shell.communicate()

    assert said.endswith(b"202")


async def test_other_origins_may_read_the_document_only(product: Product) -> None:
    document = await product.client.get("/openapi.json")
    page = await product.client.get("/docs")

    assert document.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in page.headers
