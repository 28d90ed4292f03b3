"""What the table of answers cannot say about the checks of chapter 5."""

import keras
import numpy as np

from tests.chapters import solution


def test_the_gru_of_the_exercise_is_the_gru_of_keras():
    rng = np.random.default_rng(0)
    layer = keras.layers.GRU(4, bias_initializer="random_normal")
    x, h = (rng.normal(size=shape).astype("float32") for shape in ((3, 1, 2), (3, 4)))
    want = np.asarray(layer(x, initial_state=h))
    got = solution("lstm_gate_slicing", "gru_step")(x[:, 0], h, *layer.get_weights())
    assert np.abs(got - want).max() < 1e-6
