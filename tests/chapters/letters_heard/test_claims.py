"""What chapter 15 says, measured. The functions are the chapter's own."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from course_utils import gates, live
from tests.chapters import Page

chapter = Page("15_letters_heard")
SAMPLES = 20


def parted(things, seed=100):
    """Return 20 parts of a list that share nothing, other ones than the chapter's."""
    return [
        list(p) for p in np.array_split(np.random.default_rng(seed).permutation(things), 20)
    ]


@cache
def samples():
    """20 samples of 60 words of four to eight letters, those said right."""
    words = set(chapter.middle) - set(chapter.words)
    found = []
    for part in parted(sorted(words))[:SAMPLES]:
        some = part[:90]
        said = dict(zip(some, chapter.network.pronounce(some), strict=True))
        chapter.said.update(said)
        found.append([w for w in some if said[w] in chapter.known[w]][:60])
    return found


@cache
def quiet():
    """For each sample whether each letter can go."""
    return [
        np.concatenate([chapter.can_go(w, chapter.said[w]) for w in words])
        for words in samples()
    ]


@cache
def invented(doubled=False):
    """All invented words, in 20 parts."""
    times = 2 if doubled else 1
    return parted(chapter.invented([times * c for c in "bdfgklmnptvz"], 10_000, seed=0))


def without(word, place):
    (said,) = chapter.network.pronounce([chapter.without(word)[place]])
    return " ".join(said)


# ---- read from its file ---------------------------------------------------------------------


def torch_encoder():
    """Return PyTorch's GRU with the arrays of the file, in 64 bits."""
    layer = torch.nn.GRU(256, 256, batch_first=True).double()
    with np.load(chapter.file) as arrays, torch.no_grad():
        for name, weights in layer.named_parameters():
            kind, place = name.removesuffix("_l0").split("_")
            weights.copy_(torch.tensor(arrays[f"enc_{kind[0]}_{place}"]))
    return layer


def in_64_bits(cell):
    """Return the same layer, computed in 64 bits."""
    blocks = {}
    for name, part in cell.blocks.items():
        arrays = (part.kernel, part.recurrent, part.bias, part.recurrent_bias)
        blocks[name] = gates.Block(*(np.asarray(a, float) for a in arrays))
    return replace(cell, blocks=blocks)


@pytest.mark.parametrize("word", ["a", "knight", "psychology", "antidisestablishmentarianism"])
def test_every_state_agrees_with_pytorch_and_with_swapped_gates_it_does_not(word):
    rows = [chapter.LETTERS.index(letter) for letter in word]
    x = chapter.network.letters[rows].astype(float)[np.newaxis]
    theirs = torch_encoder()(torch.tensor(x))[0].detach().numpy()
    cell = in_64_bits(chapter.encoder)
    assert np.abs(cell.trace(x).h - theirs).max() < 1e-6
    swapped = {
        **cell.blocks,
        "update": cell.blocks["reset"],
        "reset": cell.blocks["update"],
    }
    assert np.abs(replace(cell, blocks=swapped).trace(x).h - theirs).max() > 0.1


# ---- how good it is -------------------------------------------------------------------------


@pytest.mark.sweep
def test_of_long_words_fewer_come_out():
    for length, share in ((5, 0.78), (14, 1 / 3)):
        words = parted([w for w in chapter.known if len(w) == length], seed=0)[0][:700]
        pairs = zip(chapter.network.pronounce(words), words, strict=True)
        right = [said in chapter.known[word] for said, word in pairs]
        assert np.mean(right) == pytest.approx(share, abs=0.06), length


# ---- what a letter does to a sound ----------------------------------------------------------


@pytest.mark.parametrize("word", ["knight", "rate", "photography"])
def test_the_live_figure_has_the_prices_of_the_chapter(word):
    told = live.letters_heard(chapter.network, word)
    ours = chapter.heard(chapter.network, word, told.sounds)
    np.testing.assert_allclose(ours, told.bits, atol=1e-3)


def test_the_e_of_rate_gives_its_bits_to_the_vowel():
    costs = chapter.heard(chapter.network, "rate", ("R", "EY1", "T"))
    assert costs[3].argmax() == 1
    assert costs[3, 1] > 5
    assert np.abs(costs[3, [0, 2]]).max() < 1


@pytest.mark.parametrize(
    ("word", "place", "said"),
    [
        ("knight", 3, "N IH1 T"),
        ("rate", 3, "R AE1 T"),
        ("psalm", 0, "S AA1 M"),
        ("island", 1, "IY0 L AA1 N D"),
        ("phone", 4, "F AA1 N"),
    ],
)
def test_what_is_said_without_a_letter(word, place, said):
    assert without(word, place) == said


