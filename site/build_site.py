"""Build the course as a static site: `make site`. Nothing of a lesson is executed.

    python site/build_site.py             prepare the pages, let Sphinx build them into site/out
    python site/build_site.py --open      and open the home page from the disk

The pages are prepared in site/cache: lessons from the notebooks (lesson_pages.py), the other texts (text_pages.py).
What moves on a page is rendered by frames.py and verdicts.py.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import time
import webbrowser
from pathlib import Path

import addresses
import nbformat
from course_files import CACHE, PAGES, ROOT, STATIC, lessons, notebook_file, write
from explorer_sheets import write_sheets
from lesson_pages import page
from sphinx.cmd.build import build_main
from text_pages import texts

HERE = Path(__file__).resolve().parent
BUILT = CACHE / "built" / "html"  # MyST-NB leaves notebooks beside it
OUT = HERE / "out"
LEFT_BY_SPHINX = (".buildinfo", "_sources", "objects.inv")


def prepare() -> None:
    """Write all that Sphinx reads into site/cache, and remove what no page is made of any more."""
    pages: dict[str, str | bytes] = dict(texts())
    for lesson in lessons():
        pages[f"lessons/{lesson.name}.ipynb"] = nbformat.writes(page(lesson))
        write(CACHE / "extra" / "notebooks" / f"{lesson.name}.ipynb", notebook_file(lesson.name))
    images = ROOT / "docs" / "images"
    for image in images.glob("*.svg"):
        pages[f"images/{image.name}"] = image.read_bytes()
    for image in (images / "cards").glob("*.png"):
        write(STATIC / "explorer_pictures" / image.name, image.read_bytes())
    for name, content in pages.items():
        write(PAGES / name, content)
    for path in PAGES.rglob("*"):
        if path.is_file() and path.relative_to(PAGES).as_posix() not in pages:
            path.unlink()


def render() -> None:
    """Render what moves on the pages: the explorers' style sheets and frames, the exercises' verdicts."""
    write_sheets()
    for name in ("frames", "verdicts"):
        if (HERE / f"{name}.py").exists():
            importlib.import_module(name).render(STATIC)


def build() -> int:
    """Let Sphinx build the site; a warning is an error, so that no link leads nowhere. 0 if there was none."""
    # All pages are written each time (-a): what search knows of the others would else be lost.
    arguments = ["-q", "-a", "-W", "--keep-going", "-j", "2", "-c", str(HERE), "-d", str(CACHE / "doctrees")]
    return build_main([*arguments, str(PAGES), str(BUILT)])


def publish() -> None:
    """Copy what was built to site/out: no page of an earlier build, nothing that only Sphinx reads."""
    known = {path.relative_to(PAGES).with_suffix(".html") for path in PAGES.rglob("*")} | {Path("search.html")}
    for built in BUILT.rglob("*.html"):
        if built.relative_to(BUILT) not in known:
            built.unlink()
    shutil.copytree(BUILT, OUT, ignore=shutil.ignore_patterns(*LEFT_BY_SPHINX), dirs_exist_ok=True)
    for old in OUT.rglob("*"):
        if old.is_file() and not (BUILT / old.relative_to(OUT)).exists():
            old.unlink()


def size(folder: Path) -> float:
    """Megabytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build the course as a static site into site/out.")
    parser.add_argument("--open", action="store_true", help="open the home page from the disk")
    options = parser.parse_args()
    start = time.monotonic()
    for step in (prepare, render, build, publish):
        began = time.monotonic()
        if status := step():
            sys.exit(status)
        print(f"{step.__name__}: {time.monotonic() - began:.0f} s")
    home = OUT / "index.html"
    print(f"The site is in site/out: {size(OUT):.0f} MB, built in {time.monotonic() - start:.0f} s.")
    print(f"Open it from the disk: {home.as_uri()}")
    if not addresses.public_address():
        print("It offers neither Colab nor Binder nor “edit this lesson”: make links REPO=owner/name says where.")
    if options.open:
        webbrowser.open(home.as_uri())


if __name__ == "__main__":
    main()
