"""The lists of packages agree with each other and with what is installed."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_utils import check_env
from tools.chapters import ROOT

FILES = ("requirements.txt", "requirements-teach.txt")
ALL = (*FILES, "requirements-mutants.txt")  # mutmut is installed by `make mutants` alone


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OWN = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["chapters"]]


def requirements(*files: str) -> dict[str, Requirement]:
    lines = [line for file in files or FILES for line in (ROOT / file).read_text().splitlines()]
    lines = [line for line in lines if line and line[0] not in "#-"]
    parsed = [Requirement(line) for line in [*OWN, *lines]]
    assert len({requirement.name for requirement in parsed}) == len(parsed), (
        "one range a package"
    )
    return {requirement.name: requirement for requirement in parsed}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and line[0] != "#")
    return {canonicalize_name(name): pin for name, pin in pairs}


def test_the_file_begins_with_the_package_itself():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "-e .[chapters]"


def test_every_requirement_has_an_upper_bound():
    unbounded = [r.name for r in requirements(*ALL).values() if "<" not in str(r.specifier)]
    assert not unbounded


def test_every_requirement_is_constrained_within_its_range():
    pinned = constraints()
    for name, requirement in requirements(*ALL).items():
        assert name in pinned, f"{name} is not in constraints.txt"
        assert requirement.specifier.contains(pinned[name], prereleases=True), name


def test_readers_need_nothing_of_the_teachers():
    assert "nbgrader" in requirements("requirements-teach.txt")
    assert "nbgrader" not in requirements("requirements.txt")


def test_no_local_version_is_pinned():
    assert not [name for name, v in constraints().items() if "+" in v]


@pytest.mark.parametrize("name", sorted(requirements()))
def test_the_installed_version_is_the_tested_one(name):
    requirement = requirements()[name]
    if requirement.marker and not requirement.marker.evaluate():
        pytest.skip(f"not for this system: {requirement.marker}")
    try:
        have = version(name)
    except PackageNotFoundError:
        pytest.fail(f"{name} is not installed: run `make install assignments`")
    assert have.split("+")[0] == constraints()[name]


def test_the_installed_course_asks_for_what_pyproject_says():
    asked, told = (
        {(r.name, r.specifier) for r in map(Requirement, lines)}
        for lines in (metadata("course-utils").get_all("Requires-Dist"), OWN)
    )
    assert asked == told, "pyproject.toml has changed: run `make install`"


# --- check_env, which a learner runs where something is missing


def test_check_env_reads_ranges_as_pip_does():
    about = check_env.about(ROOT)
    for line in [*about.get_all("Requires-Dist"), f"python{about['Requires-Python']}"]:
        specifier = Requirement(line).specifier
        for version_ in ("0.1", "1.19.2", "2.13.0+cpu", "2.14", "3.11.0", "3.14.1", "99"):
            inside = specifier.contains(version_)
            assert check_env.within(version_, line.split(";")[0]) == inside, (line, version_)


def test_check_env_finds_this_environment_ready(capsys, monkeypatch):
    tried = []
    monkeypatch.setattr(check_env, "run", lambda code: tried.append(code) or (True, ""))
    check_env.main()
    said = capsys.readouterr().out
    assert said.startswith("Looking at Python")
    assert any("torch.version.cuda" in code for code in tried)
    assert "PyTorch is the build for the CPU" in said
    assert "Ready: Python 3" in said
    assert {"import tensorflow", "import torch", "import numpy", "import jupyterlab"} < {*tried}


def test_check_env_writes_each_problem_on_a_line_of_its_own(capsys, monkeypatch):
    monkeypatch.setattr(check_env, "problems", lambda *course: ["one", "two"])
    with pytest.raises(SystemExit, match="1"):
        check_env.main()
    assert capsys.readouterr().out.endswith("Not ready yet:\n- one\n- two\n")


def test_check_env_imports_a_package_by_the_name_that_python_takes(monkeypatch):
    tried = []
    monkeypatch.setattr(check_env, "run", lambda code: tried.append(code) or (True, ""))
    assert check_env.problems(["jupyter-client"], "") == []
    assert tried == ["import jupyter_client"]


def test_check_env_names_what_is_missing_or_too_old_and_how_to_get_it(monkeypatch):
    monkeypatch.setattr(check_env, "run", lambda code: (True, ""))
    wanted = ["no-such-package<2,>=1", "numpy>=99", "other; extra == 'teaching'"]
    wanted += ["one-more; extra == 'chapters'", "yet-another; sys_platform == 'amiga'", "scipy"]
    missing, old, chapters = check_env.problems(wanted, ">=3.11")
    assert (
        missing == "no-such-package is missing: python -m pip install 'no-such-package<2,>=1'"
    )
    assert re.match(r"numpy is \S+, not in the tested range: python -m pip install", old)
    assert chapters.startswith("one-more is missing")


def test_check_env_names_what_is_there_but_cannot_be_imported(monkeypatch):
    error = "OSError: libtorch_cpu.so: cannot open shared object file"
    monkeypatch.setattr(check_env, "run", lambda code: (code != "import torch", error))
    (line,) = check_env.problems(["numpy", "torch"], "")
    assert re.fullmatch(rf"torch \S+ is there, but cannot be imported: {error}", line)


def test_check_env_survives_a_package_that_ends_the_process():
    well, said = check_env.run("import os; os.abort()")
    assert not well
    assert said.startswith("Python ended with code -")


@pytest.mark.parametrize(
    ("python", "fits"),
    [("3.10.14", False), ("3.11.0", True), ("3.13.9", True), ("3.14.0", False)],
)
def test_check_env_says_which_python_it_needs(monkeypatch, python, fits):
    monkeypatch.setattr(check_env.platform, "python_version", lambda: python)
    said = f"This is Python {python}; the course needs >=3.11,<3.14: install one"
    found = check_env.problems([], PROJECT["requires-python"])
    assert [line.startswith(said) for line in found] == [True] * (not fits)


def test_check_env_takes_tensorflow_under_either_name(monkeypatch):
    here = {"course-utils": "0.1.0"}

    def found(package):
        if package not in here:
            raise PackageNotFoundError(package)
        return here[package]

    monkeypatch.setattr("importlib.metadata.version", found)
    monkeypatch.setattr(check_env, "run", lambda code: (code == "import tensorflow", code))
    (line,) = check_env.problems(["tensorflow-cpu>=2.21,<2.22"], "")
    assert line.startswith("tensorflow-cpu is missing")
    for name in ("tensorflow", "tensorflow-cpu"):
        here[name] = "2.22"
        (line,) = check_env.problems(["tensorflow-cpu>=2.21,<2.22"], "")
        assert line.startswith("tensorflow-cpu is 2.22, not in the tested range")
        here[name] = "2.21.0+local"
        assert check_env.problems(["tensorflow-cpu>=2.21,<2.22"], "") == []


def check_in(folder, *options):
    """Run check_env.py alone in a folder, in a Python that has the standard library only."""
    shutil.copy(check_env.__file__, folder)
    command = [sys.executable, "-I", "-S", *options, "check_env.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_check_env_where_nothing_is_installed_says_how_to_begin(tmp_path):
    run = check_in(tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    assert "pip install -r requirements.txt -c constraints.txt" in run.stdout


def test_check_env_asks_the_wheel_beside_it_before_anything_is_installed(tmp_path):
    with zipfile.ZipFile(tmp_path / "course_utils-0.1.0-py3-none-any.whl", "w") as wheel:
        text = "Name: course-utils\nRequires-Python: >=99\n"
        wheel.writestr("course_utils-0.1.0.dist-info/METADATA", text)
    run = check_in(tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    assert "the course needs >=99" in run.stdout


def test_an_old_python_can_read_check_env():
    source = Path(check_env.__file__).read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))
    with pytest.raises(SyntaxError):
        ast.parse("if (a := 1): pass", feature_version=(3, 6))
    imported = {
        (node.names[0].name if isinstance(node, ast.Import) else node.module).split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= sys.stdlib_module_names


@pytest.mark.sweep
@pytest.mark.parametrize("python", ["3.12", "3.13"])
def test_the_constraints_resolve_on_a_newer_python(python, tmp_path):
    lines = [line for file in FILES for line in (ROOT / file).read_text().splitlines()]
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("\n".join([*OWN, *(line for line in lines if line[:2] != "-e")]))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--target", str(tmp_path), "--only-binary=:all:"]
    command += ["--python-version", python, "-r", str(wanted), "-c", "constraints.txt"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
