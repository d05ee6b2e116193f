"""The pictures inside a notebook's outputs, as files of the site: a page loads them when they come into view.

In a notebook a picture travels inside the output, as text. In a page that would be loaded before the first word is
read, so each becomes a file, named by its content, and its place on the page is kept free by its size.
"""

from __future__ import annotations

import base64
import hashlib
import re

from course_files import STATIC, write

_IMAGE = re.compile(r'<img\b([^>]*?)\s*src="data:image/svg\+xml;base64,([^"]+)"([^>]*)>')
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_LENGTH = r'([\d.]+)(pt|px)?"'
_PIXELS = {"pt": 4 / 3, "px": 1, None: 1}


def with_files(html: str, root: str = "../") -> str:
    """The HTML of an output with each embedded SVG as a file, reached from a page by way of the site's root.

    Its own style sheets go: the site has them.
    """
    return _IMAGE.sub(lambda found: _file(found, root), _STYLE.sub("", html)).strip()


def _file(found: re.Match[str], root: str) -> str:
    before, encoded, after = found.groups()
    svg = base64.b64decode(encoded)
    name = f"{hashlib.sha256(svg).hexdigest()[:16]}.svg"
    write(STATIC / "figures" / name, svg)
    attributes = re.sub(r'\s*(style|loading|width|height)="[^"]*"', "", before + after)
    return f'<img{attributes} {_size(svg.decode())}loading="lazy" src="{root}_static/figures/{name}">'


def _size(svg: str) -> str:
    head = svg[svg.index("<svg") :].partition(">")[0]
    sides = [re.search(rf'\s{side}="{_LENGTH}', head) for side in ("width", "height")]
    if not all(sides):
        return ""
    width, height = (round(float(side[1]) * _PIXELS[side[2]]) for side in sides)
    return f'width="{width}" height="{height}" '
