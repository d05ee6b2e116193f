"""Exercises: solution, stub, named wrong answers and unusual right ones; and answers that misbehave in every way."""

from __future__ import annotations

import ast
import linecache
import random
import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from llmlab.exercises import Exercise, Result, UnknownExercise, exercise, progress
from llmlab.exercises.engine.exercise import _COMMON, _solutions, lessons, of_lesson
from llmlab.exercises.engine.probes import Opaque, plain, same_code, show
from llmlab.exercises.lesson_03.next_token_loss import _written_example, _wrong_losses
from tests import ROOT
from tests.exercises.answers import KNOWN_MISTAKES, UNUSUAL, WRONG

EXERCISES = {one.id: one for lesson in lessons() for one in of_lesson(lesson)}
ATTACK = "<img src=x onerror=alert(1)>"


def fresh(exercise_id: str) -> Exercise:
    """A copy that remembers nothing, so that tests do not depend on each other."""
    return replace(EXERCISES[exercise_id])


WRONG_CASES = [(id, name, source) for id, answers in WRONG.items() for name, source in answers.items()]


def define(source: str) -> Any:
    """What a cell leaves for its check: the last function it defines, or the values that it assigns."""
    namespace: dict[str, Any] = {"torch": torch}
    exec(compile(source, "<a learner's cell>", "exec", dont_inherit=True), namespace)
    last = ast.parse(source).body[-1]
    if isinstance(last, ast.FunctionDef):
        return namespace[last.name]
    names = [node.id for node in ast.walk(last) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    values = tuple(namespace[name] for name in names)
    return values[0] if len(values) == 1 else values


def answer(exercise_id: str, source: str) -> Any:
    """An answer of the corpus: a cell with a function, or an expression."""
    return define(source) if EXERCISES[exercise_id].kind == "function" else eval(source, {"torch": torch})


def missing(exercises: dict[str, Exercise], wrong: dict, unusual: dict) -> list[str]:
    """What the corpus still lacks: at least three wrong and two unusual answers, one for each misconception."""
    lacks = []
    for id, one in exercises.items():
        named = {key.partition(":")[0] for key in wrong.get(id, {})}
        lacks += [f"{id}: no wrong answer shows {name}" for name in one.misconceptions if name not in named]
        if len(named) < 3:
            lacks.append(f"{id}: {len(named)} named wrong answers, at least 3 are needed")
        if len(unusual.get(id, [])) < 2:
            lacks.append(f"{id}: {len(unusual.get(id, []))} unusual right answers, at least 2 are needed")
        if id not in _solutions():
            lacks.append(f"{id}: no solution in lessons/")
    return lacks + [
        f"{id}: answers for an exercise that does not exist" for id in sorted({*wrong, *unusual} - {*exercises})
    ]


# Right and wrong answers


def test_no_exercise_without_its_proofs():
    assert missing(EXERCISES, WRONG, UNUSUAL) == []


def test_the_list_of_missing_proofs_can_be_filled():
    short = {"03.1": {"only-the-last-position": "'c'"}}
    found = missing({"03.1": EXERCISES["03.1"]}, short, {"03.1": ["'D'"], "03.99": []})
    assert "03.1: no wrong answer shows batch-adds-nothing" in found
    assert "03.1: 1 named wrong answers, at least 3 are needed" in found
    assert "03.1: 1 unusual right answers, at least 2 are needed" in found
    assert "03.99: answers for an exercise that does not exist" in found


@pytest.mark.parametrize("mistake", KNOWN_MISTAKES)
def test_known_mistake_is_recognised(mistake):
    for id, misconception in KNOWN_MISTAKES[mistake]:
        result = fresh(id).check(answer(id, WRONG[id][misconception]))
        assert (result.status, result.misconception) == ("failed", misconception)


@pytest.mark.parametrize("id", EXERCISES)
def test_solution_passes_and_stub_is_not_attempted(id):
    sources = _solutions()[id]
    assert fresh(id).check(define(sources["stub"])).status == "not_attempted"
    result = fresh(id).check(define(sources["solution"]))
    assert result.status == "passed", result
    assert "visible checks hold" in result.message
    assert "all correct" not in result.message


@pytest.mark.parametrize(("id", "name", "source"), WRONG_CASES, ids=[f"{id}-{name}" for id, name, _ in WRONG_CASES])
def test_wrong_answer_shows_its_misconception_the_same_each_time(id, name, source):
    results = [fresh(id).check(answer(id, source)) for _ in range(2)]
    assert (results[0].status, results[0].misconception) == ("failed", name.partition(":")[0]), results[0]
    assert results[0] == results[1]
    ideas = {**_COMMON, **EXERCISES[id].misconceptions}
    assert ideas[results[0].misconception].sentence in results[0].message


@pytest.mark.parametrize(("id", "source"), [(id, source) for id, sources in UNUSUAL.items() for source in sources])
def test_unusual_right_answer_passes(id, source):
    result = fresh(id).check(answer(id, source))
    assert result.status == "passed", result


@pytest.mark.parametrize("one", EXERCISES.values(), ids=EXERCISES)
def test_every_exercise_has_three_hints_and_a_variant(one):
    assert len(one.hints) == 3 and all(one.hints)
    assert one.hints[0].rstrip().endswith("?"), "the first hint is a question"
    assert one.variant and one.means


@pytest.mark.parametrize("number", sorted({id[:2] for id in EXERCISES}))
def test_sections_named_by_misconceptions_stand_in_the_lesson(number):
    (path,) = (ROOT / "lessons").glob(f"{number}_*.py")
    headings = re.findall(r"^# #+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = {idea.section for id in EXERCISES if id[:2] == number for idea in EXERCISES[id].misconceptions.values()}
    assert sorted(named - {""} - set(headings)) == []


def test_known_mistakes_of_the_loss_are_told_apart():
    losses = _wrong_losses(*_written_example())
    values = [(name, value) for name, several in losses.items() for value in several]
    close = [
        (one, other)
        for i, (one, a) in enumerate(values)
        for other, b in values[i + 1 :]
        if one != other and abs(a - b) < 1e-3
    ]
    assert close == []


def test_a_stub_beside_an_import_is_known_in_a_notebook_and_in_a_script():
    """A notebook compiles statement by statement; beside an import in the same unit a call is compiled otherwise."""
    source = "import torch\n\ndef double(x):\n    return torch.add(x, x)\n"
    whole, apart = {}, {}
    exec(compile(source, "<script>", "exec"), whole)
    for statement in ast.parse(source).body:
        exec(compile(ast.Module([statement], []), "<cell>", "exec"), apart)
    assert same_code(whole["double"], source) and same_code(apart["double"], source)
    assert not same_code(lambda x: x, source) and not same_code(whole["double"], source.replace("x, x", "x, 1"))


# Answers that misbehave

CELL = "def make_windows(token_ids, max_length, stride):\n    "


def check_windows(body: str) -> Result:
    return fresh("03.2").check(define(CELL + body.replace("\n", "\n    ")))


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import sys\nsys.exit()", "SystemExit"),
        ("yield token_ids\nraise KeyError('late')", "KeyError: 'late'"),
        ("return make_windows(token_ids, max_length, stride)", "NameError"),
        ("def again():\n    return again()\nreturn again()", "RecursionError: the function calls itself without end"),
        ("raise BaseException('from below')", "BaseException: from below"),
        ("return token_ids.at(object)", "AttributeError"),
        ("raise ValueError(object())", "ValueError: <object object>"),
        ("class Odd(Exception):\n    def __str__(self):\n        raise OSError\nraise Odd", "Odd"),
        ("class Odd:\n    def __iter__(self):\n        raise OSError('no')\nreturn Odd()", "OSError: no"),
        ("raise MemoryError", "MemoryError"),
    ],
)
def test_an_exception_becomes_a_result_that_names_it(body, part, capsys):
    # A cell's function knows its own name through the kernel's namespace; here the recursion is a local function.
    source = CELL + body.replace("\n", "\n    ")
    if "return make_windows" in body:
        source = source.replace("return make_windows", "return make_window")
    one = fresh("03.2")
    results = [one.check(define(source)) for _ in range(2)]
    assert results[0].status == "error"
    assert part in results[0].message
    assert "Traceback" not in results[0].message and "probes.py" not in results[0].message
    assert "The check itself" not in results[0].message
    assert results[0] == results[1]
    assert capsys.readouterr() == ("", "")


