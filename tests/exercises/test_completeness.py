"""What the corpus of answers still lacks: each exercise is proven from all sides, or this says from which it is not."""

from __future__ import annotations

from dataclasses import replace

from llmlab.exercises import Exercise
from llmlab.exercises.engine import Crash
from llmlab.exercises.engine.common_crashes import COMMON_CRASHES
from llmlab.exercises.engine.exercise import COMMON
from llmlab.exercises.engine.sources import sources
from tests.exercises.answers import CRASHES, NEAR_MISSES, UNUSUAL, WRONG
from tests.exercises.learners import EXERCISES

LEAST_WRONG, LEAST_UNUSUAL, LEAST_CRASHES = 3, 2, 3


def named(answers: dict[str, str]) -> set[str]:
    """The misconceptions or crashes of the answers, without their faces."""
    return {key.partition(":")[0] for key in answers}


def missing(one: Exercise, wrong: dict, unusual: list, near: dict, crashes: dict) -> list[str]:
    """What the answers of one exercise lack; an exercise without a function needs neither near misses nor crashes."""
    lacks = [f"no wrong answer shows {idea}" for idea in one.misconceptions if idea not in named(wrong)]
    if len(named(wrong)) < LEAST_WRONG:
        lacks.append(f"{len(named(wrong))} wrong answers, at least {LEAST_WRONG} are needed")
    if len(unusual) < LEAST_UNUSUAL:
        lacks.append(f"{len(unusual)} unusual right answers, at least {LEAST_UNUSUAL} are needed")
    if one.kind == "function":
        lacks += [f"no near miss of {idea}" for idea in one.misconceptions if idea not in named(near)]
        lacks += [f"no answer crashes as {crash.id}" for crash in one.crashes if crash.id not in named(crashes)]
        if len(crashes) < LEAST_CRASHES:
            lacks.append(f"{len(crashes)} natural crashes, at least {LEAST_CRASHES} are needed")
    ideas, known = {*COMMON, *one.misconceptions}, {crash.id for crash in (*one.crashes, *COMMON_CRASHES)}
    lacks += [f"the check has no misconception {idea}" for idea in sorted((named(wrong) | named(near)) - ideas)]
    lacks += [f"nobody explains the crash {crash}" for crash in sorted(named(crashes) - known)]
    return [f"{one.id}: {lack}" for lack in lacks]


def test_no_exercise_without_its_proofs():
    lacks = [
        lack
        for id, one in EXERCISES.items()
        for lack in missing(one, WRONG[id], UNUSUAL[id], NEAR_MISSES[id], CRASHES[id])
    ]
    lacks += [f"{id}: no solution in lessons/" for id in EXERCISES if id not in sources()]
    print(*lacks, sep="\n")
    assert lacks == []


def test_the_list_of_what_is_missing_can_be_filled():
    one = replace(EXERCISES["03.2"], crashes=[Crash("own", "IndexError", "", "A sentence.")])
    one.id = "03.2"
    found = missing(
        one, {"target-not-shifted": "", "no-such-idea: a face": ""}, [""], {"target-too-far": ""}, {"x": ""}
    )
    assert "03.2: no wrong answer shows target-shifted-twice" in found
    assert "03.2: no wrong answer shows target-not-shifted" not in found
    assert "03.2: 2 wrong answers, at least 3 are needed" in found
    assert "03.2: 1 unusual right answers, at least 2 are needed" in found
    assert "03.2: no near miss of target-not-shifted" in found
    assert "03.2: no near miss of target-too-far" not in found
    assert "03.2: 1 natural crashes, at least 3 are needed" in found
    assert "03.2: no answer crashes as own" in found
    assert "03.2: the check has no misconception no-such-idea" in found
    assert "03.2: nobody explains the crash x" in found
    choice = missing(EXERCISES["03.1"], {}, [], {}, {})
    assert not [lack for lack in choice if "near miss" in lack or "crash" in lack]


def test_what_an_exercise_names_has_another_name_than_what_all_have_in_common():
    common = {crash.id for crash in COMMON_CRASHES}
    for id, one in EXERCISES.items():
        assert not common & {crash.id for crash in one.crashes}, id
        assert not set(COMMON) & set(one.misconceptions), id
