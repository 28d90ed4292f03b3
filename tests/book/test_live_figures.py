"""Live figures in a real browser: their numbers are NumPy's, and everybody can use them."""

import re
from dataclasses import replace

import numpy as np
import pytest

from course_utils import data, decoding, live, mystery, pretrained
from course_utils.live import bandit, belief, parity
from tests.book.visit import SITE, serious
from tests.package.live_examples import EMBEDDING, EXAMPLES, GATE_OFFSET, GATE_W, ONE_HOT

pytestmark = pytest.mark.browser

CHAPTERS = {
    "01_linear_rnn_sum": "RnnDials",
    "02_one_hot_decoding": "DecodeShift",
    "03_embedding_decoding": "DecodeBasis",
    "04_two_valleys": "LossSurface",
    "05_lstm_gate_slicing": "GateSlices",
    "06_lstm_gates_at_work": "GateMicroscope",
    "08_input_reconstruction": "Backwards",
    "09_shutting_a_gate": "InkTheRow",
    "10_exact_inversion": "ThereAndBack",
    "12_unit_visualization": "DrawTheTop",
    "14_modulo_weights": "Sawtooth",
    "15_letters_heard": "LettersHeard",
    "17_bracket_cell": "ColouredText",
    "18_reading_a_mind": "MindReader",
    "22_mystery_networks": "MysteryBoxes",
    "19_fixed_points": "FlipFlop",
    "20_memory_to_algorithm": "ParityWalk",
    "21_beliefs": "BeliefReader",
}
CLOSE = {"atol": 1e-5, "rtol": 1e-5}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Live figures</title></head>
<body><main><h1>Live figures</h1>{}</main></body></html>"""
SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Write a page for each figure, one with all of them, and one with the same twice."""
    html = {name: figure.html() for name, figure in EXAMPLES.items()}
    html["all"] = "".join(html.values())
    html["twice"] = html["RnnDials"] * 2
    html["Opposite"] = live.InkTheRow([[-6.0, 6.0, -6.0]], [0.0, 0.0, 1.0], 0, 1).html()
    return write(tmp_path_factory.mktemp("pages"), html)


def write(folder, html):
    """Write pages with these pieces of HTML and return the address of their folder."""
    for name, text in html.items():
        (folder / f"{name}.html").write_text(PAGE.format(text), encoding="utf-8")
    return f"{folder.as_uri()}/"


def state(page, place=0):
    return page.locator(".course-live").nth(place).evaluate("host => host.liveState()")


def move(page, label, value):
    """Move a slider as a script would; the value is rounded to its step."""
    page.get_by_label(label, exact=True).evaluate(SET, str(value))


# ---- the numbers ----------------------------------------------------------------------------


def test_the_dials_and_the_typed_digits_give_numpys_states_and_loss(visit):
    page = visit("RnnDials.html")
    assert state(page)["W"] == 0.99675155, "the start is not rounded to the slider's step"
    page.get_by_label("input weight W").press("End")
    page.get_by_label("input weight W").press("ArrowLeft")
    page.get_by_label("recurrent weight U").press("Home")
    for _ in range(137):
        page.get_by_label("recurrent weight U").press("ArrowRight")
    page.get_by_label("bias b").click(position={"x": 3, "y": 22})
    page.get_by_label("Digits").fill("9 0x71")
    now = state(page)
    W, U, b = now["W"], now["U"], now["b"]
    assert (W, U) == (1.99, -0.63)
    assert b < -4.5
    np.testing.assert_allclose(now["h"], live.states(W, U, b, [9, 0, 7, 1]), **CLOSE)
    triples, sums = data.all_digit_sums(3)
    outputs = decoding.predict([[[W]], [[U]], [b]], triples)[:, 0]
    np.testing.assert_allclose(now["loss"], ((outputs - sums) ** 2).mean(), **CLOSE)
    assert (
        f"the state is {now['h'][-1]:.3f}".replace("-", "−")
        in page.locator(".readout").inner_text()
    )
    assert page.locator("tbody tr").count() == 4
    page.get_by_role("button", name="U = −1").click()
    assert state(page)["h"] == live.states(1, -1, 0, [9, 0, 7, 1]).tolist()


@pytest.mark.parametrize(
    ("W", "U", "rate", "kind", "words"),
    [
        (0.7, -1.0, 0.001, "raw", "in the left valley"),
        (0.7, 0.5, 0.001, "raw", "adds all three digits"),
        (-1.0, -1.0, 0.01, "centred", "adds all three digits"),
        (0.7, 0.5, 0.01, "raw", "has diverged"),
    ],
)
def test_the_run_on_the_map_is_numpys_descent(visit, W, U, rate, kind, words):
    page = visit("LossSurface.html")
    move(page, "start of W", W)
    move(page, "start of U", U)
    move(page, "learning rate", np.log10(rate))
    page.get_by_label("digits and sums").select_option(kind)
    now = state(page)
    path = live.descent(W, U, now["rate"], mean=0.0 if kind == "centred" else 4.5)
    assert now["steps"] == len(path) - 1
    np.testing.assert_allclose(now["end"], path[-1], **CLOSE)
    assert words in page.locator(".readout").first.inner_text()
    move(page, "step shown", 120)
    now = state(page)
    assert 0 < now["step"] < now["steps"]
    np.testing.assert_allclose([now[name] for name in "WUb"], path[now["step"]], **CLOSE)


