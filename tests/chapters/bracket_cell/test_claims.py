"""What chapter 17 says, measured. The functions are the chapter's own."""

from dataclasses import replace
from functools import cache
from string import ascii_lowercase

import h5py
import numpy as np
import pytest

from course_utils import gates, pretrained, units
from course_utils.pretrained.characters import softmax
from tests.chapters import Page

chapter = Page("17_bracket_cell")
network = pretrained.character_network()


@cache
def samples():
    """20 samples of 30 lines, in which random words of the dictionary stand for the phrases."""
    rng = np.random.default_rng(100)
    words = np.array([word for word in pretrained.words() if 3 <= len(word) <= 7])
    found = []
    for _ in range(20):
        phrases = [[" ".join(rng.choice(words, k)) for k in (2, 2, 1)] for _ in range(90)]
        found.append([p for p in phrases if len("  ()".join(p)) <= 39][:30])
    return found


def lines(phrases, opening="(", closing=")"):
    """Return the lines of a sample, every second one with commas."""
    ways = f"{{}} {opening}{{}}{closing} {{}}", "{}, {}, {}"
    return [ways[k % 2].format(*phrase) for k, phrase in enumerate(phrases)]


def labels(texts):
    return np.concatenate([chapter.inside(text) for text in texts])


def ends(phrases, opening="("):
    return [f"{a} {opening}{b}" for a, b, _ in phrases]


TITLES = [
    "What is the best way to learn a language",
    "My dog is afraid of the new neighbors",
    "The first person in space was not an American",
]


# ---- read from its file ---------------------------------------------------------------------


def arrays(name):
    """Return the three arrays that the file has for a layer."""
    with h5py.File(pretrained.path("characters/textgenrnn_weights.hdf5")) as file:
        parts = ("kernel", "recurrent_kernel", "bias")
        return [file[f"{name}/{name}/{part}:0"][()] for part in parts]


def turned(kernel, recurrent):
    """Return W and U of Keras from those of a cuDNN file."""
    W = [block.reshape(block.shape[::-1]).T for block in np.hsplit(kernel, 4)]
    return np.hstack(W), np.hstack([block.T for block in np.hsplit(recurrent, 4)])


def layer_of(name, turn):
    """Return a layer, its kernels turned by a function."""
    kernel, recurrent, bias = arrays(name)
    return gates.read_gates(
        [*turn(kernel, recurrent), bias.reshape(2, -1).sum(axis=0)],
        framework="Keras",
        activation="tanh",
        recurrent_activation="sigmoid",
        reverse=False,
        masked=False,
    )


def log_p(network):
    """Return the mean log probability of a character of the titles."""
    logs = []
    for title in TITLES:
        after = network.read([title[:k] for k in range(len(title))]).next
        rows = [network.numbers[letter] for letter in title]
        logs += list(np.log(after[range(len(title)), rows] + 1e-30))
    return np.mean(logs)


@cache
def in_keras():
    """The network as textgenrnn builds it, of layers of Keras."""
    import keras

    layers = keras.layers
    read = layers.Input((40,))
    x = layers.Embedding(465, 100, weights=[network.E])(read)
    first, second = (layers.LSTM(128, return_sequences=True) for _ in range(2))
    steps = layers.Concatenate()([x, h := first(x), second(h)])
    scores = layers.Dense(1, use_bias=False)
    weights = layers.Softmax(axis=1)(scores(steps))
    average = layers.Flatten()(layers.Dot(axes=1)([weights, steps]))
    last = layers.Dense(465, activation="softmax")
    model = keras.Model(read, last(average))
    scores.set_weights([network.attention[:, np.newaxis]])
    last.set_weights([network.V, network.v])
    for name, layer in (("rnn_1", first), ("rnn_2", second)):
        kernel, recurrent, bias = arrays(name)
        W, U = turned(kernel, recurrent)
        layer.set_weights([W, U, bias.reshape(2, -1).sum(axis=0)])
    return model


