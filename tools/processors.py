"""Run the tests and the chapters as other processors would compute: ``make processors``.

    python -m tools.processors [NAME ...]    the named processors (all, if none is named)

NumPy, its BLAS, PyTorch, oneDNN and MKL choose their code by the processor they find, and with
it the order of sums. Each has a variable that makes it take the code for an older processor, so
that one machine can show what another would print. TensorFlow has none for the part that the
chapters use. What this processor cannot execute is named and left out.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_dispatch__ as numpy_levels

from tools.chapters import ROOT

IMITATED = {
    "Nehalem": ("sse4_2", "default", "SSE41", "SSE4_2", ()),
    "Haswell": ("avx2", "avx2", "AVX2", "AVX2", ("X86_V3",)),
    "Zen": ("avx2", "avx2", "AVX2", "AVX2", ("X86_V3",)),
    "SkylakeX": ("avx512bw", "avx512", "AVX512_CORE", "AVX512", ("X86_V3", "X86_V4")),
}
"""By OpenBLAS's name: the flag it needs; what PyTorch, oneDNN, MKL and NumPy may then use."""

THREADS = ("1-thread", "2-threads")
"""This processor as it is, with so many threads a library."""

DISTRIBUTED = ("--dist", "loadfile", "--no-loadscope-reorder")  # as in the Makefile
PARTS = {
    "tests": [
        "-m",
        "not sweep and not bench and not browser and not desk",
        "tests/tools",
        "tests",
    ],
    "chapters": ["--nbval", "--nbval-current-env", "tests/reference"],
}


def settings(name: str) -> dict[str, str]:
    """Return the variables that imitate a processor."""
    threads = name[0] if name in THREADS else "1"
    found = {
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
    }
    if name in IMITATED:
        _, torch, onednn, mkl, numpy = IMITATED[name]
        found |= {
            "OPENBLAS_CORETYPE": name,
            "ATEN_CPU_CAPABILITY": torch,
            "ONEDNN_MAX_CPU_ISA": onednn,
            "MKL_ENABLE_INSTRUCTIONS": mkl,
            "NPY_DISABLE_CPU_FEATURES": " ".join(set(numpy_levels) - set(numpy)),
        }
    return found


def executable(name: str) -> bool:
    """Say whether this machine's processor can run what another one would."""
    if name in THREADS:
        return True
    flags = Path("/proc/cpuinfo")
    known = platform.machine() == "x86_64" and flags.exists()
    return known and IMITATED[name][0] in flags.read_text("utf-8").split()


def run(name: str) -> Iterator[tuple[str, str]]:
    """Run each part as on a processor; yield the part and what its last line says."""
    for part, words in PARTS.items():
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", *DISTRIBUTED, *words],
            cwd=ROOT,
            env=os.environ | settings(name),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            print(done.stdout)
        last = (done.stdout.strip().splitlines() or ["nothing printed"])[-1].strip("= ")
        verdict = "failed" if done.returncode else "passed"
        yield part, f"{verdict} in {(time.monotonic() - began) / 60:.1f} min: {last}"


def main() -> None:
    """Run the processors named on the command line; end with 1 if a part failed on one."""
    names = [*IMITATED, *THREADS]
    parser = argparse.ArgumentParser(prog="python -m tools.processors", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    wanted = parser.parse_args().names or names
    if unknown := set(wanted) - set(names):
        parser.error(f"no processor {sorted(unknown)}; there are {', '.join(names)}")
    lines = []
    for name in wanted:
        if not executable(name):
            lines.append(f"{name:10} cannot be imitated by this machine")
            continue
        lines += [f"{name:10} {part:9} {said}" for part, said in run(name)]
        print(lines[-1], flush=True)
    print("\n".join(["", *lines]))
    sys.exit(any(" failed in " in line for line in lines))


if __name__ == "__main__":
    main()
