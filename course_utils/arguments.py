"""The one judge of arrays and numbers that come from outside.

What a reader plausibly gets wrong, and NumPy would answer with a wrong number or a riddle, is
said here; what Python and NumPy say well, they say.
"""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def array(
    value: Any,
    name: str,
    shape: tuple[int | None, ...] | None = None,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    """Return finite real numbers of the wanted shape, or say what came instead.

    Parameters
    ----------
    value
        Anything NumPy turns into an array.
    name
        What the error message calls it.
    shape
        The wanted shape, None for a length that is free. Without it any shape will do.
    dtype
        What to convert to. Without it floats keep their precision, all else becomes float64.

    Examples
    --------
    >>> array([1, 2], "b", shape=(None,))
    array([1., 2.])
    """
    try:
        given = np.asarray(value)
    except ValueError:  # NumPy's message on lists of unequal lengths names no argument
        raise ValueError(f"{name} should have rows of one length") from None
    if given.dtype.kind not in "biuf":
        came = type(value).__name__ if given.dtype.kind in "OUS" else given.dtype
        raise TypeError(f"{name} should hold real numbers, got {came}")
    if shape is not None and not fits(given.shape, shape):
        wanted = str(shape).replace("None", "any")
        raise ValueError(f"{name} should have shape {wanted}, got {given.shape}")
    kind = dtype or (given.dtype if given.dtype.kind == "f" else np.float64)
    with np.errstate(over="ignore"):
        found = given.astype(kind, copy=False)
    finite = np.isfinite(found)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        at = f" at {place}" if place else ""
        raise ValueError(f"{name} should be finite in {found.dtype}, got {given[place]}{at}")
    return found


def fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Say whether a shape is the wanted one, where None leaves a length free."""
    return len(shape) == len(wanted) and all(
        want in (None, got) for want, got in zip(wanted, shape, strict=True)
    )


def whole(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Return a whole number from ``least`` to ``most``, or say what came instead."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} should be a whole number, got {value!r}")
    found = int(value)
    if found < least or (most is not None and found > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} should be {limits}, got {found}")
    return found


def number(value: Any, name: str, least: float = -np.inf) -> float:
    """Return a finite number of at least ``least``, or say what came instead."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} should be a number, got {value!r}")
    if not np.isfinite(float(value)) or value < least:
        limit = "finite" if least == -np.inf else f"finite and at least {least}"
        raise ValueError(f"{name} should be {limit}, got {value}")
    return float(value)
