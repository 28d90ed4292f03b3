"""The class edition installs where there is no network, and its first chapter begins to run.

Downloads about 3 GB and installs them: part of `make sweep`.
"""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from tools import student
from tools.chapters import ROOT, chapters

pytestmark = pytest.mark.sweep


def run(command, folder, **variables):
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_a_class_without_a_network_installs_and_runs(tmp_path):
    room = tmp_path / "class room"
    student.build(ROOT, room / "student")
    wanted = ["-r", "requirements.txt", "-c", "constraints.txt"]
    pip = [sys.executable, "-m", "pip"]
    download = [*pip, "download", "--only-binary=:all:", "--dest", "../wheelhouse", *wanted]
    run(download, room / "student")
    assert 0.5e9 < sum(f.stat().st_size for f in (room / "wheelhouse").iterdir()) < 4e9

    run([sys.executable, "-m", "venv", ".venv"], room / "student")
    python = str(room / "student" / ".venv" / "bin" / "python")
    # No index, no settings of this machine, and a proxy that leads nowhere.
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": "",
        "https_proxy": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    cut = ["unshare", "--map-root-user", "--net"] if shutil.which("unshare") else []
    install = [python, "-m", "pip", "install", "--no-index", "--find-links", "../wheelhouse"]
    run([*cut, *install, *wanted], room / "student", **offline)
    assert "Ready" in run([python, "check_env.py"], room / "student")

    first = room / "student" / f"{chapters()[0].stem}.ipynb"
    cells = nbformat.read(first, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"][:3]
    script = room / "student" / "begin.py"
    script.write_text("\n".join(code), encoding="utf-8")
    assert run([python, "begin.py"], room / "student", MPLBACKEND="agg")
