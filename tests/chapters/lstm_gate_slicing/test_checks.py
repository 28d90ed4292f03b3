"""The checks of chapter 5: likely mistakes get a hint that fits."""

from math import isqrt

import keras
import numpy as np
import pytest

from course_utils.checks import CheckFailed, lstm_gate_slicing
from tests.chapters import solution

SLUG = "lstm_gate_slicing"


def sizes(features, parameters, blocks=4, biases=1):
    for u in range(1, 1000):
        if blocks * (features * u + u * u + biases * u) >= parameters:
            return u
    return None


def exact(features, parameters, **options):
    u = sizes(features, parameters, **options)
    blocks, biases = options.get("blocks", 4), options.get("biases", 1)
    fits = blocks * u * (features + u + biases) == parameters
    return u if fits else 0


def rounded_root(features, parameters):
    square = (features + 1) ** 2 + parameters
    root = isqrt(square)
    return (root - features - 1) // 2 if root * root == square else 0


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gru(
    x_t,
    h,
    kernel,
    recurrent,
    bias,
    order=(0, 1, 2),
    before=False,
    swap=False,
    rows=(1, 1),
    outside=False,
    reset=True,
):
    b, a = bias * np.array(rows)[:, None]
    x = np.split(x_t @ kernel + b, 3, axis=-1)
    U = np.split(recurrent, 3, axis=-1)
    a = np.split(a, 3)
    k, m, last = order
    z = sigmoid(x[k] + h @ U[k] + a[k])
    r = sigmoid(x[m] + h @ U[m] + a[m]) if reset else 1.0
    if before:
        n = np.tanh(x[last] + (r * h) @ U[last] + a[last])
    elif outside:
        n = np.tanh(x[last] + r * (h @ U[last]) + a[last])
    else:
        n = np.tanh(x[last] + r * (h @ U[last] + a[last]))
    return (1 - z) * h + z * n if swap else z * h + (1 - z) * n


def lstm(
    x_t, h, c, W, U, b, order="ifgo", candidate=np.tanh, gate=sigmoid, shown=np.tanh, late=True
):
    z = dict(zip(order, np.split(x_t @ W + h @ U + b, 4, axis=-1), strict=True))
    new = gate(z["f"]) * c + gate(z["i"]) * candidate(z["g"])
    return gate(z["o"]) * shown(new if late else c), new


def in_place(x_t, h, c, W, U, b):
    """A step that is right and spoils the c of its caller."""
    i, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
    c *= sigmoid(f)
    c += sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def wrong_lstm(**options):
    return lambda *arguments: lstm(*arguments, **options)


def one_by_one(x_t, h, c, W, U, b):
    """A right answer of another form: by slices, row after row, returned as one array."""
    u = len(U)
    rows = []
    for x, old_h, old_c in zip(x_t, h, c, strict=True):
        z = x @ W + old_h @ U + b
        i, f, o = (sigmoid(z[k * u : (k + 1) * u]) for k in (0, 1, 3))
        new = f * old_c + i * np.tanh(z[2 * u : 3 * u])
        rows.append((o * np.tanh(new), new))
    return np.swapaxes(rows, 0, 1)


def wrong_gru(**options):
    return lambda *arguments: gru(*arguments, **options)


