"""What a learner sees of results, hints, solutions and progress; how an exercise is found; how values are read."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from llmlab.exercises import Result, UnknownExercise, exercise, progress
from llmlab.exercises.engine.catalogue import of_lesson
from llmlab.exercises.engine.source_code import same_code
from llmlab.exercises.engine.sources import sources
from tests.exercises.learners import define, fresh

ATTACK = "<img src=x onerror=alert(1)>"


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
    code = sources()["03.2"]["solution"]
    assert code not in repr(one.solution()) and 'exercise("03.2").solution(anyway=True)' in repr(one.solution())
    assert code in repr(one.solution(anyway=True))
    one.check(define(sources()["03.2"]["stub"]))
    assert code not in repr(one.solution()), "the stub is no attempt"
    one.check(lambda token_ids, max_length, stride: [])
    assert code in repr(one.solution()) and one.variant in repr(one.solution())
    one.check(...)
    assert code in repr(one.solution()), "an attempt is remembered"
    assert "<pre" in one.solution()._repr_html_() and "range(0, len(token_ids)" in one.solution()._repr_html_()


def test_progress_counts_and_lists(monkeypatch):
    copies = {one.id: replace(one) for one in of_lesson("03")}
    monkeypatch.setattr("llmlab.exercises.engine.catalogue._LOADED", copies)
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
    assert all((f">{id} · " in now._repr_html_()) == (id != "03.1") for id in copies), "what is open is listed"
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


def test_progress_loads_no_exercise(monkeypatch):
    known: dict = {}
    monkeypatch.setattr("llmlab.exercises.engine.catalogue._LOADED", known)
    assert [(id, title) for id, title, _ in progress("03").states] == [(one.id, one.title) for one in of_lesson("03")]
    known.clear()
    assert (progress("03").open, known) == (6, {})


def test_a_stub_beside_an_import_is_known_in_a_notebook_and_in_a_script():
    """A notebook compiles statement by statement; beside an import in the same unit a call is compiled otherwise."""
    source = "import torch\n\ndef double(x):\n    return torch.add(x, x)\n"
    whole, apart = {}, {}
    exec(compile(source, "<script>", "exec"), whole)
    for statement in ast.parse(source).body:
        exec(compile(ast.Module([statement], []), "<cell>", "exec"), apart)
    assert same_code(whole["double"], source) and same_code(apart["double"], source)
    assert not same_code(lambda x: x, source) and not same_code(whole["double"], source.replace("x, x", "x, 1"))
