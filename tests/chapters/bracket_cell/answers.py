"""Answers to the exercises of chapter 17, each with what its check says."""

from dataclasses import replace

import numpy as np

from course_utils.gates import Block


def holding(gates=None, part=slice(None), weights=0.0, copy=True):
    """Return an answer to exercise 1 with these biases in these gates."""
    biases = {"input": -100.0, "forget": 100.0} if gates is None else gates

    def held(cell, unit):
        blocks = dict(cell.blocks)
        for name, bias in biases.items():
            arrays = [blocks[name].kernel, blocks[name].recurrent, blocks[name].bias]
            W, U, b = [a.copy() for a in arrays] if copy else arrays
            columns = unit if part == slice(None) else part
            W[:, columns] *= weights
            U[:, columns] *= weights
            b[columns] = bias
            blocks[name] = Block(W, U, b)
        return replace(cell, blocks=blocks)

    return held


def by_mask(cell, unit):
    """Hold the cell by products with a mask, without a copy."""
    keep = (np.arange(cell.units) != unit).astype(float)
    blocks = dict(cell.blocks)
    for name, bias in (("input", -60.0), ("forget", 60.0)):
        old = blocks[name]
        b = old.bias * keep + bias * (1 - keep)
        blocks[name] = Block(old.kernel * keep, old.recurrent * keep, b)
    return replace(cell, blocks=blocks)


def cutting(kernel=None, recurrent=None, bias=None):
    """Return an answer to exercise 2; each function takes an array and the unit."""

    def alone(cell, unit):
        parts = (
            kernel or (lambda a, k: a[:, [k]]),
            recurrent or (lambda a, k: a[[k]][:, [k]]),
            bias or (lambda a, k: a[[k]]),
        )
        blocks = {
            name: Block(
                *(
                    take(a, unit)
                    for take, a in zip(parts, (b.kernel, b.recurrent, b.bias), strict=True)
                )
            )
            for name, b in cell.blocks.items()
        }
        return replace(cell, blocks=blocks)

    return alone


ANSWERS = {
    "held": [
        ("right", by_mask),
        ("right", holding({"input": -40.0, "forget": 40.0})),
        ("what comes in, and what is kept", holding({"input": -100.0})),
        ("what comes in, and what is kept", holding({"input": 100.0, "forget": -100.0})),
        ("what comes in, and what is kept", holding({"input": 0.0, "forget": 1.0})),
        (
            "what comes in, and what is kept",
            holding(weights=1.0, gates={"input": -1.0, "forget": 1.0}),
        ),
        ("drifts from 0.7", holding({"input": -6.0, "forget": 6.0})),
        ("100 times as large", holding({"input": -60.0, "forget": 60.0}, weights=1.0)),
        ("right", holding({"input": -1e5, "forget": 1e5}, weights=1.0)),
        (
            "something else has changed",
            holding({"input": -100.0, "forget": 100.0, "output": 100.0}),
        ),
        ("something else has changed", holding(part=slice(0, None))),
        ("read-only", holding(copy=False)),
        ("got tuple", lambda cell, unit: (cell, unit)),
    ],
    "alone": [
        ("right", cutting()),
        ("features and 1 units", lambda cell, unit: cell),
        (
            "kernel of the input block",
            cutting(kernel=lambda a, k: a[:, :1] if k else a[:, 1:2]),
        ),
        ("still reads its own h", cutting(recurrent=lambda a, k: np.zeros((1, 1)))),
        (
            "from unit 1 to unit 1",
            cutting(recurrent=lambda a, k: a[:, [k]].sum(axis=0, keepdims=True)),
        ),
        ("bias of the input block", cutting(bias=lambda a, k: 0 * a[[k]])),
    ],
    "told": [
        ("right", lambda U, k, usual, now: np.diag(now - usual) @ U[:, k]),
        ("one number", lambda U, k, usual, now: (now - usual) @ U[:, k]),
        ("every sign", lambda U, k, usual, now: (usual - now) * U[:, k]),
        ("all units' pre-activations", lambda U, k, usual, now: (now - usual) @ U),
        ("take those that lead to it", lambda U, k, usual, now: (now - usual) * U[k]),
        ("the share now", lambda U, k, usual, now: now * U[:, k]),
        ("a change of h times one weight", lambda U, k, usual, now: (now - usual) / U[:, k]),
    ],
}
