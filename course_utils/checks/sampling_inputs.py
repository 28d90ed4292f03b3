"""Checks of chapter 11, which samples inputs for a given output."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close, quietly

Floats = NDArray[np.floating[Any]]


def _tables() -> list[tuple[Floats, Floats, int]]:
    """Return tables p(y | x), priors and outputs; Bayes' rule is the same for each."""
    rng = np.random.default_rng(0)
    cases = [(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0.5, 0.5]), 0)]
    for inputs, outputs, y in ((3, 2, 1), (2, 4, 1), (3, 3, 2)):
        likelihood = rng.dirichlet(np.ones(outputs), inputs)
        cases.append((likelihood, rng.dirichlet(np.ones(inputs)), y))
    return cases


def table_posterior(function: Callable[..., Any]) -> None:
    """Check exercise 1, Bayes' rule for a table.

    Examples
    --------
    >>> table_posterior(lambda likelihood, prior, y: prior)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: table_posterior: this is the prior; the output has to enter
    """
    for likelihood, prior, y in _tables():
        inputs = len(prior)
        got = as_array(call(function, likelihood, prior, y), (inputs,), "table_posterior(...)")
        joint = np.array([likelihood[x, y] * prior[x] for x in range(inputs)])
        evidence = joint.sum()
        if close(got, joint / evidence):
            _keeps(function, got, likelihood, prior, y)
            continue
        if close(got, prior):
            raise CheckFailed("table_posterior: this is the prior; the output has to enter")
        if close(got, joint):
            raise CheckFailed(
                "table_posterior: the result adds up to p(y); a distribution adds up to 1"
            )
        if close(got, likelihood[:, y]) or close(
            got, likelihood[:, y] / likelihood[:, y].sum()
        ):
            raise CheckFailed("table_posterior: the prior has to enter")
        raise CheckFailed(
            "table_posterior is not right: write the joint probability of x and y as a table, "
            "and read off its column y"
        )
    print("table_posterior: right")


def moved(function: Callable[..., Any]) -> None:
    """Check exercise 2, the posterior under another prior.

    Examples
    --------
    >>> moved(lambda posterior, old, new: new)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: moved: this is the new prior; what the output says is lost
    """
    rng = np.random.default_rng(1)
    for inputs in (2, 5):
        likelihood = rng.uniform(0.1, 1, inputs)
        old, new = rng.dirichlet(np.ones(inputs), 2)
        new[0] = 0.0  # an input that no longer occurs
        new /= new.sum()
        before, want = (likelihood * p / (likelihood * p).sum() for p in (old, new))
        got = as_array(call(function, before, old, new), (inputs,), "moved(...)")
        if close(got, want):
            _keeps(function, got, before, old, new)
            continue
        if close(got, before):
            raise CheckFailed("moved: nothing has moved; the new prior has to enter")
        if close(got, new):
            raise CheckFailed("moved: this is the new prior; what the output says is lost")
        if close(got, before * new) or close(got, before * new / (before * new).sum()):
            raise CheckFailed("moved: the old prior is still inside; take it out first")
        if close(got / got.sum(), want):
            raise CheckFailed("moved: the proportions are right, but they do not add up to 1")
        raise CheckFailed(
            "moved is not right: write down Bayes' rule with each prior, and see what the two "
            "have in common"
        )
    print("moved: right")


def fair_energy(function: Callable[..., Any]) -> None:
    """Check exercise 3, the energy distance without pairs of a point with itself."""
    rng = np.random.default_rng(3)
    for n, m, features in ((3, 3, 1), (5, 3, 2), (4, 7, 3), (4, 4, 2)):
        p, q = rng.standard_normal((n, features)), 1 + rng.standard_normal((m, features))
        twins = n == m == 4
        if twins:
            p[1] = p[0]
        got = float(as_array(call(function, p, q), (), "fair_energy(...)"))
        across, of_p, of_q = _mean_gap(p, q), _mean_gap(p, p), _mean_gap(q, q)
        fair_p, fair_q = of_p * n / (n - 1), of_q * m / (m - 1)
        if close(got, 2 * across - fair_p - fair_q):
            continue
        if close(got, 2 * across - of_p - of_q):
            raise CheckFailed("fair_energy: the pairs of a point with itself are still counted")
        if close(got, across - fair_p - fair_q):
            raise CheckFailed("fair_energy: the mean between the two sets counts twice")
        if close(got, 2 * across - fair_p / 2 - fair_q / 2):
            raise CheckFailed(
                "fair_energy: inside a set of n points there are n (n - 1) ordered pairs; a "
                "sum over half of them goes with half that number"
            )
        if close(got, 2 * across - fair_p - of_q * n / (n - 1)):
            raise CheckFailed("fair_energy: the two sets may have different counts")
        if twins:
            raise CheckFailed(
                "fair_energy: two draws may lie at one place; their distance of 0 counts"
            )
        raise CheckFailed(
            f"fair_energy is not right for {n} and {m} points in {features} dimensions: list "
            "the pairs by hand for three points each"
        )
    print("fair_energy: right")


def _keeps(function: Callable[..., Any], got: Floats, *given: Any) -> None:
    """Say so if a right function writes into an array that its caller may still need."""
    own = [np.copy(argument) for argument in given]
    again = quietly(function, *own)
    if not all(map(np.array_equal, (again, *own), (got, *given))):
        raise CheckFailed(
            "the result is right, but a given array is changed on the way: make a new one"
        )


def _mean_gap(p: Floats, q: Floats) -> float:
    """Return the mean distance between the points of two sets, all pairs counted."""
    return float(np.linalg.norm(p[:, np.newaxis] - q, axis=-1).mean())
