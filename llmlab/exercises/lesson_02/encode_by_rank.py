"""The encoder, to be written: tried on texts whose other ways of merging give other ids, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.lesson_02.common import Pair, is_list_of_ids, named
from llmlab.exercises.lesson_02.encode_by_rank_mistakes import ENCODING, by_rank, token_ids, trained
from llmlab.exercises.lesson_02.sections import BYTES, RANK, REPEAT


def _table(*merges: str) -> list[Pair]:
    """Merges written as "l e": both parts are a character's bytes or made by an earlier merge."""
    ids = {bytes([byte]): byte for byte in range(256)}
    table = []
    for number, merge in enumerate(merges):
        left, right = (bytes.fromhex(part[2:]) if part.startswith("0x") else part.encode() for part in merge.split())
        table.append((ids[left], ids[right]))
        ids[left + right] = 256 + number
    return table


_WORDS = _table(
    "e n", "l e", "v en", "e l", "a a", "0xc3 0xab", "s s", "h e", "he l", "t o", "i n", "n g", "u g", "h u", "h ug",
    "n 0x20"
)  # fmt: skip
_SAMPLES = "eleven aaa lenses Zoë hello_there aaaaa_toto vessel tingng sing hug xyz e"
_TEXTS = tuple((text, _WORDS) for text in [*_SAMPLES.split(), "sun hug", ""])


def _check_encode(encode: Probe) -> Iterator[str]:
    results = []
    for text, merges in _TEXTS:
        got = encode(text, merges, shown=f"{encode.name}({text!r}, merges)")
        if not is_list_of_ids(got):
            raise Wrong("not-a-list-of-ids", f"For {text!r} it gave `{show(got)}`.")
        results.append(got)
    for (text, merges), got in zip(_TEXTS, results, strict=True):
        if got != by_rank(text, merges):
            tokens = {id: token for token, id in token_ids(merges).items()}
            pieces = [tokens[id].decode("utf-8", "backslashreplace") if id in tokens else "?" for id in got]
            name = named(ENCODING, _TEXTS, results) or "other-ids"
            raise Wrong(
                name, f"With the merges en, le, ven, el, … {text!r} became `{' | '.join(pieces)}`, ids `{show(got)}`."
            )
    yield f"{len(_TEXTS)} texts by hand, an empty one and one with an accent among them"

    fresh = random.Random()
    for _ in range(20):
        learned = fresh.choices(b"abc ", k=120)
        merges = trained(learned, fresh.randint(20, 30))
        # What the merges were learned from meets the last of them, too; what follows it was not seen then.
        text = bytes(learned).decode() + "".join(fresh.choices("abc ", k=fresh.randint(0, 40)))
        if encode(text, merges, shown="a random text", fresh=True) != by_rank(text, merges):
            raise Wrong("tied-to-the-example")
    yield "fresh random texts and merges"


