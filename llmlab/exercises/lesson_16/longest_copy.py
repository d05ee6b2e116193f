"""The longest passage that was copied, to be written: tried on short texts, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from difflib import SequenceMatcher
from operator import eq

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.lesson_16.sections import COPIES

_CASES = (
    ("the sea was calm and grey", "the sea was rough. it was calm and cold."),
    ("xx lamp lit", "the lamp was lit at five"),
    ("quiet night, long night", "a long night and no long nights"),
    ("The Sea was calm", "the sea was Calm, The Se"),
)
# From 200 characters on `difflib` leaves out what is frequent in a source, unless it is told not to.
_LONG = (
    "he heard the sea beat on the deck, by the letters. Nobody sat",
    "The lamp was lit at five and put out at seven. A gull came to the window and looked at the bread. In the morning "
    "the keeper cleaned the lens, and in the evening he wound the clock. The boat brought salt, oil and the letters. "
    "Nobody slept in the storm, and all the night the sea beat on the rocks and on the tower.",
)


def _longest(written: str, source: str) -> str:
    """Brute force: every passage, the longest first, the first of equal ones."""
    for length in range(len(written), 0, -1):
        for start in range(len(written) - length + 1):
            if written[start : start + length] in source:
                return written[start : start + length]
    return ""


def _wrong_copies(written: str, source: str) -> dict[str, str]:
    from_the_start = max((written[:end] for end in range(len(written) + 1) if written[:end] in source), key=len)
    to_the_end = max((written[at:] for at in range(len(written) + 1) if written[at:] in source), key=len)
    words = max((word for word in written.split() if word in source.split()), key=len, default="")
    longest = _longest(written, source)
    lowered = _longest(written.lower(), source.lower())
    found = written.lower().index(lowered)
    return {
        "from-the-beginning-only": from_the_start,
        "at-the-end-only": to_the_end,
        "one-word-only": words,
        "last-character-missing": longest[:-1],
        "capitals-made-alike": lowered,
        "capitals-made-alike: in one text": _longest(written.lower(), source),
        "capitals-made-alike: in the comparison": written[found : found + len(lowered)],
    }


def _without_frequent(written: str, source: str) -> str:
    """What `difflib` finds as it comes."""
    match = SequenceMatcher(None, written, source).find_longest_match(0, len(written), 0, len(source))
    return written[match.a : match.a + match.size]


def _check_copy(function: Probe) -> Iterator[str]:
    values = [function(*case) for case in _CASES]
    for case, value in zip(_CASES, values, strict=True):
        if not isinstance(value, str):
            is_length = isinstance(value, int) and value == len(_longest(*case))
            raise Wrong(
                "length-not-passage" if is_length else "not-a-text", f"`{function.spell(*case)}` gave {show(value)}."
            )
    rights = [_longest(*case) for case in _CASES]
    models = [(name, [_wrong_copies(*case)[name] for case in _CASES]) for name in _wrong_copies(*_CASES[0])]
    for case, value, right in zip(_CASES, values, rights, strict=True):
        if value != right:
            shown = f"`{function.spell(*case)}` gave `{show(value)}`; it is `{show(right)}`."
            raise Wrong(name_of(models, lambda model: eq(values, model)) or _kind(value, case), shown)
    yield "four texts with a passage in common"
    value = function(*_LONG, shown=f"{function.name}(written, source)")
    if value != _longest(*_LONG):
        idea = "frequent-characters-left-out" if value == _without_frequent(*_LONG) else "tied-to-the-example"
        shown = (
            f"With a source of {len(_LONG[1])} characters it gave `{show(value)}`; it is `{show(_longest(*_LONG))}`."
        )
        raise Wrong(idea, shown)
    yield f"a source of {len(_LONG[1])} characters"
    nothing = function("xyz", "abc")
    if nothing != "":
        raise Wrong("nothing-in-common", f"`{function.spell('xyz', 'abc')}` gave `{show(nothing)}`.")
    yield "two texts that have nothing in common"
    fresh = random.Random()
    for n in range(20):
        letters, length = ("ab c", 30) if n % 2 else ("abcDEFG. ", 250)
        written, source = ("".join(fresh.choices(letters, k=length)) for _ in range(2))
        value = function(written, source, shown="random texts", fresh=True)
        if (
            not isinstance(value, str)
            or len(value) != len(_longest(written, source))
            or value not in written
            or value not in source
        ):
            raise Wrong("tied-to-the-example", "Seen on random texts.")
    yield "fresh random texts"


def _kind(value: str, case: tuple[str, str]) -> str:
    """What can be said of a passage that no known mistake gives."""
    written, source = case
    if value not in written or value not in source:
        return "not-a-passage-of-both"
    return "a-shorter-passage"


EXERCISE = Exercise(
    kind="function",
    examine=_check_copy,
    means="You can say of any sample how much of it stands in the training text word for word, which a loss alone "
    "never tells.",
    hints=(
        "If a passage stands in the source, which longer passages are worth a try?",
        "Try every passage `written[start:end]`, and ask `in source`. Keep the longest that was found.",
        "`for start in range(len(written)):`, and inside `while written[start : start + len(longest) + 1] in source` "
        "and it is longer than the longest: take it. At the end of the text a slice is as short as what is left.",
    ),
    variant="Count words instead of characters: what is the longest row of whole words that was copied?",
    misconceptions={
        "from-the-beginning-only": Misconception(
            "Only passages that begin where `written` begins were tried. A copy may begin anywhere.", COPIES
        ),
        "at-the-end-only": Misconception(
            "Only passages that end where `written` ends were tried. A copy may end anywhere.", COPIES
        ),
        "one-word-only": Misconception(
            "This is the longest word in common. A passage runs on over spaces and marks, as long as both agree.",
            COPIES,
        ),
        "last-character-missing": Misconception(
            "One character more stands in the source, too. A slice ends before its second number.", COPIES
        ),
        "capitals-made-alike": Misconception(
            "Capitals and small letters were taken for the same. Word for word means as it stands: a copy has its "
            "capitals, too.",
            COPIES,
        ),
        "frequent-characters-left-out": Misconception(
            "It is what `SequenceMatcher` of `difflib` finds as it comes: in a source of 200 characters and more it "
            "leaves out those that are frequent there. `autojunk=False` turns that off.",
            COPIES,
        ),
        "length-not-passage": Misconception("This is its length. The passage itself is asked for.", COPIES),
        "not-a-text": Misconception("The function returns a text: the passage.", COPIES),
        "not-a-passage-of-both": Misconception(
            "This does not stand in both texts as one piece: a passage is cut out of `written` in one slice.", COPIES
        ),
        "a-shorter-passage": Misconception("This passage stands in both, and a longer one does, too.", COPIES),
        "nothing-in-common": Misconception(
            "Where nothing is in common, the longest passage is the empty text.", COPIES
        ),
        "tied-to-the-example": Misconception(
            "The short examples hold. On other texts what came back was not always the longest passage of both.",
            COPIES,
        ),
    },
    crashes=(
        Crash(
            "text-in-a-list",
            "TypeError",
            r"'in <string>' requires string as left operand, not (?P<kind>\w+)",
            "`in` asks whether a text stands in another, and here a `{kind}` was asked for. Cut the passage out with a "
            "slice, `written[start:end]`.",
            COPIES,
        ),
    ),
)