def test_the_network_computes_what_keras_computes():
    texts = ["", "a small library (with no bugs", 'He said "no', "x" * 60, "née ☭ \n"]
    theirs = in_keras().predict(network.windows(texts), verbose=0)
    ours = network.read(texts)
    np.testing.assert_allclose(ours.next, theirs, atol=2e-6)
    np.testing.assert_allclose(ours.attention.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(network.read(["", *texts[:-1]]).next - theirs).max() > 0.1


def test_turned_kernels_make_plain_english_probable_and_others_do_not():
    layer = layer_of("rnn_1", turned)
    for name, block in network.first.blocks.items():
        np.testing.assert_array_equal(layer.blocks[name].kernel, block.kernel)
        np.testing.assert_array_equal(layer.blocks[name].recurrent, block.recurrent)
    means = []
    for turn in (
        turned,
        lambda W, U: (W, U),
        lambda W, U: (turned(W, U)[0], U),
        lambda W, U: (W, turned(W, U)[1]),
    ):
        first, second = (layer_of(name, turn) for name in ("rnn_1", "rnn_2"))
        means.append(log_p(replace(network, first=first, second=second)))
    assert means[0] == pytest.approx(-0.90, abs=0.01)
    assert max(means[1:]) < -np.log(465)
    assert means[1] == pytest.approx(-47.6, abs=0.1)
    read = network.read(TITLES).attention
    assert read[:, -1].min() > 0.9


def test_a_window_is_forty_characters_and_begins_with_none():
    rows = network.windows(["", "ab", "x" * 50, "☃"])
    start, a, b, x = (network.numbers[c] for c in ("<s>", "a", "b", "x"))
    assert rows[0].tolist() == [0] * 39 + [start]
    assert rows[1].tolist() == [0] * 37 + [start, a, b]
    assert rows[2].tolist() == [x] * 40
    assert rows[3].tolist() == [0] * 38 + [start, 0]
    assert [network.characters[k] for k in (a, start)] == ["a", "<s>"]
    with pytest.raises(ValueError, match=r"c should have shape \(128,\)"):
        network.read(["a"], np.zeros(3))


# ---- which number ---------------------------------------------------------------------------


def test_one_cell_is_chosen_and_right_on_the_other_half_and_on_the_networks_lines():
    chosen = chapter.chosen
    assert chapter.names[chosen] == "c of layer 1, unit 14"
    assert chapter.best(chapter.S, chapter.label)[1] > 0.9999
    theirs = chapter.states(network, chapter.own)[:, [chosen]]
    assert units.selectivity(theirs, chapter.theirs)[0, 1] > 0.9999
    assert max(map(len, chapter.lines)) == 40, "a line fits a window"
    for name, values in chapter.nulls.items():
        area = chapter.best(values, chapter.label)[1]
        limit = {"place": 0.56}.get(name.split()[0], 0.83)
        assert abs(area - 0.5) + 0.5 < limit, name


@pytest.mark.sweep
def test_the_cell_is_found_in_lines_of_random_words_and_in_no_shuffled_network(held):
    found, shuffled = [], []
    for seed, phrases in enumerate(samples()):
        texts = lines(phrases)
        label = labels(texts)
        S = chapter.states(network, texts)
        k, area = chapter.best(S[:, 128:256], label)
        found.append(k == 14 and area > 0.95)
        rng = np.random.default_rng(seed)
        first, second = (chapter.shuffled(c, rng) for c in (network.first, network.second))
        other = chapter.states(replace(network, first=first, second=second), texts)
        shuffled.append(abs(chapter.best(other, label)[1] - 0.5) < 0.4)
    assert (
        held(
            17,
            "In lines of random words c of unit 14 is chosen of the 128, and its AUC on the "
            "other half is above 0.95",
            np.array(found),
        )
        == 20
    )
    assert (
        held(
            17,
            "The number chosen in a network with shuffled weights has an AUC below 0.9",
            np.array(shuffled),
        )
        >= 19
    )


# ---- held -----------------------------------------------------------------------------------


def test_a_held_cell_never_changes_and_the_rest_is_as_it_was():
    cell = chapter.held(network.first, 14)
    x = network.E[network.windows(["one (two) three", "four"])]
    c0 = np.full((2, 128), 0.5, np.float32)
    assert (cell.trace(x, None, c0).c[..., 14] == 0.5).all()
    for name, block in network.first.blocks.items():
        rest = np.delete(np.arange(128), 14)
        np.testing.assert_array_equal(cell.blocks[name].kernel[:, rest], block.kernel[:, rest])


def test_held_outside_it_closes_nothing_and_held_inside_it_alone_closes_what_is_not_open():
    shut, forced = np.array(chapter.shut), np.array(chapter.forced)
    rest = np.arange(128) != 14
    assert chapter.unit == 14
    assert chapter.probability(chapter.open_lines) == pytest.approx(0.195, abs=5e-4)
    assert shut[14] < 0.0005 < 0.016 < shut[rest].min() < 0.0165
    assert np.sort(shut)[2] == pytest.approx(0.059, abs=0.001)
    assert chapter.probability(chapter.free_lines) < 0.0005
    assert forced[14] == pytest.approx(0.229, abs=5e-4)
    assert forced[rest].max() < 0.002
    assert (chapter.low, chapter.shut[80]) == (80, shut[rest].min())


def test_no_other_unit_closes_what_is_not_open_at_either_end_of_its_range():
    S, few = chapter.S[:, 128:256], chapter.free_lines[:6]
    ends = np.percentile(S, [1, 99], axis=0)
    most = np.array(
        [max(chapter.probability(few, k, c) for c in ends[:, k]) for k in range(128)]
    )
    assert most[14] > 0.2
    assert np.delete(most, 14).max() < 0.005


def test_no_cell_of_layer_2_stops_or_forces_a_bracket():
    c = chapter.S[:, 384:]
    within, without = (c[chapter.label == side].mean(axis=0) for side in (True, False))

    def closing(texts, unit, value):
        x = network.E[network.windows(texts)]
        h, c0 = network.first.trace(x).h, np.zeros((len(x), 128), x.dtype)
        c0[:, unit] = value
        second = chapter.held(network.second, unit).trace(h, None, c0)
        steps = np.concatenate([x, h, second.h], axis=-1)
        average = np.einsum("nt,nti->ni", softmax(steps @ network.attention), steps)
        after = softmax(average @ network.V + network.v)
        return after[:, network.numbers[")"]].mean()

    texts, free = chapter.open_lines[:10], chapter.free_lines[:10]
    intact = chapter.probability(texts)
    assert min(closing(texts, k, without[k]) for k in range(128)) > 0.5 * intact
    assert max(closing(free, k, within[k]) for k in range(128)) < 0.005


def test_h_of_the_unit_says_it_too_and_unit_80_nearly():
    area = units.selectivity(chapter.S, chapter.label)[:, 1]
    first = np.argsort(-np.abs(area - 0.5))[:3]
    assert {chapter.names[k] for k in first} == {
        "c of layer 1, unit 14",
        "h of layer 1, unit 14",
        "c of layer 1, unit 80",
    }
    np.testing.assert_allclose(area[first], [1, 1, 0.99], atol=0.005)


def test_unit_80_follows_what_unit_14_says():
    S = chapter.S[:, 128:256]
    assert units.selectivity(S, chapter.label)[80, 1] > 0.99
    c = [chapter.follower(chapter.open_lines, v) for v in (None, chapter.without[14])]
    np.testing.assert_allclose(c, [0.85, -0.01], atol=0.01)
    c = [chapter.follower(chapter.free_lines, v) for v in (None, chapter.within[14])]
    np.testing.assert_allclose(c, [-0.02, 0.99], atol=0.01)


def test_the_answer_needs_unit_80_too():
    c, layer = np.zeros(128), chapter.network.first
    for unit, value in ((14, chapter.within[14]), (80, chapter.without[80])):
        c[unit], layer = value, chapter.held(layer, unit)
    read = replace(chapter.network, first=layer).read(chapter.free_lines, c)
    closing = read.next[:, chapter.network.numbers[")"]].mean()
    assert closing == pytest.approx(0.03, abs=0.005)


@pytest.mark.sweep
def test_the_cause_on_lines_of_random_words(held):
    closed, opened, other = [], [], []
    for phrases in samples():
        texts = ends(phrases)
        free = [f"{a} {b}" for a, b, _ in phrases]
        intact, shut = (chapter.probability(texts, *k) for k in ((), (14, -0.1)))
        plain, forced = (chapter.probability(free, *k) for k in ((), (14, 1.0)))
        closed.append(shut < 0.02 * intact)
        opened.append(forced > 20 * plain)
        rest = [chapter.probability(free, k, chapter.within[k]) for k in range(0, 128, 8)]
        other.append(max(rest) < 0.2 * forced)
    assert (
        held(
            17,
            "Held as outside, unit 14 leaves less than a fiftieth of the probability of )",
            closed,
        )
        >= 19
    )
    assert held(17, "Held as inside, it makes a ) twenty times as probable", opened) >= 19
    assert held(17, "None of 16 other units held as inside makes a fifth of that", other) >= 19


# ---- its weights ----------------------------------------------------------------------------


def test_brackets_set_and_clear_and_a_blank_would_clear_too():
    row = {gate: {c: z[network.numbers[c]] for c in "([{)]}az ,"} for gate, z in
           chapter.inputs.items()}  # fmt: skip
    for mark in "([{":
        assert row["input"][mark] > 4
        assert row["forget"][mark] < -7
        assert row["cell"][mark] > 8
    for mark, left in zip(")]}", (0.02, 0.02, 0.22), strict=True):
        assert row["forget"][mark] < -23
        let_in = np.tanh(row["cell"][mark]) / (1 + np.exp(-row["input"][mark]))
        assert let_in == pytest.approx(left, abs=0.005)
    texts = [f"{a} {{{b}}}" for a, b, _ in chapter.phrases[:40]]
    assert network.first.trace(network.E[network.windows(texts)]).c[:, -1, 14].max() < 0.1
    lowest = np.argsort(chapter.inputs["forget"])[:3]
    assert {network.characters[k] for k in lowest} == set(")]}")
    assert row["forget"][" "] == pytest.approx(-3.1, abs=0.05)
    forget = {c: chapter.inputs["forget"][network.numbers[c]] for c in ascii_lowercase}
    assert "".join(c for c in ascii_lowercase if forget[c] < 0.1) == "cdfhn"
    assert network.first.blocks["forget"].recurrent[14, 14] == pytest.approx(7.63, abs=0.01)
    own = np.diag(network.first.blocks["forget"].recurrent)
    assert (own > 7).sum() < 5, "a unit that keeps itself is rare"


def found_inside(cell, unit, texts, truth):
    on = chapter.bits(cell, unit, texts) > 0.5
    return on[truth].mean(), on[~truth].mean()


def test_one_unit_alone_holds_the_bit_and_without_its_own_weight_does_not():
    for texts, truth, shares in (
        (chapter.lines, chapter.label, (1.00, 0.956, 0.225)),
        (chapter.own, chapter.theirs, (1.00, 0.753, 0.272)),
    ):
        for way, share in zip(chapter.ways.values(), shares, strict=True):
            inside, outside = found_inside(*way, texts, truth)
            assert inside == pytest.approx(share, abs=0.002)
            assert outside == 0
    near = [
        np.abs(chapter.bits(*way, chapter.own) - 0.5).min() for way in chapter.ways.values()
    ]
    assert min(near) > 1e-4, "no bit that rounding decides"


@pytest.mark.sweep
def test_other_units_alone_hold_nothing(held):
    better = []
    for phrases in samples():
        texts = lines(phrases)
        label = labels(texts)
        shares = [found_inside(*way, texts, label)[0] for way in chapter.ways.values()]
        better.append(shares[1] > shares[2] + 0.2)
    others = []
    for unit in range(128):
        c = chapter.bits(chapter.alone(network.first, unit), 0, chapter.lines)
        others.append(abs(units.selectivity(c[:, np.newaxis], chapter.label)[0, 1] - 0.5))
    assert np.argmax(others) == 14
    assert np.sort(others)[-2] < 0.47
    assert (
        held(
            17,
            "In brackets round random words unit 14 alone has the bit at a fifth more of the "
            "characters with its weight on its own h than without",
            better,
        )
        >= 19
    )


@pytest.mark.parametrize(
    ("text", "layer", "alone"),
    [
        ("one ((two) three)", "....#####........", "....#####........"),
        ("one (two] three", "....####.......", "....####......."),
        ("a :( b", "......", "...###"),
        ("a (b :( c", "..####...", "..#######"),
    ],
)
def test_it_cannot_count_and_the_layer_knows_a_sad_face(text, layer, alone):
    for name, wanted in (("all of layer 1", layer), ("alone", alone)):
        on = chapter.bits(*chapter.ways[name], [text]) > 0.5
        assert "".join(".#"[int(bit)] for bit in on) == wanted


def test_two_weights_tell_a_sad_face_from_a_bracket():
    assert chapter.pair.tolist() == [64, 78]
    np.testing.assert_allclose(chapter.shares[chapter.pair], [-2.38, -1.53], atol=0.01)
    assert chapter.shares.sum() == pytest.approx(-10.4, abs=0.05)
    usual, naive = network.first, chapter.without_weights(chapter.pair)
    assert [chapter.opens(usual, mark) for mark in chapter.faces] == [1, 0, 1, 1]
    assert [chapter.opens(naive, mark) for mark in chapter.faces] == [1, 1, 1, 1]
    for other in chapter.pairs:
        assert chapter.opens(chapter.without_weights(other), ":") == 0
    right = (chapter.bits(naive, 14, chapter.lines) > 0.5) == chapter.label
    assert right.all()
    order = np.argsort(chapter.shares)
    assert order[2:5].tolist() == [8, 46, 71]
    assert chapter.opens(chapter.without_weights([78]), ":") == 0
    for count, share in ((2, 0), (3, 1)):
        others = order[2 : 2 + count]
        assert chapter.opens(chapter.without_weights(others), ":") == share


@pytest.mark.sweep
def test_two_weights_on_lines_of_random_words(held):
    naive, face, bracket = chapter.without_weights([64, 78]), [], []
    for phrases in samples():
        sad = [f"{a} {b} :(" for a, b, _ in phrases]
        x = network.E[network.windows(sad)]
        on = [(cell.trace(x).c[:, -1, 14] > 0.5).mean() for cell in (network.first, naive)]
        face.append(on[0] < 0.2 and on[1] > 0.8)
        texts = lines(phrases)
        bracket.append(found_inside(naive, 14, texts, labels(texts))[0] > 0.8)
    assert held(17, "Without two weights :( opens a bracket, after random words", face) >= 19
    assert held(17, "Without them brackets are held as before", bracket) >= 19


# ---- other cells ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marks", "unit", "area", "p"),
    [
        ("[]", 14, 1.00, (0.273, 0.000, 0.000, 0.002)),
        ('""', 43, 0.00, (0.311, 0.000, 0.000, 0.300)),
    ],
)
def test_the_cells_of_the_live_figure_for_other_marks(marks, unit, area, p):
    opening, closing = marks
    truth = chapter.label  # in the same places as with round brackets
    c = chapter.states(network, lines(chapter.phrases, opening, closing))[:, 128:256]
    k, found = chapter.best(c, truth)
    assert (k, found) == (unit, pytest.approx(area, abs=0.001))

    def probability(texts, value=None):
        start, cell = np.zeros(128), network.first
        if value is not None:
            start[k], cell = value, chapter.held(cell, k)
        read = replace(network, first=cell).read(texts, start)
        return read.next[:, network.numbers[closing]].mean()

    full, free = ends(chapter.phrases[:80:2], opening), chapter.free_lines
    got = [
        probability(texts, value)
        for texts, side in ((full, False), (free, True))
        for value in (None, c[truth == side, k].mean())
    ]
    np.testing.assert_allclose(got, p, atol=0.0006)


