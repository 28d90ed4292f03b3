"""Zips that unpack into one folder, with the same bytes for the same files and commit."""

import os
import subprocess
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tools.chapters import ROOT

NAME = "what-recurrent-networks-learn"  # the folder that a zip unpacks into


def source_date() -> int:
    """Return when the sources were last changed, in seconds since 1970.

    That is what the environment variable SOURCE_DATE_EPOCH says, or the date of the last
    commit. Where neither is known it is the first day that a zip can hold.
    """
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        given = os.environ.get("SOURCE_DATE_EPOCH") or subprocess.check_output(
            git, stderr=subprocess.DEVNULL, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        given = ""
    return max(int(given or 0), 315532800)


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a zip.

    Parameters
    ----------
    path
        The zip; an older one is replaced once the new one is whole.
    files
        What is in the folder: a name with slashes, and the content.
    """
    date = time.gmtime(source_date())[:6]
    whole = path.with_name(f".{path.name}-new")
    with zipfile.ZipFile(whole, "w") as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(f"{NAME}/{name}", date)
            member.external_attr = 0o644 << 16
            archive.writestr(member, files[name], zipfile.ZIP_DEFLATED)
    whole.replace(path)
