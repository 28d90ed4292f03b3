"""What stands in for SciPy in the page, and for the errors of NumPy that a browser swallows.

SciPy itself would treble what a reader downloads. :func:`install` puts the few functions that
checks and exercises use in its place, so that chapters and learners import them by their usual
names.
"""

import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def expit(x: ArrayLike) -> Array:
    """Return 1 / (1 + exp(-x)), without overflow, in float32 where x is float32."""
    x = np.asarray(x)
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


def rankdata(values: ArrayLike, axis: int | None = None) -> Array:
    """Return ranks from 1; equal values share the mean of theirs."""
    values = np.asarray(values)
    if axis is not None:
        return np.apply_along_axis(rankdata, axis, values)
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = count.cumsum()
    return ((last - count + 1 + last) / 2)[place.ravel()]


def cdist(p: ArrayLike, q: ArrayLike) -> Array:
    """Return the Euclidean distances between the rows of p and those of q."""
    return np.linalg.norm(np.asarray(p)[:, None] - np.asarray(q)[None], axis=-1)


def pdist(p: ArrayLike) -> Array:
    """Return the distances between any two rows of p, as a vector."""
    return cdist(p, p)[np.triu_indices(len(np.asarray(p)), 1)]


def install() -> None:
    """Make them importable from where SciPy has them, and let NumPy raise."""
    root = sys.modules["scipy"] = ModuleType("scipy")
    for name, functions in (
        ("special", [expit]),
        ("stats", [rankdata]),
        ("spatial", []),
        ("spatial.distance", [cdist, pdist]),
    ):
        module = sys.modules[f"scipy.{name}"] = ModuleType(f"scipy.{name}")
        above, _, last = f"scipy.{name}".rpartition(".")
        setattr(sys.modules.get(above, root), last, module)
        for function in functions:
            setattr(module, function.__name__, function)
    for name, problem in (
        ("solve", "Singular matrix"),
        ("inv", "Singular matrix"),
        ("cholesky", "Matrix is not positive definite"),
    ):
        setattr(np.linalg, name, raising(getattr(np.linalg, name), problem))


def raising(function: Callable[..., Array], problem: str) -> Callable[..., Array]:
    """Make a function of linear algebra raise where it would return NaN.

    LAPACK tells NumPy of a singular matrix by a flag of the processor. WebAssembly has none.
    """

    @wraps(function)
    def checked(*arrays: Any, **options: Any) -> Array:
        result = function(*arrays, **options)
        if np.isnan(result).any() and all(np.isfinite(a).all() for a in arrays):
            raise np.linalg.LinAlgError(problem)
        return result

    return checked
