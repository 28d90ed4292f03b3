"""The weights of one recurrent layer, by the name of the gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils.gates import readers
from course_utils.gates.cells import ACTIVATIONS, CELLS, Array, named, two_biases
from course_utils.gates.layouts import Block, OnnxWeights, join, write_onnx_activations
from course_utils.gates.trace import Trace, run


@dataclass(frozen=True, eq=False, repr=False)
class Gates:
    """The weights of one LSTM or GRU, by the name of the gate.

    Read them from a layer with :meth:`from_keras`, :meth:`from_torch` or :meth:`from_onnx`, or
    build them by hand. They never change; ``dataclasses.replace`` makes a changed copy.

    Parameters
    ----------
    cell
        "LSTM" or "GRU".
    blocks
        A :class:`Block` for each gate, all float32 or all float64: "input", "forget", "cell",
        "output" for an LSTM, "update", "reset", "candidate" for a GRU.
    activation, recurrent_activation
        What the candidate goes through, and c in an LSTM; what the gates go through: "tanh",
        "relu", "sigmoid", "hard_sigmoid" (Keras 3 and PyTorch: z / 6 + 0.5, cut to 0 .. 1),
        "hard_sigmoid_0.2" (Keras 1 and 2, default of ONNX: 0.2 z + 0.5) or "linear".
    reset_after
        Whether a GRU resets after the product with U, as in PyTorch and by default in Keras.
    reverse
        Whether the cell reads its sequence from the last step to the first.
    time_major
        Whether the layer takes x as (steps, batch, features), as PyTorch does without
        ``batch_first`` and ONNX in layout 0; :meth:`trace` then takes and returns the same.
    masked
        Whether a mask reached the layer where it was read, as behind ``Masking``;
        :meth:`trace` then asks for one.

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
    time_major: bool = False
    masked: bool = False

    def __post_init__(self) -> None:
        names = named(self.cell).blocks
        if set(self.blocks) != set(names):
            raise ValueError(f"{self.cell} has the blocks {names}, got {tuple(self.blocks)}")
        for role in ("activation", "recurrent_activation"):
            if (name := getattr(self, role)) not in ACTIVATIONS:
                raise ValueError(f"{role} should be one of {list(ACTIVATIONS)}, got {name!r}")
        object.__setattr__(self, "blocks", {name: self.blocks[name] for name in names})
        first, *others = self.blocks.values()
        if odd := [repr(block) for block in others if repr(block) != repr(first)]:
            raise ValueError(f"all blocks should be like {first}, got {odd[0]}")
        two = first.bias is not None and two_biases(self.cell, self.reset_after)
        if two != (first.recurrent_bias is not None):
            raise ValueError(
                "a GRU with biases and reset_after=True has a recurrent_bias too (zeros will "
                f"do), no other cell has; got {first} in {self!r}"
            )
        arrays = [a for block in self.blocks.values() for a in vars(block).values()]
        kinds = sorted({a.dtype.name for a in arrays if a is not None})
        if kinds not in (["float32"], ["float64"]):
            raise TypeError(
                f"weights should be all float32 or all float64, got {' and '.join(kinds)}: "
                "convert them with .astype"
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
        """Length of h, and of c."""
        return self._kernel.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of the weights, float32 or float64; the trace has the same."""
        return self._kernel.dtype

    def __repr__(self) -> str:
        shown = ["activation", "recurrent_activation", *CELLS[self.cell].options]
        fields = "".join(f", {name} {getattr(self, name)}" for name in shown)
        marks = ("reverse", "time_major", "masked")
        set_ = "".join(f", {name}" for name in marks if getattr(self, name))
        return (
            f"Gates({self.cell}, features {self.features}, units {self.units}, {self.dtype}"
            f"{fields}{set_})"
        )

    @classmethod
    def from_keras(cls, layer: Any) -> "Gates":
        """Read a built Keras layer, LSTM or GRU, not the model that holds it.

        Dropout is a matter of training and leaves no mark here. A layer with ``go_backwards``
        is read as ``reverse=True``: the trace then belongs to the steps of x, where Keras
        returns them in the order of reading, last step first. The state kept by a ``stateful``
        layer is not read: pass it to :meth:`trace`.

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
        """Read one layer and direction of a PyTorch module, ``nn.LSTM`` or ``nn.GRU``.

        Layers count from 0; layer 1 takes the h of layer 0 for its input. ``reverse`` is the
        direction that runs from the last step to the first. A module without ``batch_first``
        is read as ``time_major``; ``dropout`` leaves no mark here.

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
        R: ArrayLike,
        B: ArrayLike | None = None,
        cell: str = "LSTM",
        **attributes: Any,
    ) -> "Gates":
        """Read the inputs and attributes of an ONNX operator, LSTM or GRU.

        The shapes of W, R and B are those of :class:`OnnxWeights`. The attributes are called as
        in ONNX, and have ONNX's defaults. Mind ``linear_before_reset``: the default 0 is
        ``reset_after=False``, while PyTorch and by default Keras reset after. ``layout`` 0 is
        ``time_major``. Initial states are arguments of :meth:`trace`. What neither Keras nor
        PyTorch can is refused: peepholes ``P``, ``clip``, ``input_forget``.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> W, R, B = rng.normal(size=(1, 8, 3)), rng.normal(size=(1, 8, 2)), np.zeros((1, 16))
        >>> gates = Gates.from_onnx(W, R, B, hidden_size=2)
        >>> np.array_equal(gates.blocks["output"].kernel, W[0, 2:4].T)
        True
        """
        return cls(**readers.from_onnx(W, R, B, cell, **attributes))

    def to_keras(self) -> list[Array]:
        """Return the weights as a list for ``set_weights`` of a Keras layer.

        Kernel (features, 4 units), recurrent kernel (units, 4 units) and, if there are biases,
        (4 units,); for a GRU 3 instead of 4, and with ``reset_after`` two rows of biases,
        (2, 3 units). The layer must have the same ``units``, ``activation``,
        ``recurrent_activation``, ``use_bias``, for a GRU ``reset_after``, and
        ``go_backwards=True`` if these gates are reverse.

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
                "computes the old one, take the weights with dataclasses.replace(gates, "
                'recurrent_activation="hard_sigmoid").to_keras()'
            )
        W, U, *biases = join("Keras", self.cell, self.blocks)
        return [W, U, np.stack(biases)] if len(biases) == 2 else [W, U, *biases]

    def to_torch(self, layer: int = 0) -> dict[str, Any]:
        """Return the weights as a state dict for ``load_state_dict`` of a PyTorch module.

        Tensors by name: ``weight_ih_l0`` (4 units, features), ``weight_hh_l0`` (4 units, units)
        and, if there are biases, ``bias_ih_l0`` and ``bias_hh_l0`` (4 units,); for a GRU 3
        instead of 4. An LSTM gets its biases as ``bias_ih`` and zeros as ``bias_hh``. The names
        of reverse gates end in ``_reverse``. To fill a module of several layers or both
        directions, merge: ``{**first.to_torch(), **second.to_torch(layer=1)}``.

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

        arrays = map(torch.from_numpy, join("PyTorch", self.cell, self.blocks))
        names = readers.torch_names(layer, self.reverse)
        return dict(zip(names, arrays, strict=False))  # without biases the last two are left

    def to_onnx(self) -> OnnxWeights:
        """Return the inputs and attributes of the ONNX operator of the same name.

        The attributes are for ``onnx.helper.make_node(gates.cell, inputs, outputs,
        **attributes)``. A GRU gets ``linear_before_reset``, which ONNX leaves 0 if it is not
        said.

        Examples
        --------
        >>> import torch
        >>> W, R, B, attributes = Gates.from_torch(torch.nn.GRU(2, 3)).to_onnx()
        >>> W.shape, R.shape, B.shape, attributes["activations"]
        ((1, 9, 2), (1, 9, 3), (1, 18), ['Sigmoid', 'Tanh'])
        >>> Gates.from_onnx(W, R, B, cell="GRU", **attributes).reset_after
        True
        """
        W, U, *biases = join("ONNX", self.cell, self.blocks)
        attributes: dict[str, Any] = {
            "hidden_size": self.units,
            "direction": "reverse" if self.reverse else "forward",
            **write_onnx_activations(self.cell, vars(self)),
        }
        if self.cell == "GRU":
            attributes["linear_before_reset"] = int(self.reset_after)
        B = np.concatenate(biases)[np.newaxis] if biases else None
        return OnnxWeights(W[np.newaxis], U[np.newaxis], B, attributes)

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
        out. The trace has the kind of the weights: 1,000 sequences of 100 steps through 128
        units of an LSTM in float32 take 0.5 GB. With relu and linear the state can leave the
        range of the numbers, an OverflowError. There is no dropout.

        Padded sequences need one of two arguments. At a padded step no state changes, whichever
        way the cell reads, and gates and pre-activations are NaN. ``lengths``, whole numbers
        of shape (batch,), counts the steps before the padding, as in PyTorch and ONNX; h and c
        are 0 at padded steps, as there. ``mask`` has the first two axes of x, true where a step
        is real, on whichever side the padding is, as in Keras; h and c at a padded step repeat
        those before it.

        What belongs to step t of x stands at step t of the trace, also for reverse gates, whose
        last state is therefore at step 0.

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
        """
        return run(self, x, lengths, mask, h=h0, c=c0)
