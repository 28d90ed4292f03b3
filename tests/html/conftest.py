"""What page tests share: a browser and a server for a module, visits that must go well."""

import functools
import http.server
import threading

import pytest

from tests.html.visit import SITE, Visit, open_browser


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser, pages):
    """Return a function that opens one of a module's pages; fails if it complained."""
    visits = []

    def go(name, width=1280, theme="light"):
        visits.append(Visit(browser, pages[name], width, theme))
        return visits[-1].page

    yield go
    for visit in visits:
        visit.context.close()
        assert visit.complaints == []
        assert [u for u in visit.requests if not u.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").exists():
        pytest.fail("the book is not built: run `make book` first")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address(site):
    handler = functools.partial(QuietHandler, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
