"""One live figure of every kind, with weights that no framework is needed for."""

import numpy as np

from course_utils import gates, live, mystery, pretrained, units

_rng = np.random.default_rng(0)
_W = _rng.normal(size=(10, 1))
_E = (np.arange(10.0)[:, np.newaxis] - 0.5) @ _W.T / (_W**2).sum()

ONE_HOT = [np.arange(10.0)[:, np.newaxis] - 2.05, np.array([[1.01]]), np.array([2.05])]
EMBEDDING = [_E + _rng.uniform(-0.001, 0.001, (10, 10)), _W, np.ones((1, 1)), np.array([0.5])]


def _counter() -> tuple[gates.Gates, np.ndarray, np.ndarray]:
    """Return the counter that chapter 6 builds by hand, with a forget bias of 6."""

    def block(kernel: list, bias: list) -> gates.Block:
        return gates.Block(np.array(kernel, float), np.zeros((2, 2)), np.array(bias, float))

    same, wide = np.zeros((3, 2)).tolist(), [40, 40]
    blocks = {
        "input": block(same, wide),
        "forget": block(same, [6, -40]),
        "cell": block([[0, 0], [40, 40], [-40, -40]], [0, 0]),
        "output": block(same, wide),
    }
    half, one = np.tanh([0.5, 1])
    V = np.array([[-1, 0, 1], [-(half + 0.1) / one, 1, 0]])
    return gates.Gates("LSTM", blocks), V, np.array([-0.1, one / 2, -half])


COUNTER = _counter()

FUSED = [
    _rng.normal(size=(5, 16)).astype(np.float32) / 2,
    _rng.normal(size=(4, 16)).astype(np.float32) / 2,
    np.repeat([0, 1, 0, 0], 4).astype(np.float32),
]
SEQUENCES = _rng.normal(size=(3, 20, 5)).astype(np.float32)
SLICED = live.sliced(FUSED, "ifco").trace(SEQUENCES).h

ROW_RNN = units.RowRNN(
    W=_rng.normal(size=(28, 169)) / 2,
    U=_rng.normal(size=(169, 169)) / 6,
    b=_rng.normal(size=169),
    V=_rng.normal(size=(169, 28)) / 6,
    c=_rng.normal(size=28) - 1,
)
WINDOWS = (_rng.random((300, 10, 28)) < 0.15).astype(float)
DIGITS = {f"noise {k}": (_rng.random((28, 28)) < 0.2).astype(float) for k in range(3)}


def _features() -> tuple[units.Features, np.ndarray]:
    seen = units.Features(whiten=True)
    z = ROW_RNN.run(WINDOWS)[0][:, -1]
    seen.add(WINDOWS, np.where(np.arange(169) == 7, -1.0, z))  # unit 7 likes nothing
    return seen, WINDOWS[np.argsort(-z, axis=0)[:2].T]


SEEN, BEST = _features()
GATE_W, GATE_OFFSET = _rng.normal(size=(28, 5)) / 4, np.array([1.0, 0.5, 1.5, 0.0, 1.0])
CHOICES, PAID = (_rng.random((2, 80)) < 0.6).astype(int)
MEANS = ROW_RNN.run(WINDOWS)[1].mean(axis=(0, 1))


def _parity(k: float) -> list[np.ndarray]:
    """Return a cell of two units, "a one or odd" and "both": exact parity where k is large."""
    U = k * np.array([[0.5, 0.5], [-0.5, -0.5]])
    b = k * np.array([-0.5, -1.5])
    return [np.full((1, 2), k), U, b, np.array([[1.0], [-1.0]]), np.array([[-1.0]])]


def _three_bits() -> list[np.ndarray]:
    """Return two units a bit that hold its sign together, a little out of line."""
    pair, near = np.tile(np.eye(3), (1, 2)), np.random.default_rng(1).normal(size=(6, 6)) / 40
    return [2 * pair, 0.8 * pair.T @ pair + near, near[0], 0.6 * pair.T, near[1, :3]]


def _hidden(T: np.ndarray, start: list[float], seed: int) -> tuple[object, ...]:
    """Return a process with the symbols x and y, and a GRU of four units before and after."""
    rng = np.random.default_rng(seed)
    strings = np.empty((110, 6), int)
    for string in strings:
        b = np.array(start)
        for t in range(6):
            string[t] = rng.random() > (b @ T[0]).sum()
            b = b @ T[string[t]]
            b /= b.sum()
    shapes = ((12, 2), (12, 4), (12,), (12,), (2, 4), (2,))
    before = [rng.uniform(-0.5, 0.5, shape) for shape in shapes]
    after = [weight + rng.normal(size=weight.shape) for weight in before]
    return "xy", T, start, strings, before, after


def _processes() -> dict[str, tuple[object, ...]]:
    """Return a random process of three states, and one where every y comes twice."""
    T = np.random.default_rng(0).random((2, 3, 3)) ** 4
    T /= T.sum(axis=(0, 2))[:, np.newaxis]
    twice = np.array([[[0.5, 0.0], [0.0, 0.0]], [[0.0, 0.5], [1.0, 0.0]]])
    three, two = _hidden(T, [0.2, 0.3, 0.5], 1), _hidden(twice, [1.0, 0.0], 2)
    return {"Three states": three, "Each y twice": two}


EXAMPLES: dict[str, live.LiveFigure] = {
    "RnnDials": live.RnnDials(
        0.99675155, 1.00106668, 0.01110852, presets={"U = -1": (1, -1, 0)}
    ),
    "LossSurface": live.LossSurface(0.7, -1.0),
    "ColouredText": live.ColouredText(
        pretrained.character_network(),
        {14: ("brackets", ")"), 43: ("quotes", '"')},
        "one (two] sad :(",
    ),
    "DecodeShift": live.DecodeShift(ONE_HOT),
    "DecodeBasis": live.DecodeBasis(EMBEDDING),
    "Backwards": live.Backwards(0.4, -25.0),
    "BeliefReader": live.BeliefReader(_processes()),
    "FlipFlop": live.FlipFlop(_three_bits()),
    "GateMicroscope": live.GateMicroscope(*COUNTER, "aaaabbbb"),
    "InkTheRow": live.InkTheRow(GATE_W, GATE_OFFSET, 0, 1),
    "GateSlices": live.GateSlices(FUSED, SEQUENCES, SLICED, "iofc"),
    "ParityWalk": live.ParityWalk(
        {"Steep": _parity(8.0), "Flat": _parity(1.2)}, "110100110100", 10
    ),
    "MysteryBoxes": live.MysteryBoxes(mystery.boxes(), "abacabdacaab"),
    "MindReader": live.MindReader(CHOICES, PAID, 0.3, 3.0),
    "Sawtooth": live.Sawtooth(-0.3),
    "ThereAndBack": live.ThereAndBack(),
    "LettersHeard": live.LettersHeard(
        pretrained.spelling_network(), "knight", ("rate", "smaze")
    ),
    "DrawTheTop": live.DrawTheTop(ROW_RNN, SEEN, DIGITS, BEST, MEANS),
}
