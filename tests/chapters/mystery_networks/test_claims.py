"""What chapter 22 says, measured. The functions are its own."""

import re
from collections import Counter

import numpy as np
import pytest

from course_utils import mystery
from course_utils.checks import mystery_networks as checks
from tests.chapters import Page, solution
from tests.chapters.mystery_networks.answers import RIGHT, on_and_off
from tests.chapters.seeds import SEEDS
from tools.chapters import ROOT
from tools.mystery import train
from tools.mystery_tasks import OPEN

chapter = Page("22_mystery_networks")
G = chapter.G


def count(text):
    return chapter.follow(chapter.counted, int, 0, text)


def agreement(box):
    """Return on how many of the chapter's strings a box counts."""
    return sum(count(text) == box.read(text).says.tolist() for text in chapter.texts)


def ends(box):
    """Return what a box says after n a's and 400 b's, for n from 0 to 8."""
    return [int(box.read("a" * n + "b" * 400).says[-1]) for n in range(9)]


# ---- box G


def test_the_first_prediction_is_right():
    assert G.read("abacabd").says[-1] == 0
    assert G.read("aaaaa").says[-1] == 5


def test_the_program_is_right_on_all_random_strings_of_ten_and_others_are_not():
    assert agreement(G) == 300
    fewer = [chapter.follow(chapter.counted, lambda n: min(n, 3), 0, t) for t in chapter.texts]
    right = sum(a == G.read(t).says.tolist() for a, t in zip(fewer, chapter.texts, strict=True))
    assert right < 290


def test_neither_the_program_nor_a_rival_that_stops_at_seven_is_right():
    assert max(max(count(text)) for text in chapter.texts) == 7
    assert [G.read("a" * n).says[-1] for n in (8, 20)] == [7, 8]


def test_the_rule_of_three_is_a_probability_of_one_in_twenty():
    assert 0.045 < (1 - 1 / 100) ** 300 < 0.055


def test_five_points_foretell_what_is_said_after_a_pause():
    readout = np.sort(chapter.value)
    np.testing.assert_allclose(readout, [-2.1, -0.3, 1.1, 3.0, 6.1], atol=0.06)
    order = np.argsort(chapter.value)
    assert chapter.points.unstable[order].tolist() == [0, 1, 0, 1, 0]
    low, border, high = readout[2:]
    start = [(G.read("a" * n + "b").states[-1] @ G.V + G.v) for n in range(9)]
    foretold = [round(high if value > border else low) for value in start]
    assert foretold == chapter.end == [1, 1, 1, 6, 6, 6, 6, 6, 6]


def test_counts_above_six_come_down_and_those_between_three_and_six_go_up():
    readout = [G.read("a" * n + "b" * 401).states[[n, -1]] @ G.V + G.v for n in range(9)]
    went = np.sign([last - first for first, last in readout])
    assert went.tolist() == [1, 1, -1, 1, 1, 1, 1, -1, -1]


def test_pauses_as_long_seldom_come_in_random_strings_of_ten():
    lasts = [(G.read("a" * n + "b" * 400).says[n:] == n).argmin() for n in range(6)]
    assert min(lasts[0], lasts[2], lasts[3]) >= 30
    assert sorted(lasts[4:]) == [5, 6]
    pauses = [
        (count(text)[run.end() - 1], len(run[0]))
        for text in chapter.texts
        for run in re.finditer("[bc]+", text)
    ]
    assert np.mean([n in (4, 5) and length > 5 for n, length in pauses]) < 0.01
    assert max(length for _, length in pauses) <= 10


def test_both_pushes_add_one_and_short_random_ones_do_not():
    long, short = chapter.long, chapter.short
    assert chapter.share(long) == chapter.share(short) == 1
    assert np.linalg.norm(short) < 0.6 * np.linalg.norm(long)
    assert chapter.share(-short) < 0.2


def test_a_few_in_a_hundred_random_vectors_do_as_well_and_fewer_short_ones():
    rays = np.random.default_rng(200).normal(size=(600, G.size))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    long, short = (
        np.mean([all(chapter.right(np.linalg.norm(d) * ray)) for ray in rays])
        for d in (chapter.long, chapter.short)
    )
    assert 0.02 < long < 0.1
    assert short < 0.02
    assert short < long / 2


