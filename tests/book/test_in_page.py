"""Exercises run and are marked in the page, from disk, as a notebook would mark them."""

import importlib
import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.book.looks import theme_of
from tests.book.visit import SITE, Tab, serious
from tools.chapters import NOTEBOOKS, ROOT, chapters, read
from tools.editions import make_editions
from tools.in_page import cells_of, exercises_of, missing_packages, unpacked
from tools.in_page.marking import mark
from tools.student import find_leaks, leak_needles

pytestmark = pytest.mark.browser

# A chapter with an exercise of a line, and one whose second exercise uses the first.
COUNTS = "notebooks/06_lstm_gates_at_work.html"
SUMS = "notebooks/01_linear_rnn_sum.html"
RIGHT = "def bias_for(n):\n    print('n is', n)\n    return np.log(2 * n**2 - 1)\n"
LOADED = 60_000  # milliseconds that Python may take on a busy machine

# A clock of 20 seconds rings after one.
SHORT_CLOCK = """() => {
    const later = window.later = window.setTimeout;
    window.setTimeout = (call, wait) => later(call, wait === 20_000 ? 1_000 : wait);
}"""
LONG_CLOCK = "() => { window.setTimeout = window.later; }"

# The worker answers as it would answer the page, but here.
ASK = """async requests => {
    const {postMessage} = self, said = [];
    self.postMessage = message => said.push(message);
    for (const mark of requests) await self.onmessage({data: {mark}});
    self.postMessage = postMessage;
    return said;
}"""


@pytest.fixture(scope="module")
def base(site):
    return SITE.as_uri() + "/"


class WorkersTab(Tab):
    """Takes no offence at what a page makes for its own worker, nor at one that is ended."""

    def complaints(self):
        return [said for said in super().complaints() if "blob:" not in said]


@pytest.fixture(scope="module")
def tab(browser):
    return WorkersTab(browser)


@pytest.fixture(scope="module")
def own_tab(browser, base):
    """A tab whose page has started Python, which takes seconds: it stays there."""
    tab = WorkersTab(browser)
    assert "still the stub" in check(workplace(tab.open(base + COUNTS), "bias_for"))
    return tab


@pytest.fixture
def started(own_tab):
    """A chapter's page with Python started and nothing written."""
    page = own_tab.page
    page.set_viewport_size({"width": 1280, "height": 900})
    theme_of(page, "light")
    workplace(page, "bias_for").get_by_role("button", name="Start over").click()
    yield page
    assert own_tab.complaints() == []


def workplace(page, exercise):
    return page.locator(f'form.workplace[data-exercise="{exercise}"]')


def wait(place):
    """Wait until Python is done and return what it says."""
    place.page.wait_for_function(
        "form => form.querySelector('.step').hidden", arg=place.element_handle(), timeout=LOADED
    )
    return place.locator(".verdict").text_content()


def check(place, code=None):
    if code is not None:
        place.locator("textarea").fill(code)
    place.get_by_role("button", name="Check").click()
    return wait(place)


def stop_at_once(place):
    """Begin to check, and stop while Python is loading."""
    place.evaluate(
        """form => {
            form.querySelector(".check").click();
            [...form.querySelectorAll("button")].find(b => b.textContent === "Stop").click();
        }"""
    )
    return wait(place)


def requests_of(slug):
    """Return all that may be asked of a chapter: stub, solution, every answer of its table."""
    notebook = read(next(path for path in chapters() if path.stem == slug))
    exercises = exercises_of(notebook)
    solutions = {exercise.name: exercise.solution for exercise in exercises}
    table = importlib.import_module(f"tests.chapters.{slug[3:]}.answers")
    source = Path(table.__file__).read_text("utf-8")
    checks = {cell["check"]: cell["source"] for cell in cells_of(notebook)}
    for exercise in exercises:
        if missing_packages()[slug][exercise.name]:
            continue
        function = re.fullmatch(r"checks\.(\w+)\(\1\)", checks[exercise.name])[1]
        codes = [exercise.stub, exercise.solution]
        codes += [
            f"{source}\n\n{function} = ANSWERS[{function!r}][{row}][1]\n"
            for row in range(len(table.ANSWERS[function]))
        ]
        for code in codes:
            answers = {**solutions, exercise.name: code}
            yield {"chapter": slug, "exercise": exercise.name, "answers": answers}


