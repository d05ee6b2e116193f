"""An error of the learner's function as a frame: what was raised and where, and every other state works as before."""

from __future__ import annotations

import traceback
from html import escape
from pathlib import Path
from typing import Any

_PACKAGE = str(Path(__file__).parents[2])


def explain(error: Exception) -> str:
    """What was raised and, where it came from a cell or a learner's file, the line."""
    for place in reversed(traceback.extract_tb(error.__traceback__)):
        if not place.filename.startswith(_PACKAGE) and "site-packages" not in place.filename:
            where = f"in {place.name}, line {place.lineno}: {place.line or ''}".rstrip(": ")
            return f"{type(error).__name__}: {error}\n{where}"
    return f"{type(error).__name__}: {error}"


def error_frame(message: str) -> dict[str, Any]:
    """The fields of a frame that shows a message in place of a picture."""
    return {
        "html": f'<pre class="llmlab-error">{escape(message)}</pre>',
        "why": "",
        "more": "",
        "text": "There is no picture for this state: the message above says why. Other states work as before.",
        "note": "",
        "target": "",
        "reached": False,
        "question": None,
        "limits": {},
        "off": {},
        "code": "",
        "error": True,
    }