def test_a_click_on_the_map_starts_a_run_there(visit):
    page = visit("LossSurface.html")
    area = page.locator(".plot svg").first.bounding_box()
    # the axes leave 56 px on the left, 22 on the right, 30 above and 40 below
    share_U, share_W = 0.75, 0.4
    x = 56 + share_U * (area["width"] - 78)
    y = 30 + share_W * (area["height"] - 70)
    page.locator(".plot svg").first.click(position={"x": x, "y": y})
    now = state(page)
    U, W = -3.9 + share_U * 6.0, 2.4 - share_W * 4.3
    assert now["start"] == pytest.approx({"U": U, "W": W}, abs=0.02)
    path = live.descent(now["start"]["W"], now["start"]["U"], 0.001)
    np.testing.assert_allclose([now["W"], now["U"], now["b"]], path[-1], **CLOSE)


def test_a_shift_moves_the_weights_and_no_output_and_the_control_all(visit):
    page = visit("DecodeShift.html")
    page.get_by_label("Digits (up to 12)").fill("3817")
    move(page, "shift c", -2.5)
    now = state(page)
    W, U, b = decoding.shift(ONE_HOT, -2.5)
    np.testing.assert_allclose(now["W"], W[:, 0], **CLOSE)
    np.testing.assert_allclose(now["b"], b[0], **CLOSE)
    output = decoding.predict([W, U, b], data.one_hot(np.array([[3, 8, 1, 7]])))[0, 0]
    np.testing.assert_allclose(now["output"], output, **CLOSE)
    assert now["moved"] < 1e-9
    assert "No output of the 1,000 triples" in page.locator(".readout").inner_text()
    page.get_by_label("what is shifted").select_option("W")
    now = state(page)
    assert now["b"] == ONE_HOT[2][0]
    np.testing.assert_allclose(now["moved"], 2.5 * (1 + 1.01 + 1.01**2), **CLOSE)


def basis(angle, kappa):
    signs = np.repeat([1.0, -1.0], 5)[:, np.newaxis]
    R = np.cos(angle) * np.eye(10) + np.sin(angle) * signs * np.eye(10)[::-1]
    return R * kappa ** (-np.arange(10) / 9) @ R


def test_another_basis_is_that_of_the_package(visit):
    page = visit("DecodeBasis.html")
    move(page, "turn, in degrees", 40)
    move(page, "condition number of A", 2)
    move(page, "s: from b into E", 1.5)
    now = state(page)
    c = 1.5 * EMBEDDING[1][:, 0] / (EMBEDDING[1] ** 2).sum()
    A = basis(np.radians(40), 100.0)
    assert np.linalg.cond(A) == pytest.approx(100)
    E, W, _, b = decoding.change_basis(decoding.shift(EMBEDDING, c), A)
    np.testing.assert_allclose(now["E"], E, **CLOSE)
    np.testing.assert_allclose(now["W"], W[:, 0], **CLOSE)
    np.testing.assert_allclose(now["b"], b[0], **CLOSE)
    np.testing.assert_allclose(now["table"], decoding.decode(EMBEDDING).values, **CLOSE)


@pytest.mark.parametrize(
    ("kind", "target", "start", "rate"),
    [
        ("linear", 100, 1, 0.4),
        ("linear", 250, 900, 6.0),
        ("linear", 100, 1, 7.0),
        ("squared", 0.1, 5, 0.25),
        ("crossEntropy", 0.7, -10, 0.25),
        ("crossEntropy", 1.0, 0, 0.25),
        ("logits", 0.1, 10, 0.25),
        ("logits", 0.1, 10, 1.2),
    ],
)
def test_the_input_moves_as_in_numpy(visit, kind, target, start, rate):
    page = visit("Backwards.html")
    page.get_by_label("unit and loss").select_option(kind)
    move(page, "target y", target)
    move(page, "start x", start)
    move(page, "learning rate η", np.log10(rate))
    line = {"W": 0.4, "b": -25.0} if kind == "linear" else {}
    for place in (60, 130):
        move(page, "step shown", place)
        now = state(page)
        path = live.input_path(kind, target, start, now["rate"], now["step"], **line)
        np.testing.assert_allclose(now["x"], path[now["step"]], **CLOSE)
    words = page.locator(".readout").inner_text()
    if rate in (7.0, 1.2):
        assert "it diverges" in words
    elif target == 1.0:
        assert "No input gives this target: x grows for ever" in words
    else:
        near = live.input_path(kind, target, start, now["rate"], 5_000, **line)[now["arrival"]]
        outside = near if kind != "linear" else 0.4 * near - 25
        s = outside if kind == "linear" else 1 / (1 + np.exp(-outside))
        assert abs(s - target) <= (0.01 if kind == "linear" else 0.001)
        assert f"from step {now['arrival']:,} on" in words


