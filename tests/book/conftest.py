"""What page tests share: for each module a browser and a server, visits that must go well."""

import functools
import http.server
import threading
from urllib.parse import urljoin

import pytest

from tests.book.visit import SITE, Tab, open_browser


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def tab(browser):
    return Tab(browser)


@pytest.fixture(scope="module")
def base(address):
    """Where the pages of a module are; most look at the served book."""
    return address


@pytest.fixture
def visit(tab, base):
    """Return a function that opens a page; the test fails if one complained."""

    def go(name, width=1280, theme="light"):
        return tab.open(urljoin(base, name), width, theme)

    yield go
    assert tab.complaints() == []


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
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
