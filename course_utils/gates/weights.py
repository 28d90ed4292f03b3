"""The weights of one recurrent layer, by the name of the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils.arguments import array
from course_utils.gates import readers, writers
from course_utils.gates.activations import Activation, in_place
from course_utils.gates.cells import named, two_biases
from course_utils.gates.layouts import PEEPHOLES, Block, OnnxWeights
from course_utils.gates.modules import Array
from course_utils.gates.trace import Trace, run


@dataclass(frozen=True, eq=False, repr=False)
class Gates:
    """The weights of one recurrent layer, by the name of the gate.

    Read them with :func:`read_gates`, or build them; ``dataclasses.replace`` makes a copy.

    Parameters
    ----------
    cell, blocks
        "LSTM", with a :class:`Block` for "input", "forget", "cell" and "output"; "GRU":
        "update", "reset", "candidate"; or "RNN", the plain h_t = f(x_t W + h_{t-1} U + b):
        "state". All are float32 or all float64.
    activation, recurrent_activation
        What the candidate goes through, and c in an LSTM, and the state of an RNN; what the
        gates go through. A name of Keras 3, such as "hard_sigmoid", z / 6 + 0.5 cut to 0 .. 1,
        or "hard_sigmoid_0.2" (Keras 1, 2 and ONNX: 0.2 z + 0.5), an operator of ONNX with its
        numbers such as "Elu(0.5)", or a function of arrays.
    reset_after
        Whether a GRU resets after the product with U, as in PyTorch.
    reverse
        Whether the cell reads from the last step to the first.
    time_major
        Whether :meth:`trace` takes x as (steps, batch, features), as the layer does.
    masked, started
        Whether its model gives the layer a mask or lengths, and its first states:
        :meth:`trace` then asks for them.
    zero_padded
        Whether h is 0 at steps that a mask leaves out, as with ``zero_output_for_mask``.
    clip
        Bound of what goes through the activations, c excepted, as in onnxruntime.
    projection, output_activation
        What an LSTM multiplies o tanh(c) by to get h, shape (units, length of h), and what c
        goes through, where that is not ``activation``.

    Examples
    --------
    One unit that counts:

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
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    reset_after: bool = True
    reverse: bool = False
    time_major: bool = False
    masked: bool = False
    started: bool = False
    zero_padded: bool = False
    clip: float | None = None
    projection: Array | None = None
    output_activation: Activation | None = None

    def __post_init__(self) -> None:
        names = named(self.cell).blocks
        if set(self.blocks) != set(names):
            raise ValueError(f"{self.cell} has the blocks {names}, got {tuple(self.blocks)}")
        for role in (self.activation, self.recurrent_activation, self.output_activation):
            in_place(role or "tanh")
        object.__setattr__(self, "blocks", {name: self.blocks[name] for name in names})
        first, *_ = self.blocks.values()
        like = [repr(replace(block, peephole=None)) for block in self.blocks.values()]
        if odd := set(like) - {like[0]}:
            raise ValueError(f"all blocks should be like {first}, got {odd.pop()}")
        two = first.bias is not None and two_biases(self.cell, self.reset_after)
        if two != (first.recurrent_bias is not None):
            which = "a GRU with reset_after and biases has a recurrent_bias too (zeros will do)"
            raise ValueError(f"{which}, no other cell has; got {first}")
        seeing = {name for name in names if self.blocks[name].peephole is not None}
        extra = seeing or self.projection is not None or self.output_activation is not None
        if (extra and self.cell != "LSTM") or not seeing <= set(PEEPHOLES):
            raise ValueError(
                f"only an LSTM has peepholes, in {PEEPHOLES}, a projection or output_activation"
            )
        if self.projection is not None:
            kept = np.array(array(self.projection, "projection", (self.units, None)))
            kept.setflags(write=False)
            object.__setattr__(self, "projection", kept)
        if first.recurrent.shape[0] != self.size:
            raise ValueError(
                f"h has {self.size} numbers, so the recurrent weights rows: {first}"
            )
        arrays = [a for block in self.blocks.values() for a in vars(block).values()]
        kinds = sorted({a.dtype.name for a in (*arrays, self.projection) if a is not None})
        if kinds not in (["float32"], ["float64"]):
            raise TypeError(
                f"weights should be all float32 or all float64, got {kinds}: .astype"
            )

    @property
    def _kernel(self) -> Array:
        return next(iter(self.blocks.values())).kernel

    @property
    def features(self) -> int:
        """How many numbers the cell reads at a step."""
        return self._kernel.shape[0]

    @property
    def units(self) -> int:
        """Length of c, and of h unless there is a projection."""
        return self._kernel.shape[1]

    @property
    def size(self) -> int:
        """Length of h."""
        return self.units if self.projection is None else self.projection.shape[1]

    @property
    def sees_c(self) -> bool:
        """Whether it has peepholes."""
        return any(block.peephole is not None for block in self.blocks.values())

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of the weights, float32 or float64; the trace has the same."""
        return self._kernel.dtype

    def __repr__(self) -> str:
        return writers.describe(self)

    @classmethod
    def from_keras(cls, layer: Any) -> "Gates":
        """Read a built layer of Keras: LSTM, GRU, SimpleRNN, one of their cells or RNN(cell).

        With ``go_backwards`` it is ``reverse``: Keras returns the steps in the order of
        reading, the trace in that of x. The state that a layer keeps is not read.

        Examples
        --------
        >>> import keras
        >>> layer = keras.layers.LSTM(120, activation="relu")
        >>> layer.build((None, None, 5))
        >>> Gates.from_keras(layer).blocks["forget"]
        Block(kernel (5, 120), recurrent (120, 120), bias (120,))
        """
        return cls(**readers.from_keras(layer))

    @classmethod
    def from_torch(cls, module: Any, layer: int = 0, reverse: bool = False) -> "Gates":
        """Read one layer, counted from 0, and direction of ``nn.LSTM``, ``nn.GRU``, ``nn.RNN``.

        It is ``time_major`` without ``batch_first``. Cells are read too.

        Examples
        --------
        >>> import torch
        >>> Gates.from_torch(torch.nn.GRU(3, 4, 2, batch_first=True), layer=1)
        Gates(GRU, features 4, units 4, float32, activation tanh, recurrent_activation sigmoid,
        reset_after True)
        """
        return cls(**readers.from_torch(module, layer, reverse))

    @classmethod
    def from_onnx(
        cls,
        W: ArrayLike,
        R: ArrayLike | None = None,
        B: ArrayLike | None = None,
        cell: str = "LSTM",
        P: ArrayLike | None = None,
        **attributes: Any,
    ) -> "Gates":
        """Read the inputs and attributes of an ONNX operator: LSTM, GRU or RNN.

        Shapes are those of :class:`OnnxWeights`, P is (1, 3 units). Defaults are ONNX's:
        ``linear_before_reset=0`` is ``reset_after=False``, ``layout=0`` is ``time_major``.

        Examples
        --------
        >>> W, R = np.arange(24.0).reshape(1, 8, 3), np.zeros((1, 8, 2))
        >>> gates = Gates.from_onnx(W, R, hidden_size=2)
        >>> np.array_equal(gates.blocks["output"].kernel, W[0, 2:4].T)
        True
        """
        if R is None or hasattr(W, "graph"):
            raise TypeError(
                f"wanted the arrays W and R of an operator, got {type(W).__name__}: a model or "
                "a file of ONNX is read with read_gates, a layer by the method of its framework"
            )
        ways = readers.from_onnx({"W": W, "R": R, "B": B, "P": P}, cell, **attributes)
        if len(ways) > 1:
            raise ValueError(
                "two directions, two layers: use read_gates(framework='ONNX', ...)"
            )
        return cls(**ways[0])

    def to_keras(self) -> list[Array]:
        """Return the weights as a list for ``set_weights`` of a Keras layer.

        Kernel (features, 4 units), recurrent kernel (units, 4 units), biases (4 units,); for a
        SimpleRNN 1, for a GRU 3 instead of 4, with ``reset_after`` biases (2, 3 units). The
        layer must be made alike: ``units``, activations, ``use_bias``, ``go_backwards``.

        Examples
        --------
        >>> import keras, torch
        >>> gates = Gates.from_torch(torch.nn.LSTM(2, 3))
        >>> layer = keras.layers.LSTM(3)
        >>> layer.build((None, None, 2))
        >>> layer.set_weights(gates.to_keras())
        """
        return writers.to_keras(self)

    def to_torch(self, layer: int = 0) -> dict[str, Any]:
        """Return the weights as a state dict for ``load_state_dict`` of a PyTorch module.

        ``weight_ih_l0`` (4 units, features), ``weight_hh_l0`` (4 units, units) and, if there
        are biases, ``bias_ih_l0`` and ``bias_hh_l0`` (4 units,), which is 0 but for a GRU; for
        a GRU 3 instead of 4, for an RNN 1. State dicts of several layers can be joined.

        Examples
        --------
        >>> import keras, torch
        >>> keras_layer = keras.layers.GRU(3)
        >>> keras_layer.build((None, None, 2))
        >>> module = torch.nn.GRU(2, 3, batch_first=True)
        >>> module.load_state_dict(Gates.from_keras(keras_layer).to_torch())
        <All keys matched successfully>
        """
        return writers.to_torch(self, layer)

    def to_onnx(self) -> OnnxWeights:
        """Return the inputs and attributes of the ONNX operator of the same name.

        The attributes are for ``onnx.helper.make_node``; ``layout`` is left at 0, time first,
        the only one that onnxruntime runs.

        Examples
        --------
        >>> import torch
        >>> W, R, B, attributes = Gates.from_torch(torch.nn.GRU(2, 3)).to_onnx()
        >>> W.shape, R.shape, B.shape, attributes["activations"]
        ((1, 9, 2), (1, 9, 3), (1, 18), ['Sigmoid', 'Tanh'])
        >>> Gates.from_onnx(W, R, B, cell="GRU", **attributes).reset_after
        True
        """
        return writers.to_onnx(self)

    def trace(
        self,
        x: ArrayLike,
        h0: ArrayLike | None = None,
        c0: ArrayLike | None = None,
        *,
        lengths: ArrayLike | None = None,
        mask: ArrayLike | None = None,
    ) -> Trace:
        """Run the cell over sequences and keep every gate, pre-activation, c and h.

        x has shape (batch, steps, features), or (steps, batch, features) for ``time_major``
        gates; h0 and c0, the states before the first step, (batch, units), are zeros if left
        out. 1,000 sequences of 100 steps through 128 units of an LSTM take 0.5 GB in float32,
        the kind of the weights. A state that leaves its range is an OverflowError.

        At a padded step no state changes, and gates and pre-activations are NaN. ``lengths``,
        shape (batch,), counts the steps before the padding, where h and c are then 0, as in
        PyTorch and ONNX. ``mask``, true where a step is real, has the first two axes of x, as
        in Keras; h and c then repeat those before, or h is 0 if ``zero_padded``.

        Step t of x is step t of the trace: the last state of reverse gates is at step 0.

        Examples
        --------
        >>> import keras
        >>> layer = keras.layers.LSTM(4, return_sequences=True)
        >>> x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)
        >>> h = np.asarray(layer(x))
        >>> bool(np.abs(Gates.from_keras(layer).trace(x).h - h).max() < 1e-6)
        True
        """
        return run(self, x, lengths, mask, h=h0, c=c0)
