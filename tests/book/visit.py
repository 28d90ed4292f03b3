"""A page in headless Chromium, and what a test wants to know of it."""

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, sync_playwright

from tools import pdf
from tools.chapters import ROOT

SITE = ROOT / "_build" / "html"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in [
        *SITE.glob("book/*.html"),
        *SITE.glob("notebooks/*.html"),
        SITE / "search.html",
    ]
)

# What was asked for is drawn, and what goes wrong in drawing has been said.
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def chromium() -> str:
    """Return the Chromium there is; skip the test, or fail it in CI, if there is none."""
    try:
        return pdf.chromium()
    except SystemExit as missing:  # in CI a browser is part of the promise
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(str(missing).removeprefix("make pdf: "))


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


class Tab:
    """A tab of Chromium: opens each page as on a first visit, and notes its complaints."""

    def __init__(self, browser):
        # Tests wait by evaluating text, which the pages' own policy forbids.
        context = browser.new_context(bypass_csp=True)
        context.add_init_script("localStorage.clear(); sessionStorage.clear()")
        self.page = context.new_page()
        self.home, self._asked, self._noted, self._under_way = "", [], [], set()
        note = self._noted.append
        self.page.on("request", self._note_request)
        self.page.on("requestfinished", self._note_end)
        self.page.on("requestfailed", self._note_end)
        self.page.on("requestfailed", lambda request: note(f"failed: {request.url}"))
        self.page.on("response", self._note_refusals)
        self.page.on("pageerror", lambda error: note(f"error: {error}"))
        self.page.on("console", self._note_console)

    def _note_request(self, request):
        self._under_way.add(request)
        if request.url.startswith(self.home):
            self._asked.append(request.url.removeprefix(self.home))
        elif not request.url.startswith("data:"):
            self._noted.append(f"another host: {request.url}")

    def _note_end(self, request):
        self._under_way.discard(request)

    def _note_refusals(self, response):
        if response.status >= 400:
            self._noted.append(f"{response.status}: {response.url}")

    def _note_console(self, message):
        if message.type in ("error", "warning"):
            self._noted.append(f"console {message.type}: {message.text}")

    def open(self, url, width=1280, theme="light"):
        """Open a page and wait until it is as a reader sees it."""
        page, address = self.page, urlsplit(url)
        self.home = f"{address.scheme}://{address.netloc}/"
        self._asked.clear()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media="screen", color_scheme=theme, reduced_motion="reduce")
        page.goto(url)
        # The theme makes wide code focusable a moment after the page is there.
        page.wait_for_function(
            "[...document.querySelectorAll('pre')].every("
            "pre => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0)"
        )
        return page

    def asked(self):
        """Return what the page has asked of its own host, once no request is under way."""
        self.page.wait_for_load_state("networkidle")
        return self._asked.copy()

    def complaints(self):
        """Return what pages complained of since the last call, once no request is under way."""
        self.page.evaluate(DRAWN)
        if self._under_way:  # otherwise this would wait half a second, in every test
            self.page.wait_for_load_state("networkidle")
        noted = self._noted.copy()
        self._noted.clear()
        return noted


def serious(page, contrast=True, structure=True, within=None):
    """Return the serious and critical axe-core violations, one line each.

    They are those of the page, or of what a selector finds. Contrast, most of axe's time,
    depends on the theme, all else on the width. Elements marked as like others are left out of
    the search for it.
    """
    rules = {"color-contrast": {"enabled": contrast}}
    # axe counts a few rules as experimental and leaves them out unless they are asked for
    rules["label-content-name-mismatch"] = {"enabled": True}
    options = {"rules": rules} if structure else {"runOnly": ["color-contrast"]}
    # what passed, a path to each element and the style sheets, fetched again, are not needed
    options |= {"resultTypes": ["violations"], "selectors": False, "preload": False}
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    page.evaluate(
        "axe.configure({rules: [{id: 'color-contrast', selector: '*:not([data-alike])'}]})"
    )
    run = "([within, options]) => axe.run(within ?? document, options)"
    found = page.evaluate(run, [within, options])["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ]
