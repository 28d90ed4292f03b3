"""Firefox without a window, driven over its own protocol: what page tests need of it."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

NAMES = ("firefox-esr", "firefox")
PREFERENCES = """\
user_pref("marionette.port", {port});
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""


def find() -> str:
    """Return the Firefox there is; skip the test, or fail it in CI, if there is none."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("no Firefox: install firefox-esr, as .ci/run does")
    return found


class Firefox:
    """One window; commands go as JSON over a socket (Marionette)."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (folder / "user.js").write_text(PREFERENCES.format(port=port))
        command = [find(), "--headless", "--marionette", "--no-remote", "--profile", folder]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **quiet)
        self.count = 0
        for _ in range(300):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.2)
        self.file = self.socket.makefile("rb")
        self._read()  # its greeting
        self.command("WebDriver:NewSession", {"capabilities": {"pageLoadStrategy": "normal"}})

    def _read(self) -> list:
        size = b""
        while (digit := self.file.read(1)) != b":":
            size += digit
        return json.loads(self.file.read(int(size)))

    def command(self, name: str, parameters: dict) -> dict:
        self.count += 1
        message = json.dumps([0, self.count, name, parameters])
        self.socket.sendall(f"{len(message.encode())}:{message}".encode())
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def open(self, url: str, width: int = 1280) -> None:
        self.command("WebDriver:SetWindowRect", {"width": width, "height": 900})
        self.command("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *arguments: object) -> object:
        """Run the body of a function in the page and return what it returns."""
        call = {"script": script, "args": list(arguments)}
        return self.command("WebDriver:ExecuteScript", call)["value"]

    def wait(self, condition: str, seconds: float = 90) -> None:
        for _ in range(int(seconds * 5)):
            if self.run(f"return {condition}"):
                return
            time.sleep(0.2)
        raise AssertionError(f"after {seconds} s not yet: {condition}")

    def type(self, selector: str, keys: str) -> None:
        """Type into an element; WebDriver's letters stand for keys such as Tab."""
        found = self.command(
            "WebDriver:FindElement", {"using": "css selector", "value": selector}
        )
        identifier = next(iter(found["value"].values()))
        self.command("WebDriver:ElementSendKeys", {"id": identifier, "text": keys})

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait()