def test_the_stall_of_the_squared_error_lasts_as_long_as_in_chapter_8(visit):
    page = visit("Backwards.html")
    page.get_by_label("unit and loss").select_option("squared")
    assert state(page)["arrival"] == 49_968
    move(page, "start x", -10)
    assert state(page)["arrival"] == 443_330
    page.get_by_label("unit and loss").select_option("logits")
    move(page, "target y", 1.1)
    assert "nothing moves" in page.locator(".readout").inner_text()
    assert state(page)["x"] == -10


def test_the_gates_and_the_line_are_numpys(visit):
    page = visit("InkTheRow.html")
    for share, pixel, units in ((0.0, 3, (0, 1)), (0.4, 28, (2, 1)), (1.0, 1, (2, 4))):
        page.get_by_label("first unit").select_option(str(units[0]))
        page.get_by_label("second unit", exact=True).select_option(str(units[1]))
        move(page, "weight of the second unit", share)
        move(page, "pixel", pixel)
        page.get_by_role("button", name="Ink or erase the pixel").click()
        now = state(page)
        assert now["row"][pixel - 1] == 1
        W, a, v = GATE_W[:, units], GATE_OFFSET[list(units)], np.array([1 - share, share])
        z = now["row"] @ W + a
        np.testing.assert_allclose(now["z"], z, **CLOSE)
        np.testing.assert_allclose(now["gate"], 1 / (1 + np.exp(-z)), **CLOSE)
        excess = np.minimum(W @ v, 0).sum() + a @ v - np.log(1 / 9)
        np.testing.assert_allclose(now["excess"], excess, **CLOSE)
        assert now["proof"] == (excess > 0)
    assert sum(state(page)["row"]) == 3
    page.get_by_role("button", name="Best row for the line").click()
    assert state(page)["row"] == (GATE_W[:, 4] < 0).astype(int).tolist()
    page.get_by_role("button", name="Best row for the first unit").click()
    assert state(page)["row"] == (GATE_W[:, 2] < 0).astype(int).tolist()
    page.get_by_role("button", name="Blank row").click()
    assert not any(state(page)["row"])


def test_a_line_proves_that_no_row_shuts_two_units_with_opposite_weights(visit):
    page = visit("Opposite.html")
    words = page.locator(".readout")
    page.get_by_role("button", name="Best row for the first unit").click()
    assert "Unit 0: gate 0.002, shut." in words.inner_text()
    assert "proves nothing" in words.inner_text()
    move(page, "weight of the second unit", 0.5)
    assert "2.20 too high, so no row shuts both" in words.inner_text()
    page.get_by_label("second unit", exact=True).select_option("2")
    page.get_by_role("button", name="Best row for the line").click()
    assert "This row shuts both." in words.inner_text()


def test_a_finger_inks_and_a_second_stroke_erases(visit):
    page = visit("InkTheRow.html")
    box = page.locator(".row svg").bounding_box()
    wide = (box["width"] - 16) / 28
    for ink in (1, 0):
        page.mouse.move(box["x"] + 8 + 4.5 * wide, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 8 + 7.5 * wide, box["y"] + 40, steps=8)
        page.mouse.up()
        assert state(page)["row"][3:9] == [0, ink, ink, ink, ink, 0]
    assert state(page)["pixel"] == 8


@pytest.mark.parametrize(
    ("kind", "target", "start", "rate", "m", "jumps"),
    [
        ("modulo", -0.3, 0.5, 0.05, 1.0, True),
        ("modulo", 0.7, 0.5, 0.05, 1.0, False),
        ("modulo", 1.4, -1.2, 0.3, 0.7, True),
        ("symmetric", -0.3, 0.5, 0.05, 1.0, False),
        ("symmetric", 0.8, 0.0, 0.1, 1.0, True),
        ("fold", 0.8, 0.0, 0.1, 1.0, True),
        ("fold", -0.3, 2.0, 0.05, 1.5, False),
    ],
)
def test_the_modulo_weight_goes_as_in_numpy(visit, kind, target, start, rate, m, jumps):
    page = visit("Sawtooth.html")
    page.get_by_label("the layer uses").select_option(kind)
    move(page, "target", target)
    move(page, "start w", start)
    move(page, "modulus m", m)
    move(page, "learning rate", np.log10(rate))
    now = state(page)
    assert (now["target"], now["start"], now["m"]) == (target, start, m)
    path = live.weight_path(kind, target, start, now["rate"], 200, m)
    used = live.used_weight(kind, path, m)
    np.testing.assert_allclose(now["last"], path[-1], **CLOSE)
    low, high = (0, m) if kind == "modulo" else (-m / 2, m / 2)
    best = (np.clip(target, low, high) - target) ** 2
    np.testing.assert_allclose(now["best"], best, **CLOSE)
    piece = np.floor((path + (0 if kind == "modulo" else m / 2)) / m)
    crossed = np.flatnonzero(np.diff(piece)) + 1
    assert now["jumps"] == len(crossed)
    assert (len(crossed) > 0) == jumps
    first, last = (crossed[0], crossed[-1]) if len(crossed) > 1 else (100, 200)
    np.testing.assert_allclose(now["mean"], ((used - target)[first:last] ** 2).mean(), **CLOSE)
    words = page.locator(".readout").inner_text()
    assert f"reach is {best:.3f}" in words
    move(page, "step shown", 37)
    now = state(page)
    np.testing.assert_allclose([now["w"], now["used"]], [path[37], used[37]], **CLOSE)
    assert f"used {used[37]:.2f}".replace("-", "−") in page.locator(".readout").inner_text()


