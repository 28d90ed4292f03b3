"""Convolutions and one LSTM that say, every 32 milliseconds, whether somebody speaks."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from course_utils.arguments import array, number
from course_utils.gates import Gates, read_gates
from course_utils.gates.modules import Array

RATE = 16000
"""Samples a second."""
STEP = 512
"""Samples that the network reads at a step: 32 milliseconds."""
_BEFORE = 64
"""How many samples of the step before it reads again."""
_STRIDES = (1, 2, 2, 1)

FORMANTS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
"""Where the mouth resonates in each vowel, in hertz."""


@dataclass(frozen=True, eq=False)
class SpeechNetwork:
    """A spectrum, four convolutions, an LSTM of 128 units, and a weighted sum of its h.

    The score of a step is max(h, 0) V + v; the probability of speech is its sigmoid. ``gates``
    reads batches of sequences and begins with zeros if not told otherwise.

    Examples
    --------
    >>> from course_utils import pretrained
    >>> network = pretrained.speech_network()
    >>> sounds = pretrained.babble(3, seed=0), np.zeros(3 * 16000)
    >>> x = np.stack([network.hear(sound) for sound in sounds])
    >>> network.score(network.gates.trace(x).h)[:, -1] > 0
    array([ True, False])
    """

    spectrum: Array
    layers: tuple[tuple[Array, Array], ...]
    gates: Gates
    V: Array
    v: Array

    @classmethod
    def load(cls, path: Path) -> "SpeechNetwork":
        """Read the network from silero_vad_16k_sequence.onnx of silero-vad."""
        onnx = import_module("onnx")
        graph = onnx.load(path).graph
        arrays = {held.name: onnx.numpy_helper.to_array(held) for held in graph.initializer}
        gates = read_gates(path)
        assert isinstance(gates, Gates)
        names = (f"encoder.{k}" for k in range(len(_STRIDES)))
        return cls(
            arrays["stft.forward_basis_buffer"],
            tuple((arrays[f"{name}.weight"], arrays[f"{name}.bias"]) for name in names),
            replace(gates, time_major=False, started=False),
            arrays["output.weight"][0, :, 0],
            arrays["output.bias"],
        )

    def hear(self, sound: ArrayLike) -> Array:
        """Return what the LSTM reads of a sound (samples,): (steps, 128), one row a step.

        A step has 512 samples; those of an unfinished last step are left out.
        """
        samples = array(sound, "sound", (None,))
        steps = samples[: len(samples) // STEP * STEP].reshape(-1, STEP).astype(np.float32)
        again = np.zeros((len(steps), _BEFORE), np.float32)
        again[1:] = steps[:-1, -_BEFORE:]
        windows = np.pad(np.hstack([again, steps]), ((0, 0), (0, 64)), "reflect")
        waves = _convolved(windows[:, np.newaxis], self.spectrum, 128)
        half = waves.shape[1] // 2
        x = np.hypot(waves[:, :half], waves[:, half:])
        for (weight, bias), stride in zip(self.layers, _STRIDES, strict=True):
            x = np.pad(x, ((0, 0), (0, 0), (1, 1)))
            x = np.maximum(_convolved(x, weight, stride) + bias[:, np.newaxis], 0)
        return x[:, :, 0]

    def score(self, h: Array) -> Array:
        """Return the score of each state (..., 128): above 0 speech is more probable."""
        scores: Array = np.maximum(h, 0) @ self.V + self.v[0]
        return scores


def _convolved(x: Array, weight: Array, stride: int) -> Array:
    """Convolve x (batch, channels, length) with weight (out, channels, width)."""
    width = weight.shape[-1]
    parts = np.lib.stride_tricks.sliding_window_view(x, width, axis=2)[:, :, ::stride]
    rows = parts.transpose(0, 2, 1, 3).reshape(-1, x.shape[1] * width)
    product = rows @ weight.reshape(len(weight), -1).T
    return product.reshape(len(x), parts.shape[2], -1).transpose(0, 2, 1)


def babble(seconds: float, seed: int) -> Array:
    """Return a voice without words, made by formula: samples between -0.7 and 0.7.

    Syllables of a hiss and a vowel: pulses as of vocal cords, 75 to 145 a second, go through
    three resonances of ``FORMANTS``.

    Examples
    --------
    >>> babble(1, seed=0).shape
    (16000,)
    """
    # SciPy's signals take a second to import, and few who read the network make sounds
    lfilter = import_module("scipy.signal").lfilter
    length = int(number(seconds, "seconds", least=0.1) * RATE)
    rng = np.random.default_rng(seed)
    parts: list[Array] = []
    while sum(map(len, parts)) < length:
        at = np.linspace(0, 1, int(rng.uniform(0.15, 0.3) * RATE), endpoint=False)
        pitch = 110 * rng.uniform(0.85, 1.2) * (1.1 - 0.25 * at)
        pulses = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0) > 0
        vowel = lfilter([1], [1, -0.95], pulses) * np.minimum(1, np.minimum(8 * at, 5 - 5 * at))
        near = np.exp(-np.pi * 90 / RATE)
        for hertz in FORMANTS[rng.choice(list(FORMANTS))]:
            turn = 2 * near * np.cos(2 * np.pi * hertz / RATE)
            vowel = lfilter([1 - near], [1, -turn, near**2], vowel)
        noise = rng.normal(size=int(rng.uniform(0.04, 0.1) * RATE))
        hiss = 0.08 * lfilter([1, -0.9], [1], noise) * np.hanning(len(noise))
        parts += [hiss, vowel / np.abs(vowel).max() * rng.uniform(0.5, 1)]
    voice = np.concatenate(parts)[:length]
    return 0.7 * voice / np.abs(voice).max()
