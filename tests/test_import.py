"""Importing the package stays quick: frameworks, pandas and pyplot come in when used."""

import os
import pkgutil
import subprocess
import sys

import pytest

import course_utils

HEAVY = ("tensorflow", "keras", "torch", "pandas", "matplotlib.pyplot")
MODULES = ["course_utils"] + [
    module.name for module in pkgutil.walk_packages(course_utils.__path__, "course_utils.")
]


def imported_by(code):
    """Names of the heavy modules that are loaded after running some code."""
    question = f"\nimport sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code + question], capture_output=True, text=True, check=True
    )
    return run.stdout.split()


@pytest.mark.parametrize("module", MODULES)
def test_importing_pulls_in_nothing_heavy(module):
    assert imported_by(f"import {module}") == []


def test_the_probe_sees_a_heavy_import():
    assert imported_by("import matplotlib.pyplot") == ["matplotlib.pyplot"]


def test_onnxruntime_leaves_no_identifier_and_so_sends_no_reports(tmp_path):
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    inherited = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    code = "import course_utils, onnxruntime"
    subprocess.run([sys.executable, "-c", code], env=inherited | places, check=True)
    assert list(tmp_path.rglob("*")) == []


def test_triton_is_loaded_before_tensorflow_where_there_is_one(tmp_path):
    (tmp_path / "triton.py").write_text("import sys; assert 'tensorflow' not in sys.modules")
    code = "import sys, course_utils, keras; print('triton' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


def test_an_optimiser_of_pytorch_after_keras_does_not_end_the_process():
    code = "import course_utils, keras, torch; torch.optim.Adam([torch.ones(1)])"
    subprocess.run([sys.executable, "-c", code], check=True)
