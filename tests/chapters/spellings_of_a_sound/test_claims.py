"""What chapter 16 says, measured. The functions are its own."""

from collections import Counter, defaultdict
from itertools import product
from string import ascii_lowercase

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from course_utils import pretrained
from course_utils.pretrained.spelling import SOUNDS
from tests.chapters import Page

c = Page("16_spellings_of_a_sound")
NETWORK, DICTIONARY = pretrained.spelling_network(), pretrained.words()
FISH, KNIGHT = DICTIONARY["fish"][0], DICTIONARY["knight"][0]
LISTS = {
    FISH: "fish fisz fysh fzfh fzih fzph fzsh phzh yfhq yfhs yfsh",
    KNIGHT: "gnyt knyt ndyt nigt niht nijt nite niut niwt niyt nyht nyte nywd nywm nywt pnyt",
}


def strings(length):
    return ["".join(letters) for letters in product(ascii_lowercase, repeat=length)]


def parts(length, beginnings=None):
    """Yield a beginning, and the states of all that continue it by two letters and end."""
    states = c.longer(c.start, length - 2)
    for i, beginning in enumerate(strings(length - 2)):
        if beginnings is None or beginning in beginnings:
            yield beginning, c.ended(c.longer(states[i : i + 1], 2))


@pytest.fixture(scope="module")
def readings():
    """What the network says, with the strings of four letters that make it say so."""
    found, last = defaultdict(list), strings(2)
    for beginning, h in parts(4):
        for place, said in enumerate(NETWORK.decode(h)):
            found[said].append(beginning + last[place])
    return dict(found)


def leads(h, sounds, whole=False):
    """By how much these sounds win over the next best, at the closest; cut off at a loss."""
    lead, on, last = np.full(len(h), np.inf), np.arange(len(h)), "<s>"
    for sound in (*sounds, "</s>"):
        h, scores = NETWORK.say(h, np.full(len(h), SOUNDS.index(last)))
        last, number = sound, SOUNDS.index(sound)
        margin = scores[:, number] - np.delete(scores, number, axis=1).max(axis=1)
        lead[on] = np.minimum(lead[on], margin)
        if not whole:
            h, on = h[margin > 0], on[margin > 0]
    return lead


def test_states_of_all_strings_are_those_of_the_words():
    h = c.ended(c.longer(c.start, 2))
    np.testing.assert_allclose(h, NETWORK.encode(strings(2)), atol=1e-5)
    assert np.abs(h - NETWORK.encode(strings(2)[::-1])).max() > 0.1


def test_ghoti_is_not_fish_and_a_list_holds_what_is_read_so():
    assert NETWORK.pronounce(["ghoti"]) == [("G", "OW1", "T", "IY0")]
    assert NETWORK.pronounce(["phish"]) == [FISH]
    for sounds, found in LISTS.items():
        words = found.split()
        assert NETWORK.pronounce(words) == [sounds] * len(words)


def test_what_is_dropped_is_not_wanted():
    """In a few parts: reading with and without dropping agree."""
    last = strings(2)
    for beginning, h in parts(4, ["fi", "fz", "kn", "qx"]):
        kept = {beginning + last[place]: said for place, said in c.read(h)}
        all_said = {beginning + last[i]: said for i, said in enumerate(NETWORK.decode(h))}
        wanted = {said[:-1] for said in c.wanted}
        assert kept == {word: said for word, said in all_said.items() if said in wanted}
        assert 0 < len(kept) < len(all_said) / 10


def test_the_longest_list_of_three_letters_is_longer_than_by_chance():
    said = [sounds for _, h in parts(3) for sounds in NETWORK.decode(h)]
    sizes = np.array(list(Counter(said).values()))
    assert len(said) == 17_576
    assert len(sizes) == 9_712
    assert sizes.max() == 57
    rng = np.random.default_rng(0)
    for _ in range(20):
        thrown = np.bincount(rng.integers(len(sizes), size=len(said)))
        assert thrown.max() < 13