def logit(gate):
    return np.log(gate / (1 - gate))


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("units_from_count", sizes, "exactly this many"),
        ("units_from_count", rounded_root, "2 features, 27 parameters: .*exactly this many"),
        ("units_from_count", lambda f, p: 4 * exact(f, p), "How many blocks share it"),
        ("units_from_count", lambda f, p: exact(f, p, biases=2), "Which part is missing"),
        ("units_from_count", lambda f, p: exact(f, p, blocks=3), "Which part is missing"),
        ("step", wrong_lstm(order="ifog"), "blocks as i, f, o, c"),
        ("step", wrong_lstm(order="fgio"), "blocks as f, c, i, o"),
        ("step", lambda *given: lstm(*given)[::-1], "h comes first"),
        ("step", lambda *given: lstm(*given)[0], "two arrays"),
        ("step", lambda x, h, *rest: [a.T for a in lstm(x, h, *rest)], "should have shape"),
        ("step", wrong_lstm(candidate=sigmoid), "is the candidate a gate"),
        ("step", wrong_lstm(candidate=lambda z: z), "what does the candidate go through"),
        ("step", wrong_lstm(gate=lambda z: z), "what do the gates go through"),
        ("step", wrong_lstm(shown=lambda c: c), "on its way to h"),
        ("step", wrong_lstm(late=False), "the old or the new"),
        ("step", lambda x, h, c, W, U, b: lstm(x, h, c, W, U, 0 * b), "where is the bias"),
        ("step", lambda x, h, c, W, U, b: lstm(x, h, c, W, 0 * U, b), "what does the old h do"),
        ("step", lambda x, h, c, W, U, b: lstm(x, h, 0 * c, W, U, b), "where is the old c"),
        ("step", lambda x, h, c, W, U, b: lstm(x, c, h, W, U, b), "compute f alone first"),
        ("step", in_place, "writes into the h or c it is given"),
        ("back_to_series", lambda o: o.reshape(-1, o.shape[-1]), "row 4 holds sample 12"),
        (
            "back_to_series",
            lambda o: o.transpose(0, 2, 1, 3).reshape(-1, o.shape[-1]),
            "row 1 holds sample 12",
        ),
        (
            "back_to_series",
            lambda o: o.transpose(3, 1, 0, 2).reshape(-1, o.shape[-1]),
            "different units",
        ),
        (
            "back_to_series",
            lambda o: np.sort(o.reshape(-1, o.shape[-1]), axis=0),
            r"row 0 holds sample \d+\. In which piece",
        ),
        ("back_to_series", lambda o: o.swapaxes(0, 1), r"should have shape \(24, 1\)"),
        ("gru_step", wrong_gru(order=(1, 0, 2)), "update or reset"),
        ("gru_step", wrong_gru(before=True), "on its product with U"),
        ("gru_step", wrong_gru(swap=True), "the old h or the candidate"),
        ("gru_step", wrong_gru(outside=True), "second bias of the candidate"),
        ("gru_step", wrong_gru(reset=False), "Where does r act"),
        ("gru_step", wrong_gru(rows=(1, 0)), "Where does row 1 go"),
        ("gru_step", wrong_gru(rows=(0, 1)), "Where does row 0 go"),
        ("gru_step", wrong_gru(order=(2, 1, 0)), "Compute z alone first"),
        ("forget_bias", lambda n, kept: -logit(kept ** (1 / n)), "the sign"),
        ("forget_bias", lambda n, kept: kept ** (1 / n), "Which bias makes it so"),
        ("forget_bias", lambda n, kept: logit(kept), "left after one step"),
        ("forget_bias", lambda n, kept: np.log(n - 1 + 1e-12), "tau is a sum"),
        ("forget_bias", lambda n, kept: np.log(kept) / n, "first find the value"),
    ],
)
def test_likely_mistakes_get_a_hint_that_fits(name, answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(lstm_gate_slicing, name)(answer)


def test_a_right_answer_of_another_form_passes(capsys):
    lstm_gate_slicing.step(one_by_one)
    assert "agrees with an LSTM" in capsys.readouterr().out


def test_the_other_two_slips_of_c_get_their_hint():
    def kept(x_t, h, c, W, U, b):
        i, _, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
        new = c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(new), new

    def let_in(x_t, h, c, W, U, b):
        _, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
        new = sigmoid(f) * c + np.tanh(g)
        return sigmoid(o) * np.tanh(new), new

    for answer, gate in ((kept, "forget"), (let_in, "input")):
        with pytest.raises(CheckFailed, match=f"what does the {gate} gate do"):
            lstm_gate_slicing.step(answer)


def test_the_gru_of_the_exercise_is_the_gru_of_keras():
    rng = np.random.default_rng(0)
    layer = keras.layers.GRU(4, bias_initializer="random_normal")
    x, h = (rng.normal(size=shape).astype("float32") for shape in ((3, 1, 2), (3, 4)))
    want = np.asarray(layer(x, initial_state=h))
    got = solution(SLUG, "gru_step")(x[:, 0], h, *layer.get_weights())
    assert np.abs(got - want).max() < 1e-6


def test_no_hint_gives_a_solution_line_away():
    from inspect import getsource

    text = getsource(lstm_gate_slicing)
    answers = (
        "(features + guess + 1)",
        "np.split",
        "swapaxes",
        "np.tanh",
        "kept ** (",
        "np.log",
    )
    for line in answers:
        assert line not in text
