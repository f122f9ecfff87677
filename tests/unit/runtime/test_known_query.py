"""A query that a route does not know is refused."""

from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.tenants import Caller
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers


class Narrowing(BaseModel):
    to: str | None = None
    since: str | None = Field(None, alias="from")


class Whatever(BaseModel):
    model_config = ConfigDict(extra="ignore")

    state: str = ""


async def page_size(limit: int = 50) -> int:
    return limit


def a_router() -> APIRouter:
    router = APIRouter()

    @router.get("/single")
    async def single(
        size: Annotated[int, Depends(page_size)], since: Annotated[str, Query(alias="from")] = ""
    ) -> str:
        return f"{size} {since}"

    @router.delete("/model")
    async def model(query: Annotated[Narrowing, Query()]) -> str:
        return f"{query.to} {query.since}"

    @router.get("/open")
    async def open_to_all(query: Annotated[Whatever, Query()]) -> str:
        return query.state

    @router.get("/things/{name}/{rest:path}")
    async def thing(name: str, rest: str) -> str:
        return f"{name} {rest}"

    @router.get("/none")
    async def none() -> str:
        return "nothing"

    return router


class Anybody:
    """Every key is good."""

    async def caller(self, key: str) -> Caller:
        return Caller(TenantId("acme"), key)

    def policy(self, tenant: TenantId) -> Policy:
        return Policy()


async def asked(method: str, target: str, *, above: bool = False, key: str = "x") -> Any:
    routers = [a_router()]
    app = build_app(
        Callers(Anybody()), [], [] if above else routers, above_tenants=routers if above else []
    )
    transport = httpx2.ASGITransport(app)
    headers = {"X-API-Key": key}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, target, headers=headers)


@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize(
    ("method", "target", "pointers"),
    [
        ("GET", "/single?form=x", ["/query/form"]),
        ("GET", "/single?since=x", ["/query/since"]),
        ("GET", "/single?size=5&limit=5&a/b=&a/b=1", ["/query/size", "/query/a~1b"]),
        ("DELETE", "/model?too=x", ["/query/too"]),
        ("DELETE", "/model?query=x&since=y", ["/query/query", "/query/since"]),
        ("GET", "/none?a", ["/query/a"]),
        ("GET", "/single?from=1&from=2", ["/query/from"]),
        ("DELETE", "/model?to=x&from=1&to=x", ["/query/to"]),
    ],
)
async def test_what_a_query_does_not_have_is_refused(
    method: str, target: str, pointers: list[str], *, above: bool
) -> None:
    answer = await asked(method, target, above=above)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_a_route_that_takes_whatever_comes_takes_it_twice() -> None:
    answer = await asked("GET", "/open?state=a&state=b&more=1&more=2")

    assert answer.status_code == 200


async def test_the_refusal_says_what_there_is() -> None:
    some = (await asked("GET", "/single?form=x")).json()["detail"]
    none = (await asked("GET", "/none?form=x")).json()["detail"]

    assert some == "/query/form: There is no such parameter; there are from, limit."
    assert none == "/query/form: There is no such parameter; there is none here."


@pytest.mark.parametrize(
    ("method", "target", "said"),
    [
        ("GET", "/single?limit=7&from=x", "7 x"),
        ("GET", "/single?", "50 "),
        ("DELETE", "/model?to=x&from=y", "x y"),
        ("GET", "/open?state=here&iss=there", "here"),
        ("GET", "/none", "nothing"),
        ("GET", "/things/a%01/b/c", "a\x01 b/c"),
    ],
)
async def test_what_is_known_is_answered(method: str, target: str, said: str) -> None:
    assert (await asked(method, target)).json() == said


@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize(
    ("method", "target", "pointers"),
    [
        ("GET", "/single?limit=7&from=a%00", ["/query/from"]),
        ("DELETE", "/model?to=x&to=%00&from=%00&from=y", ["/query/to", "/query/from"]),
        ("GET", "/open?state=%00&iss=there", ["/query/state"]),
        ("GET", "/things/%00/there", ["/path/name"]),
        ("GET", "/things/a%00/b/%00?form=x", ["/path/name", "/path/rest", "/query/form"]),
    ],
)
async def test_what_no_database_can_look_for_is_refused(
    method: str, target: str, pointers: list[str], *, above: bool
) -> None:
    answer = await asked(method, target, above=above)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_who_may_not_ask_is_not_told_what_there_is() -> None:
    assert (await asked("GET", "/single?form=x", key="")).status_code == 401
