"""A page in headless Chromium, and what a test wants to know of it."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

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


def chromium() -> str | None:
    """Return the system's Chromium or Chrome; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return named or next(filter(None, map(shutil.which, names)), None)


def without_browser(reason):
    """Skip at home, fail in CI: there a browser is part of the promise."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium; skip the test, or fail it in CI, if there is none."""
    path = chromium()
    if path is None:
        without_browser(
            "no Chromium found: install it (Debian: apt-get install chromium) "
            "or name one in the environment variable CHROMIUM"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


class Visit:
    """One page opened in one theme and width, with all it asked for and complained of."""

    def __init__(self, browser, url, width, theme):
        self.requests, self.complaints = [], []
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            reduced_motion="reduce",
        )
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda r: self.complaints.append(f"failed: {r.url}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("response", self._note_status)
        self.page.goto(url, wait_until="networkidle")
        # On a busy machine the network can fall idle before a large page has been parsed.
        self.page.wait_for_load_state("load")
        self.page.evaluate("window.MathJax?.startup?.promise")
        # The theme makes wide code focusable a moment after the page is there. If it never
        # does, axe says so.
        with contextlib.suppress(PlaywrightTimeout):
            self.page.wait_for_function(
                "[...document.querySelectorAll('pre')].every("
                "pre => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0)",
                timeout=5000,
            )

    def _note(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _note_status(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def serious(page, contrast=True, structure=True):
    """Return the serious and critical axe-core violations, one line each.

    Contrast, most of axe's time on a page of code, depends on the theme; all else on the width.
    """
    rules = {"color-contrast": {"enabled": contrast}}
    # axe counts a few rules as experimental and leaves them out unless they are asked for
    rules["label-content-name-mismatch"] = {"enabled": True}
    options = {"rules": rules} if structure else {"runOnly": ["color-contrast"]}
    # neither what passed nor a path to each element is looked at: half of the time
    options |= {"resultTypes": ["violations"], "selectors": False}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ]
