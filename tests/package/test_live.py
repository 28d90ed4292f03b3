"""Live figures as Python objects: what they hand to a notebook, and the numbers they mirror."""

import base64
import fnmatch
import json
import re
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils import data, decoding, inversion, live, plotting, pretrained
from course_utils.live import _figure
from tests.package.live_examples import EMBEDDING, EXAMPLES, FUSED, ONE_HOT, SEQUENCES, SLICED
from tools.chapters import ROOT

SPELLING = pretrained.spelling_network()
BITS = EXAMPLES["FlipFlop"].weights
PARITY = EXAMPLES["ParityWalk"].networks["Steep"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_figure_hands_over_html_a_picture_and_a_line_of_text(name):
    bundle = EXAMPLES[name]._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"] == f"<LiveFigure {name}: {EXAMPLES[name].title}>"
    html = bundle["text/html"]
    assert html.count("</script>") == 2, "the data and the script, and no end within them"
    large = name in ("ColouredText", "DrawTheTop", "LettersHeard")
    assert len(html) < (900_000 if large else 200_000)
    (alt,) = re.findall('<img alt="([^"]+)"', html)
    assert len(alt) > 80
    assert html == EXAMPLES[name].html(), "the same object gives the same page"


def test_every_kind_of_figure_is_among_the_examples():
    kinds = [getattr(live, name) for name in live.__all__]
    kinds = [kind for kind in kinds if isinstance(kind, type)]
    assert {kind.__name__ for kind in kinds} - {"LiveFigure"} == set(EXAMPLES)


class Nasty(live.RnnDials):
    title = "</script><b>"

    def data(self):
        return super().data() | {"nasty": "</script><script>alert(1)</script><!-- & é"}

    def alt(self):
        return 'a "quoted" <b>picture</b>'


def test_text_in_data_title_and_alt_cannot_end_the_script_or_the_tag():
    html = Nasty(1, 1, 0).html()
    assert html.count("</script>") == 2
    assert "<!--" not in html
    assert 'alt="a &quot;quoted&quot; &lt;b&gt;picture&lt;/b&gt;"' in html
    (stored,) = re.findall('<script type="application/json">(.*?)</script>', html)
    assert json.loads(stored)["nasty"] == "</script><script>alert(1)</script><!-- & é"


def test_numbers_go_over_unrounded():
    (stored,) = re.findall('json">(.*?)</script>', live.RnnDials(1 / 3, 1, 0).html())
    assert json.loads(stored)["weights"]["W"] == 1 / 3


def keys(value):
    """Return the names in stored data, apart from those of presets and digits."""
    if isinstance(value, dict):
        return {key for key in value if key.isidentifier()}.union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_script_reads_all_that_is_handed_over(name):
    script = _figure._read("live.js") + _figure._read(EXAMPLES[name].script)
    stored = json.loads(_figure._json(EXAMPLES[name].data()))
    assert {key for key in keys(stored) if not re.search(rf"\b{key}\b", script)} == set()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: live.RnnDials("one", 1, 0), "W should hold real numbers, got str"),
        (lambda: live.RnnDials(1, np.nan, 0), "U should be finite"),
        (lambda: live.RnnDials(1, [1, 2], 0), r"U should be a number, got shape \(2,\)"),
        (lambda: live.RnnDials(1, 1, 0, digits=[]), "number of digits should be from 1 to 12"),
        (lambda: live.RnnDials(1, 1, 0, digits=[10]), "digits should be from 0 to 9, got 10"),
        (lambda: live.RnnDials(1, 1, 0, digits=[1.5]), "digits should be a whole number"),
        (lambda: live.RnnDials(1, 1, 0, presets={"a": (1, 1)}), "preset 'a' should have shape"),
        (
            lambda: live.LossSurface(0.5, -4),
            "start of U should lie on the map, from -3.9 to 2.1",
        ),
        (lambda: live.DecodeShift([np.ones((10, 1)), 1]), "W, U and b, got 2 arrays"),
        (
            lambda: live.DecodeShift([np.ones(10), 1, 0]),
            r"W should have shape \(10, 1\)",
        ),
        (lambda: live.DecodeBasis([np.eye(10), np.ones((9, 1)), 1, 0]), r"got \(9, 1\)"),
        (lambda: live.Backwards(0.0, 1.0), "W should not be 0"),
        (lambda: live.LettersHeard(SPELLING, "Kné"), "1 to 16 letters a to z, got 'Kné'"),
        (lambda: live.LettersHeard(SPELLING, "a" * 17), "1 to 16 letters"),
        (lambda: live.LettersHeard(SPELLING, "a", [""]), "got ''"),
        (lambda: live.there_and_back(0.4, 1, 0, 3, 3), "U should not be 0"),
        (lambda: live.DecodeShift([np.ones((10, 1)), "one", 1]), "U should hold real numbers"),
        (lambda: live.ParityWalk({}, "012", 1), "symbols 0 or 1, got '012'"),
        (lambda: live.ParityWalk({}, "01", 3), "read should be from 1 to 2, got 3"),
        (lambda: live.FlipFlop([0 * part for part in BITS]), "hold each of the eight"),
        (lambda: live.pulsed(BITS, [1, 1, 1], 4, 1), "line should be from 1 to 3, got 4"),
        (lambda: live.Sawtooth(3), "target should lie from -1.5 to 2.5, got 3"),
        (lambda: live.Sawtooth(0.7, start=-2), "start should lie from -1.5 to 2.5, got -2"),
        (lambda: live.used_weight("sine", 1), "kind should be one of modulo, symmetric, fold"),
        (lambda: live.used_weight("fold", 1, m=-1), "m should be above 0, got -1"),
        (lambda: live.states(1, 1, "none", [4]), "b should hold real numbers"),
        (lambda: live.input_path("linear", "high", 0, 1, 1), "target should hold real numbers"),
        (
            lambda: live.input_path("tanh", 0.1, 0, 1, 1),
            "kind should be one of linear, squared",
        ),
    ],
)
def test_bad_input_is_refused_in_words(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (live.states, {"W": 1, "U": 1, "b": 1, "digits": [4]}),
        (live.descent, {"W": 1, "U": 1, "rate": 0.1, "steps": 3, "mean": 4.5}),
        (
            live.input_path,
            {
                "kind": "logits",
                "target": 0.5,
                "start": 0,
                "rate": 1,
                "steps": 3,
                "W": 1,
                "b": 0,
            },
        ),
        (
            live.weight_path,
            {"kind": "fold", "target": 0.5, "start": 0, "rate": 0.1, "steps": 3, "m": 1},
        ),
        (live.Sawtooth, {"target": -0.3, "start": 0.5}),
        (live.there_and_back, {"start": 0.4, "x": 1, "U": 1, "decimals": 3, "steps": 3}),
        (live.RnnDials, {"W": 1, "U": 1, "b": 1}),
        (live.LossSurface, {"W": 0.7, "U": -1}),
        (live.Backwards, {"W": 0.4, "b": -25.0}),
    ],
)
def test_a_refusal_names_the_argument(function, given):
    function(**given)
    for name in given:
        with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
            function(**given | {name: np.nan})