@pytest.mark.parametrize("where", ["disk", "served"])
def test_python_is_loaded_when_a_reader_writes_and_runs_under_the_policy_of_pages(
    browser, base, address, where
):
    home = base if where == "disk" else address
    page = browser.new_context().new_page()
    complaints, asked = [], []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
    page.goto(home + COUNTS, wait_until="networkidle")
    page.on("request", lambda request: asked.append(request))
    place = workplace(page, "bias_for")
    place.locator("textarea").click()
    page.locator("details:has-text('Hint 1')").first.locator("summary").click()
    page.wait_for_timeout(500)
    # what scrolls into view is drawn
    assert [request.url for request in asked if request.resource_type != "image"] == []
    assert page.workers == []
    place.locator("textarea").fill(RIGHT)
    page.wait_for_event("worker", timeout=LOADED)
    place.get_by_role("button", name="Check").click()
    place.get_by_text("bias_for: right").wait_for(timeout=LOADED)
    loaded = [one.url for one in asked if one.resource_type == "script"]
    files = [url.rpartition("/")[2] for url in loaded if url.startswith(home)]
    assert files == ["python.js", "course.js"]
    assert complaints == []
    refused = page.evaluate(
        "fetch('https://example.org/').then(() => 'asked', () => 'refused')"
    )
    assert refused == "refused"
    assert "Content Security Policy" in complaints[0]
    page.context.close()


def test_verdicts_errors_and_prints_are_shown(started):
    place = workplace(started, "bias_for")
    assert place.locator("label").text_content() == "Your code"
    assert "still the stub" in check(place)
    assert check(place, RIGHT) == "bias_for: right"
    assert place.locator(".printed").text_content().startswith("n is ")
    assert place.locator("label").text_content() == "Your code (solved)"
    assert "in your line 2: x = 1 / 0" in check(place, "# a\nx = 1 / 0\n")
    assert "SyntaxError in your line 1" in check(place, "def bias_for(n)\n    return 1\n")
    assert "(in your line 'return nn')" in check(place, "def bias_for(n):\n    return nn\n")
    assert "not torch" in check(place, "import torch\n")
    assert place.locator(".printed").is_hidden()


def test_an_endless_loop_is_stopped_by_hand_and_by_the_clock(started):
    page = started
    place = workplace(page, "bias_for")
    place.locator("textarea").fill("while True:\n    pass\n")
    place.get_by_role("button", name="Check").click()
    place.get_by_role("button", name="Stop").click()
    assert wait(place) == "Stopped."
    assert check(place, RIGHT) == "bias_for: right"
    page.evaluate(SHORT_CLOCK)
    assert "Stopped after 20 seconds." in check(place, "while True:\n    pass\n")
    page.evaluate(LONG_CLOCK)
    assert check(place, RIGHT) == "bias_for: right"


def test_loading_can_be_stopped(visit):
    place = workplace(visit(COUNTS), "bias_for")
    assert stop_at_once(place) == "Stopped."
    assert check(place, RIGHT) == "bias_for: right"


def test_hints_come_one_after_the_other_and_the_solution_after_a_try(visit):
    page = visit(COUNTS)
    place = workplace(page, "bias_for")
    second = page.locator("details:has-text('Hint 2')").first
    solution = page.locator("div.cell.after-a-try").first
    assert second.is_hidden()
    assert solution.is_hidden()
    page.locator("details:has-text('Hint 1')").first.locator("summary").click()
    second.wait_for()
    assert "after a try" in place.locator(".later").text_content()
    stop_at_once(place)  # a try, whatever comes of it
    assert solution.is_visible()
    assert place.locator(".later").is_hidden()
    others = page.locator("div.cell.after-a-try")
    assert [others.nth(k).is_visible() for k in range(others.count())].count(True) == 1


