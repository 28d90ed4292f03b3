"""What page tests share: for each module a browser and a server, visits that must go well."""

import fcntl
import functools
import http.server
import os
import threading
import zipfile
from urllib.parse import urljoin

import pytest

from tests.book.visit import SITE, Tab, open_browser
from tools import zip_book
from tools.pack import NAME


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


@pytest.fixture(scope="session")
def site():
    if not (SITE / "index.html").exists():
        pytest.fail("the book is not built: run `make book` first")


@pytest.fixture(scope="session")
def class_book(site, tmp_path_factory):
    """The book as a class gets it, in a folder with spaces and letters beyond ASCII.

    It takes some seconds: of several test processes one writes it for all.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "class.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder /= "Übung 7 – RNN & Gedächtnis"
        if not folder.exists():
            folder.mkdir()
            zip_book.write(SITE, folder / "book.zip", solutions=False)
            with zipfile.ZipFile(folder / "book.zip") as archive:
                archive.extractall(folder)
    return folder / NAME


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
