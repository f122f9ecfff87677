"""Outside sample mode the pages need a session, and a session gives nothing away."""

import asyncio
import base64
import html
import json
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.acceptance.browser import chromium, tab
from tests.acceptance.product import Product, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

_TOKEN = re.compile(r'name="token" value="(?P<token>[0-9a-f]{64})"')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("data"), "--no-sample") as started:
        yield started


@asynccontextmanager
async def somebody(product: Product) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser without scripts."""
    headers = {"Accept": "text/html"}
    async with httpx2.AsyncClient(base_url=product.url, headers=headers, timeout=30) as client:
        yield client


async def token_of(client: httpx2.AsyncClient, path: str = "/login") -> str:
    found = _TOKEN.search((await client.get(path)).text)
    assert found is not None
    return found["token"]


async def sign_in(
    client: httpx2.AsyncClient, key: str, *, onward: str = "/mailbox"
) -> httpx2.Response:
    form = {"token": await token_of(client), "key": key, "next": onward}
    return await client.post("/login", data=form)


async def test_the_call_on_the_first_page_is_for_nobody_of_the_sample_and_works(
    product: Product,
) -> None:
    async with somebody(product) as client:
        await sign_in(client, product.key)
        page = (await client.get("/")).text
    found = re.search(r'id="try".*?<pre><code>(.*?)</code>', page, re.DOTALL)
    assert found is not None

    shell = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f"{html.unescape(found[1])} -sS",
        env={**os.environ, "SENDWELL_API_KEY": product.key},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await shell.communicate()

    assert "user-001" not in page
    assert "export SENDWELL_API_KEY=" in page
    await product.settled(json.loads(said)["id"], "SENT", "DELIVERED")


async def test_a_key_opens_the_pages_until_signing_out(product: Product) -> None:
    async with chromium() as browser, tab(browser, product.url) as page:
        await page.open("/notifications?status=SENT")
        await expect(page.page).to_have_url(re.compile("/login"))
        await page.page.get_by_label("API key").fill(product.key)
        await page.page.keyboard.press("Enter")
        await expect(page.page).to_have_url(f"{product.url}/notifications?status=SENT")
        (cookie,) = await page.page.context.cookies()

        await page.page.get_by_role("button", name="Sign out").click()
        await expect(page.page).to_have_url(f"{product.url}/login")
        await page.open("/mailbox")

        await expect(page.page).to_have_url(re.compile("/login"))
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Lax")
        assert page.strangers == []
        assert page.complaints == []


@pytest.mark.parametrize("path", ["/", "/mailbox", "/mailbox/1/html", "/notifications/x"])
async def test_without_a_session_one_is_led_to_sign_in(product: Product, path: str) -> None:
    async with somebody(product) as client:
        answer = await client.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].partition("?")[0] == "/login"


async def test_the_key_cannot_be_read_from_the_cookie(product: Product) -> None:
    async with somebody(product) as client:
        await sign_in(client, product.key)
        cookie = next(iter(client.cookies.values()))

    raw = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    assert product.key not in cookie
    assert product.key.encode() not in raw


async def test_a_cookie_that_was_changed_opens_nothing(product: Product) -> None:
    async with somebody(product) as client:
        await sign_in(client, product.key)
        ((name, cookie),) = client.cookies.items()
        client.cookies.clear()

        changed = cookie[:40] + ("A" if cookie[40] != "A" else "B") + cookie[41:]
        answer = await client.get("/mailbox", headers={"Cookie": f"{name}={changed}"})

    assert answer.status_code == 303


async def test_a_wrong_key_is_refused(product: Product) -> None:
    async with somebody(product) as client:
        answers = [
            await sign_in(client, key) for key in ("", "sw_x", "sw_\u00e4", "a\r\nX-Evil: 1")
        ]
        after = await client.get("/mailbox")

    assert {answer.status_code for answer in answers} == {403}
    assert all("This key is not valid here." in answer.text for answer in answers)
    assert after.status_code == 303


async def test_wrong_tries_are_slowed_down_and_the_right_key_gets_in(tmp_path: Path) -> None:
    async with running(tmp_path, "--no-sample") as product, somebody(product) as client:
        form = {"token": await token_of(client), "key": "sw_wrong", "next": "/mailbox"}
        began = time.monotonic()
        answers = await asyncio.gather(*(client.post("/login", data=form) for _ in range(40)))
        took = time.monotonic() - began
        right = await client.post("/login", data=form | {"key": product.key})

    tried = [answer for answer in answers if answer.status_code == 403]
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert slowed
    assert len(tried) + len(slowed) == 40
    assert 10 <= len(tried) <= 10 + took / 2  # one more every two seconds
    assert {answer.headers["retry-after"] for answer in slowed} <= {"1", "2"}
    assert right.status_code == 303


async def test_a_form_of_another_site_is_refused(product: Product) -> None:
    async with somebody(product) as client:
        await sign_in(client, product.key)
        token = await token_of(client, "/mailbox")
        strange = {"Sec-Fetch-Site": "cross-site"}

        without = await client.post("/logout", data={})
        forged = await client.post("/logout", data={"token": "0" * 64})
        elsewhere = await client.post("/logout", data={"token": token}, headers=strange)
        still = await client.get("/mailbox")

    assert [answer.status_code for answer in (without, forged, elsewhere)] == [403] * 3
    assert still.status_code == 200


async def test_sign_in_leads_to_no_other_site(product: Product) -> None:
    async with somebody(product) as client:
        answer = await sign_in(client, product.key, onward="//evil.example")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


async def test_a_form_is_bounded(product: Product) -> None:
    async with somebody(product) as client:
        answer = await client.post("/login", data={"key": "x" * 100_000})

    assert answer.status_code == 400


async def test_behind_tls_the_cookie_is_for_this_host_only(tmp_path: Path) -> None:
    secure = {"PUBLIC_URL": "https://notify.example.org"}
    async with running(tmp_path, "--no-sample", environment=secure) as product:
        answer = await product.client.get("/login")

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-sendwell=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
