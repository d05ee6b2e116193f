"""What an earlier run found: taken over for notebooks that have not changed since, nor the checks."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import llmlab.exercises
from llmlab.instructors.grade.beside import contents_of
from llmlab.instructors.grade.standing import ALSO, BEST_FIRST
from llmlab.instructors.grade.submissions import Submission, exercises_of
from llmlab.instructors.grade.table import Row, as_cells, partial_of, read_table


@cache
def _checks() -> str:
    """The same for the same checks and libraries."""
    found = hashlib.sha256()
    folder = Path(llmlab.exercises.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".json"):
            found.update(path.read_bytes())
    for name in ("torch", "numpy"):
        try:
            found.update(version(name).encode())
        except PackageNotFoundError:
            continue
    return found.hexdigest()


def fingerprint(submission: Submission) -> str:
    """The same for the same notebook with the same files beside it, judged by the same checks; "" if it is unread."""
    if not submission.fingerprint:
        return ""
    found = hashlib.sha256(f"{_checks()} {submission.fingerprint}".encode())
    for name, content in contents_of(submission.beside):
        found.update(name.encode(errors="surrogatepass") + hashlib.sha256(content).digest())
    return found.hexdigest()[:20]


class Earlier:
    """The rows of the last table, and of one that was interrupted."""

    def __init__(self, out: Path) -> None:
        self._rows: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        for file in (out, partial_of(out)):
            for row in read_table(file):
                if row["status"] not in BEST_FIRST:  # somebody has written another word there: graded anew
                    continue
                self._rows[row["fingerprint"], row["notebook"]].append(row)

    def rows(self, submission: Submission, mark: str) -> list[Row]:
        """Those of a submission, complete; none where it has to be graded anew."""
        probe = as_cells(Row(submission.student, submission.name, "", "", "", "", "", ""))
        found = {}
        for row in self._rows.get((mark, probe[1]), []) if mark else []:
            if row["student"] == probe[0]:
                found[row["exercise"]] = _row(row)
        wanted = list(exercises_of(*submission.lessons)) or [""]
        if set(found) != set(wanted):
            return []
        return [replace(found[id], student=submission.student, notebook=submission.name) for id in wanted]


def _row(row: dict[str, str]) -> Row:
    notes = "; ".join(note for note in row["notes"].split("; ") if note and not note.startswith(ALSO))
    try:
        seconds = float(row["seconds"])
    except ValueError:
        seconds = 0.0
    texts = {name: row[name] for name in row if name in Row.__dataclass_fields__ and name != "seconds"}
    return Row(**texts | {"notes": notes}, seconds=seconds)