def test_a_word_is_as_probable_as_its_pairs():
    total = np.exp([c.log_prior(word, c.logs) for word in strings(1)]).sum()
    blank = np.exp(c.logs[26])
    assert total == pytest.approx(blank[:26] @ np.exp(c.logs[:26, 26]))
    assert c.log_prior("fish", c.logs) > c.log_prior("hsif", c.logs)


def test_sureness_is_the_probability_of_what_is_said():
    h = NETWORK.encode(["fish", "yfhq"])
    sure, other = c.log_p(h, (*FISH, "</s>")), c.log_p(h, (*KNIGHT, "</s>"))
    assert (sure > other).all()
    assert sure[0] > sure[1]
    firsts = sum(np.exp(c.log_p(h, (sound,))) for sound in SOUNDS)
    np.testing.assert_allclose(firsts, 1, rtol=1e-5)


def _dropped(first, second):
    """How often this letter, before a consonant, a vowel and any letter, changes nothing."""
    rest = [second + v + x for v in "aeiouy" for x in ascii_lowercase]
    alone = dict(zip(rest, NETWORK.pronounce(rest), strict=True))
    rest = [word for word in rest if alone[word][0] == second.upper()]
    said = NETWORK.pronounce([first + word for word in rest])
    return np.mean([s == alone[word] for s, word in zip(said, rest, strict=True)])


def test_before_n_letters_go_that_english_never_drops():
    share = {"k": 0.82, "g": 0.76, "p": 0.60, "q": 0.54, "f": 0.41, "c": 0.38}
    for letter, times in share.items():
        assert _dropped(letter, "n") == pytest.approx(times, abs=0.02)
    assert max(_dropped("k", other) for other in "bdfglmprstvwz") < 0.1
    assert min(_dropped("p", other) for other in "bdfmstw") > 0.5
    assert _dropped("c", "b") > 0.5
    assert _dropped("q", "g") == pytest.approx(0.48, abs=0.02)
    silent = {word[0] for word in DICTIONARY for y in DICTIONARY[word] if y[0] == "N"}
    assert silent & set("kgpqfc") == set("kgp")
    kn = [word for word in DICTIONARY if word[:2] == "kn" and word[2:3] in [*"aeiouy"]]
    dropped = [any(y[0] == "N" for y in DICTIONARY[word]) for word in kn]
    assert np.mean(dropped) == pytest.approx(0.95, abs=0.005)


@pytest.mark.sweep
def test_all_strings_of_four_letters(readings):
    for sounds, found in LISTS.items():
        assert readings[sounds] == found.split()
    sizes = np.array([len(found) for found in readings.values()])
    assert sizes.sum() == 26**4
    assert not any(said in readings for said in DICTIONARY["also"])
    assert len(c.fours) == 6_580


