"""Seeds, progress bars and histories."""

import random

import numpy as np
import pytest

from course_utils.data import counting_strings, legal_next, mnist_digits, symbols
from course_utils.training import (
    History,
    counting_lstm,
    counting_networks,
    keras_progress,
    progress,
    row_lstm,
    row_rnn,
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


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, "from 0 to"),
        (2**32, ValueError, "from 0 to"),
        (1.0, TypeError, "whole number, got 1.0"),
        (None, TypeError, "whole number, got None"),
    ],
)
def test_bad_seeds_are_named(seed, error, message):
    with pytest.raises(error, match=message):
        seed_everything(seed)


def test_progress_shows_a_bar_on_stderr_and_nothing_on_stdout(capsys, monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    assert list(progress(range(3), "working")) == [0, 1, 2]
    out, err = capsys.readouterr()
    assert out == ""
    assert "working" in err
    assert list(progress((i for i in range(3)), total=3)) == [0, 1, 2]
    assert "/3" in capsys.readouterr().err


def test_progress_is_silent_on_request(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "0")
    assert list(progress((i for i in range(3)), "working", total=3)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("quiet", [True, False])
def test_keras_progress_follows_a_fit(capsys, monkeypatch, quiet):
    import keras

    monkeypatch.setenv("COURSE_PROGRESS", "0" if quiet else "1")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x, y = np.ones((8, 2)), np.ones(8)
    capsys.readouterr()
    model.fit(x, y, epochs=2, verbose=0, callbacks=[keras_progress("fitting")])
    out, err = capsys.readouterr()
    assert out == ""
    assert ("fitting" in err) is not quiet
    assert ("loss" in err) is not quiet


@pytest.mark.parametrize("notebook", [True, False])
def test_summary_is_plain_text(capsys, monkeypatch, notebook):
    import sys

    import keras
    import rich.console

    # rich asks this to decide whether it prints text or displays HTML.
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: notebook)
    if not notebook:
        monkeypatch.delitem(sys.modules, "IPython", raising=False)
    model = keras.Sequential([keras.Input((3, 1)), keras.layers.SimpleRNN(1)])
    capsys.readouterr()
    assert summary(model, width=50) is None
    out, err = capsys.readouterr()
    assert "Total params: 3 " in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 50
    assert err == ""


def test_history_reads_what_keras_returns():
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x, y = np.ones((8, 2)), np.ones(8)
    fitted = model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y))
    history = History.from_keras(fitted)
    assert list(history.loss) == fitted.history["loss"]
    assert list(history.val_loss) == fitted.history["val_loss"]
    assert repr(history).startswith("History of 3 epochs: loss ")


def test_history_draws_each_loss_in_a_line_style_of_its_own():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    History([4.0, 2.0], [5.0, 3.0]).plot()
    ax = plt.gca()
    assert ax.get_yscale() == "log"
    assert all(tick == round(tick) for tick in ax.get_xticks()), "an epoch is a whole number"
    assert [list(line.get_ydata()) for line in ax.lines] == [[4.0, 2.0], [5.0, 3.0]]
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "training",
        "validation",
    ]
    plt.close("all")
    _, mine = plt.subplots()
    assert History([4.0, 2.0]).plot(mine) is None
    assert len(mine.lines) == 1
    plt.close("all")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: History([]), ValueError, "loss is empty"),
        (lambda: History([1.0, float("nan")]), ValueError, "got nan in epoch 2"),
        (lambda: History([1.0], [float("inf")]), ValueError, "val_loss should be finite"),
        (lambda: History([1.0, 2.0], [1.0]), ValueError, "got 2 and 1"),
        (lambda: History(3.0), TypeError, "sequence of numbers, got 3.0"),
        (lambda: History.from_keras({"accuracy": [1.0]}), TypeError, "without a loss"),
        (lambda: History.from_keras(None), TypeError, "got NoneType"),
    ],
)
def test_bad_histories_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def answers(network, texts):
    import torch

    x = torch.tensor(symbols(texts)).double()
    with torch.no_grad():
        return (network["readout"](network["cell"](x)[0]) > 0).numpy()


def test_the_counting_lstm_continues_the_strings_it_was_trained_on():
    network = counting_lstm()
    texts = counting_strings(10)
    read = symbols(texts).any(axis=-1)
    assert (answers(network, texts)[read] == legal_next(texts)[read]).all()
    (untrained,) = counting_networks([17], updates=0)
    assert not (answers(untrained, texts)[read] == legal_next(texts)[read]).all()


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_a_network_trained_beside_others_is_the_one_trained_alone(cell):
    together = counting_networks([5, 3], cell, units=3, updates=30)
    for network, seed in zip(together, (5, 3), strict=True):
        (alone,) = counting_networks([seed], cell, units=3, updates=30)
        for ours, theirs in zip(network.parameters(), alone.parameters(), strict=True):
            np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-9)


