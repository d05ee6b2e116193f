"""The pages that are not lessons: those in site/pages, the repository's documents, and a page for each explorer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from course_files import ROOT
from page_links import DOCUMENTS, rewritten

WRITTEN = Path(__file__).resolve().parent / "pages"


def texts() -> Iterator[tuple[str, str]]:
    """The name and the content of each page."""
    for path in sorted(WRITTEN.rglob("*.md")):
        yield path.relative_to(WRITTEN).as_posix(), path.read_text(encoding="utf-8")
    for file, page in DOCUMENTS.items():
        yield page, rewritten((ROOT / file).read_text(encoding="utf-8"), file, page)