def test_the_t_of_watched_is_the_ed_and_of_debt_the_t():
    for word, letter in (("watched", "d"), ("thanked", "d"), ("thumped", "d"), ("debt", "t")):
        (sounds,) = chapter.network.pronounce([word])
        assert word.count("t") == chapter.plain(sounds).count("T") == 1
        costs = chapter.heard(chapter.network, word, sounds)
        assert word[costs[:, sounds.index("T")].argmax()] == letter
    assert not {"watched", "thanked", "thumped"} & set(chapter.words), "no pair of the 1,200"


@pytest.mark.sweep
def test_sounds_find_their_letters_in_words_of_any_sample(held):
    network = chapter.network
    found = [chapter.aligned(network, words) for words in samples()]
    spread = [
        np.array(
            [
                int((k + 0.5) / len(chapter.said[w]) * len(w)) == i
                for w in words
                for i, k in chapter.known_pairs(w)
            ]
        )
        for words in samples()
    ]
    hits, even = ([part.mean() for part in parts] for parts in (found, spread))
    assert np.concatenate(found)[~np.concatenate(spread)].mean() > 0.95
    null = [
        chapter.aligned(chapter.shuffled(seed), samples()[0][:30]).mean()
        for seed in range(100, 120)
    ]
    assert (
        held(
            15,
            "More than 95% of the sounds of a known letter need it most, in 60 words",
            np.array(hits) > 0.95,
        )
        == SAMPLES
    )
    assert (
        held(
            15,
            "Spread evenly, fewer than 90% of these sounds lie under their letter",
            np.array(even) < 0.9,
        )
        >= 18
    )
    assert (
        held(
            15,
            "With its weights shuffled the network finds fewer than 40% of them",
            np.array(null) < 0.4,
        )
        == 20
    )


@pytest.mark.sweep
def test_single_letters_stay_and_doubled_ones_can_go(held):
    shares = []
    for words, can_go in zip(samples(), quiet(), strict=True):
        places = [(word, i) for word in words for i in range(len(word))]
        rows = [
            (word[i] in word[max(i - 1, 0) : i] + word[i + 1 : i + 2], gone)
            for (word, i), gone in zip(places, can_go, strict=True)
            if word[i] in "tlf"
        ]
        shares.append([np.mean([gone for double, gone in rows if double == d]) for d in (0, 1)])
    alone, doubled = np.array(shares).T
    assert (
        held(15, "A single t, l or f can go in less than 10% of its places", alone < 0.1)
        == SAMPLES
    )
    assert held(15, "A doubled one can go in more than 30%", doubled > 0.3) >= 18


# ---- the letter that is never said ----------------------------------------------------------


@pytest.mark.sweep
def test_the_e_changes_the_vowel_of_words_it_never_saw(held):
    effects = np.array([chapter.add("e", part) for part in invented()])
    assert (
        held(
            15,
            "An e changes the vowel of more than 80% of 58 invented words",
            effects[:, 0] > 0.8,
        )
        == SAMPLES
    )
    assert held(15, "It is said in fewer than 20% of them", effects[:, 1] < 0.2) == SAMPLES
    every = [word for part in invented() for word in part]
    others = np.array([chapter.add(letter, every) for letter in chapter.LETTERS[3:]])
    vowel = [letter in "aeiouy" for letter in chapter.LETTERS[3:]]
    assert others[~np.array(vowel), 0].max() < 0.25
    assert np.median(others[~np.array(vowel), 1]) > 0.5, "most consonants are said"
    said = others[[letter in "aiouy" for letter in chapter.LETTERS[3:]], 1]
    assert said.min() > 0.9


def test_what_else_the_e_changes():
    new = chapter.new
    before = chapter.network.pronounce(new)
    after = chapter.network.pronounce([word + "e" for word in new])
    pairs = list(zip(new, before, after, strict=True))
    spoken = np.mean([a[-1][-1].isdigit() for a in after])
    brings_y = np.mean(["Y" in a and "Y" not in b for _, b, a in pairs])
    assert spoken < brings_y < 0.08
    soft = [a[-1] == "JH" for w, _, a in pairs if w[-1] == "g"]
    assert len(soft) > 40
    assert np.mean(soft) > 0.9
    assert np.mean([b[-1] == "JH" for w, b, _ in pairs if w[-1] == "g"]) < 0.1
    rest = [
        "JH" in a or "Y" in a
        for _, b, a in pairs
        if chapter.vowels(b)[0] != chapter.vowels(a)[0] and not chapter.only_vowel(b, a)
    ]
    assert len(rest) > 50
    assert np.mean(rest) > 0.6


