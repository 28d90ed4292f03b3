"""The microscopes in a real browser: gates as in NumPy, clamps that break the count."""

import re
from dataclasses import replace

import nbformat
import numpy as np
import pytest

from course_utils import data, live
from course_utils.gates import Block, Gates
from tests.book.test_live_figures import CLOSE, SET, move, state, write
from tests.book.visit import SITE, serious
from tests.package.live_examples import COUNTER, EXAMPLES, FUSED, SEQUENCES, SLICED
from tools.chapters import ROOT

pytestmark = pytest.mark.browser

NAMES = ("input", "forget", "cell", "output")
_rng = np.random.default_rng(5)
BLOCKS = {
    name: Block(_rng.normal(size=(3, 4)), _rng.normal(size=(4, 4)), _rng.normal(size=4))
    for name in NAMES
}
RANDOM = Gates("LSTM", BLOCKS), _rng.normal(size=(4, 3)), _rng.normal(size=3)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    figures = {
        "counter": EXAMPLES["GateMicroscope"],
        "random": live.GateMicroscope(*RANDOM, "aabab", unit=2),
        "slices": EXAMPLES["GateSlices"],
    }
    html = {name: figure.html() for name, figure in figures.items()}
    return write(tmp_path_factory.mktemp("microscopes"), html)


def words(page):
    return page.locator(".readout").inner_text()


def clamped(cell, gate, unit, value):
    """Return the cell as chapter 6 clamps it: a change of weights."""
    old = cell.blocks[gate]
    W, U, b = old.kernel.copy(), old.recurrent.copy(), old.bias.copy()
    inside = np.clip(value, 1e-17, 1 - 1e-16)
    W[:, unit], U[:, unit], b[unit] = 0, 0, np.log(inside / (1 - inside))
    return replace(cell, blocks={**cell.blocks, gate: Block(W, U, b)})


def wrong_at(cell, V, v, text):
    """Return the first step that is not answered right, -1 if there is none."""
    may = cell.trace(data.symbols([text])).h[0] @ V + v > 0
    wrong = (may != data.legal_next([text])[0]).any(axis=1)
    return int(wrong.argmax()) if wrong.any() else -1


def first_wrong(cell, V, v, longest=200):
    lengths = range(1, longest + 1)
    fails = (n for n in lengths if wrong_at(cell, V, v, "$" + "a" * n + "b" * n) >= 0)
    return next(fails, longest + 1)


def agrees(now, trace):
    for name in NAMES:
        np.testing.assert_allclose(now[name], trace.gates[name][0], **CLOSE)
    np.testing.assert_allclose(now["c"], trace.c[0], **CLOSE)
    np.testing.assert_allclose(now["h"], trace.h[0], **CLOSE)


def test_a_typed_string_gives_the_gates_of_the_trace(visit):
    page = visit("random.html")
    cell, V, v = RANDOM
    agrees(state(page), cell.trace(data.symbols(["$aabab"])))
    box = page.get_by_label("String of a and b")
    box.fill("")
    box.press_sequentially("abbAa")
    now = state(page)
    assert now["text"] == "$abbaa"
    trace = cell.trace(data.symbols(["$abbaa"]))
    agrees(now, trace)
    np.testing.assert_allclose(now["logits"], trace.h[0] @ V + v, **CLOSE)
    page.get_by_label("unit shown").select_option("3")
    move(page, "step shown", 2)
    detail = page.locator("p", has_text="Step 2, b read, unit 3").inner_text()
    for letter, value in zip(
        "ifgo", (trace.gates[name][0, 2, 3] for name in NAMES), strict=True
    ):
        assert f"{letter} {value:.3f}".replace("-", "−") in detail
    assert f"c {trace.c[0, 2, 3]:.3f}".replace("-", "−") in detail
    page.locator("summary").click()
    cells = page.locator("tbody tr").nth(4).locator("td").all_inner_texts()
    assert cells[:2] == ["4", "a"]
    assert float(cells[7].replace("−", "-")) == pytest.approx(trace.h[0, 4, 3], abs=5.1e-4)


def test_what_is_neither_a_nor_b_is_refused_in_words_and_changes_nothing(visit):
    page = visit("counter.html")
    box = page.get_by_label("String of a and b")
    before = state(page)
    box.fill("aaXb")
    assert "The network reads a and b only, not “x”" in words(page)
    assert box.get_attribute("aria-invalid") == "true"
    now = state(page)
    assert (now["text"], now["h"]) == (before["text"], before["h"])
    box.fill("$aab")
    assert box.get_attribute("aria-invalid") == "false"
    assert state(page)["text"] == "$aab"
    box.fill("")
    assert state(page)["text"] == "$"
    assert words(page).startswith("The network’s answer is right at every step.")
    assert box.get_attribute("maxlength") == "80"


