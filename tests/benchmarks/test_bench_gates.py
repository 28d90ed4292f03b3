"""What seeing every gate costs, as a multiple of the framework's own forward pass."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from course_utils.gates import Gates

FEATURES, UNITS, ROUNDS = 32, 128, 7


def fastest(*calls):
    """Return the shortest time of each call; they take turns, on the same machine."""
    times = np.full((ROUNDS, len(calls)), np.inf)
    for row in times:
        for k, call in enumerate(calls):
            start = time.perf_counter()
            call()
            row[k] = time.perf_counter() - start
    return times.min(axis=0)


@pytest.mark.bench
@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_a_trace_costs_at_most_three_forward_passes(cell, row):
    x = np.random.default_rng(0).normal(size=(1000, 100, FEATURES)).astype(np.float32)
    module = getattr(torch.nn, cell)(FEATURES, UNITS, batch_first=True)
    layer = getattr(keras.layers, cell)(UNITS, return_sequences=True)
    layer.build((None, None, FEATURES))
    gates = Gates.from_torch(module)
    compiled, for_keras, for_torch = tf.function(layer), tf.constant(x), torch.from_numpy(x)
    # NumPy's products take the threads of OMP_NUM_THREADS, which `make bench` sets to 1.
    torch.set_num_threads(1)
    with torch.no_grad():
        trace, pytorch, tensorflow = fastest(
            lambda: gates.trace(x), lambda: module(for_torch), lambda: compiled(for_keras)
        )
    for name, forward in (("PyTorch", pytorch), ("Keras", tensorflow)):
        row(
            f"gates: {cell} trace",
            f"{trace / forward:.2f} x",
            f"{name}'s forward pass, goal 3 x",
        )
    assert trace <= 3 * min(pytorch, tensorflow)
