"""Each service alone, asked by Schemathesis whatever its own OpenAPI document allows, and more.

No answer is a 5xx, and each is one that the document names. `./dev test --long` asks more.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sendwell.settings import ROLES
from tests.acceptance.service_alone import alone
from tests.acceptance.test_services import Service
from tests.services.needs import needs
from tests.services.ports import free_ports

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("schemas")]

EXAMPLES = int(os.environ.get("SENDWELL_SCHEMA_EXAMPLES", "4"))
IS_LONG = EXAMPLES > 50
WITHOUT_BUS = {"accounts", "users", "templates", "mailbox"}
NEIGHBOURS = {"gateway": ("users", "templates")}
"""Who has to be there for an answer; without them it is a 503, and rightly so."""
SERVICES = [role for role in ROLES if role != "accounts"]
_HERE = Path(__file__).parent
_ST = Path(sys.executable).parent / "st"
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
_PHASES = "examples,coverage,fuzzing" if IS_LONG else "examples,fuzzing"
_SETTINGS = """
[[operations]]
include-path-regex = "/mailbox/messages$"
parameters = { wait_seconds = 0 }
"""
"""Nobody shall wait for what does not come."""


@dataclass
class Accounts:
    """The service that knows who everybody is, and a key of a tenant of its own for each test.

    Whoever is asked anything may also be asked to revoke the key that asks.
    """

    service: Service
    keys: Mapping[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Accounts]:
    folder = tmp_path_factory.mktemp("accounts")
    async with alone(folder, "accounts", {}) as (service, client):
        platform = (service.data / "platform-key").read_text().strip()
        client.headers["Authorization"] = f"Bearer {platform}"
        keys = {name: await key_of(client, name) for name in ("accounts", *SERVICES)}
        yield Accounts(service, {**keys, "platform": platform})


async def key_of(client: httpx2.AsyncClient, tenant: str) -> str:
    """The first key of a new tenant."""
    answer = await client.post("/api/v1/tenants", json={"id": tenant, "name": tenant})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["api_key"]
    return key


@pytest.mark.parametrize("caller", ["accounts", "platform"])
async def test_accounts_answer_as_described(
    accounts: Accounts, caller: str, tmp_path: Path
) -> None:
    code, told = await asked(accounts.service.url, accounts.keys[caller], tmp_path)

    assert code == 0, told


@pytest.mark.parametrize(
    "role",
    [
        role if role in WITHOUT_BUS else pytest.param(role, marks=needs("postgres"))
        for role in SERVICES
    ],
)
async def test_a_service_answers_as_described(
    accounts: Accounts, role: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    environment = {"ACCOUNTS_URL": accounts.service.url}
    if role not in WITHOUT_BUS:
        environment["BROKER_URL"] = request.getfixturevalue("made_postgres_url")
    if role == "delivery":
        environment["CHANNEL_ENABLE_LIST"] = "in_app"
    beside = NEIGHBOURS.get(role, ())
    async with alone(tmp_path, role, environment, beside=beside) as (service, _):
        code, told = await asked(service.url, accounts.keys[role], tmp_path)

        assert code == 0, told


async def asked(url: str, credential: str, folder: Path) -> tuple[int, str]:
    """What Schemathesis came to, and what it says."""
    settings = folder / "schemathesis.toml"
    settings.write_text(_SETTINGS)
    process = await asyncio.create_subprocess_exec(
        _ST, "--config-file", settings, "run", f"{url}/openapi.json",
        "--wait-for-schema", "10",
        "--header", f"Authorization: Bearer {credential}",
        "--checks", ",".join(_CHECKS),
        "--phases", _PHASES,
        "--max-examples", str(EXAMPLES),
        "--exclude-path-regex", "/stream$",
        "--seed", "1",
        "--generation-database", "none",
        "--no-color",
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(_HERE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.mark.parametrize("flaw", ["breaks", "undocumented", "not as described"])
async def test_an_answer_that_is_wrong_is_found(flaw: str, tmp_path: Path) -> None:
    app = FastAPI()

    @app.get("/things")
    async def things() -> dict[str, int]:
        return {"count": 1}

    @app.middleware("http")
    async def spoil(request: Request, then: RequestResponseEndpoint) -> Response:
        if request.url.path != "/things":
            return await then(request)
        if flaw == "not as described":
            return JSONResponse({"count": "many"})
        return Response(status_code=500 if flaw == "breaks" else 418)

    async with serving(app) as url:
        code, told = await asked(url, "nobody", tmp_path)

    assert (code, "things" in told) == (1, True)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The application on a free port."""
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
