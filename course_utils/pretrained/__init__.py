"""Networks that somebody else trained, and the words to try them on; README.md tells whose.

Read and questioned in chapters 15 to 17 and 23. Nothing here asks another host.
"""

import hashlib
import lzma
from functools import cache
from pathlib import Path

from course_utils.pretrained.characters import CharacterNetwork
from course_utils.pretrained.speech import SpeechNetwork, babble
from course_utils.pretrained.spelling import SpellingNetwork

__all__ = [
    "CharacterNetwork",
    "SpeechNetwork",
    "SpellingNetwork",
    "babble",
    "character_network",
    "files",
    "path",
    "speech_network",
    "spelling_network",
    "words",
    "written_lines",
]

FOLDER = Path(__file__).parent

files = {
    "spelling/checkpoint20.npz": (
        "b8af35e4596d8dd5836dfd3fe9b2ba4f97b9c311efe8879544cbcfcbd566d8c6"
    ),
    "characters/textgenrnn_weights.hdf5": (
        "6a89ca4235ed9f00be7b2acd65d5fe4a099967d676bfe20afb696106286ffbca"
    ),
    "characters/textgenrnn_vocab.json": (
        "f9c6c0db9b07fb57da023d32df66e16a488d086c138e15706307bb5177c2be74"
    ),
    "characters/written.txt": (
        "7ee422699071022392cd6b8206a93dbbc98c2bab94c833c9be0f6d9885ca5e3f"
    ),
    "speech/silero_vad_16k_sequence.onnx": (
        "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
    ),
    "words/cmudict.dict.xz": "f3f9bf2acf2eead0551060d8c470955e0c7dedaa06e67f72360775c41220b87c",
}
"""The SHA-256 of each file, by its name in this folder."""


def path(name: str) -> Path:
    """Return where one of ``files`` is, after comparing its hash.

    Examples
    --------
    >>> path("spelling/checkpoint20.npz").name
    'checkpoint20.npz'
    """
    if name not in files:
        raise ValueError(f"no file {name}; there are {', '.join(files)}")
    file = FOLDER / name
    if not file.is_file():
        raise FileNotFoundError(
            f"{file} is missing: install course_utils again, or copy the file named in "
            f"{FOLDER / 'README.md'} there"
        )
    if hashlib.sha256(file.read_bytes()).hexdigest() != files[name]:
        raise ValueError(
            f"{file} is not the file it was (its SHA-256 differs): install it again"
        )
    return file


@cache
def spelling_network() -> SpellingNetwork:
    """Return the network that turns spelling into sounds (g2p-en 2.1.0)."""
    return SpellingNetwork.read(path("spelling/checkpoint20.npz"))


@cache
def character_network() -> CharacterNetwork:
    """Return the network that continues lines of text (textgenrnn 2.0.0)."""
    names = (f"characters/textgenrnn_{name}" for name in ("weights.hdf5", "vocab.json"))
    return CharacterNetwork.load(*map(path, names))


@cache
def speech_network() -> SpeechNetwork:
    """Return the network that hears whether somebody speaks (silero-vad 6.2.3)."""
    return SpeechNetwork.load(path("speech/silero_vad_16k_sequence.onnx"))


@cache
def words() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the words of the CMU Pronouncing Dictionary and the pronunciations of each.

    The 117,493 words in plain letters a to z, in the order of the dictionary. The network of
    :func:`spelling_network` learned from them; its file does not say which were held out.

    Examples
    --------
    >>> words()["knight"]
    (('N', 'AY1', 'T'),)
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    text = lzma.decompress(path("words/cmudict.dict.xz").read_bytes()).decode()
    for line in text.splitlines():
        word, *sounds = line.split("#")[0].split()
        word = word.split("(")[0]  # read(2) is the second pronunciation of read
        if word.isascii() and word.isalpha():
            found.setdefault(word, []).append(tuple(sounds))
    return {word: tuple(said) for word, said in found.items()}


@cache
def written_lines() -> tuple[str, ...]:
    """Return lines that :func:`character_network` wrote, each with a pair of round brackets.

    At most 39 characters each; ``tools/written_lines.py`` made them.

    Examples
    --------
    >>> written_lines()[0]
    'I saw this (New Year) of a pro for the'
    """
    return tuple(path("characters/written.txt").read_text("utf-8").splitlines())