def test_in_windows_of_their_own_the_last_step_counts_most_and_the_cell_tells_brackets():
    few = chapter.lines[:20]
    starts = [line[:k] for line in few for k in range(1, len(line) + 1)]
    read = network.read(starts)
    assert 0.85 < read.attention[:, -1].mean() < 0.95
    assert units.selectivity(read.first.c[:, -1], labels(few))[14, 1] > 0.9999
    # a cell that says in one window which half of a line it is says little in those
    late = [np.arange(len(line)) >= len(line) / 2 for line in chapter.lines]
    k, area = chapter.best(chapter.S[:, 128:256], np.concatenate(late))
    assert area > 0.99
    assert units.selectivity(read.first.c[:, -1], np.concatenate(late[:20]))[k, 1] < 0.75


def test_the_answer_of_the_open_exercise():
    def cut(unit, names):
        blocks = dict(network.first.blocks)
        for name in names:
            U = blocks[name].recurrent.copy()
            U[np.arange(128) != unit, unit] = 0
            blocks[name] = replace(blocks[name], recurrent=U)
        return replace(network, first=replace(network.first, blocks=blocks))

    def closing(unit, names, texts=chapter.open_lines):
        return cut(unit, names).read(texts).next[:, network.numbers[")"]].mean()

    every = ("input", "forget", "cell", "output")
    got = [closing(14, names) for names in (every, *((name,) for name in every))]
    np.testing.assert_allclose(got, [0.059, 0.180, 0.130, 0.179, 0.093], atol=0.001)
    assert closing(14, every, chapter.free_lines) < 0.001
    control = np.sort([closing(unit, every) for unit in range(0, 128, 4)])
    np.testing.assert_allclose(control[[0, 1, -1]], [0.063, 0.067, 0.292], atol=0.001)
    assert control[2] > 0.1


def test_the_stored_lines_are_what_the_tool_keeps():
    from tools import written_lines

    for line in pretrained.written_lines():
        assert len(line) < 40
        assert line.count("(") == line.count(")") == 1
        assert written_lines.KEPT.match(line + "   ")
        assert not written_lines.UNFIT.search(line)
    rng = np.random.default_rng(0)
    few = written_lines.written(network, 4, 0.6, rng)
    assert len(few) == 4
    assert all(line.startswith(tuple(written_lines.BEGINNINGS)) for line in few)
