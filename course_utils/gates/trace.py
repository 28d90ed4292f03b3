"""Run one layer over sequences and keep everything that it computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.arguments import array, fits
from course_utils.gates.activations import in_place
from course_utils.gates.cells import CELLS, Recurrent, over_time
from course_utils.gates.modules import Array, plain

if TYPE_CHECKING:
    from course_utils.gates.weights import Gates


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Everything a cell computed, in arrays of shape (batch, steps, units).

    Of ``time_major`` gates the shape is (steps, batch, units).

    ``gates`` holds the value of each gate by the names of ``Gates.blocks``, ``pre_activations``
    the same before the activation. Strictly, "cell" of an LSTM and "candidate" of a GRU are no
    gates but what a gate lets in. ``h`` and ``c`` are the hidden state and the cell state after
    each step; only an LSTM has c, else it is None.

    Examples
    --------
    >>> from course_utils.gates import Gates
    >>> rng = np.random.default_rng(0)
    >>> W, R = rng.normal(size=(1, 8, 3)), rng.normal(size=(1, 8, 2))
    >>> gates = Gates.from_onnx(W, R, layout=1)
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
        shape = next(iter(self.gates.values())).shape
        shorter = "" if self.h.shape == shape else f", h {self.h.shape}"
        return f"Trace(gates {', '.join(self.gates)}; {states}; each of shape {shape}{shorter})"


def run(gates: "Gates", x: Any, lengths: Any, mask: Any, **states: Any) -> Trace:
    """Run a layer over x from the states before the first step, ``h`` and ``c``."""
    cell, dtype = CELLS[gates.cell], gates.dtype
    if hasattr(x, "batch_sizes"):
        raise TypeError(
            "x is a packed sequence: unpack it, x, lengths = pad_packed_sequence(x, "
            "batch_first=...), and give trace both"
        )
    if mask is None and lengths is None:
        mask = getattr(x, "_keras_mask", None)  # a mask that Keras would use too
    inputs = array(plain(x), "x", dtype=dtype)
    axes = ("steps, batch", 1) if gates.time_major else ("batch, steps", 0)
    if not fits(inputs.shape, (None, None, gates.features)):
        raise ValueError(
            f"x should have shape ({axes[0]}, {gates.features}), got {inputs.shape}; one "
            f"sequence goes in as x{'[:, np.newaxis]' if axes[1] else '[np.newaxis]'}, samples "
            f"of one step as x{'[np.newaxis]' if axes[1] else '[:, np.newaxis]'}"
        )
    in_time = inputs if gates.time_major else inputs.transpose(1, 0, 2)
    steps, batch, _ = in_time.shape
    sizes = {"h": gates.size, "c": gates.units}
    first = {name: np.zeros((batch, sizes[name]), dtype) for name in cell.states}
    if gates.started and any(states[name] is None for name in cell.states):
        raise ValueError(
            f"its model gives this {gates.cell} its first states: give trace "
            f"{' and '.join(f'{name}0' for name in cell.states)} (np.zeros if they are 0)"
        )
    for name, state in states.items():
        if state is not None:
            if name not in cell.states:
                raise ValueError(f"a {gates.cell} has no state {name}: leave out {name}0")
            first[name] = array(plain(state), f"{name}0", first[name].shape, dtype)
    way = slice(None, None, -1 if gates.reverse else 1)
    real = _real_steps(gates, lengths, mask, steps, batch)
    padded = None if real is None else ~real[way]
    no_bias = np.zeros(gates.units, dtype)

    def stacked(role: str) -> Array:
        parts = [getattr(gates.blocks[name], role) for name in cell.order]
        parts = [no_bias if part is None else part for part in parts]
        # A product with a transposed matrix takes three times as long.
        return np.ascontiguousarray(np.stack(parts))

    bias, late = stacked("bias"), stacked("recurrent_bias")
    bias[:2] += late[:2]  # that of the candidate is for its own step
    more = Recurrent(
        stacked("recurrent"),
        late,
        in_place(gates.recurrent_activation),
        in_place(gates.activation),
        in_place(gates.output_activation or gates.activation),
        gates.reset_after,
        gates.clip,
        stacked("peephole")[:3, np.newaxis] if gates.sees_c else None,
        gates.projection,
        np.empty((len(cell.order), batch, gates.units), dtype),
        np.empty((batch, gates.units), dtype),
    )
    one = np.ones((steps, batch, 1), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        Z, G, kept = over_time(
            cell,
            np.concatenate([in_time[way], one], axis=-1),
            np.concatenate([stacked("kernel"), bias[:, np.newaxis]], axis=1),
            list(first.values()),
            padded,
            more,
        )
        _refuse_overflow(Z, *kept)
    if padded is not None:
        Z.swapaxes(1, 2)[padded] = np.nan
        G.swapaxes(1, 2)[padded] = np.nan
        kept[0][padded] *= lengths is None and not gates.zero_padded
        if lengths is not None and len(kept) > 1:
            kept[1][padded] = 0

    def shown(of_steps: Array) -> Array:
        return of_steps[way] if gates.time_major else of_steps[way].transpose(1, 0, 2)

    def by_name(blocks: Array) -> dict[str, Array]:
        return {name: shown(blocks[:, cell.order.index(name)]) for name in cell.blocks}

    after = {name: shown(state) for name, state in zip(cell.states, kept, strict=True)}
    return Trace(by_name(G), by_name(Z), **after)


def _refuse_overflow(*of_steps: Array) -> None:
    """Say at which step a number left its range."""
    # A sum of squares is finite only if each number is, and takes a tenth of the time.
    if all(np.isfinite(np.vdot(a, a)) for a in of_steps):
        return
    whole = [np.isfinite(a).reshape(len(a), -1).all(axis=1) for a in of_steps]
    if not np.all(whole):
        after = int(np.argmin(np.all(whole, axis=0)))
        raise OverflowError(
            f"the state left the range of {of_steps[0].dtype} after {after} of "
            f"{len(of_steps[0])} steps: with relu or linear it can grow at every step; shorten "
            "x, scale x or the weights down, or train with tanh and sigmoid"
        )


def _real_steps(gates: "Gates", lengths: Any, mask: Any, steps: int, batch: int) -> Any:
    """Return which steps are no padding, shape (steps, batch), or None if all are real."""
    if lengths is not None and mask is not None:
        raise ValueError("lengths and mask say the same thing: give one of them")
    if lengths is not None:
        ends = array(plain(lengths), "lengths", (batch,))
        if not np.isin(ends, range(steps + 1)).all():
            raise ValueError(
                f"lengths should be whole numbers from 0 to {steps}, got {lengths}"
            )
        return np.arange(steps)[:, np.newaxis] < ends
    if mask is not None:
        shape = (steps, batch) if gates.time_major else (batch, steps)
        real = array(plain(mask), "mask", shape) != 0
        return real if gates.time_major else real.T
    if gates.masked:
        raise ValueError(
            "a mask reached this layer in its model, so it skips padded steps: give trace the "
            "mask, shape (batch, steps), true where a step is real (np.ones if all are), or "
            "lengths"
        )
    return None
