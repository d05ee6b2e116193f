"""Verdicts for a page: what the tables are made of. test_site_live.py asks them and the checks the same."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import nbformat
import pytest
import verdicts
from verdicts_forms import FORMS, IN_NOTEBOOK, Form, Number, Several, Word, prompt_for_page
from verdicts_table import Unfit, cells_of, table_of
from verdicts_values import MOST, named_values, spans

from llmlab.exercises import Exercise, exercise
from llmlab.exercises.engine import Misconception, Wrong, show
from llmlab.exercises.engine.catalogue import lessons, of_lesson
from tests import notebooks


def asked(examine) -> Exercise:
    ideas = {name: Misconception(f"About {name}.") for name in ("small", "named", "near", "other", "half")}
    return Exercise(
        kind="value", examine=examine, means="", hints=("", "", ""), variant="", misconceptions=ideas, id="99.1"
    )


def test_every_exercise_answered_by_a_value_has_a_form_or_stays_in_the_notebook():
    by_value = {one.id for lesson in lessons() for one in of_lesson(lesson) if one.kind == "value"}
    assert by_value == set(FORMS) | IN_NOTEBOOK
    assert not set(FORMS) & IN_NOTEBOOK


def test_prompts_are_found_and_no_page_speaks_of_a_cell():
    prompts = {}
    for path in notebooks().glob("[01]*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            for part in re.split(r"^(?=### Exercise)", cell.source, flags=re.MULTILINE):
                if found := re.match(r"### Exercise (\d\d\.\d+)", part):
                    prompts[found[1]] = part
    for id in FORMS:
        there = prompt_for_page(id, prompts[id])
        assert not re.search(r"in quotes|in place of the `|as (one text|a list|a comment)|into the comment", there), (
            there
        )
    with pytest.raises(ValueError, match="04.2 does not say 'Write their ids as a list.'"):
        prompt_for_page("04.2", "Which rows?")
    assert prompt_for_page("03.2", "any text") == "any text"


def test_spans_find_points_ranges_and_tolerances():
    def said(value: float) -> str:
        if value == 5:
            return "five"
        if abs(value - 6.9) < 0.06:
            return "near"
        return "low" if value < -3 else "other"

    found = [(span.low, span.high, span.said) for span in spans(said, [5, 6.9, -3], whole=False)]
    assert [said for *_, said in found] == ["low", "other", "five", "other", "near", "other"]
    assert found[2][:2] == (5.0, 5.0)
    low, high, _ = found[4]
    assert (
        said(low) == said(high) == "near" and said(math.nextafter(low, 0)) == said(math.nextafter(high, 9)) == "other"
    )
    assert (found[0][0], found[-1][1]) == (-MOST, MOST)
    whole = [(span.low, span.high, span.said) for span in spans(lambda one: one < 3, [3], whole=True)]
    assert whole == [(-MOST, 2, True), (3, MOST, False)]


def test_named_values_are_what_the_module_writes_or_computes():
    numbers, words = named_values(exercise("00.1"))
    assert {1353, 3832, 3831, 2706, 1353**2} <= set(numbers)
    assert {0.4 / 0.65, 0.4 / 0.92} <= set(named_values(exercise("12.2"))[0])
    assert math.log(50_257) in named_values(exercise("09.4"))[0]
    assert {"queen", "man"} <= set(named_values(exercise("04.4"))[1]) and "one" not in words


def _repeats_half(answer: int) -> Iterator[str]:
    if answer != 7:
        raise Wrong("half", f"Half of it is {answer / 2}.")
    yield "seven"


def test_a_verdict_that_cannot_be_filled_in_is_refused():
    with pytest.raises(Unfit, match="99.1"):
        table_of(asked(_repeats_half), Form((Number("n"),)))


def _one_named(answer: list) -> Iterator[str]:
    number, word = answer
    if number < 0:
        raise Wrong("small", f"You answered `{show(answer)}`.")
    if word != "queen" or number != 12:
        raise Wrong("named" if word.lower() == "king" else "other", f"{show(number)} and {show(word)}")
    yield "all"


def test_a_table_holds_a_text_for_each_verdict_and_no_more():
    table = table_of(asked(_one_named), Form((Number("n"), Word("w"))))
    (small, other, twelve), words = table.cells
    assert (other.spans, twelve.spans) == (((0, 11), (13, MOST)), ((12, 12),)) and small.spans == ((-MOST, -1),)
    assert [cell.values[0] for cell in words] == ["zugzwang", "king", "queen"]
    assert sorted(status for status, _ in table.texts) == ["failed"] * 3 + ["passed"]
    general = table.texts[table.places[3]][1]
    assert "About other." in general and "{0} and {1}" in general
    assert "{a}" in table.texts[table.places[0]][1]


def test_boxes_to_tick_are_counted_as_bits():
    (cells,) = cells_of(exercise("07.4"), Form((Several("x", "abcdef"),)))
    assert cells[0b010110].values == ("bce",) and len(cells) == 64
    (cells,) = cells_of(exercise("04.2"), FORMS["04.2"])
    assert cells[0b0100101].values == ([0, 2, 5],)


def test_only_what_changed_is_rendered_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(verdicts, "lessons", lambda: ["01"])
    assert [path.name for path in verdicts.render(tmp_path)] == ["01.js"]
    assert verdicts.render(tmp_path) == []
    (tmp_path / "exercises" / "01.js").unlink()
    assert [path.name for path in verdicts.render(tmp_path)] == ["01.js"]


def test_an_exercise_without_a_form_is_named(monkeypatch):
    monkeypatch.delitem(verdicts.FORMS, "01.2")
    with pytest.raises(LookupError, match=r"without a form: 01\.2"):
        verdicts._script("01", ["01.6"])


def test_the_section_that_a_verdict_names_becomes_a_link():
    said = "<p>Wrong.</p><p>See &#x27;One window, many predictions&#x27;.</p>"
    link = '<p>Wrong.</p><p>See <a href="#one-window-many-predictions">One window, many predictions</a>.</p>'
    assert verdicts.linked(said, "03") == link
    with pytest.raises(KeyError, match="lesson 03 has no section 'Nowhere'"):
        verdicts.linked("<p>See &#x27;Nowhere&#x27;.</p>", "03")
