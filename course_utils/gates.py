"""Which slice is which gate, what every gate does at every step, and weights that move.

A recurrent layer keeps the weights of its gates side by side in one matrix, and each framework
has an order of its own (``ORDERS``). :class:`Gates` takes the weights of one LSTM or GRU
apart by name, runs them in NumPy so that every gate can be seen, and writes them in the layout
of another framework.

With row vectors, as in Keras, an LSTM computes at step t, for each gate k in input i, forget f,
output o, and for the cell candidate g, the pre-activation z_k = x_t W_k + h_{t-1} U_k + b_k;
then i, f, o = sigmoid(z), g = tanh(z_g), c_t = f c_{t-1} + i g and h_t = o tanh(c_t). A GRU
computes the update gate z, the reset gate r, the candidate
tanh(x_t W + b + r (h_{t-1} U + recurrent b)) and h_t = z h_{t-1} + (1 - z) candidate. With
``reset_after=False`` the candidate is tanh(x_t W + (r h_{t-1}) U + b). Other activations may
stand where sigmoid and tanh do.

Nothing here imports a framework, except that :meth:`Gates.to_torch` makes PyTorch tensors.

Taught in chapters 5 (slices and one step), 6 (gates at work) and 7 (moving weights). Sources:
the Keras and PyTorch code of both cells; the ONNX operators LSTM and GRU; question-and-answer
threads on LSTM kernels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _check, _layouts
from course_utils._cells import (
    ACTIVATIONS,
    Array,
    Trace,
    finite,
    first_state,
    run_gru,
    run_lstm,
)
from course_utils._layouts import ORDERS, Block, OnnxWeights, join, one_row, split, two_rows

__all__ = ["ORDERS", "Block", "Gates", "OnnxWeights", "Trace"]


@dataclass(frozen=True, eq=False, repr=False)
class Gates:
    """The weights of one LSTM or GRU, by the name of the gate.

    Read them from a layer with :meth:`from_keras`, :meth:`from_torch` or :meth:`from_onnx`, or
    build them by hand. A Gates object holds copies and never changes; ``dataclasses.replace``
    makes a changed one.

    Parameters
    ----------
    cell
        "LSTM" or "GRU".
    blocks
        A :class:`Block` for each gate: "input", "forget", "cell", "output" for an LSTM,
        "update", "reset", "candidate" for a GRU.
    activation
        What the candidate goes through, and c in an LSTM: "tanh", "relu", "sigmoid",
        "hard_sigmoid" (Keras 3 and PyTorch: z / 6 + 0.5, cut to 0 .. 1), "hard_sigmoid_0.2"
        (Keras 1 and 2, default of ONNX: 0.2 z + 0.5) or "linear".
    recurrent_activation
        What the gates go through, one of the same.
    reset_after
        Whether a GRU resets after the product with U, as in PyTorch and by default in Keras.
    reverse
        Whether the cell reads its sequence from the last step to the first.

    Raises
    ------
    TypeError
        If the weights are neither all float32 nor all float64, or an argument is of another
        type.
    ValueError
        If a block is missing, shapes do not fit together, or an activation is not known.

    Examples
    --------
    One unit that counts: the input gate is open, the forget gate keeps everything.

    >>> zero, one = np.zeros((1, 1)), np.ones((1, 1))
    >>> wide = Block(zero, zero, np.array([30.0]))
    >>> cell = Block(one, zero, np.array([0.0]))
    >>> blocks = {"input": wide, "forget": wide, "cell": cell, "output": wide}
    >>> counter = Gates("LSTM", blocks, activation="linear")
    >>> counter
    Gates(LSTM, features 1, units 1, float64, activation linear, recurrent_activation sigmoid)
    >>> counter.trace(np.ones((1, 4, 1))).h[0, :, 0].round(3)
    array([1., 2., 3., 4.])
    """

    cell: str
    blocks: Mapping[str, Block]
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    reset_after: bool = True
    reverse: bool = False

    def __post_init__(self) -> None:
        names = _layouts.block_names(self.cell)
        if not isinstance(self.blocks, Mapping):
            raise TypeError(f"blocks should be a dictionary, got {type(self.blocks).__name__}")
        if set(self.blocks) != set(names):
            raise ValueError(f"{self.cell} has the blocks {names}, got {tuple(self.blocks)}")
        for role in ("activation", "recurrent_activation"):
            name = getattr(self, role)
            if not isinstance(name, str) or name not in ACTIVATIONS:
                raise ValueError(f"{role} should be one of {list(ACTIVATIONS)}, got {name!r}")
        for role in ("reset_after", "reverse"):
            _check.flag(getattr(self, role), role)
        if odd := [repr(b) for b in self.blocks.values() if not isinstance(b, Block)]:
            raise TypeError(f"a block should be a Block, got {odd[0]}")
        object.__setattr__(self, "blocks", {name: self.blocks[name] for name in names})
        first, *others = self.blocks.values()
        if odd := [repr(block) for block in others if repr(block) != repr(first)]:
            raise ValueError(f"all blocks should be like {first}, got {odd[0]}")
        wants_two = self._two_biases and first.bias is not None
        if wants_two != (first.recurrent_bias is not None):
            raise ValueError(
                "a GRU with biases and reset_after=True has a recurrent_bias too (zeros will "
                f"do), no other cell has; got {first} in {self!r}"
            )
        arrays = [a for block in self.blocks.values() for a in vars(block).values()]
        if len(kinds := {str(a.dtype) for a in arrays if a is not None}) > 1:
            raise TypeError(
                f"weights should be of one kind, got {' and '.join(sorted(kinds))}: convert "
                "them with .astype"
            )

    @property
    def features(self) -> int:
        """How many numbers the cell reads at a step."""
        return self._first.kernel.shape[0]

    @property
    def units(self) -> int:
        """Length of h, and of c."""
        return self._first.kernel.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of the weights, float32 or float64; the trace has the same."""
        return self._first.kernel.dtype

    @property
    def _first(self) -> Block:
        return next(iter(self.blocks.values()))

    @property
    def _two_biases(self) -> bool:
        return self.cell == "GRU" and self.reset_after

    def __repr__(self) -> str:
        sizes = f"features {self.features}, units {self.units}, {self.dtype}"
        reset = f", reset_after {self.reset_after}" if self.cell == "GRU" else ""
        return (
            f"Gates({self.cell}, {sizes}, activation {self.activation}, recurrent_activation "
            f"{self.recurrent_activation}{reset}{', reverse' if self.reverse else ''})"
        )

    @classmethod
    def from_keras(cls, layer: Any) -> "Gates":
        """Read a built Keras layer, LSTM or GRU.

        Dropout is a matter of training and leaves no mark here. A layer with ``go_backwards``
        is read as ``reverse=True``: the trace then belongs to the steps of x, where Keras
        returns them in the order of reading, last step first. The state kept by a ``stateful``
        layer is not read: pass it to :meth:`trace`.

        Parameters
        ----------
        layer
            A ``keras.layers.LSTM`` or ``keras.layers.GRU``, not the model that holds it.

        Returns
        -------
        Gates
            A copy of the weights.

        Raises
        ------
        TypeError
            If ``layer`` is something else, or computes in another kind than its weights have.
        ValueError
            If it is not built yet, or an activation is none of those listed in :class:`Gates`.

        Examples
        --------
        >>> import keras
        >>> layer = keras.layers.LSTM(120, activation="relu")
        >>> layer.build((None, None, 5))
        >>> Gates.from_keras(layer).blocks["forget"]
        Block(kernel (5, 120), recurrent (120, 120), bias (120,))
        """
        if hasattr(layer, "forward_layer"):
            raise TypeError(
                "a Bidirectional layer holds two cells: pass layer.forward_layer or "
                "layer.backward_layer"
            )
        cell = _layouts.cell_name(layer, "get_weights", "Keras", "model.layers[0]")
        if not layer.built:
            raise ValueError(
                "this layer has no weights yet: call it on data first, or "
                "layer.build((None, None, features))"
            )
        weights = [np.asarray(array) for array in layer.get_weights()]
        if layer.compute_dtype != weights[0].dtype.name:
            raise TypeError(
                f"this layer keeps {weights[0].dtype} weights and computes in "
                f"{layer.compute_dtype}; a trace has one kind: build the layer with "
                'dtype="float32"'
            )
        W, U, *biases = weights
        b = biases[0].reshape(-1, W.shape[1]) if biases else None
        return cls(
            cell,
            split("Keras", cell, W, U, b),
            activation=_layouts.recognise(layer.activation, "activation"),
            recurrent_activation=_layouts.recognise(
                layer.recurrent_activation, "recurrent_activation"
            ),
            reset_after=bool(getattr(layer, "reset_after", True)),
            reverse=bool(layer.go_backwards),
        )

    @classmethod
    def from_torch(cls, module: Any, layer: int = 0, reverse: bool = False) -> "Gates":
        """Read one layer and direction of a PyTorch module, ``nn.LSTM`` or ``nn.GRU``.

        Parameters
        ----------
        module
            The module. Its ``batch_first`` and ``dropout`` leave no mark here.
        layer
            Which of its ``num_layers``, from 0. Layer 1 takes the h of layer 0 for its input.
        reverse
            Whether to read the direction that runs from the last step to the first.

        Returns
        -------
        Gates
            A copy of the weights.

        Raises
        ------
        TypeError
            If an argument is something else, or the weights are neither float32 nor float64.
        ValueError
            If it has no such layer or direction, or projects h (``proj_size``).

        Examples
        --------
        >>> import torch
        >>> gates = Gates.from_torch(torch.nn.GRU(3, 4, num_layers=2), layer=1)
        >>> gates
        Gates(GRU, features 4, units 4, float32, activation tanh, recurrent_activation sigmoid,
        reset_after True)
        """
        cell = _layouts.cell_name(module, "weight_ih_l0", "PyTorch", "model.lstm")
        if module.proj_size:
            raise ValueError(
                f"this LSTM projects h from {module.hidden_size} to {module.proj_size} numbers "
                "(proj_size), which no other framework here can: train it with proj_size=0"
            )
        if not 0 <= _check.whole(layer, "layer", 0) < module.num_layers:
            raise ValueError(f"layer should lie in 0 .. {module.num_layers - 1}, got {layer}")
        if _check.flag(reverse, "reverse") and not module.bidirectional:
            raise ValueError("reverse needs a module with bidirectional=True")
        suffix = _layouts.torch_suffix(layer, reverse)
        parts = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * bool(module.bias)
        W, U, *biases = [_layouts.from_tensor(getattr(module, part + suffix)) for part in parts]
        b = np.stack(biases) if biases else None
        if cell == "LSTM":
            b = one_row(b)
        return cls(cell, split("PyTorch", cell, W.T, U.T, b), reverse=reverse)

    @classmethod
    def from_onnx(
        cls,
        W: ArrayLike,
        R: ArrayLike,
        B: ArrayLike | None = None,
        cell: str = "LSTM",
        *,
        P: ArrayLike | None = None,
        activation_alpha: Sequence[float] = (),
        activation_beta: Sequence[float] = (),
        activations: Sequence[str | bytes] | None = None,
        clip: float | None = None,
        direction: str | bytes = "forward",
        hidden_size: int | None = None,
        input_forget: int = 0,
        layout: int = 0,
        linear_before_reset: int = 0,
    ) -> "Gates":
        """Read the inputs and attributes of an ONNX operator, LSTM or GRU.

        Mind ``linear_before_reset``: ONNX's default 0 is ``reset_after=False``, while PyTorch
        and by default Keras reset after. The initial states of ONNX are arguments of
        :meth:`trace`.

        Parameters
        ----------
        W, R
            Input and recurrent weights, shapes (1, 4 units, features) and (1, 4 units, units);
            for a GRU 3 instead of 4.
        B
            Input biases, then recurrent ones, shape (1, 8 units), for a GRU (1, 6 units).
        cell
            The operator: "LSTM" or "GRU".
        P
            Peepholes: not supported.
        activations, activation_alpha, activation_beta
            As in ONNX: names for gates, candidate and, in an LSTM, c, and the numbers that
            HardSigmoid and Affine among them take, in order.
        direction
            "forward" or "reverse".
        hidden_size
            Number of units, checked against R.
        layout
            Says how ONNX lays out x and h, not the weights; the trace has batch first.
        linear_before_reset
            1 for ``reset_after=True``.
        clip, input_forget
            Not supported.

        Returns
        -------
        Gates
            A copy of the weights.

        Raises
        ------
        TypeError
            If the weights are neither all float32 nor all float64, or an argument is of another
            type.
        ValueError
            If shapes do not fit, or an attribute asks for what neither Keras nor PyTorch has.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> W, R, B = rng.normal(size=(1, 8, 3)), rng.normal(size=(1, 8, 2)), np.zeros((1, 16))
        >>> gates = Gates.from_onnx(W, R, B, hidden_size=2)
        >>> np.array_equal(gates.blocks["output"].kernel, W[0, 2:4].T)
        True
        """
        k = len(_layouts.block_names(cell))
        _check.whole(input_forget, "input_forget", 0)
        _check.whole(layout, "layout", 0)
        _check.whole(linear_before_reset, "linear_before_reset", 0, most=1)
        if hidden_size is not None:
            _check.whole(hidden_size, "hidden_size", 1)
        _layouts.refuse_onnx_extras(P, clip, input_forget)
        way = _layouts.text(direction, "direction")
        if way not in ("forward", "reverse"):
            raise ValueError(
                f"direction should be 'forward' or 'reverse', got {way!r}: read a "
                "bidirectional operator twice, W[:1], R[:1], B[:1] as 'forward' and W[1:], "
                "R[1:], B[1:] as 'reverse'"
            )
        if linear_before_reset and cell != "GRU":
            raise ValueError("linear_before_reset belongs to a GRU, got an LSTM")
        if layout not in (0, 1):
            raise ValueError(f"layout should be 0 or 1, got {layout}")
        w, r = _check.real(W, "W"), _check.real(R, "R")
        b = None if B is None else _check.real(B, "B")
        u = r.shape[-1] if r.ndim else 0
        fits = w.ndim == 3 and w.shape[:2] == (1, k * u) and r.shape == (1, k * u, u)
        fits = fits and (b is None or b.shape == (1, 2 * k * u))
        if not fits or hidden_size not in (None, u):
            raise ValueError(
                f"an ONNX {cell} takes W (1, {k} units, features), R (1, {k} units, units) and "
                f"B (1, {2 * k} units); got W {w.shape}, R {r.shape}, "
                f"B {None if b is None else b.shape}, hidden_size {hidden_size}"
            )
        gate, candidate = _layouts.read_onnx_activations(
            cell, activations, activation_alpha, activation_beta
        )
        biases = None if b is None else b.reshape(2, -1)
        if not linear_before_reset:
            biases = one_row(biases)
        return cls(
            cell,
            split("ONNX", cell, w[0].T, r[0].T, biases),
            activation=candidate,
            recurrent_activation=gate,
            reset_after=cell == "LSTM" or bool(linear_before_reset),
            reverse=way == "reverse",
        )

    def to_keras(self) -> list[Array]:
        """Return the weights as a list for ``set_weights`` of a Keras layer.

        The list holds weights only. The layer must have the same ``units``, ``activation``,
        ``recurrent_activation``, ``use_bias``, for a GRU ``reset_after``, and
        ``go_backwards=True`` if these gates are reverse.

        Returns
        -------
        list of numpy.ndarray
            Kernel (features, 4 units), recurrent kernel (units, 4 units) and, if there are
            biases, (4 units,); for a GRU 3 instead of 4, and with ``reset_after`` two rows of
            biases, (2, 3 units).

        Raises
        ------
        ValueError
            If an activation is "hard_sigmoid_0.2", which Keras 3 no longer has.

        Examples
        --------
        >>> import keras, torch
        >>> gates = Gates.from_torch(torch.nn.LSTM(2, 3))
        >>> layer = keras.layers.LSTM(3)
        >>> layer.build((None, None, 2))
        >>> layer.set_weights(gates.to_keras())
        """
        if "hard_sigmoid_0.2" in (self.activation, self.recurrent_activation):
            raise ValueError(
                "Keras 3 has no 0.2 z + 0.5: its hard_sigmoid is z / 6 + 0.5. If your layer "
                "has recurrent_activation=lambda z: keras.ops.clip(0.2 * z + 0.5, 0, 1), take "
                "the weights with dataclasses.replace(gates, recurrent_activation="
                '"hard_sigmoid").to_keras()'
            )
        W, U, b = join("Keras", self.cell, self.blocks)
        return [W, U] if b is None else [W, U, b if self._two_biases else b[0]]

    def to_torch(self, layer: int = 0) -> dict[str, Any]:
        """Return the weights as a state dict for ``load_state_dict`` of a PyTorch module.

        PyTorch has two biases: an LSTM gets its own as ``bias_ih`` and zeros as ``bias_hh``.
        The names of reverse gates end in ``_reverse``. To fill a module of several layers or
        both directions, merge: ``{**first.to_torch(), **second.to_torch(layer=1)}``.

        Parameters
        ----------
        layer
            The place in a module with ``num_layers`` above 1, from 0.

        Returns
        -------
        dict
            Tensors by name: ``weight_ih_l0`` (4 units, features), ``weight_hh_l0``
            (4 units, units) and, if there are biases, ``bias_ih_l0`` and ``bias_hh_l0``
            (4 units,); for a GRU 3 instead of 4.

        Raises
        ------
        TypeError
            If ``layer`` is not a whole number.
        ValueError
            If ``layer`` is negative, or PyTorch cannot express the cell: activations other than
            tanh and sigmoid, or a GRU that resets before the product.

        Examples
        --------
        >>> import keras, torch
        >>> keras_layer = keras.layers.GRU(3)
        >>> keras_layer.build((None, None, 2))
        >>> module = torch.nn.GRU(2, 3, batch_first=True)
        >>> module.load_state_dict(Gates.from_keras(keras_layer).to_torch())
        <All keys matched successfully>
        """
        if (self.activation, self.recurrent_activation) != ("tanh", "sigmoid"):
            raise ValueError(
                "PyTorch's cells have tanh and sigmoid built in, these gates have "
                f"activation {self.activation} and recurrent_activation "
                f"{self.recurrent_activation}: train with tanh and sigmoid, or use to_onnx or "
                "to_keras"
            )
        if self.cell == "GRU" and not self.reset_after:
            raise ValueError(
                "PyTorch's GRU resets after the product with U: train the Keras layer with "
                "reset_after=True, or move these gates with to_onnx"
            )
        import torch

        suffix = _layouts.torch_suffix(layer, self.reverse)
        W, U, b = join("PyTorch", self.cell, self.blocks)
        arrays = {"weight_ih": W.T, "weight_hh": U.T}
        if b is not None:
            arrays["bias_ih"], arrays["bias_hh"] = two_rows(b)
        return {
            name + suffix: torch.from_numpy(np.ascontiguousarray(array))
            for name, array in arrays.items()
        }

    def to_onnx(self) -> OnnxWeights:
        """Return the inputs and attributes of the ONNX operator of the same name.

        Returns
        -------
        OnnxWeights
            W, R, B as :meth:`from_onnx` takes them, and ``attributes`` for
            ``onnx.helper.make_node(gates.cell, inputs, outputs, **attributes)``. A GRU gets
            ``linear_before_reset``, which ONNX leaves 0 if it is not said.

        Examples
        --------
        >>> import keras
        >>> layer = keras.layers.GRU(3)
        >>> layer.build((None, None, 2))
        >>> W, R, B, attributes = Gates.from_keras(layer).to_onnx()
        >>> W.shape, R.shape, B.shape
        ((1, 9, 2), (1, 9, 3), (1, 18))
        >>> attributes["activations"], attributes["linear_before_reset"]
        (['Sigmoid', 'Tanh'], 1)
        >>> Gates.from_onnx(W, R, B, cell="GRU", **attributes).reset_after
        True
        """
        W, U, b = join("ONNX", self.cell, self.blocks)
        attributes: dict[str, Any] = {
            "hidden_size": self.units,
            "direction": "reverse" if self.reverse else "forward",
            **_layouts.write_onnx_activations(
                self.cell, self.recurrent_activation, self.activation
            ),
        }
        if self.cell == "GRU":
            attributes["linear_before_reset"] = int(self.reset_after)
        w, r = (np.ascontiguousarray(a.T)[np.newaxis] for a in (W, U))
        return OnnxWeights(w, r, None if b is None else two_rows(b).reshape(1, -1), attributes)

    def trace(
        self, x: ArrayLike, h0: ArrayLike | None = None, c0: ArrayLike | None = None
    ) -> Trace:
        """Run the cell over sequences and keep every gate, pre-activation, c and h.

        It computes in the kind of the weights, without dropout and without a mask: trace
        sequences of different lengths apart, or read the padded steps as what they are. What
        belongs to step t of x stands at step t of the trace, also for reverse gates, whose
        last state is therefore at step 0.

        Parameters
        ----------
        x
            Shape (batch, steps, features), at least one step.
        h0, c0
            The states before the first step, each (batch, units); zeros if left out. A GRU has
            no c0.

        Returns
        -------
        Trace
            ``gates``, ``pre_activations``, ``h`` and ``c``, arrays of shape
            (batch, steps, units). 1,000 sequences of 100 steps through 128 units of an LSTM in
            float32 take 0.5 GB.

        Raises
        ------
        TypeError
            If an argument is not made of real numbers.
        ValueError
            If a shape does not fit, or an entry is NaN or infinite.
        OverflowError
            If the state grows out of the range of the numbers, as relu and linear allow.

        Examples
        --------
        >>> import keras
        >>> layer = keras.layers.LSTM(4, return_sequences=True)
        >>> x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)
        >>> h = np.asarray(layer(x))
        >>> trace = Gates.from_keras(layer).trace(x)
        >>> trace
        Trace(gates input, forget, cell, output; h, c; each of shape (2, 6, 4))
        >>> bool(np.abs(trace.h - h).max() < 1e-6)
        True
        >>> trace.gates["forget"].shape, trace.pre_activations["forget"].shape
        ((2, 6, 4), (2, 6, 4))
        """
        if c0 is not None and self.cell == "GRU":
            raise ValueError("a GRU has no cell state: leave out c0")
        inputs = finite(x, self.dtype, "x")
        if inputs.ndim != 3 or inputs.shape[1] < 1 or inputs.shape[2] != self.features:
            raise ValueError(
                f"x should have shape (batch, steps, {self.features}) with at least one step, "
                f"got {inputs.shape}; one sequence goes in as x[np.newaxis], samples of one "
                "step as x[:, np.newaxis]"
            )
        shape = len(inputs), self.units
        h, c = (first_state(s, shape, self.dtype, n) for s, n in ((h0, "h0"), (c0, "c0")))
        way = slice(None, None, -1 if self.reverse else 1)
        x_t = inputs.transpose(1, 0, 2)[way]
        zeros = np.zeros(self.units, self.dtype)

        def stacked(name: str) -> Array:
            arrays = (getattr(block, name) for block in self.blocks.values())
            return np.stack([zeros if array is None else array for array in arrays])

        W, U, b = stacked("kernel"), stacked("recurrent"), stacked("bias")
        activations = self.recurrent_activation, self.activation
        with np.errstate(over="ignore", invalid="ignore"):
            if self.cell == "LSTM":
                Z, G, *states = run_lstm(x_t, W, U, b, *activations, h, c)
            else:
                biases = b, stacked("recurrent_bias")
                Z, G, *states = run_gru(x_t, W, U, *biases, *activations, h, self.reset_after)

        def batch_first(array: Array) -> Array:
            return array[way].transpose(1, 0, 2)

        return Trace(
            gates=dict(zip(self.blocks, map(batch_first, G), strict=True)),
            pre_activations=dict(zip(self.blocks, map(batch_first, Z), strict=True)),
            h=batch_first(states[0]),
            c=batch_first(states[1]) if self.cell == "LSTM" else None,
        )
