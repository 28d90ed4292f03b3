"""The build fails where it should, and says why; its cache never serves stale results."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.chapters.test_chapters import TINY
from tools import book
from tools.chapters import ROOT

# With more than five pages Sphinx reads them in several processes.
PAGES = [f"book/page_{number}.md" for number in range(6)]
TOC = "\n- file: ".join(
    ["format: jb-book\nroot: book/notation.md\nchapters:", *PAGES, "notebooks/01_tiny.md\n"]
)


# On stderr a bar would fail the build.
BAR = """\
from course_utils import training

print(40 + sum(training.progress([1, 1], 'adding')))
print("one ", end="", flush=True)
print("line")"""


@pytest.fixture(scope="module")
def small_book(tmp_path_factory):
    """A book of a few pages and one tiny chapter, with this book's configuration.

    Without the Python for pages, which takes seconds to pack.
    """
    root = tmp_path_factory.mktemp("a book")
    for folder in ("book", "tools", "course_utils"):
        unread = shutil.ignore_patterns("pyodide")
        shutil.copytree(ROOT / folder, root / folder, ignore=unread)
    for file in ("_config.yml", "requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / file, root)
    (root / "_toc.yml").write_text(TOC)
    for page in PAGES:
        (root / page).write_text("# A page\n")
    (root / "notebooks").mkdir()
    return root


def build(root, chapter, cores=2):
    (root / "notebooks" / "01_tiny.md").write_text(chapter, encoding="utf-8")
    code = f"import os; os.cpu_count = lambda: {cores}; from tools import book; book.main()"
    command = [sys.executable, "-c", code]
    # The build has to silence the bars itself: it does not run under pytest for a maintainer.
    loud = {key: value for key, value in os.environ.items() if key != "TQDM_DISABLE"}
    return subprocess.run(command, cwd=root, env=loud, capture_output=True, text=True)


def test_a_good_book_builds_without_its_progress_bars_though_a_port_was_taken(
    small_book, late_kernel
):
    run = build(small_book, TINY.replace("print(40 + 2)", BAR), cores=1)
    assert run.returncode == 0, run.stderr
    page = (small_book / "_build" / "html" / "notebooks" / "01_tiny.html").read_text("utf-8")
    assert "42" in page
    assert "one line" in page  # though the kernel sends it in two pieces
    assert "A line rises." in page
    assert not re.search(r"\badding:", page)  # a style may say "padding:"


def test_a_failing_chapter_fails_the_build_each_time_with_cell_and_traceback(small_book):
    for cores in (2, 1):  # the tool chain once took the second build of a broken book for good
        run = build(small_book, TINY.replace("40 + 2", "40 / 0"), cores)
        assert run.returncode == 1
        report = run.stderr[run.stderr.index("notebooks/01_tiny.md failed") :]
        assert "print(40 / 0)" in report
        assert "ZeroDivisionError" in report


def test_a_kernel_that_dies_in_a_chapter_fails_the_build_at_once_and_readably(small_book):
    deadly = "import os\nopen('tried', 'a').write('x')\nos.kill(os.getpid(), 9)"
    run = build(small_book, TINY.replace("print(40 + 2)", deadly))
    assert run.returncode == 1
    assert "01_tiny.md failed: its kernel died while it executed" in run.stderr
    assert "memory" in run.stderr
    assert (small_book / "notebooks" / "tried").read_text() == "x", "it is not tried again"


@pytest.mark.parametrize(
    ("good", "bad"),
    [("# Tiny", "# Tiny\n\n{term}`no such word`"), ("print(", "import sys; sys.stderr.write(")],
)
def test_a_warning_and_noise_on_stderr_fail_the_build(small_book, good, bad):
    chapter = TINY.replace(good, bad).replace("40 + 2", "'noise'")
    assert build(small_book, chapter).returncode != 0


@pytest.mark.skipif(os.cpu_count() == 1, reason="with one core they execute in turn")
def test_chapters_execute_at_the_same_time(small_book):
    meeting = """\
from pathlib import Path
from time import sleep

Path("{mine}.here").touch()
while not Path("{other}.here").exists():
    sleep(0.1)
print(40 + 2)"""
    for number, other in (("1", "2"), ("2", "1")):
        code = meeting.format(mine=number, other=other)
        chapter = TINY.replace("print(40 + 2)", code)
        path = small_book / "notebooks" / f"0{number}_tiny.md"
        path.write_text(chapter, encoding="utf-8")
    (small_book / "_toc.yml").write_text(TOC + "- file: notebooks/02_tiny.md\n")
    command = [sys.executable, "-m", "tools.book"]
    # Executed one after the other, the first would wait for the second until it is killed.
    run = subprocess.run(command, cwd=small_book, capture_output=True, text=True, timeout=600)
    (small_book / "_toc.yml").write_text(TOC)
    assert run.returncode == 0, run.stderr
    assert len(list(small_book.glob("notebooks/*.here"))) == 2


@pytest.mark.parametrize(
    ("file", "built"),
    [
        (None, 1),
        ("notebooks/01_tiny.md", 2),
        ("book/page_0.md", 2),
        ("_toc.yml", 2),
        ("_build/html/index.html", 2),
        ("notebooks/__pycache__/x.pyc", 1),
        ("tests/test_x.py", 1),
    ],
)
def test_a_book_is_built_again_when_it_or_what_it_is_made_of_has_changed(
    file, built, tmp_path, monkeypatch
):
    calls = []

    def build_page(words):
        calls.append(words)
        (tmp_path / "_build" / "html").mkdir(parents=True, exist_ok=True)
        (tmp_path / "_build" / "html" / "index.html").write_text("a page")

    monkeypatch.setattr(book, "ROOT", tmp_path)
    monkeypatch.setattr(book, "jupyter_book", build_page)
    monkeypatch.chdir(tmp_path)
    book.main()
    if file:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("another text")
    book.main()
    assert len(calls) == built


def test_a_book_that_failed_is_built_again(tmp_path, monkeypatch):
    calls = []

    def fail(words):
        calls.append(words)
        raise RuntimeError("a warning")

    (tmp_path / "_build").mkdir()
    monkeypatch.setattr(book, "ROOT", tmp_path)
    monkeypatch.setattr(book, "jupyter_book", fail)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a warning"):
            book.main()
    assert len(calls) == 2


def test_the_cache_key_follows_code_and_versions(small_book):
    path = small_book / "book" / "_ext" / "house.py"
    spec = importlib.util.spec_from_file_location("house", path)
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    keys = {house.cache_key(small_book)}
    for file in ("course_utils/data.py", "course_utils/live/live.js", "constraints.txt"):
        with open(small_book / file, "a", encoding="utf-8") as text:
            text.write("# changed\n")
        keys.add(house.cache_key(small_book))
    assert len(keys) == 4


def test_a_home_that_cannot_be_written_adds_nothing_to_what_cells_print():
    """HOME is below a file: nobody, not even root, can make a folder there."""
    probe = 'probe: ; @$(PY) -m IPython -c "import matplotlib.pyplot; print(1)"'
    kept = {k: v for k, v in os.environ.items() if k not in ("IPYTHONDIR", "MPLCONFIGDIR")}
    run = subprocess.run(
        ["make", "-s", f"--eval={probe}", f"PY={shlex.quote(sys.executable)}", "probe"],
        cwd=ROOT,
        env=kept | {"HOME": f"{os.devnull}/home"},
        capture_output=True,
        text=True,
    )
    assert (run.stdout, run.stderr) == ("1\n", "")
