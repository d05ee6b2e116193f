"""How the rows compare: a bar of tokens for each, a line where the characters end, and what comes back."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from llmlab.explorers.host.touch import touch
from llmlab.explorers.tokenizer_microscope.numbers import shown
from llmlab.explorers.tokenizer_microscope.values import UNKNOWN, MicroscopeTrace, Row

_PIECES = re.compile(rf"{re.escape(UNKNOWN)}|.", re.DOTALL)  # one for the other, not letter by letter


def compare(trace: MicroscopeTrace) -> str:
    """One line a row; the axis ends at the number of bytes, the most tokens that a row of whole bytes can need."""
    full = max(len(trace.text.encode()), *(len(row.tokens) for row in trace.rows))
    line = f'<i class="llmlab-line" style="left:{100 * len(trace.text) / full:.1f}%"></i>'
    rows = "".join(
        f'<span>{row.name}</span><span class="llmlab-bar-lane">'
        f'<i class="llmlab-many-tokens"{touch(key=f"bar {row.name}")} '
        f'style="width:{100 * len(row.tokens) / full:.1f}%"></i>{line}</span><b>{len(row.tokens)}</b>'
        f"{_back(row, trace.text)}"
        for row in trace.rows
    )
    return (
        '<div class="llmlab-compare"><div><b>Tokens</b> <small>the line: as many as there are characters</small></div>'
        f'<div class="llmlab-compare-rows">{rows}</div></div>'
    )


def _back(row: Row, text: str) -> str:
    """What decoding gives: the same, or what is lost and what is made up; a long answer is cut, the fold has it all."""
    if row.back == text:
        return '<span class="llmlab-same"><b>✓</b> <span>comes back</span></span>'
    ours, theirs, parts = _PIECES.findall(text), _PIECES.findall(row.back), ""
    for how, start, stop, first, last in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if how == "equal":
            parts += shown("".join(ours[start:stop]))
            continue
        parts += f"<s>{shown(''.join(ours[start:stop]))}</s>" if stop > start else ""
        parts += f"<u>{shown(''.join(theirs[first:last]))}</u>" if last > first else ""
    return f'<span class="llmlab-differs"><b>✗</b> <span class="llmlab-mono">{parts}</span></span>'
