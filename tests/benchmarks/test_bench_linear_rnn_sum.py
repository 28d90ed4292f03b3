"""How fast chapter 1 trains: the tutorial's setting against the chapter's, to the same loss.

Run with ``pytest -m bench -s tests/benchmarks/test_bench_linear_rnn_sum.py``. Both are timed
from building the model to the end of the first epoch whose validation loss is at or below the
published one, so each pays for its own compiling and tracing. The tutorial's setting fails
from many starts; seed 1 is the first for which it succeeds, and it does so in epoch 4 of 5.
"""

import time
from statistics import median

import numpy as np
import pytest

from course_utils import data, training

TARGET = 1.47e-4
ROUNDS = 3


def stop_at_target():
    import keras

    class StopAtTarget(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if logs["val_loss"] <= TARGET:
                self.model.stop_training = True

    return StopAtTarget()


def train(seed, start_W, start_U, rate, batch, epochs, **speed):
    """Train to the target and return seconds, epochs and the loss reached."""
    import keras

    digits, sums = data.digit_sums(10_000, seed=0)
    (x, y), validation = data.split(data.as_scalars(digits), sums, 2_000)
    training.seed_everything(seed)
    unroll = speed.pop("unroll", False)
    begin = time.perf_counter()
    model = keras.Sequential(
        [
            keras.Input((3, 1)),
            keras.layers.SimpleRNN(
                1,
                activation=None,
                kernel_initializer=start_W(),
                recurrent_initializer=start_U(),
                unroll=unroll,
            ),
        ]
    )
    steps = speed.pop("steps_per_execution", 1)
    model.compile(keras.optimizers.Adam(rate()), loss="mse", steps_per_execution=steps)
    history = model.fit(
        x,
        y,
        batch_size=batch,
        epochs=epochs,
        validation_data=validation,
        verbose=0,
        callbacks=[stop_at_target()],
        **speed,
    ).history["val_loss"]
    return time.perf_counter() - begin, len(history), history[-1]


def tutorial():
    return train(
        1, lambda: "glorot_uniform", lambda: "orthogonal", lambda: 0.001, batch=4, epochs=5
    )


def ours(seed=1):
    from keras.initializers import Constant, RandomUniform

    return train(
        seed,
        lambda: RandomUniform(0, 1),
        lambda: Constant(0.5),
        lambda: 0.2,
        batch=160,
        epochs=5,
        unroll=True,
        steps_per_execution=50,
    )


@pytest.mark.bench
def test_time_to_the_published_loss(row):
    ours()  # TensorFlow's own start-up belongs to neither
    seconds: dict[str, list[float]] = {"tutorial": [], "ours": []}
    print(f"\ntime to a validation loss of {TARGET:g}, {ROUNDS} rounds in turn")
    print("setting    round   epochs   val_loss   seconds")
    for turn in range(ROUNDS):
        # Ours is short, so a busy moment of the machine weighs more: the median of three.
        for name, run, repeats in (("tutorial", tutorial, 1), ("ours", ours, 3)):
            runs = sorted(run() for _ in range(repeats))
            took, epochs, reached = runs[repeats // 2]
            assert reached <= TARGET, f"{name} did not reach the loss: nothing to compare"
            seconds[name].append(took)
            print(f"{name:10} {turn + 1:5} {epochs:8}   {reached:.2e} {took:9.2f}")
    ratios = np.array(seconds["tutorial"]) / np.array(seconds["ours"])
    print("median", {name: round(median(taken), 2) for name, taken in seconds.items()})
    figure = f"{median(ratios):.1f} x"
    spread = f"from {ratios.min():.1f} to {ratios.max():.1f}"
    row(
        "chapter 1: training to the published loss",
        figure,
        f"faster than the tutorial, {spread}",
    )
