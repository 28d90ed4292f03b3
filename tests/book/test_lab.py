"""JupyterLab in a real browser: chapters open as notebooks, the class edition as its own."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
from playwright.sync_api import expect

from tests.chapters.test_chapters import TINY
from tools.chapters import NOTEBOOKS, ROOT, pair_text, read, saved
from tools.editions import make_edition
from tools.myst_to_markdown import Bibliography, Links
from tools.student import start_page

pytestmark = [pytest.mark.browser, pytest.mark.desk]

FOLD = "```{code-cell} ipython3\n:tags: [hide-input]\n\n"
PREDICTION = """
:::{admonition} Predict first 1
:class: predict
What does it print?
:::

:::{dropdown} Answer 1
It prints 42.
:::
"""


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


@contextmanager
def lab(scratch, python, settings, served):
    """Start JupyterLab on a folder or a file, and give the address to open and its token."""
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_PATH"):
        os.environ.pop(name, None)
    home = {"HOME": str(scratch), "JUPYTER_RUNTIME_DIR": str(scratch / "runtime")}
    command = [python, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root"]
    with open(scratch / "log", "w") as log:
        server = subprocess.Popen(
            [*command, "--ServerApp.ip=127.0.0.1", str(served)],
            env=os.environ | home | {"JUPYTER_PLATFORM_DIRS": "1"} | settings,
            stdout=log,
            stderr=log,
        )
        try:
            address = wait_for_server(scratch / "runtime")
            yield f"{address['url']}lab", f"token={address['token']}"
        finally:
            server.kill()  # asked to end, it waits for its kernel, long on a busy machine
            server.wait()


def wait_for_server(runtime):
    """Return address and token of a server once it has written them and answers."""
    end = time.monotonic() + 180
    while time.monotonic() < end:
        for file in runtime.glob("jpserver-*.json"):
            try:
                address = json.loads(file.read_text(encoding="utf-8"))
                urlopen(
                    f"{address['url']}api/status?token={address['token']}", timeout=60
                ).close()
            except (OSError, ValueError):
                continue
            return address
        time.sleep(0.05)
    raise RuntimeError("JupyterLab did not start within three minutes")


def until(true, seconds=60):
    """Wait for a condition that no page shows."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


@pytest.mark.parametrize("way", [as_make_lab, as_binder])
def test_a_click_on_a_chapter_opens_a_notebook_and_saving_it_changes_nothing(
    browser, way, tmp_path
):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    folded = TINY.replace("```{code-cell} ipython3\nprint", FOLD + "print", 1)
    chapter, pair = folder / "01_tiny.md", folder / "01_tiny.py"
    texts = {chapter: saved(folded), pair: pair_text(folded)}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    shutil.copy(NOTEBOOKS / "jupytext.toml", folder)
    with lab(tmp_path, *way(tmp_path), folder) as (url, token):
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{url}?{token}&reset")
        page.get_by_role("listitem", name="01_tiny.md").dblclick()
        cell = page.locator(".jp-NotebookPanel .jp-CodeCell").first
        expect(cell.locator(".jp-Placeholder")).to_contain_text("print", timeout=120_000)
        # What is run before the kernel is there is lost.
        idle = page.get_by_role("button", name="Python 3 (ipykernel) | Idle")
        idle.wait_for(timeout=120_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        expect(cell.locator(".jp-OutputArea")).to_contain_text("42", timeout=120_000)
        before = chapter.stat().st_mtime_ns
        page.keyboard.press("Control+s")
        until(lambda: chapter.stat().st_mtime_ns != before)
        until(lambda: pair.stat().st_mtime_ns != before)
    assert {path: path.read_text(encoding="utf-8") for path in texts} == texts


def test_the_class_edition_opens_with_its_start_page_and_folded_answers(browser, tmp_path):
    """As `make exercises` opens it."""
    folder = tmp_path / "exercises"
    links = Links(frozenset({"01_tiny"}), Bibliography(None))
    chapter = tmp_path / "01_tiny.md"
    chapter.write_text(saved(TINY + PREDICTION), encoding="utf-8")
    folder.mkdir()
    edition = make_edition("01_tiny", read(chapter), links)
    nbformat.write(edition.notebook, folder / "01_tiny.ipynb")
    start = start_page([edition], ">=3", "a.whl", "LICENSE")
    (folder / "START.md").write_text(start, encoding="utf-8")
    paths = [ROOT / "book" / "lab" / "class", ROOT / "book" / "lab"]
    settings = {"JUPYTER_CONFIG_PATH": os.pathsep.join(map(str, paths))}
    with lab(tmp_path, sys.executable, settings, folder / "START.md") as (url, token):
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{url}/tree/START.md?{token}")
        page.locator(".jp-MarkdownViewer").get_by_role("link", name="Tiny").click()
        fold = page.locator(".jp-NotebookPanel details")
        expect(fold.locator("p")).to_be_hidden(timeout=120_000)
        fold.locator("summary").click()
        expect(fold.locator("p")).to_have_text("It prints 42.")
