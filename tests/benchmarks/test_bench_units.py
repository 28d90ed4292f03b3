"""What the averages of 169 units over 60,000 windows cost, against the matrix product inside.

Run with ``pytest -m bench -s tests/benchmarks/test_bench_units.py``. The pre-activations are
given. The loop averages unit by unit, as the research note's description suggests; eight units
are timed and scaled up. CPU time is taken, alternating within one run, so that other work on
the machine disturbs the ratios little.
"""

import time
from statistics import median

import numpy as np
import pytest

from course_utils.units import Features

COUNT, BATCH, UNITS, SIZE, SAMPLE, ROUNDS = 60_000, 1_000, 169, (10, 28), 8, 5


@pytest.mark.bench
def test_the_averages_against_the_matrix_product_and_a_loop_over_units(row):
    rng = np.random.default_rng(0)
    windows = rng.random((COUNT, *SIZE), dtype=np.float32)
    z = rng.standard_normal((COUNT, UNITS), dtype=np.float32)
    parts = [slice(k, k + BATCH) for k in range(0, COUNT, BATCH)]
    flat = windows.reshape(COUNT, -1)
    ratios, loops = [], []
    for turn in range(ROUNDS):
        begin = time.process_time()
        for part in parts:
            product = z[part].T @ flat[part]
        middle = time.process_time()
        seen = Features()
        for part in parts:
            seen.add(windows[part], z[part])
        averages = seen.raw()
        end = time.process_time()
        alone = [
            (np.maximum(z[:, unit], 0)[:, None, None] * windows).sum(axis=0)
            / np.maximum(z[:, unit], 0).sum()
            for unit in range(SAMPLE)
        ]
        loop = (time.process_time() - end) * UNITS / SAMPLE
        ratios.append((end - middle) / (middle - begin))
        loops.append(loop / (end - middle))
        print(
            f"round {turn + 1}: product {middle - begin:.2f} s, averages {end - middle:.2f} s "
            f"(x {ratios[-1]:.2f}), loop over units {loop:.0f} s"
        )
        assert product.shape == averages.reshape(UNITS, -1).shape
        assert np.allclose(averages[:SAMPLE], alone, rtol=1e-4)
    row("units: 169 averages", f"{median(ratios):.2f} x", "the matrix product, goal 3 x")
    row("units: unit by unit", f"{median(loops):.0f} x", "the time of all at once")