def test_paper_and_readers_without_scripts_see_every_hint_and_solution(visit, browser, base):
    page = visit(COUNTS)
    page.emulate_media(media="print")
    assert page.locator("form.workplace:visible").count() == 0
    hidden = page.locator(".not-yet, .after-a-try, details.sd-dropdown")
    assert all(hidden.nth(k).is_visible() for k in range(hidden.count()))
    page.emulate_media(media="screen")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + COUNTS)
    assert page.locator("form.workplace:visible").count() == 0
    assert page.locator("summary:has-text('Show solution')").first.is_visible()
    assert page.locator("details:has-text('Hint 2')").first.is_visible()
    context.close()


def test_an_exercise_may_use_an_earlier_one(visit):
    page = visit(SUMS)
    place = workplace(page, "gradients")
    solutions = page.locator("div.cell.after-a-try details pre")
    forward, gradients = (solutions.nth(k).text_content() for k in (0, 1))
    # The book's solution stands in for a forward that the learner has not written,
    assert check(place, gradients).startswith("gradients: as the slopes")
    # but not where there is none, as in the class edition.
    page.evaluate("document.querySelector('.after-a-try details').remove()")
    assert "uses forward of an earlier one" in check(place)
    assert check(workplace(page, "forward"), forward).startswith("forward: right")
    assert check(place).startswith("gradients: as the slopes")


def test_code_is_kept_and_can_be_started_over(browser, base):
    page = browser.new_context().new_page()
    page.goto(base + COUNTS)
    code = workplace(page, "bias_for").locator("textarea")
    stub = code.input_value()
    code.fill("# mine")
    page.goto(base + SUMS)
    page.goto(base + COUNTS)
    assert code.input_value() == "# mine"
    workplace(page, "bias_for").get_by_role("button", name="Start over").click()
    assert code.input_value() == stub
    page.keyboard.press("Control+z")
    assert code.input_value() == "# mine"
    page.context.close()


def test_the_keyboard_indents_leaves_and_checks(started):
    page = started
    place = workplace(page, "bias_for")
    code = place.locator("textarea")
    code.fill("")
    code.press_sequentially("def f(n):\nreturn 1")
    assert code.input_value() == "def f(n):\n    return 1"
    code.fill("a\nb")
    code.press("Control+a")
    code.press("Tab")
    assert code.input_value() == "    a\n    b"
    code.press("Shift+Tab")
    assert code.input_value() == "a\nb"
    code.press("Escape")
    code.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Check"
    code.fill(RIGHT)
    code.press("Control+Enter")
    assert wait(place) == "bias_for: right"


@pytest.mark.parametrize("width", [390, 1280])
def test_a_verdict_is_accessible_and_fits(started, width):
    page = started
    page.set_viewport_size({"width": width, "height": 900})
    place = workplace(page, "bias_for")
    check(place, RIGHT + "\n# " + "long " * 60)
    assert place.locator("[role=status]").count() == 1
    assert place.locator("textarea").get_attribute("aria-describedby")
    for theme in ("light", "dark"):
        theme_of(page, theme)
        assert serious(page, structure=theme == "light", within="form.workplace") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture
def copy_without(tmp_path):
    """Return a function that copies the book without one of the scripts of exercises."""

    def copy(script):
        for folder in ("", "_static", "_static/in_page"):
            (tmp_path / folder).mkdir(exist_ok=True)
            for path in (SITE / folder).iterdir():
                if path.name not in ("_static", "in_page", script):
                    (tmp_path / folder / path.name).symlink_to(path)
        return tmp_path.as_uri() + "/"

    return copy


@pytest.mark.parametrize("script", ["python.js", "course.js"])
def test_a_missing_runtime_is_said_and_the_solution_shown(tab, copy_without, script):
    page = tab.open(copy_without(script) + COUNTS)
    said = check(workplace(page, "bias_for"))
    assert f"_static/in_page/{script} is missing" in said
    assert "solution is folded below" in said
    assert page.locator("summary:has-text('Show solution')").first.is_visible()
    assert all(script in complaint or "ERR_FILE" in complaint for complaint in tab.complaints())


