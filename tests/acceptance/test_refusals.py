"""Bad input gets a clear error and stores nothing."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.product import Product, running

LATER = "2199-01-01T00:00:00Z"
GOOD = {"to": {"email": "someone@example.org"}, "content": "Hello"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("data"), "--no-sample") as started:
        yield started


pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG: list[tuple[dict[str, Any], str]] = [
    ({**GOOD, "colour": "red"}, "/colour"),
    ({**GOOD, "a/b~c": "red"}, "/a~1b~0c"),
    ({**GOOD, "a` b": "red"}, "/a` b"),
    ({"to": [{"email": "a@b.example", "x/y": 1}], "content": "x"}, "/to/0/x~1y"),
    ({**GOOD, "priority": "urgent"}, "/priority"),
    ({**GOOD, "channel": "pigeon"}, "/channel"),
    ({**GOOD, "channels": ["email", "pigeon"]}, "/channels/1"),
    ({**GOOD, "data": [1]}, "/data"),
    ({**GOOD, "metadata": "x"}, "/metadata"),
    ({**GOOD, "ttl_seconds": 0}, "/ttl_seconds"),
    ({**GOOD, "ttl_seconds": "10"}, "/ttl_seconds"),
    ({**GOOD, "expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
    ({**GOOD, "expires_at": "tomorrow"}, "/expires_at"),
    ({**GOOD, "expires_at": "9999-12-31T23:59:59.999999Z"}, "/expires_at"),
    ({**GOOD, "expires_at": "2200-01-01T00:00:00.000001Z"}, "/expires_at"),
    ({**GOOD, "send_at": LATER, "ttl_seconds": 60}, "/ttl_seconds"),
    ({**GOOD, "send_at": LATER, "expires_at": LATER}, "/expires_at"),
    (
        {
            **GOOD,
            "send_at": LATER[:-1],
            "timezone": "Asia/Tokyo",
            "expires_at": "2198-12-31T15:00:00Z",
        },
        "/expires_at",
    ),
    ({**GOOD, "send_at": "2030-02-30T10:00:00Z"}, "/send_at"),
    ({**GOOD, "send_at": "2030-02-03T10:00:00", "timezone": "Mars/Base"}, "/timezone"),
    ({**GOOD, "user_id": "u", "content": "x"}, "/to"),
    ({"content": "x"}, "/to"),
    ({"to": [], "content": "x"}, "/to"),
    ({"to": {}, "content": "x"}, "/to"),
    ({"to": {"email": "a@b.example\r\nBcc: x@y.example"}, "content": "x"}, "/to/email"),
    ({"to": [{"email": "a@b.example"}, {"phone": "0664 123"}], "content": "x"}, "/to/1/phone"),
    ({**GOOD, "content": {"subject": "a\r\nBcc: b@c.example", "text": "x"}}, "/content/subject"),
    ({**GOOD, "content": {"title": "a\nb", "body": "x"}}, "/content/title"),
    ({**GOOD, "content": {"text": "a\x00b"}}, "/content/text"),
    ({**GOOD, "content": {}}, "/content"),
    ({**GOOD, "event_type": "a\nb"}, "/event_type"),
    ({**GOOD, "correlation_id": "a\r\nb"}, "/correlation_id"),
    ({**GOOD, "idempotency_key": "a b"}, "/idempotency_key"),
    ({**GOOD, "id": "no dots. please"}, "/id"),
    ({**GOOD, "template": "x"}, "/content"),
    ({**GOOD, "payload": "x"}, "/payload"),
    ({"user_id": "u", "template": "x", "template_version": 2**64}, "/template_version"),
    ({"user_id": "u", "template": "x", "template_version": 0}, "/template_version"),
    ({"to": {"email": "a@b.example", "timezone": "Mars/Base"}, "content": "x"}, "/to/timezone"),
    ({"to": [{"email": "a@b.example", "locale": "a\r\nb"}], "content": "x"}, "/to/0/locale"),
]


@pytest.mark.parametrize(("body", "pointer"), WRONG)
async def test_a_wrong_field_is_named(product: Product, body: dict[str, Any], pointer: str) -> None:
    before = await product.get("/ledger")

    answer = await product.client.post("/api/v1/notifications", json=body)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert await product.get("/ledger") == before


@pytest.mark.parametrize(
    "times",
    [
        {"expires_at": "2200-01-01T00:00:00Z"},
        {"send_at": LATER, "expires_at": "2199-01-01T00:00:00.000001Z"},
        {"send_at": LATER[:-1], "expires_at": LATER},
        {"send_at": LATER[:-1], "timezone": "recipient", "expires_at": LATER},
        {"send_at": "2001-01-01T00:00:00Z", "ttl_seconds": 60},
    ],
)
async def test_what_may_still_be_in_time_for_somebody_is_accepted(
    product: Product, times: dict[str, Any]
) -> None:
    answer = await product.send(**GOOD, **times)

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"to": {"email": "a@b.example"}, "content": "\xff"}', 400),
        (b'{"to": {"email": "a@b.example"}, "content": "\\ud800"}', 400),
        (b'{"content": NaN}', 400),
        (b'{"data": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}", 400),
        (b'{"user_id": "u", "data": ' + b'{"a":' * 32 + b"1" + b"}" * 33, 400),
        (b"[" * 100_000, 400),
        (b'{"content": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)
async def test_what_is_no_notification_is_refused(
    product: Product, raw: bytes, status: int
) -> None:
    answer = await product.client.post("/api/v1/notifications", content=raw)

    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5_000])
@pytest.mark.parametrize("field", ["metadata", "data", "payload"])
async def test_a_number_that_nobody_can_read_back_is_refused(
    product: Product, field: str, number: str
) -> None:
    body = json.dumps({**GOOD, field: {"n": 0}}).replace('"n": 0', f'"n": {number}')

    answer = await product.client.post("/api/v1/notifications", content=body)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


async def test_too_many_items_are_refused(product: Product) -> None:
    answer = await product.client.post(
        "/api/v1/notifications/batch", content=json.dumps([GOOD] * 1_001)
    )

    assert answer.status_code == 413


async def test_another_organization_is_refused(product: Product) -> None:
    answers = [
        await product.send(**GOOD, organization_id="somebody-else", tenant_id="default"),
        await product.send(**GOOD, tenant_id="somebody-else"),
        await product.send(**{**CAMEL, "organizationId": "somebody-else"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert [[flaw["pointer"] for flaw in answer.json()["errors"]] for answer in answers] == [
        ["/organization_id"],
        ["/tenant_id"],
        ["/organizationId"],
    ]


async def test_without_a_key_nothing_is_told(product: Product) -> None:
    answer = await product.client.get("/api/v1/notifications", headers={"Authorization": ""})
    wrong = await product.client.get(
        "/api/v1/notifications", headers={"Authorization": f"Bearer {product.key[:-4]}beef"}
    )

    assert (answer.status_code, wrong.status_code) == (401, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_unknown_paths_and_methods_are_problems_too(product: Product) -> None:
    missing = await product.client.get("/api/v1/nothing")
    method = await product.client.delete("/api/v1/notifications")
    cursor = await product.client.get("/api/v1/notifications?cursor=zzz")

    assert [a.status_code for a in (missing, method, cursor)] == [404, 405, 400]
    assert {a.headers["content-type"] for a in (missing, method, cursor)} == {
        "application/problem+json"
    }


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("notifications", "GET, POST"),
        ("notifications/some", "GET"),
        ("notifications/batch", "GET, POST"),
        ("users/ada", "GET, PUT, DELETE"),
        ("rules/limits", "GET, PUT, DELETE"),
    ],
)
async def test_a_wrong_method_is_told_all_that_the_path_takes(
    product: Product, path: str, allowed: str
) -> None:
    answer = await product.client.patch(f"/api/v1/{path}")

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_the_camel_case_contract_is_accepted_here_too(product: Product) -> None:
    answer = await product.client.post(
        "/api/v1/notifications",
        json={
            "notificationId": "6f0c2b0e-0000-4000-8000-000000000001",
            "organizationId": "default",
            "eventType": "USER_REGISTERED",
            "channel": "EMAIL",
            "recipient": "user@example.com",
            "payload": {"name": "John", "link": "https://example.com"},
            "createdAt": "2025-01-01T10:00:00Z",
        },
    )

    assert answer.status_code == 202
    found = await product.settled("6f0c2b0e-0000-4000-8000-000000000001", "SENT")
    assert found["event_type"] == "USER_REGISTERED"
    (message,) = (await product.get("/mailbox/messages", to="user@example.com"))["data"]
    assert "Name: John" in message["content"]["text"]


CAMEL = {
    "notificationId": "6f0c2b0e-0000-4000-8000-000000000002",
    "eventType": "USER_REGISTERED",
    "channel": "EMAIL",
    "recipient": "user@example.com",
    "payload": {},
}


@pytest.mark.parametrize("time", [None, "2025-01-01T10:00:00", "2025-01-01T10:00:00.123+02:00"])
async def test_the_camel_case_contract_takes_any_time(product: Product, time: str | None) -> None:
    answer = await product.send(
        **{**CAMEL, "notificationId": f"at-{hash(time)}", "createdAt": time}
    )

    assert answer.status_code == 202


async def test_the_camel_case_contract_takes_the_organization_of_the_key(product: Product) -> None:
    answer = await product.client.post("/api/v1/notifications", json=CAMEL)

    assert (answer.status_code, answer.json()["id"]) == (202, CAMEL["notificationId"])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"recipient": "nobody"}, "/recipient"),
        ({"payload": []}, "/payload"),
        ({"notificationId": "no dots. please"}, "/notificationId"),
        ({"eventType": ""}, "/eventType"),
        ({"channel": "FAX"}, "/channel"),
        ({"colour": "red"}, "/colour"),
        ({"recipient": 7}, "/recipient"),
        ({"createdAt": "garbage"}, "/createdAt"),
        ({"createdAt": "2025-02-30T10:00:00Z"}, "/createdAt"),
        ({"createdAt": 1_735_725_600}, "/createdAt"),
    ],
)
async def test_a_wrong_field_of_the_camel_case_contract_is_called_as_it_was_written(
    product: Product, change: dict[str, Any], pointer: str
) -> None:
    answer = await product.client.post("/api/v1/notifications", json={**CAMEL, **change})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert answer.json()["detail"].startswith(f"{pointer}: ")


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 4_000, "x"])
async def test_a_dead_letter_that_there_cannot_be_is_not_replayed(
    product: Product, number: str
) -> None:
    answer = await product.client.post(f"/api/v1/dead-letters/{number}/replay")

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


@pytest.mark.parametrize("rate", [0, 0.000_9, 1e-12, 1e-310, 10_001, 1e999, "5", True, None])
async def test_a_rate_that_there_cannot_be_is_refused(product: Product, rate: object) -> None:
    answer = await product.client.post(
        "/api/v1/dead-letters/replay",
        content=json.dumps({"rate_per_second": rate}),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/rate_per_second"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/v1/users/u", b'{"email": "u@example.org"}'),
        ("POST", "/api/v1/dead-letters/replay", b'{"event_type": "x"}'),
        ("POST", "/api/v1/templates", b'{"code": "x"}'),
    ],
)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
async def test_what_does_not_come_as_json_is_told_to(
    product: Product, method: str, path: str, *, body: bytes, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}

    answer = await product.client.request(method, path, content=body, headers=headers)

    problem = answer.json()
    assert (415, "unsupported_media_type") == (answer.status_code, problem["code"])
    assert "Send JSON, with `Content-Type: application/json`." in problem["detail"]
    assert (kind or "without") in problem["detail"]


@pytest.mark.parametrize(
    ("path", "body", "pointer", "said"),
    [
        ("/notifications", {"userId": "u"}, "/userId", "perhaps user_id is meant."),
        ("/notifications", {"chanel": "sms"}, "/chanel", "perhaps channel is meant."),
        ("/notifications", {"to": {"mail": "a"}}, "/to/mail", "There is no such field."),
        ("/dead-letters/replay", {"reason": "x"}, "/reason", "Known are cause, channel,"),
        ("/api-keys", {"name": ""}, "/name", "one line, without control characters and colons,"),
        ("/api-keys", {"name": "a:b"}, "/name", "without control characters and colons"),
        ("/api-keys", {"name": "a", "scopes": ["send"]}, "/scopes/0", "there are audit:read,"),
        ("/templates", {"code": "y y", "bodies": {}}, "/code", "letters, digits, dots, hyphens"),
        ("/users/u", {"country": "Austria"}, "/country", "two capital letters"),
        ("/users/u", {"mail": "u@example.org"}, "/mail", "Known are country, email,"),
        ("/users/u", {"name": "a\nb"}, "/name", "This must be one line"),
    ],
)
async def test_what_is_wrong_is_told_in_plain_words(
    product: Product, path: str, body: dict[str, Any], *, pointer: str, said: str
) -> None:
    method = "PUT" if path.startswith("/users/") else "POST"

    answer = await product.client.request(method, f"/api/v1{path}", json=body)

    told = {each["pointer"]: each["detail"] for each in answer.json()["errors"]}
    assert answer.status_code == 400
    assert said in told[pointer]
    assert "pattern" not in answer.text


async def test_json_that_is_no_object_is_wrong_itself(product: Product) -> None:
    answer = await product.client.put("/api/v1/users/u", json=["u@example.org"])

    assert (400, "invalid") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing/a%2Fb%20c"),
        ("PATCH", "/api/v1/notifications"),
        ("GET", "/api/v1/notifications/nobody"),
        ("GET", "/api/v1/notifications?limit=0"),
        ("POST", "/api/v1/notifications"),
        ("POST", "/webhooks/nobody/none"),
    ],
)
async def test_a_problem_names_its_request(product: Product, method: str, path: str) -> None:
    answer = await product.client.request(method, path)

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["instance"] == path.partition("?")[0]
    assert problem["trace_id"] == answer.headers["x-request-id"]


async def test_no_list_takes_a_filter_that_it_does_not_know(product: Product) -> None:
    paths = (await product.client.get("/openapi.json")).json()["paths"]
    lists = [
        path
        for path, methods in paths.items()
        if "get" in methods
        and any(each["name"] == "limit" for each in methods["get"].get("parameters", ()))
    ]

    for path in lists:
        answer = await product.client.get(
            path.replace("{", "").replace("}", ""), params={"cuase": "x"}
        )
        assert (path, answer.status_code) == (path, 400)
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/query/cuase"]
    assert len(lists) >= 10
