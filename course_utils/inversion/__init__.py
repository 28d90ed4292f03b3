"""Running a network backwards: which input gives an output, and what the output feels.

:func:`reconstruct` searches inputs for many targets at once by gradient descent on the input.
:func:`sensitivity` returns the gradients that it follows. :func:`shut_gate` finds an input that
closes units of a gate, or proves that there is none. :func:`exact_inverse` undoes a stack of
layers one by one where that can be done, and :func:`rewind` a recurrent layer step by step.

A function is given as a pair (W, b) of NumPy arrays for x W + b, as a PyTorch module or a
function of a PyTorch tensor, or as a Keras model. It takes inputs of shape (count, ...) and
returns outputs of shape (count, m), each row computed from its own input alone. A function of
a tensor gets the float type of the inputs it is started from. No framework is imported here
before a function needs it.

Taught in chapters 8 (reconstruction), 9 (gates) and 10 (exact inverses); sensitivity has a page
of the appendix. Sources: "Study of a RNN toy model"; Kindermann and Linden 1990; Mahendran and
Vedaldi 2015; a question-and-answer thread on running a network in reverse.
"""

from course_utils.inversion.descent import Reconstruction, reconstruct, sensitivity
from course_utils.inversion.exact import NotInvertible, exact_inverse, rewind
from course_utils.inversion.layers import DenseLayer, read_layers
from course_utils.inversion.shutting import ShutGate, shut_gate

__all__ = [
    "DenseLayer",
    "NotInvertible",
    "Reconstruction",
    "ShutGate",
    "exact_inverse",
    "read_layers",
    "reconstruct",
    "rewind",
    "sensitivity",
    "shut_gate",
]
