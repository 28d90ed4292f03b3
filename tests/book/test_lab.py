"""JupyterLab in a real browser: a click on a chapter's .md opens it as a notebook."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.chapters.test_chapters import TINY
from tools.chapters import ROOT
from tools.measure import wait_for_server

pytestmark = [pytest.mark.browser, pytest.mark.desk]


def as_make_lab(scratch):
    """Start JupyterLab with what the Makefile sets for `make lab`."""
    return sys.executable, {"JUPYTER_CONFIG_PATH": str(ROOT / "book" / "lab")}


def as_binder(scratch):
    """Start JupyterLab in an environment that .binder/postBuild has prepared, as a hub has it.

    The environment takes its packages from the one of the tests, and its settings from nowhere
    but its own folder.
    """
    venv.create(scratch / "env", symlinks=True)
    python = scratch / "env" / "bin" / "python"
    packages = next((scratch / "env" / "lib").glob("python*/site-packages"))
    (packages / "tested.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    )
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [ROOT / ".binder" / "postBuild"],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    share = Path(sys.prefix, "share", "jupyter")
    return str(python), {
        "JUPYTER_PATH": str(share),
        "JUPYTERLAB_DIR": str(share / "lab"),
        "JUPYTER_CONFIG_PATH": str(Path(sys.prefix, "etc", "jupyter")),  # jupytext's own
    }


@pytest.mark.parametrize("way", [as_make_lab, as_binder])
def test_a_click_on_a_chapter_opens_a_notebook(browser, way, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "01_tiny.md").write_text(TINY, encoding="utf-8")
    python, settings = way(tmp_path)
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_PATH"):
        os.environ.pop(name, None)
    home = {"HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    command = [python, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            [*command, "--ServerApp.ip=127.0.0.1", str(folder)],
            env=os.environ | home | {"JUPYTER_PLATFORM_DIRS": "1"} | settings,
            stdout=log,
            stderr=log,
        )
        try:
            address = wait_for_server(tmp_path / "runtime")
            page = browser.new_page()
            page.set_default_timeout(120_000)
            page.goto(f"{address['url']}lab?token={address['token']}&reset")
            page.get_by_role("listitem", name="01_tiny.md").dblclick()
            cell = page.locator(".jp-NotebookPanel .jp-CodeCell").first
            expect(cell).to_contain_text("print(40 + 2)", timeout=120_000)
        finally:
            server.kill()  # asked to end, it waits for its kernel, long on a busy machine
            server.wait()