def test_a_string_that_no_anbn_begins_with_is_compared_up_to_there(visit):
    page = visit("counter.html")
    page.get_by_label("String of a and b").fill("aabba")
    now = state(page)
    assert [may is None for may in now["legal"]] == [False] * 5 + [True]
    assert "from step 5 on the string is no beginning of aⁿbⁿ" in words(page)
    page.get_by_label("String of a and b").fill("abb")
    assert state(page)["legal"][3] is None


def test_the_answer_breaks_at_the_step_of_the_package(visit):
    page = visit("counter.html")
    limit = first_wrong(*COUNTER)
    for n in (1, 3, limit - 1, limit, 25):
        move(page, "or aⁿbⁿ with n", n)
        now = state(page)
        text = "$" + "a" * n + "b" * n
        assert now["text"] == text
        assert now["broken"] == wrong_at(*COUNTER, text)
        assert now["legal"] == data.legal_next([text])[0].tolist()
        assert now["firstWrong"] == limit
        assert (now["broken"] >= 0) == (n >= limit)
        said = f"first breaks at step {now['broken']}," if n >= limit else "right at every step"
        assert said in words(page)


@pytest.mark.parametrize("network", ["counter", "random"])
def test_a_clamp_breaks_the_count_where_changed_weights_do(visit, network):
    page = visit(f"{network}.html")
    plain, V, v = COUNTER if network == "counter" else RANDOM
    page.get_by_label("String of a and b").fill("aaaaaabbbbbb")
    broken = set()
    for gate, unit, value in (
        ("forget", 0, 0.9),
        ("forget", 0, 0.99),
        ("forget", 0, 1),
        ("forget", "all", 0.8),
        ("input", 0, 0.5),
        ("input", 0, 0),
        ("output", 0, 0),
        ("output", 1, 0.3),
    ):
        page.get_by_label("clamp a gate").select_option(gate)
        page.get_by_label("of", exact=True).select_option(str(unit))
        move(page, "at the value", value)
        cell = plain
        for one in range(cell.units) if unit == "all" else [unit]:
            cell = clamped(cell, gate, one, value)
        now = state(page)
        agrees(now, cell.trace(data.symbols(["$aaaaaabbbbbb"])))
        assert now["broken"] == wrong_at(cell, V, v, "$aaaaaabbbbbb")
        assert now["firstWrong"] == first_wrong(cell, V, v)
        n = now["firstWrong"] if now["firstWrong"] <= 200 else "above 200"
        assert f"With this clamp the first wrong n is {n}, without it" in words(page)
        if now["broken"] >= 0:
            assert now["at"] == now["broken"], "the step that breaks is shown"
        broken.add(now["broken"])
    assert network == "random" or len(broken) > 3, "the clamps break it at different steps"
    page.get_by_label("clamp a gate").select_option("none")
    now = state(page)
    assert now["firstWrong"] == now["firstWrongFree"] == first_wrong(plain, V, v)


def test_the_keyboard_alone_clamps_and_walks_through_the_steps(visit):
    page = visit("counter.html")
    page.get_by_label("String of a and b").focus()
    for label in ("or aⁿbⁿ with n", "unit shown", "clamp a gate", "of", "at the value"):
        page.keyboard.press("Tab")
        inside = page.get_by_label(label, exact=True)
        assert inside.evaluate("node => node.getRootNode().activeElement === node"), label
        if label == "clamp a gate":
            page.keyboard.press("f")
    page.keyboard.press("Home")
    now = state(page)
    assert now["clamp"] == {"gate": "forget", "unit": 0, "value": 0}
    assert now["broken"] > 0
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert state(page)["at"] == now["broken"] - 1
    assert page.get_by_label("step shown").get_attribute("aria-valuetext").endswith(" read")


def test_a_click_on_the_picture_shows_the_step_under_it(visit):
    page = visit("counter.html", width=390)
    picture = page.locator(".plot svg")
    width = picture.bounding_box()["width"]
    picture.click(position={"x": 16 + (width - 20) * 2.5 / 9, "y": 100})
    assert state(page)["at"] == 2
    assert page.get_by_label("step shown").input_value() == "2"


def test_slices_in_any_order_run_as_in_the_package(visit):
    page = visit("slices.html")
    for order, sequence in (("iofc", 0), ("ofic", 1), ("ifco", 2)):
        page.get_by_label("read the blocks as").select_option(order)
        page.get_by_label("sequence shown").select_option(str(sequence))
        now = state(page)
        trace = live.sliced([array.astype(float) for array in FUSED], order).trace(SEQUENCES)
        for name in NAMES:
            np.testing.assert_allclose(now[name], trace.gates[name][sequence], **CLOSE)
        np.testing.assert_allclose(now["c"], trace.c[sequence], **CLOSE)
        np.testing.assert_allclose(now["h"], trace.h[sequence], **CLOSE)
        off = np.abs(trace.h - SLICED).max()
        np.testing.assert_allclose(now["difference"], off, **CLOSE)
        agree = "below 0.000001: they agree" if order == "ifco" else f"{off:.3f}: they do not"
        assert agree in words(page)
    orders = page.get_by_label("read the blocks as").locator("option").all()
    assert len({option.get_attribute("value") for option in orders}) == 24


