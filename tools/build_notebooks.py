"""Build notebooks/ from lessons/: one student and one solved notebook a lesson, executed on the CPU, outputs kept.

    python tools/build_notebooks.py                  build and execute what changed
    python tools/build_notebooks.py 03               only lesson 03
    python tools/build_notebooks.py de/00            only the German lesson 00
    python tools/build_notebooks.py --force          everything, also over edits made by hand
    python tools/build_notebooks.py --check          execute nothing; list what is out of date (exit code 1)

A lesson's text becomes cells in lesson_cells.py, the cells a notebook in lesson_notebooks.py, and the notebook gets its
outputs in notebook_execution.py; what is left for this file is which notebooks need it, and writing them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import nbformat
from address import public_address
from languages import folder, language_of
from lesson_cells import Lesson, LessonError, parse_lesson, solutions
from lesson_notebooks import assemble, digest, notebook_cells, sources
from nbformat import NotebookNode
from notebook_execution import BuildError, execute
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
EDITION = 2  # whose numbers the exercises of these notebooks have
SOLUTIONS = "llmlab/exercises/solutions.json"
STAMPS = "notebooks/.built.json"

# What the lessons generate


def load_lessons(root: Path) -> list[Lesson]:
    """All English lessons in order, then the translations.

    Raises:
        LessonError: one is malformed, two have the same number, or one translates a lesson that does not exist.
    """
    english = [_load(root, path) for path in sorted((root / "lessons").glob("*.py"))]
    for one, other in pairwise(english):
        if one.name[:2] == other.name[:2]:
            raise LessonError(f"lessons {one.name} and {other.name} have the same number; give each its own")
    translated = [_load(root, path) for path in sorted((root / "lessons").glob("[a-z][a-z]/*.py"))]
    for one in translated:
        if one.name not in {other.name for other in english}:
            file = lesson_of(one.path(solved=False))
            raise LessonError(f"{file} translates no lesson: there is no lessons/{one.name}.py")
    return english + translated


def _load(root: Path, path: Path) -> Lesson:
    file = path.relative_to(root).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LessonError(f"{file}: byte {error.start} is not UTF-8; restore the file") from None
    return parse_lesson(path.stem, text, language_of(file))


def address(root: Path) -> str | None:
    """The public address in pyproject.toml, as owner/name; None if there is none."""
    try:
        return public_address(root)
    except ValueError as error:
        raise BuildError(str(error)) from None


def planned(root: Path, lessons: Sequence[Lesson]) -> dict[str, NotebookNode]:
    """Every notebook that the lessons generate, not executed, by its path from the root."""
    public = address(root)
    return {
        lesson.path(solved): assemble(notebook_cells(lesson, lessons, public, solved=solved))
        for lesson in lessons
        for solved in (False, True)
    }


def lesson_of(path: str) -> str:
    """The lesson that a notebook is built from, as a path from the root.

    >>> lesson_of("notebooks/de/solutions/00_welcome.ipynb")
    'lessons/de/00_welcome.py'
    """
    return f"lessons/{folder(language_of(path))}{Path(path).stem}.py"


# What is there: is it current, was it edited by hand?


def problems(root: Path) -> list[str]:
    """What is out of date, judged by sources alone (outputs are nbval's business); empty when all is current."""
    lessons = load_lessons(root)
    plan = planned(root, lessons)
    found = []
    for path, notebook in plan.items():
        if not (root / path).exists():
            found.append(f"{path} is missing: {lesson_of(path)} has not been built")
            continue
        try:
            same = sources(read(root / path)) == sources(notebook)
        except BuildError as error:
            found.append(f"{path}: {error}")
            continue
        if not same:
            found.append(f"{path} is stale: it differs from what {lesson_of(path)} generates")
    present = {
        path.relative_to(root).as_posix()
        for path in (root / "notebooks").rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    found += [f"{path} has no lesson: {lesson_of(path)} does not exist" for path in sorted(present - plan.keys())]
    if not solutions_are_current(root, lessons):
        found.append(f"{SOLUTIONS} is stale: it differs from the solutions in lessons/")
    return found


def solutions_are_current(root: Path, lessons: Sequence[Lesson]) -> bool:
    """Whether the file of solutions is there, and holds those of the lessons."""
    target = root / SOLUTIONS
    # Line ends are normalised, as a checkout on Windows may have changed them.
    return target.exists() and target.read_bytes().replace(b"\r\n", b"\n") == solutions(lessons).encode()


def edited_by_hand(root: Path, path: str, generated: NotebookNode) -> bool:
    """Whether overwriting the notebook would lose somebody's work.

    Each notebook carries a digest of the sources with which it was built. So sources that are neither those, nor what
    the lesson generates now, nor what HEAD has, were typed into the notebook and exist nowhere else. Outputs do not
    count: they come back by executing. And a notebook that is merely uncommitted after a build passes the first test,
    so that a lesson can be changed and built again and again before it is committed.
    """
    if not (root / path).exists():
        return False
    notebook = read(root / path)
    if digest(sources(notebook)) == notebook.metadata.get("llmlab", {}).get("sources"):
        return False
    committed = committed_notebook(root, path)
    committed = committed and nbformat.reads(committed.decode(), as_version=4)
    return sources(notebook) not in (sources(generated), committed and sources(committed))


def committed_notebook(root: Path, path: str, commit: str = "HEAD") -> bytes | None:
    """The notebook as a commit has it; None where git, the commit or the file is missing."""
    try:
        shown = subprocess.run(["git", "show", f"{commit}:./{path}"], cwd=root, capture_output=True)
    except FileNotFoundError:  # no git on this machine
        return None
    return shown.stdout if shown.returncode == 0 else None


def of_the_course(root: Path, path: str) -> bytes:
    """A notebook as the course has it.

    One that was answered, run or saved in Jupyter since it was built is somebody's own, also where that is committed:
    then it is taken as it was last built, from the history of git; where that does not reach back, as it is. One that
    was renamed or deleted is taken from there, too.

    Raises:
        FileNotFoundError: neither the folder nor the history has it.
    """
    there = (root / path).read_bytes() if (root / path).exists() else None
    if there is not None and is_as_built(there):
        return there
    try:
        log = subprocess.run(["git", "log", "--format=%H", "--", path], cwd=root, capture_output=True, encoding="utf-8")
        commits = log.stdout.split()
    except FileNotFoundError:  # no git on this machine
        commits = []
    for commit in commits:
        before = committed_notebook(root, path, commit)
        if before and is_as_built(before):
            return before
    if there is None:
        raise FileNotFoundError(f"{path} is not there: take it back with git, or build it with `make notebooks`")
    return there


class Stamps:
    """What each notebook was last built from on this machine: its stamp, in a file that git ignores.

    In a checkout that has built none yet, the notebooks as committed are taken to fit the package as committed: the
    tests execute them all. So only who changes something has to execute anything.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._file = root, root / STAMPS
        self._known = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}

    def fits(self, path: str, expected: str) -> bool:
        """Whether a notebook that nothing has touched was built from what is there now."""
        return self._known[path] == expected if path in self._known else self._as_committed(path)

    def note(self, path: str, built_from: str) -> None:
        """Keep what a notebook has been built from."""
        self._known[path] = built_from
        replace_file(self._file, json.dumps(self._known, indent=1, sort_keys=True) + "\n")

    def _as_committed(self, path: str) -> bool:
        try:
            shown = subprocess.run(
                ["git", "status", "--porcelain", "--", "llmlab", "data", lesson_of(path), path],
                cwd=self._root,
                capture_output=True,
                encoding="utf-8",
            )
        except FileNotFoundError:  # no git on this machine
            return False
        return shown.returncode == 0 and not shown.stdout


def stamp(root: Path, generated: NotebookNode) -> str:
    """Digest of everything that decides a notebook's outputs: its sources, the package and the data."""
    package = [path for path in (root / "llmlab").rglob("*") if path.suffix in (".py", ".js", ".css")]
    data = [path for path in (root / "data").rglob("*") if path.is_file()]
    # Line ends are normalised: a checkout on Windows must not look like another package.
    contents = {
        path.relative_to(root).as_posix(): digest(path.read_bytes().replace(b"\r\n", b"\n").hex())
        for path in package + data
    }
    return digest([generated, contents])


def content(notebook: NotebookNode) -> str:
    """Digest of the whole notebook but for our own entry in its metadata."""
    return digest(notebook | {"metadata": {k: v for k, v in notebook.metadata.items() if k != "llmlab"}})


def untouched(path: Path, generated: NotebookNode) -> bool:
    """Whether the notebook is there as it was built, from these sources.

    One that was run and saved in Jupyter (other outputs, widget state) is built again.
    """
    if not path.exists():
        return False
    return sources(read(path)) == sources(generated) and is_as_built(path.read_bytes())


def is_as_built(text: bytes) -> bool:
    """Whether a notebook is what was built, outputs included: the digest of that stands in its metadata."""
    try:
        notebook = nbformat.reads(text.decode(), as_version=4)
        return notebook.metadata.get("llmlab", {}).get("content") == content(notebook)
    except Exception:  # nbformat raises many kinds, for text that is no JSON and JSON that is no notebook
        return False


def read(path: Path) -> NotebookNode:
    """A notebook; BuildError if the file is none, or not whole."""
    try:
        notebook = nbformat.read(path, as_version=4)
        sources(notebook)
    except Exception as error:  # nbformat raises many kinds, for text that is no JSON and JSON that is no notebook
        problem = f"{path.name} is no notebook that can be read ({type(error).__name__})"
        raise BuildError(f"{problem}: restore it, or build it anew with --force") from None
    return notebook


# Building


async def build(root: Path, path: str, generated: NotebookNode, stamps: Stamps, bar: tqdm) -> None:
    """Execute one notebook and put it in its place, whole or not at all."""
    built_from = stamp(root, generated)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    notebook = await execute(generated, (root / path).parent, root, bar.update)
    notebook.metadata["llmlab"] = {
        "edition": EDITION,
        "sources": digest(sources(generated)),
        "content": content(notebook),
    }
    nbformat.validate(notebook)
    replace_file(root / path, nbformat.writes(notebook) + "\n")
    stamps.note(path, built_from)


def replace_file(path: Path, text: str) -> None:
    """Write beside the file, then rename: an interruption leaves the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


async def build_all(root: Path, todo: dict[str, NotebookNode], stamps: Stamps, jobs: int) -> list[str]:
    """Build the notebooks, `jobs` at a time; returns one message for each that failed."""
    slots = asyncio.Semaphore(jobs)
    total = sum(cell.cell_type == "code" for notebook in todo.values() for cell in notebook.cells)

    async def one(path: str, bar: tqdm) -> str | None:
        async with slots:
            try:
                await build(root, path, todo[path], stamps, bar)
            except BuildError as error:
                return f"{path}, built from {lesson_of(path)}: {error}"
            bar.write(f"built {path}")
            return None

    with tqdm(total=total, unit="cell", disable=not todo) as bar:
        results = await asyncio.gather(*(one(path, bar) for path in todo))
    return [message for message in results if message]


def select(plan: dict[str, NotebookNode], wanted: Sequence[str]) -> dict[str, NotebookNode]:
    """The notebooks of the lessons asked for ("03", "de/03", "03_sliding_window" or a path); of all if none is."""
    if not wanted:
        return plan
    names = [_with_language(lesson) for lesson in wanted]
    built = {path: _with_language(lesson_of(path)) for path in plan}
    for name in names:
        if not any(lesson.startswith(name) for lesson in built.values()):
            raise BuildError(f"there is no lesson {name} in lessons/")
    return {path: notebook for path, notebook in plan.items() if built[path].startswith(tuple(names))}


def _with_language(lesson: str) -> str:
    """The name of a lesson, or the beginning of it, after the folder of its language: "03_sliding_window", "de/00"."""
    path = Path(lesson)
    return f"{path.parent.name}/{path.stem}" if re.fullmatch("[a-z]{2}", path.parent.name) else path.stem


def run(root: Path, wanted: Sequence[str], *, force: bool, jobs: int) -> list[str]:
    """Build what changed; returns what went wrong, one message each."""
    lessons = load_lessons(root)
    chosen = select(planned(root, lessons), wanted)
    # Written first: it is not executed, and the notebooks may show a solution from it.
    if not solutions_are_current(root, lessons):
        replace_file(root / SOLUTIONS, solutions(lessons))
    todo, failures, stamps = {}, [], Stamps(root)
    for path, generated in chosen.items():
        if not force and edited_by_hand(root, path, generated):
            failures.append(
                f"{path} holds edits that are in no commit: not overwritten. Edits belong in {lesson_of(path)}; "
                "move them there, then build with --force"
            )
        elif force or not (untouched(root / path, generated) and stamps.fits(path, stamp(root, generated))):
            todo[path] = generated
    failures += asyncio.run(build_all(root, todo, stamps, jobs))
    print(f"{len(chosen) - len(todo)} of {len(chosen)} notebooks needed no execution")
    return failures


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the notebooks from the lessons.")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="for example 03; without it, all lessons")
    parser.add_argument("--force", action="store_true", help="build everything, also over edits made by hand")
    parser.add_argument("--check", action="store_true", help="execute nothing; list what is out of date")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="notebooks executed at a time (default: 2)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1, got {options.jobs}")
    try:
        if options.check:
            messages = problems(root)
        else:
            messages = run(root, options.lessons, force=options.force, jobs=options.jobs)
    except (BuildError, LessonError) as error:
        messages = [str(error)]
    for message in messages:
        print(message, file=sys.stderr)
    if options.check and messages:
        print("To bring them up to date: make notebooks", file=sys.stderr)
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
