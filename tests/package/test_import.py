"""Importing the package stays quick: frameworks, pandas, pyplot and the like come when used."""

import os
import pkgutil
import subprocess
import sys

import course_utils

HEAVY = ("tensorflow", "keras", "torch", "pandas", "matplotlib.pyplot", "scipy.stats")
MODULES = ["course_utils"] + [
    module.name for module in pkgutil.walk_packages(course_utils.__path__, "course_utils.")
]


PROBE = """
import importlib, sys
for module in sys.argv[2:]:
    importlib.import_module(module)
    found = [name for name in sys.argv[1].split() if name in sys.modules]
    if found:
        sys.exit(f"{module} imports {found}")
"""


def heavy_imports(*modules):
    """Import modules in a process of its own, and say which of them brings in a heavy one."""
    command = [sys.executable, "-c", PROBE, " ".join(HEAVY), *modules]
    return subprocess.run(command, capture_output=True, text=True).stderr.strip()


def test_importing_pulls_in_nothing_heavy():
    assert heavy_imports(*MODULES) == ""


def test_the_probe_sees_a_heavy_import():
    found = heavy_imports("course_utils", "matplotlib.pyplot", "course_utils.data")
    assert found == "matplotlib.pyplot imports ['matplotlib.pyplot']"


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
