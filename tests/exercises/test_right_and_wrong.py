"""Solution, stub, named wrong answers and unusual right ones of every exercise."""

from __future__ import annotations

import re

import pytest

from llmlab.exercises import Result
from llmlab.exercises.engine.exercise import COMMON
from llmlab.exercises.engine.sources import sources
from tests.exercises.answers import CRASHES, KNOWN_MISTAKES, NEAR_MISSES, UNUSUAL, WRONG
from tests.exercises.learners import BY_NAME, EXERCISES, FUNCTIONS, answer, define, fresh


def cases(corpus: dict[str, dict[str, str]]) -> dict[str, tuple[str, str, str]]:
    """(id, name, source) of each answer, by the name of its test."""
    return {f"{id}-{name}": (id, name, source) for id, held in corpus.items() for name, source in held.items()}


GIVEN_AND_RIGHT = re.compile(
    r"(?:^|[ `])([^ `]+|\[[^][]*\])`?[;,] right is `?(\[[^][]*\]|[^ `]+?)(?:`|\.$|\.\s|$)", re.MULTILINE
)
WRONG_CASES, NEAR_CASES, CRASH_CASES = cases(WRONG), cases(NEAR_MISSES), cases(CRASHES)


def twice(id: str, given: object) -> Result:
    """What a fresh check says of an answer, which another fresh one must say as well."""
    first, second = (fresh(id).check(given) for _ in range(2))
    assert first == second
    return first


@pytest.mark.parametrize("mistake", KNOWN_MISTAKES)
def test_known_mistake_is_recognised(mistake):
    for id, misconception in KNOWN_MISTAKES[mistake]:
        result = fresh(id).check(answer(id, WRONG[id][misconception]))
        assert (result.status, result.misconception) == ("failed", misconception)


@pytest.mark.parametrize("id", EXERCISES)
def test_solution_passes_and_stub_is_not_attempted(id):
    cell = sources()[id]
    assert fresh(id).check(define(cell["stub"])).status == "not_attempted"
    result = twice(id, define(cell["solution"]))
    assert result.status == "passed", result
    assert result.message.startswith(("The check holds: ", "Both checks hold: ", "All "))
    assert "visible" not in result.message and "all correct" not in result.message


@pytest.mark.parametrize(("id", "name", "source"), WRONG_CASES.values(), ids=WRONG_CASES)
def test_wrong_answer_shows_its_misconception(id, name, source):
    result = twice(id, answer(id, source))
    assert (result.status, result.misconception) == ("failed", name.partition(":")[0]), result
    ideas = {**COMMON, **EXERCISES[id].misconceptions}
    assert ideas[result.misconception].sentence in result.message
    for given, right in GIVEN_AND_RIGHT.findall(result.message):
        assert given != right, "what is shown must be what differs"


@pytest.mark.parametrize(("id", "name", "source"), NEAR_CASES.values(), ids=NEAR_CASES)
def test_near_miss_does_not_get_the_sentence_of_its_neighbour(id, name, source):
    misconception = name.partition(":")[0]
    assert misconception in {**COMMON, **EXERCISES[id].misconceptions}
    result = twice(id, answer(id, source))
    assert result.status in ("passed", "failed", "error"), result
    assert result.misconception != misconception, result


@pytest.mark.parametrize(("id", "name", "source"), CRASH_CASES.values(), ids=CRASH_CASES)
def test_crash_gets_its_sentence_and_the_line(id, name, source):
    result = twice(id, answer(id, source))
    assert (result.status, result.misconception) == ("error", name.partition(":")[0]), result
    in_the_cell = " raised " in result.message and "of your cell" in result.message
    assert in_the_cell or "with which the check could" in result.message  # what it returned, once it is used


@pytest.mark.parametrize(("id", "source"), [(id, source) for id, sources in UNUSUAL.items() for source in sources])
def test_unusual_right_answer_passes(id, source):
    result = twice(id, answer(id, source))
    assert result.status == "passed", result


@pytest.mark.parametrize("one", EXERCISES.values(), ids=EXERCISES)
def test_every_exercise_has_three_hints_and_a_variant(one):
    assert len(one.hints) == 3 and all(one.hints)
    assert one.hints[0].rstrip().endswith("?"), "the first hint is a question"
    assert one.variant and one.means


@pytest.mark.parametrize(
    ("name", "times"),
    [
        *((name, 100) for name in ("one_hot", "skip_gram_loss", "permutation_test", "embed_input", "turn_pairs")),
        *((name, 30) for name in ("softmax_bugs", "attend", "previous_token_head", "encode_by_rank", "batch_loss")),
    ],
)
def test_what_only_random_cases_find_is_found_each_time(name, times):
    """Answers that pass the fixed examples and are left to the random ones: none slips through."""
    id = BY_NAME[name]
    tied = [source for wrong, source in WRONG[id].items() if wrong.startswith("tied-to-the-example")]
    assert tied
    for source in tied:
        assert {fresh(id).check(define(source)).misconception for _ in range(times)} == {"tied-to-the-example"}


@pytest.mark.parametrize("id", FUNCTIONS)
def test_stub_with_other_comments_and_layout_is_not_attempted(id):
    stub = sources()[id]["stub"]
    assert fresh(id).check(define(f"# mine\n\n\n{stub}  # soon\n    # later\n")).status == "not_attempted"


@pytest.mark.parametrize("id", FUNCTIONS)
def test_untouched_tells_the_stub_from_an_attempt(id):
    assert fresh(id).untouched(define(sources()[id]["stub"]))
    assert not fresh(id).untouched(define(sources()[id]["solution"]))


def test_a_refactored_bug_is_an_attempt():
    source = sources()["03.5"]["stub"].replace("shuffle=True", "shuffle=not False")
    stub = define(sources()["03.5"]["stub"])
    assert define(source).__code__.co_code == stub.__code__.co_code, "the compiler folds the constant: the same code"
    changed = define(sources()["03.5"]["stub"].replace("shuffle=True", "shuffle=bool(1)"))
    assert fresh("03.5").check(changed).misconception == "shuffle-always"
