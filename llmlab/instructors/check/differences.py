"""Where the output of a cell differs from the one that the notebook holds: its kind, and the first differing line."""

from __future__ import annotations

import json
from itertools import zip_longest

NOTHING = "(nothing)"
LONGEST = 160  # characters of a differing line that are shown


def first_difference(expected: list, got: list, skipped: tuple[str, ...]) -> tuple[str, str, str]:
    """The first kind of output that differs ("stdout", "text/html", …), and its first differing line on both sides.

    Args:
        expected: the notebook's outputs.
        got: the outputs of this run.
        skipped: kinds that nbval does not compare.
    """
    sides = _by_kind(expected, skipped), _by_kind(got, skipped)
    for kind in dict.fromkeys([*sides[0], *sides[1]]):
        pairs = zip_longest(*(side.get(kind, []) for side in sides))
        for one, other in pairs:
            if one != other:
                return kind, *_first_line_that_differs(one, other)
    return "output", "", ""


def _by_kind(outputs: list, skipped: tuple[str, ...]) -> dict[str, list[str]]:
    from nbval.plugin import coalesce_streams, transform_streams_for_comparison

    found: dict[str, list[str]] = {}
    for output in transform_streams_for_comparison(coalesce_streams(outputs)):
        for key, value in output.items():
            for kind, text in value.items() if key == "data" else [(key, value)]:
                if kind not in skipped:
                    found.setdefault(kind, []).append(text if isinstance(text, str) else json.dumps(text))
    return found


def _first_line_that_differs(one: str | None, other: str | None) -> tuple[str, str]:
    if one is None or other is None:
        first = [NOTHING if text is None else clip(text.strip("\n").partition("\n")[0]) for text in (one, other)]
        return first[0], first[1]
    for left, right in zip_longest(one.split("\n"), other.split("\n")):
        if left != right:
            start = next((i for i, (a, b) in enumerate(zip(left or "", right or "", strict=False)) if a != b), 0)
            here = [NOTHING if text is None else clip(text, start) for text in (left, right)]
            return here[0], here[1]
    return "", ""


def clip(text: str, start: int = 0) -> str:
    """At most `LONGEST` characters of a line, with those from `start` on among them.

    >>> clip("short")
    'short'
    >>> clip("x" * 200 + "difference" + "y" * 200, 200)[:30]
    '…xxxxxxxxxxxxxxxxxxxxdifferenc'
    """
    begin = max(0, start - 20) if len(text) > LONGEST else 0
    end = begin + LONGEST
    return ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")
