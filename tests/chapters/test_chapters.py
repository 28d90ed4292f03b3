"""Every chapter has a pair and a reference that fit it, and each guard can fail."""

import asyncio
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupytext.async_contentsmanager import build_async_jupytext_contents_manager_class
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tests import chapters as shared
from tools import chapters as tool

CHAPTERS = tool.pages()
PROSE = [*CHAPTERS, *(tool.ROOT / "book").glob("*.md"), *tool.ROOT.glob("*.md")]
TINY = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Tiny

```{code-cell} ipython3
print(40 + 2)
```

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: A line rises.
  image:
    alt: One straight line from the lower left to the upper right.
---
import matplotlib.pyplot as plt

_ = plt.plot([0, 1])
plt.show()
```

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: The state follows the sum.
---
from course_utils import live

live.RnnDials(1.0, 1.0, 0.0)
```
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    chapter = tmp_path_factory.mktemp("tiny") / "01_tiny.md"
    chapter.write_text(tool.saved(TINY), encoding="utf-8")
    return chapter


@pytest.fixture(scope="module")
def executed(tiny):
    return tool.execute(tiny)


@pytest.fixture
def reference(executed):
    return nbformat.from_dict(executed)


def nbval(notebook, folder, plugin="tests.conftest"):
    """Run nbval as `make nbval` does: tests/conftest.py lies above tests/reference."""
    path = folder / "tiny.ipynb"
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    command += ["-p", "tools", "-p", plugin, str(path)]
    # What the conftest sets must not come from the run of this test.
    loud = {key: value for key, value in os.environ.items() if key != "TQDM_DISABLE"}
    return subprocess.run(command, capture_output=True, text=True, cwd=tool.ROOT, env=loud)


def test_there_are_chapters():
    assert CHAPTERS


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_pair_is_what_the_chapter_says(chapter):
    pair = chapter.with_suffix(".py")
    assert pair.exists(), f"{pair.name} is missing; run `make sync`"
    assert tool.pair_problem(chapter, pair.read_text(encoding="utf-8")) == ""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_reference_fits_the_chapter(chapter):
    path = tool.REFERENCES / f"{chapter.stem}.ipynb"
    assert path.exists(), f"{path.name} is missing; run `make reference ONLY={chapter.stem}`"
    stored = nbformat.read(path, as_version=4)
    problems = tool.reference_problems(tool.read(chapter), stored)
    assert not problems, "\n".join([*problems, f"run `make reference ONLY={chapter.stem}`"])
    for kind in ("image/", "text/html"):
        assert kind not in path.read_text(encoding="utf-8"), "a reference holds text only"


def test_no_pair_and_no_reference_is_left_without_its_chapter():
    slugs = {chapter.stem for chapter in CHAPTERS}
    assert {path.stem for path in tool.NOTEBOOKS.glob("*.py")} == slugs
    assert {path.stem for path in tool.REFERENCES.glob("*.ipynb")} == slugs
    assert not list(tool.NOTEBOOKS.glob("*.ipynb")), "the book would build it for the .md"


