"""Which idea leads to a wrong list of windows."""

from __future__ import annotations

from typing import Any

from llmlab.exercises.engine.answers import is_row
from llmlab.exercises.lesson_03.common import is_table, windows_of

Rows = list[list[int]]


def text_of(n_tokens: int) -> list[int]:
    """Ids 10, 20, 30, …: each is recognised in a result, and none is another one plus 1."""
    return [10 * (position + 1) for position in range(n_tokens)]


def idea_behind(got: Any, n_tokens: int, max_length: int, stride: int) -> str:
    """Which idea gives this wrong result: type, then ids, then shift, then lengths, then where the windows start."""
    ids, expected = text_of(n_tokens), windows_of(text_of(n_tokens), max_length, stride)
    form = _form(got, expected, max_length)
    if form:
        return form
    inputs, targets = [pair[0] for pair in got], [pair[1] for pair in got]
    return (
        _foreign(inputs, targets, ids, max_length)
        or _shift(inputs, targets, ids)
        or _length(inputs, targets, ids, max_length, stride)
        or _starts(inputs, ids, max_length, stride)
        or ("windows-missing" if got == expected[: len(got)] else "other-windows")
    )


def _form(got: Any, expected: list, max_length: int) -> str:
    """What is not a list of pairs of lists of ids."""
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
    return "ids-are-floats" if holds_floats(got) else ""


def _foreign(inputs: Rows, targets: Rows, ids: list[int], max_length: int) -> str:
    """Ids that do not stand in the text: made by adding, filled in, or from another list."""
    if all(id in ids for row in inputs + targets for id in row):
        return ""
    if all(target == [id + 1 for id in row] for row, target in zip(inputs, targets, strict=True)):
        return "id-plus-one" if set(inputs[0]) <= set(ids) else "other-list"
    first = inputs[0] + targets[0]
    if len(ids) > max_length and not set(first) <= set(ids):
        return "other-list"
    return "window-padded"


def _place(row: list[int], ids: list[int]) -> int | None:
    """Where a stretch of the text stands in it; None for anything else."""
    start = ids.index(row[0]) if row and row[0] in ids else None
    return start if start is not None and ids[start : start + len(row)] == row else None


def _shift(inputs: Rows, targets: Rows, ids: list[int]) -> str:
    """Targets that lie elsewhere than one place after their inputs."""
    if targets[0] == inputs[0][1:] + inputs[0][:1]:
        return "target-wraps-around"
    here, there = _place(inputs[0], ids), _place(targets[0], ids)
    if here is None or there is None or there == here + 1:
        return ""
    if there == here:
        same = all(row == target for row, target in zip(inputs, targets, strict=True))
        return "target-not-shifted" if same else "target-starts-with-input"
    return {here + 2: "target-shifted-twice", here - 1: "target-shifted-back"}.get(
        there, "target-too-far" if there > here else ""
    )


def _length(inputs: Rows, targets: Rows, ids: list[int], max_length: int, stride: int) -> str:
    """Inputs or targets that are longer or shorter than asked for."""
    steps = _steps(inputs, ids)
    if len(inputs[0]) == stride != max_length and steps <= {max_length}:
        return "stride-and-length-swapped"
    if len(inputs[0]) == max_length + 1:
        return "input-too-long"
    if all(len(row) == max_length - 1 for row in inputs + targets):
        return "rows-too-short"
    if any(len(row) < max_length for row in inputs):
        return "window-past-the-end"
    short = [number for number, row in enumerate(targets) if len(row) < max_length]
    if short:
        return "target-too-short" if short[0] == 0 and len(targets) > 1 else "last-target-short"
    if any(len(row) > max_length for row in targets):
        return "target-too-long" if len(inputs[0]) == max_length else "length-ignored"
    return ""


def _starts(inputs: Rows, ids: list[int], max_length: int, stride: int) -> str:
    """Windows that do not start at 0, stride, 2 × stride, …"""
    steps = _steps(inputs, ids)
    if steps == {1} != {stride}:
        return "stride-ignored"
    if steps == {max_length} != {stride}:
        return "stride-is-the-length"
    if len(inputs[0]) != max_length:
        return "length-ignored"
    return "starts-uneven" if steps - {stride} else ""


def _steps(inputs: Rows, ids: list[int]) -> set[int]:
    starts = [ids.index(row[0]) if row and row[0] in ids else -1 for row in inputs]
    return {later - earlier for earlier, later in zip(starts, starts[1:], strict=False)}


def holds_floats(value: Any) -> bool:
    """Whether a float stands anywhere in nested lists."""
    return any(map(holds_floats, value)) if isinstance(value, list) else isinstance(value, float)
