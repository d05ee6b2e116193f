"""Check every function answer of the corpus again and again: right or wrong, it must get the same verdict each time.

python tools/repeat_checks.py                    200 times, all exercises
python tools/repeat_checks.py 09.1 12 --times 50    one exercise, one lesson

Prints a row for each exercise and what changed; the exit code is 1 if anything did, or was not as the corpus says.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from llmlab.course import progress
from llmlab.exercises import Result
from llmlab.exercises.engine.sources import sources
from tests.exercises.answers import CRASHES, NEAR_MISSES, UNUSUAL, WRONG
from tests.exercises.learners import FUNCTIONS, answer, fresh

TIMES = 200


def answers(id: str) -> Iterator[tuple[str, str, tuple[str, str | None] | None]]:
    """Each answer of an exercise: its name, its source, and the verdict that it must get; None for any but the same."""
    yield "the solution", sources()[id]["solution"], ("passed", None)
    for number, source in enumerate(UNUSUAL[id], start=1):
        yield f"unusual right answer {number}", source, ("passed", None)
    for name, source in WRONG[id].items():
        yield name, source, ("failed", name.partition(":")[0])
    for name, source in CRASHES[id].items():
        yield f"crash {name}", source, ("error", name.partition(":")[0])
    for name, source in NEAR_MISSES[id].items():
        yield f"near miss of {name}", source, None


def changes(id: str, times: int) -> Iterator[str]:
    """A line for each answer that does not get the same verdict in `times` checks, or not the one of the corpus."""
    for name, source, expected in answers(id):
        given = answer(id, source)
        results = Counter(fresh(id).check(given) for _ in range(times))
        verdicts: Counter[tuple[str, str | None]] = Counter()
        for result, count in results.items():
            verdicts[result.status, result.misconception] += count
        if len(verdicts) > 1:
            yield f"{id} {name}: {', '.join(f'{count} times {spell(one)}' for one, count in verdicts.most_common())}"
        elif expected and set(verdicts) != {expected}:
            yield f"{id} {name}: always {spell(*verdicts)}, not {spell(expected)}"
        elif len(results) > 1:
            yield f"{id} {name}: {len(results)} different messages, such as {differing(*list(results)[:2])}"


def spell(verdict: tuple[str, str | None]) -> str:
    """A verdict in words: "failed as not-a-list"."""
    status, misconception = verdict
    return f"{status} as {misconception}" if misconception else status


def differing(one: Result, other: Result) -> str:
    """The first line in which two messages differ, twice."""
    pairs = zip(one.message.splitlines(), other.message.splitlines(), strict=False)
    return " and ".join(map(repr, next((pair for pair in pairs if pair[0] != pair[1]), ("the one", "the other"))))


def main() -> int:
    """Repeat what the command line asks for, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("ids", nargs="*", help="exercises (09.1) or lessons (12); without any, all")
    parser.add_argument("--times", type=int, default=TIMES, help=f"checks of each answer, otherwise {TIMES}")
    options = parser.parse_args()
    os.environ[progress.VARIABLE] = progress.OFF
    torch.set_num_threads(1)  # small tensors
    chosen = [id for id in FUNCTIONS if not options.ids or {id, id.partition(".")[0]} & set(options.ids)]
    if not chosen or options.times < 2:
        parser.error("there is no such exercise with a function" if not chosen else "--times must be at least 2")
    found: list[str] = []
    print("exercise  answers  checks  seconds  verdicts")
    for id in chosen:
        started, count, before = time.perf_counter(), sum(1 for _ in answers(id)), len(found)
        found += changes(id, options.times)
        verdict = "all steady" if len(found) == before else f"{len(found) - before} of the answers not"
        seconds = time.perf_counter() - started
        print(f"{id:<10}{count:>7}{count * options.times:>8}{seconds:>9.1f}  {verdict}", flush=True)
    print("\n".join(found) or f"Every verdict was the same {options.times} times of {options.times}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
