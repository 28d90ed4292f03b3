"""Answers to the exercises of chapter 22, each with what its check says.

The right ones are those of other ways to the same boxes; nothing here is in the class edition.
"""

import numpy as np

from course_utils import mystery
from course_utils.checks.mystery_networks import fresh


def by_reading_on(box, text, t, d):
    """Say a letter at a time."""
    state, said = np.zeros(box.size), []
    for place, letter in enumerate(text, 1):
        state = box.read(letter, state).states[0] + (d if place == t else 0)
        said.append(int(box.says(state)))
    return said


def in_place(box, text, t, d):
    """Push in the states that the box returned, in float32."""
    states = box.read(text).states.astype("float32")
    states[t - 1] += d.astype("float32")
    states[t:] = box.read(text[t:], states[t - 1]).states
    return tuple(map(float, box.says(states)))


def into_d(box, text, t, d):
    before = box.read(text[:t]).states
    d += before[-1]
    return [*box.says(before[:-1]), box.says(d), *box.read(text[t:], d).says]


def added_up(box, text, t, d):
    """Add what the push becomes to the states: right for linear units alone."""
    states, U = box.read(text).states.copy(), box.cell.blocks
    for k in range(t - 1, len(text)):
        states[k] += d
        d = d @ U["state"].recurrent if "state" in U else d
    return box.says(states)


def pushed_at(shift):
    return lambda box, text, t, d: by_reading_on(box, text, t + shift, d)


def pushed_again(box, text, t, d):
    state, said = np.zeros(box.size), []
    for place, letter in enumerate(text, 1):
        state = box.read(letter, state).states[0] + (d if place >= t else 0)
        said.append(int(box.says(state)))
    return said


def pushed_late(box, text, t, d):
    plain, right = box.read(text).says, by_reading_on(box, text, t, d)
    return [*plain[:t], *right[t:]]


def pushed_always(box, text, t, d):
    return box.says(box.read(text).states + d)


def after(step, say=int, state=0):
    """Return a program from a step."""

    def program(text):
        now, said = state, []
        for letter in text:
            now = step(now, letter)
            said.append(say(now))
        return said

    return program


def late(program):
    return lambda text: [0, *program(text)[:-1]]


def early(program):
    return lambda text: [*program(text)[1:], 0]


def more(text):
    return [int(text[:k].count("b") > text[:k].count("c")) for k in range(1, len(text) + 1)]


def odd(text):
    return [text[:k].count("b") % 2 for k in range(1, len(text) + 1)]


def total(text):
    values = np.array(["cabd".index(letter) for letter in text])
    return np.cumsum(np.array([0, 1, 4, -2])[values]).tolist()


def last(text):
    return [int(letter in {"a", "c"}) for letter in text]


def third(text):
    return ([0, 0, 0] + ["cbad".index(letter) for letter in text])[: len(text)]


def flip(text):
    said = []
    for k in range(1, len(text) + 1):
        told = text[:k].replace("a", "")
        said.append(int(told[-1:] == "c"))
    return said


def on_and_off(text):
    """Do what the trainer of box D wanted."""
    told = ""
    said = []
    for letter in text:
        told = letter if letter in "ad" else told
        said.append(int(told == "a"))
    return said


RIGHT = {"A": more, "B": odd, "C": total, "D": last, "E": third, "F": flip}


def difference(box, plus, minus, texts=None):
    texts = fresh(200, 9, 77) if texts is None else texts
    ends = [box.read(t + plus).states[-1] - box.read(t + minus).states[-1] for t in texts]
    return np.mean(ends, axis=0)


def as_if(name, letter):
    """Predict as if letter t had been another one."""
    return lambda text, t: RIGHT[name](text[: t - 1] + letter + text[t:])


def reset_to(name, start):
    """Predict as if the box had read ``start`` and no letter before the push."""
    return lambda text, t: [
        *RIGHT[name](text[:t])[:-1],
        *RIGHT[name](start + text[t:])[len(start) - 1 :],
    ]


def unset(name):
    return [text for text in fresh(300, 9, 78) if RIGHT[name](text)[-1] == 0]


def counted_on(text, t):
    said = more(text)
    for k in range(t, len(text) + 1):
        said[k - 1] = int(text[:k].count("b") + 3 > text[:k].count("c"))
    return said


def near(count=2):
    return [t for t in fresh(300, 9, 79) if abs(t.count("b") - t.count("c")) < count]


CAUSES = {
    "A": lambda box: (3 * difference(box, "b", "d", near()), counted_on),
    "B": lambda box: (0.9 * difference(box, "b", "a", unset("B")), reset_to("B", "b")),
    "C": lambda box: (difference(box, "b", "c"), lambda text, t: plus(text, t, 4)),
    "D": lambda box: (0.8 * difference(box, "c", "b"), as_if("D", "c")),
    "E": lambda box: (difference(box, "a", "c"), lambda text, t: lifted(text, t, 2)),
    "F": lambda box: (0.9 * difference(box, "c", "a", unset("F")), reset_to("F", "c")),
}


