"""Questions about the toy world: every right answer makes a sentence that the grammar accepts, and no other does."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from llmlab.corpus import ToyQuestion, split_questions, toy_questions, toy_world, toy_world_accepts
from llmlab.corpus._questions import FORMS, _forms

QUESTIONS = toy_questions()
BY_TEXT = {question.text: question for question in QUESTIONS}


def statement(question: ToyQuestion, answer: str) -> str:
    """The sentence that a question and an answer make."""
    words = question.text.removesuffix("?").split()
    if question.form == "who":
        plural = answer.removesuffix(".") in PLURALS
        return " ".join([answer.removesuffix("."), _forms()[words[1]][plural], *words[2:]]) + "."
    _, does, the, noun, base, *rest = words
    return " ".join([the, noun, _forms()[base][does == "do"], *rest, answer])


PLURALS = {
    f"the {word}"
    for word in "kings queens princes princesses men women boys girls dogs cats mice cows horses ducks frogs lions "
    "wolves".split()
}


def test_there_are_hundreds_of_each_once():
    assert len(BY_TEXT) == len(QUESTIONS) > 700
    for form in FORMS:
        assert sum(question.form == form for question in QUESTIONS) > 100


def test_every_right_answer_makes_a_sentence_of_the_toy_world():
    for question in QUESTIONS:
        assert question.answers and len(set(question.answers)) == len(question.answers)
        for answer in question.answers:
            assert toy_world_accepts(statement(question, answer)), (question.text, answer)


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_that_is_not_listed_makes_none(form):
    asked = [question for question in QUESTIONS if question.form == form]
    others = sorted({answer for question in asked for answer in question.answers})
    for question in asked[::3]:
        for answer in others:
            if answer not in question.answers:
                assert not toy_world_accepts(statement(question, answer)), (question.text, answer)


def test_what_the_issue_of_it_is():
    assert BY_TEXT["where do the cows sleep?"].answers == ("in the barn.",)
    assert BY_TEXT["what does the queen wear?"].answers == ("her crown.",)
    assert BY_TEXT["who barks at the king?"].answers == ("the dog.", "the dogs.")
    assert BY_TEXT["who barks at the king?"].about == {"dog"}
    assert BY_TEXT["who barks at the king?"].names == {"dog", "king"}
    assert BY_TEXT["where do the cows sleep?"].about == {"cow"}


def test_the_words_are_those_of_the_toy_world_but_for_the_asking_ones():
    known = set(re.findall(r"[a-z]+", toy_world(20_000)))
    said = {word for q in QUESTIONS for text in (q.text, *q.answers) for word in re.findall(r"[a-z]+", text)}
    assert said - known == {"who", "where", "what", "does", "do"}


def test_what_is_held_out_is_nowhere_in_what_is_asked():
    asked, new = split_questions(QUESTIONS, {"cow", "wolf"})
    words = {word for q in asked for text in (q.text, *q.answers) for word in re.findall(r"[a-z]+", text)}
    assert not words & {"cow", "cows", "wolf", "wolves"}
    assert all(question.about & {"cow", "wolf"} for question in new)
    assert not set(asked) & set(new)
    assert BY_TEXT["who barks at the cow?"] not in [*asked, *new]
    assert BY_TEXT["who sleeps in the barn?"] in new
    places = [QUESTIONS.index(question) for question in asked]
    assert all(a < b for a, b in pairwise(places))


def test_what_cannot_be_held_out_is_refused():
    with pytest.raises(TypeError, match=r"write \{'cow'\}"):
        split_questions(QUESTIONS, "cow")
    with pytest.raises(ValueError, match="'cows' is no noun of the toy world in the singular"):
        split_questions(QUESTIONS, {"cows"})