@pytest.mark.sweep
def test_the_e_does_not_reach_over_two_consonants(held):
    parts = invented(doubled=True)
    effects = np.array([chapter.add("e", part)[0] for part in parts])
    assert (
        held(
            15,
            "After a doubled consonant it changes the vowel of fewer than 30%",
            effects < 0.3,
        )
        == SAMPLES
    )
    shares, null = [], []
    for part in parts:
        two = chapter.network.pronounce([word + "e" for word in part])
        for place, found in ((-1, shares), (0, null)):
            less = [chapter.without(word)[place] + "e" for word in part]
            both = zip(chapter.network.pronounce(less), two, strict=True)
            found.append(np.mean([chapter.vowels(a) != chapter.vowels(b) for a, b in both]))
    assert (
        held(
            15,
            "One consonant of a double left out before e changes a vowel in more than 60%",
            np.array(shares) > 0.6,
        )
        == SAMPLES
    )
    assert np.mean(null) < 0.3
    assert (np.array(null) < shares).all()


def test_consonants_change_the_vowel_of_few_and_rare_endings_suffice():
    changes = [v for letter, (v, _) in chapter.effects.items() if letter not in "aeiouy"]
    assert [round(each, 2) for each in (min(changes), max(changes))] == [0.03, 0.17]
    assert len(chapter.rare) == pytest.approx(134, abs=2)
    assert chapter.add("e", chapter.rare)[0] == pytest.approx(0.82, abs=0.02)
    assert chapter.add("t", chapter.rare)[0] == pytest.approx(0.03, abs=0.01)


def test_the_words_told_of_are_said_as_told():
    told = {
        "smaz": "S M AE1 Z",
        "smaze": "S M EY1 Z",
        "twip": "T W IH1 P",
        "twipe": "T W AY1 P",
        "twipp": "T W IH1 P",
        "twippe": "T W IH1 P",
        "smag": "S M AE1 G",
        "smage": "S M EY1 JH",
        "mule": "M Y UW1 L",
        "kof": "K AO1 F",
        "maze": "M EY1 Z",
        "blaze": "B L EY1 Z",
    }
    said = chapter.network.pronounce(list(told))
    assert dict(zip(told, map(" ".join, said), strict=True)) == told
    assert without("bell", 2) == "B EH1 L" == " ".join(chapter.network.pronounce(["bell"])[0])
    assert without("latte", 2) != " ".join(chapter.network.pronounce(["latte"])[0])


def test_rare_endings_are_rare_and_change_the_vowel_too():
    assert {word[-2:] + "e" for word in chapter.rare} == {"efe", "eze", "ofe", "ufe"}
    assert all(chapter.ends[word[-2:] + "e"] <= 3 for word in chapter.rare)
    assert chapter.ends["aze"] > 10
    assert chapter.add("e", chapter.rare)[0] > 0.75
    assert chapter.add("t", chapter.rare)[0] == pytest.approx(0.03, abs=0.02)


def test_the_invented_words_are_new():
    words = [word for part in invented() for word in part]
    assert len(words) > 1_000
    assert not [w for w in words if w in chapter.known or w + "e" in chapter.known]


@pytest.mark.sweep
def test_the_open_exercise_has_the_numbers_of_its_answer():
    def share(middle, end="e"):
        return chapter.add(end, chapter.invented(middle, 700, seed=0))[0]

    pairs = {"st": 0.28, "sk": 0.18, "nt": 0.12, "nd": 0.05, "mp": 0.05, "ft": 0.06}
    assert {pair: share([pair]) for pair in pairs} == pytest.approx(pairs, abs=0.02)
    ends = {"e": 0.92, "ed": 0.77, "er": 0.80, "ing": 0.72, "y": 0.66, "t": 0.05, "s": 0.03}
    one = list("bdfgklmnptvz")
    assert {end: share(one, end) for end in ends} == pytest.approx(ends, abs=0.02)
    for end in ("ed", "er", "ing", "y"):
        assert share([2 * c for c in one], end) == pytest.approx(0.06, abs=0.02)


# ---- what could fool us ---------------------------------------------------------------------


def test_eight_bits_say_nearly_every_word_alike_and_four_do_not(monkeypatch):
    from course_utils.live import spelling

    words = list(np.random.default_rng(2).permutation(list(chapter.known))[:500])
    exact = chapter.network.pronounce(words)

    def alike():
        rounded = live.eight_bits(chapter.network).pronounce(words)
        return np.mean([a == b for a, b in zip(exact, rounded, strict=True)])

    assert alike() == pytest.approx(0.97, abs=0.01)
    whole = spelling.Stored.of

    def coarse(rows):
        eight = whole(rows)
        return spelling.Stored((eight.whole // 16) * np.int8(16), eight.scale)

    monkeypatch.setattr(spelling.Stored, "of", coarse)
    assert alike() < 0.8