def test_every_chapter_is_in_the_table_of_contents():
    toc = (tool.ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert not [c.name for c in CHAPTERS if f"file: notebooks/{c.name}" not in toc]


def broken_sentences(text):
    """Return the lines of prose that Markdown takes for the start of a list."""
    parser = MarkdownIt().use(dollarmath_plugin).use(colon_fence_plugin).enable("table")
    lines, found = text.splitlines(), []
    for token in parser.parse(text):
        if token.type == "colon_fence":
            found += broken_sentences(token.content)
        elif token.type.endswith("list_open") and token.level == 0 and token.map[0]:
            before = lines[token.map[0] - 1].strip()
            if before and not before.startswith((":", "#")):
                found.append(lines[token.map[0]])
    return found


@pytest.mark.parametrize("page", PROSE, ids=lambda path: path.stem)
def test_no_line_of_a_sentence_begins_a_list(page):
    assert broken_sentences(page.read_text("utf-8")) == []


def test_a_sentence_that_breaks_before_a_number_is_found():
    sentence = "Far from 1/2 is good, and 0 is as good as\n1. Choose the best."
    box = f":::{{admonition}} Note\n:class: predict\n{sentence}\n:::\n"
    for text in (sentence, f"It ends.\n\n{box}"):
        assert broken_sentences(text) == ["1. Choose the best."]
    good = "$$a\n- b$$\n\nTwo:\n\n1. Choose\n   the best.\n2. Count.\n"
    assert broken_sentences(good + box.replace("as\n1", "as 1")) == []


def open_and_save(chapter):
    """Do what JupyterLab does with a chapter that a reader opens and saves."""

    async def through_the_server():
        manager = build_async_jupytext_contents_manager_class(AsyncLargeFileManager)()
        manager.root_dir = str(chapter.parent)
        model = await manager.get(chapter.name, type="notebook")
        await manager.save({key: model[key] for key in ("type", "content")}, chapter.name)

    asyncio.run(through_the_server())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_saving_a_chapter_in_jupyterlab_changes_nothing(chapter, tmp_path):
    stored = [chapter, chapter.with_suffix(".py")]
    for path in [*stored, tool.NOTEBOOKS / "jupytext.toml"]:
        shutil.copy(path, tmp_path)
    open_and_save(tmp_path / chapter.name)
    for path in stored:
        assert (tmp_path / path.name).read_text("utf-8") == path.read_text("utf-8")


def test_a_chapter_out_of_form_would_change(tmp_path):
    chapter = tmp_path / "01_tiny.md"
    chapter.write_text(TINY.replace("caption: A line rises.", "{caption: A line rises.}"))
    written = chapter.read_text("utf-8")
    open_and_save(chapter)
    assert chapter.read_text("utf-8") != written
    assert "out of form" in tool.pair_problem(chapter, "")


def test_a_new_chapter_without_a_header_gets_it():
    body = TINY.split("---\n\n", 1)[1]
    assert tool.saved(body) == tool.saved(TINY)


def test_what_the_book_folds_is_folded_in_jupyterlab():
    text = TINY.replace("mystnb:", "tags: [hide-input]\nmystnb:", 1)
    folded = tool.saved(text)
    assert folded.count("source_hidden: true") == 1
    assert tool.saved(folded) == folded
    assert tool.saved(folded.replace("tags: [hide-input]\n", "")) == tool.saved(TINY)


def test_one_changed_character_in_a_pair_is_found(tiny):
    pair = tool.pair_text(TINY)
    assert tool.pair_problem(tiny, pair) == ""
    assert "+print(40 + 2)" in tool.pair_problem(tiny, pair.replace("40 + 2", "40 - 2"))


def test_a_good_reference_passes_though_its_kernel_finds_its_port_taken(
    tiny, reference, tmp_path, late_kernel
):
    assert tool.reference_problems(tool.read(tiny), reference) == []
    with_progress(reference)
    run = nbval(reference, tmp_path)
    assert run.returncode == 0, run.stdout


def with_progress(notebook):
    loop = "print(40 + sum(training.progress([1, 1], 'adding')))"
    notebook.cells[1].source = f"from course_utils import training\n{loop}"


def test_a_progress_bar_would_fail_without_the_conftest(reference, tmp_path):
    with_progress(reference)
    run = nbval(reference, tmp_path, plugin="no:randomly")
    assert run.returncode == 1
    assert "adding" in run.stdout


def test_a_changed_digit_and_other_words_of_a_live_figure_are_found_and_not_its_page(
    reference, tmp_path
):
    reference.cells[1].outputs[0].text = "43\n"
    (output,) = reference.cells[3].outputs
    assert list(output.data) == ["text/plain"]
    output.data["text/plain"] = output.data["text/plain"].replace("three dials", "two dials")
    run = nbval(reference, tmp_path)
    assert run.returncode == 1
    assert "43" in run.stdout
    assert "two dials" in run.stdout
    assert "2 failed" in run.stdout


def test_a_live_figure_without_caption_is_found(tiny, reference):
    chapter = tool.read(tiny)
    for notebook in (chapter, reference):
        del notebook.cells[3].metadata["mystnb"]
    (problem,) = tool.reference_problems(chapter, reference)
    assert "cell-003: a figure without caption" in problem


def test_a_cell_that_was_never_executed_is_found(tiny, reference):
    reference.cells[1].execution_count = None
    (problem,) = tool.reference_problems(tool.read(tiny), reference)
    assert "cell-001: never executed" in problem


def test_a_changed_source_is_found(tiny, reference):
    reference.cells[1].source = "print(41 + 1)"
    (problem,) = tool.reference_problems(tool.read(tiny), reference)
    assert "cell-001: the source has changed" in problem


@pytest.mark.parametrize(
    ("kind", "word"), [("image", "without alt text"), ("figure", "without caption")]
)
def test_a_figure_without_alt_text_or_caption_is_found(tiny, reference, kind, word):
    chapter = tool.read(tiny)
    for notebook in (chapter, reference):
        del notebook.cells[2].metadata["mystnb"][kind]
    (problem,) = tool.reference_problems(chapter, reference)
    assert word in problem


def test_a_chapter_that_raises_is_named_with_its_cell(tiny, tmp_path):
    broken = tmp_path / tiny.name
    shutil.copy(tiny, broken)
    broken.write_text(TINY.replace("40 + 2", "40 / 0"), encoding="utf-8")
    with pytest.raises(Exception, match=r"print\(40 / 0\)[\s\S]*ZeroDivisionError"):
        tool.execute(broken)


def test_a_result_is_remembered_however_a_call_writes_its_arguments():
    calls = []

    @shared.once
    def trained(seed=0, **options):
        calls.append((seed, options))

    for _ in range(2):
        trained()
        trained(0)
        trained(seed=0)
        trained(1)
        trained(updates=3)
        trained(0, updates=3)
    assert calls == [(0, {}), (1, {}), (0, {"updates": 3})]


def test_a_page_gives_a_name_its_last_meaning(monkeypatch):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("%matplotlib inline\nimport math\nscale = 1"),
            nbformat.v4.new_code_cell("scale = 3\nhalt = 1 / 0"),
            nbformat.v4.new_code_cell("def area(r):\n    return scale * math.floor(r) ** 2"),
        ]
    )
    monkeypatch.setattr(shared, "_read", lambda slug: notebook)
    page = shared.Page("tiny")
    assert page.area(2.5) == 12
    assert page.scale == 3
    with pytest.raises(ZeroDivisionError):
        _ = page.halt
    with pytest.raises(AttributeError, match="tiny defines no 'volume'"):
        _ = page.volume