def test_the_boxes_say_in_the_page_what_they_say_in_numpy(visit):
    page = visit("MysteryBoxes.html")
    boxes = mystery.boxes()
    field = page.get_by_label("letters a, b, c, d")
    for typed, text in (
        (None, "abacabdacaab"),
        ("dcbaabcddd", "dcbaabcddd"),
        ("A x bC", "abc"),
        ("", "abc"),
        ("aaaab" * 12, "aaaab" * 8),
    ):
        if typed is not None:
            field.fill(typed)
        now = state(page)
        assert now["text"] == text
        for name, box in boxes.items():
            states, says = box.read(text)
            assert now["says"][name] == says.tolist()
            value = states[:, : box.cell.units] @ box.V + box.v
            np.testing.assert_allclose(now["values"][name], value, **CLOSE)
        said = page.locator(".readout").inner_text().replace("−", "-")
        last = ", ".join(f"{name} {box.read(text).says[-1]}" for name, box in boxes.items())
        assert said.endswith(f"{text}: {last}.")
        assert page.locator("tbody tr").count() == 7
    field.fill("aaab")
    move(page, "then the last letter again, times", 150)
    now = state(page)
    assert (now["text"], now["times"]) == ("aaab", 150)
    assert now["end"] == {
        name: box.read("aaa" + "b" * 151).says[-1] for name, box in boxes.items()
    }
    assert "aaab and 150 more b: " in page.locator(".readout").inner_text()
    move(page, "then the last letter again, times", 0)
    field.fill("aaaab" * 8)
    before = state(page)["text"]
    page.get_by_role("button", name="Change one letter").click()
    now = state(page)
    changed = [k for k in range(40) if before[k] != now["text"][k]]
    assert len(changed) == 1
    marked = page.locator("td.new").count()
    old, new = (
        [box.read(text).says for box in boxes.values()] for text in (before, now["text"])
    )
    assert marked == (np.array(old) != np.array(new)).sum()
    page.get_by_role("button", name="Twelve random letters").click()
    assert len(state(page)["text"]) == 12


@pytest.mark.parametrize(
    ("start", "x", "U", "decimals", "steps"),
    [
        (0.4, 1, 1, 3, 3),
        (0.4, 1, 1, 8, 6),
        (-0.7, 0.3, 1.6, 5, 9),
        (0.2, -0.5, 0.4, 10, 12),
        (0.4, 2, 2, 2, 3),
    ],
)
def test_the_run_back_is_numpys(visit, start, x, U, decimals, steps):
    page = visit("ThereAndBack.html")
    for label, value in (
        ("start h at 0", start),
        ("input x", x),
        ("recurrent weight U", U),
        ("decimals kept", decimals),
        ("steps", steps),
    ):
        move(page, label, value)
    now = state(page)
    forward, back, bits = live.there_and_back(start, x, U, decimals, steps)
    assert (now["decimals"], now["steps"]) == (decimals, steps)
    np.testing.assert_allclose(now["forward"], forward, **CLOSE)
    came = [np.nan if h is None else h for h in now["back"]]
    np.testing.assert_allclose(came, back, **CLOSE)
    words = page.locator(".readout").inner_text()
    if np.isfinite(bits):
        np.testing.assert_allclose(now["bits"], bits, **CLOSE)
        assert f"has lost {bits:.1f} bits".replace("-", "−") in words
        assert f"comes back as {back[0]:.3f}".replace("-", "−") in words
    else:
        assert now["bits"] == np.inf
        assert "Nothing comes back" in words
    assert page.locator("tbody tr").count() == steps + 1


