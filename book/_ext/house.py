"""What this book needs of Sphinx beyond configuration.

A small font of icons, an honest cache, and all cores: for chapters that execute side by side,
and for pages.
"""

import hashlib
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import create_nb_reader
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from pybtex.backends.plaintext import Backend as PlainText
from pybtex.plugin import register_plugin
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.writers.html5 import HTML5Translator

ROOT = Path(__file__).resolve().parents[2]

# The comment lines between which nbgrader finds a solution.
MARK = re.compile(r' *<span class="c1">### (?:BEGIN|END) SOLUTION</span>\n')

# What buttons, boxes and links of a page show. The theme's whole font would be 156 kB.
ICONS = {
    "angle-left", "angle-right", "arrow-up", "bars", "bullseye", "circle-exclamation",
    "circle-half-stroke", "circle-info", "circle-question", "circle-xmark", "download",
    "expand", "file", "file-pdf", "lightbulb", "list", "magnifying-glass", "moon", "pencil",
    "sun", "triangle-exclamation",
}  # fmt: skip

# An inline formula with the punctuation at it.
MATH = '<span class="math [^>]*>(?:(?!</math>).)*</math></span>'
FORMULA = re.compile(rf"[(\[“‘]+{MATH}[,.;:!?)\]’”]*|{MATH}[,.;:!?)\]’”]+")


def cache_key(root: Path) -> str:
    """Hash what a chapter's outputs depend on beside the chapter: our code and versions."""
    ours = (root / "course_utils").rglob("*")
    files = sorted(path for path in ours if path.suffix in (".py", ".js", ".css"))
    files += [root / "requirements.txt", root / "constraints.txt"]
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def prepare_execution(app: Sphinx, config: Config) -> None:
    """Give each state of the code a cache of its own; draw sharply, without progress bars."""
    os.environ["TQDM_DISABLE"] = "1"
    profile = ROOT / "_build" / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_config.py").write_text('c.InlineBackend.figure_formats = {"retina"}\n')
    os.environ["IPYTHONDIR"] = str(profile.parent)
    caches = ROOT / "_build" / ".jupyter_cache"
    config.nb_execution_cache_path = str(caches / cache_key(ROOT))


def joined(result: ExecutionResult) -> ExecutionResult:
    """Join the pieces in which a kernel sends a printed line; myst-nb would break it there."""
    for cell in result.nb.cells:
        outputs: list[NotebookNode] = []
        for output in cell.get("outputs", []):
            name = output.get("name")
            if name and outputs and outputs[-1].get("name") == name:
                outputs[-1].text += output.text
            else:
                outputs.append(output)
        if outputs:
            cell.outputs = outputs
    return result


def execute_side_by_side(app: Sphinx, env: BuildEnvironment, names: list[str]) -> None:
    """Execute the chapters that the cache does not hold, several at a time; then read pages so.

    myst-nb alone would run them one after the other; now it finds them in the cache. A chapter
    that fails is not put there, so that myst-nb runs into the failure and reports it. From
    another process that report would be a string, so then there is one process only.
    """
    config = env.mystnb_config
    cache = get_cache(config.execution_cache_path)
    waiting = []
    for path in (Path(env.doc2path(name)) for name in names):
        text = path.read_text(encoding="utf-8")
        reader = create_nb_reader(str(path), env.myst_config, config, text)
        if reader is None:  # a page without code
            continue
        notebook = reader.read(text)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((path, notebook))

    def run(path: Path, notebook: NotebookNode) -> tuple[Path, ExecutionResult]:
        folder, seconds = str(path.parent), config.execution_timeout
        return path, joined(single_nb_execution(notebook, folder, seconds, allow_errors=False))

    def execute(path: Path, notebook: NotebookNode) -> tuple[Path, ExecutionResult]:
        try:
            return run(path, notebook)
        except DeadKernelError:
            where = path.relative_to(ROOT)
            raise SphinxError(
                f"{where} failed: its kernel died while it executed, as kernels do when memory "
                "runs out"
            ) from None
        except RuntimeError:
            # It died as it started. Its ports are chosen before; when many kernels start at
            # once, another can have taken one.
            return run(path, notebook)

    # The kernels are processes of their own. Four of them fit into 8 GB of memory.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        runs = [pool.submit(execute, *chapter) for chapter in waiting]
        for path, result in (done.result() for done in as_completed(runs)):
            if result.err is None:
                seconds = {"execution_seconds": result.time}
                bundle = CacheBundleIn(result.nb, str(path), data=seconds)
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    if all(done.result()[1].err is None for done in runs):
        app.parallel = os.cpu_count() or 1
        # It does not say whether this is safe: it numbers sections once all pages are read.
        app.extensions["sphinx_multitoc_numbering"].parallel_read_safe = True


def write_icons(app: Sphinx, exception: Exception | None) -> None:
    """Take the icons that pages show out of the theme's font: 3 kB of its 156."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    font = TTFont(static / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf")
    choice = Subsetter()
    choice.populate(
        unicodes=[code for code, name in font.getBestCmap().items() if name in ICONS]
    )
    choice.subset(font)
    font.flavor = "woff"
    font.save(static / "icons.woff")


def visit_folded_cell(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """Leave out the label "Toggle hidden content": the visible text says it, and better."""
    start = len(translator.body)
    visit_HideCellInput(translator, node)
    label = ' aria-label="Toggle hidden content"'
    translator.body[start:] = [part.replace(label, "") for part in translator.body[start:]]


def mend_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Mend what a page lacks: for eyes, for a keyboard, for a screen reader.

    Browsers break a line between a formula and punctuation at it. A table that scrolls has to
    take the focus. The role "list" may not hold bibliography entries. The marks of a solution
    are for nbgrader.
    """
    body = context.get("body", "")
    body = body.replace('<div role="list" class="citation-list">', "<div>")
    body = body.replace('<table class="', '<table tabindex="0" class="')
    body = MARK.sub("", body)
    context["body"] = FORMULA.sub(r'<span class="together">\g<0></span>', body)


def lighten_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Let no script hold up the first paint but options and the font of formulas."""
    at_once, shown = ("options", "formulas"), []
    for script in context.get("script_files", ()):
        name = str(getattr(script, "filename", ""))
        if name.endswith(".js") and not any(w in name for w in at_once) and page != "search":
            later = script.attributes | {"defer": "defer"}
            script = type(script)(name, priority=script.priority, **later)
        shown.append(script)
    context["script_files"] = shown


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above; called by Sphinx."""
    app.connect("config-inited", prepare_execution)
    app.connect("env-before-read-docs", execute_side_by_side)
    app.connect("html-page-context", mend_page)
    app.connect("html-page-context", lighten_page, priority=900)  # once all scripts are there
    app.connect("build-finished", write_icons)
    handlers = (visit_folded_cell, depart_HideCellInput)
    app.add_node(HideCodeCellNode, override=True, html=handlers)
    # Found at once: each citation would search all installed packages for it.
    register_plugin("pybtex.backends", "plaintext", PlainText, force=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
