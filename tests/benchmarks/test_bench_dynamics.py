"""How much faster Newton finds fixed points than a descent on |F(h) - h|^2.

Run with ``pytest -m bench -s tests/benchmarks/test_bench_dynamics.py``. The descent is what
tools of the field do: Adam at a rate of 0.01, 2,000 steps, PyTorch's gradients, all starts in
one batch, in float64. Both have the same network, starts and tolerance, on one thread; both
are timed in one run, alternating, so the ratio does not depend on the machine's other work.
"""

import time
from statistics import median

import numpy as np
import pytest

from course_utils import dynamics
from course_utils.gates import read_gates
from course_utils.networks import flip_flops
from tests.chapters import Page

STARTS, STEPS, TOLERANCE, ROUNDS = 500, 2000, 1e-6, 3


def descend(cell, starts):
    """Return where Adam leads each start."""
    import torch

    U, b = cell.weight_hh_l0.detach().T, cell.bias_ih_l0.detach()
    h = torch.tensor(starts, requires_grad=True)
    adam = torch.optim.Adam([h], 0.01)
    for _ in range(STEPS):
        adam.zero_grad()
        ((torch.tanh(h @ U + b) - h) ** 2).sum().backward()
        adam.step()
    return h.detach().numpy()


@pytest.mark.bench
def test_newton_against_descent(row):
    import torch

    (network,) = flip_flops([0])
    gates = read_gates(network["cell"])
    chapter = Page("19_fixed_points")
    starts = chapter.between(chapter.visited(gates), STARTS)
    threads, ratios = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for _ in range(ROUNDS):
            begin = time.process_time()
            found = dynamics.fixed_points(gates, starts, tolerance=TOLERANCE, apart=1e-3)
            middle = time.process_time()
            ends = descend(network["cell"], starts)
            ratios.append((time.process_time() - middle) / (middle - begin))
    finally:
        torch.set_num_threads(threads)
    still = np.abs(dynamics.step(gates, ends) - ends).max(axis=1) <= TOLERANCE
    away = np.abs(ends[still, np.newaxis] - found.states).max(axis=2)
    assert away.min(axis=1).max() < 1e-3  # the descent finds no point that Newton lacks
    reached = len(set(away.argmin(axis=1)))
    print(
        f"Newton: {found.converged} of {STARTS} starts, {len(found.states)} points; "
        f"descent: {still.sum()} of {STARTS} starts, {reached} points"
    )
    assert reached == len(found.states) == 27
    what = f"fixed points: Newton, {len(found.states)} points"
    against = f"faster than Adam, which reached {reached} of them, goal 20 x"
    row(what, f"{median(ratios):.0f} x", against)
    assert median(ratios) >= 20