def test_hard_sigmoids_and_a_bias_added_twice_are_off_by_as_much_as_in_numpy(visit):
    page = visit("slices.html")
    page.get_by_label("read the blocks as").select_option("ifco")
    cell = live.sliced([array.astype(float) for array in FUSED], "ifco")
    for kind, named in (("0.2 z + 0.5", "hard_sigmoid_0.2"), ("z / 6 + 0.5", "hard_sigmoid")):
        page.get_by_label("gates go through").select_option(kind)
        hard = replace(cell, recurrent_activation=named).trace(SEQUENCES).h
        off = np.abs(hard - SLICED).max()
        np.testing.assert_allclose(state(page)["difference"], off, **CLOSE)
    page.get_by_label("gates go through").select_option("sigmoid")
    page.get_by_label("bias", exact=True).select_option("2")
    twice = live.sliced([FUSED[0], FUSED[1], 2 * FUSED[2]], "ifco").trace(SEQUENCES).h
    off = np.abs(twice - SLICED).max()
    np.testing.assert_allclose(state(page)["difference"], off, **CLOSE)


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
@pytest.mark.parametrize("name", ["counter", "slices"])
def test_used_and_opened_it_is_accessible_and_fits(visit, name, width, theme):
    page = visit(f"{name}.html", width, theme)
    if name == "counter":
        page.get_by_label("String of a and b").fill("a" * 40 + "b" * 40)
        page.get_by_label("clamp a gate").select_option("forget")
    page.locator("summary").click()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".plot svg *").count() < 400, "few elements, whatever the length"
    outside = page.locator(".plot svg").evaluate(
        "svg => { const box = svg.getBoundingClientRect();"
        " return [...svg.querySelectorAll('text')].filter(text => {"
        "  const place = text.getBoundingClientRect();"
        "  return place.left < box.left - 1 || place.right > box.right + 1"
        "   || place.bottom > box.bottom + 1; })"
        " .map(text => text.textContent) }"
    )
    assert outside == []


# ---- in the book ----------------------------------------------------------------------------


def printed(slug, pattern):
    """Return what a reference prints: the groups of every match of the pattern."""
    path = ROOT / "tests" / "reference" / f"{slug}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    text = "\n".join(out.get("text", "") for out in outputs)
    found = re.findall(pattern, text)
    assert found, f"{slug} prints nothing like {pattern}"
    return found


@pytest.fixture
def chapter(visit, site):
    """Return a function that opens a chapter of the built book and gives its figure."""
    return lambda slug: visit((SITE / "notebooks" / f"{slug}.html").as_uri()).locator(
        "figure .course-live"
    )


def test_chapter_6_and_its_figure_give_the_same_first_wrong_n(chapter):
    host = chapter("06_lstm_gates_at_work")
    host.get_by_label("clamp a gate").select_option("forget")
    rows = printed("06_lstm_gates_at_work", r"forget +([\d.]+) .* (\d+)\n")
    assert len(rows) == 3
    for value, n in rows:
        host.get_by_label("at the value").evaluate(SET, value)
        now = host.evaluate("host => host.liveState()")
        assert (now["firstWrong"], now["firstWrongFree"]) == (int(n), 32), value
    host.get_by_label("clamp a gate").select_option("forget")
    host.get_by_label("at the value").evaluate(SET, "0.9")
    for unit, (n, step) in {"0": (32, -1), "1": (32, -1), "2": (32, -1), "3": (3, 13)}.items():
        host.get_by_label("of", exact=True).select_option(unit)
        now = host.evaluate("host => host.liveState()")
        assert (now["firstWrong"], now["broken"]) == (n, step), f"unit {unit}, as captioned"


def test_chapter_5_and_its_figure_are_off_by_the_same_amount(chapter):
    host = chapter("05_lstm_gate_slicing")
    pattern = r"(order \w+|hard sigmoid, .....|bias added twice).* largest difference ([\d.]+)"
    for name, size in printed("05_lstm_gate_slicing", pattern):
        choices = {"read the blocks as": "ifco", "gates go through": "sigmoid", "bias": "1"}
        if name.startswith("order"):
            choices["read the blocks as"] = name.removeprefix("order ")
        elif name.startswith("hard"):
            full = {"0.2 z": "0.2 z + 0.5", "z / 6": "z / 6 + 0.5"}
            choices["gates go through"] = full[name.removeprefix("hard sigmoid, ")]
        else:
            choices["bias"] = "2"
        for label, value in choices.items():
            host.get_by_label(label, exact=True).select_option(value)
        off = host.evaluate("host => host.liveState().difference")
        assert off == pytest.approx(float(size), abs=0.0006), name
