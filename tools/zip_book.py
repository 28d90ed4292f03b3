"""The built book as a zip that opens from disk: ``python -m tools.zip_book``.

Two files: the book as it is on the web, with its solutions folded, and one for a class from
which the solutions and the sources of the pages are gone.
"""

import argparse
import sys
import zipfile
from pathlib import Path

from bs4 import BeautifulSoup

from tools.built import NAME, folded
from tools.chapters import ROOT

# For Sphinx and for other books, never asked for by a page.
UNREAD = {".buildinfo", "objects.inv", "_static/readme.png"}


def without_solutions(page: str) -> str:
    """Return a page without its solutions and without the link to its source.

    Parameters
    ----------
    page
        A built page.

    Returns
    -------
    str
        The same page; answers to predictions and hints stay folded in it.
    """
    soup = BeautifulSoup(page, "html.parser")
    for item in list(folded(soup)):
        if item.kind == "solution":
            item.fold.decompose()
    for link in soup.select("a.btn-download-source-button"):
        link.find_parent("li").decompose()
    return str(soup)


def write(site: Path, target: Path, solutions: bool) -> int:
    """Zip a built book into a folder of its own and return the number of files.

    Parameters
    ----------
    site
        Folder of the built book.
    target
        The zip to write.
    solutions
        Whether solutions and sources stay.

    Raises
    ------
    FileNotFoundError
        If the book has not been built.
    """
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"{site} holds no book: run `make book` first")
    files = sorted(path for path in site.rglob("*") if path.is_file())
    names = {path.relative_to(site).as_posix(): path for path in files}
    wanted = {name: path for name, path in names.items() if name not in UNREAD}
    if not solutions:
        wanted = {n: path for n, path in wanted.items() if not n.startswith("_sources/")}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in wanted.items():
            content = path.read_bytes()
            if name == "_static/documentation_options.js":
                # The search would fetch excerpts of pages, which fails from disk.
                content = content.replace(b"SUMMARY: true", b"SUMMARY: false")
            if not solutions and name.startswith("notebooks/") and path.suffix == ".html":
                content = without_solutions(content.decode("utf-8")).encode("utf-8")
            # A fixed time, so that the same book gives the same zip.
            entry = zipfile.ZipInfo(f"{NAME}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return len(wanted)


def main() -> None:
    """Write both zips."""
    parser = argparse.ArgumentParser(prog="python -m tools.zip_book", description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--target", type=Path, default=ROOT / "_build")
    arguments = parser.parse_args()
    for suffix, solutions in (("-html", True), ("-html-without-solutions", False)):
        target = arguments.target / f"{NAME}{suffix}.zip"
        try:
            count = write(arguments.site, target, solutions)
        except FileNotFoundError as error:
            sys.exit(f"make zip: {error}")
        print(f"{target}: {count} files, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
