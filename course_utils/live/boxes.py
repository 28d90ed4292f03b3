"""Networks without labels: type letters, and see what each says after them (chapter 22)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from course_utils import plotting
from course_utils.live._figure import LiveFigure
from course_utils.mystery import LETTERS, Box

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST = 40


class MysteryBoxes(LiveFigure):
    """A line of letters, and what each box says after every letter.

    Parameters
    ----------
    boxes
        Boxes by their names, as :func:`course_utils.mystery.boxes` returns them.
    text
        What they read first, 1 to 40 letters.

    Examples
    --------
    >>> from course_utils import mystery
    >>> MysteryBoxes(mystery.boxes(), "abcab").data()["text"]
    'abcab'
    """

    script = "mystery_boxes.js"
    title = "Boxes that read letters"

    def __init__(self, boxes: Mapping[str, Box], text: str) -> None:
        if not boxes:
            raise ValueError("there should be a box at least")
        if not 1 <= len(text) <= LONGEST:
            raise ValueError(f"text should have 1 to {LONGEST} letters, got {len(text)}")
        self.boxes, self.text = dict(boxes), text
        self.says = {name: box.read(text).says for name, box in self.boxes.items()}

    def data(self) -> dict[str, Any]:
        """Return the weights of all boxes, an LSTM's by gate: input, forget, cell, output."""
        found = []
        for name, box in self.boxes.items():
            blocks = list(box.cell.blocks.values())
            found.append(
                {
                    "name": name,
                    "lstm": box.cell.cell == "LSTM",
                    "linear": box.cell.activation == "linear",
                    "W": [block.kernel for block in blocks],
                    "U": [block.recurrent for block in blocks],
                    "b": [block.bias for block in blocks],
                    "V": box.V,
                    "v": box.v,
                    "yesNo": box.yes_no,
                }
            )
        return {"boxes": found, "text": self.text, "letters": LETTERS, "longest": LONGEST}

    def alt(self) -> str:
        """Say what each box says at the start."""
        rows = "; ".join(
            f"{name}: {' '.join(map(str, says))}" for name, says in self.says.items()
        )
        return f"A table of what each box says after each letter of {self.text}. {rows}."

    def draw(self, figure: "Figure") -> None:
        """Draw the table."""
        ax = figure.subplots()
        ink = plotting.COLOURS["black"]
        rows = [
            ("", list(self.text)),
            *((name, list(says)) for name, says in self.says.items()),
        ]
        for row, (name, cells) in enumerate(rows):
            weight = "normal" if row else "bold"
            ax.text(-1, -row, name, ha="center", va="center", color=ink, weight="bold")
            for column, cell in enumerate(cells):
                ax.text(
                    column, -row, str(cell), ha="center", va="center", color=ink, weight=weight
                )
        ax.axhline(-0.5, color=ink, linewidth=1)
        ax.set(xlim=(-1.6, len(self.text) - 0.4), ylim=(-len(rows) + 0.4, 0.6))
        ax.set_axis_off()
