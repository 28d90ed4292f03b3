"""Live figures: the network runs in the reader's page, without Python.

A live figure is an object that a cell returns. It shows itself in JupyterLab, VS Code and the
built book as HTML with its numbers and its script inside: nothing is fetched, so a page opened
from disk works as well. Where scripts do not run, and on paper, a still picture stays.

To write one (``rnn.py`` with ``rnn_dials.js`` is a short model):

1. Subclass :class:`LiveFigure` in a module of this package; name ``script`` and ``title``.
   The constructor checks its arguments (:func:`finite`) and says what came and what was
   wanted. Import no framework: take weights as arrays.
2. ``data()`` returns what the script gets: dicts, lists, strings, numbers, NumPy arrays. Round
   nothing that is computed with. Well under 1 MB; large arrays as integers or short decimals.
3. ``draw(figure)`` draws the still picture on a bare matplotlib ``Figure`` (no pyplot), and
   ``alt()`` says in words what it shows. Both describe the figure before anybody touched it.
4. The script defines ``build(data, figure)``: it fills the element ``figure`` and returns a
   function that gives the numbers shown, unrounded. That is ``host.liveState()``, which the
   tests compare with NumPy to 1e-5. A classic script: no import, no fetch, no global. It may
   use what ``live.js`` defines: ``el``, ``svg``, ``slider``, ``choice``, ``textField``,
   ``button``, ``plot``, ``axes``, ``clipped``, ``line``, ``marker``, ``legend``, ``table``,
   ``readout``, ``animate``, ``format``, ``ticks``, ``sigmoid``, ``matmul``.
5. Controls are real inputs, selects and buttons with visible labels, at least 44 px high. What
   a pointer can do, a keyboard can. Results stand in words in a ``readout``; colour never
   carries a meaning alone: add a dash, a marker or a word.
6. Colours are ``var(--blue)`` and so on, by the names in ``plotting.COLOURS``, and
   ``--paper``, ``--soft``, ``--line``, ``--grid``; the dark theme has its own values for all.
   A plot is drawn in real pixels by ``plot``; it must be readable at 300 px.
7. Movement goes through ``animate``, which jumps to the end under reduced motion. A first
   interaction answers within 50 ms: compute on input, draw few elements (under 1,000).
8. In a chapter: one cell that ends with the object, tagged ``hide-input``, with
   ``mystnb: figure: caption`` and ``name``. The alternative text comes from ``alt()``. A
   sentence before it asks for a prediction, then says what to try.

Tests: ``tests/package/test_live.py`` covers every class in ``__all__``; add the figure's own
checks to ``tests/book/test_live_figures.py``.
"""

from course_utils.live._figure import LiveFigure, finite
from course_utils.live.backwards import Backwards, input_path
from course_utils.live.bandit import MindReader, fit_choices
from course_utils.live.belief import BeliefReader
from course_utils.live.boxes import MysteryBoxes
from course_utils.live.decode import DecodeBasis, DecodeShift
from course_utils.live.draw import DrawTheTop
from course_utils.live.flip_flop import FlipFlop, pulsed
from course_utils.live.microscope import GateMicroscope, GateSlices, sliced
from course_utils.live.one_unit import ThereAndBack, there_and_back
from course_utils.live.parity import ParityWalk
from course_utils.live.rnn import LossSurface, RnnDials, descent, states
from course_utils.live.row import InkTheRow
from course_utils.live.sawtooth import Sawtooth, used_weight, weight_path
from course_utils.live.spelling import LettersHeard, eight_bits, letters_heard
from course_utils.live.text import ColouredText

__all__ = [
    "Backwards",
    "BeliefReader",
    "ColouredText",
    "DecodeBasis",
    "DecodeShift",
    "DrawTheTop",
    "FlipFlop",
    "GateMicroscope",
    "GateSlices",
    "InkTheRow",
    "LettersHeard",
    "LiveFigure",
    "LossSurface",
    "MindReader",
    "MysteryBoxes",
    "ParityWalk",
    "RnnDials",
    "Sawtooth",
    "ThereAndBack",
    "descent",
    "eight_bits",
    "finite",
    "fit_choices",
    "input_path",
    "letters_heard",
    "pulsed",
    "sliced",
    "states",
    "there_and_back",
    "used_weight",
    "weight_path",
]