@pytest.mark.parametrize(
    ("make", "weights", "names"),
    [
        (live.DecodeShift, ONE_HOT, "WUb"),
        (live.DecodeBasis, EMBEDDING, "EWUb"),
        (live.FlipFlop, BITS, "WUbVc"),
        (lambda weights: live.ParityWalk({"a": weights}, "1", 1), PARITY, "WUbVc"),
        (lambda weights: live.GateSlices(weights, SEQUENCES, SLICED), FUSED, "WUb"),
    ],
    ids=["DecodeShift", "DecodeBasis", "FlipFlop", "ParityWalk", "GateSlices"],
)
def test_a_refusal_names_the_array(make, weights, names):
    make(weights)
    for k, name in enumerate(names):
        for bad in (weights[k] * np.nan, "none", np.ones((3, 5, 7))):
            with pytest.raises((TypeError, ValueError), match=f"^{name} "):
                make([*weights[:k], bad, *weights[k + 1 :]])


@pytest.mark.parametrize("target", [0, 1, 1.2, -0.1])
def test_logits_need_a_target_that_a_sigmoid_gives(target):
    with pytest.raises(ValueError, match="target"):
        live.input_path("logits", target, 0, 1, 1)
    live.input_path("squared", target, 0, 1, 1)


def test_data_that_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="cannot hold set"):
        _figure._json({"a": {1, 2}})
    with pytest.raises(ValueError, match="JSON"):
        _figure._json({"a": np.inf})


