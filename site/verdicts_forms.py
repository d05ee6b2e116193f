"""How each prediction and choice is answered in a page: which fields, and what of the prompt is about the notebook.

A form only lets well-formed answers through, so verdicts about the form of an answer ("two numbers, please") never come
up there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Number:
    """A number to type; a `whole` one has no decimals."""

    label: str
    whole: bool = True


@dataclass(frozen=True)
class Pick:
    """One of a few options, as buttons."""

    label: str
    options: Sequence[object]


@dataclass(frozen=True)
class Several:
    """Any of a few options, as boxes to tick; the answer is a list of them, or for letters one text.

    `none`: the check has something to say to an answer with no tick.
    """

    label: str
    options: Sequence[object]
    none: bool = False


@dataclass(frozen=True)
class Order:
    """All of a few letters, pressed one after the other."""

    label: str
    options: str


@dataclass(frozen=True)
class Word:
    """Letters to type, of a fixed number where `length` is given; `likely` are tried beside those in the check."""

    label: str
    length: int = 0
    likely: Sequence[str] = ()


Field = Number | Pick | Several | Order | Word


@dataclass(frozen=True)
class Form:
    """The fields of one exercise.

    Attributes:
        fields: their values make the answer: alone as it is, several as a tuple, with `joined` as one text.
        prompt: what of the prompt tells how to write the answer in a cell -> what a page says instead.
        reason: the exercise asks for a reason, too, which nobody checks.
    """

    fields: tuple[Field, ...]
    joined: bool = False
    prompt: Mapping[str, str] = field(default_factory=dict)
    reason: bool = False


def _letter(put: str, instead: str = "Choose one.") -> Form:
    return Form((Pick("Your choice", "abcd"),), prompt={put: instead}, reason=True)


_TWO = {"Answer with two numbers.": ""}
_TO_TRY = "Choose one, and note your reason: the check gives one to compare."
FORMS = {
    "00.1": Form((Number("How many probabilities"), Number("Their sum", whole=False)), prompt=_TWO),
    "00.4": Form((Number("Passes for the training step"), Number("Passes for the 6 tokens")), prompt=_TWO),
    "00.5": Form(
        (Several("These cells fail", "abcdefg", none=True),),
        prompt={'Write their letters as one text, such as `"bcd"`.': "Tick them."},
    ),
    "01.2": _letter(
        "Put the letter, in quotes, in place of the `...`, and write into the comment what the others are.",
        "Choose one, and note what the others are.",
    ),
    "01.6": _letter("Put the letter, in quotes, in place of the `...`, and your reason into the comment.", _TO_TRY),
    "02.4": Form(
        (Word("By “first”", 2, ("ot", "in", "gn")), Word("By “lexicographic”", 2, ("ot", "in", "gn"))),
        prompt={"Answer with two strings of two letters each.": ""},
    ),
    "03.1": _letter(
        "Put the letter, in quotes, in place of the `...`, and your reason into the comment: the check gives one to "
        "compare.",
        _TO_TRY,
    ),
    "03.3": Form((Number("Trained at stride 4"), Number("Trained at stride 5"))),
    "04.2": Form(
        (Several("These rows change", range(7), none=True),), prompt={"Write their ids as a list.": "Tick them."}
    ),
    "04.4": Form((Pick("Larger cosine with dog", ("barks", "cat")), Pick("Cosine", (1, 0, -1)), Word("The word"))),
    "05.2": _letter(
        "Answer with a letter, and write your reason as a comment before you run the check.",
        "Note your reason before you choose.",
    ),
    "06.3": Form(
        (
            Number("Scores that change"),
            Number("Weights that change"),
            Number("Rows of the context that change"),
            Several("These change with X", "QKV"),
        ),
        prompt={'Answer with letters in quotes, such as `"Q"` or `"KV"`.': ""},
        reason=True,
    ),
    "07.4": Form(
        (Several("These leak", "abcdef"),),
        prompt={"Put the three letters, in quotes, in place of the `...`.": "Tick them."},
        reason=True,
    ),
    "08.3": Form((Number("First column"), Number("Last column"))),
    "09.2": Form(
        (Order("The lines in order", "abcdefg"),),
        prompt={'Write the letters in the right order as one text, such as `"abcdefg"`.': "Press them in order."},
    ),
    "09.4": Form((Number("Loss with zeros", whole=False), Number("Loss with sevens", whole=False))),
    "10.3": Form(
        (
            Number("Parameters: factor", whole=False),
            Number("Linear layers: factor", whole=False),
            Number("Scores and weighted sums: factor", whole=False),
        )
    ),
    "10.5": Form(
        (Number("Weights read in the step"), Number("For each new token", whole=False)),
        prompt=_TWO,
    ),
    "11.5": Form(
        tuple(Pick(f"Run {run}", "abcde") for run in "WXYZ"),
        joined=True,
        prompt={
            'Write one letter for each run, in the order W, X, Y, Z, as one text such as `"aabb"`.': (
                "Choose one letter for each run."
            )
        },
    ),
    "12.2": Form((Number("Tokens left"), Number("Probability of the most probable", whole=False))),
    "13.1": Form((Number("When nothing is kept"), Number("When all is kept"))),
    "15.3": Form((Number("Numbers of a LoRA of rank 4"), Number("Rank at which nothing is saved"))),
    "14.4": Form((Number("Parameters held"), Number("Parameters of a token"))),
    "14.5": _letter(
        "Answer with a letter, and write your reason as a comment before you run the check.",
        "Note your reason before you choose.",
    ),
}
# Answered by a value, but by one that no table holds: any two sentences, or what was measured on one's own text. It is
# done in a notebook, as code is.
IN_NOTEBOOK = frozenset({"01.4", "16.1", "16.3", "16.4", "16.6"})


def prompt_for_page(exercise: str, prompt: str) -> str:
    """A prompt in Markdown without what is about writing the answer into a cell.

    Raises:
        ValueError: a sentence that should be replaced does not stand there.

    >>> prompt_for_page("04.2", "Which rows move? Write their\\nids as a list.")
    'Which rows move? Tick them.'
    """
    for sentence, instead in FORMS[exercise].prompt.items() if exercise in FORMS else ():
        before, found, after = _find(prompt, sentence)
        if not found:
            raise ValueError(f"the prompt of exercise {exercise} does not say {sentence!r}: mend verdicts_forms.py")
        prompt = f"{before}{instead}{after}" if instead else before.rstrip(" ") + after
    return prompt


def _find(text: str, sentence: str) -> tuple[str, bool, str]:
    """What stands before and after a sentence, whose words may be parted by line ends."""
    found = re.search(r"\s+".join(map(re.escape, sentence.split())), text)
    return (text[: found.start()], True, text[found.end() :]) if found else (text, False, "")
