"""Which slice is which gate, what every gate does at every step, and weights that move.

A recurrent layer keeps the weights of its gates side by side in one matrix, and each framework
has an order of its own (``ORDERS``). :class:`Gates` takes the weights of one LSTM or GRU
apart by name, runs them in NumPy so that every gate can be seen (``cells`` holds the formulas),
and writes them in the layout of another framework.

Nothing here imports a framework, except that :meth:`Gates.to_torch` makes PyTorch tensors.

Taught in chapters 5 (slices and one step), 6 (gates at work) and 7 (moving weights). Sources:
the Keras and PyTorch code of both cells; the ONNX operators LSTM and GRU; question-and-answer
threads on LSTM kernels.
"""

from course_utils.gates.layouts import ORDERS, Block, OnnxWeights
from course_utils.gates.trace import Trace
from course_utils.gates.weights import Gates

__all__ = ["ORDERS", "Block", "Gates", "OnnxWeights", "Trace"]
