"""A Sphinx extension: docstrings as this package writes them, `code` in single backticks, for Sphinx's own markup."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zlib import crc32

from sphinx.application import Sphinx

_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def spelled(line: str) -> str:
    """One line of a docstring, with its code as Sphinx marks it and nothing else that it would take for markup.

    >>> spelled("`a | b` of <|endoftext|>, *all* of them")
    '``a | b`` of <\\\\|endoftext\\\\|>, \\\\*all\\\\* of them'
    """
    parts = _CODE.split(line)  # text, code, text, …
    return "".join(f"``{part}``" if odd % 2 else re.sub(r"[*|]", r"\\\g<0>", part) for odd, part in enumerate(parts))


def rewrite(app: Sphinx, what: str, name: str, subject: Any, options: Any, lines: list[str]) -> None:
    """Rewrite a docstring in place, but for its examples, and for the code that a module's shows indented."""
    rewritten, example, code = [], False, False
    for line in lines:
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        indented = what == "module" and line.startswith("    ") and not example
        if indented and not code:
            rewritten += ["::", ""]
        code = indented or (code and not line.strip())
        rewritten.append(line if example or code else spelled(line))
    lines[:] = rewritten


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; before napoleon, which turns `Args:` and `Raises:` into markup."""
    app.connect("autodoc-process-docstring", rewrite, priority=400)
    read_again = crc32(Path(__file__).read_bytes()) or 1  # what Sphinx keeps of pages was read by these very lines
    return {"version": "1", "env_version": read_again, "parallel_read_safe": True, "parallel_write_safe": True}
