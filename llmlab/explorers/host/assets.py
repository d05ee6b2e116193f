"""What the browser gets of the host: its script, which is written as small modules and sent as one, and the sheets."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent

# In the order in which each needs the ones before it; `host.js` is last and exports what a page calls.
MODULES = ("dom", "morph", "frames", "sources", "light", "picture", "controls", "page", "host")


def script() -> str:
    """The modules as one ES module: anywidget, and a page without a server, load a single file.

    They share no name, so that joining them is leaving out what joins them elsewhere: imports, and the word `export`
    in all but the last.
    """
    texts = [(HERE / "script" / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    inner = [re.sub(r"^export (?=const|function)", "", text, flags=re.MULTILINE) for text in texts[:-1]]
    return "\n".join(re.sub(r"^import .*\n", "", text, flags=re.MULTILINE) for text in [*inner, texts[-1]])


def sheet(name: str) -> str:
    """One of the host's style sheets."""
    return (HERE / name).read_text(encoding="utf-8")


def scoped(own: str, heading: str) -> str:
    """An explorer's own sheet, for that explorer alone: open notebooks of JupyterLab share a page, and names are short.

    The rules are nested in its root, and so outweigh the host's, whichever of the explorers on the page brought those
    last. Keyframes stand each in one line, because none may be nested.
    """
    lines = own.splitlines()
    rules = "\n".join(line for line in lines if not line.startswith("@keyframes"))
    for root in (".llmlab-explorer", ".llmlab-live"):
        rules = rules.replace(root, f"&{root}")
    keyframes = [line for line in lines if line.startswith("@keyframes")]
    return "\n".join([*keyframes, f'.llmlab-live[aria-label="{heading}"] {{', rules, "}"])