def test_the_three_weights_are_those_that_python_finds(visit):
    page = visit("MindReader.html")
    for press, alpha, beta in (("nothing", 0.3, 3), ("animal", 0.8, 1.5), ("hand", 0, 0)):
        if press == "animal":
            move(page, "the animal's learning rate α", alpha)
            move(page, "its inverse temperature β", beta)
        if press == "hand":
            for name in ["Left machine"] * 14 + ["Right machine", "Left machine"] * 5:
                page.get_by_role("button", name=name).click()
        now = state(page)
        assert now["animal"] == ([alpha, beta] if beta else None)
        assert len(now["choices"]) == {"nothing": 80, "animal": 200, "hand": 24}[press]
        weights, errors = live.fit_choices(now["choices"], now["rewards"])
        np.testing.assert_allclose(now["weights"], weights, **CLOSE)
        np.testing.assert_allclose(now["errors"], errors, **CLOSE)
        right = bandit.guessed(now["choices"], now["rewards"])
        assert (now["right"], now["asked"]) == (right, len(now["choices"]) - 10)
        words = page.locator(".readout").inner_text()
        assert f"It foresaw {right} of {now['asked']} choices" in words
        said = bandit.signs(now["choices"], now["rewards"])[9:-1] > 0
        rule = (said == np.array(now["choices"][10:], bool)).sum()
        assert f"“stay if it paid, else change” foresaw {rule}." in words
        if press == "animal":
            assert f"learning rate 1 − U = {1 - weights[1]:.2f} ± {errors[1]:.2f}" in words
            assert abs(1 - weights[1] - alpha) < 4 * errors[1]
    page.get_by_role("button", name="Start again").click()
    assert state(page)["choices"] == []


def test_a_pulse_and_its_forecast_go_as_in_numpy(visit):
    page, figure = visit("FlipFlop.html"), EXAMPLES["FlipFlop"]
    V, c = figure.weights[3:]

    def agrees():
        now, words = state(page), page.locator(".readout").inner_text()
        states, foretold = live.pulsed(figure.weights, now["held"], now["line"], now["size"])
        np.testing.assert_allclose(now["said"], states @ V + c, **CLOSE)
        np.testing.assert_allclose(now["guess"], foretold @ V + c, **CLOSE)
        np.testing.assert_allclose(now["path"], figure._seen(states), **CLOSE)
        end = np.sign(states[-1] @ V + c)
        assert now["end"] == end.tolist()
        assert now["turned"] == (end[now["line"] - 1] != now["held"][now["line"] - 1])
        assert ("the bit turns" in words) == now["turned"]
        off = np.abs(states @ V + c - (states @ V + c)[-1]).max(axis=1) > 0.1
        assert now["settled"] == (np.flatnonzero(off)[-1] + 1 if off.any() else 0)
        return now

    assert agrees()["turned"]
    for line, end in ((2, [1, 1, -1]), (1, [-1, 1, -1]), (3, [-1, 1, 1])):
        page.get_by_role("button", name=f"Pulse on line {line}").click()
        assert agrees()["end"] == end
    move(page, "size of the pulse", 0.2)
    assert not agrees()["turned"]
    gaps = []
    for _ in range(12):
        page.get_by_role("button", name="Halve the gap").click()
        now = agrees()
        gaps.append(now["high"] - now["low"] if now["high"] else np.inf)
    assert gaps[-1] < 0.001
    assert now["settled"] > 15, "near the border the network takes long"
    code = [0 if k == now["line"] - 1 else bit for k, bit in enumerate(now["held"])]
    rate = np.abs(figure.points.eigenvalues[(figure.codes == code).all(axis=1), 0]).item()
    words = page.locator(".readout").inner_text()
    assert f"λ = {rate:.2f}" in words
    assert f"costs about {np.log(2) / np.log(rate):.1f} steps" in words


def test_beliefs_are_read_as_in_numpy(visit):
    page, figure = visit("BeliefReader.html"), EXAMPLES["BeliefReader"]

    def agrees(string=""):
        page.get_by_label("a string to follow").fill(string)
        now, words = state(page), page.locator(".readout").inner_text()
        which = now["name"], now["share"], now["source"]
        chosen, (found, score) = figure.processes[now["name"]], figure.reading(*which)
        true = belief.filtered(chosen.T, chosen.start, chosen.strings[belief.FITTED :])
        np.testing.assert_allclose(now["b"], true.reshape(-1, true.shape[2]), **CLOSE)
        np.testing.assert_allclose(now["found"], found.reshape(-1, true.shape[2]), **CLOSE)
        assert now["score"] == pytest.approx(score, abs=1e-5)
        assert f"R² = {score:.2f}".replace("-", "−") in words
        if typed := now["followed"]:
            x = np.array([typed])
            path = belief.filtered(chosen.T, chosen.start, x)[0]
            np.testing.assert_allclose(now["path"], path, **CLOSE)
            np.testing.assert_allclose(
                now["readPath"], figure.reading(*which, x)[0][0], **CLOSE
            )
            assert f"Bayes' rule says {', '.join(f'{p:.2f}' for p in path[-1])}" in words
        return now, words

    assert agrees()[0]["share"] == 0
    for source in ("symbols", "predictions", "states"):
        page.get_by_label("read from", exact=True).select_option(source)
        for share in (1, 0.4, 0):
            move(page, "share of the training", share)
            assert agrees("xyy")[0]["followed"] == [0, 1, 1]
    assert "with 0.00 of the training" in agrees("")[1]
    assert "has the symbols x, y" in agrees("xyq")[1]
    assert "Only the first 6" in agrees("xyxyxyx")[1]
    page.get_by_label("process", exact=True).select_option("Each y twice")
    now, words = agrees("xyx")
    assert now["followed"] == [0, 1]
    assert "cannot come there" in words