@pytest.mark.sweep
def test_the_first_of_a_list_for_all_words(readings, held):
    said = {word: sounds for sounds, found in readings.items() for word in found}
    rng = np.random.default_rng(0)
    order = [c.fours[i] for i in rng.permutation(len(c.fours))]
    right = [word for word in order if said[word] in DICTIONARY[word]]
    assert len(right) == pytest.approx(5_475, abs=2)
    sizes = np.array([len(readings[said[word]]) for word in right])
    known = np.array([sum(w in DICTIONARY for w in readings[said[word]]) for word in right])
    assert np.median(sizes) == 8
    assert known.sum() / sizes.sum() == pytest.approx(0.11, abs=0.01)
    assert (1 / known).mean() == pytest.approx(0.80, abs=0.005)
    own = c.pair_logs(c.fours)
    first, alike = defaultdict(list), []
    for word in right:
        found = readings[said[word]]
        sure = c.log_p(NETWORK.encode(found), (*said[word], "</s>"))
        prior, same = (np.array([c.log_prior(w, t) for w in found]) for t in (c.logs, own))
        scores = {"sure": sure, "pairs": prior, "both": sure + prior, "own pairs": same}
        scores["both, mixed"] = rng.permutation(sure) + prior
        for name, score in scores.items():
            first[name].append(score[found.index(word)] >= score.max())
        strange = np.array([w not in DICTIONARY for w in found])
        if strange.sum() >= 5:
            alike.append(spearmanr(sure[strange], prior[strange])[0])
    shares = {name: np.mean(values) for name, values in first.items()}
    assert (1 / sizes).mean() == pytest.approx(0.25, abs=0.005)
    assert shares["sure"] == pytest.approx(0.53, abs=0.006)
    assert shares["pairs"] == pytest.approx(0.60, abs=0.006)
    assert shares["both"] == pytest.approx(0.62, abs=0.006)
    assert shares["own pairs"] == pytest.approx(0.62, abs=0.006)
    assert np.mean(alike) == pytest.approx(0.31, abs=0.02)
    # 80 samples of 240 words, the first of which is the chapter's.
    number = {word: i for i, word in enumerate(right)}
    samples = [
        [number[word] for word in mixed[k : k + 240] if word in number]
        for mixed in (order, *(rng.permutation(order).tolist() for _ in range(3)))
        for k in range(0, 4_800, 240)
    ]
    means = {
        name: np.array([np.mean(np.array(values)[at]) for at in samples])
        for name, values in first.items()
    }
    assert (means["both, mixed"] > means["pairs"]).sum() < 40
    first_by_pairs = held(
        16,
        "In 240 words of four letters the pairs of letters put more first than sureness does",
        means["pairs"] > means["sure"],
    )
    first_by_both = held(
        16,
        "Both together put more first than the pairs alone",
        means["both"] > means["pairs"],
    )
    assert min(first_by_pairs, first_by_both) >= 76


@pytest.mark.sweep
def test_no_spelling_of_fish_sits_on_a_tie():
    """Those that nearly lead all the way, and those that nearly fail, are clear of rounding."""
    nearest = -np.inf
    for _, h in parts(4):
        lead = leads(h, FISH)
        assert lead[lead > 0].min(initial=1) > 0.05
        near = (lead <= 0) & (lead > -1)
        if near.any():
            nearest = max(nearest, leads(h[near], FISH, whole=True).max())
    print("nearest of those that fail", nearest)
    assert nearest < -0.01


@pytest.mark.sweep
def test_a_beam_finds_most_at_four_letters(readings):
    said = {word: sounds for sounds, found in readings.items() for word in found}
    some = [said[word] for word in c.words if said[word] in DICTIONARY[word]][:20]
    found = sum(len(c.beam(sounds, 4, 100)) for sounds in some)
    total = sum(len(readings[sounds]) for sounds in some)
    assert found / total > 0.6
    by_pairs = sorted(strings(4), key=lambda word: c.log_prior(word, c.logs))
    english = set(by_pairs[-5_876:])  # as many as the beam looks at
    likely = sum(len(english & set(readings[sounds])) for sounds in some)
    assert likely / total == pytest.approx(0.05, abs=0.02)


@pytest.mark.sweep
def test_a_beam_misses_most_at_five_letters():
    """What it finds is counted; what it misses, after a tenth of all first three letters."""
    order = np.random.default_rng(1).permutation(26**3)[:1_758]
    firsts = strings(3)
    tenth = {firsts[i] for i in order}
    fives = [word for word in DICTIONARY if len(word) == 5]
    drawn = np.random.default_rng(0).permutation(len(fives))[:50]
    said = [(fives[i], NETWORK.pronounce([fives[i]])[0]) for i in drawn]
    wanted = sorted({sounds for word, sounds in said if sounds in DICTIONARY[word]})
    beginnings = {(*w, "</s>")[:k] for w in wanted for k in range(len(w) + 1)}
    found = {sounds: set(c.beam(sounds, 5, 100)) for sounds in wanted}
    missed, last = Counter(), strings(2)
    for beginning, h in parts(5, tenth):
        for place, sounds in _read(h, set(wanted), beginnings):
            missed[sounds] += beginning + last[place] not in found[sounds]
    hits = np.array([len(found[sounds]) for sounds in wanted])
    misses = np.array([missed[sounds] for sounds in wanted])
    part = len(tenth) / 26**3
    share = hits.sum() / (hits.sum() + misses.sum() / part)
    assert len(wanted) == 40
    assert share == pytest.approx(0.35, abs=0.03)
    # other words, and for each a number of misses that could as well have been seen
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(wanted), size=(2_000, len(wanted)))
    seen = rng.poisson(misses[drawn]).sum(axis=1) / part
    shares = hits[drawn].sum(axis=1) / (hits[drawn].sum(axis=1) + seen)
    print("five letters:", hits.sum(), misses.sum(), share, np.quantile(shares, [0.025, 0.975]))
    assert np.quantile(shares, [0.025, 0.975]) == pytest.approx([0.25, 0.5], abs=0.03)
    sizes = np.sort(hits + misses / part)
    assert sizes[-8:].sum() > 0.6 * sizes.sum()


