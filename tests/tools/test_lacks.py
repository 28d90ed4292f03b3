"""What a machine may lack: Chromium, a network. Home, space and cores: see test_book.py."""

import socket

import pytest

from tests.book import visit
from tools import pdf


@pytest.fixture
def without_chromium(monkeypatch, tmp_path):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_without_chromium_the_printers_say_how_to_get_it(without_chromium):
    with pytest.raises(SystemExit, match="apt-get install chromium"):
        pdf.chromium()


@pytest.mark.parametrize("kind", ["skip", "fail"])
def test_without_chromium_page_tests_are_left_out_and_fail_in_ci(
    kind, without_chromium, monkeypatch
):
    monkeypatch.setenv("CI", "true" if kind == "fail" else "")
    with pytest.raises(getattr(pytest, kind).Exception, match=r"^no Chromium found"):
        visit.chromium()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_test_that_asks_another_host_fails(host):
    with pytest.raises(OSError, match=f"asks another host: {host}"):
        socket.create_connection((host, 9), timeout=1)


def test_a_test_may_ask_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()[:2]).close()
