"""Two different texts with the same ids, to be found: both are encoded with the vocabulary of the story."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from llmlab.corpus import load_text
from llmlab.exercises.engine import Exercise, Misconception, Wrong, shorten, show
from llmlab.exercises.lesson_01.sections import ROUND_TRIP, UNKNOWN, VOCABULARY
from llmlab.tokenizers import UnknownTokenError, WordTokenizer


@cache
def _story_words() -> WordTokenizer:
    return WordTokenizer.from_text(load_text())


def _check_two_texts(answer: Any) -> Iterator[str]:
    if not (isinstance(answer, list) and len(answer) == 2 and all(isinstance(text, str) for text in answer)):
        raise Wrong("not-two-texts", f"You answered `{show(answer)}`.")
    first, second = answer
    if first == second:
        raise Wrong("same-text", f"Both are `{show(first)}`.")
    yield "two different texts"
    try:
        ids = [_story_words().encode(text) for text in answer]
    except UnknownTokenError as error:
        raise Wrong("unknown-word", shorten(str(error).partition(" (")[0], 100) + ".") from None
    yield "all words known"
    if ids[0] != ids[1]:
        same_letters = first.lower().split() == second.lower().split()
        raise Wrong(
            "capitals-differ" if same_letters else "ids-differ", f"Their ids: `{show(ids[0])}`, `{show(ids[1])}`."
        )
    if len(ids[0]) < 3:
        raise Wrong("too-short", f"Their ids: `{show(ids[0])}`.")
    yield "the same ids"


EXERCISE = Exercise(
    kind="value",
    examine=_check_two_texts,
    means="Two texts, one sequence of ids: whatever decodes it can give back one of the two at most. What the encoder "
    "drops no decoder can restore, so do not take decode(encode(text)) == text for granted.",
    hints=(
        "What does the encoder leave out before it looks anything up?",
        "White space says where to cut and is then forgotten: one space, three spaces and a line end are all the same.",
        'Take "The piano came" and the same words with two spaces between them.',
    ),
    variant="Find a long sentence of the story that does come back unchanged. Which marks must it avoid?",
    model_answer="no decoder can bring back both, because it sees the same ids for either. What the encoder drops is "
    "lost for every decoder, however clever.",
    misconceptions={
        "same-text": Misconception(
            "That is one text, given twice. If a round trip always brought the text back, no two different texts could "
            "have the same ids. They can: what does the encoder not look at?",
            ROUND_TRIP,
        ),
        "unknown-word": Misconception(
            "The story's vocabulary does not have all of these words, so there are no ids.", UNKNOWN
        ),
        "capitals-differ": Misconception(
            "They differ in capital letters, and `The` and `the` are two tokens with two ids: that is kept.", VOCABULARY
        ),
        "ids-differ": Misconception(
            "These two have different ids, so a decoder can tell them apart. Change something that is not a token.",
            ROUND_TRIP,
        ),
        "too-short": Misconception("Take texts of three tokens at least, so that there is something to be damaged."),
        "not-two-texts": Misconception("The answer is two texts in quotes: `first, second`."),
    },
)
