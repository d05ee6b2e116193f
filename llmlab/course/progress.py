"""What a learner has tried and passed, kept on this machine and nowhere else.

One line of JSON for each attempt, appended to one file: two notebooks may write at once, a line that is damaged costs
no other one, and whoever wants to know what is kept can read it. A line also holds the edition of the course, whose
numbers it means; lines of another edition stay in the file and are not counted.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from llmlab.utils.edition import CURRENT

VARIABLE = "LLMLAB_PROGRESS"  # another folder for the file, or
OFF = "off"  # nothing is read or kept
Outcome = Literal["error", "failed", "passed"]  # of an attempt, the worst first
_RANKS: tuple[Outcome, ...] = ("error", "failed", "passed")


@dataclass(frozen=True)
class Standing:
    """How far one exercise has come.

    Attributes:
        best: the best of its results: "passed", "failed" or "error".
        last: the newest one.
        tries: how many attempts there were; passing once more is none.
    """

    best: Outcome
    last: Outcome
    tries: int

    def after(self, status: Outcome) -> Standing:
        """How far it has come after one more attempt."""
        return Standing(max(self.best, status, key=_RANKS.index), status, self.tries + 1)


def file() -> Path | None:
    """The file in which progress is kept; None where nothing is, because it is switched off or nobody knows a place."""
    named = os.environ.get(VARIABLE, "")
    if named == OFF:
        return None
    if named:
        return Path(os.path.expanduser(named)) / "progress.jsonl"
    try:
        from platformdirs import user_data_path
    except ImportError:
        return None
    return user_data_path("llmlab", appauthor=False) / "progress.jsonl"


class Store:
    """The file and what stands in it. Whatever is wrong with it, nothing is raised: `news` says it once.

    Args:
        path: the file, which need not exist; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._news = ""
        self._told: set[str] = set()

    def standings(self) -> dict[str, Standing]:
        """How far each exercise of this edition has come that has been tried."""
        return self._read()[0]

    def add(self, exercise: str, status: Outcome) -> Standing | None:
        """Keep one attempt; returns how far the exercise has come, or None if that could not be kept."""
        if self.path is None:
            return None
        standings, unfinished = self._read()
        before = standings.get(exercise)
        if before and before.last == status == "passed":
            return before
        record = json.dumps({"edition": CURRENT, "exercise": exercise, "status": status}, ensure_ascii=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            target = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:  # one write: what another kernel appends at the same time stands before or after it
                os.write(target, f"{unfinished}{record}\n".encode())
            finally:
                os.close(target)
        except OSError as error:
            self._tell(f"Your progress is not kept: {self.path} cannot be written ({error.strerror or error}).")
            return None
        return before.after(status) if before else Standing(status, status, 1)

    def news(self) -> str:
        """A sentence on what is wrong with the file; empty if nothing is, or if that has been said."""
        news, self._news = self._news, ""
        return news

    def _read(self) -> tuple[dict[str, Standing], str]:
        """The standings, and the line end that is missing at the end of the file, if it is."""
        if self.path is None:
            return {}, ""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}, ""
        except OSError as error:
            self._tell(f"Your earlier progress is unknown: {self.path} cannot be read ({error.strerror or error}).")
            return {}, ""
        standings: dict[str, Standing] = {}
        damaged = 0
        for line in content.splitlines():
            try:
                edition, exercise, status = _fields(line)
            except (ValueError, KeyError, TypeError):
                damaged += bool(line.strip())
                continue
            if edition == CURRENT:
                before = standings.get(exercise)
                standings[exercise] = before.after(status) if before else Standing(status, status, 1)
        if damaged:
            self._tell(f"{damaged} of the lines in {self.path} cannot be read and are left out of your progress.")
        return standings, "" if not content or content.endswith(b"\n") else "\n"

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._news = sentence


def _fields(line: bytes) -> tuple[int, str, Outcome]:
    """Edition, exercise and status of a line.

    Raises:
        ValueError, KeyError, TypeError: it holds something else.
    """
    record = json.loads(line)
    edition, exercise, status = record["edition"], record["exercise"], record["status"]
    if type(edition) is not int or type(exercise) is not str or status not in _RANKS:
        raise ValueError
    return edition, exercise, status


def store() -> Store:
    """The learner's store: the same object as long as the file is the same one."""
    return _store_at(file())


_store_at = cache(Store)