def test_an_exercise_about_a_framework_says_that_it_needs_a_notebook(visit):
    page = visit("notebooks/13_local_connections.html")
    assert workplace(page, "masked_linear").count() == 0
    assert "needs torch" in page.locator(".needs-notebook").text_content()


def test_progress_is_shown_saved_and_loaded(visit, tmp_path):
    page = visit("book/progress.html")
    listed = page.locator(".progress-list li")
    assert listed.count() == sum(len(exercises_of(read(path))) for path in chapters())
    assert page.locator(".sum").text_content().startswith("0 of ")
    name = "06_lstm_gates_at_work/bias_for"
    file = tmp_path / "work.json"
    work = {name: {"code": RIGHT, "tried": True, "solved": True}, "no/such": {"code": "x"}}
    file.write_text(json.dumps({"course": "what-recurrent-networks-learn/", "work": work}))
    page.locator("input[type=file]").set_input_files(file)
    page.wait_for_function("document.querySelector('.sum').textContent.startsWith('1 of')")
    assert "solved" in page.locator(f'[data-exercise="{name}"]').text_content()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my work").click()
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved["work"] == {name: work[name]}
    file.write_text("{}")
    page.locator("input[type=file]").set_input_files(file)
    page.wait_for_selector("text=holds no work")
    assert serious(page) == []


def test_in_the_class_edition_the_checks_run(tab, class_book):
    page = tab.open((class_book / COUNTS).as_uri())
    place = workplace(page, "bias_for")
    assert place.locator(".later").is_hidden()
    assert "still the stub" in check(place)
    assert check(place, RIGHT) == "bias_for: right"
    assert page.locator("summary:has-text('Show solution')").count() == 0
    assert tab.complaints() == []


def test_in_the_class_edition_no_solution_is_anywhere(class_book, tmp_path):
    for path in class_book.rglob("*.html"):
        page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        (tmp_path / f"{path.stem}.txt").write_text(page.get_text(), "utf-8")
    scripts = class_book / "_static" / "in_page"
    for name, content in unpacked((scripts / "course.js").read_text("utf-8")).items():
        text = content.decode("utf-8")
        if name.startswith("chapters/"):
            text = "\n".join(cell["source"] for cell in json.loads(text))
        (tmp_path / name.replace("/", "-")).write_text(text, "utf-8")
    needles = leak_needles(make_editions(ROOT))
    assert find_leaks(tmp_path, needles) == []
    whole = BeautifulSoup((SITE / COUNTS).read_text("utf-8"), "html.parser")
    (tmp_path / "whole.txt").write_text(whole.get_text(), "utf-8")
    assert find_leaks(tmp_path, needles)


# --- as in a notebook


@pytest.fixture
def worker(started):
    (worker,) = started.workers
    return worker


def differences(worker, requests):
    """Return where the page says another thing than this Python."""
    said = worker.evaluate(ASK, requests)
    here = [
        mark(cells_of(read(NOTEBOOKS / f"{r['chapter']}.md")), r["exercise"], r["answers"])
        for r in requests
    ]
    return [
        (request["exercise"], request["answers"][request["exercise"]][-200:], one, other)
        for request, one, other in zip(requests, here, said, strict=True)
        if other != {"verdict": one}
    ]


@pytest.mark.desk
@pytest.mark.parametrize("slug", [path.stem for path in chapters()])
def test_every_answer_gets_the_same_verdict_as_in_a_notebook(worker, slug):
    requests = list(requests_of(slug))
    assert len(requests) >= 10
    assert differences(worker, requests) == []


def test_a_difference_is_found(worker):
    request, other = list(requests_of("06_lstm_gates_at_work"))[:2]
    assert differences(worker, [request]) == []
    code = other["answers"][other["exercise"]]
    said = worker.evaluate(ASK, [request])[0]["verdict"]
    cells = cells_of(read(NOTEBOOKS / "06_lstm_gates_at_work.md"))
    assert said != mark(cells, request["exercise"], {request["exercise"]: code})