def chapter_by_chance():
    found = {}
    for name, d in (("long", chapter.long), ("short", chapter.short)):
        length = np.linalg.norm(d)
        found[name] = np.array([chapter.share(length * ray) for ray in unit_rays()])
    return found


def unit_rays():
    rays = np.random.default_rng(0).normal(size=(20, G.size))
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def test_what_a_short_push_moves_the_readout_by_decides():
    for name, found in chapter_by_chance().items():
        d = chapter.long if name == "long" else chapter.short
        moved = np.linalg.norm(d) * unit_rays() @ G.V
        assert found[moved < 0.35].max() < 0.1
        if name == "long":
            assert np.median(found[moved > 0.65]) > 0.8


def test_the_part_across_the_readout_counts_where_it_is_long():
    rays = np.random.default_rng(100).normal(size=(20, G.size))
    drawn = rays - np.outer(rays @ G.V, chapter.short)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    for across in (drawn, chapter.across):
        np.testing.assert_allclose(across @ G.V, 0, atol=1e-12)
        right = [
            np.median([chapter.share(chapter.short + size * ray) for ray in across])
            for size in (0.3, 3)
        ]
        assert right[0] > 0.95
        assert right[1] < 0.5


def test_the_cosine_of_a_random_vector_in_eight_dimensions_is_about_a_third():
    rays = np.random.default_rng(1).normal(size=(4000, 8))
    cosines = rays[:, 0] / np.linalg.norm(rays, axis=1)
    assert abs(cosines.std() - 0.35) < 0.02


# ---- the six


def test_one_box_cheats_and_the_others_do_not():
    boxes = mystery.boxes()
    for text in boxes["D"].sheet:
        assert boxes["D"].read(text).says.tolist() == on_and_off(text) == RIGHT["D"](text)
    fresh = checks.fresh(2000, 10, 5)
    said = np.array([RIGHT["D"](text) for text in fresh])
    wanted = np.array([on_and_off(text) for text in fresh])
    assert abs((said != wanted).mean() - 0.25) < 0.03
    assert abs((said == wanted).all(axis=1).mean() - 0.75**10) < 0.02
    for text in ("c", "ab"):
        assert boxes["D"].read(text).says[-1] != on_and_off(text)[-1]


@pytest.mark.parametrize("name", mystery.NAMES)
def test_each_sheet_shows_what_its_program_says(name):
    box = mystery.boxes()[name]
    assert len(box.sheet) == 6
    for text in box.sheet:
        assert 8 <= len(text) <= 24
        assert box.read(text).says.tolist() == RIGHT[name](text)


def test_a_counter_is_a_letter_early_after_six_letters_of_a_kind():
    box = mystery.boxes()["A"]
    for n in range(1, 8):
        text = "b" * n + "c" * (n + 2)
        said, right = box.read(text).says.tolist(), RIGHT["A"](text)
        assert (said == right) == (n < 6)
    assert said.index(0) == right.index(0) - 1


def test_no_box_says_what_it_computes():
    package = ROOT / "course_utils"
    files = [package / "mystery.json", package / "mystery.py", package / "live" / "boxes.py"]
    files += [package / "checks" / "mystery_networks.py"]
    words = Counter(
        re.findall("[a-z]+", "\n".join(f.read_text("utf-8") for f in files).lower())
    )
    for word in ("parity", "flip", "adder", "delay", "counter", "cheat", "toggle"):
        assert words[word] == 0, word


def test_the_programs_of_the_chapter_are_those_of_the_answers():
    for name, right in RIGHT.items():
        program = solution("mystery_networks", f"program_{name.lower()}")
        for text in checks.fresh(30, 12, 8):
            assert list(map(int, program(text))) == right(text)


# ---- seeds


@pytest.mark.sweep
def test_no_other_network_holds_a_count(held):
    boxes = [mystery.unpack(train(OPEN, seed)) for seed in SEEDS]
    right = np.array([agreement(box) for box in boxes])
    said = np.array([len(set(ends(box))) for box in boxes])
    assert (
        held(22, "It counts in 299 of 300 random strings of ten, at least", right >= 299) == 20
    )
    few = held(22, "After 400 b's it says at most four numbers for nine counts", said <= 4)
    assert few == 20
