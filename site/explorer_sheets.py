"""A Sphinx extension: each page gets the style sheets of the explorers that it shows, and of no others.

As in a notebook: two explorers may mean different things by the name of a class.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from course_files import ROOT, STATIC, write
from sphinx.application import Sphinx

from llmlab import explorers

EXPLORERS = ROOT / "llmlab" / "explorers"


def write_sheets(static: Path = STATIC) -> None:
    """Write what all explorers share into explorers.css, and each one's own sheets into sheets/."""
    write(static / "explorers.css", _joined(EXPLORERS / "host"))
    for folder in EXPLORERS.iterdir():
        if folder.name != "host" and any(folder.glob("*.css")):
            write(static / "sheets" / f"{folder.name}.css", _joined(folder))


def _joined(folder: Path) -> str:
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sorted(folder.glob("*.css")))


def folders_of(html: str) -> list[str]:
    """The folders of the sheets of the explorers that a page shows; one may use another's.

    >>> folders_of('<div data-explorer="WindowMap"></div><div data-explorer="TrainingCurve">')
    ['training_replay', 'window_map']
    """
    names = set(re.findall(r'data-explorer="(\w+)"', html))
    return sorted({Path(getattr(explorers, name).sheet).stem for name in names})


def add_sheets(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Add a page's sheets while it is written."""
    for folder in folders_of(context.get("body", "")):
        if (STATIC / "sheets" / f"{folder}.css").exists():
            app.add_css_file(f"sheets/{folder}.css", priority=790)  # before the site's own sheet


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("html-page-context", add_sheets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