def test_turning_the_cube_changes_the_picture_alone(visit):
    page = visit("FlipFlop.html")
    picture = page.locator(".plot svg").first
    before, drawn = state(page), picture.inner_html()
    move(page, "turn the cube, in degrees", 75)
    assert picture.inner_html() != drawn
    assert state(page) == before | {"angle": 75}


@pytest.mark.parametrize(
    ("typed", "read"), [("1101", None), ("01 1x0 1111 0010 1", 5), ("10" * 30, 33), ("", None)]
)
def test_the_walk_of_a_typed_string_is_numpys(visit, typed, read):
    page = visit("ParityWalk.html")
    page.get_by_role("textbox").fill(typed)
    if read:
        move(page, "symbols read", read)
    now, string = state(page), re.sub("[^01]", "", typed)[:40]
    at = len(string) if read is None else read
    assert (now["string"], now["at"]) == (string, at)
    x, around = np.array([[*map(int, string)]], int), parity.crowd()
    for k, weights in enumerate(EXAMPLES["ParityWalk"].networks.values()):
        h, odds = parity.walk(weights, x)
        np.testing.assert_allclose(
            [after["odds"] for after in now["walks"][k]], odds[0], **CLOSE
        )
        up = (h @ parity.upwards(weights))[0]
        np.testing.assert_allclose([after["up"] for after in now["walks"][k]], up, **CLOSE)
        wrong = (odds[0, 1:] > 0) != (x[0].cumsum() % 2 == 1)
        assert now["mistakes"][k] == (np.flatnonzero(wrong) + 1).tolist()
        says = parity.walk(weights, around[:, :at])[1][:, -1] > 0
        share = (says == (around[:, :at].sum(axis=1) % 2 == 1)).mean()
        np.testing.assert_allclose(now["share"][k], share, **CLOSE)
        if at:
            words = page.locator(".readout").inner_text()
            assert f"right on {100 * share:.0f}% of 128 strings" in words
    assert (
        page.locator(".readout")
        .inner_text()
        .startswith(f"{at} symbols, {x[0, :at].sum()} ones" if at else "Type 0 or 1.")
    )


def test_buttons_lengthen_the_string_and_draw_another(visit):
    page = visit("ParityWalk.html")
    for symbol in "1011":
        page.get_by_role("button", name=f"Add a {symbol}").click()
    assert state(page)["string"] == "1101001101001011"
    assert state(page)["mistakes"][0] == []
    assert state(page)["mistakes"][1] != []
    page.get_by_role("button", name="Another string of 20").click()
    now = state(page)
    assert (len(now["string"]), now["at"]) == (20, 20)
    assert page.get_by_role("textbox").input_value() == now["string"]


@pytest.mark.parametrize(
    ("word", "action", "put"),
    [
        ("Pho-to graphy", "out", ""),
        ("knight", "skip", ""),
        ("rate", "i", "i"),
        ("a", "out", ""),
    ],
)
def test_what_each_letter_does_is_what_numpy_says(visit, word, action, put):
    page = visit("LettersHeard.html")
    page.get_by_label("A word (a to z").fill(word)
    page.get_by_label("Each letter in turn").select_option(action)
    now, plain = state(page), word.lower().replace("-", "").replace(" ", "")
    network = live.eight_bits(pretrained.spelling_network())
    heard = live.letters_heard(network, plain, put)
    assert now["word"] == plain
    assert tuple(now["sounds"]) == heard.sounds
    assert [tuple(sounds) for sounds in now["then"]] == heard.then
    np.testing.assert_allclose(now["bits"], heard.bits, **CLOSE)
    np.testing.assert_allclose(now["kept"], heard.kept, **CLOSE)
    assert page.locator("tbody tr").count() == len(plain)
    page.get_by_label("letter told below").press("End")
    words = page.locator(".readout").inner_text()
    assert f"{plain} is said {' '.join(heard.sounds)}. With letter {len(plain)}," in words
    gone = live.spelling.same(heard.sounds, heard.then[-1])
    assert ("the sounds stay" in words) == gone


def test_a_word_without_letters_changes_nothing(visit):
    page = visit("LettersHeard.html")
    before = state(page)
    page.get_by_label("A word (a to z").fill("42!")
    assert state(page) == before
    page.get_by_role("button", name="smaze").click()
    assert state(page)["sounds"] == ["S", "M", "EY1", "Z"]
    assert page.get_by_label("A word (a to z").input_value() == "smaze"


