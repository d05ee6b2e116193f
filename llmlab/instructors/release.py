"""What `llmlab release` does: a folder of notebooks for students, without solutions, or later with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from llmlab.course.checkout import checkout, notebooks
from llmlab.exercises.engine.sources import sources
from llmlab.utils.commands import CommandRefused


def release(folder: Path, lessons: Sequence[str], *, with_solutions: bool) -> int:
    """Copy the notebooks of lessons into a folder; with solutions these stand in its folder `solutions`.

    A file that is there and differs is somebody's work, and nothing is copied then.

    Args:
        folder: is made where it is not there.
        lessons: their numbers, "03"; without any, all.
        with_solutions: whether to copy the solved notebooks, too.

    Returns:
        The exit code, 0.

    Raises:
        CommandRefused: there is no course here or no such lesson; a notebook of the course was worked in; a file of
            the folder would be written over.
    """
    root = checkout()
    if root is None:
        raise CommandRefused("There is no checkout of the course here, and an installed llmlab carries no notebooks.")
    student, solved = (
        {path.name: path for path in notebooks(root) if path.parent == place}
        for place in (root / "notebooks", root / "notebooks" / "solutions")  # not those of a translation
    )
    wanted = _wanted(list(student), lessons)
    copies = {folder / name: student[name] for name in wanted}
    if with_solutions:
        copies |= {folder / "solutions" / name: solved[name] for name in wanted if name in solved}
    for name in wanted:
        _require_as_it_came(student[name])
    taken = [place for place, source in copies.items() if place.exists() and place.read_bytes() != source.read_bytes()]
    if taken:
        raise CommandRefused(
            f"{taken[0]} is there and differs, maybe somebody's work ({len(taken)} such files): nothing was copied. "
            "Give another folder, or move it away."
        )
    try:
        for place, source in copies.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
    except OSError as error:
        raise CommandRefused(f"{error.filename or folder} could not be written ({error.strerror or error}).") from error
    solutions = sum(place.parent.name == "solutions" for place in copies)
    print(f"{len(wanted)} notebooks for students, {solutions} solved ones, in {folder}.")
    return 0


def _wanted(names: list[str], lessons: Sequence[str]) -> list[str]:
    if not lessons:
        return names
    found = []
    for lesson in lessons:
        fitting = [name for name in names if name.startswith(f"{lesson}_") or Path(name).stem == Path(lesson).stem]
        if not fitting:
            raise CommandRefused(f"there is no lesson {lesson!r}; the lessons are {', '.join(n[:2] for n in names)}")
        found += fitting
    return found


def _require_as_it_came(path: Path) -> None:
    """A student's copy must not hold the answers of whoever tried the lesson in the checkout."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        id = cell["metadata"].get("exercise")
        if id in sources() and "".join(cell["source"]).strip() != sources()[id]["stub"].strip():
            raise CommandRefused(
                f"{path} has been worked in (exercise {id}): bring back the notebook that was built, "
                f"`git checkout -- {path.relative_to(path.parents[1])}`."
            )
