"""The merge player (lesson 02): byte pair encoding on one line of text, merge by merge, forwards and backwards.

The learner's `count_pairs` and `merge` do the work where they are written. A run over a text is kept, and grows only as
far as somebody has looked: stepping back costs nothing, and an error at merge 17 leaves merges 0 to 16 to be seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise, product
from operator import index
from typing import Any

import regex
import traitlets

from llmlab.bpe import GPT2_PATTERN
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle

TEXT = "Owen helps the helper, the helper helps Zoë, and nobody helps the helpless hens."
MAX_MERGES = 40
MAX_BYTES = 120  # as many tokens as a glance takes in
PAIRS_SHOWN = 6
ANCESTORS_SHOWN = 8
RUNS_KEPT = 16

Pair = tuple[int, int]
CountPairs = Callable[[list[int]], Mapping[Pair, int]]
Merge = Callable[[list[int], Pair, int], Iterable[int]]


@dataclass(frozen=True)
class CountedPair:
    """A pair of neighbouring tokens: how often it occurs, and at which token of the text first (-1: nowhere)."""

    left: bytes
    right: bytes
    count: int
    first: int


@dataclass(frozen=True)
class MergeTrace:
    """The text after some merges.

    Attributes:
        text: the bytes of the text.
        chunks: the tokens, chunk by chunk; without pre-tokenization there is one chunk.
        merges: the merges that led here, in rank order.
        pairs: the pairs that could be merged now, the next one first, then by count.
        tied: how many of them are as frequent as the next one, itself included; 0 when no pair is left.
        marked: the positions of the left tokens of the next merge, counted through all chunks.
        fewest: with how few merges half as many tokens as bytes can be reached, under the best setting; None: not
            within the merges that the player makes.
        own_count, own_merge: whether the learner's functions did the work; False means that llmlab's stand in.
        bytes_left_out: bytes of the typed text that the picture has no room for.
    """

    text: bytes
    chunks: tuple[tuple[bytes, ...], ...]
    merges: tuple[tuple[bytes, bytes], ...]
    pairs: tuple[CountedPair, ...]
    tied: int
    marked: tuple[int, ...]
    fewest: int | None
    own_count: bool
    own_merge: bool
    bytes_left_out: int

    @property
    def tokens(self) -> tuple[bytes, ...]:
        return tuple(token for chunk in self.chunks for token in chunk)

    @property
    def newest(self) -> bytes | None:
        """What the latest merge made."""
        return b"".join(self.merges[-1]) if self.merges else None

    @property
    def lossless(self) -> bool:
        """Whether the tokens still spell the text."""
        return b"".join(self.tokens) == self.text

    @property
    def halved(self) -> bool:
        return 0 < 2 * len(self.tokens) <= len(self.text) and self.lossless

    @property
    def lineage(self) -> tuple[tuple[int, int, bytes, bytes], ...]:
        """The merges behind the newest token, it first: (depth, number of the merge from 1, left, right)."""
        made_by = {b"".join(pair): number for number, pair in reversed(list(enumerate(self.merges, 1)))}

        def ancestors(token: bytes, depth: int) -> Iterable[tuple[int, int, bytes, bytes]]:
            if token in made_by:
                left, right = self.merges[made_by[token] - 1]
                yield depth, made_by[token], left, right
                yield from ancestors(left, depth + 1)
                yield from ancestors(right, depth + 1)

        return tuple(ancestors(self.newest, 0)) if self.merges else ()


def count_by_zip(ids: list[int]) -> Counter[Pair]:
    """llmlab's own `count_pairs`, for learners who have not written theirs yet."""
    return Counter(pairwise(ids))


