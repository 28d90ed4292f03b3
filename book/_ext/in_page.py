"""Places where a reader solves an exercise in the page, and the list of all exercises.

The page holds an exercise's stub alone. What marks it is in scripts that a page loads when a
reader first asks for it (:mod:`tools.in_page`).
"""

from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from tools.chapters import ROOT, chapters, read
from tools.in_page import Exercise, exercises_of, missing_packages, write_scripts

CODE = (
    '<textarea rows="8" spellcheck="false" autocapitalize="off" autocomplete="off" '
    'autocorrect="off" wrap="off">'
)


class Workplace(nodes.Element):
    """Where an exercise is solved, or a line that says why not here."""


class ExerciseList(nodes.Element):
    """All exercises of the book that a check marks, by chapter."""


class ListExercises(Directive):
    """The directive ``{exercise-list}``."""

    def run(self) -> list[nodes.Node]:
        """Leave the place to the writer, who knows the titles of all chapters."""
        return [ExerciseList()]


def place_exercises(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put a place to work before each solution; mark what is shown after a try."""
    if app.builder.format != "html" or not docname.startswith("notebooks/"):
        return
    chapter = PurePosixPath(docname).name
    exercises: dict[str, Exercise] = {}
    for cell in list(doctree.findall(nodes.container)):
        grading = cell.get("cell_metadata", {}).get("nbgrader", {})
        if cell.get("nb_element") != "cell_code" or not grading:
            continue
        exercises = exercises or {
            exercise.name: exercise
            for exercise in exercises_of(read(ROOT / "notebooks" / f"{chapter}.md"))
        }
        name = grading["grade_id"]
        exercise = exercises.get(name)
        missing = missing_packages()[chapter].get(name.removesuffix("-check"), "")
        if not missing:
            cell["classes"].append("after-a-try")
        if exercise is not None:
            place = Workplace(chapter=chapter, name=name, stub=exercise.stub, missing=missing)
            cell.parent.insert(cell.parent.index(cell), place)


def visit_workplace(translator: HTML5Translator, node: Workplace) -> None:
    """Write the stub in a field that the script furnishes and shows."""
    name = escape(node["name"])
    translator.body.append(f'<span id="do-{name}"></span>')
    if node["missing"]:
        translator.body.append(
            f'<p class="needs-notebook">This exercise needs {escape(node["missing"])}, which '
            "does not run in a page. Solve it in a notebook.</p>\n"
        )
    else:
        translator.body.append(
            f'<form class="workplace" data-chapter="{escape(node["chapter"])}" '
            f'data-exercise="{name}" hidden>{CODE}\n{escape(node["stub"])}</textarea></form>\n'
        )
    raise nodes.SkipNode


def visit_list(translator: HTML5Translator, node: ExerciseList) -> None:
    """Write a list that the script fills with what has been solved."""
    builder = translator.builder
    body = ['<div class="progress-list">']
    for path in chapters():
        page = f"notebooks/{path.stem}"
        if page not in builder.env.titles:
            continue
        title = builder.env.titles[page].astext()
        address = builder.get_relative_uri(builder.current_docname, page)
        body.append(f'<h2><a href="{address}">{escape(title)}</a></h2><ul>')
        found = exercises_of(read(path))
        titles = [exercise.title for exercise in found]
        for exercise in found:
            missing = missing_packages()[path.stem][exercise.name]
            name, title = escape(exercise.name), escape(exercise.title)
            if titles.count(exercise.title) > 1:  # an exercise in parts
                title += f", {name}"
            mark = "" if missing else f' data-exercise="{path.stem}/{name}"'
            says = f": needs {missing}, so a notebook" if missing else ""
            body.append(
                f'<li{mark}><a href="{address}#do-{name}">{title}</a>'
                f'<span class="state">{says}</span></li>'
            )
        body.append("</ul>")
    translator.body.append("\n".join([*body, "</div>\n"]))
    raise nodes.SkipNode


def add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the script on pages that have a use for it."""
    body = context.get("body", "")
    if 'class="workplace"' in body or 'class="progress-list"' in body:
        app.add_js_file("in_page.js")
        app.add_css_file("in_page.css")


def try_solutions(app: Sphinx, *_: Any) -> None:
    """Find out which exercises do without a framework, once, before pages are written."""
    missing_packages()


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write what pages load when an exercise is first checked."""
    if exception is None and app.builder.format == "html":
        write_scripts(Path(app.outdir) / "_static" / "in_page")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above; called by Sphinx."""
    app.add_node(Workplace, html=(visit_workplace, None))
    app.add_node(ExerciseList, html=(visit_list, None))
    app.add_directive("exercise-list", ListExercises)
    app.connect("env-updated", try_solutions)
    app.connect("doctree-resolved", place_exercises)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
