"""How long the blog post of page A5 trains its line, against the ways of that page.

Run with ``pytest -m bench -s tests/benchmarks/test_bench_reconstruction.py``. The post trains
for 100,000 epochs; 1,000 are timed and the time is scaled up, since every epoch costs the same.
"""

import time

import keras
import numpy as np
import pytest

from tests.chapters import Page

EPOCHS, TIMED = 100_000, 1_000


def fit(x, y, optimiser, epochs):
    """Train one linear unit on all points at once and return the seconds it took."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimiser, loss="mse")
    model.fit(x, y, batch_size=len(x), epochs=1, verbose=0)  # compiles
    start = time.perf_counter()
    model.fit(x, y, batch_size=len(x), epochs=epochs, verbose=0)
    return time.perf_counter() - start


@pytest.mark.bench
def test_the_posts_epochs_against_one_step_and_least_squares(row):
    x, y = Page("A5_epochs_of_a_line").noisy_line(0)
    inputs, scaled = x[:, np.newaxis], ((x - x.mean()) / x.std())[:, np.newaxis]
    post = fit(inputs, y, keras.optimizers.Adam(), TIMED) * EPOCHS / TIMED
    step = fit(scaled, y, keras.optimizers.SGD(0.5), 1)
    start = time.perf_counter()
    np.linalg.lstsq(np.column_stack([x, np.ones(100)]), y, rcond=None)
    solved = time.perf_counter() - start
    row("line: the post's 100,000 epochs", f"{post:.0f} s", "Keras, Adam, nothing scaled")
    row(
        "line: one step of plain descent, inputs scaled",
        f"{post / step:,.0f} x",
        "faster than the post",
    )
    row("line: least squares", f"{post / solved:,.0f} x", "faster than the post")
