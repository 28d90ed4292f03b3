"""Zips: the same files and commit give the same bytes, and a date that says something."""

import subprocess
import time
import zipfile

import pytest

from tools import pack

FILES = {"b.txt": b"two", "a/one.txt": b"one"}


def test_a_zip_unpacks_into_one_folder(tmp_path):
    pack.write_zip(tmp_path / "a.zip", FILES)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path)
        assert all(member.external_attr >> 16 == 0o644 for member in archive.infolist())
    top = tmp_path / pack.NAME
    found = {p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob("*.txt")}
    assert found == FILES
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", pack.NAME}


def test_the_order_and_the_hour_make_no_difference(tmp_path, monkeypatch):
    pack.write_zip(tmp_path / "a.zip", FILES)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    pack.write_zip(tmp_path / "b.zip", dict(reversed(FILES.items())))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_files_have_the_date_of_the_last_commit(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    git = ["git", "-C", str(tmp_path)]
    commit = ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "a"]
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2024-02-03T04:05:06Z")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, *commit, "--allow-empty"], check=True)
    monkeypatch.setattr(pack, "ROOT", tmp_path)
    pack.write_zip(tmp_path / "a.zip", FILES)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {m.date_time for m in archive.infolist()} == {(2024, 2, 3, 4, 5, 6)}


@pytest.mark.parametrize(("said", "date"), [("86400", 1980), ("1700000000", 2023), ("", 1980)])
def test_a_date_may_be_given_and_may_be_unknown(said, date, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", said)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(pack, "ROOT", tmp_path)
    assert time.gmtime(pack.source_date()).tm_year == date
