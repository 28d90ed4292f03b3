"""Answers to the exercises of chapter 6, each with what its check says."""

from dataclasses import replace

import numpy as np

from course_utils import data, gates


def counter(up, down, dollar=0.0, forget=40.0, gate=40.0, inverse=np.arctanh, reset=0.0):
    def block(bias, kernel=(0.0, 0.0, 0.0)):
        return gates.Block(np.array(kernel)[:, None], np.zeros((1, 1)), np.array([bias]))

    cell = block(0.0, [dollar, inverse(up), inverse(down)])
    wide = block(gate)
    keep = block(forget, [-reset, 0.0, 0.0])
    blocks = {"input": wide, "forget": keep, "cell": cell, "output": wide}
    return gates.Gates("LSTM", blocks)


def by_the_input_gate(up, down):
    """Right too: the candidate gives the sign and the input gate the size."""
    size = np.clip(np.abs([up, down]), 1e-15, None)
    kernel = [-80.0, *np.log(size / (1 - size))]
    columns = {
        "input": (kernel, 0.0),
        "forget": ([0.0] * 3, 60.0),
        "cell": ([0.0, *(60 * np.sign([up, down]))], 0.0),
        "output": ([0.0] * 3, 0.0),
    }
    blocks = {
        name: gates.Block(np.array(w)[:, None], np.zeros((1, 1)), np.array([b]))
        for name, (w, b) in columns.items()
    }
    return gates.Gates("LSTM", blocks)


def in_float32(up, down):
    cell = counter(up, down)
    small = {
        name: gates.Block(*(a.astype("float32") for a in (k.kernel, k.recurrent, k.bias)))
        for name, k in cell.blocks.items()
    }
    return replace(cell, blocks=small)


def symbol_by_symbol(cell, V, v, unit, shift):
    """Right too: one step at a time."""
    h = c = np.zeros((1, cell.units))
    for k, symbol in enumerate("$" + 10 * "a" + 40 * "b"):
        c = c + shift * (k == 11) * np.eye(cell.units)[unit]
        trace = cell.trace(data.symbols([symbol]), h, c)
        h, c = trace.h[:, 0], trace.c[:, 0]
        if k > 10 and (h @ V + v)[0, 0] > 0:
            return k - 10
    return 41


def moved(
    cell,
    V,
    v,
    unit,
    shift,
    state="c",
    until=0,
    opening="$",
    kept=1.0,
    from_10=False,
    b=False,
    read=40,
    both=False,
    later=False,
):
    top = cell.trace(data.symbols([opening + "a" * 10]))
    h, c = kept * top.h[:, -1], top.c[:, -1].copy()
    (c if state == "c" else h)[:, unit] += shift
    if from_10:
        c[:, unit] = 10 + shift
    if both:
        h[:, unit] = np.tanh(c[:, unit])
    logits = cell.trace(data.symbols(["b" * read]), h, c).h @ V + v
    if later:
        return int(41 - (logits[0, :, 0] > 0).sum())
    ends = ((logits[0, :, 2] <= 0) if b else (logits[0, :, 0] > 0)).nonzero()[0]
    return ends[0] + 1 if len(ends) else until or 41


ANSWERS = {
    "bias_for": [
        ("right", lambda n: np.log(2 * n**2 - 1)),
        ("too soon", lambda n: np.log(n - 1)),
        ("too soon", lambda n: np.log(2 * n)),
        ("too soon", lambda n: np.log(2 * (n - 1) ** 2 - 1)),
        ("a value of the gate", lambda n: 1 - 1 / (2 * n**2)),
        ("still right", lambda n: 40.0),
        ("leak more", lambda n: np.log(8 * n**2)),
        (r"bias_for\(16\).*too soon", lambda n: round(float(np.log(2 * n**2 - 1)), 1)),
    ],
    "weighted_counter": [
        ("right", by_the_input_gate),
        ("within the string", lambda up, down: counter(up, down, reset=80.0)),
        ("squashes", lambda up, down: counter(up, down, inverse=float)),
        ("the first a moves c by", lambda up, down: counter(down, up)),
        ("add nothing", lambda up, down: counter(up, down, dollar=0.1)),
        ("quite open", lambda up, down: counter(up, down, forget=10.0)),
        ("after .aab", lambda up, down: counter(up, down, forget=1.0)),
        ("after .aab", lambda up, down: counter(up, up)),
        ("got tuple", lambda up, down: (up, down)),
        ("in float64, got float32", in_float32),
        (
            "the first a moves c by",
            lambda up, down: replace(counter(up, down), activation="linear"),
        ),
    ],
    "waits": [
        ("right", moved),
        ("right", symbol_by_symbol),
        ("moved by 30 waits for 40", lambda *args: moved(*args, read=20)),
        ("moved by 30 waits for 40", lambda *args: moved(*args, read=39)),
        ("moved by 35 waits for 41", lambda *args: moved(*args, read=60)),
        ("the old h stay", lambda *args: moved(*args, both=True)),
        ("look for the first", lambda *args: moved(*args, later=True)),
        ("whole number", lambda *_: 10.0),
        ("where does the shift go in", lambda *args: moved(*args[:4], 0)),
        ("where does the shift go in", lambda *args: moved(*args, state="h")),
        ("counts too", lambda *args: moved(*args) - 1),
        ("return 41", lambda *args: moved(*args, until=40)),
        ("move one entry of c", lambda *args: moved(*args[:4], -args[4])),
        ("which column", lambda *args: moved(*args[:3], 0, args[4])),
        ("go on from the whole h and c", lambda *args: moved(*args, opening="")),
        ("go on from the whole h and c", lambda *args: moved(*args, kept=0.0)),
        ("not 9: go on from the whole", lambda *args: moved(*args, from_10=True)),
        ("the entry of the \\$", lambda *args: moved(*args, b=True)),
    ],
}
