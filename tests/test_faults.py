"""Every public function against bad input: a clear error or a right answer.

``CALLS`` holds a valid call of everything public. Each argument of each call, and each entry of
a list or dictionary among them, is replaced by bad values of a catalogue for its kind. An error
is clear if a ``raise`` of this package made it, its type is ValueError, TypeError or one that
the docstring names, and its message is no mere word. An answer is right if it has the form of
the valid one, and its numbers are finite where those are. What cannot mean anything, such as
text for a number, has to be refused.
"""

import dis
import faulthandler
import importlib
import inspect
import json
import re
import signal
import sys
import time
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

resource = pytest.importorskip("resource", reason="limits of memory need a Unix")

import keras  # noqa: E402
import torch  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import course_utils  # noqa: E402
from course_utils import (  # noqa: E402
    check_env,
    checks,
    data,
    decoding,
    gates,
    inversion,
    live,
    plotting,
    training,
    units,
)

MODULES = ["data", "training", "decoding", "gates", "inversion", "units", "plotting"]
MODULES += ["check_env", "live", "checks"]
PACKAGE = str(Path(course_utils.__file__).parent)
SECONDS, BYTES = 2.0, 2**30
"""What one call may take beyond what the process has."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc for its limits")

RECORDS = {
    "checks.CheckFailed": "an exception",
    "checks.close": "NumPy's allclose, for arrays that as_array has passed",
    "decoding.DigitTable": "what decode returns",
    "gates.OnnxWeights": "what to_onnx returns",
    "gates.Trace": "what trace returns",
    "inversion.NotInvertible": "an exception",
    "inversion.Reconstruction": "what reconstruct returns",
    "inversion.ShutGate": "what shut_gate returns",
    "live.LiveFigure": "the base of the figures, whose methods are called there",
}
"""What nobody but the package fills or calls, and so checks nothing."""

ALLOWED: dict[str, str] = {
    "data.split: *": "it cuts rows and computes with none of them",
    "data.as_scalars: digits = one axis *": "digits of any shape",
    "data.one_hot: digits = one axis *": "digits of any shape",
    "data.symbols: texts = list of text": "the letters a and b are texts",
    "training.progress: iterable = *": "it loops over anything that Python can loop over",
    "training.row_rnn: path = *": "an untrained network reads no file",
    "inversion.DenseLayer: name = *": "printed as it is",
    "inversion.DenseLayer.__call__: x = one axis *": "any number of rows, or one",
    "inversion.* (*): function = a class": "the reader's function, with its own error",
    "inversion.*(torch): start = *column*": "the reader's function, with PyTorch's error",
    "inversion.sensitivity (torch): inputs = *column*": "the same",
    "inversion.sensitivity (Keras): inputs = *": "the reader's model, with Keras's error",
    "units.RowRNN.predict: h = one axis *": "states of any shape",
    "check_env.installed: package = another text": "None is the answer: not installed",
    "check_env.problems: needed = *": "lines of text are the answer: something is missing",
    "checks.call: args = *": "what the learner's function gets",
    "checks.call: kwargs = *": "what the learner's function gets",
    "live.finite: name = *": "printed as it is",
    "live.finite: shape = *": "written by a figure, not by a reader",
    "live.states: digits = * half": "the linear network takes any number",
    "checks.as_array: name = *": "printed as it is",
    "checks.as_array: shape = *": "written by a check, not by a learner",
}
"""Deliberate deviations: a pattern of the names of bad calls, and the reason."""

# ---- The valid calls -------------------------------------------------------------------------

rng = np.random.default_rng(0)
SCALAR = [np.array([[0.5]]), np.array([[0.9]]), np.array([0.25])]
ONE_HOT = [rng.normal(size=(10, 1)), np.array([[0.9]]), np.array([0.25])]
EMBEDDED = [rng.normal(size=(10, 2)), np.array([[0.5], [0.1]]), np.array([[0.9]]), np.ones(1)]
TWO = [rng.normal(size=(3, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)]
FUSED = [rng.normal(size=(3, 8)), rng.normal(size=(2, 8)), rng.normal(size=8)]
X = rng.normal(size=(2, 4, 3))

KERAS = keras.layers.LSTM(2)
KERAS.build((None, None, 3))
MODEL = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
TORCH = torch.nn.LSTM(3, 2)
LINEAR = torch.nn.Linear(3, 2).double()
GATES = gates.Gates.from_torch(torch.nn.LSTM(3, 2).double())
GRU = gates.Gates.from_torch(torch.nn.GRU(3, 2).double())
BLOCK = GATES.blocks["input"]
LAYER = inversion.DenseLayer(np.diag([2.0, 4.0]), np.array([0.5, 0.0]), "tanh")
STACK = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())

ROWS, PIXELS = rng.random((5, 4, 3)), rng.random((5, 6, 3))
WEIGHTS = {
    "W": rng.normal(size=(3, 2)),
    "U": rng.normal(size=(2, 2)),
    "b": rng.normal(size=2),
    "V": rng.normal(size=(2, 3)),
    "c": rng.normal(size=3),
}
RNN = units.RowRNN(**WEIGHTS)


def seen() -> units.Features:
    """Return averages of ten windows and two units."""
    features = units.Features(whiten=True)
    features.add(np.random.default_rng(1).random((30, 4, 3)), np.ones((30, 2)))
    return features


def counting_lstm(seed: Any) -> Any:
    """Call counting_lstm without its training."""
    untrained = partial(training.counting_networks, updates=0)
    with mock.patch.object(training, "counting_networks", untrained):
        return training.counting_lstm(seed)


def add(windows: Any, z: Any) -> None:
    """Call Features.add on averages of its own."""
    seen().add(windows, z)


SMALL = {"learning_rate": 0.1, "steps": 3, "loss": "mse", "activation": "linear"}
LIMITS = {"bounds": (-9.0, 9.0), "tolerance": 1e-3}

CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "data.digit_sums": (data.digit_sums, {"count": 4, "length": 3, "seed": 0}),
    "data.all_digit_sums": (data.all_digit_sums, {"length": 2}),
    "data.split": (
        data.split,
        {"digits": np.arange(12).reshape(4, 3), "sums": np.arange(4), "held_out": 1},
    ),
    "data.as_scalars": (data.as_scalars, {"digits": np.arange(6).reshape(2, 3)}),
    "data.one_hot": (data.one_hot, {"digits": np.arange(6).reshape(2, 3)}),
    "data.noisy_line": (
        data.noisy_line,
        {"count": 4, "slope": 0.4, "noise": 50.0, "seed": 0},
    ),
    "data.counting_strings": (data.counting_strings, {"longest": 3}),
    "data.symbols": (data.symbols, {"texts": ["$ab", "$a"]}),
    "data.legal_next": (data.legal_next, {"texts": ["$ab", "$a"]}),
    "data.half_plane_points": (data.half_plane_points, {"count": 4, "seed": 0}),
    "data.mnist_digits": (data.mnist_digits, {"path": None, "seed": 0}),
    "training.seed_everything": (training.seed_everything, {"seed": 3}),
    "training.progress": (
        training.progress,
        {"iterable": range(2), "description": "adding", "total": 2},
    ),
    "training.keras_progress": (training.keras_progress, {"description": "training"}),
    "training.summary": (training.summary, {"model": MODEL, "width": 60}),
    "training.History": (training.History, {"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]}),
    "training.History.from_keras": (
        training.History.from_keras,
        {"history": {"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]}},
    ),
    "training.History.plot": (training.History([2.0]).plot, {"ax": Figure().subplots()}),
    "training.counting_lstm": (counting_lstm, {"seed": 17}),
    "training.counting_networks": (
        training.counting_networks,
        {
            "seeds": [0, 1],
            "cell": "LSTM",
            "texts": ["$ab", "$aabb"],
            "targets": data.legal_next(["$ab", "$aabb"]),
            "units": 2,
            "updates": 1,
        },
    ),
    "training.row_lstm": (training.row_lstm, {"seed": 0, "updates": 0}),
    "training.row_rnn": (training.row_rnn, {"seed": 0, "updates": 0, "path": None}),
    "decoding.simple_rnn": (decoding.simple_rnn, {"weights": TWO}),
    "decoding.predict": (decoding.predict, {"weights": TWO, "x": X}),
    "decoding.normal_form": (decoding.normal_form, {"weights": SCALAR, "length": 3}),
    "decoding.decode": (decoding.decode, {"weights": SCALAR}),
    "decoding.decode (one-hot)": (decoding.decode, {"weights": ONE_HOT}),
    "decoding.decode (embedded)": (decoding.decode, {"weights": EMBEDDED}),
    "decoding.shift": (decoding.shift, {"weights": ONE_HOT, "c": 2.0}),
    "decoding.shift (embedded)": (decoding.shift, {"weights": EMBEDDED, "c": np.ones(2)}),
    "decoding.change_basis": (
        decoding.change_basis,
        {"weights": EMBEDDED, "A": np.array([[1.0, 2.0], [3.0, 4.0]])},
    ),
    "gates.Block": (
        gates.Block,
        {
            "kernel": np.ones((3, 2)),
            "recurrent": np.ones((2, 2)),
            "bias": np.ones(2),
            "recurrent_bias": np.ones(2),
        },
    ),
    "gates.Gates": (
        gates.Gates,
        {
            "cell": "LSTM",
            "blocks": dict(GATES.blocks),
            "activation": "tanh",
            "recurrent_activation": "sigmoid",
            "reset_after": True,
            "reverse": False,
        },
    ),
    "gates.Gates.from_keras": (gates.Gates.from_keras, {"layer": KERAS}),
    "gates.Gates.from_torch": (
        gates.Gates.from_torch,
        {"module": TORCH, "layer": 0, "reverse": False},
    ),
    "gates.Gates.from_onnx": (
        gates.Gates.from_onnx,
        {
            "W": rng.normal(size=(1, 6, 3)),
            "R": rng.normal(size=(1, 6, 2)),
            "B": rng.normal(size=(1, 12)),
            "cell": "GRU",
            "P": None,
            "activation_alpha": [0.2],
            "activation_beta": [0.5],
            "activations": ["HardSigmoid", "Tanh"],
            "clip": None,
            "direction": "forward",
            "hidden_size": 2,
            "input_forget": 0,
            "layout": 0,
            "linear_before_reset": 1,
        },
    ),
    "gates.Gates.to_keras": (GATES.to_keras, {}),
    "gates.Gates.to_torch": (GATES.to_torch, {"layer": 0}),
    "gates.Gates.to_onnx": (GATES.to_onnx, {}),
    "gates.Gates.trace": (
        GATES.trace,
        {"x": X, "h0": np.zeros((2, 2)), "c0": np.zeros((2, 2))},
    ),
    "gates.Gates.trace (GRU)": (GRU.trace, {"x": X, "h0": np.zeros((2, 2)), "c0": None}),
    "inversion.DenseLayer": (
        inversion.DenseLayer,
        {"W": np.ones((3, 2)), "b": np.ones(2), "activation": "tanh", "slope": 0.1, "name": ""},
    ),
    "inversion.DenseLayer.__call__": (LAYER.__call__, {"x": np.ones((3, 2))}),
    "inversion.read_layers": (inversion.read_layers, {"model": STACK}),
    "inversion.read_layers (Keras)": (inversion.read_layers, {"model": MODEL}),
    "inversion.exact_inverse": (
        inversion.exact_inverse,
        {"layers": [LAYER, LAYER], "y": np.full((3, 2), 0.5)},
    ),
    "inversion.condition_numbers": (inversion.condition_numbers, {"layers": [LAYER]}),
    "inversion.rewind": (
        inversion.rewind,
        {
            "h": np.full((1, 2), 0.1),
            "x": np.zeros((1, 2, 1)),
            "W": np.ones((1, 2)),
            "U": np.diag([0.9, 1.1]),
            "b": np.zeros(2),
            "activation": "tanh",
        },
    ),
    "inversion.reconstruct": (
        inversion.reconstruct,
        {
            "function": (np.ones((3, 2)), np.ones(2)),
            "targets": np.full((4, 2), 0.5),
            "start": np.zeros((4, 3)),
            **SMALL,
            **LIMITS,
        },
    ),
    "inversion.reconstruct (torch)": (
        inversion.reconstruct,
        {
            "function": LINEAR,
            "targets": np.full((4, 2), 0.5),
            "start": np.zeros((1, 3)),
            **SMALL,
            **LIMITS,
        },
    ),
    "inversion.sensitivity": (
        inversion.sensitivity,
        {
            "function": (np.ones((3, 2)), np.ones(2)),
            "inputs": np.ones((4, 3)),
            "activation": "sigmoid",
        },
    ),
    "inversion.sensitivity (torch)": (
        inversion.sensitivity,
        {"function": LINEAR, "inputs": np.ones((4, 3)), "activation": "linear"},
    ),
    "inversion.sensitivity (Keras)": (
        inversion.sensitivity,
        {"function": MODEL, "inputs": np.ones((4, 3)), "activation": "linear"},
    ),
    "inversion.shut_gate": (
        inversion.shut_gate,
        {"W": rng.normal(size=(3, 2)), "b": np.ones(2), "opening": 0.1, "bounds": None},
    ),
    "inversion.shut_gate (bounds)": (
        inversion.shut_gate,
        {
            "W": rng.normal(size=(3, 2)),
            "b": np.ones(2),
            "opening": 0.1,
            "bounds": (-50.0, np.full(3, 50.0)),
        },
    ),
    "units.RowRNN": (units.RowRNN, WEIGHTS),
    "units.RowRNN.from_torch": (
        units.RowRNN.from_torch,
        {"network": WEIGHTS, "dtype": np.float32},
    ),
    "units.RowRNN.run": (
        RNN.run,
        {"rows": ROWS, "start": np.zeros((5, 2)), "hold": {1: 0.5}},
    ),
    "units.RowRNN.predict": (RNN.predict, {"h": np.zeros((5, 2))}),
    "units.RowRNN.roll": (
        RNN.roll,
        {"start": np.zeros((5, 2)), "steps": 2, "hold": {1: 0.5}},
    ),
    "units.draw_starts": (
        units.draw_starts,
        {"count": 4, "length": 3, "height": 6, "seed": 0},
    ),
    "units.windows": (
        units.windows,
        {"images": PIXELS, "starts": np.array([0, 1, 2, 0, 1]), "length": 3, "batch": 2},
    ),
    "units.Features": (units.Features, {"whiten": True}),
    "units.Features.add": (add, {"windows": ROWS, "z": np.ones((5, 2))}),
    "units.Features.mean": (seen().mean, {}),
    "units.Features.covariance": (seen().covariance, {}),
    "units.Features.raw": (seen().raw, {"units": np.array([0, 1])}),
    "units.Features.centred": (seen().centred, {"units": np.array([0, 1])}),
    "units.Features.whitened": (
        seen().whitened,
        {"units": np.array([0, 1]), "ridge": 0.01},
    ),
    "units.selectivity": (
        units.selectivity,
        {"activity": rng.normal(size=(4, 2)), "labels": np.array([0, 0, 1, 1])},
    ),
    "plotting.use_style": (plotting.use_style, {}),
    "check_env.installed": (check_env.installed, {"package": "numpy"}),
    "check_env.problems": (check_env.problems, {"needed": {"numpy": ("2.1", "3")}}),
    "check_env.main": (check_env.main, {}),
    "checks.call": (
        checks.call,
        {"function": lambda *args, **kwargs: 1.0, "args": np.ones(2), "kwargs": 3},
    ),
    "checks.as_array": (
        checks.as_array,
        {"value": np.ones(2), "shape": (2,), "name": "the states"},
    ),
    "live.finite": (live.finite, {"name": "W", "value": np.ones((3, 2)), "shape": (3, 2)}),
    "live.states": (live.states, {"W": 1.0, "U": 0.5, "b": 0.1, "digits": [4, 2, 5]}),
    "live.descent": (
        live.descent,
        {"W": 0.5, "U": 0.5, "rate": 0.001, "steps": 3, "mean": 4.5},
    ),
    "live.input_path": (
        live.input_path,
        {
            "kind": "logits",
            "target": 0.5,
            "start": 1.0,
            "rate": 0.1,
            "steps": 3,
            "W": 1.0,
            "b": 0.0,
        },
    ),
    "live.sliced": (live.sliced, {"weights": FUSED, "order": "ifco"}),
    "live.RnnDials": (
        live.RnnDials,
        {"W": 1.0, "U": 1.0, "b": 0.0, "digits": [4, 2, 5], "presets": {"a": (1.0, 1.0, 0.0)}},
    ),
    "live.LossSurface": (live.LossSurface, {"W": 0.7, "U": -1.0, "digits": [4, 2, 5]}),
    "live.Backwards": (live.Backwards, {"W": 0.4, "b": -25.0}),
    "live.DecodeShift": (live.DecodeShift, {"weights": ONE_HOT, "digits": [4, 2, 5]}),
    "live.DecodeBasis": (
        live.DecodeBasis,
        {"weights": [np.eye(10), np.ones((10, 1)), np.ones((1, 1)), np.ones(1)]},
    ),
    "live.GateMicroscope": (
        live.GateMicroscope,
        {"cell": GATES, "V": np.ones((2, 3)), "v": np.ones(3), "text": "ab", "unit": 1},
    ),
    "live.GateSlices": (
        live.GateSlices,
        {"weights": FUSED, "x": X, "h": np.zeros((2, 4, 2)), "order": "ifco"},
    ),
    "live.DrawTheTop": (
        live.DrawTheTop,
        {
            "rnn": RNN,
            "seen": seen(),
            "digits": {"noise": rng.random((6, 3))},
            "best": rng.random((2, 2, 4, 3)),
            "means": np.full(2, 0.5),
            "rows": 2,
        },
    ),
}
for _name in live.__all__:
    if inspect.isclass(_class := getattr(live, _name)) and _class is not live.LiveFigure:
        _figure = _class(**CALLS[f"live.{_name}"][1])
        for _method in [m for m in dir(_class) if not m.startswith("_")]:
            if callable(_bound := getattr(_figure, _method)):
                _arguments = {"figure": Figure()} if _method == "draw" else {}
                CALLS[f"live.{_name}.{_method}"] = _bound, _arguments


def public() -> set[str]:
    """Return the name of every public function, class and method."""
    names = set()
    for module_name in MODULES:
        module = importlib.import_module(f"course_utils.{module_name}")
        for name in getattr(module, "__all__", [n for n in vars(module) if n[0] != "_"]):
            thing = getattr(module, name)
            ours = getattr(thing, "__module__", None)
            if not callable(thing) or isinstance(thing, types.GenericAlias):
                continue
            if not hasattr(module, "__all__") and ours != module.__name__:
                continue
            names.add(f"{module_name}.{name}")
            if not inspect.isclass(thing):
                continue
            for cls in thing.__mro__:
                if cls.__module__.startswith("course_utils"):
                    methods = [m for m, f in vars(cls).items() if m[0] != "_" and _is_method(f)]
                    names.update(f"{module_name}.{name}.{method}" for method in methods)
    return {name for name in names if not name.startswith("live.LiveFigure.")}


def _is_method(thing: Any) -> bool:
    return inspect.isfunction(thing) or isinstance(thing, classmethod | staticmethod)


def test_the_table_is_complete():
    called = {name.split(" (")[0] for name in CALLS}
    assert public() - called - set(RECORDS) == set()
    assert set(RECORDS) <= public()
    for name, (function, arguments) in CALLS.items():
        wanted = set(inspect.signature(function).parameters)
        assert wanted == set(arguments), name


# ---- The bad values --------------------------------------------------------------------------

Bad = tuple[str, Any, bool]  # a name, the value, and whether it has to be refused

NONSENSE: list[Bad] = [
    ("None", None, True),
    ("text", "three", True),
    ("list of text", ["a", "b"], True),
    ("object", object(), True),
    ("complex", 1j, True),
]
NOT_FINITE: list[Bad] = [
    ("NaN", float("nan"), True),
    ("+inf", float("inf"), False),
    ("-inf", float("-inf"), False),
]
EMPTY: list[Bad] = [("empty list", [], False), ("empty dict", {}, False)]
RAGGED: Bad = ("ragged list", [[1, 2], [3]], True)


def whole(value: int) -> list[Bad]:
    """Return bad values for a whole number."""
    answered = {"bool": True, "negative": -1, "zero": 0, "2**63": 2**63, "10**30": 10**30}
    bad = [*NONSENSE, *((name, odd, True) for name, odd, _ in NOT_FINITE), RAGGED]
    bad += [("half", value + 0.5, True), ("array", np.array([1, 2]), True)]
    bad += [("empty array", np.array([]), True), ("10**11", 10**11, False)]
    return bad + [(name, odd, False) for name, odd in answered.items()]


def number(value: float) -> list[Bad]:
    """Return bad values for a number."""
    answered = {"bool": True, "negative": -1.0, "zero": 0.0, "1e308": 1e308, "10**400": 10**400}
    bad = [*NONSENSE, *NOT_FINITE, RAGGED, ("array", np.ones(2), False)]
    bad += [("empty array", np.array([]), True), ("10**30", 10**30, False)]
    return bad + [(name, odd, False) for name, odd in answered.items()]


def text(value: str) -> list[Bad]:
    """Return bad values for text."""
    bad = [*NONSENSE, *NOT_FINITE, *EMPTY, ("number", 3, True), ("bytes", b"abc", False)]
    del bad[1]
    bad += [("array", np.ones(2), False), ("10**30", 10**30, True)]
    return [*bad, ("another text", "three", False), ("empty text", "", False)]


def array(value: np.ndarray) -> list[Bad]:
    """Return bad values for an array."""
    bad = [*NONSENSE, *NOT_FINITE, RAGGED, ("empty", np.array([]), False)]
    bad += [("bool", True, False), ("10**30", 10**30, False), ("a dict", {"a": 1}, True)]
    kinds = {"complex": complex, "text": str, "whole": np.int64, "bool": bool, "half": "f2"}
    for name, kind in kinds.items():
        bad.append((f"{name} array", value.astype(kind), name in ("complex", "text")))
    objects = value.astype(object)
    objects.flat[0] = None
    bad.append(("array of objects", objects, True))
    bad.append(("array of dates", np.full(value.shape, "2020-01-01", "datetime64[D]"), True))
    bad.append(("one axis more", value[np.newaxis], False))
    bad.append(("one axis fewer", value.sum(axis=0, dtype=value.dtype), False))
    bad.append(("one row more", np.concatenate([value, value[:1]]), False))
    bad.append(("one row fewer", value[:-1], False))
    bad.append(("no rows", value[:0], False))
    wider = np.concatenate([value, value[..., :1]], axis=-1)
    bad.append(("one column more", wider, False))
    bad.append(("one column fewer", value[..., :-1], False))
    bad.append(("no columns", value[..., :0], False))
    bad += [("negative", -value - 1, False), ("zeros", np.zeros_like(value), False)]
    bad.append(("fractions", value + 0.5, False))
    for name, odd in {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf, "1e308": 1e308}.items():
        spoilt = value.astype(np.float64)
        spoilt.flat[-1] = odd
        bad.append((f"an entry {name}", spoilt, name == "NaN"))
    bad.append(("all 1e308", np.full(value.shape, 1e308), False))
    bad.append(("huge whole numbers", np.full(value.shape, 2**62), False))
    return bad


def sequence(value: list[Any] | tuple[Any, ...]) -> list[Bad]:
    """Return bad values for a list: as a whole, and entry by entry."""
    bad = [*NONSENSE, *NOT_FINITE, RAGGED, *EMPTY, ("number", 3, True)]
    as_kind = type(value)
    bad.append(("one more", as_kind([*value, value[-1]]), False))
    bad.append(("one fewer", value[:-1], False))
    for k, entry in enumerate(value[:4]):
        for name, odd, refused in catalogue(entry):
            spoilt = as_kind([*value[:k], odd, *value[k + 1 :]])
            bad.append((f"[{k}] {name}", spoilt, refused))
    return bad


def mapping(value: dict[Any, Any]) -> list[Bad]:
    """Return bad values for a dictionary: as a whole, by key and entry by entry."""
    bad = [*NONSENSE, *NOT_FINITE, RAGGED, *EMPTY, ("number", 3, True)]
    for key, entry in value.items():
        rest = {k: v for k, v in value.items() if k != key}
        bad.append((f"without {key}", rest, False))
        bad.append((f"{key} renamed", rest | {"strange": entry}, False))
        bad += [
            (f"[{key}] {name}", value | {key: odd}, refused)
            for name, odd, refused in catalogue(entry)
        ]
    return bad


def catalogue(value: Any) -> list[Bad]:
    """Return the bad values for a valid one."""
    if isinstance(value, bool):
        return [*NONSENSE, *NOT_FINITE, ("array", np.ones(2), True), ("number", 3, False)]
    for kind, bad in {
        int: whole,
        float: number,
        str: text,
        np.ndarray: array,
        list: sequence,
        tuple: sequence,
        dict: mapping,
    }.items():
        if isinstance(value, kind):
            return bad(value)
    others = [*EMPTY, ("number", 3, True), ("a class", int, False), ("a module", np, True)]
    return [*NONSENSE, *NOT_FINITE, RAGGED, *others, ("array", np.ones((2, 2)), True)]


# ---- The verdict -----------------------------------------------------------------------------


class TooLongError(BaseException):
    """A call took more than its time."""


def _late(*_: Any) -> None:
    raise TooLongError


def invoke(
    function: Callable[..., Any], arguments: dict[str, Any], seconds: float = SECONDS
) -> Any:
    """Call within limits of time and memory, and use up what is lazy."""
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (size + BYTES, before[1]))
        if inspect.Parameter.VAR_POSITIONAL in kinds:
            first, args, kwargs = arguments.values()
            result = function(first, args, kwargs=kwargs)
        else:
            result = function(**arguments)
        if isinstance(result, Iterator) or type(result).__name__ == "tqdm":
            result = list(result)
        elif isinstance(result, live.LiveFigure):
            result.alt()
            json.loads(live._figure._json(result.data()))
        elif isinstance(result, units.RowRNN | gates.Gates | training.History):
            repr(result)
        return result
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def form(result: Any) -> Any:
    """Return the form of a result: kinds, and numbers of axes of arrays."""
    if isinstance(result, torch.Tensor):
        result = result.detach().numpy()
    if isinstance(result, np.ndarray):
        return f"array of {result.ndim} axes"
    if isinstance(result, bool | np.bool_ | str):
        return type(result).__name__
    if isinstance(result, int | float | np.number):
        return "number"
    if isinstance(result, tuple):
        return tuple(form(entry) for entry in result)
    if isinstance(result, list):
        return {form(entry) for entry in result[:1]} or None
    return type(result).__name__


def numbers(result: Any) -> Iterator[np.ndarray]:
    """Yield the numbers in a result."""
    if isinstance(result, torch.Tensor):
        yield result.detach().numpy()
    elif isinstance(result, np.ndarray | float | np.number):
        yield np.asarray(result)
    elif isinstance(result, tuple | list):
        for entry in result:
            yield from numbers(entry)
    elif isinstance(result, dict):
        yield from numbers(list(result.values()))
    elif isinstance(result, torch.nn.Module):
        yield from numbers(list(result.parameters()))
    elif is_dataclass(result):
        yield from numbers([getattr(result, field.name) for field in fields(result)])


def all_finite(result: Any) -> bool:
    """Say whether the numbers of a result are numbers, and finite."""
    return all(a.dtype.kind in "biufU" and _finite(a) for a in numbers(result))


def _finite(a: np.ndarray) -> bool:
    return a.dtype.kind == "U" or bool(np.isfinite(a).all())


def named_errors(function: Callable[..., Any], name: str) -> set[str]:
    """Return the errors that the docstring names."""
    thing: Any = course_utils
    for part in name.split(" (")[0].split("."):
        thing = getattr(thing, part)
    found = re.findall(r"^ *([A-Z]\w+)$", inspect.getdoc(thing) or "", re.MULTILINE)
    return {"ValueError", "TypeError", *found}


def raised_here(error: BaseException) -> bool:
    """Say whether a raise statement of the package made the error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or not trace.tb_frame.f_code.co_filename.startswith(PACKAGE):
        return False
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def verdict(
    name: str, function: Callable[..., Any], arguments: dict[str, Any], good: Any, refuse: bool
) -> tuple[str, str]:
    """Return "error", "answer" or "bad", and what happened."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            result = invoke(function, arguments)
        except TooLongError:
            return "bad", f"took more than {SECONDS} s"
        except Exception as error:
            what = f"{type(error).__name__}: {str(error)[:150]}"
            kinds = {cls.__name__ for cls in type(error).__mro__}
            if not kinds & named_errors(function, name):
                return "bad", f"not a named error: {what}"
            if not raised_here(error):
                return "bad", f"not raised by the package: {what}"
            if len(str(error)) < 20:
                return "bad", f"says too little: {what}"
            if warned:
                return "bad", f"warned before: {warned[0].message}"
            return "error", what
    if warned:
        return "bad", f"warned: {warned[0].message}"
    if refuse:
        return "bad", f"accepted, returned {str(result)[:100]!r}"
    if all_finite(good) and not all_finite(result):
        return "bad", f"not finite: {str(result)[:100]!r}"
    if form(result) != form(good):
        return "bad", f"form {form(result)}, the valid call's is {form(good)}"
    return "answer", ""


def defaults_to_none(function: Callable[..., Any], parameter: str) -> bool:
    return inspect.signature(function).parameters[parameter].default is None


@pytest.fixture
def limits():
    """Have calls stop in time; kill the process if one does not return from C."""
    before = signal.signal(signal.SIGPROF, _late)
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    signal.signal(signal.SIGPROF, before)


def test_bad_input_gives_a_clear_error_or_a_right_answer(limits, capsys):
    counts: Counter[str] = Counter()
    faults, used, slow = [], set(), []
    for name, (function, arguments) in CALLS.items():
        invoke(function, arguments, seconds=60)  # imports what it needs
        good = invoke(function, arguments, seconds=10) if arguments else None
        for parameter, value in arguments.items():
            for bad, odd, refuse in catalogue(value):
                label = f"{name}: {parameter} = {bad}"
                if bad == "None" and (value is None or defaults_to_none(function, parameter)):
                    continue
                clock = time.process_time()
                call = arguments | {parameter: odd}
                said, what = verdict(name, function, call, good, refuse)
                if time.process_time() - clock > 0.5:
                    slow.append(label)
                plt.close("all")
                if said == "bad":
                    reasons = [p for p in ALLOWED if fnmatchcase(label, p)]
                    used.update(reasons)
                    said = "allowed" if reasons else "bad"
                    if not reasons:
                        faults.append(f"{label}: {what}")
                counts[said] += 1
    with capsys.disabled():
        print(
            f"\n{counts.total()} bad calls of {len(CALLS)} valid ones: {counts['error']} clear "
            f"errors, {counts['answer']} right answers, {counts['allowed']} allowed, "
            f"{counts['bad']} faults; slow: {slow}"
        )
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)
    assert set(ALLOWED) == used, f"gone: {set(ALLOWED) - used}"