def test_one_update_is_that_of_adam_on_the_single_network():
    import torch

    (before,), (after,) = (counting_networks([1], updates=n) for n in (0, 1))
    texts = counting_strings(10)
    x, y = (torch.tensor(a).double() for a in (symbols(texts), legal_next(texts)))
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    logits = before["readout"](before["cell"](x)[0])
    read = x.any(-1)
    (3 * loss(logits[read], y[read])).backward()
    optimiser = torch.optim.Adam(
        [weight for name, weight in before.named_parameters() if "bias_hh" not in name], lr=0.02
    )
    optimiser.step()
    for ours, theirs in zip(after.parameters(), before.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-9)


def test_the_gate_that_keeps_starts_one_higher():
    from course_utils.gates import Gates

    for cell, keeps in (("LSTM", "forget"), ("GRU", "update")):
        (network,) = counting_networks([0], cell, updates=0)
        for name, block in Gates.from_torch(network["cell"]).blocks.items():
            raised = block.bias - (name == keeps)
            assert (np.abs(raised) <= 0.5).all()
        assert not network["readout"].bias.detach().any()


def test_counting_networks_leave_the_global_generators_alone():
    import torch

    seed_everything(4)
    want = float(torch.rand(())), np.random.rand()
    seed_everything(4)
    counting_networks([0], updates=1)
    assert (float(torch.rand(())), np.random.rand()) == want


def test_counting_networks_learn_what_they_are_given():
    texts = ["$ab", "$aab"]
    targets = np.zeros((2, 4, 3))
    targets[..., 2] = 1
    (network,) = counting_networks([0], texts=texts, targets=targets, updates=200)
    assert (answers(network, ["$aab"]) == targets[1:]).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: counting_networks([]), ValueError, "seeds is empty"),
        (lambda: counting_networks([-1]), ValueError, "seed should be at least 0"),
        (lambda: counting_lstm(1.0), TypeError, "whole number, got 1.0"),
        (lambda: counting_networks([0], "RNN"), ValueError, "'LSTM' or 'GRU', got 'RNN'"),
        (lambda: counting_networks([0], units=0), ValueError, "units should be at least 1"),
        (
            lambda: counting_networks([0], updates=-1),
            ValueError,
            "updates should be at least 0",
        ),
        (lambda: counting_networks([0], texts=["$ba"]), ValueError, "not the beginning"),
        (
            lambda: counting_networks([0], targets=np.zeros((2, 3))),
            ValueError,
            r"shape \(10, 21, 3\), got \(2, 3\)",
        ),
    ],
)
def test_bad_input_to_counting_networks_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_row_lstm_names_digits_and_its_untrained_twin_does_not():
    import torch

    images, labels = mnist_digits()
    x, y = torch.tensor(images[4000:]).double(), torch.tensor(labels[4000:])

    def accuracy(network):
        with torch.no_grad():
            logits = network["readout"](network["cell"](x)[0][:, -1])
        return float((logits.argmax(dim=1) == y).double().mean())

    threads = torch.get_num_threads()
    assert accuracy(row_lstm()) > 0.92
    assert torch.get_num_threads() == threads
    assert accuracy(row_lstm(updates=0)) < 0.2


def test_the_row_lstm_rests_on_its_seed_alone():
    import torch

    seed_everything(4)
    want = float(torch.rand(())), np.random.rand()
    seed_everything(4)
    first, again, other = (row_lstm(seed, updates=2) for seed in (3, 3, 4))
    assert (float(torch.rand(())), np.random.rand()) == want
    pairs = zip(first.parameters(), again.parameters(), other.parameters(), strict=True)
    for a, b, c in pairs:
        assert torch.equal(a, b)
        assert not torch.equal(a, c) or not a.any()


def test_the_row_lstm_keeps_its_second_bias_at_zero():
    network = row_lstm(updates=2)
    assert not network["cell"].bias_hh_l0.any()
    assert network["cell"].bias_ih_l0[64:128].min() > 0.8


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: row_lstm(-1), ValueError, "seed should be at least 0"),
        (lambda: row_lstm(0.5), TypeError, "whole number, got 0.5"),
        (lambda: row_lstm(updates=-1), ValueError, "updates should be at least 0"),
        (lambda: row_lstm(updates=10**7 + 1), ValueError, "updates should be at most 10000000"),
    ],
)
def test_bad_input_to_row_lstm_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_row_rnn_rests_on_its_seed_alone():
    import torch

    seed_everything(4)
    want = float(torch.rand(())), np.random.rand()
    seed_everything(4)
    first, again, other = (row_rnn(seed, updates=2) for seed in (3, 3, 4))
    assert (float(torch.rand(())), np.random.rand()) == want
    for name in "WUbVc":
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: row_rnn(-1), ValueError, "seed should be at least 0"),
        (lambda: row_rnn(0.5), TypeError, "whole number, got 0.5"),
        (lambda: row_rnn(updates=-1), ValueError, "updates should be at least 0"),
    ],
)
def test_bad_input_to_row_rnn_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
