"""What a learner sees of results, hints, solutions and progress; how an exercise is found; how values are read."""

from __future__ import annotations

import ast
import gc
import re
import threading
from dataclasses import replace
from html import escape

import pytest

from llmlab.exercises import Result, UnknownExercise, exercise, progress
from llmlab.exercises.engine.catalogue import of_lesson
from llmlab.exercises.engine.source_code import same_code
from llmlab.exercises.engine.sources import bound_last, sources
from llmlab.exercises.engine.view import spelled
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


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("The loss is *minus* the mean (*of all*).", "The loss is <em>minus</em> the mean (<em>of all</em>)."),
        ("`a *b* c` and *d*: 2 * 3 * 4", "<code>a *b* c</code> and <em>d</em>: 2 * 3 * 4"),
        ("*<b>* and *a<b>*", "*&lt;b&gt;* and <em>a&lt;b&gt;</em>"),
        ("f(*args, *more) of 2*3*4 and **kwargs", "f(*args, *more) of 2*3*4 and **kwargs"),
    ],
)
def test_words_between_asterisks_are_emphasized_and_nothing_else_is(text, html):
    assert f">{html}</p>" in Result("failed", text)._repr_html_()


def test_what_a_learner_wrote_in_quotes_keeps_its_asterisks():
    html = Result("failed", "You answered '*king*'.\nThat is *not* it.")._repr_html_()
    assert "&#x27;*king*&#x27;" in html and "<em>not</em>" in html


def test_no_verdict_shows_an_asterisk_around_a_word():
    """Of the texts that are written beforehand: each idea, each means, each hint."""
    lessons = sorted({id[:2] for id in sources()})
    texts = [idea.sentence for lesson in lessons for one in of_lesson(lesson) for idea in one.misconceptions.values()]
    texts += [text for lesson in lessons for one in of_lesson(lesson) for text in (one.means, *one.hints)]
    starred = [text for text in texts if re.search(r"(^|[\s(])\*\w", re.sub("`[^`]+`", "", text))]
    assert len(starred) > 15
    left = [text for text in starred if re.search(r"(^|[\s(])\*\w", re.sub("<code>.*?</code>", "", spelled(text)))]
    assert left == []


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


def test_a_solution_says_that_there_are_others_only_of_code():
    assert "There are others." in repr(fresh("03.2").solution(anyway=True))
    of_a_choice = repr(fresh("03.1").solution(anyway=True))
    assert "There are others." not in of_a_choice and "Solution of 03.1" in of_a_choice


def folded(result: Result) -> list[str]:
    """The headings that stand closed below a box."""
    return re.findall(r"<details[^>]*><summary>(.*?)</summary>", result._repr_html_())


HINTS = ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"]


def test_hints_stand_folded_below_a_box_that_is_not_passed():
    one = fresh("03.2")
    assert folded(one.check(...)) == HINTS
    for _ in range(2):
        assert folded(one.check(lambda token_ids, max_length, stride: [])) == HINTS
    result = one.check(lambda token_ids, max_length, stride: 1 / 0)
    assert folded(result) == [*HINTS, "One solution of 03.2"], "after three tries the solution, too"
    html = result._repr_html_()
    assert all(escape(hint).partition("`")[0] in html for hint in one.hints)
    assert escape(one.variant).partition("`")[0] in html and "range(0, len(token_ids)" in html
    assert "Hint" not in repr(result) and "range" not in repr(result), "as text it stays short"
    assert "<script" not in html and not re.search(r"\son\w+=", html)


def test_a_passed_box_offers_the_solution_and_is_the_same_each_time():
    one, solution = fresh("03.2"), define(sources()["03.2"]["solution"])
    first = one.check(solution)._repr_html_()
    one.check(lambda token_ids, max_length, stride: [])
    again = one.check(solution)
    assert again._repr_html_() == first and folded(again) == ["One solution of 03.2"]
    assert "To try next: " in first


