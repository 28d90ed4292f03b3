"""How much faster 10,000 targets are found in one call than in calls of their own.

Run with ``pytest -m bench -s tests/benchmarks/test_bench_inversion.py``. One by one, 100 of the
targets are timed and the time is scaled up: every target takes the same 200 steps. Both are
timed in one run, alternating, so the ratio does not depend on the machine's other work.
"""

import time
from statistics import median

import numpy as np
import pytest

from course_utils.inversion import reconstruct

COUNT, SAMPLE, STEPS, ROUNDS = 10_000, 100, 200, 5


def functions():
    import torch

    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(4, 2)), rng.normal(size=2)
    layer = torch.nn.Linear(4, 2)
    layer.load_state_dict({"weight": torch.tensor(W.T), "bias": torch.tensor(b)})
    return {"arrays": (W, b), "PyTorch": layer}


@pytest.mark.bench
@pytest.mark.parametrize("name", ["arrays", "PyTorch"])
def test_ten_thousand_targets_in_one_call_against_one_by_one(name, row):
    function = functions()[name]
    targets = np.random.default_rng(1).normal(size=(COUNT, 2))
    start, options = np.zeros((1, 4)), {"learning_rate": 0.1, "steps": STEPS, "tolerance": 0}
    ratios = []
    for turn in range(ROUNDS):
        begin = time.perf_counter()
        together = reconstruct(function, targets, start, **options)
        middle = time.perf_counter()
        alone = [
            reconstruct(function, targets[[k]], start, **options).inputs[0]
            for k in range(SAMPLE)
        ]
        end = time.perf_counter()
        one_by_one = (end - middle) * COUNT / SAMPLE
        ratios.append(one_by_one / (middle - begin))
        print(
            f"{name} round {turn + 1}: one call {middle - begin:.2f} s, one by one "
            f"{one_by_one:.0f} s, ratio {ratios[-1]:.0f}"
        )
        assert np.allclose(together.inputs[:SAMPLE], alone, atol=1e-5)
    what = f"inversion: 10,000 targets at once, {name}"
    row(what, f"{median(ratios):.0f} x", "faster than one by one, goal 100 x")
    assert median(ratios) >= 100