READ = "document.querySelector('.course-live').liveState().done"


@pytest.mark.parametrize(
    ("line", "unit", "held"),
    [
        ("one (two] sad :(", 14, None),
        ("one more trick", 14, 1.0),
        ('she said "no', 43, None),
        ("x" * 45 + "☃ é", 43, -1.0),
    ],
)
def test_a_line_is_read_as_numpy_reads_it(visit, line, unit, held):
    page = visit("ColouredText.html")
    page.get_by_label("Your line").fill(line)
    page.get_by_label("coloured by", exact=True).select_option(str(unit))
    choice = "" if held is None else f"{held:.0f}"
    page.get_by_label("the cell is", exact=True).select_option(choice)
    page.wait_for_function(READ)
    now, network, c = state(page), live.text.in_eight_bits(pretrained.character_network()), None
    if held is not None:
        blocks = dict(network.first.blocks)
        for name, bias in (("input", -1000.0), ("forget", 1000.0)):
            W, U, b = (
                getattr(blocks[name], part).copy() for part in ("kernel", "recurrent", "bias")
            )
            W[:, unit], U[:, unit], b[unit] = 0, 0, bias
            blocks[name] = replace(blocks[name], kernel=W, recurrent=U, bias=b)
        network = replace(network, first=replace(network.first, blocks=blocks))
        c = np.where(np.arange(128) == unit, held, 0.0)
    read = network.read([line[: k + 1] for k in range(len(line))], c)
    assert (now["line"], now["unit"], now["held"]) == (line, unit, held)
    np.testing.assert_allclose(now["c"], read.first.c[:, -1, unit], **CLOSE)
    np.testing.assert_allclose(now["next"], read.next[-1], **CLOSE)
    symbol = network.numbers[now["symbol"]]
    np.testing.assert_allclose(now["p"], read.next[:, symbol], **CLOSE)
    assert "After the last character the cell is" in page.locator(".readout").inner_text()


def test_a_held_cell_makes_the_network_close_what_nobody_opened(visit):
    page = visit("ColouredText.html")
    page.get_by_label("Your line").fill("one more trick")
    page.get_by_label("the cell is", exact=True).select_option("1")
    page.get_by_role("button", name="Let it write").click()
    page.wait_for_function(
        f"{READ} && document.querySelector('.course-live').liveState().line.length === 34"
    )
    assert ")" in state(page)["line"]
    page.get_by_label("Your line").fill("")
    assert "Type a line." in page.locator(".readout").inner_text()


# ---- everybody can use them -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "theme", "then"), [(390, "dark", "light"), (1280, "light", "dark")]
)
def test_all_figures_on_one_page_are_accessible_and_fit(visit, width, theme, then):
    page = visit("all.html", width, theme)
    assert page.locator(".figure").count() == len(EXAMPLES)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.locator("input, select, button").all():
        box = control.bounding_box()
        assert min(box["height"], box["width"]) >= 24, control.evaluate("c => c.outerHTML")
    ids = page.evaluate(
        "[...document.querySelectorAll('.course-live')].every(host => {"
        " const ids = [...host.shadowRoot.querySelectorAll('[id]')].map(node => node.id);"
        " return new Set(ids).size === ids.length })"
    )
    assert ids, "an id twice in one figure"
    page.emulate_media(color_scheme=then)
    page.wait_for_function(
        "theme => [...document.querySelectorAll('.course-live')].every("
        "host => host.dataset.theme === theme)",
        arg=then,
    )
    assert serious(page, structure=False) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_control_is_reached_and_moved_by_keyboard(visit, name):
    page = visit(f"{name}.html")
    controls = page.locator("input, select, button")
    reached = set()
    for _ in range(controls.count() + 5):
        page.keyboard.press("Tab")
        tag = "document.querySelector('.course-live').shadowRoot.activeElement"
        if page.evaluate(f"{tag} !== null"):
            reached.add(page.evaluate(f"({tag}.labels?.[0] ?? {tag}).textContent"))
    assert len(reached) >= controls.count()
    sliders = page.locator("input[type=range]")
    first = (sliders if sliders.count() else page.locator("select")).first
    before = state(page)
    first.press("ArrowRight")
    first.press("ArrowRight")
    assert state(page) != before


def test_the_page_around_gets_no_key_that_a_control_uses(visit):
    page = visit("RnnDials.html")
    page.evaluate("window.keys = []; addEventListener('keydown', e => keys.push(e.key))")
    page.get_by_label("bias b").press("ArrowRight")
    page.get_by_label("Digits (up to 12)").press("/")
    page.get_by_label("bias b").press("Control+k")
    assert page.evaluate("keys") == ["Control", "k"]
    # what JupyterLab's shortcuts, which see keys first, ask for
    assert page.locator(".course-live[data-lm-suppress-shortcuts]").count() == 1


