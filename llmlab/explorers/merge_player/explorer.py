"""The merge player as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle
from llmlab.explorers.host.learner import learners_function
from llmlab.explorers.host.words import plural
from llmlab.explorers.merge_player import numbers, picture
from llmlab.explorers.merge_player.numbers import name_of
from llmlab.explorers.merge_player.run import MAX_BYTES, CountPairs, Merge, Run
from llmlab.explorers.merge_player.values import MAX_MERGES, PAIRS_PRESSED, TEXT, MergeTrace, compute, is_whole

EXAMPLES = (TEXT, "baaa baaaab", "she sells sea shells by the sea shore")
QUESTION = Question(
    "Why does the rule “first” need more merges until ë is whole?",
    (
        ("the two bytes of ë are no text", False, "BPE never asks: it counts bytes, whatever they mean."),
        (
            "the two bytes are a pair that occurs once, and such pairs before it go first",
            True,
            "Among pairs that occur once the tie rule alone decides, and “first” goes by the place in the text.",
        ),
        ("cutting into words parts the two bytes", False, "They stand in one word, Zoë, and stay together."),
    ),
)


class MergePlayer(Explorer):
    """Step through the merges of byte pair encoding on a line of text.

    Args:
        count_pairs: your `count_pairs(ids)`, which returns a dictionary (left id, right id) -> count.
        merge: your `merge(ids, pair, new_id)`, which returns the new ids. Assign to `.count_pairs` or `.merge` to try
            others.
        text: the text to start with.

    >>> MergePlayer().trace.newest
    b' he'
    """

    sheet = "merge_player.css"
    heading = "Merge player"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more
    count_pairs = learners_function()
    merge = learners_function()

    def __init__(self, count_pairs: CountPairs | None = None, merge: Merge | None = None, text: str = TEXT) -> None:
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, got {text!r} ({type(text).__name__})")
        self._runs: dict[tuple, Run] = {}
        super().__init__(
            title=self.heading,
            task="Your target: half as many tokens as bytes, in whole pieces (no token with half a character, none "
            "that reaches from one word into the next), with as few merges as any setting allows.",
            controls=[
                Text("text", "Text", initial=text, max_length=MAX_BYTES, examples=EXAMPLES),
                Range("merges", "Merges so far", 0, MAX_MERGES, initial=2, play=650),
                Choice("tie_break", "Tie rule", ("first", "lexicographic"), initial="first", look="buttons"),
                Toggle("pretokenize", "Cut into words first", initial=False),
                Range("instead", "What if: pair number", 0, PAIRS_PRESSED - 1, initial=0, quiet=True),
            ],
            count_pairs=count_pairs,
            merge=merge,
        )

    def compute(self, state: dict[str, Any]) -> MergeTrace:
        return compute(state, self.count_pairs, self.merge, self._runs)

    def refresh(self) -> None:
        self._runs.clear()
        super().refresh()

    def note(self, trace: MergeTrace) -> str:
        stand_in = self._not_written(trace)
        if stand_in:
            return f"Not written yet: {' and '.join(stand_in)}. llmlab's own does that part."
        if not trace.lossless:
            return "These tokens no longer spell the text: merge has lost bytes, or made some up."
        return ""

    def _not_written(self, trace: MergeTrace) -> Sequence[str]:
        """The functions that were given and gave nothing back; one that had nothing to do yet is not among them."""
        given = {
            "count_pairs": self.count_pairs is not None and not trace.own_count and len(trace.text) > 0,
            "merge": self.merge is not None and not trace.own_merge and len(trace.pairs + trace.merges) > 0,
        }
        return [name for name, missing in given.items() if missing]

    def target(self, trace: MergeTrace) -> tuple[bool, str]:
        made, n_tokens, half = len(trace.merges), len(trace.tokens), len(trace.text) // 2
        if trace.fewest is None:
            return False, f"This text cannot be halved with {MAX_MERGES} merges into whole pieces: try another."
        if not trace.halved:
            return False, f"Not yet: {n_tokens} tokens for {len(trace.text)} bytes; the target is {half} or fewer."
        broken = [token for token in dict.fromkeys(trace.tokens) if not is_whole(token)]
        if broken:
            return False, f"Not yet: halved, but {name_of(broken[0])} is no whole piece of a word."
        if made > trace.fewest:
            return False, f"Not yet: halved, in whole pieces, but with {plural(made, 'merge')}. Fewer would do."
        return True, f"Reached: {n_tokens} tokens after {plural(made, 'merge')}, and no setting needs fewer."

    def question(self, trace: MergeTrace) -> Question | None:
        return QUESTION if trace.text == TEXT.encode() else None

    def limits(self, trace: MergeTrace) -> dict[str, tuple[int, int]]:
        last = max(0, min(len(trace.pairs), PAIRS_PRESSED) - 1)
        return {"merges": (0, max(len(trace.sizes) - 1, len(trace.merges))), "instead": (0, last)}

    def off(self, trace: MergeTrace) -> dict[str, str]:
        return {} if trace.pairs else {"instead": "No pair is left to try."}

    def code_for(self, state: dict[str, Any]) -> str:
        text = compute(state).text.decode()
        pattern = "" if state["pretokenize"] else ", pattern=None"
        return (
            "from llmlab.bpe import train_bpe\n\n"
            f"text = {text!r}\n"
            f"tokenizer = train_bpe(text, 256 + {state['merges']}{pattern}, tie_break={state['tie_break']!r})\n"
            "print(tokenizer.merges)\n"
            "print([tokenizer.decode_bytes([token_id]) for token_id in tokenizer.encode(text)])"
        )
