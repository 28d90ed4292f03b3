"""Checks of chapter 20, in which the states of a network merge into a machine."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, call_to_read

Array = NDArray[Any]


def _joined(size: int, pairs: list[tuple[int, int]]) -> Array:
    near = np.eye(size, dtype=bool)
    for i, j in pairs:
        near[i, j] = near[j, i] = True
    return near


def _clusters(near: Array) -> Array:
    """Return the clusters that chains of neighbours join."""
    reach = near.astype(float)
    for _ in range(len(near).bit_length()):  # every round doubles how far it reaches
        reach = (reach @ reach > 0).astype(float)
    return np.unique(reach.argmax(axis=1), return_inverse=True)[1]


def _same(a: Array, b: Array) -> bool:
    """Return whether two numberings put the same states together."""
    return bool(np.array_equal(a[:, None] == a, b[:, None] == b))


def merge(function: Callable[..., Any]) -> None:
    """Check exercise 1, the clusters that chains of neighbours join.

    Examples
    --------
    >>> merge(lambda near: near.argmax(axis=1))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: 5 states in a chain: a neighbour of a neighbour belongs \
to the cluster too, and so on
    """
    chain = [(0, 3), (3, 1), (1, 4), (4, 2)]
    mixed = np.random.default_rng(0).permutation(300).tolist()
    for what, size, pairs in (
        ("3 states, none near another", 3, []),
        ("4 states, all near", 4, [(i, j) for i in range(4) for j in range(i)]),
        ("5 states in a chain", 5, chain),
        ("a chain of 5 states, and 2 more", 7, [(6 - i, 6 - j) for i, j in chain] + [(0, 1)]),
        ("a chain of 3 among 5 states", 5, [(0, 3), (3, 2)]),
        ("300 states in a chain", 300, [(i, i + 1) for i in range(299)]),
        ("two mixed chains of 150 states", 300, list(zip(mixed[:-2], mixed[2:], strict=True))),
    ):
        near = _joined(size, pairs)
        got = as_array(call(function, near), (size,), f"{what}: the clusters")
        wanted = _clusters(near)
        if np.array_equal(got, wanted):
            continue
        if _same(got, wanted):
            raise CheckFailed(
                f"{what}: the right clusters, but they are not numbered 0, 1, 2, ... by "
                "their first members"
            )
        if len(np.unique(got)) > len(np.unique(wanted)):
            raise CheckFailed(
                f"{what}: a neighbour of a neighbour belongs to the cluster too, and so on"
            )
        raise CheckFailed(f"{what}: states that no chain joins are in one cluster")
    print("merge: right")


def _kinds(table: Array, says: Array, rounds: int) -> Array:
    """Return the states' kinds, by what they say to all strings of up to ``rounds`` symbols."""
    kind = np.unique(says, return_inverse=True)[1].ravel()
    for _ in range(rounds):
        seen = np.hstack([kind[:, np.newaxis], kind[table]])
        kind = np.unique(seen, axis=0, return_inverse=True)[1].ravel()
    return kind


def reduce(function: Callable[..., Any]) -> None:
    """Check exercise 2, the smallest machine that gives the same answers.

    Examples
    --------
    >>> reduce(lambda table, says: says.astype(int))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: a line of 6 states: two states that say the same now may \
say different things after a symbol
    """
    parity = np.array([[2, 1], [3, 0], [0, 3], [1, 2]])
    line, long = (
        np.array([[min(s + 1, last)] * 2 for s in range(last + 1)]) for last in (5, 149)
    )
    second = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    rng = np.random.default_rng(0)
    for what, table, says in (
        ("parity in 4 states", parity, np.array([False, True, False, True])),
        ("a line of 6 states", line, np.arange(6) == 5),
        ("a ring of 4 states that a 1 turns", second, np.arange(4) == 2),
        ("3 states that all say odd", np.array([[1, 2], [2, 0], [0, 1]]), np.full(3, True)),
        ("30 random states", rng.integers(0, 30, (30, 2)), rng.random(30) < 0.2),
        ("a line of 150 states", long, np.arange(150) == 149),
    ):
        size = len(says)
        got = as_array(call_to_read(function, what, table, says), (size,), f"{what}: the kinds")
        wanted = _kinds(table, says, size)
        many = int(wanted.max()) + 1
        if _same(got, wanted):
            if set(got.tolist()) != set(range(many)):
                raise CheckFailed(f"{what}: the right kinds; number them 0 to {many - 1}")
            continue
        if any(_same(got, _kinds(table[:, [x, x]], says, size)) for x in (0, 1)):
            raise CheckFailed(f"{what}: follow both symbols, 0 and 1")
        if _same(got, _kinds(table, says, 0)):
            raise CheckFailed(
                f"{what}: two states that say the same now may say different things after a "
                "symbol"
            )
        if any(_same(got, _kinds(table, says, n)) for n in range(1, size)):
            raise CheckFailed(f"{what}: a longer string still tells some states apart: repeat")
        if len(np.unique(got)) > many:
            raise CheckFailed(f"{what}: {many} kinds are enough, this tells more states apart")
        raise CheckFailed(f"{what}: states of one kind give different answers to some string")
    print("reduce: right")