def test_the_scripts_ship_and_ask_for_nothing():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["course_utils.live"]
    shipped = {
        path.name: path.read_text("utf-8")
        for path in files("course_utils.live").iterdir()
        if path.name.endswith((".js", ".css"))
    }
    assert {kind.script for kind in map(type, EXAMPLES.values())} < set(shipped)
    for name, text in shipped.items():
        assert any(fnmatch.fnmatch(name, pattern) for pattern in patterns), name
        assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}, (
            name
        )
        assert not re.search(r"\bfetch\(|\bimport\b\s*[({\"']|XMLHttpRequest|@import", text), (
            name
        )


def luminance(code):
    parts = np.array([int(code[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize(
    ("colours", "paper", "least"),
    [(plotting.COLOURS, "#ffffff", 4.5), (_figure.DARK, "#14181e", 7)],
    ids=["light", "dark"],
)
def test_every_colour_stands_out_from_its_paper(colours, paper, least):
    assert list(colours) == list(plotting.COLOURS)
    assert paper in files("course_utils.live").joinpath("live.css").read_text("utf-8")
    for name, code in colours.items():
        light, dark = sorted([luminance(code), luminance(paper)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least, name


def test_states_are_those_of_the_shared_forward_pass():
    W, U, b = 0.7, -0.4, 0.3
    every, _ = data.all_digit_sums(3)
    mine = [live.states(W, U, b, digits)[-1] for digits in every[::37]]
    theirs = decoding.predict([[[W]], [[U]], [b]], every[::37])[:, 0]
    np.testing.assert_allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize("mean", [4.5, 0.0])
def test_a_step_of_the_descent_follows_the_slope_over_all_triples(mean):
    triples, _ = data.all_digit_sums(3)
    digits = triples - 4.5 + mean

    def loss(weights):
        W, U, b = weights
        h = np.zeros(1_000)
        for t in range(3):
            h = digits[:, t] * W + h * U + b
        return ((h - digits.sum(axis=1)) ** 2).mean()

    path = live.descent(0.7, -1.2, rate=1e-4, steps=50, mean=mean)
    assert path.shape == (51, 3)
    for k in (0, 49):
        slopes = [
            (loss(path[k] + nudge) - loss(path[k] - nudge)) / 2e-5 for nudge in 1e-5 * np.eye(3)
        ]
        np.testing.assert_allclose((path[k] - path[k + 1]) / 1e-4, slopes, rtol=1e-5, atol=1e-5)


def test_the_limit_of_the_rate_divides_runs_beside_the_solution():
    limits = live.LossSurface(0.7, -1.0).data()["surface"]["limits"]
    assert limits["raw"] == pytest.approx(0.0023245, abs=1e-7)  # chapter 4
    for kind, mean in (("raw", 4.5), ("centred", 0.0)):
        miss = [
            np.abs(
                live.descent(1.0001, 1.0001, share * limits[kind], 20_000, mean)[-1] - [1, 1, 0]
            ).max()
            for share in (0.99, 1.02)
        ]
        assert miss[0] < 1e-6 < 1e-3 < miss[1]


def test_the_line_is_inverted_as_by_the_package():
    found = inversion.reconstruct(
        ([[0.4]], [-25.0]), [[100.0]], [[1.0]], learning_rate=0.4, steps=200
    )
    path = live.input_path("linear", 100, 1.0, 0.4, 200, W=0.4, b=-25.0)
    assert path[found.steps[0]] == pytest.approx(found.inputs.item(), abs=1e-6)
    assert len(live.input_path("linear", 100, 1.0, 7.0, 5_000, W=0.4, b=-25.0)) < 5_000


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("squared", "mse"), ("crossEntropy", "cross-entropy"), ("logits", "logits")],
)
def test_the_sigmoid_is_inverted_as_by_the_package(kind, loss):
    for start in (3.0, -2.0):
        found = inversion.reconstruct(
            ([[1.0]], [0.0]),
            [[0.1]],
            [[start]],
            learning_rate=0.25,
            loss=loss,
            activation="sigmoid",
            steps=40,
            tolerance=0,
        )
        path = live.input_path(kind, 0.1, start, 0.25, 40)
        assert path[-1] == pytest.approx(found.inputs.item(), abs=1e-9)


def drawn(name):
    figure = Figure()
    EXAMPLES[name].draw(figure)
    return figure.axes


def test_the_axis_of_the_shift_holds_both_rows_of_weights():
    data = EXAMPLES["DecodeShift"].data()
    low, high = data["ylim"]
    assert low < min(data["W"].min(), (data["W"] + data["b"]).min())
    assert high > max(data["W"].max(), (data["W"] + data["b"]).max())


def test_the_still_map_shows_the_basin_and_the_whole_path():
    (ax,) = drawn("LossSurface")
    (levels,) = ax.collections
    assert levels.get_paths()[0].contains_point((1, 1)), "the lowest area holds the solution"
    W, U, _ = live.descent(0.7, -1.0, live.LossSurface.RATE).T
    under, over, start, end = (line.get_xydata() for line in ax.lines)
    for path in (under, over):
        np.testing.assert_array_equal(path, np.stack([U, W], axis=1))
    assert start.tolist() == [[U[0], W[0]]]
    assert end.tolist() == [[U[-1], W[-1]]]


def test_the_alternative_text_of_the_map_says_where_the_path_ends():
    for U, says in ((-1.0, "and ends in the left valley at"), (0.5, "and ends at W = 1.00")):
        assert says in live.LossSurface(0.7, U).alt()


def test_the_still_table_gives_the_value_beside_each_row_of_circles():
    (ax,) = drawn("DecodeBasis")
    figure = EXAMPLES["DecodeBasis"]
    beside = {text.get_position()[1]: text.get_text() for text in ax.texts}
    for digit, value in enumerate(figure.E @ figure.W + figure.b):
        assert float(beside[digit]) == pytest.approx(value, abs=0.006)


def test_the_still_slices_show_the_layers_own_h_over_that_of_the_reading():
    *_, h = drawn("GateSlices")
    (own,) = h.lines
    np.testing.assert_array_equal(own.get_ydata(), EXAMPLES["GateSlices"].h[0, :, 0])
    assert "hidden state" in h.get_title(loc="left")
    assert len(h.patches) == len(own.get_ydata())


@pytest.mark.parametrize("m", [1.0, 0.7])
def test_used_weights_are_the_remainders_of_numpy(m):
    w = np.linspace(-3, 3, 1001) + 1e-4
    inside = np.abs(w) < m / 2
    np.testing.assert_allclose(live.used_weight("modulo", w, m), np.mod(w, m), atol=1e-12)
    for kind in ("symmetric", "fold"):
        used = live.used_weight(kind, w, m)
        np.testing.assert_allclose(used[inside], w[inside], atol=1e-12)
        assert np.abs(used).max() <= m / 2
        steepest = np.abs(np.diff(used)).max()
        assert steepest > 0.9 * m if kind == "symmetric" else steepest < 0.0061


def test_a_fold_stays_at_the_nearest_end_where_a_modulo_goes_round():
    near = live.used_weight("fold", live.weight_path("fold", 0.8, 0.0, 0.02, 1000))[500:]
    assert near.min() > 0.48
    round_and_round = live.used_weight(
        "symmetric", live.weight_path("symmetric", 0.8, 0.0, 0.02, 1000)
    )[500:]
    assert round_and_round.min() < -0.48


def test_what_comes_back_follows_from_the_bits_lost():
    """Half a unit of the last decimal, times two to the bits, is what the start may be off."""
    for decimals, steps in ((6, 3), (8, 5), (12, 6), (12, 9)):
        forward, back, bits = live.there_and_back(0.4, 1.0, 1.0, decimals, steps)
        off = abs(back[0] - 0.4)
        assert 1e-3 < off / (10.0**-decimals / 2 * 2**bits) < 2
        assert (np.diff(forward) > 0).all()
    *_, bits = live.there_and_back(0.4, 1.0, 1.0, 14, 12)
    *_, fewer = live.there_and_back(0.4, 1.0, 1.0, 14, 11)
    assert bits - fewer == pytest.approx(np.log2(1 / (1 - 0.961**2)), abs=0.1)


def test_behind_a_state_of_1_nothing_comes_back():
    _, back, bits = live.there_and_back(0.4, 2.0, 2.0, 2, 3)
    assert np.isnan(back[0])
    assert bits == np.inf


def test_a_steep_cell_does_parity_and_a_flat_one_forgets_it():
    x = live.parity.crowd()
    assert len(np.unique(x[:, :7], axis=0)) == 128, "each beginning of seven symbols is there"
    right = {
        name: ((live.parity.walk(weights, x)[1] > 0)[:, 1:] == (x.cumsum(axis=1) % 2 == 1))
        for name, weights in EXAMPLES["ParityWalk"].networks.items()
    }
    assert right["Steep"].all()
    assert 0.3 < right["Flat"][:, -1].mean() < 0.9
    assert "Steep: 100%" in EXAMPLES["ParityWalk"].alt()
    assert "Flat: 100%" not in EXAMPLES["ParityWalk"].alt()


def test_the_second_direction_is_at_right_angles_to_the_readout():
    for weights in EXAMPLES["ParityWalk"].networks.values():
        direction = live.parity.upwards(weights)
        np.testing.assert_allclose(direction @ weights[3], 0, atol=1e-12)
        assert np.linalg.norm(direction) == pytest.approx(1)


def test_the_points_of_three_bits_are_named_by_what_the_network_says_there():
    found = EXAMPLES["FlipFlop"]
    assert np.bincount(found.points.unstable).tolist() == [8, 12, 6, 1]
    assert len(np.unique(found.codes, axis=0)) == 27
    assert ((found.codes == 0).sum(axis=1) == found.points.unstable).all()
    seen = np.array([point["seen"] for point in found.data()["points"]])
    corners = found.points.unstable == 0
    np.testing.assert_allclose(seen[corners], found.codes[corners], atol=0.2)


def test_a_pulse_turns_a_bit_or_not_and_the_forecast_at_the_corner_never_does():
    _, U, b, V, c = BITS
    for size, turns in ((0.3, False), (1.0, True)):
        states, foretold = live.pulsed(BITS, [1, -1, 1], 3, size)
        ends = [np.sign(h[-1] @ V + c).tolist() for h in (states, foretold)]
        assert ends == [[1, -1, -1 if turns else 1], [1, -1, 1]]
        np.testing.assert_allclose(np.tanh(states[0] @ U + b), states[0], atol=1e-12)
        np.testing.assert_allclose(states[2], np.tanh(states[1] @ U + b))
    # a push small enough goes as foretold, and J is not the identity
    states, foretold = live.pulsed(BITS, [1, -1, 1], 3, 1e-5)
    np.testing.assert_allclose(states, foretold, atol=1e-9)
    assert np.abs(foretold[3] - foretold[1]).max() > 1e-7
