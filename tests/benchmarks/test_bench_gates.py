"""What seeing every gate costs, as a multiple of the framework's own forward pass."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from course_utils.gates import Gates

FEATURES, UNITS, STEPS, ROUNDS = 32, 128, 100, 9
# As multiples of PyTorch's forward pass, which keeps h alone and not every gate. For an LSTM
# 1.5 would be better still: the products of a step alone take PyTorch's time, and 2 to 2.7 were
# measured on one core, 0.9 for a GRU.
GOALS = {"LSTM": 3, "GRU": 1.5, "RNN": 1.5}
KERAS = {"RNN": "SimpleRNN"}


def fastest(*calls):
    """Return the least processor time of each call; they take turns on the same machine."""
    times = np.full((ROUNDS, len(calls)), np.inf)
    for row in times:
        for k, call in enumerate(calls):
            start = time.process_time()
            call()
            row[k] = time.process_time() - start
    return times.min(axis=0)


@pytest.mark.bench
@pytest.mark.parametrize("batch", [10, 1000])
@pytest.mark.parametrize("cell", GOALS)
def test_a_trace_costs_a_few_forward_passes(cell, batch, row):
    x = np.random.default_rng(0).normal(size=(batch, STEPS, FEATURES)).astype(np.float32)
    module = getattr(torch.nn, cell)(FEATURES, UNITS, batch_first=True)
    layer = getattr(keras.layers, KERAS.get(cell, cell))(UNITS, return_sequences=True)
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
            f"gates: {cell} trace, batch {batch}",
            f"{trace / forward:.2f} x",
            f"{name}'s forward pass, goal {GOALS[cell]} x",
        )
    assert trace <= GOALS[cell] * min(pytorch, tensorflow)
