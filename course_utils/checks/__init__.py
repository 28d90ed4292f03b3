"""What the exercises call with the learner's function: hints, never the answer.

Each chapter has a module of its own here, named like the chapter. This file holds what they
share.
"""

import io
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils import arguments

# A check multiplies and squares what it gets, and float64 ends at 1.8e308.
LARGEST = 1e99


class CheckFailed(AssertionError):
    """An answer that is not right yet; its message is the hint."""

    def _render_traceback_(self) -> list[str]:
        """Show the hint alone: IPython calls this in place of the traceback."""
        return [f"Not yet: {self}"]


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the learner's function and turn an error inside it into a hint.

    Arrays are copied first, so a function that changes its arguments does not spoil the next
    case. A function that is still the stub, or returned nothing, gives a hint too. Warnings and
    progress bars of the function are not shown: nbgrader takes them for a failure. Tensors
    come back as arrays.

    Examples
    --------
    >>> call(lambda a: a + 1, 2)
    3
    >>> call(lambda a: None, 2)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: <lambda> returned None: does it end with a return line?
    """
    return _called(
        function, [a.copy() if isinstance(a, np.ndarray) else a for a in args], kwargs
    )


def call_to_read(function: Callable[..., Any], case: str, *args: Any) -> Any:
    """Call the learner's function, which has to leave the arrays that it is given as they are.

    Examples
    --------
    >>> call_to_read(lambda a: a.sort() or a, "three numbers", np.array([2, 3, 1]))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: three numbers: an argument has other numbers afterwards; \
leave it as it came
    """
    given = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    result = _called(function, given, {})
    arrays = [pair for pair in zip(args, given, strict=True) if isinstance(pair[0], np.ndarray)]
    if not all(np.array_equal(*pair) for pair in arrays):
        raise CheckFailed(
            f"{case}: an argument has other numbers afterwards; leave it as it came"
        )
    return result


def _called(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not callable(function):
        raise CheckFailed(f"expected a function, got {type(function).__name__}")
    name = getattr(function, "__name__", "your function")
    try:
        result = quietly(function, *args, **kwargs)
    except NotImplementedError:
        raise CheckFailed(
            f"{name} is still the stub: write its body, then run this again"
        ) from None
    except Exception as error:
        said = f"{name} raised {type(error).__name__}: {error}"
        raise CheckFailed(said + _place(error, function)) from error
    if result is None:
        raise CheckFailed(f"{name} returned None: does it end with a return line?")
    return result


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function without its warnings and progress bars, and return arrays for tensors.

    Examples
    --------
    >>> quietly(np.divide, [1.0], [0.0])
    array([inf])
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        return _arrays(function(*args, **kwargs))


def _arrays(result: Any) -> Any:
    """Replace the tensors of PyTorch in a result, also those that carry a gradient."""
    if type(result) in (list, tuple):
        return type(result)(map(_arrays, result))
    if type(result) is dict:
        return {name: _arrays(value) for name, value in result.items()}
    if hasattr(result, "detach"):
        return result.detach().cpu().numpy()
    return result


def _place(error: Exception, function: Callable[..., Any]) -> str:
    """Say which line of the learner's own code an error came from, where that is known."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    own = [
        f for f in traceback.extract_tb(error.__traceback__) if f.filename == file and f.line
    ]
    return f" (in your line {own[-1].line!r})" if own else ""


def as_array(value: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Turn a learner's result into a float64 array of a given shape, ``()`` for a number.

    NaN, infinity and numbers above 1e99 give a hint, as no check could go on with them.

    Examples
    --------
    >>> as_array([1, 2], (2,), "the states")
    array([1., 2.])
    >>> as_array([1, 2], (3,), "the states")
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: the states should have shape (3,), got (2,)
    """
    try:
        array = arguments.array(value, name, shape, np.float64)
    except (TypeError, ValueError) as error:
        raise CheckFailed(str(error)) from None
    if (largest := np.abs(array).max(initial=0)) > LARGEST:
        raise CheckFailed(f"{name} should be smaller: got a number of size {largest:.3g}")
    return array


def close(got: ArrayLike, want: ArrayLike, rtol: float = 1e-5, atol: float = 1e-6) -> bool:
    """Say whether two arrays agree within rounding, also within that of float32.

    Examples
    --------
    >>> close(0.1 + 0.2, 0.3)
    True
    """
    return bool(np.allclose(got, want, rtol=rtol, atol=atol))