def merge_left_to_right(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """llmlab's own `merge`."""
    merged, place = [], 0
    while place < len(ids):
        found = tuple(ids[place : place + 2]) == pair
        merged.append(new_id if found else ids[place])
        place += 2 if found else 1
    return merged


class _Run:
    """All states of one text under one setting, worked out as far as they were asked for."""

    def __init__(
        self, text: bytes, tie_break: str, pretokenize: bool, count_pairs: CountPairs | None, merge: Merge | None
    ) -> None:
        chunks = regex.findall(GPT2_PATTERN, text.decode()) if pretokenize else [text.decode()]
        self.states = [[list(chunk.encode()) for chunk in chunks]]
        self.tokens = [bytes([byte]) for byte in range(256)]
        self.merges: list[tuple[bytes, bytes]] = []
        self.pairs: list[list[tuple[Pair, CountedPair]]] = []  # for each state
        self.tie_break, self.count_pairs, self.merge = tie_break, count_pairs, merge
        self.own_count = self.own_merge = False

    def reach(self, wanted: int) -> int:
        """Work out the states up to `wanted`; returns the last one that there is, at most `wanted`."""
        while len(self.pairs) <= wanted:
            if len(self.pairs) == len(self.states):  # the last state has no pair to merge
                return len(self.states) - 1
            state = self.states[len(self.pairs)]
            pairs = self._ordered(state)
            if pairs:
                self._append_merged(state, pairs[0][0])
            self.pairs.append(pairs)
        return wanted

    def _ordered(self, state: list[list[int]]) -> list[tuple[Pair, CountedPair]]:
        counts: Counter[Pair] = Counter()
        for chunk in state:
            counts.update(self._counted(chunk))
        first: dict[Pair, int] = {}
        place = 0
        for chunk in state:
            for pair in pairwise(chunk):
                first.setdefault(pair, place)
                place += 1
            place += bool(chunk)
        pairs = [
            (pair, CountedPair(self.tokens[pair[0]], self.tokens[pair[1]], count, first.get(pair, -1)))
            for pair, count in counts.items()
            if count > 0
        ]
        if self.tie_break == "lexicographic":
            pairs.sort(key=lambda item: (item[1].left, item[1].right), reverse=True)
        else:
            pairs.sort(key=lambda item: item[1].first if item[1].first >= 0 else len(self.tokens) + place)
        pairs.sort(key=lambda item: -item[1].count)  # a stable sort: the tie rule orders equal counts
        return pairs

    def _counted(self, chunk: list[int]) -> Mapping[Pair, int]:
        found = self.count_pairs(list(chunk)) if self.count_pairs is not None else None
        if found is None or found is ...:
            return count_by_zip(chunk)
        self.own_count = True
        if not isinstance(found, Mapping):
            raise ValueError(f"count_pairs must return a dictionary pair -> count, got {type(found).__name__}")
        counts = {pair: index(count) for pair, count in found.items()}
        for pair in (pair for pair, count in counts.items() if count):
            if not (isinstance(pair, tuple) and len(pair) == 2 and all(self._is_id(part) for part in pair)):
                raise ValueError(f"count_pairs must count pairs (left id, right id) of the ids it got, not {pair!r}")
        return counts

    def _append_merged(self, state: list[list[int]], pair: Pair) -> None:
        new_id = len(self.tokens)
        merged = []
        for chunk in state:
            found = self.merge(list(chunk), pair, new_id) if self.merge is not None else None
            if found is None or found is ...:
                merged.append(merge_left_to_right(chunk, pair, new_id))
                continue
            self.own_merge = True
            ids = [index(id) for id in found]
            if len(ids) > 2 * MAX_BYTES or not all(self._is_id(id) or id == new_id for id in ids):
                raise ValueError(f"merge must return the ids with {pair} replaced by {new_id}, got {str(ids)[:80]}")
            merged.append(ids)
        self.tokens.append(self.tokens[pair[0]] + self.tokens[pair[1]])
        self.merges.append((self.tokens[pair[0]], self.tokens[pair[1]]))
        self.states.append(merged)

    def _is_id(self, id: Any) -> bool:
        return isinstance(id, int) and 0 <= id < len(self.tokens)


@lru_cache(maxsize=64)
def _fewest(text: bytes) -> int | None:
    """The fewest merges that halve the text, over both tie rules, with and without pre-tokenization."""
    settings = product(("first", "lexicographic"), (False, True))
    runs = [_Run(text, tie_break, pretokenize, None, None) for tie_break, pretokenize in settings]
    for n_merges in range(MAX_MERGES + 1):
        if any(0 < 2 * sum(map(len, run.states[run.reach(n_merges)])) <= len(text) for run in runs):
            return n_merges
    return None


def compute(
    state: dict[str, Any],
    count_pairs: CountPairs | None = None,
    merge: Merge | None = None,
    runs: dict[tuple, _Run] | None = None,
) -> MergeTrace:
    """The trace of a state of the merge player.

    Args:
        state: text, merges, tie_break and pretokenize.
        count_pairs: the learner's `count_pairs(ids)`; None, or a function that is not written yet (it returns None or
            ...), lets llmlab's own stand in.
        merge: the learner's `merge(ids, pair, new_id)`, likewise.
        runs: where the runs with these two functions are kept from call to call.

    Raises:
        ValueError: a function returned something other than counts of pairs, or ids.
        Exception: whatever a function raises.
    """
    typed = state["text"].encode("utf-8", errors="replace")
    text = typed[:MAX_BYTES].decode("utf-8", errors="ignore").encode()  # never half a character at the end
    runs = {} if runs is None else runs
    setting = (text, state["tie_break"], state["pretokenize"])
    if setting not in runs:
        while len(runs) >= RUNS_KEPT:
            del runs[next(iter(runs))]
        runs[setting] = _Run(*setting, count_pairs, merge)
    run = runs[setting]
    n_merges = run.reach(state["merges"])
    pairs = run.pairs[n_merges]
    marked, place = [], 0
    for chunk in run.states[n_merges]:
        last = -1  # a token takes part in one merge only
        for i, pair in enumerate(pairwise(chunk), place):
            if pairs and pair == pairs[0][0] and i > last:
                marked.append(i)
                last = i + 1
        place += len(chunk)
    return MergeTrace(
        text=text,
        chunks=tuple(tuple(run.tokens[id] for id in chunk) for chunk in run.states[n_merges]),
        merges=tuple(run.merges[:n_merges]),
        pairs=tuple(counted for _, counted in pairs),
        tied=sum(counted.count == pairs[0][1].count for _, counted in pairs),
        marked=tuple(marked),
        fewest=_fewest(text),
        own_count=run.own_count,
        own_merge=run.own_merge,
        bytes_left_out=len(typed) - len(text),
    )


def render(trace: MergeTrace) -> str:
    """Numbers, the text as tokens, the most frequent pairs and the lineage of the newest token as HTML."""
    return _numbers(trace) + _tokens(trace) + f'<div class="llmlab-beside">{_pairs(trace)}{_lineage(trace)}</div>'


def describe(trace: MergeTrace) -> str:
    """The picture in words."""
    if not trace.text:
        return "There is no text to merge."
    sentences = [
        f"After {_count(len(trace.merges), 'merge')} the {_count(len(trace.text), 'byte')} of the text are "
        f"{_count(len(trace.tokens), 'token')}."
    ]
    if trace.merges:
        sentences.append(f"The newest token is {_name(trace.newest)}, from {_sum(*trace.merges[-1])}.")
    if not trace.pairs:
        sentences.append("No pair is left to merge.")
    else:
        best = trace.pairs[0]
        sentences.append(f"Next: {_sum(best.left, best.right)}, which occurs {_times(best.count)}.")
        if trace.tied > 1:
            sentences.append(f"{trace.tied} pairs occur as often: the tie rule decides.")
    if trace.bytes_left_out:
        sentences.append(f"The player takes the first {MAX_BYTES} bytes; {trace.bytes_left_out} more are left out.")
    return " ".join(sentences)


def _numbers(trace: MergeTrace) -> str:
    n_tokens = len(trace.tokens)
    facts = {
        "bytes": len(trace.text),
        "tokens": n_tokens,
        "bytes a token": f"{len(trace.text) / n_tokens:.2f}" if n_tokens else "–",
        "vocabulary": f"256 + {len(trace.merges)}",
        "pairs tied": trace.tied if trace.tied > 1 else "none",
    }
    spans = " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
    return f'<div class="llmlab-numbers">{spans}</div>'


def _tokens(trace: MergeTrace) -> str:
    """Each token is an <i>; those that merge next stand in a <mark>, the newest ones in a <u>."""
    tokens, marked, place, html = trace.tokens, set(trace.marked), 0, ""
    for chunk in trace.chunks:
        pieces, end = [], place + len(chunk)
        while place < end:
            if place in marked:
                pieces.append(f"<mark>{_piece(tokens[place], trace)}{_piece(tokens[place + 1], trace)}</mark>")
                place += 2
            else:
                pieces.append(_piece(tokens[place], trace))
                place += 1
        html += f"<span>{' '.join(pieces)}</span> "
    return (
        '<div>The text as tokens. <mark class="llmlab-next">Outlined</mark>: the pair that merges next. '
        '<u class="llmlab-newest">Underlined</u>: what the last merge made.</div>'
        f'<div class="llmlab-tokens">{html}</div>'
    )


def _piece(token: bytes, trace: MergeTrace) -> str:
    return f"<u>{_shown(token)}</u>" if token == trace.newest else f"<i>{_shown(token)}</i>"


def _pairs(trace: MergeTrace) -> str:
    rows = ""
    for number, pair in enumerate(trace.pairs[:PAIRS_SHOWN]):
        tied = "tied" if number < trace.tied > 1 else ""
        remark = ("← next, " + tied if tied else "← next") if number == 0 else tied
        first = pair.first if pair.first >= 0 else "nowhere"
        rows += (
            f'<tr><td class="llmlab-token">{_shown(pair.left)} + {_shown(pair.right)}</td>'
            f'<td class="llmlab-number">{pair.count}×</td><td class="llmlab-number">{first}</td><td>{remark}</td></tr>'
        )
    more = len(trace.pairs) - PAIRS_SHOWN
    rest = f"<div>and {more} more</div>" if more > 0 else ""
    if not rows:
        return "<div>No pair is left to merge.</div>"
    return (
        '<div><table class="llmlab-grid"><caption>Pairs by frequency</caption><thead><tr><th>pair</th>'
        f"<th>count</th><th>first at token</th><th></th></tr></thead><tbody>{rows}</tbody></table>{rest}</div>"
    )


def _lineage(trace: MergeTrace) -> str:
    if not trace.merges:
        return ""
    rows = ""
    for depth, number, left, right in trace.lineage[:ANCESTORS_SHOWN]:
        indent = "    " * depth
        rows += (
            f'<tr><td class="llmlab-number">{number}</td>'
            f'<td class="llmlab-token">{indent}{_shown(left + right)} = {_shown(left)} + {_shown(right)}</td></tr>'
        )
    more = len(trace.lineage) - ANCESTORS_SHOWN
    rest = f"<div>and {more} more</div>" if more > 0 else ""
    return (
        '<div><table class="llmlab-grid"><caption>Which merges made the newest token</caption><thead><tr><th>merge</th>'
        f"<th>token</th></tr></thead><tbody>{rows}</tbody></table>{rest}</div>"
    )


def _name(token: bytes) -> str:
    """A token as text that can be seen: a space as a raised dot, a line end as an arrow, half a character as bytes."""
    text = token.decode("utf-8", errors="backslashreplace")
    return text.replace(" ", "·").replace("\n", "↵").replace("\t", "⇥")


def _shown(token: bytes) -> str:
    return escape(_name(token))


def _sum(left: bytes, right: bytes) -> str:
    return f"{_name(left)} + {_name(right)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"


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

    count_pairs = traitlets.Any()
    merge = traitlets.Any()

    def __init__(self, count_pairs: CountPairs | None = None, merge: Merge | None = None, text: str = TEXT) -> None:
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, got {text!r} ({type(text).__name__})")
        self._runs: dict[tuple, _Run] = {}
        super().__init__(
            title="Merge player",
            task="Your target: half as many tokens as bytes, with as few merges as any setting allows.",
            controls=[
                Text("text", "Text", initial=text, max_length=MAX_BYTES),
                Range("merges", "Merges so far", 0, MAX_MERGES, initial=2),
                Choice("tie_break", "Tie rule", ("first", "lexicographic"), initial="first"),
                Toggle("pretokenize", "Cut into words first", initial=False),
            ],
            count_pairs=count_pairs,
            merge=merge,
        )

    @traitlets.observe("count_pairs", "merge")
    def _function_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> MergeTrace:
        return compute(state, self.count_pairs, self.merge, self._runs)

    def refresh(self) -> None:
        self._runs.clear()
        super().refresh()

    def render(self, trace: MergeTrace) -> str:
        return render(trace)

    def describe(self, trace: MergeTrace) -> str:
        return describe(trace)

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
            return False, f"This text cannot be halved with {MAX_MERGES} merges: it repeats too little. Try another."
        if trace.halved and made <= trace.fewest:
            return True, f"Reached: {n_tokens} tokens after {_count(made, 'merge')}, and no setting needs fewer."
        if trace.halved:
            return False, f"Not yet: halved, but with {_count(made, 'merge')}. It can be done with fewer."
        return False, f"Not yet: {n_tokens} tokens for {len(trace.text)} bytes; the target is {half} or fewer."

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
