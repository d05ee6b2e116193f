"""From ids back to text, to be written: tried on ids by hand, on ids that are not there, and on random ones."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Raised, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.lesson_01.common import a_word
from llmlab.exercises.lesson_01.decode_mistakes import CLOSING, IDEAS, TABLE, Table, right_text
from llmlab.exercises.lesson_01.sections import DECODE, ROUND_TRIP

_CASES: tuple[list[int], ...] = (
    [3, 0, 6, 1],
    [8, 5, 3, 0, 14, 1, 13, 10, 11, 2],  # each of the six marks
    [4, 9, 7, 1, 2],
    [8, 11, 11, 6, 3, 0],
    [2],
    [],
)
_UNKNOWN = (([3, 12, 0], 12), ([-1], -1))  # ids of which one is not in the table


def _check_decode(decode: Probe) -> Iterator[str]:
    for ids in _CASES:
        try:
            got = decode(ids, TABLE, shown=_call(decode, ids))
        except Raised as raised:
            if not raised.seen.is_a("ValueError"):
                raise
            raise Wrong("known-id-refused", str(raised)) from None
        if got != right_text(ids, TABLE):
            shown = f"`{_call(decode, ids)}` gave `{show(got)}`, with the tokens `{show([TABLE[id] for id in ids])}`."
            raise Wrong(_idea(got, ids), shown)
    yield f"{len(_CASES)} lists of ids by hand, the empty one among them"
    for ids, unknown in _UNKNOWN:
        _require_an_error(decode, ids, unknown)
    yield "ids that are not in the table"

    fresh = random.Random()
    for _ in range(20):
        tokens = [*{a_word(fresh) for _ in range(12)}, *CLOSING, '"', "(", ")", "'", "_", "--"]
        table = dict(zip(fresh.sample(range(1000), len(tokens)), tokens, strict=True))
        ids = fresh.choices(list(table), k=20)
        if decode(ids, table, shown="a random table", fresh=True) != right_text(ids, table):
            raise Wrong("tied-to-the-example")
    yield "random tables"


def _call(decode: Probe, ids: list[int]) -> str:
    return f"{decode.name}({show(ids)}, id_to_token)"


def _require_an_error(decode: Probe, ids: list[int], unknown: int) -> None:
    """Raise `Wrong` unless the id that is not in the table raises a ValueError that names it."""
    call = _call(decode, ids)
    try:
        got = decode(ids, TABLE, shown=call)
    except Raised as raised:
        if raised.seen.is_a("KeyError"):
            raise Wrong("key-error-instead", str(raised)) from None
        if raised.seen.is_a("AssertionError"):
            raise Wrong("assertion-instead", str(raised)) from None
        if not raised.seen.is_a("ValueError"):
            raise
        if not re.search(rf"(?<![\d-]){unknown}(?!\d)", raised.seen.text):
            raise Wrong("id-not-named", str(raised)) from None
        return
    shown = f"`{call}` gave `{show(got)}`; {unknown} is not in the table."
    if not isinstance(got, str):
        raise Wrong("returned-not-raised", shown)
    raise Wrong(
        "unknown-left-out" if got == right_text([id for id in ids if id in TABLE], TABLE) else "no-error", shown
    )


def _idea(got: Any, ids: list[int]) -> str:
    if not isinstance(got, str | list):
        return "not-a-text"

    def gives(idea: Callable[[list[int], Table], Any]) -> bool:
        try:
            return idea(ids, TABLE) == got
        except LookupError:
            return False

    if (idea := name_of(IDEAS.items(), gives)) is not None or not isinstance(got, str):
        return idea or "not-a-text"
    return "some-marks-spaced" if re.sub(r" ([,.:;?!])", r"\1", got) == right_text(ids, TABLE) else "other-text"


EXERCISE = Exercise(
    kind="function",
    examine=_check_decode,
    means="From ids to text and back to ids nothing is lost. From text to ids and back to text it is: the next "
    "section.",
    hints=(
        "Between which two tokens of `Yes, the sea.` is there no space?",
        "Look each id up. Put a space before a token, unless it is the first, or one of `, . : ; ? !`. Ask before you "
        "look up whether the table has the id.",
        '`if id not in id_to_token: raise ValueError(f"id {id} is not in the vocabulary")`, and at the end '
        '`re.sub(r" ([,.:;?!])", r"\\1", " ".join(tokens))`',
    ),
    variant='Let it guess better about quotation marks: the first, third, fifth … `"` opens, the others close. On how '
    "many paragraphs of the story is that right?",
    crashes=(
        Crash(
            "ids-joined",
            "TypeError",
            r"sequence item \d+: expected str instance, int found",
            "`join` wants texts and got ids: look up the token of each id first.",
            DECODE,
        ),
        Crash(
            "id-plus-text",
            "TypeError",
            r"can only concatenate str \(not \"int\"\) to str|unsupported operand type\(s\) for \+=?: 'int' and 'str'",
            "A text and an id cannot be added: look up the token of the id first.",
            DECODE,
        ),
        Crash(
            "all-ids-at-once",
            "TypeError",
            r"unhashable type: 'list'",
            "The table was asked about a whole list. Ask it about one id after the other, in a loop.",
            DECODE,
        ),
        Crash(
            "text-in-place-of-ids",
            "AttributeError",
            r"'list' object has no attribute '(split|replace|strip|join)'",
            'That is a method of texts, and there is a list. `" ".join(tokens)` makes one text of a list of texts.',
            DECODE,
        ),
    ),
    misconceptions={
        "list-instead-of-text": Misconception(
            "These are the right tokens, as a list. The result is to be one text.", DECODE
        ),
        "ids-instead-of-tokens": Misconception(
            "The ids themselves were written. Look each one up in the table: what stands there is its token.", DECODE
        ),
        "space-before-marks": Misconception(
            "There is a space between any two tokens, also before `, . : ; ? !`, where none is asked for.", DECODE
        ),
        "some-marks-spaced": Misconception(
            "Before one of the marks there is still a space. None is asked for before `, . : ; ? !`, also where two "
            "marks follow one another.",
            DECODE,
        ),
        "no-spaces": Misconception(
            "The tokens are joined without spaces. One belongs between any two, but not before `, . : ; ? !`.", DECODE
        ),
        "space-at-the-end": Misconception(
            "There is a space behind the last token. Spaces stand between tokens.", DECODE
        ),
        "space-at-the-beginning": Misconception(
            "There is a space in front of the first token. Spaces stand between tokens.", DECODE
        ),
        "quotes-glued": Misconception(
            "The space is also left out before other marks. Whether a quotation mark or an apostrophe stands close to "
            "the token before it, a decoder cannot know; here only `, . : ; ? !` do.",
            ROUND_TRIP,
        ),
        "contraction-closed": Misconception(
            "`It's` came back whole: a good guess for English. But the same ids stand for `It ' s`, too; this exercise "
            "leaves out no space but those before `, . : ; ? !`.",
            ROUND_TRIP,
        ),
        "space-after-marks-lost": Misconception(
            "The space *after* a mark is missing. Only the one before it is to be left out.", DECODE
        ),
        "place-instead-of-id": Misconception(
            "These are the tokens at the ids' *places* in the table. An id is what the table holds it under, its key, "
            "wherever it stands.",
            DECODE,
        ),
        "last-token-lost": Misconception("The last token is missing: how far does the loop go?", DECODE),
        "first-token-lost": Misconception("The first token is missing: where does the loop begin?", DECODE),
        "one-token-only": Misconception(
            "Only the first token came back. Does a `return` stand inside the loop?", DECODE
        ),
        "id-zero-lost": Misconception(
            "The token with id 0 is missing. 0 counts as false: ask whether the id is in the table, not whether it "
            "counts as true.",
            DECODE,
        ),
        "sorted-by-id": Misconception(
            "The tokens stand in the order of their ids. A text has the order of the list.", DECODE
        ),
        "key-error-instead": Misconception(
            "The id that is not in the table ends in a `KeyError`. The exercise asks for a `ValueError`, whose message "
            "says which id it was: whoever reads it should know what is wrong.",
            DECODE,
        ),
        "assertion-instead": Misconception(
            "The id that is not in the table ends in an `AssertionError`. `assert` guards against mistakes of your "
            "own; what a caller did wrong is told by an error that says what kind it is, here a `ValueError`.",
            DECODE,
        ),
        "known-id-refused": Misconception(
            "The table has each of these ids, and a `ValueError` came. Ids need not be 0, 1, 2 …: what counts is "
            "whether the table has the id, `id in id_to_token`.",
            DECODE,
        ),
        "id-not-named": Misconception(
            "It is a `ValueError`, and its message does not name the id that is not in the table.", DECODE
        ),
        "returned-not-raised": Misconception(
            "Something was returned where an error was asked for. `raise ValueError(…)` stops the function; `return` "
            "gives its caller a value.",
            DECODE,
        ),
        "unknown-left-out": Misconception(
            "The id that is not in the table was left out without a word. The text would be shorter, and nobody would "
            "see where: raise a `ValueError` that names it.",
            DECODE,
        ),
        "no-error": Misconception(
            "An id that is not in the table gave a text. There is no token for it: raise a `ValueError` that names the "
            "id.",
            DECODE,
        ),
        "not-a-text": Misconception("The result is to be one text (`str`).", DECODE),
        "other-text": Misconception(
            "This is not the text of these ids: the token of each in their order, a space between any two, and none "
            "before `, . : ; ? !`.",
            DECODE,
        ),
        "tied-to-the-example": Misconception(
            "The examples hold, and random tables do not. Is a token or an id of an example in the code, or a global "
            "`id_to_token`? The function gets its own.",
            DECODE,
        ),
    },
)
