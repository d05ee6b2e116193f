"""How `llmlab check` shows its work: a progress bar, a table of trouble, one closing line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from llmlab.instructors.check.results import STALE, Checked, Planned, shown_path

ROWS_A_NOTEBOOK = 5  # after an exception every later cell may fail: the first ones tell what happened


def progress(console: Console) -> Progress:
    """A bar that counts cells and names the notebook that the last one came from."""
    columns = TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TextColumn("cells")
    return Progress(*columns, TimeElapsedColumn(), console=console)


def tables(results: Sequence[Checked], planned: Sequence[Planned], root: Path | None) -> list[Table | str]:
    """What was executed only, then each trouble with what was expected, then what to do about stale notebooks."""
    notes = Table(Column("notebook", no_wrap=True, overflow="fold"), "executed, its outputs not compared, because")
    for plan in planned:
        if not plan.compare:
            notes.add_row(Text(shown_path(plan.notebook, root)), Text(plan.note))
    trouble = Table(Column("notebook", no_wrap=True, overflow="fold"), "cell", "what is wrong", show_lines=True)
    seen: Counter[Path] = Counter()
    for one in results:
        if one.trouble:
            seen[one.notebook] += 1
            if seen[one.notebook] <= ROWS_A_NOTEBOOK:
                cell = f"{one.cell}: {one.source[:40]}" if one.cell else ""
                trouble.add_row(Text(shown_path(one.notebook, root)), Text(cell), Text(_said(one)))
    for notebook, count in seen.items():
        if count > ROWS_A_NOTEBOOK:
            trouble.add_row(Text(shown_path(notebook, root)), "", f"and {count - ROWS_A_NOTEBOOK} more cells")
    shown: list[Table | str] = [table for table in (notes, trouble) if table.rows]
    if any(one.trouble == STALE for one in results):
        shown.append("Bring stale notebooks up to date: make notebooks, or python tools/build_notebooks.py")
    return shown


def _said(one: Checked) -> str:
    if one.expected:
        return f"{one.trouble}\nexpected: {one.expected}\ngot:      {one.got}"
    return f"{one.trouble}: {one.got}" if one.got else one.trouble


def summary(results: Sequence[Checked], planned: Sequence[Planned]) -> str:
    """One sentence: how many notebooks and cells, how many with trouble."""
    cells = [one for one in results if one.cell]
    wrong = sum(bool(one.trouble) for one in cells)
    skipped = sum(one.skipped for one in cells)
    other = sum(bool(one.trouble) for one in results) - wrong
    compared = sum(one.compare for one in planned)
    text = f"Notebooks: {compared} compared, {len(planned) - compared} executed only. "
    text += f"Cells: {len(cells) - wrong - skipped} as they should be, {wrong} with trouble"
    text += f", {skipped} not run, as they say themselves (NBVAL_SKIP)." if skipped else "."
    return text + (f" Stale or unreadable: {other}." if other else "")
