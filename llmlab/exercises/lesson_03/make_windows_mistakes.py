"""Which idea leads to a wrong list of windows."""

from __future__ import annotations

from typing import Any

from llmlab.exercises.engine.answers import is_row
from llmlab.exercises.lesson_03.common import is_table, windows_of


def text_of(n_tokens: int) -> list[int]:
    """Ids 10, 20, 30, …: each is recognised in a result, and none is another one plus 1."""
    return [10 * (position + 1) for position in range(n_tokens)]


def idea_behind(got: Any, n_tokens: int, max_length: int, stride: int) -> str:
    """Which idea gives this wrong result: type, then shift, then lengths, then where the windows start."""
    ids, expected = text_of(n_tokens), windows_of(text_of(n_tokens), max_length, stride)
    if not isinstance(got, list):
        return "not-pairs"
    if not got:
        return "windows-missing"
    if len(got) == 2 and all(is_table(table) and len(table) == len(expected) != 2 for table in got):
        return "two-tables"
    if expected and got == expected[0]:
        return "one-pair-only"
    if all(is_row(window) for window in got):
        return "no-targets"
    if not all(isinstance(pair, list) and len(pair) == 2 and is_row(pair[0]) for pair in got):
        return "not-pairs"
    inputs, targets = [pair[0] for pair in got], [pair[1] for pair in got]
    if len(got) > 2 and [len(row) for row in inputs[:3]] == [1, 2, 3] and max_length > 1:
        return "growing-contexts"
    if any(not isinstance(row, list) or (len(row) == 1 < len(inputs[0])) for row in targets[:1]):
        return "single-next-token"
    if not all(is_row(row) for row in targets):
        return "not-pairs"
    if holds_floats(got):
        return "ids-are-floats"

    if inputs[0] and targets[0]:
        shift = targets[0][0] - inputs[0][0]  # neighbouring ids differ by 10
        named = {0: "target-not-shifted", 20: "target-shifted-twice", -10: "target-shifted-back", 1: "id-plus-one"}
        if shift in named:
            return named[shift]
        if targets[0][0] in ids and shift > 20:
            return "target-too-far"
    if targets[0] == inputs[0][1:] + inputs[0][:1]:
        return "target-wraps-around"

    starts = [ids.index(row[0]) if row and row[0] in ids else -1 for row in inputs]
    steps = {later - earlier for earlier, later in zip(starts, starts[1:], strict=False)}
    if len(inputs[0]) == stride != max_length and steps <= {max_length}:
        return "stride-and-length-swapped"
    if len(inputs[0]) == max_length + 1:
        return "input-too-long"
    if all(len(row) == max_length - 1 for row in inputs + targets):
        return "rows-too-short"
    if not all(token in ids for row in inputs + targets for token in row):
        return "window-padded"
    if any(len(row) < max_length for row in inputs):
        return "window-past-the-end"
    if any(len(row) < max_length for row in targets):
        return "target-too-short"
    if steps == {1} != {stride}:
        return "stride-ignored"
    if steps == {max_length} != {stride}:
        return "stride-is-the-length"
    if len(inputs[0]) != max_length:
        return "length-ignored"
    if steps - {stride}:
        return "starts-uneven"
    return "windows-missing" if got == expected[: len(got)] else "other-windows"


def holds_floats(value: Any) -> bool:
    """Whether a float stands anywhere in nested lists."""
    return any(map(holds_floats, value)) if isinstance(value, list) else isinstance(value, float)
