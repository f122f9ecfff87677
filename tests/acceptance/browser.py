"""A real Chromium, and what the tests want to know from it."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Route,
    async_playwright,
    expect,
)

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
_AXE = Path(__file__).parent / "vendor" / "axe.min.js"
_SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_MOST_STOPS = 60
_SOON = 30.0
_SIZE = {"width": 1280, "height": 860}
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

expect.set_options(timeout=1_000 * _SOON)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser. Without one the test is skipped on a laptop, and fails in CI."""
    _require_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_SWITCHES)
        try:
            yield browser
        finally:
            await browser.close()


def _require_chromium() -> None:
    if CHROMIUM.exists():
        return
    if "CI" in os.environ:
        pytest.fail("Chromium is missing: run ./dev services.")
    pytest.skip("Chromium is missing: run ./dev services.")


class Tab:
    """A page at one address; it notes what is asked elsewhere and what is complained about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        self._complained = asyncio.Event()

    async def open(self, path: str) -> None:
        """Go there, and wait until all of it is loaded."""
        await self.page.goto(f"{self.url}{path}", wait_until="load")

    async def watch(self) -> None:
        """From now on keep the page from reaching anything but its own origin."""
        await self.page.route("**/*", self._let_through)
        self.page.on("console", self._note)

    async def violations(self, *, rules: Sequence[str] = ()) -> list[str]:
        """What axe-core finds wrong with the page: the rule and the elements."""
        if not await self.page.evaluate("() => 'axe' in window"):
            await self.page.evaluate(_AXE.read_text())
        options: dict[str, Any] = {"iframes": False, "resultTypes": ["violations"]}
        if rules:
            options["runOnly"] = list(rules)
        found = await self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes']]}"
            for each in found["violations"]
        ]

    async def show(self, scheme: Scheme) -> None:
        """As for a person who prefers that scheme."""
        await self.page.emulate_media(color_scheme=scheme)

    async def photograph(self, name: str, scheme: Scheme) -> None:
        """Keep a picture for the docs, where there is none or SENDWELL_SCREENSHOTS asks for it."""
        file = SCREENSHOTS / f"{name}-{scheme}.png"
        if file.exists() and "SENDWELL_SCREENSHOTS" not in os.environ:
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=file, animations="disabled")

    async def next(self) -> str:
        """Go one further by Tab; gives what has the focus then: its text, else its name."""
        await self.page.keyboard.press("Tab")
        text: str = await self.page.evaluate(
            "() => document.activeElement.name || document.activeElement.textContent.trim()"
        )
        return text

    async def until_focus_is_on(self, text: str) -> None:
        """Go on by Tab until that has the focus."""
        passed = []
        while (focus := await self.next()) != text:
            passed.append(focus)
            assert len(passed) < _MOST_STOPS, f"{text!r} is not among {passed}"

    async def complains(self, *words: str) -> None:
        """Wait until a complaint has all these words."""
        async with asyncio.timeout(_SOON):
            while not any(all(word in each for word in words) for each in self.complaints):
                self._complained.clear()
                await self._complained.wait()

    async def _let_through(self, route: Route, request: Request) -> None:
        if request.url.startswith(f"{self.url}/"):
            await route.continue_()
            return
        self.strangers.append(request.url)
        await route.abort()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)
            self._complained.set()


@asynccontextmanager
async def tab(browser: Browser, url: str, *, width: int = _SIZE["width"]) -> AsyncIterator[Tab]:
    """A tab of its own, without anything from other tests."""
    context = await browser.new_context(
        viewport={"width": width, "height": _SIZE["height"]}, color_scheme="light", locale="en"
    )
    try:
        opened = Tab(await context.new_page(), url)
        await opened.watch()
        yield opened
    finally:
        await context.close()
