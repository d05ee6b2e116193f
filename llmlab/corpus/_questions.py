"""Questions about the toy world, with every right answer to each: the grammar knows both (lesson 15).

A question takes one part out of a sentence and asks for it. "who barks at the king?" asks for the subject, "where do
the cows sleep?" for the place, "what does the cow eat?" for the object. An answer is right if the sentence that it
completes is one of the toy world's. Nothing stands in the question that gives the answer away: whoever answers has to
know the toy world.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from llmlab.corpus._toyworld import _CHARACTERS, _CLASSES, _NOUNS, _PREDICATES, _Character, _frames

FORMS = ("who", "where", "what")
_LEMMA = {form: singular for singular, plural, *_ in _NOUNS for form in (singular, plural)}
_PLACED = ("in", "at", "on")
_PREPOSITIONS = (*_PLACED, "to", "of", "for", "with")
_UNASKED = {"OBJ", "REFL", "is|are"}  # predicates with one of these have no plain question


@dataclass(frozen=True)
class ToyQuestion:
    """A question, and all that answers it.

    Attributes:
        text: "where do the cows sleep?"
        answers: every right answer, in the order of the grammar: ("in the barn.",)
        form: what is asked for: "who", "where" or "what".
        about: the nouns, in the singular, that it is a question about: its subject, or for "who" the right answers.
        names: all nouns in the question and its answers, in the singular.
    """

    text: str
    answers: tuple[str, ...]
    form: str
    about: frozenset[str]
    names: frozenset[str]


@cache
def toy_questions() -> tuple[ToyQuestion, ...]:
    """All questions about the toy world, each once, always in the same order.

    >>> questions = {question.text: question for question in toy_questions()}
    >>> questions["where do the cows sleep?"].answers
    ('in the barn.',)
    >>> questions["who barks at the king?"].answers
    ('the dog.', 'the dogs.')
    """
    found: dict[tuple[str, str], dict[str, None]] = {}
    for form, text, answer in _asked():
        found.setdefault((form, text), {})[answer] = None
    return tuple(
        ToyQuestion(text, tuple(answers), form, *_nouns(form, text, " ".join(answers)))
        for (form, text), answers in found.items()
    )


def split_questions(
    questions: Iterable[ToyQuestion], held_out: Collection[str]
) -> tuple[list[ToyQuestion], list[ToyQuestion]]:
    """Questions to learn from, and questions to be examined with, about nouns of which the first say nothing.

    Args:
        questions: some of `toy_questions()`.
        held_out: nouns in the singular.

    Returns:
        those that name none of the nouns, neither in the question nor in any right answer; and those that are about one
        of them. What is about other nouns but names one ("who barks at the cow?") is in neither.

    Raises:
        TypeError: `held_out` is a single word.
        ValueError: a word that no subject of the toy world is.

    >>> asked, new = split_questions(toy_questions(), {"cow"})
    >>> len(asked), len(new)
    (693, 86)
    """
    if isinstance(held_out, str):
        raise TypeError(f"held_out must be a collection of nouns, got one str: write {{{held_out!r}}}")
    held_out = frozenset(held_out)
    unknown = sorted(held_out.difference(_LEMMA.values()))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no noun of the toy world in the singular: write 'cow', for example")
    questions = list(questions)
    asked = [question for question in questions if not question.names & held_out]
    return asked, [question for question in questions if question.about & held_out]


def _nouns(form: str, text: str, answers: str) -> tuple[frozenset[str], frozenset[str]]:
    """What the question is about, and all that it and its answers name."""

    def lemmas(words: str) -> frozenset[str]:
        return frozenset(_LEMMA[word] for word in words.replace("?", "").replace(".", "").split() if word in _LEMMA)

    return lemmas(answers if form == "who" else text), lemmas(f"{text} {answers}")


def _asked() -> Iterator[tuple[str, str, str]]:
    """(form, question, answer): every sentence with a plain subject, for each part that can be asked for."""
    for character in _CHARACTERS:
        for predicate, slots in _frames(character)["plain"].items():
            tokens = predicate.split()
            if _UNASKED.intersection(tokens):
                continue
            for verb, *rest in product(*slots[2:]):
                yield from _parts(character, tokens, verb, rest)


def _parts(character: _Character, tokens: list[str], verb: str, rest: list[str]) -> Iterator[tuple[str, str, str]]:
    number = int(character.is_plural)
    does, base = ("does", "do")[number], _forms()[verb][1]
    if "POSS" not in tokens:  # "who wears his hat?" would say half of it
        yield "who", " ".join(["who", _forms()[verb][0], *rest]) + "?", f"the {character.word}."
    about = f"{does} the {character.word} {base}"
    if not rest:
        return
    if len(rest) >= 3 and rest[-3] in _PLACED and tokens[-1] != "OTHER":
        yield "where", " ".join(["where", about, *rest[:-3]]) + "?", " ".join(rest[-3:]) + "."
    elif len(rest) <= 2 and rest[0] not in _PREPOSITIONS and tokens[-1] not in ("OTHER", "PET"):
        yield "what", f"what {about}?", " ".join(rest) + "."


@cache
def _forms() -> dict[str, tuple[str, str]]:
    """Each verb form -> (with one subject, with several); the second is also what follows "does"."""
    pairs = {}
    words = [word for _, predicate in _PREDICATES for word in predicate.split()]
    for word in words + [word for row in _CLASSES.values() for word in row]:
        if "|" in word:
            one, several = word.split("|")
            pairs[one] = pairs[several] = (one, several)
    return pairs
