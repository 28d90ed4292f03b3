"""What can hurt a reader: a wrong number without a word.

``CALLS`` holds a valid call of everything public that takes arrays from outside. Each array of
each call is spoilt in turn. NaN, complex numbers, swapped axes and an axis too few have to be
refused. Empty arrays and numbers at the end of float64 may be refused; if not, the answer is
finite or a warning was given.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from course_utils import checks, data, decoding, gates, inversion, live, networks, units
from course_utils.arguments import array

ALLOWED = {
    "data.split*": "it cuts rows and computes with none of them",
    "data.*: digits, *ax*": "digits of any shape",
    "*DenseLayer.__call__: x, an axis fewer": "one row as well as many",
    "*RowRNN.predict: h, an axis fewer": "states of any shape",
    "*shift (embedded): c, an axis fewer": "a number for all columns",
    "*shut_gate: bounds, ?1? an axis fewer": "a number for all inputs",
    "live.Decode*: weights, ?[123]? an axis fewer": "U and b may come as numbers",
    "inversion.reconstruct*: targets, NaN": "an output that is free, which the answer counts",
    "*change_basis: weights, ?1? at the end of float64": "LAPACK gives infinity",
}
"""Deliberate exceptions: a pattern of spoilt calls, and the reason."""

rng = np.random.default_rng(0)
SCALAR = [np.array([[0.5]]), np.array([[0.9]]), np.array([0.25])]
ONE_HOT = [rng.normal(size=(10, 1)), np.array([[0.9]]), np.array([0.25])]
EMBEDDED = [rng.normal(size=(10, 2)), np.array([[0.5], [0.1]]), np.array([[0.9]]), np.ones(1)]
TWO = [rng.normal(size=(3, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)]
FUSED = [rng.normal(size=(3, 8)), rng.normal(size=(2, 8)), rng.normal(size=8)]
X = rng.random((4, 5, 3))

ONNX = {"W": rng.normal(size=(1, 6, 3)), "R": rng.normal(size=(1, 6, 2)), "B": np.ones((1, 12))}
LSTM = gates.Gates.from_torch(torch.nn.LSTM(3, 2, batch_first=True).double())
GRU = gates.Gates.from_torch(torch.nn.GRU(3, 2).double())
LAYER = inversion.DenseLayer(np.diag([2.0, 4.0]), np.array([0.5, 0.0]), "tanh")
LINEAR, HALF = torch.nn.Linear(3, 2).double(), np.full((4, 2), 0.5)
CELL = {"W": np.ones((1, 2)), "U": np.diag([0.9, 1.1]), "b": np.zeros(2)}
PAIR = (np.array([[1.0, 0.2], [0.5, 1.0], [0.3, 0.1]]), np.ones(2))

descend = partial(inversion.reconstruct, learning_rate=0.1, steps=3)

shapes = {"W": (3, 2), "U": (2, 2), "b": (2,), "V": (2, 3), "c": (3,)}
WEIGHTS = {name: rng.normal(size=shape) for name, shape in shapes.items()}
RNN = units.RowRNN(**WEIGHTS)


def seen() -> units.Features:
    """Return averages of windows for two units."""
    features = units.Features(whiten=True)
    features.add(np.random.default_rng(1).random((30, 5, 3)), np.ones((30, 2)))
    return features


def valid(function: Callable[..., Any], /, **arguments: Any) -> Any:
    return function, arguments


CALLS = {
    "data.split": valid(data.split, digits=np.ones((4, 3)), sums=np.ones(4), held_out=1),
    "data.as_scalars": valid(data.as_scalars, digits=np.arange(6).reshape(2, 3)),
    "data.one_hot": valid(data.one_hot, digits=np.arange(6).reshape(2, 3)),
    "networks.counting_networks": valid(
        partial(networks.counting_networks, [0], updates=1, texts=["$ab", "$aabb"]),
        targets=data.legal_next(["$ab", "$aabb"]),
    ),
    "decoding.predict": valid(decoding.predict, weights=TWO, x=X),
    "decoding.decode": valid(decoding.decode, weights=SCALAR),
    "decoding.decode (one-hot)": valid(decoding.decode, weights=ONE_HOT),
    "decoding.decode (embedded)": valid(decoding.decode, weights=EMBEDDED),
    "decoding.shift": valid(decoding.shift, weights=ONE_HOT, c=2.0),
    "decoding.shift (embedded)": valid(decoding.shift, weights=EMBEDDED, c=np.ones(2)),
    "decoding.change_basis": valid(decoding.change_basis, weights=EMBEDDED, A=TWO[1]),
    "gates.Block": valid(
        gates.Block, kernel=TWO[0], recurrent=TWO[1], bias=TWO[2], recurrent_bias=TWO[2]
    ),
    "gates.Gates.from_onnx": valid(
        partial(gates.Gates.from_onnx, cell="GRU", hidden_size=2, linear_before_reset=1), **ONNX
    ),
    "gates.Gates.trace": valid(LSTM.trace, x=X, h0=np.zeros((4, 2)), c0=np.zeros((4, 2))),
    "gates.Gates.trace (GRU)": valid(GRU.trace, x=X, h0=np.zeros((4, 2))),
    "inversion.DenseLayer": valid(inversion.DenseLayer, W=TWO[0], b=TWO[2]),
    "inversion.DenseLayer.__call__": valid(LAYER.__call__, x=np.ones((3, 2))),
    "inversion.exact_inverse": valid(
        partial(inversion.exact_inverse, [LAYER, LAYER]), y=np.full((3, 2), 0.5)
    ),
    "inversion.rewind": valid(
        partial(inversion.rewind, activation="tanh"), h=HALF, x=X[..., :1], **CELL
    ),
    "inversion.reconstruct": valid(
        descend, function=PAIR, targets=HALF, start=np.zeros((4, 3))
    ),
    "inversion.reconstruct (torch)": valid(
        partial(descend, LINEAR), targets=HALF, start=np.zeros((1, 3))
    ),
    "inversion.sensitivity": valid(
        partial(inversion.sensitivity, activation="sigmoid"), function=PAIR, inputs=X[0]
    ),
    "inversion.shut_gate": valid(
        inversion.shut_gate, W=PAIR[0], b=PAIR[1], opening=0.1, bounds=(-9.0, np.full(3, 9.0))
    ),
    "units.RowRNN": valid(units.RowRNN, **WEIGHTS),
    "units.RowRNN.run": valid(RNN.run, rows=X, start=np.zeros((4, 2))),
    "units.RowRNN.predict": valid(RNN.predict, h=np.zeros((5, 2))),
    "units.RowRNN.roll": valid(RNN.roll, start=np.zeros((5, 2)), steps=2),
    "units.windows": valid(units.windows, images=X, starts=np.array([0, 1, 2, 0]), length=3),
    "units.Features.add": valid(
        lambda **batch: seen().add(**batch), windows=X, z=np.ones((4, 2))
    ),
    "units.selectivity": valid(
        units.selectivity, activity=X[:, 0], labels=np.array([0, 0, 1, 1])
    ),
    "checks.as_array": valid(
        partial(checks.as_array, shape=(3, 2), name="the states"), value=np.ones((3, 2))
    ),
    "live.DecodeShift": valid(live.DecodeShift, weights=ONE_HOT),
    "live.DecodeBasis": valid(
        live.DecodeBasis, weights=[rng.normal(size=(10, 10)), np.ones((10, 1)), *SCALAR[1:]]
    ),
    "live.GateMicroscope": valid(
        partial(live.GateMicroscope, LSTM), V=np.ones((2, 3)), v=np.ones(3)
    ),
    "live.GateSlices": valid(live.GateSlices, weights=FUSED, x=X, h=np.zeros((4, 5, 2))),
    "live.DrawTheTop": valid(
        partial(live.DrawTheTop, RNN, seen(), rows=2),
        digits={"noise": rng.random((6, 3))},
        best=rng.random((2, 7, 5, 3)),
        means=np.full(2, 0.5),
    ),
}


def takes_arrays(thing: Any, module: str) -> bool:
    ours = inspect.isfunction(thing) and thing.__module__.startswith(module)
    parameters = inspect.signature(thing).parameters.values() if ours else ()
    return any("_SupportsArray" in str(parameter.annotation) for parameter in parameters)


def test_every_public_function_that_takes_arrays_is_in_the_table():
    wanted = {
        f"{module.__name__.removeprefix('course_utils.')}.{name}"
        for module in (data, networks, decoding, gates, inversion, units)
        for name, thing in vars(module).items()
        if name[0] != "_" and takes_arrays(thing, module.__name__)
    }
    assert wanted - {name.split(" (")[0] for name in CALLS} == set()
    assert len(wanted) > 10


def spoilt(good: np.ndarray) -> Iterator[tuple[str, np.ndarray, bool]]:
    """Yield a kind of fault, an array that has it, and whether it has to be refused."""
    last = good.astype(float)
    last.flat[-1] = np.nan
    yield "NaN", last, True
    yield "complex", good.astype(complex), True
    yield "an axis fewer", good[0], True
    if good.ndim > 1 and good.shape[-1] != good.shape[-2]:
        yield "swapped axes", good.swapaxes(-1, -2), True
    yield "no rows", good[:0], False
    yield "no columns", good[..., :0], False
    yield "at the end of float64", np.full(good.shape, 1e308), False
    yield "whole numbers at their end", np.full(good.shape, 2**62), False


def faults(value: Any) -> Iterator[tuple[str, Any, bool]]:
    """Spoil an array, or each array in a list or dictionary."""
    if isinstance(value, np.ndarray):
        yield from spoilt(value)
    elif isinstance(value, list | tuple):
        for k, entry in enumerate(value):
            for kind, bad, refuse in faults(entry):
                yield f"[{k}] {kind}", type(value)([*value[:k], bad, *value[k + 1 :]]), refuse
    elif isinstance(value, dict):
        for key, entry in value.items():
            for kind, bad, refuse in faults(entry):
                yield f"[{key}] {kind}", value | {key: bad}, refuse


def numbers(result: Any) -> Iterator[np.ndarray]:
    """Yield the numbers in an answer."""
    if isinstance(result, live.LiveFigure):
        result = result.data()
    if isinstance(result, torch.nn.Module):
        result = [weight.detach().numpy() for weight in result.parameters()]
    if is_dataclass(result):
        result = [getattr(result, field.name) for field in fields(result)]
    if isinstance(result, np.ndarray | float | np.number):
        yield np.asarray(result)
    elif isinstance(result, tuple | list | dict | Iterator):
        for entry in result.values() if isinstance(result, dict) else result:
            yield from numbers(entry)


def finite(result: Any) -> bool:
    return all(a.dtype.kind not in "fc" or np.isfinite(a).all() for a in numbers(result))


def verdict(call: Callable[[], Any], refuse: bool) -> str:
    """Return what is wrong with the answer to a spoilt call; nothing if all is well."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            result = call()
            fine = finite(result)
        except (ValueError, TypeError, checks.CheckFailed) as error:
            return "" if len(str(error)) > 15 else f"says too little: {error}"
        except Exception as error:
            return f"{type(error).__name__}: {error}" if refuse else ""
    return "" if warned or (fine and not refuse) else f"answered {str(result)[:80]}"


@pytest.mark.parametrize("name", CALLS)
def test_no_wrong_number_comes_without_a_word(name):
    function, arguments = CALLS[name]
    assert verdict(partial(function, **arguments), refuse=False) == ""
    found = {}
    for parameter, value in arguments.items():
        for kind, bad, refuse in faults(value):
            label = f"{name}: {parameter}, {kind}"
            if not any(fnmatchcase(label, pattern) for pattern in ALLOWED):
                call = partial(function, **arguments | {parameter: bad})
                said = verdict(call, refuse)
                found |= {label: said} if said else {}
    assert not found, "\n".join(f"{label}: {said}" for label, said in found.items())


@pytest.mark.parametrize(
    ("function", "careful"),
    [
        (lambda x: array(x, "x", (2, 3)), True),
        (np.nansum, False),
        (np.size, False),
        (lambda x: 0 * np.sum(array(x, "x", (None, None))), False),
    ],
)
def test_a_careless_function_is_found(function, careful):
    said = [
        verdict(partial(function, bad), refuse) for _, bad, refuse in spoilt(np.ones((2, 3)))
    ]
    assert any(said) is not careful
