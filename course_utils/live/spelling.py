"""A word, the sounds a network gives it, and what each letter does to them (chapter 15)."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from course_utils import plotting
from course_utils.gates import Block, Gates
from course_utils.live._figure import LiveFigure
from course_utils.pretrained.spelling import LETTERS, SOUNDS, SpellingNetwork

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST = 16  # letters that fit on a telephone
FULL = 25.0  # bits that fill a cell of the picture


class Stored(NamedTuple):
    """Rows of weights at eight bits a weight: whole numbers from -127 to 127 times a scale."""

    whole: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Stored":
        """Round rows of weights, none of them all 0; each gets the scale that fits it."""
        scale = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
        return cls(np.rint(rows / scale[:, np.newaxis]).astype(np.int8), scale)

    @property
    def rows(self) -> np.ndarray:
        """The weights that are left, float64."""
        return self.whole * self.scale[:, np.newaxis].astype(np.float64)

    def text(self) -> dict[str, Any]:
        """Return what the script gets: the whole numbers as base64, and the scales."""
        return {"whole": b64encode(self.whole.tobytes()).decode(), "scale": self.scale}


class Layer(NamedTuple):
    """What is stored of a GRU whose inputs are rows of a table.

    A row of ``inputs`` is x W + b of one letter or sound, a row of ``recurrent`` the weights of
    one entry of h U + ``bias``: update gates, then reset gates, then candidates.
    """

    inputs: Stored
    recurrent: Stored
    bias: np.ndarray

    @classmethod
    def of(cls, gates: Gates, table: np.ndarray) -> "Layer":
        """Store a GRU that reads the rows of a table."""
        blocks = [gates.blocks[name] for name in ("update", "reset", "candidate")]
        W, U, b, c = (
            np.hstack([getattr(block, name) for block in blocks])
            for name in ("kernel", "recurrent", "bias", "recurrent_bias")
        )
        return cls(Stored.of(table @ W + b), Stored.of(U.T), c)

    def gates(self, gates: Gates) -> Gates:
        """Return the GRU that reads the rows of ``inputs`` and passes them on."""
        U, parts = self.recurrent.rows.T, np.split(np.arange(3 * gates.units), 3)
        passed, none = np.eye(3 * gates.units), np.zeros(gates.units)
        blocks = {
            name: Block(passed[:, part], U[:, part], none, self.bias[part].astype(np.float64))
            for name, part in zip(("update", "reset", "candidate"), parts, strict=True)
        }
        return replace(gates, blocks=blocks)


class Kept(NamedTuple):
    """All that the live figure keeps of a network."""

    encoder: Layer
    decoder: Layer
    readout: Stored
    bias: np.ndarray

    @classmethod
    def of(cls, network: SpellingNetwork) -> "Kept":
        """Store a network at eight bits a weight; biases stay as they are."""
        return cls(
            Layer.of(network.encoder, network.letters),
            Layer.of(network.decoder, network.sounds),
            Stored.of(network.W.T),
            network.b,
        )


def eight_bits(network: SpellingNetwork) -> SpellingNetwork:
    """Return the network as the live figure runs it: with eight bits a weight.

    Its ``letters`` and ``sounds`` are not the embeddings but what each adds to a step, x W + b.

    Examples
    --------
    >>> from course_utils import pretrained
    >>> eight_bits(pretrained.spelling_network()).pronounce(["knight"])
    [('N', 'AY1', 'T')]
    """
    kept = Kept.of(network)
    return SpellingNetwork(
        kept.encoder.gates(network.encoder),
        kept.decoder.gates(network.decoder),
        kept.encoder.inputs.rows,
        kept.decoder.inputs.rows,
        kept.readout.rows.T,
        kept.bias.astype(np.float64),
    )


class Heard(NamedTuple):
    """What each letter of a word does to its sounds.

    ``kept`` is the mean update gate at each letter, ``bits`` (letters, sounds) how many bits
    each sound costs more once the letter is changed, ``then`` what is said instead.
    """

    sounds: tuple[str, ...]
    kept: np.ndarray
    bits: np.ndarray
    then: list[tuple[str, ...]]


def letters_heard(network: SpellingNetwork, word: str, put: str = "") -> Heard:
    """Return what each letter does: it is left out, or another one is put in its place.

    Examples
    --------
    >>> from course_utils import pretrained
    >>> heard = letters_heard(pretrained.spelling_network(), "knight")
    >>> heard.then[0], heard.then[2]
    (('N', 'AY1', 'T'), ('N', 'EY1', 'T'))
    """
    (sounds,) = network.pronounce([word])
    changed = [word[:i] + put + word[i + 1 :] for i in range(len(word))]
    h = network.encode([word, *changed])
    then = network.decode(h)[1:]
    cost, last = np.zeros((len(h), len(sounds))), np.full(len(h), SOUNDS.index("<s>"))
    for k, sound in enumerate(sounds):
        h, scores = network.say(h, last)
        scores -= scores.max(axis=1, keepdims=True)
        last = np.full(len(h), SOUNDS.index(sound))
        total = np.log2(np.exp(scores).sum(axis=1))
        cost[:, k] = total - scores[:, last[0]] / np.log(2)
    read = network.letters[[LETTERS.index(letter) for letter in word]]
    gates = network.encoder.trace(read[np.newaxis]).gates["update"][0]
    return Heard(sounds, gates.mean(axis=1), cost[1:] - cost[0], then)


def same(sounds: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Say whether sounds are the same, stress aside."""
    return [s.rstrip("012") for s in sounds] == [s.rstrip("012") for s in others]


