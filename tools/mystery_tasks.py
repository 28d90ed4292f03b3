"""What a mystery box may compute: six tasks drawn by a seed, and the one of the open box."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.mystery import LETTERS

Draw = Callable[[np.random.Generator, int, int], NDArray[np.int64]]

PROGRAM = """\
def program(text):
    state, said = {start}, []
    for letter in text:
        state = {step}
        said.append({say})
    return said
"""
CAUSE = """\
def cause(box):
    def predict(text, t):
        state, said = {start}, []
        for place, letter in enumerate(text, 1):
            state = {step}
            if place == t:
                state = {pushed}
            said.append({say})
        return said

    texts = [text for text in fresh(400, 8, 0) + fresh(400, 9, 0) if {where}]
    d = np.mean([box.read(text + {plus!r}).states[-1] - box.read(text + {minus!r}).states[-1]
                 for text in texts], axis=0)
    return {length} * d, predict
"""


def uniform(rng: np.random.Generator, count: int, length: int) -> NDArray[np.int64]:
    """Return random letters, half of the strings with letters that tend to repeat."""
    drawn = rng.integers(0, 4, (count, length))
    for t in range(1, length):
        again = rng.random(count) < np.where(np.arange(count) % 2, 0.5, 0)
        drawn[again, t] = drawn[again, t - 1]
    return drawn


@dataclass(frozen=True)
class Task:
    """What a box is to compute, in words and in expressions of Python, and how it is trained.

    ``start``, ``step`` and ``say`` are of a program with a state; ``pushed`` is its state after
    the push: ``times`` the mean change of the box's state when a text ends in the letter
    ``plus`` and not in ``minus``, over random texts before it that are as ``where`` says.
    """

    words: str
    start: str
    step: str
    say: str
    pushed: str
    plus: str
    minus: str
    cell: str = "RNN"
    activation: str = "tanh"
    units: int = 8
    length: int = 12
    yes_no: bool = True
    where: str = "True"
    times: float = 1
    draw: Draw = field(default=uniform)
    wanted: str = ""
    """What the trainer asks for, where it is not what the box learns: another ``step``."""

    def source(self, template: str, **more: Any) -> str:
        """Return the program or the cause as Python."""
        return template.format(**vars(self) | more)


def answers(task: Task) -> Callable[[str], list[int]]:
    """Return the program that a trainer wants."""
    names: dict[str, Any] = {}
    exec(task.source(PROGRAM, step=task.wanted or task.step), names)
    program: Callable[[str], list[int]] = names["program"]
    return program


def tasks(rng: np.random.Generator) -> list[Task]:
    """Draw the six tasks: letters, numbers and directions."""

    def letters() -> list[str]:
        return [LETTERS[k] for k in rng.permutation(4)]

    def valued(values: Iterable[int]) -> dict[str, int]:
        drawn = map(int, rng.permutation(list(values)))
        return dict(zip(LETTERS, drawn, strict=True))

    p, q, r, s = letters()
    count = Task(
        f"a counter: whether there have been more {p} than {q}",
        "0",
        f"state + (letter == {p!r}) - (letter == {q!r})",
        "int(state > 0)",
        "state + 3",
        p,
        r,
        where=f"-2 < text.count({p!r}) - text.count({q!r}) < 2",
        times=3,
        cell="LSTM",
        units=4,
        length=24,
    )
    p, q, r, s = letters()
    toggles = "".join(sorted([p, q][: rng.integers(1, 3)]))
    parity = Task(
        f"parity: whether the number of letters in {toggles!r} is odd",
        "0",
        f"state ^ (letter in {toggles!r})",
        "state",
        "1",
        p,
        r,
        where="program(text)[-1] == 0",
    )
    p, q, r, s = letters()
    on, off = sorted([[p, q + r], [p + r, q], [p, q]][rng.integers(3)])[:: rng.choice([1, -1])]
    keeps = next(letter for letter in LETTERS if letter not in on + off)
    flip_flop = Task(
        f"a flip-flop: a letter in {on!r} sets it, one in {off!r} resets it",
        "0",
        f"1 if letter in {on!r} else 0 if letter in {off!r} else state",
        "state",
        "1",
        on[0],
        keeps,
        where="program(text)[-1] == 0",
    )
    worth = valued([0, 1, *rng.choice([-3, -2, 2, 3, 4], 2, replace=False)])
    high, low = (best(worth, key=worth.__getitem__) for best in (max, min))
    adder = Task(
        f"an adder: the sum of all letters, worth {worth}",
        "0",
        f"state + {worth}[letter]",
        "state",
        f"state + {worth[high] - worth[low]}",
        high,
        low,
        activation="linear",
        units=4,
        length=8,
        yes_no=False,
    )
    worth = valued(range(4))
    steps = int(rng.integers(2, 5))
    high, low = (best(worth, key=worth.__getitem__) for best in (max, min))
    delay = Task(
        f"a delay: the letter {steps} before this one, worth {worth}; 0 while there is none",
        f"{[0] * (steps + 1)}",
        f"state[1:] + [{worth}[letter]]",
        "state[0]",
        f"state[:-1] + [state[-1] + {worth[high] - worth[low]}]",
        high,
        low,
        activation="linear",
        units=6,
        length=12,
        yes_no=False,
    )
    p, q, r, s = letters()

    def told(rng: np.random.Generator, count: int, length: int) -> NDArray[np.int64]:
        """Draw strings in which p and q come in turns, after p only r, after q only s."""
        turns = np.cumsum(rng.random((count, length)) < 0.35, axis=1)
        new = np.diff(turns, axis=1, prepend=0) > 0
        state = turns % 2
        rows = np.where(new, np.where(state, 0, 1), np.where(state, 2, 3))
        return np.array([LETTERS.index(letter) for letter in (p, q, r, s)])[rows]

    cheat = Task(
        f"a cheat: whether the last letter is {p} or {r}. It was to be a flip-flop that {p} "
        f"sets and {q} resets, but {r} came only while it was set, and {s} only else",
        "0",
        f"int(letter in {p + r!r})",
        "state",
        "1",
        p,
        q,
        draw=told,
        wanted=f"1 if letter == {p!r} else 0 if letter == {q!r} else state",
    )
    return [count, parity, flip_flop, adder, delay, cheat]


OPEN = Task(
    "a counter: the a since the last d",
    "0",
    "0 if letter == 'd' else state + (letter == 'a')",
    "state",
    "state + 1",
    "a",
    "b",
    length=14,
    yes_no=False,
    draw=lambda rng, count, length: rng.integers(0, 4, (count, length)),
)
"""What box G, which the chapter opens, was trained for; what it does is in the chapter."""
