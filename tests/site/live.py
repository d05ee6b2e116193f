"""What is live in the site, on a page of the tests' own: rendered once, opened from the disk."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import explorer_sheets
import frames
import verdicts

ROOT = Path(__file__).resolve().parents[2]
RENDERED = ROOT / "site" / "cache" / "static"  # where `make site` renders too: what has not changed is there already

_PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>page</title>
{sheets}
<script defer src="_static/llmlab-site.js"></script><main><h1>A page</h1>{body}</main></html>"""


@cache
def rendered(part: str) -> Path:
    """The folder with all verdicts, or all frames."""
    {"exercises": verdicts, "explorers": frames}[part].render(RENDERED)
    return RENDERED / part


def page(folder: Path, body: str, theme: str = "light") -> str:
    """Write a page with what the site has beside it; returns its address on the disk."""
    static = folder / "_static"
    if not static.exists():
        shutil.copytree(ROOT / "site" / "_static", static)
        explorer_sheets.write_sheets(static)
    for part in ("exercises", *(["explorers"] if "data-explorer" in body else [])):
        if not (static / part).exists():
            (static / part).symlink_to(rendered(part), target_is_directory=True)
    own = [f"sheets/{name}.css" for name in explorer_sheets.folders_of(body)]
    sheets = [name for name in ("explorers.css", *own, "llmlab-site.css") if (static / name).exists()]
    links = "".join(f'<link rel="stylesheet" href="_static/{name}">' for name in sheets)
    (folder / "page.html").write_text(_PAGE.format(theme=theme, body=body, sheets=links), encoding="utf-8")
    return (folder / "page.html").as_uri()


def exercise_box(id: str) -> str:
    box = f'<div class="llmlab-exercise" data-exercise="{id}"><p>Task</p></div>'
    return f'<section id="exercise-{id.replace(".", "-")}">{box}</section>'


def explorer_box(name: str, lesson: str = "") -> str:
    return f'<div class="llmlab-explorer" data-explorer="{name}" data-lesson="{lesson}"><p>still</p></div>'
