"""The lists of packages agree with each other and with what is installed."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_utils import check_env
from tools.chapters import ROOT

FILES = ("requirements.txt", "requirements-teach.txt")
ALL = (*FILES, "requirements-mutants.txt")  # mutmut is installed by `make mutants` alone


def requirements(*files: str) -> dict[str, Requirement]:
    lines = [line for file in files or FILES for line in (ROOT / file).read_text().splitlines()]
    parsed = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    return {requirement.name: requirement for requirement in parsed}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and line[0] != "#")
    return {canonicalize_name(name): pin for name, pin in pairs}


def test_the_file_begins_with_the_package_itself():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "-e ."


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


def test_the_package_and_the_environment_check_ask_for_the_same_ranges():
    asked = {name: str(r.specifier) for name, r in requirements().items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in project["dependencies"]:
        own = Requirement(line)
        assert str(own.specifier) == asked[own.name], own.name
    for name, (low, high) in check_env.NEEDED.items():
        assert Requirement(f"{name}>={low},<{high}").specifier == requirements()[name].specifier
    low, high = check_env.PYTHONS
    assert project["requires-python"] == f">={low},<{high}"


def test_check_env_names_what_is_missing_or_too_old_and_how_to_get_it():
    found = check_env.problems({"no-such-package": ("1", "2"), "numpy": ("99", "100")})
    assert (
        found[0] == "no-such-package is missing: python -m pip install 'no-such-package>=1,<2'"
    )
    assert re.match(r"numpy is \S+, not in the tested range: python -m pip install", found[1])
    assert check_env.problems() == []


@pytest.mark.parametrize(
    ("python", "fits"),
    [("3.10.14", False), ("3.11.0", True), ("3.13.9", True), ("3.14.0", False)],
)
def test_check_env_says_which_python_it_needs(monkeypatch, python, fits):
    monkeypatch.setattr(check_env.platform, "python_version", lambda: python)
    said = f"This is Python {python}; the course needs 3.11 or newer, below 3.14: install one"
    assert [line.startswith(said) for line in check_env.problems({})] == [True] * (not fits)


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
    ],
)
def test_check_env_knows_both_names_of_tensorflow(monkeypatch, system, machine, name):
    here: dict[str, str] = {}

    def found(package):
        if package not in here:
            raise PackageNotFoundError(package)
        return here[package]

    monkeypatch.setattr(check_env, "version", found)
    monkeypatch.setattr(check_env.sys, "platform", system)
    monkeypatch.setattr(check_env.platform, "machine", lambda: machine)
    (line,) = check_env.problems({"tensorflow": ("2.21", "2.22")})
    assert line == f"{name} is missing: python -m pip install '{name}>=2.21,<2.22'"
    here[name] = "2.22"
    (line,) = check_env.problems({"tensorflow": ("2.21", "2.22")})
    assert line.startswith(f"{name} is 2.22, not in the tested range")
    here[name] = "2.21.0"
    assert check_env.problems({"tensorflow": ("2.21", "2.22")}) == []


@pytest.mark.parametrize("pair", ["12", ("1",), (1, 2), None])
def test_check_env_refuses_what_gives_no_two_versions(pair):
    with pytest.raises(TypeError, match="two versions by name"):
        check_env.problems({"numpy": pair})
    with pytest.raises(TypeError, match="two versions by name"):
        check_env.problems(["numpy"])


@pytest.mark.sweep
@pytest.mark.parametrize("python", ["3.12", "3.13"])
def test_the_constraints_resolve_on_a_newer_python(python, tmp_path):
    lines = [line for file in FILES for line in (ROOT / file).read_text().splitlines()]
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("\n".join(line for line in lines if line != "-e ."))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--target", str(tmp_path), "--only-binary=:all:"]
    command += ["--python-version", python, "-r", str(wanted), "-c", "constraints.txt"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
