"""The built book in a real browser: no raw markup, from disk, folds, search, links."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.html.visit import PAGES, SITE, Visit, serious

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_no_raw_markup_and_describes_its_pictures(browser, address, name):
    with Visit(browser, f"{address}/{name}", 1280, "light") as visit:
        text = visit.page.locator("main").evaluate(
            "main => { const prose = main.cloneNode(true);"
            " prose.querySelectorAll('pre, code, script').forEach(code => code.remove());"
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
