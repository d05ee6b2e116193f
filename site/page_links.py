"""Links of the repository's texts, turned into links of the site: to its pages, else to the file's public address."""

from __future__ import annotations

import posixpath
import re

import addresses
from course_files import ROOT

DOCUMENTS = {  # a text of the repository, and the page that it becomes
    "docs/GLOSSARY.md": "glossary.md",
    "docs/CONCEPTS.md": "concepts.md",
    "docs/INSTRUCTORS.md": "instructors.md",
    "docs/TRAINING.md": "training.md",
    "docs/TROUBLESHOOTING.md": "troubleshooting.md",
    "docs/NAMES.md": "names.md",
    "docs/SPEED.md": "speed.md",
}
_PAGES = {**DOCUMENTS, "README.md": "start.md"}
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
_LESSON = re.compile(r"notebooks/(\d\d_\w+)\.ipynb")


def page_of(path: str) -> str | None:
    """The source of the page that shows a file of the repository, from the site's root; None if none does."""
    if (lesson := _LESSON.fullmatch(path)) and (ROOT / "lessons" / f"{lesson[1]}.py").exists():
        return f"lessons/{lesson[1]}.ipynb"
    return _PAGES.get(path)


def rewritten(text: str, file: str, page: str) -> str:
    """Markdown with its relative links leading on from a page of the site.

    Args:
        text: what the file says.
        file: the file, from the root of the repository: its links are relative to it.
        page: the page that shows it, from the root of the site.
    """

    def link(found: re.Match[str]) -> str:
        label, target = found.groups()
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        target, _, place = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
        if shown := page_of(path):
            there = posixpath.relpath(shown, posixpath.dirname(page) or ".")
            return f"[{label}]({there}{'#' + place if place else ''})"
        if address := addresses.public_address():
            return f"[{label}]({addresses.file(address, path)})"
        return label if path in label else f"{label} (`{path}`)"

    return _LINK.sub(link, text)
