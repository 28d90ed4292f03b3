"""Seeds, progress bars and summaries."""

import os
import random
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from tqdm import tqdm

from course_utils import training
from course_utils.training import (
    gradient_descent,
    keras_progress,
    progress,
    seed_everything,
    summary,
)


def test_seed_everything_repeats_each_generator():
    import keras
    import torch

    def draw():
        seed_everything(11)
        return (
            random.random(),
            np.random.rand(),
            float(torch.rand(())),
            float(keras.random.uniform(())),
            float(keras.initializers.GlorotUniform()((1, 1))[0, 0]),
        )

    first, second = draw(), draw()
    assert first == second
    seed_everything(12)
    assert random.random() != first[0]


@pytest.fixture
def bars(monkeypatch):
    """Show progress bars, which are switched off for the tests."""
    monkeypatch.setattr(training, "tqdm", partial(tqdm, disable=False))


def test_progress_shows_a_bar_on_stderr_and_nothing_on_stdout(bars, capsys):
    assert list(progress(range(3), "working")) == [0, 1, 2]
    out, err = capsys.readouterr()
    assert out == ""
    assert "working" in err
    assert err.endswith("\r")  # nothing is left behind
    assert list(progress((i for i in range(3)), total=3)) == [0, 1, 2]
    assert "/3" in capsys.readouterr().err


@pytest.mark.parametrize("quiet", [True, False])
def test_the_switch_of_tqdm_silences_progress(quiet):
    inherited = {k: v for k, v in os.environ.items() if k != "TQDM_DISABLE"}
    environment = inherited | ({"TQDM_DISABLE": "1"} if quiet else {})
    code = "from course_utils.training import progress; list(progress([1], 'working'))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == ""
    assert ("working" in run.stderr) is not quiet


def test_keras_progress_follows_a_fit(bars, capsys):
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x, y = np.ones((8, 2)), np.ones(8)
    capsys.readouterr()
    # tqdm draws ten times a second at most; a quick machine would be done before.
    slow = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: time.sleep(0.2))
    model.fit(x, y, epochs=2, verbose=0, callbacks=[slow, keras_progress()])
    out, err = capsys.readouterr()
    assert out == ""
    for shown in ("training", "2/2", "loss"):
        assert shown in err
    assert err.endswith("\r")


def test_a_gradient_that_is_missing_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        next(gradient_descent([1.0, 2.0], lambda w: [w[0]], rate=0.1, steps=1))


@pytest.mark.parametrize("notebook", [True, False])
def test_summary_is_plain_text(capsys, monkeypatch, notebook):
    import keras
    import rich.console

    # rich asks this to decide whether it prints text or displays HTML.
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: notebook)
    if not notebook:
        monkeypatch.delitem(sys.modules, "IPython", raising=False)
    model = keras.Sequential([keras.Input((3, 1)), keras.layers.SimpleRNN(1)])
    capsys.readouterr()
    assert summary(model) is None
    out, err = capsys.readouterr()
    assert "Total params: 3 " in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) == 60
    assert err == ""