def _read(h, wanted, beginnings):
    """What the chapter's read does, for other sounds."""
    going, said = np.arange(len(h)), [()] * len(h)
    last = np.full(len(h), SOUNDS.index("<s>"))
    while len(going):
        h, scores = NETWORK.say(h, last)
        last = scores.argmax(axis=1)
        said = [(*s, SOUNDS[k]) for s, k in zip(said, last, strict=True)]
        yield from (
            (i, s[:-1])
            for i, s in zip(going, said, strict=True)
            if s[-1] == "</s>" and s[:-1] in wanted
        )
        on = [i for i, s in enumerate(said) if s in beginnings]
        going, h, last, said = going[on], h[on], last[on], [said[i] for i in on]


@pytest.mark.sweep
def test_a_mixture_that_is_read_as_fish_is_seldom_a_word():
    """The answer to exercise 3."""
    slow, fast = (_descend(rate) for rate in (0.3, 1.0))
    print("rate 0.3:", slow, "rate 1:", fast)
    assert slow[0] < fast[0] < 0.1
    assert len(slow[1]) <= 10 < len(fast[1])
    assert len(set(fast[1])) < len(c.beam(FISH, 4, 100))


def _descend(rate, starts=200):
    """The mean loss and the spellings that mixtures of letters end in, seed 0."""
    with np.load(pretrained.path("spelling/checkpoint20.npz")) as file:
        arrays = {name: torch.tensor(file[name]) for name in file.files}
    layers = {}
    for part in ("enc", "dec"):
        layers[part] = torch.nn.GRU(256, 256, batch_first=True)
        for name in ("w_ih", "w_hh", "b_ih", "b_hh"):
            long = name.replace("w_", "weight_").replace("b_", "bias_") + "_l0"
            getattr(layers[part], long).data = arrays[f"{part}_{name}"]
    torch.manual_seed(0)
    mixture = torch.randn(starts, 4, 26).requires_grad_()
    optimiser = torch.optim.Adam([mixture], lr=rate)
    sounds = torch.tensor([SOUNDS.index(sound) for sound in (*FISH, "</s>")])
    before = arrays["dec_emb"][[SOUNDS.index("<s>"), *sounds[:-1].tolist()]].expand(
        starts, -1, -1
    )
    end = arrays["enc_emb"][2].expand(starts, 1, 256)
    for _ in range(60):
        x = torch.softmax(mixture, dim=-1) @ arrays["enc_emb"][3:]
        h = layers["enc"](torch.cat([x, end], dim=1))[1]
        scores = layers["dec"](before, h)[0] @ arrays["fc_w"].T + arrays["fc_b"]
        loss = torch.nn.functional.cross_entropy(
            scores.transpose(1, 2), sounds.expand(starts, -1), reduction="sum"
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    words = ["".join(ascii_lowercase[i] for i in row) for row in mixture.argmax(dim=-1)]
    said = NETWORK.pronounce(words)
    ends = [word for word, heard in zip(words, said, strict=True) if heard == FISH]
    return loss.item() / starts, ends
