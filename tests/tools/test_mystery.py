"""The boxes for a class: each is what its key says, and no two groups have the same."""

import json
import sys

import numpy as np
import pytest

from course_utils import mystery
from course_utils.checks import mystery_networks as checks
from course_utils.mystery import NAMES
from tools import mystery as tool
from tools.mystery_tasks import OPEN, PROGRAM, answers, tasks

SHIPPED = json.loads(tool.SHIPPED.read_text("utf-8"))


@pytest.fixture(autouse=True)
def course_boxes():
    yield
    mystery.use()


def drawn(seed):
    """Return the tasks of a seed by the names of their boxes, as `draw` orders them."""
    rng = np.random.default_rng(seed)
    found = tasks(rng)
    return {name: found[k] for name, k in zip(NAMES, rng.permutation(6), strict=True)}


def program(task):
    names = {}
    exec(task.source(PROGRAM), names)
    return names["program"]


@pytest.mark.parametrize("name", NAMES)
def test_the_boxes_of_the_chapter_are_what_the_seed_says(name):
    assert tool.accepted(name, drawn(tool.SEED)[name]) is not None


def test_a_key_to_another_box_is_refused():
    found = drawn(tool.SEED)
    for name, other in zip(NAMES, NAMES[1:] + NAMES[:1], strict=True):
        assert tool.accepted(name, found[other]) is None


def test_no_two_seeds_have_the_same_boxes():
    keys = [tool.written_key(0, drawn(seed), dict.fromkeys(NAMES, 1.0)) for seed in range(100)]
    assert len(set(keys)) == 100
    assert keys[7] == tool.written_key(0, drawn(7), dict.fromkeys(NAMES, 1.0))
    for name in NAMES:
        assert len({drawn(seed)[name].words.split(":")[0] for seed in range(100)}) == 6


@pytest.mark.parametrize("seed", range(12))
def test_six_programs_differ_and_each_says_more_than_one_thing(seed):
    texts = checks.fresh(60, 12, 1)
    said = [tuple(map(tuple, map(program(task), texts))) for task in drawn(seed).values()]
    assert len(set(said)) == 6
    for answer in said:
        values, counts = np.unique(np.array(answer), return_counts=True)
        assert len(values) >= 2
        assert counts.max() < 0.9 * counts.sum()


@pytest.mark.parametrize("seed", range(12))
def test_a_cheat_is_right_on_its_strings_for_another_reason(seed):
    (cheat,) = (task for task in drawn(seed).values() if task.wanted)
    rng, wanted, learned = np.random.default_rng(0), answers(cheat), program(cheat)
    for row in cheat.draw(rng, 50, 12):
        text = "".join("abcd"[k] for k in row)
        assert wanted(text) == learned(text)
    fresh = checks.fresh(50, 12, 1)
    assert sum(wanted(text) != learned(text) for text in fresh) > 25


def test_a_box_that_has_not_learned_is_refused_and_one_comes_out_the_same_twice():
    task = drawn(3)["A"]
    one, other = (tool.train(task, 3, updates=3) for _ in range(2))
    assert one == other
    box = mystery.unpack(one)
    assert box.size == task.units * (2 if task.cell == "LSTM" else 1)
    assert [len(text) for text in box.sheet] == [task.length] * 6
    assert tool.train(task, 4, updates=3) != one


def test_turning_the_states_of_linear_units_changes_no_answer():
    (task,) = (task for task in drawn(3).values() if "adder" in task.words)
    box = mystery.unpack(tool.train(task, 0, updates=2))
    M = np.random.default_rng(0).normal(size=(4, 4))
    cell = box.cell.blocks["state"]
    turned = {
        "cell": "RNN",
        "activation": "linear",
        "yes_no": False,
        "sheet": [],
        "W": cell.kernel @ M,
        "U": np.linalg.solve(M, cell.recurrent @ M),
        "b": cell.bias @ M,
        "V": np.linalg.solve(M, box.V),
        "v": box.v,
    }
    for text in checks.fresh(20, 10, 0):
        assert (mystery.unpack(turned).read(text).says == box.read(text).says).all()


def test_the_open_box_was_asked_to_count_on_and_does_not():
    assert answers(OPEN)("a" * 9)[-1] == 9
    assert mystery.boxes()["G"].read("a" * 9).says[-1] < 9


# ---- the command


@pytest.fixture
def quick(monkeypatch):
    """Train nothing: give each task the box that the course has for it."""
    by_words = {task.words: name for name, task in drawn(tool.SEED).items()}
    monkeypatch.setattr(tool, "train", lambda task, seed: SHIPPED[by_words[task.words]])


def test_the_command_writes_boxes_for_a_group_and_a_key(quick, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "groups"
    monkeypatch.setattr(sys, "argv", ["mystery", "--seed", "22", "--to", str(folder)])
    tool.main()
    assert sorted(path.name for path in folder.iterdir()) == ["boxes-22.json", "key-22.md"]
    boxes = json.loads((folder / "boxes-22.json").read_text("utf-8"))
    assert boxes == {name: SHIPPED[name] for name in NAMES}
    key = (folder / "key-22.md").read_text("utf-8")
    assert [line for line in key.splitlines() if line.startswith("## ")] == [
        f"## Box {name}" for name in NAMES
    ]
    assert "boxes-22.json for a group" in capsys.readouterr().out
    mystery.use(folder / "boxes-22.json")
    assert "".join(mystery.boxes()) == "ABCDEFG"


def test_a_task_that_is_not_learned_is_named(monkeypatch):
    monkeypatch.setattr(tool, "train", lambda task, seed: SHIPPED["G"])
    with pytest.raises(RuntimeError, match=r"seed 22: not learned from 2 starts: \['a"):
        tool.draw(22, starts=2)


def test_a_seed_needs_a_folder(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mystery", "--seed", "3"])
    with pytest.raises(SystemExit):
        tool.main()
    assert "name a folder" in capsys.readouterr().err


# ---- another file


def test_a_missing_or_incomplete_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="put it beside the notebook"):
        mystery.use(tmp_path / "boxes-1.json")
    path = tmp_path / "boxes-2.json"
    path.write_text(json.dumps({name: SHIPPED[name] for name in "ABCDE"}))
    with pytest.raises(ValueError, match="has no box F"):
        mystery.use(path)


def test_checks_ask_the_boxes_in_use(tmp_path):
    path = tmp_path / "boxes-2.json"
    turned = dict(zip(NAMES, (SHIPPED[name] for name in NAMES[::-1]), strict=True))
    path.write_text(json.dumps(turned))
    found = drawn(tool.SEED)
    checks.program_a(program(found["A"]))
    mystery.use(path)
    checks.program_f(program(found["A"]))
    with pytest.raises(checks.CheckFailed, match="box A says"):
        checks.program_a(program(found["A"]))


def test_a_sealed_box_says_nothing():
    box = mystery.boxes()["A"]
    with mystery.sealed(), pytest.raises(mystery.Sealed):
        box.read("a")
    box.read("a")


@pytest.mark.sweep
@pytest.mark.parametrize("seed", [1, 2])
def test_six_boxes_of_a_seed_are_learned(seed):
    boxes, key = tool.draw(seed)
    assert list(boxes) == list(NAMES)
    assert key.startswith(f"# Key to boxes-{seed}.json")