EXERCISE = Exercise(
    kind="function",
    examine=_check_encode,
    means="This is how GPT-2 encodes (chunk by chunk: see 'Cut first, then merge'), and `BPETokenizer` gives the same "
    "ids with `pattern=None`.",
    hints=(
        "The trainer merged its pairs in a certain order. What does the text look like after its first merge?",
        "Encoding repeats the training without counting: of all pairs that are there, the one with the lowest rank is "
        "merged first; then look again, until no pair is left that has a rank.",
        "`for rank, pair in enumerate(merges):` and inside it your `merge` from 02.2 with `256 + rank`. Or: "
        "`min(zip(ids, ids[1:]), key=lambda pair: ranks.get(pair, len(ranks)))`, again and again.",
    ),
    variant="Count the steps: with 50,000 merges and a word of 6 bytes, which of the two ways in the last hint is "
    "faster?",
    misconceptions={
        "longest-match": Misconception(
            "This is greedy longest match: it takes the longest token that fits, from the left. Byte pair encoding "
            "does not look for long tokens: it applies the merges in the order in which they were learned.",
            RANK,
        ),
        "prefix-extension": Misconception(
            "This is prefix extension: a token grows byte by byte as long as each longer piece is a token as well. It "
            "cannot even find `ven`, because `ve` is no token. Apply the merges by rank.",
            RANK,
        ),
        "leftmost-first": Misconception(
            "The leftmost pair that has a merge was taken. Of all pairs in the sequence, the one with the lowest rank "
            "goes first, wherever it stands.",
            RANK,
        ),
        "latest-merge-first": Misconception(
            "The merge that was learned last went first. It is the other way round: rank 0 first.", RANK
        ),
        "most-frequent-first": Misconception(
            "The pair that is most frequent in this text went first. That is training; when encoding, the merges and "
            "their order are fixed, and the counts of the new text do not matter.",
            RANK,
        ),
        "one-merge-only": Misconception(
            "Only one merge was made. Look again after each one, until no pair is left that has a rank. (Is there a "
            "loop around it? Does a `return` stand inside that loop?)",
            RANK,
        ),
        "one-place-a-merge": Misconception(
            "Each merge was made at one place only. The pair may stand at several.", RANK
        ),
        "rightmost-place": Misconception(
            "Where a pair overlaps itself, as in `aaa`, the left place is merged, as in training.", REPEAT
        ),
        "cut-into-words": Misconception(
            "The text was cut into words first. Here it is one sequence: a space is a byte like any other, it must not "
            "get lost, and a merge may cross it.",
            RANK,
        ),
        "nothing-merged": Misconception(
            "These are the bytes. No merge was applied. If you call `merge`: it gives a new list back, is that "
            "assigned to `ids`?",
            RANK,
        ),
        "characters-for-bytes": Misconception(
            "The ids started from code points (`ord`), not from bytes. `text.encode()` gives the bytes: `ë` is two of "
            "them.",
            BYTES,
        ),
        "rank-for-id": Misconception(
            "The merged tokens did not get their own ids. Ids 0 to 255 are the bytes, and ranks count from 0: the "
            "merge of rank r makes id 256 + r.",
            RANK,
        ),
        "not-a-list-of-ids": Misconception("The result must be a list of ids, whole numbers.", RANK),
        "other-ids": Misconception(
            "These are not the ids. Do it by hand for one word: write its bytes, find the pair with the lowest rank, "
            "merge it, look again.",
            RANK,
        ),
        "tied-to-the-example": Misconception(
            "The words of the example hold, and random texts with other merges do not. Is a merge, or a number of "
            "merges, written into the code?",
            RANK,
        ),
    },
    crashes=(
        Crash(
            "rank-is-none",
            "TypeError",
            r"not supported between instances of .*'NoneType'",
            "`None` was compared. If that was a rank: `ranks.get(pair)` is `None` for a pair that was never merged in "
            "training, so give it something larger than every rank, `ranks.get(pair, len(ranks))`.",
            RANK,
        ),
        Crash(
            "no-pair-left",
            "ValueError",
            r"min\(\) (arg is an empty|iterable argument is empty)",
            "No pair is left to choose from: a single id has no neighbour, and an empty text has no ids. Leave the "
            "loop then.",
            RANK,
        ),
        Crash(
            "pair-without-rank",
            "LookupError",
            r"^\(\d",
            "This pair was never merged in training, so it has no rank: most pairs have none. Ask with `in`, or by "
            "`ranks.get(pair, ...)` with something larger than every rank.",
            RANK,
        ),
        Crash(
            "pair-without-rank",
            "ValueError",
            "is not in list",
            "What was looked for is not in the list. If that was a pair among the merges: most pairs were never merged "
            "in training. Ask with `in` first.",
            RANK,
        ),
        Crash(
            "past-the-last-pair",
            "IndexError",
            "out of range",
            "A place was asked for that is not there. The last id has no right neighbour, and the ids get fewer with "
            "each merge: count the places anew.",
            RANK,
        ),
    ),
)
