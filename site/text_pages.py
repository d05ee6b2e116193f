"""The pages that are not lessons: those in site/pages, the repository's documents, and a page for each explorer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from concepts_page import concepts
from course_files import ROOT
from explorer_pages import explorer_pages
from glossary_page import glossary
from home_parts import filled
from page_links import DOCUMENTS, rewritten

WRITTEN = Path(__file__).resolve().parent / "pages"
_MADE = {"docs/GLOSSARY.md": glossary, "docs/CONCEPTS.md": concepts}


def texts() -> Iterator[tuple[str, str]]:
    """The name and the content of each page."""
    for path in sorted(WRITTEN.rglob("*.md")):
        yield path.relative_to(WRITTEN).as_posix(), filled(path.read_text(encoding="utf-8"))
    for file, page in DOCUMENTS.items():
        made = _MADE.get(file) or (lambda file=file, page=page: _document(file, page))
        yield page, made()
    yield from explorer_pages()


def _document(file: str, page: str) -> str:
    return rewritten((ROOT / file).read_text(encoding="utf-8"), file, page)