class LettersHeard(LiveFigure):
    """A word to type, its sounds, the gates at its letters, and what each letter does.

    The network runs in the page, from weights at eight bits each (:func:`eight_bits`).

    Parameters
    ----------
    network
        The network that turns spelling into sounds.
    word
        The word that is shown first, 1 to 16 letters from a to z.
    words
        Words that a button brings.

    Examples
    --------
    >>> from course_utils import pretrained
    >>> figure = LettersHeard(pretrained.spelling_network(), "rate", ["debt"])
    >>> sorted(figure.data())
    ['alphabet', 'decoder', 'encoder', 'full', 'names', 'readout', 'word', 'words']
    """

    script = "letters_heard.js"
    title = "Type a word, hear its letters"

    def __init__(self, network: SpellingNetwork, word: str, words: Sequence[str] = ()) -> None:
        for one in (word, *words):
            plain = isinstance(one, str) and one.isascii() and one.isalpha() and one.islower()
            if not plain or len(one) > LONGEST:
                raise ValueError(f"a word should be 1 to {LONGEST} letters a to z, got {one!r}")
        self.network, self.word, self.words = eight_bits(network), word, list(words)
        self.kept = Kept.of(network)

    def data(self) -> dict[str, Any]:
        """Return the weights, eight bits each, and the names of letters and sounds."""
        layers = {
            name: {
                "inputs": layer.inputs.text(),
                "recurrent": layer.recurrent.text(),
                "bias": layer.bias,
            }
            for name, layer in (("encoder", self.kept.encoder), ("decoder", self.kept.decoder))
        }
        readout = {**self.kept.readout.text(), "bias": self.kept.bias}
        names = {"alphabet": LETTERS, "names": SOUNDS, "word": self.word, "words": self.words}
        return layers | names | {"readout": readout, "full": FULL}

    def alt(self) -> str:
        """Describe the grid of letters and sounds for the first word."""
        heard = letters_heard(self.network, self.word)
        needed = "; ".join(
            f"{sound} needs {self.word[i]} most"
            for sound, i in zip(heard.sounds, heard.bits.argmax(axis=0), strict=True)
        )
        silent = " or ".join(
            letter
            for letter, then in zip(self.word, heard.then, strict=True)
            if same(heard.sounds, then)
        )
        return (
            f"A grid with the letters of {self.word} as columns and its sounds, "
            f"{' '.join(heard.sounds)}, as rows. A square is the larger, the more bits the "
            f"sound costs without the letter: {needed}. "
            f"Without {silent or 'no letter'} the sounds stay. Bars below show the mean update "
            "gate at each letter, "
            f"{heard.kept.min():.1f} to {heard.kept.max():.1f}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the grid of letters and sounds, and the gates below it."""
        heard, colours = letters_heard(self.network, self.word), plotting.COLOURS
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        places = np.arange(len(self.word))
        for i in places:
            for k, bits in enumerate(heard.bits[i]):
                side = 0.9 * np.sqrt(np.clip(bits / FULL, 0, 1))
                corner = (i - side / 2, k - side / 2)
                above.add_patch(_square(corner, side, colours["blue"]))
            if same(heard.sounds, heard.then[i]):
                above.plot(i, -0.8, "o", color=colours["vermilion"], markerfacecolor="none")
        above.set(yticks=range(len(heard.sounds)), yticklabels=heard.sounds, ylabel="sound")
        above.set(ylim=(len(heard.sounds) - 0.5, -1.1), xlim=(-0.5, len(self.word) - 0.5))
        below.bar(places, heard.kept, 0.6, color=colours["ochre"])
        below.set(xticks=places, xticklabels=list(self.word), ylim=(0, 1))
        below.set(xlabel="letter", ylabel="update gate")


def _square(corner: tuple[float, float], side: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, side, side, color=colour)
