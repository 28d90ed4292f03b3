"""What the exercises call with the learner's function: hints, never the answer.

Each chapter has a module of its own here, named like the chapter. This file holds what they
share.
"""

from collections.abc import Callable
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
    case. A function that is still the stub, or returned nothing, gives a hint too.

    Examples
    --------
    >>> call(lambda a: a + 1, 2)
    3
    >>> call(lambda a: None, 2)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: <lambda> returned None: does it end with a return line?
    """
    if not callable(function):
        raise CheckFailed(f"expected a function, got {type(function).__name__}")
    name = getattr(function, "__name__", "your function")
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    try:
        result = function(*copies, **kwargs)
    except NotImplementedError:
        raise CheckFailed(
            f"{name} is still the stub: write its body, then run this again"
        ) from None
    except Exception as error:
        raise CheckFailed(f"{name} raised {type(error).__name__}: {error}") from error
    if result is None:
        raise CheckFailed(f"{name} returned None: does it end with a return line?")
    return result


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


def close(got: ArrayLike, want: ArrayLike, rtol: float = 1e-6, atol: float = 1e-9) -> bool:
    """Say whether two arrays agree within rounding, as :func:`numpy.allclose` does.

    Examples
    --------
    >>> close(0.1 + 0.2, 0.3)
    True
    """
    return bool(np.allclose(got, want, rtol=rtol, atol=atol))
