"""What a chapter needs of a computer: ``python -m tools.measure``.

    python -m tools.measure [SLUG ...]    measure chapters (all, if none is named)
    python -m tools.measure --desk        measure JupyterLab alone, without a chapter

Every chapter runs in a fresh kernel, one after another, and says at its end what it took. From
the results, ``book/_data/needs.csv`` and ``book/_data/desk.csv``, the page on running a class
makes its tables. Measure on a machine that does nothing else. Reads ``/proc``: Linux only.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from jupyter_client import BlockingKernelClient
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from tools.chapters import NOTEBOOKS, ROOT, chapters, read

NEEDS = ROOT / "book" / "_data" / "needs.csv"
DESK = ROOT / "book" / "_data" / "desk.csv"

# Not getrusage: its peak includes that of the process that started the kernel.
READING = """
import re as _re, time as _time
from pathlib import Path as _Path
_status = _Path("/proc/self/status").read_text()
print(_re.search(r"VmHWM:\\s+(\\d+) kB", _status)[1], _time.process_time())
"""


def tens(number: float) -> int:
    """Round to tens: the next figure differs from run to run."""
    return 10 * round(number / 10)


def title(chapter: Path) -> str:
    """Return the first heading of a chapter."""
    found = re.search(r"^# (.+)$", chapter.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if found is None:
        raise ValueError(f"{chapter.name} has no heading")
    return found[1]


def exercise_minutes(chapter: Path) -> list[int]:
    """Return the minutes that a chapter gives to each of its exercises."""
    text = chapter.read_text(encoding="utf-8")
    return [
        int(m) for m in re.findall(r"^Difficulty \d of 5, (\d+) minutes", text, re.MULTILINE)
    ]


def measure(chapter: Path) -> dict[str, str | int]:
    """Execute a chapter in a fresh kernel and say what it took.

    Returns
    -------
    dict
        A row of ``needs.csv``: CPU seconds of the kernel, its largest resident memory in MB
        (10^6 bytes), and the minutes that all exercises of the chapter ask for.
    """
    os.environ["TQDM_DISABLE"] = "1"
    notebook = read(chapter)
    notebook.cells.append(new_code_cell(READING))
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    peak, cpu = map(float, notebook.cells[-1].outputs[0].text.split())
    number, slug = int(chapter.stem[:2]), chapter.stem
    return {
        "chapter": f"[{number} · {title(chapter)}](../notebooks/{slug}.md)",
        "CPU s": round(cpu),
        "MB": tens(peak * 1024 / 1e6),
        "min": sum(exercise_minutes(chapter)),
    }


def import_seconds(module: str) -> int:
    """Return the CPU seconds of a fresh Python that imports a module as a chapter does."""
    code = f"import time; from course_utils import training; import {module}"
    code += "; print(time.process_time())"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return round(float(run.stdout))


def write(path: Path, rows: list[dict[str, str | int]]) -> None:
    """Write rows with the names of their columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a table; none if it has not been measured."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def slug_of(row: dict[str, str]) -> str:
    """Return the chapter that a row of ``needs.csv`` is about."""
    return Path(row["chapter"].rpartition("(")[2].rstrip(")")).stem


def measure_chapters(slugs: list[str]) -> None:
    """Measure the named chapters (all, if none is named) and keep the other rows."""
    known = {chapter.stem: chapter for chapter in chapters()}
    if unknown := set(slugs) - set(known):
        raise SystemExit(f"no chapter {sorted(unknown)}; there are {sorted(known)}")
    table: dict[str, dict] = {slug_of(row): row for row in rows(NEEDS)}
    for slug in slugs or known:
        table[slug] = measure(known[slug])
        print(*table[slug].values(), sep="  ", flush=True)
        write(NEEDS, [table[slug] for slug in sorted(table) if slug in known])


def measure_desk() -> None:
    """Start JupyterLab as a learner does, run one cell, and say how long that takes."""
    with tempfile.TemporaryDirectory() as scratch:
        runtime = Path(scratch, "runtime")
        environment = os.environ | {"HOME": scratch, "JUPYTER_RUNTIME_DIR": str(runtime)}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0"]
        command += ["--allow-root", "--ServerApp.ip=127.0.0.1", str(NOTEBOOKS)]
        began = time.perf_counter()
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
        try:
            address = wait_for_server(runtime)
            ready = time.perf_counter() - began
            kernel = ask(address, "api/kernels", "POST")
            client = BlockingKernelClient(
                connection_file=str(runtime / f"kernel-{kernel['id']}.json")
            )
            client.load_connection_file()
            client.start_channels()
            client.kernel_info(reply=True, timeout=60)
            client.execute_interactive("1 + 1", timeout=60)
            first = time.perf_counter() - began
            memory = psutil.Process(server.pid).memory_info().rss
            client.stop_channels()
            ask(address, f"api/kernels/{kernel['id']}", "DELETE")
        finally:
            server.terminate()
            server.wait(timeout=30)
    found = {
        "start of JupyterLab until it answers, in seconds": round(ready, 1),
        "start of JupyterLab until a first cell has run, in seconds": round(first, 1),
        "import of Keras with TensorFlow, in seconds": import_seconds("keras"),
        "import of PyTorch, in seconds": import_seconds("torch"),
        "memory of JupyterLab beside the kernel, in MB": tens(memory / 1e6),
    }
    write(DESK, [{"what": what, "measured": str(value)} for what, value in found.items()])
    print(DESK.read_text(encoding="utf-8"))


def wait_for_server(runtime: Path) -> dict[str, str]:
    """Return address and token of a server once it has written them and answers."""
    for _ in range(3600):
        for file in runtime.glob("jpserver-*.json"):
            try:
                address = json.loads(file.read_text(encoding="utf-8"))
                ask(address, "api/status")
            except (OSError, ValueError):
                continue
            return address
        time.sleep(0.05)
    raise RuntimeError("JupyterLab did not start within three minutes")


def ask(address: dict[str, str], path: str, method: str = "GET") -> dict:
    """Ask the server's own API on this machine."""
    request = urllib.request.Request(
        address["url"] + path,
        method=method,
        data=b"{}" if method == "POST" else None,
        headers={"Authorization": f"token {address['token']}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = answer.read()
    return json.loads(body) if body else {}


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure", description=__doc__)
    parser.add_argument("slugs", nargs="*", metavar="SLUG")
    parser.add_argument("--desk", action="store_true", help="JupyterLab alone")
    arguments = parser.parse_args()
    if arguments.desk or not arguments.slugs:
        measure_desk()
    if not arguments.desk:
        measure_chapters(arguments.slugs)


if __name__ == "__main__":
    main()
