"""Which slice is which gate, what every gate does at every step, and weights that move.

A recurrent layer keeps the weights of its gates side by side in one matrix, and each framework
has an order of its own (``ORDERS``). :class:`Gates` takes the weights of one LSTM, GRU or
plain recurrent layer apart by name, runs them in NumPy so that every gate can be seen, and
writes them in the layout of another framework. :func:`read_gates` reads a layer from the file
it is in, and :func:`list_gates` says what a file holds.

With row vectors, as in Keras, an LSTM computes at step t, for each gate k in input i, forget f,
output o, and for the cell candidate g, the pre-activation z_k = x_t W_k + h_{t-1} U_k + b_k;
then i, f, o = sigmoid(z), g = tanh(z_g), c_t = f c_{t-1} + i g and h_t = o tanh(c_t). A GRU
computes the update gate z, the reset gate r, the candidate
tanh(x_t W + b + r (h_{t-1} U + recurrent b)) and h_t = z h_{t-1} + (1 - z) candidate. With
``reset_after=False`` the candidate is tanh(x_t W + (r h_{t-1}) U + b). Other activations may
stand where sigmoid and tanh do.

Importing this imports no framework: h5py, PyTorch or onnx come in when a file needs them, and
:meth:`Gates.to_torch` makes PyTorch tensors.

Taught in chapters 5 (slices and one step), 6 (gates at work) and 7 (moving weights). Sources:
the Keras and PyTorch code of both cells; the ONNX operators LSTM and GRU; question-and-answer
threads on LSTM kernels.
"""

from course_utils.gates.layouts import ORDERS, Block, OnnxWeights
from course_utils.gates.sources import list_gates, read_gates
from course_utils.gates.trace import Trace
from course_utils.gates.weights import Gates

__all__ = ["ORDERS", "Block", "Gates", "OnnxWeights", "Trace", "list_gates", "read_gates"]
