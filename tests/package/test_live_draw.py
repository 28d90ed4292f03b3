"""Draw the top, as a Python object: bad input, what travels, and how exactly."""

import json
import re

import numpy as np
import pytest

from course_utils import live, units
from course_utils.live import draw
from tests.package.live_examples import BEST, DIGITS, ROW_RNN, SEEN, WINDOWS


def other_features(width=28, count=169):
    seen = units.Features(whiten=True)
    rng = np.random.default_rng(0)
    seen.add(rng.random((20, 10, width)), rng.normal(size=(20, count)))
    return seen


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: live.DrawTheTop(ROW_RNN, SEEN, {}), "digits is empty"),
        (
            lambda: live.DrawTheTop(ROW_RNN, SEEN, {"a": np.zeros((28, 27))}),
            r"digit 'a' should have shape \(any, 28\), got \(28, 27\)",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, SEEN, {"a": np.full((28, 28), 255)}),
            "digit 'a' should hold pixels from 0 to 1",
        ),
        (
            lambda: live.DrawTheTop(
                ROW_RNN, SEEN, {"a": np.zeros((28, 28)), "b": np.zeros((20, 28))}
            ),
            r"the same height, got \[20, 28\]",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, SEEN, DIGITS, rows=28),
            r"rows should be from 1 to 27, got 28",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, SEEN, DIGITS, BEST[:9]),
            r"best should have shape \(169, any, 10, 28\), got \(9, 2, 10, 28\)",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, SEEN, DIGITS, BEST - 1),
            "best should hold pixels from 0 to 1",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, SEEN, DIGITS, means=np.ones(28)),
            r"means should have shape \(169,\), got \(28,\)",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, other_features(width=14), DIGITS),
            r"windows of width 28 for 169 units, got \(10, 14\) for 169",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, other_features(count=9), DIGITS),
            r"windows of width 28 for 169 units, got \(10, 28\) for 9",
        ),
        (
            lambda: live.DrawTheTop(ROW_RNN, units.Features(whiten=True), DIGITS),
            "no window was taken in",
        ),
    ],
)
def test_bad_input_is_refused_in_words(make, message):
    with pytest.raises(ValueError, match=message):
        make()


FIGURE = live.DrawTheTop(ROW_RNN, SEEN, DIGITS, BEST)


def test_names_of_digits_cannot_end_the_script():
    html = live.DrawTheTop(ROW_RNN, SEEN, {"</script><b>": np.zeros((28, 28))}).html()
    assert html.count("</script>") == 2
    (stored,) = re.findall('json">(.*?)</script>', html)
    assert json.loads(stored)["digits"][0][0] == "</script><b>"
    assert "the upper 10 rows of &lt;/script&gt;&lt;b&gt;, a dashed line" in html


def test_forty_bits_are_right_to_a_part_in_two_to_the_29():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=5_000) * 10.0 ** rng.integers(-12, 12, 5_000)
    sent = draw.unpack(draw.pack(numbers))
    assert np.abs(sent / numbers - 1).max() <= 2.0**-29
    exact = np.float32(numbers).astype(float)
    assert (draw.unpack(draw.pack(exact)) == exact).all(), "float32 travels unchanged"
    assert draw.unpack(draw.pack([0.0, -0.0, 1 - 2.0**-53])).tolist() == [0, 0, 1]


def test_the_network_that_travels_draws_as_the_one_that_stayed():
    sent = FIGURE.data()["weights"]
    weights = {k: draw.unpack(t).reshape(getattr(ROW_RNN, k).shape) for k, t in sent.items()}
    assert any((weights[k] != getattr(ROW_RNN, k)).any() for k in "WU")
    images = np.stack(list(DIGITS.values()))
    drawn = [
        rnn.roll(rnn.run(images[:, :10])[1][:, -1], 18)
        for rnn in (ROW_RNN, units.RowRNN(**weights))
    ]
    np.testing.assert_allclose(*drawn, atol=1e-6)


def test_a_digit_travels_in_steps_of_one_255th():
    grey = np.linspace(0, 1, 784).reshape(28, 28)
    ((name, sent),) = live.DrawTheTop(ROW_RNN, SEEN, {"grey": grey}).data()["digits"]
    pixels = np.frombuffer(draw.b64decode(sent), np.uint8).reshape(28, 28)
    assert name == "grey"
    assert (pixels.min(), pixels.max()) == (0, 255)
    np.testing.assert_allclose(pixels / 255, grey, atol=0.5 / 255 + 1e-12)


def test_the_pictures_are_those_of_the_package_to_a_byte():
    data = FIGURE.data()
    alive = np.flatnonzero(SEEN.total > 0)
    assert data["averaged"].tolist() == alive.tolist()
    assert 7 not in alive
    for name, wanted in (("centred", SEEN.centred(alive)), ("whitened", SEEN.whitened(alive))):
        sent = np.frombuffer(draw.b64decode(data[name]["bytes"]), np.uint8).reshape(169, 10, 28)
        scale = np.array(data[name]["scale"])[:, np.newaxis, np.newaxis]
        got = (sent.astype(float) - 127) * scale
        assert (np.abs(got[alive] - wanted) <= 0.501 * scale[alive]).all(), name
        assert not got[7].any(), "a unit without an average has an empty picture"
    windows = np.frombuffer(draw.b64decode(data["windows"]), np.uint8).reshape(-1, 10, 28)
    assert len(np.unique(windows, axis=0)) == len(windows), "no window travels twice"
    assert (windows[data["best"]] == np.rint(255 * BEST)).all()
    some = alive[[0, 50]]
    _, h = ROW_RNN.run(SEEN.raw(some))
    sent = np.frombuffer(draw.b64decode(data["expected"]), np.uint8).reshape(169, 10, 28)
    wanted = ROW_RNN.roll(h[:, -1], 10)
    np.testing.assert_allclose(sent[some] / 255, wanted, atol=0.51 / 255)


def test_without_windows_of_its_own_it_shows_the_best_that_was_met():
    figure = live.DrawTheTop(ROW_RNN, SEEN, DIGITS)
    assert figure.best.shape == (169, 1, 10, 28)
    z = ROW_RNN.run(WINDOWS)[0][:, -1]
    assert (figure.best[3, 0] == WINDOWS[z[:, 3].argmax()]).all()


def test_a_network_of_the_size_of_chapter_12_stays_small():
    assert len(FIGURE.html()) < 900_000
