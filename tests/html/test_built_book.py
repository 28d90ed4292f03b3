"""The built book in a real browser: offline, no errors, accessible, readable on a phone."""

import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import sync_playwright

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
WIDTHS = {"phone": 390, "desktop": 1280}

pytestmark = pytest.mark.browser


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


@pytest.fixture(scope="module", autouse=True)
def site():
    if not (SITE / "index.html").exists():
        pytest.fail("the book is not built: run `make book` first")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    handler = functools.partial(QuietHandler, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
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


def serious(page):
    """Return the serious and critical axe-core violations, one line each."""
    # axe counts a few rules as experimental and leaves them out unless they are asked for
    rules = {rule: {"enabled": True} for rule in ("label-content-name-mismatch",)}
    found = Axe().run(page, options={"rules": rules}).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_offline_quiet_accessible_and_fits(browser, address, name, width, theme):
    with Visit(browser, f"{address}/{name}", WIDTHS[width], theme) as visit:
        assert visit.page.locator("html").get_attribute("data-theme") == theme
        assert [url for url in visit.requests if not url.startswith((address, "data:"))] == []
        assert visit.complaints == []
        assert serious(visit.page) == []
        overflow = visit.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"the page scrolls sideways by {overflow} px"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_no_raw_markup_and_describes_its_pictures(browser, address, name):
    with Visit(browser, f"{address}/{name}", 1280, "light") as visit:
        text = visit.page.locator("main").evaluate(
            "main => { const prose = main.cloneNode(true);"
            " prose.querySelectorAll('pre, code').forEach(code => code.remove());"
            " return prose.innerText }"
        )
        assert not re.findall(
            r"^:::.*|\{(?:term|cite:?\w*|doc|ref)\}`.*|\$\$", text, flags=re.M
        )
        assert visit.page.locator("mjx-merror").count() == 0
        assert visit.page.locator("span.math, div.math").count() == (
            visit.page.locator(".math > mjx-container").count()
        ), "a formula was left as raw TeX"
        for image in visit.page.locator("main img").all():
            alt = image.get_attribute("alt") or ""
            source = Path(image.get_attribute("src")).name
            assert len(alt) > 20, f"{source} has no alt text worth the name: {alt!r}"
            assert Path(source).stem not in alt
            assert image.evaluate("image => image.complete && image.naturalWidth > 0"), source


@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_from_disk(browser, name):
    url = "file://" + quote(str(SITE / name))
    with Visit(browser, url, 1280, "light") as visit:
        assert [u for u in visit.requests if not u.startswith(("file:", "data:"))] == []
        assert visit.complaints == []


def test_the_folded_solution_and_answer_open(browser, address):
    with Visit(browser, f"{address}/notebooks/01_linear_rnn_sum.html", 1280, "light") as visit:
        solution = visit.page.locator("details:has-text('Show solution')").first
        code = solution.locator("pre").first
        assert not code.is_visible()
        solution.locator("summary").click()
        assert code.is_visible()
        answer = visit.page.locator("details.sd-dropdown").first
        body = answer.locator(".sd-summary-content")
        assert not body.is_visible()
        answer.locator("summary").press("Enter")
        assert body.is_visible()


def test_the_search_finds_a_chapter(browser, address):
    with Visit(browser, f"{address}/search.html?q=recurrent", 1280, "light") as visit:
        visit.page.locator("#search-results ul.search li a").first.wait_for(timeout=20_000)
        assert visit.complaints == []


def test_every_inner_link_leads_somewhere(browser, address):
    with Visit(browser, f"{address}/{PAGES[0]}", 1280, "light") as visit:
        broken = []
        for name in PAGES:
            visit.page.goto(f"{address}/{name}")
            links = visit.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
            for url in {link for link in links if link.startswith(address)}:
                path, _, anchor = url.removeprefix(address).partition("#")
                file = SITE / path.partition("?")[0].lstrip("/")
                if not file.is_file():
                    broken.append(f"{name} -> {path}")
                elif anchor and file.suffix == ".html":
                    ids = re.findall(r'id="([^"]+)"', file.read_text(encoding="utf-8"))
                    if anchor not in ids:
                        broken.append(f"{name} -> {path}#{anchor}")
        assert broken == []


def test_the_guards_see_a_request_an_error_a_violation_and_a_missing_alt(browser, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!doctype html><html><head><script src='http://127.0.0.1:9/far.js'></script></head>"
        "<body><img src='x.png'><script>null.boom</script></body></html>"
    )
    with Visit(browser, bad.as_uri(), 390, "light") as visit:
        assert "http://127.0.0.1:9/far.js" in visit.requests
        assert any("boom" in complaint for complaint in visit.complaints)
        found = json.dumps(serious(visit.page))
        assert "image-alt" in found
        assert "html-has-lang" in found