def test_the_result_is_said_once_the_control_rests(visit):
    page = visit("RnnDials.html")
    page.get_by_role("button", name="U = −1").click()
    page.wait_for_function(
        "document.querySelector('.course-live').shadowRoot"
        ".querySelector('[aria-live=polite]').textContent.includes('state is 7.000')"
    )


def test_with_motion_the_run_is_animated_and_without_it_jumps(browser, base, visit):
    page = visit("LossSurface.html")  # reduced motion
    move(page, "step shown", 0)
    page.get_by_role("button", name="Run from here").click()
    assert state(page)["step"] == 5_000
    context = browser.new_context(reduced_motion="no-preference")
    page = context.new_page()
    page.goto(f"{base}LossSurface.html")
    page.get_by_role("button", name="Run from here").click()
    page.wait_for_function("document.querySelector('.course-live').liveState().step < 1000")
    page.wait_for_function("document.querySelector('.course-live').liveState().step === 5000")
    context.close()


def test_without_scripts_and_on_paper_the_picture_stays(browser, base, visit):
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{base}all.html")
    for image, figure in zip(page.locator("img").all(), EXAMPLES.values(), strict=True):
        assert image.is_visible()
        assert image.get_attribute("alt") == figure.alt()
        assert 200 < image.bounding_box()["width"] <= 390
    context.close()
    page = visit("all.html")
    for image, live_part in zip(
        page.locator("img").all(), page.locator(".figure").all(), strict=True
    ):
        assert (image.is_visible(), live_part.is_visible()) == (False, True)
    page.emulate_media(media="print")
    for image, live_part in zip(
        page.locator("img").all(), page.locator(".figure").all(), strict=True
    ):
        assert (image.is_visible(), live_part.is_visible()) == (True, False)
        assert image.evaluate("image => image.naturalWidth") > 300


def test_the_theme_follows_the_page_while_it_is_open(visit):
    page = visit("RnnDials.html")  # a light system
    dark = "getComputedStyle(document.querySelector('.course-live').shadowRoot"
    dark += ".querySelector('.figure')).backgroundColor === 'rgb(20, 24, 30)'"
    assert not page.evaluate(dark)
    for on, off in (
        ("document.documentElement.dataset.theme = 'dark'",
         "document.documentElement.dataset.theme = 'light'"),
        ("delete document.documentElement.dataset.theme;"
         "document.body.dataset.jpThemeLight = 'false'",
         "document.body.dataset.jpThemeLight = 'true'"),
        ("delete document.body.dataset.jpThemeLight; document.body.className = 'vscode-dark'",
         "document.body.className = 'vscode-light'"),
    ):  # fmt: skip
        page.evaluate(on)
        page.wait_for_function(dark)
        page.evaluate(off)
        page.wait_for_function(f"!({dark})")
    page.evaluate("document.body.className = ''")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(dark)


def test_the_same_figure_twice_and_its_script_run_again(visit):
    page = visit("twice.html")
    assert page.locator(".figure").count() == 2
    page.locator(".course-live").nth(1).get_by_role("button", name="U = −1").click()
    assert state(page, 1)["U"] == -1
    assert state(page, 0)["U"] == 1.00106668
    page.evaluate(
        "document.querySelectorAll('.course-live script').forEach(old => {"
        " const again = document.createElement('script'); again.text = old.text;"
        " if (!old.type) old.after(again); })"
    )
    assert page.locator(".figure").count() == 2
    assert state(page, 1)["U"] == -1, "running the script again does not start anew"


def test_html_put_in_by_a_notebook_whose_scripts_run_afterwards(visit):
    """VS Code inserts the HTML and then a copy of each script after it; JupyterLab replaces."""
    page = visit("RnnDials.html")
    html = live.RnnDials(0.25, 0.5, 0.75).html()
    page.evaluate(
        "html => { const box = document.createElement('div'); box.innerHTML = html;"
        " document.body.className = 'vscode-dark'; document.querySelector('main').append(box);"
        " for (const old of [...box.getElementsByTagName('script')]) {"
        "  const script = document.createElement('script'); script.text = old.innerText;"
        "  if (old.type) script.type = old.type;"
        "  old.insertAdjacentElement('afterend', script); } }",
        html,
    )
    assert page.locator(".figure").count() == 2
    assert state(page, 1)["W"] == 0.25
    page.locator(".course-live").nth(1).get_by_label("bias b").press("Home")
    assert state(page, 1)["b"] == -5


# ---- in the book ----------------------------------------------------------------------------


@pytest.mark.parametrize("slug", CHAPTERS)
def test_the_chapter_has_its_figure(site, slug):
    """One, with a caption; that it works is seen where every page is opened on a phone."""
    page = (SITE / "notebooks" / f"{slug}.html").read_text("utf-8")
    figures = re.findall("<figure.*?</figure>", page, re.DOTALL)
    (figure,) = [figure for figure in figures if 'class="course-live"' in figure]
    assert EXAMPLES[CHAPTERS[slug]].title in figure
    assert "<figcaption" in figure
