"""The still picture: what stands for an explorer where no kernel runs, as HTML that survives a page's sanitizer.

An untrusted notebook and GitHub strip style sheets, inline SVG and scripts; an <img> with its data inside, tables and
folds survive. So each inline SVG becomes such an image, with the light palette in it.
"""

from __future__ import annotations

import base64
import re
from html import escape

# The light palette of frame.css, for where no sheet reaches; test_host.py holds the two together.
PALETTE = {
    "ink": "#1a1a1a",
    "paper": "#ffffff",
    "line": "#c8ccd1",
    "input": "#2272b4",
    "target": "#b8520a",
    "good": "#1a7f37",
    "wrong": "#b3261e",
    "off": "#6e7781",
    "many": "#7a5ea8",
}
_VARIABLE = re.compile(r"var\(--llmlab-(\w+)\)")
_SVG = re.compile(r"<svg\b([^>]*)>(.*?)</svg>", re.DOTALL)
_HOST = re.compile(r""" data-[a-z]+(?:="[^"]*"|='[^']*')?""")


def without_live_parts(html: str) -> str:
    """The HTML of a frame with each inline SVG as an image, and without what only the host's script reads."""
    return _HOST.sub("", _SVG.sub(_image, html))


def _image(found: re.Match[str]) -> str:
    attributes, drawing = found.groups()
    label = re.search(r'aria-label="([^"]*)"', attributes)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', attributes)
    width, height = box.groups() if box else ("100", "100")
    drawing = _HOST.sub("", drawing)
    drawing = _VARIABLE.sub(lambda name: PALETTE[name[1]], drawing).replace("currentColor", PALETTE["ink"])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="13" fill="{PALETTE["ink"]}">'
        f'<rect width="100%" height="100%" fill="{PALETTE["paper"]}"/>{drawing}</svg>'
    )
    source = base64.b64encode(svg.encode()).decode("ascii")
    alt = label[1] if label else ""
    return f'<img alt="{alt}" width="{width}" height="{height}" src="data:image/svg+xml;base64,{source}">'


def still(title: str, settings: str, sheet: str, frame: dict) -> str:
    """The whole stand-in: title, settings, note, picture, the reason, and the words."""
    note = f"<p><em>{escape(frame['note'])}</em></p>" if frame["note"] else ""
    return (
        f'<div class="llmlab-explorer"><style>{sheet}</style>'
        f"<p><strong>{escape(title)}</strong> <em>(run this cell to move the controls)</em></p>"
        f"<p>{settings}</p>{note}{without_live_parts(frame['html'])}"
        f"{without_live_parts(frame['why'])}<p>{escape(frame['text'])}</p></div>"
    )
