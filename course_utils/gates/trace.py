"""Run one layer over sequences and keep everything that it computed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from course_utils.arguments import array, fits
from course_utils.gates.cells import ACTIVATIONS, CELLS, Array

if TYPE_CHECKING:
    from course_utils.gates.weights import Gates


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Everything a cell computed, in arrays of shape (batch, steps, units).

    ``gates`` holds the value of each gate by the names of ``Gates.blocks``, ``pre_activations``
    the same before the activation. Strictly, "cell" of an LSTM and "candidate" of a GRU are no
    gates but what a gate lets in. ``h`` and ``c`` are the hidden state and the cell state after
    each step; a GRU has no c, None.

    Examples
    --------
    >>> from course_utils.gates import Gates
    >>> rng = np.random.default_rng(0)
    >>> gates = Gates.from_onnx(rng.normal(size=(1, 8, 3)), rng.normal(size=(1, 8, 2)))
    >>> trace = gates.trace(rng.normal(size=(5, 7, 3)))
    >>> trace
    Trace(gates input, forget, cell, output; h, c; each of shape (5, 7, 2))
    >>> kept, let_in = trace.gates["forget"], trace.gates["input"] * trace.gates["cell"]
    >>> np.allclose(trace.c[:, 1:], kept[:, 1:] * trace.c[:, :-1] + let_in[:, 1:])
    True
    """

    gates: Mapping[str, Array]
    pre_activations: Mapping[str, Array]
    h: Array
    c: Array | None = None

    def __repr__(self) -> str:
        states = "h" if self.c is None else "h, c"
        return f"Trace(gates {', '.join(self.gates)}; {states}; each of shape {self.h.shape})"


def run(gates: "Gates", x: ArrayLike, **states: ArrayLike | None) -> Trace:
    """Run a layer over x from the states before the first step, ``h`` and ``c``."""
    cell, dtype = CELLS[gates.cell], gates.dtype
    inputs = array(x, "x", dtype=dtype)
    if not fits(inputs.shape, (None, None, gates.features)):
        raise ValueError(
            f"x should have shape (batch, steps, {gates.features}), got {inputs.shape}; one "
            "sequence goes in as x[np.newaxis], samples of one step as x[:, np.newaxis]"
        )
    shape = len(inputs), gates.units
    first = {name: np.zeros(shape, dtype) for name in cell.states}
    for name, state in states.items():
        if state is not None:
            if name not in cell.states:
                raise ValueError(f"a {gates.cell} has no state {name}: leave out {name}0")
            first[name] = array(state, f"{name}0", shape, dtype)
    no_bias = np.zeros(gates.units, dtype)

    def stacked(*names: str) -> Array:
        parts = [getattr(block, name) for name in names for block in gates.blocks.values()]
        return np.stack([no_bias if part is None else part for part in parts])

    way = slice(None, None, -1 if gates.reverse else 1)
    with np.errstate(over="ignore", invalid="ignore"):
        Z, G, *after = cell.run(
            inputs.transpose(1, 0, 2)[way],
            stacked("kernel"),
            stacked("recurrent"),
            stacked("bias", "recurrent_bias").reshape(2, -1, gates.units),
            ACTIVATIONS[gates.recurrent_activation],
            ACTIVATIONS[gates.activation],
            *first.values(),
            **{name: getattr(gates, name) for name in cell.options},
        )

    def by_name(names: Iterable[str], arrays: Iterable[Array]) -> dict[str, Array]:
        return {k: a[way].transpose(1, 0, 2) for k, a in zip(names, arrays, strict=True)}

    return Trace(
        by_name(cell.blocks, G), by_name(cell.blocks, Z), **by_name(cell.states, after)
    )