def plus(text, t, k):
    return [*total(text)[: t - 1], *(k + n for n in total(text)[t - 1 :])]


def lifted(text, t, k):
    said = third(text)
    if t + 2 < len(text):
        said[t + 2] += k
    return said


def readout_of(box):
    """Return the vector that moves the readout by 1 and, of an LSTM, leaves c alone."""
    d = np.zeros(box.size)
    d[: box.cell.units] = box.V / (box.V @ box.V)
    return d


def asks(name):
    """Return a program that asks the box."""
    return lambda text: mystery.boxes()[name].read(text).says


def asks_the_cell(name):
    """Return a program that runs the cell of the box by itself."""
    box = mystery.boxes()[name]
    return lambda text: box.cell.trace(mystery.one_hot(text)[np.newaxis]).h[0] @ box.V + box.v


def simulated(name):
    box = mystery.boxes()[name]

    def cause(box_given, box=box):
        d = np.ones(box.size)
        return d, lambda text, t: by_reading_on(box, text, t, d)

    return cause


def wrong_programs(name):
    right = RIGHT[name]
    return [
        ("right", lambda text: np.array(right(text), float)),
        ("one letter late", late(right)),
        ("one letter early", early(right)),
        ("new strings: after", lambda text: [7] * len(text)),
        ("the boxes are sealed", asks(name)),
        ("the boxes are sealed", asks_the_cell(name)),
        ("should be whole numbers", lambda text: [n - 1e-9 for n in right(text)]),
        ("should have shape", lambda text: right(text)[-1]),
        ("right up to letter", lambda text: [*right(text)[:12], *[9] * (len(text) - 12)]),
    ]


def wrong_causes(name):
    right = CAUSES[name]

    def random(box):
        d, predict = right(box)
        other = np.random.default_rng(3).normal(size=box.size)
        return other * np.linalg.norm(d) / np.linalg.norm(other), predict

    return [
        ("right", right),
        (
            "you predict that nothing changes",
            lambda b: (right(b)[0], lambda x, t: RIGHT[name](x)),
        ),
        ("as predicted in", lambda b: (-right(b)[0], right(b)[1])),
        ("as predicted in", random),
        ("the boxes are sealed", simulated(name)),
        ("return two things", lambda b: right(b)[0]),
        ("the vector to add should have shape", lambda b: (np.ones(b.size + 1), right(b)[1])),
        ("as predicted in|nothing changes", lambda b: (0 * right(b)[0], right(b)[1])),
        ("no state is as long", lambda b: (1e90 * right(b)[0], right(b)[1])),
    ]


ANSWERS = {
    "pushed": [
        ("right", by_reading_on),
        ("right", in_place),
        ("RNN, tanh.*go on from the pushed state", added_up),
        ("d has other numbers", into_d),
        ("without a push", lambda box, text, t, d: box.read(text).says),
        ("read from the pushed state", pushed_late),
        ("you push after letter", pushed_at(1)),
        ("you push after letter", pushed_at(-1)),
        ("nothing may change", pushed_always),
        ("pushed once", pushed_again),
    ],
    **{f"program_{name.lower()}": wrong_programs(name) for name in RIGHT},
    **{f"cause_{name.lower()}": wrong_causes(name) for name in RIGHT},
}
ANSWERS["cause_a"] += [
    # moves what is said, not what is kept
    (
        "nothing changes after letter t, though the box remembers",
        lambda box: (
            readout_of(box),
            lambda text, t: [*more(text)[: t - 1], 1, *more(text)[t:]],
        ),
    )
]
ANSWERS["program_d"] += [("fits the box's whole sheet", on_and_off)]
ANSWERS["cause_c"] += [
    (
        "random vectors .* do so as often",
        lambda box: (difference(box, "a", "c"), lambda text, t: plus(text, t, 1)),
    )
]
ANSWERS["program_a"] += [
    ("new strings: after", lambda text: [int(n > 0) for n in after(_since)(text)]),
    ("right up to letter", lambda text: after(_up_to_six, lambda n: int(n > 0))(text)),
]
ANSWERS["program_f"] += [("right up to letter", lambda text: short_of_breath(text))]


def _up_to_six(n, letter):
    """Count no further than 6, up or down: right on nearly all random strings."""
    return max(-6, min(6, n + (letter == "b") - (letter == "c")))


def short_of_breath(text):
    """Forget after ten letters, which only long runs show."""
    return [flip(text[max(0, k - 10) : k])[-1] for k in range(1, len(text) + 1)]


def _since(n, letter):
    """Count the b's since the last c."""
    return 0 if letter == "c" else n + (letter == "b")
