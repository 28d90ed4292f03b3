"""Train mystery boxes: ``python -m tools.mystery --seed 7 --to FOLDER``.

Writes ``boxes-7.json``, six networks for one group of learners, and ``key-7.md`` with what they
compute, for the teacher alone; with ``--count 5`` also those of the seeds 8 to 11. Without
``--to`` it trains the boxes of chapter 22 again, ``course_utils/mystery.json``.

Each box is trained by gradient descent, in a few seconds. None is built by hand. Of the two
whose units are linear the states are then turned and stretched by a random matrix, which
changes no answer. Which letter means what, the numbers in a task and the order of the boxes
rest on the seed. A box counts as what its key says only if the checks of the chapter accept the
key's program and push: else it is trained again, from another start.
"""

import argparse
import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from course_utils import mystery
from course_utils.checks import CheckFailed, mystery_networks
from course_utils.mystery import LETTERS, NAMES
from tools.chapters import ROOT
from tools.mystery_tasks import CAUSE, OPEN, PROGRAM, Task, answers, tasks

SHIPPED, SEED = ROOT / "course_utils" / "mystery.json", 22


def train(task: Task, seed: int | list[int], updates: int = 1500) -> dict[str, Any]:
    """Train a box with Adam on the mean squared error of all its answers.

    A batch holds 64 of 4,000 strings; the rate starts at 0.01 and falls to 0 along half a
    cosine wave.
    """
    import torch

    torch.set_num_threads(1)  # on matrices this small, threads mostly wait for each other
    rng, u, wide = np.random.default_rng(seed), task.units, 4 if task.cell == "LSTM" else 1
    shapes = [(4, wide * u), (u, wide * u), (wide * u,), (u,), ()]
    weights = [torch.tensor(rng.uniform(-1, 1, shape) / u**0.5) for shape in shapes]
    if wide == 4:
        weights[2][u : 2 * u] += 1
    W, U, b, V, v = (weight.requires_grad_() for weight in weights)
    optimiser = torch.optim.Adam(weights, 0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    strings, wanted = task.draw(rng, 4000, task.length), answers(task)
    x = torch.tensor(strings)
    said_right = [wanted("".join(LETTERS[k] for k in row)) for row in strings]
    targets = torch.tensor(said_right).double()
    for _ in range(updates):
        batch = torch.tensor(rng.integers(0, len(x), 64))
        y, given = targets[batch], (W[x[batch]] + b).unbind(1)
        h, c, said = torch.zeros(64, u).double(), torch.zeros(64, u).double(), []
        for z in given:
            z = z + h @ U
            if wide == 4:
                i, f, g, o = z.chunk(4, dim=1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
            else:
                h = z.tanh() if task.activation == "tanh" else z
            said.append(h @ V + v)
        loss = ((torch.stack(said, dim=1) - y) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
    W, U, b, V, v = (weight.detach().numpy() for weight in weights)
    if task.activation == "linear":
        M = np.linalg.qr(rng.normal(size=(u, u)))[0] * rng.uniform(0.5, 2, u)
        W, U, b, V = W @ M, np.linalg.solve(M, U @ M), b @ M, np.linalg.solve(M, V)
    rounded = {
        name: np.round(w, 6).tolist() for name, w in zip("WUbVv", (W, U, b, V, v), strict=True)
    }
    return {
        "cell": task.cell,
        "activation": task.activation,
        "yes_no": task.yes_no,
        **rounded,
        "sheet": ["".join(LETTERS[k] for k in row) for row in strings[:6]],
    }


def key(task: Task, scale: float) -> str:
    """Return the program and the cause of a box as Python."""
    return (
        task.source(PROGRAM) + "\n\n" + task.source(CAUSE, length=round(scale * task.times, 2))
    )


def accepted(name: str, task: Task) -> float | None:
    """Return the scale of the push at which the checks accept a box's key, or None.

    Parameters
    ----------
    name
        Of a box in use (:func:`course_utils.mystery.use`).
    task
        What it is to compute.
    """
    check = {
        what: getattr(mystery_networks, f"{what}_{name.lower()}")
        for what in ("program", "cause")
    }
    for scale in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 1.2, 1.5):
        names: dict[str, Any] = {"np": np, "fresh": mystery_networks.fresh}
        exec(key(task, scale), names)
        with contextlib.suppress(CheckFailed), contextlib.redirect_stdout(io.StringIO()):
            check["program"](names["program"])
            check["cause"](names["cause"])
            return scale
    return None


def draw(seed: int, starts: int = 10) -> tuple[dict[str, Any], str]:
    """Train six boxes, and return what their file holds and the key.

    Raises
    ------
    RuntimeError
        If a task was not learned from any of the starts.
    """
    rng = np.random.default_rng(seed)
    found = tasks(rng)
    order = dict(zip(NAMES, rng.permutation(len(found)), strict=True))
    boxes: dict[str, Any] = {}
    scales: dict[str, float] = {}
    for start in range(starts):
        left = [name for name in NAMES if name not in scales]
        for name in left:
            boxes[name] = train(found[order[name]], [seed, start, int(order[name])])
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "boxes.json"
            path.write_text(json.dumps(boxes), "utf-8")
            mystery.use(path)
            for name in left:
                scale = accepted(name, found[order[name]])
                if scale is not None:
                    scales[name] = scale
            mystery.use()
        if len(scales) == len(NAMES):
            return boxes, written_key(seed, {n: found[order[n]] for n in NAMES}, scales)
    missing = [found[order[name]].words for name in NAMES if name not in scales]
    raise RuntimeError(f"seed {seed}: not learned from {starts} starts: {missing}")


def written_key(seed: int, found: dict[str, Task], scales: dict[str, float]) -> str:
    """Return the key as Markdown."""
    lines = [
        f"# Key to boxes-{seed}.json",
        "",
        "For the teacher. The checks of chapter 22 accept every program and every cause below.",
        "`fresh` is `course_utils.checks.mystery_networks.fresh`. Other programs that give the",
        "same answers are as right, and so are other pushes.",
    ]
    for name, task in found.items():
        lines += ["", f"## Box {name}", "", task.words[0].upper() + task.words[1:] + ".", ""]
        lines += ["```python", key(task, scales[name]).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train boxes as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.mystery", description=__doc__)
    parser.add_argument("--seed", type=int, help="of the first set of boxes")
    parser.add_argument("--count", type=int, default=1, help="how many sets")
    parser.add_argument("--to", type=Path, help="a folder for boxes and keys")
    asked = parser.parse_args()
    if asked.to is None and (asked.seed is not None or asked.count != 1):
        parser.error("name a folder with --to: without it the chapter's own boxes are trained")
    if asked.to is None:
        boxes, _ = draw(SEED)
        SHIPPED.write_text(written(boxes | {"G": train(OPEN, SEED)}), "utf-8")
        print(f"{SHIPPED}: the boxes of chapter 22")
        return
    asked.to.mkdir(parents=True, exist_ok=True)
    first = 1 if asked.seed is None else asked.seed
    for seed in range(first, first + asked.count):
        boxes, text = draw(seed)
        (asked.to / f"boxes-{seed}.json").write_text(written(boxes), "utf-8")
        (asked.to / f"key-{seed}.md").write_text(text, "utf-8")
        print(f"{asked.to}: boxes-{seed}.json for a group, key-{seed}.md for you")


def written(boxes: dict[str, Any]) -> str:
    """Return boxes as JSON, a line for each array."""
    rows = [
        json.dumps(name)
        + ": {\n"
        + ",\n".join(
            f"  {json.dumps(part)}: {json.dumps(value)}" for part, value in box.items()
        )
        + "\n}"
        for name, box in boxes.items()
    ]
    return "{\n" + ",\n".join(rows) + "\n}\n"


if __name__ == "__main__":
    main()