def test_an_exception_names_the_line_of_the_cell():
    source = CELL + "half = max_length / 2\n    return token_ids[:half]"
    name = "<ipython-input-7>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {}
    exec(compile(source, name, "exec"), namespace)
    message = fresh("03.2").check(namespace["make_windows"]).message
    assert "Line 3 of your cell: `return token_ids[:half]`" in message
    del linecache.cache[name]


class Odd:
    """Every question to it is an error."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __hash__(self):
        raise RuntimeError("hash")

    def __bool__(self):
        raise RuntimeError("bool")

    def __iter__(self):
        raise RuntimeError("iter")


class OddCall(Odd):
    def __call__(self, *args):
        return Odd()


class OddInt(int):
    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = int.__hash__


SELF_CONTAINING: list = []
SELF_CONTAINING.append(SELF_CONTAINING)


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize(
    "given",
    [
        Odd(),
        OddCall(),
        Odd,
        OddInt(4),
        5,
        float("nan"),
        (float("nan"), float("inf")),
        "text",
        b"bytes",
        {},
        {1, 2},
        object(),
        print,
        len,
        torch.nn.Linear,
        SELF_CONTAINING,
        lambda *args, **options: OddInt(4),
        lambda *args, **options: Odd(),
        lambda *args, **options: [[Odd()]],
        lambda *args, **options: SELF_CONTAINING,
        lambda *args, **options: float("nan"),
        lambda *args, **options: torch.full((3, 2, 4), float("nan")),
        lambda *args, **options: "x" * 10_000,
        lambda *args, **options: np.array([object(), None]),
        lambda *args, **options: torch.zeros(10_000, 100),
        lambda *args, **options: print,
        lambda *args, **options: iter(int, 1),
    ],
    ids=lambda given: type(given).__name__,
)
def test_odd_answers_get_a_result(id, given, capsys):
    result = fresh(id).check(given)
    assert result.status in ("failed", "error")
    assert "The check itself" not in result.message
    assert len(result.message) < 1500
    assert repr(result) and result._repr_html_()
    assert capsys.readouterr() == ("", "")


def test_plain_values_are_of_plain_types():
    assert type(plain(OddInt(4))) is int
    assert plain((np.int64(3), torch.tensor([1.5]), range(2), (x for x in "ab"))) == [3, [1.5], [0, 1], ["a", "b"]]
    assert plain([{1: 2}, {3}, b"x", object()]) == [Opaque("dict"), Opaque("set"), Opaque("bytes"), Opaque("object")]
    assert show(plain(SELF_CONTAINING)) == "[[[[[[<list>]]]]]]"


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("blank", [None, ..., (..., ...), [1, ...]], ids=repr)
def test_blank_answers_are_not_attempted(id, blank):
    result = fresh(id).check(blank)
    if EXERCISES[id].kind == "function" and isinstance(blank, tuple | list):
        assert result.misconception == "not-a-function"
    else:
        assert result.status == "not_attempted"


def test_an_ellipsis_that_comes_back_is_not_attempted():
    assert check_windows("return [(token_ids[:max_length], ...)]").status == "not_attempted"


@pytest.mark.parametrize("id", [id for id, one in EXERCISES.items() if one.kind == "function"])
def test_stub_with_other_comments_and_layout_is_not_attempted(id):
    stub = _solutions()[id]["stub"]
    assert fresh(id).check(define(f"# mine\n\n\n{stub}  # soon\n    # later\n")).status == "not_attempted"


@pytest.mark.parametrize("id", [id for id, one in EXERCISES.items() if one.kind == "function"])
def test_untouched_tells_the_stub_from_an_attempt(id):
    assert fresh(id).untouched(define(_solutions()[id]["stub"]))
    assert not fresh(id).untouched(define(_solutions()[id]["solution"]))


def test_a_refactored_bug_is_an_attempt():
    source = _solutions()["03.5"]["stub"].replace("shuffle=True", "shuffle=not False")
    stub = define(_solutions()["03.5"]["stub"])
    assert define(source).__code__.co_code == stub.__code__.co_code, "the compiler folds the constant: the same code"
    changed = define(_solutions()["03.5"]["stub"].replace("shuffle=True", "shuffle=bool(1)"))
    assert fresh("03.5").check(changed).misconception == "shuffle-always"


def test_ten_megabytes_of_print_stay_inside(capsys):
    started = time.perf_counter()
    result = check_windows(
        "import sys\nfor _ in range(10):\n    print('x' * 2**20)\n    print('y', file=sys.stderr)\nreturn []"
    )
    assert result.status == "failed"
    assert "Your code printed: xxx" in result.message
    assert len(result.message) < 1000
    assert capsys.readouterr() == ("", "")
    assert time.perf_counter() - started < 10


def test_what_a_passing_answer_prints_stays_inside(capsys):
    source = _solutions()["03.2"]["solution"].replace("windows = []", "windows = []; print('here')")
    result = fresh("03.2").check(define(source))
    assert result.status == "passed"
    assert "here" not in result.message
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_gives_a_clean_result():
    result = check_windows("raise KeyboardInterrupt")
    assert result.status == "error"
    assert result.message.startswith("Interrupted")


def test_a_failure_of_the_check_itself_does_not_reach_the_learner():
    def broken(probe):
        raise LookupError
        yield

    result = replace(EXERCISES["03.2"], examine=broken).check(len)
    assert result.status == "error"
    assert "The check itself cannot handle this answer (LookupError)" in result.message


def test_inputs_are_copies():
    seen = []

    def keeping(logits, targets):
        seen.append(logits)
        logits.zero_()
        return logits.sum()

    assert fresh("03.6").check(keeping).misconception == "mutates-input"
    assert fresh("03.6").check(keeping).misconception == "mutates-input"
    assert seen[0] is not seen[1]


@pytest.mark.parametrize("id", EXERCISES)
def test_global_random_states_are_untouched(id):
    def states():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()

    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    before = states()
    given = define(_solutions()[id]["solution"])

    def noisy(*args, **options):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        random.random(), np.random.rand(), torch.rand(1)
        return given(*args, **options)

    result = fresh(id).check(noisy if callable(given) else given)
    assert states() == before
    assert result.status == "passed" or id == "03.5"  # reseeding inside a loader is no mistake, but not asked for


def test_grad_mode_of_the_caller_does_not_matter_and_stays():
    with torch.no_grad():
        assert fresh("03.6").check(define(_solutions()["03.6"]["solution"])).status == "passed"
        assert not torch.is_grad_enabled()


# What is shown


@pytest.mark.parametrize(
    ("id", "given"),
    [
        ("03.1", ATTACK),
        ("03.3", (ATTACK, ATTACK)),
        ("03.2", lambda *args: [ATTACK]),
        ("03.2", define(f"def make_windows(token_ids, max_length, stride):\n    raise ValueError({ATTACK!r})")),
        ("03.2", define(f"def make_windows(token_ids, max_length, stride):\n    print({ATTACK!r})\n    return []")),
        ("03.2", type(ATTACK, (), {})()),
    ],
    ids=["choice", "prediction", "returned", "raised", "printed", "type"],
)
def test_html_is_escaped(id, given):
    result = fresh(id).check(given)
    assert ATTACK in result.message
    assert "<img" not in result._repr_html_()
    assert "&lt;img src=x onerror=alert(1)&gt;" in result._repr_html_()


def test_status_is_written_not_only_coloured():
    for status, word in {
        "passed": "✓ passed",
        "failed": "✗ not yet",
        "error": "! error",
        "not_attempted": "○ not",
    }.items():
        result = Result(status, "Some `code` & text.\nSecond line.")
        assert repr(result).startswith(word)
        assert word in result._repr_html_()
        assert "<code>code</code> &amp; text." in result._repr_html_()


def test_hints_come_one_by_one_and_the_last_one_again():
    one = fresh("03.2")
    hints = [one.hint() for _ in range(4)]
    assert [hint.text for hint in hints] == [*one.hints, one.hints[-1]]
    assert [hint.heading for hint in hints] == [
        "Hint 1 of 3",
        "Hint 2 of 3",
        "Hint 3 of 3",
        "Hint 3 of 3, the last one, again",
    ]
    assert hints[0].text in repr(hints[0])


def test_solution_opens_after_an_attempt():
    one = fresh("03.2")
    code = _solutions()["03.2"]["solution"]
    assert code not in repr(one.solution()) and 'exercise("03.2").solution(anyway=True)' in repr(one.solution())
    assert code in repr(one.solution(anyway=True))
    one.check(define(_solutions()["03.2"]["stub"]))
    assert code not in repr(one.solution()), "the stub is no attempt"
    one.check(lambda token_ids, max_length, stride: [])
    assert code in repr(one.solution()) and one.variant in repr(one.solution())
    one.check(...)
    assert code in repr(one.solution()), "an attempt is remembered"
    assert "<pre" in one.solution()._repr_html_() and "range(0, len(token_ids)" in one.solution()._repr_html_()


def test_progress_counts_and_lists(monkeypatch):
    copies = tuple(replace(one) for one in of_lesson("03"))
    monkeypatch.setattr("llmlab.exercises.lesson_03.EXERCISES", copies)
    before = progress("03")
    assert (before.attempted, before.passed, before.open) == (0, 0, 6)
    exercise("03.1").check("d")
    exercise("03.2").check(lambda token_ids, max_length, stride: [])
    exercise("03.3").check((..., ...))
    now = progress("03")
    assert (now.attempted, now.passed, now.open) == (2, 1, 5)
    assert [status for _, _, status in now.states[:3]] == ["passed", "failed", "not_attempted"]
    assert (before.attempted, before.passed) == (0, 0), "a report of its moment"
    assert "2 attempted, 1 passed, 5 open" in repr(now) and "2 attempted, 1 passed, 5 open" in now._repr_html_()
    assert all(f"<li>{one.id}" in now._repr_html_() for one in copies)
    exercise("03.1").check("a")
    assert progress("03").passed == 0, "the latest check counts"


def test_unknown_ids_say_what_there_is():
    with pytest.raises(UnknownExercise, match=r"no exercise '03.9': lesson 03 has 03.1, 03.2, 03.3"):
        exercise("03.9")
    with pytest.raises(KeyError, match=r"no lesson '77' with exercises: there are .*03"):
        exercise("77.1")
    with pytest.raises(KeyError, match=r"no lesson '3'"):
        progress("3")
    with pytest.raises(KeyError):
        exercise("os")
    with pytest.raises(TypeError, match=r'such as "03.2", got 3.2: put it in quotes'):
        exercise(3.2)
    with pytest.raises(TypeError, match="put it in quotes"):
        progress(3)


def test_an_exercise_is_one_object():
    assert exercise("03.2") is exercise("03.2")