@pytest.mark.parametrize(
    ("count", "said"), [(1, "The check holds: a."), (2, "Both checks hold: a; b."), (3, "All 3 checks hold: a; b; c.")]
)
def test_a_passed_box_says_what_was_checked(count, said):
    one = replace(fresh("03.1"), examine=lambda answer: iter("abc"[:count]))
    assert one.check("d").message.splitlines()[0] == said


def test_a_reason_is_compared_with_a_model_once_it_passed():
    one = replace(fresh("03.1"), model_answer="Each position has a target.")
    assert one.check("d").message.splitlines()[-1] == "Compare your reason with this one: Each position has a target."
    assert "Compare" not in one.check("a").message
    assert "Compare" not in replace(one, model_answer="").check("d").message


def test_none_is_told_apart_from_a_blank():
    for id, words in (("03.1", "such as `print(...)`"), ("03.2", "not a function")):
        none, blank = fresh(id).check(None), fresh(id).check(...)
        assert (none.status, blank.status) == ("not_attempted", "not_attempted")
        assert "The answer is `None`" in none.message or "The check got `None`" in none.message
        assert words in none.message and "`...`" not in none.message
        assert "still holds its `...`" in blank.message


@pytest.mark.parametrize(
    ("source", "misconception", "shown"),
    [
        ("yield from token_ids", "yield-for-return", "`make_windows(...)` gives a `generator` object."),
        ("if len(token_ids) > 99:\n        yield\n    return []", "yield-for-return", "`generator` object."),
        ("while True:\n        yield 1", "yield-for-return", "`generator` object."),
        ("return (i for i in token_ids)", "read-once", "` gave a `generator` object."),
        ("return zip(token_ids, token_ids)", "read-once", "` gave a `zip` object."),
        ("return map(str, token_ids)", "read-once", "` gave a `map` object."),
        ("return iter(token_ids)", "read-once", "` gave a `list_iterator` object."),
        ("return [zip(token_ids, token_ids)]", "read-once", "There is a `zip` object in it."),
    ],
)
def test_what_can_be_read_only_once_is_refused(source, misconception, shown):
    result = fresh("03.2").check(define(f"def make_windows(token_ids, max_length, stride):\n    {source}"))
    assert (result.status, result.misconception) == ("failed", misconception)
    assert shown in result.message


def test_a_value_that_can_be_read_only_once_is_refused():
    result = fresh("03.3").check(n for n in (1, 2))
    assert result.misconception == "read-once" and "wrap it in `list(...)`" in result.message


def test_a_decorator_may_make_a_list_of_a_generator():
    source = (
        "from functools import wraps\n"
        "def listed(function):\n"
        "    @wraps(function)\n"
        "    def call(*given):\n"
        "        return list(function(*given))\n"
        "    return call\n"
        "@listed\n"
        "def make_windows(token_ids, max_length, stride):\n"
        "    for start in range(0, len(token_ids) - max_length, stride):\n"
        "        yield token_ids[start:][:max_length], token_ids[start + 1 :][:max_length]"
    )
    assert fresh("03.2").check(define(source)).status == "passed"


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


def test_two_threads_may_read_answers_at_once():
    """Python 3.11.7 finds a syntax tree wrong in the middle of which another thread has made one."""
    source = "\n".join(f"first_{number} = [second({number})]" for number in range(400))
    found = []

    class Garbage:  # cleared away while the tree is made, which lets another thread work
        def __init__(self):
            self.itself = self

        def __del__(self):
            other = threading.Thread(target=lambda: found.append(bound_last(source)))
            other.start()
            other.join(timeout=1)

    before = gc.get_threshold()
    gc.collect()
    try:
        gc.set_threshold(500, 1000, 1000)
        Garbage()
        found.append(bound_last(source))
    finally:
        gc.set_threshold(*before)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(timeout=60)
    assert found == [("first_399",)] * 2
