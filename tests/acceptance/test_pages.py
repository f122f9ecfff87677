"""The pages, driven in a real browser against the installed command."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.acceptance.browser import SCHEMES, Scheme, Tab, chromium, tab
from tests.acceptance.product import Product, running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("pages")]

HOSTILE = """<!doctype html>
<html><body style="font-family: sans-serif; padding: 2rem; background: #f3f4f8; color: #222a38">
  <div style="max-width: 32rem; margin: auto; padding: 2rem; background: #fff; border-radius: 8px">
    <h1 style="color: #3c4bc7; margin-top: 0">Your order is on its way</h1>
    <p>Hello Ada, order <b>4711</b> has left our house and arrives on Tuesday.</p>
    <img src="http://tracker.example/pixel.gif" alt="">
    <script>parent.document.title = "taken over"; document.title = "taken over"</script>
    <form action="http://tracker.example/form" hidden><input name="password"></form>
    <p><a href="http://tracker.example/click" style="background: #3c4bc7; color: #fff;
      padding: .6rem 1.2rem; border-radius: 6px; text-decoration: none">Follow it</a></p>
  </div>
</body></html>"""

PAGES = {
    "overview": "/",
    "mailbox": "/mailbox",
    "message": "/mailbox/{mail}",
    "message-text": "/mailbox/{mail}?view=text",
    "message-headers": "/mailbox/{mail}?view=headers",
    "message-raw": "/mailbox/{mail}?view=raw",
    "message-push": "/mailbox/{push}",
    "notifications": "/notifications",
    "notification": "/notifications/order-4711",
    "dead-letters": "/dead-letters",
    "api": "/docs",
    "error-codes": "/docs/errors",
    "sign-in": "/login",
    "not-found": "/nothing-here",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("data")) as started:
        await fill(started)
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, product: Product) -> AsyncIterator[Tab]:
    async with tab(browser, product.url) as opened:
        yield opened


async def fill(product: Product) -> None:
    """A little of everything."""
    ada = {"user_id": "user-001", "event_type": "order.shipped"}
    content = {
        "subject": "Your order is on its way",
        "title": "Order 4711",
        "text": "Hello Ada, order 4711 has left our house and arrives on Tuesday.",
        "html": HOSTILE,
    }
    channels = ["email", "push", "sms"]
    await product.send(
        id="order-4711", content=content, channels=channels, metadata={"order": "4711"}, **ada
    )
    await product.send(id="later", content="Soon", send_at="2030-01-01T10:00:00Z", **ada)
    await product.send(user_id="user-001", event_type="security_alert", content="A new device")
    for number in range(3):
        await product.send(
            id=f"lost-{number}",
            user_id=f"nobody-{number}",
            event_type="invoice.due",
            content="Please pay",
            channel="email",
        )
    await product.settled("order-4711", "SENT", "DELIVERED")
    for number in range(3):
        await product.settled(f"lost-{number}", "DEAD")


async def address(product: Product, path: str) -> str:
    """The path, with the ids that only the product knows."""
    found = {}
    for name, channel in (("mail", "email"), ("push", "push")):
        messages = await product.get(
            "/mailbox/messages", channel=channel, notification="order-4711"
        )
        found[name] = messages["data"][0]["id"]
    return path.format(**found)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_for_everybody_and_loads_nothing_from_elsewhere(
    page: Tab, product: Product, name: str, scheme: Scheme
) -> None:
    await page.show(scheme)

    await page.open(await address(product, PAGES[name]))

    assert await page.violations() == []
    assert page.strangers == []
    await page.photograph(name, scheme)


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_fits_a_small_phone(browser: Browser, product: Product, name: str) -> None:
    async with tab(browser, product.url, width=360) as phone:
        await phone.open(await address(product, PAGES[name]))

        width = await phone.page.evaluate("() => document.scrollingElement.scrollWidth")

        assert width == 360


async def test_what_is_not_found_fits_a_small_phone_however_long_its_name(
    browser: Browser, product: Product
) -> None:
    async with tab(browser, product.url, width=360) as phone:
        await phone.open(f"/notifications/{'a' * 120}")

        assert await phone.page.evaluate("() => document.documentElement.scrollWidth") == 360


async def test_a_list_names_each_channel_of_a_notification_once(
    page: Tab, product: Product
) -> None:
    people = [{"email": f"person-{number}@example.org"} for number in range(4)]
    await product.send(id="to-four", to=people, content="Hello", event_type="to.four")
    await product.settled("to-four", "SENT")

    await page.open("/notifications?event_type=to.four")

    row = page.page.locator("tbody tr").first
    await expect(row.locator(".channel")).to_have_count(1)
    await expect(row).to_contain_text("4 recipients")
    await expect(row).not_to_contain_text("more")


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_made_in_less_than_100_ms(product: Product, name: str) -> None:
    path = await address(product, PAGES[name])
    took = []

    for _ in range(5):
        begun = time.perf_counter()
        await product.client.get(path, headers={"Accept": "text/html"})
        took.append(time.perf_counter() - begun)

    assert min(took) < 0.1


async def test_the_first_key_skips_to_the_content(page: Tab) -> None:
    await page.open("/")

    skip = await page.next()
    await page.page.keyboard.press("Enter")

    assert skip == "Skip to the content"
    assert await page.next() == "Live"


async def test_the_way_by_keyboard_is_the_way_of_the_eye(page: Tab) -> None:
    await page.open("/notifications")

    order = [await page.next() for _ in range(13)]

    assert order[:8] == [
        "Skip to the content", "Sendwell", "Overview", "Mailbox", "Notifications", "Dead letters",
        "API", "Sign in",
    ]  # fmt: skip
    assert order[8] == "Live"
    assert order[11:] == ["user_id", "event_type"]


async def test_a_notification_is_opened_by_enter(page: Tab) -> None:
    await page.open("/notifications?event_type=order.shipped&status=SCHEDULED")

    await page.until_focus_is_on("order.shipped")
    await page.page.keyboard.press("Enter")

    await expect(page.page).to_have_url(f"{page.url}/notifications/later")
    await expect(page.page.get_by_role("heading", level=1)).to_have_text("order.shipped")


async def test_the_html_of_a_message_can_do_and_load_nothing(page: Tab, product: Product) -> None:
    await page.open(await address(product, "/mailbox/{mail}"))
    frame = page.page.frame_locator("iframe")

    await expect(frame.get_by_role("heading")).to_have_text("Your order is on its way")
    await frame.get_by_role("link").click()

    await expect(page.page).to_have_title("Your order is on its way · Sendwell")
    assert page.strangers == []
    await page.complains("tracker.example/pixel.gif")
    await page.complains("Blocked script execution")
    await page.complains("tracker.example", "frame-src")


async def test_a_message_is_shown_as_text_with_headers_and_raw(page: Tab, product: Product) -> None:
    await page.open(await address(product, "/mailbox/{mail}"))
    (number,) = re.findall(r"\d+$", page.page.url)
    message = await product.get(f"/mailbox/messages/{number}")

    await page.page.get_by_role("link", name="Text").click()
    await expect(page.page.locator("section.text")).to_contain_text("arrives on Tuesday")
    await page.page.get_by_role("link", name="Headers").click()
    await expect(page.page.get_by_role("row", name="Message-ID")).to_contain_text("order-4711")
    await page.page.get_by_role("link", name="Raw").click()
    await expect(page.page.locator("section.raw")).to_contain_text("multipart/alternative")

    async with page.page.expect_download() as started:
        await page.page.get_by_role("link", name="Download .eml").click()
    file = await (await started.value).path()
    assert Path(file).read_bytes().decode() == message["raw"]  # noqa: ASYNC240 - a small file


async def test_the_timeline_shows_every_move(page: Tab, product: Product) -> None:
    events = (await product.get("/notifications/lost-1/timeline"))["events"]

    await page.open("/notifications/lost-1")

    shown = await page.page.locator(".timeline strong").all_text_contents()
    assert shown == [each["event"].replace("_", " ").capitalize() for each in events]
    await expect(page.page.get_by_role("row", name="0.email")).to_contain_text("no_address")


async def test_lists_are_narrowed_and_paged(page: Tab, product: Product) -> None:
    await page.open("/notifications")
    await page.page.get_by_label("Status").select_option("DEAD")
    await page.page.get_by_label("Person").fill("nobody-2")
    await page.page.get_by_role("button", name="Filter").click()

    await expect(_rows(page)).to_have_text(["lost-2"])

    for number in range(55):
        await product.send(user_id="user-001", content="Hi", channel="sms", id=f"many-{number:02}")
    await page.open("/notifications?user_id=user-001&channel=sms")
    first = await _rows(page).all_text_contents()
    await page.page.get_by_role("link", name="Older").click()
    await expect(page.page.get_by_role("link", name="Newest")).to_be_visible()

    assert len(first) == 50
    assert not set(first) & set(await _rows(page).all_text_contents())


async def test_a_dead_letter_is_sent_again(page: Tab, product: Product) -> None:
    await product.client.put("/api/v1/users/nobody-0", json={"email": "found@example.org"})
    await page.open("/dead-letters")
    row = page.page.get_by_role("row").filter(has=page.page.locator("a[href$='lost-0']"))
    await expect(row).to_contain_text("No address")

    await row.get_by_role("button", name="Replay").click()

    await expect(page.page.get_by_role("status")).to_contain_text("goes out again")
    await expect(row).to_contain_text("sent again as 0.email.r1")
    assert await page.violations() == []
    await product.settled("lost-0", "SENT", "DELIVERED", "DEAD")
    found = await product.get("/mailbox/messages", to="found@example.org", wait_seconds=10)
    assert [each["delivery"] for each in found["data"]] == ["0.email.r1"]


async def test_a_new_message_appears_by_itself_unless_paused(page: Tab, product: Product) -> None:
    await page.open("/mailbox?channel=sms&to=%2B436641111111")
    await expect(page.page.get_by_text("Nothing matches.")).to_be_visible()
    live = page.page.get_by_role("button", name="Live")
    await expect(live).to_have_attribute("aria-pressed", "true")

    to = {"phone": "+436641111111"}
    await product.send(to=to, content="It has come by itself", channel="sms")

    await expect(page.page.get_by_text("It has come by itself")).to_be_visible(timeout=15_000)
    await live.click()
    await expect(live).to_have_attribute("aria-pressed", "false")


async def test_the_mailbox_is_emptied_only_by_its_own_form(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as product, tab(browser, product.url) as page:
        await product.get("/mailbox/messages", wait_seconds=10)
        strange = await product.client.post("/mailbox/empty", data={"token": "made up"})
        before = await product.get("/mailbox/messages")

        await page.open("/mailbox")
        await page.page.get_by_text("Empty the mailbox").click()
        await page.page.get_by_role("button", name="Delete all messages").click()

        await expect(page.page.get_by_text("The mailbox is empty.")).to_be_visible()
        assert strange.status_code == 403
        assert before["data"]
        assert (await product.get("/mailbox/messages"))["data"] == []


@pytest.mark.parametrize("path", ["/", "/mailbox", "/docs", "/login", "/nothing-here"])
async def test_browsers_are_told_to_trust_nobody(product: Product, path: str) -> None:
    headers = (await product.client.get(path, headers={"Accept": "text/html"})).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


async def test_people_get_errors_as_pages_and_programs_as_problems(product: Product) -> None:
    person = {"Accept": "text/html,application/xhtml+xml"}

    answers = [
        await product.client.get("/nothing-here", headers=person),
        await product.client.get("/notifications/nothing-here", headers=person),
        await product.client.get("/notifications?status=LOST", headers=person),
        await product.client.delete("/mailbox", headers=person),
        await product.client.get("/nothing-here"),
        await product.client.get("/api/v1/nothing-here", headers=person),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 400, 405, 404, 404]
    assert [answer.headers["content-type"] for answer in answers] == [
        *["text/html; charset=utf-8"] * 4,
        *["application/problem+json"] * 2,
    ]


async def test_another_site_cannot_look_in_by_its_own_name(product: Product) -> None:
    rebound = await product.client.get("/mailbox", headers={"Host": "evil.example"})
    forwarded = await product.client.get("/mailbox", headers={"X-Forwarded-Host": "evil.example"})

    assert (rebound.status_code, forwarded.status_code) == (403, 403)
    assert "ada@example.com" not in rebound.text + forwarded.text


def _rows(page: Tab) -> Locator:
    """The ids in a list of notifications."""
    return page.page.locator("tbody th .id")
