"""The window map (lesson 03): stride, context length, batch size, shuffle and drop_last over a line of text.

The learner's function is handed positions 0, 1, 2 ... instead of token ids. What comes back then says by itself where
in the text each input and each target lies, so a target that is shifted twice shows as a bar two rows lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from operator import index
from typing import Any

import torch
import traitlets
from torch.utils.data import DataLoader

from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Range, Text, Toggle
from llmlab.windows import SlidingWindowDataset

MAX_TOKENS = 33  # as many rows as a screen shows
MAX_WINDOWS = 100  # no right function makes more; a generator that never ends does
FIRST_TOKENS = 25  # 24 targets: divisible by 1, 2, 3, 4, 6 and 8

WindowFunction = Callable[[list[int], int, int], Iterable[tuple[Sequence[int], Sequence[int]]]]


@dataclass(frozen=True)
class WindowTrace:
    """What one setting of the controls does to the text; everything by position in `tokens`.

    Attributes:
        tokens: the text, token by token.
        inputs: for each window the positions of its input.
        targets: for each window the positions of its target.
        batches: for each batch the numbers of its windows, in the order in which a loader would yield them.
        dropped: the numbers of the windows that drop_last leaves out of this epoch.
        target_counts: for each position how often it is a target in the epoch.
        own_function: whether the windows are the learner's; False means that llmlab's own stand in.
        tokens_left_out: tokens of the typed text that the picture has no room for.
    """

    tokens: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    targets: tuple[tuple[int, ...], ...]
    batches: tuple[tuple[int, ...], ...]
    dropped: tuple[int, ...]
    target_counts: tuple[int, ...]
    own_function: bool
    tokens_left_out: int

    @property
    def kept(self) -> tuple[int, ...]:
        """The windows of the epoch in the order in which they are used."""
        return tuple(window for batch in self.batches for window in batch)

    @property
    def batch_shapes(self) -> tuple[tuple[int, int], ...]:
        """(B, T) of each batch."""
        return tuple((len(batch), len(self.inputs[batch[0]])) for batch in self.batches)

    @property
    def tokens_trained(self) -> int:
        return sum(count > 0 for count in self.target_counts)

    @property
    def every_target_once(self) -> bool:
        """Every token but the first, which nothing precedes, is a target exactly once."""
        return len(self.tokens) > 1 and self.target_counts == (0, *[1] * (len(self.tokens) - 1))


def compute(state: dict[str, Any], windows: WindowFunction | None = None) -> WindowTrace:
    """The trace of a state of the window map.

    Args:
        state: text, max_length, stride, batch_size, shuffle and drop_last.
        windows: the learner's `make_windows(token_ids, max_length, stride)`; None, or a function that is not written
            yet (it returns None or ...), lets llmlab's own windows stand in.

    Raises:
        ValueError: the function returned something other than pairs of positions in the text.
        Exception: whatever the function raises.
    """
    ids = gpt2_encoding().encode(state["text"], disallowed_special=())
    tokens = tuple(gpt2_encoding().decode([token_id]) for token_id in ids[:MAX_TOKENS])
    positions = list(range(len(tokens)))
    found = windows(positions, state["max_length"], state["stride"]) if windows is not None else None
    own_function = found is not None and found is not ...
    if not own_function:
        found = _llmlab_windows(positions, state["max_length"], state["stride"])
    inputs, targets = _as_positions(found, len(tokens))

    # The loader's own order: it is asked for window numbers, as it would be asked for windows.
    loader = DataLoader(
        range(len(inputs)),
        batch_size=state["batch_size"],
        shuffle=state["shuffle"] and len(inputs) > 0,
        drop_last=state["drop_last"],
        generator=torch.Generator().manual_seed(0),
        collate_fn=tuple,
    )
    batches = tuple(loader)
    kept = {window for batch in batches for window in batch}
    counts = [0] * len(tokens)
    for window in kept:
        for position in targets[window]:
            counts[position] += 1
    return WindowTrace(
        tokens=tokens,
        inputs=inputs,
        targets=targets,
        batches=batches,
        dropped=tuple(window for window in range(len(inputs)) if window not in kept),
        target_counts=tuple(counts),
        own_function=own_function,
        tokens_left_out=len(ids) - len(tokens),
    )


def _llmlab_windows(positions: list[int], max_length: int, stride: int) -> Iterable[tuple[Any, Any]]:
    if len(positions) <= max_length:
        return []
    return SlidingWindowDataset(positions, max_length, stride)


def _as_positions(found: Any, n_tokens: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """The inputs and the targets of what a window function returned, checked."""
    try:
        pairs = [(tuple(map(index, x)), tuple(map(index, y))) for x, y in islice(found, MAX_WINDOWS + 1)]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"a window function must return (input, target) pairs of ids, got {type(found).__name__}: {error}"
        ) from error
    if len(pairs) > MAX_WINDOWS:
        raise ValueError(f"more than {MAX_WINDOWS} windows over {n_tokens} tokens: does the loop that makes them end?")
    for number, pair in enumerate(pairs):
        if not pair[0] or not pair[1]:
            raise ValueError(f"window {number} is empty: each window needs max_length ids in its input and its target")
        for position in pair[0] + pair[1]:
            if not 0 <= position < n_tokens:
                raise ValueError(f"window {number} holds {position}, which is not among the ids that were given")
    return tuple(given for given, _ in pairs), tuple(wanted for _, wanted in pairs)


def render(trace: WindowTrace) -> str:
    """The map as HTML: one row a token, one column a window, bars for input and target; the numbers above it."""
    return _numbers(trace) + _first_window(trace) + _map(trace)


def describe(trace: WindowTrace) -> str:
    """The map in words."""
    trainable = len(trace.tokens) - 1
    if not trace.batches:
        return (
            f"No batch: {len(trace.tokens)} tokens give {_count(len(trace.inputs), 'window')}, "
            "which is too few for one batch. Nothing is trained."
        )
    never = [_shown(trace.tokens[i]) for i in range(1, len(trace.tokens)) if not trace.target_counts[i]]
    sizes = ", ".join(f"({batch}, {length})" for batch, length in dict.fromkeys(trace.batch_shapes))
    most = max(trace.target_counts)
    sentences = [
        f"{_count(len(trace.inputs), 'window')} in {_count(len(trace.batches), 'batch', 'batches')} of shape {sizes}.",
        f"{trace.tokens_trained} of {trainable} possible targets are trained, at most {most} × each.",
    ]
    if trace.dropped:
        left_out = ", ".join(map(str, trace.dropped))
        sentences.append(f"drop_last leaves out {_count(len(trace.dropped), 'window')}: number {left_out}.")
    if never:
        sentences.append(f"Never a target: {' '.join(never)}.")
    if trace.tokens_left_out:
        sentences.append(
            f"The map shows the first {len(trace.tokens)} tokens; {trace.tokens_left_out} more are not shown."
        )
    return " ".join(sentences)


def _numbers(trace: WindowTrace) -> str:
    total = sum(trace.target_counts)
    facts = {
        "windows": len(trace.inputs),
        "dropped": len(trace.dropped),
        "batches an epoch": len(trace.batches),
        "shape of a batch": trace.batch_shapes[0] if trace.batches else "–",
        "targets trained": f"{trace.tokens_trained} of {max(0, len(trace.tokens) - 1)}",
        "times each": f"{total / trace.tokens_trained:.2f}" if trace.tokens_trained else "–",
    }
    return (
        '<div class="llmlab-numbers">'
        + " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
        + "</div>"
    )


def _first_window(trace: WindowTrace) -> str:
    """The first window of the first batch as the model gets it: input above target, aligned."""
    if not trace.batches:
        return ""
    window = trace.batches[0][0]
    rows = ""
    for kind, positions in (("input", trace.inputs[window]), ("target", trace.targets[window])):
        cells = "".join(f'<td class="llmlab-token llmlab-boxed">{_shown(trace.tokens[i])}</td>' for i in positions)
        rows += f"<tr><th>{_key(kind)} {kind}</th>{cells}</tr>"
    return (
        f"<div>First row of batch 0 (window {window}): each target stands below the token that it follows.</div>"
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="The first row of batch 0">'
        f'<table class="llmlab-grid">{rows}</table></div>'
    )


def _map(trace: WindowTrace) -> str:
    """One row a token; each window is two neighbouring bars, its input and, one row lower, its target."""
    groups = [(str(number), batch) for number, batch in enumerate(trace.batches)]
    if trace.dropped:
        groups.append(("left out", trace.dropped))
    batch_head = window_head = ""
    bars = []
    for name, group in groups:
        batch_head += f'<th colspan="{2 * len(group)}" class="llmlab-edge">{name}</th>'
        for window in group:
            edge = " llmlab-edge" if window == group[0] else ""
            window_head += f'<th colspan="2" class="llmlab-window{edge}">{window}</th>'
            left_out = name == "left out"
            bars.append(_bar(trace.inputs[window], len(trace.tokens), "left" if left_out else "input", edge))
            bars.append(_bar(trace.targets[window], len(trace.tokens), "left" if left_out else "target", ""))
    body = ""
    for position, token in enumerate(trace.tokens):
        body += (
            f'<tr><td class="llmlab-number">{position}</td><td class="llmlab-token">{_shown(token)}</td>'
            f"{_times(trace, position)}{''.join(bar[position] for bar in bars)}</tr>"
        )
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="The windows over the text">'
        '<table class="llmlab-grid llmlab-map"><thead>'
        f'<tr><th></th><th></th><th class="llmlab-number">batch</th>{batch_head}</tr>'
        f'<tr><th></th><th>token</th><th class="llmlab-number">window</th>{window_head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
        f"<div>{_key('input')} input &nbsp; {_key('target')} target &nbsp; {_key('left')} left out by drop_last &nbsp; "
        "2×: a target twice an epoch</div>"
    )


# Fixed colours that hold 3:1 against a white and a black page; the stylesheet adds a hatching that tells the bars apart
# without colour, and these inline ones are what is left where a page strips stylesheets (an untrusted notebook).
_COLOUR = {"input": "#2f7fc1", "target": "#c8590a", "left": "#808080"}


def _key(kind: str) -> str:
    return f'<span class="llmlab-key llmlab-{kind}" style="background-color: {_COLOUR[kind]}">&nbsp; &nbsp;</span>'


def _bar(positions: Sequence[int], n_tokens: int, kind: str, edge: str) -> list[str]:
    """One column of the map as the HTML that each row contributes: a cell where a run starts, else nothing."""
    covered = [position in positions for position in range(n_tokens)]
    cells = [""] * n_tokens
    start = 0
    for position in range(1, n_tokens + 1):
        if position < n_tokens and covered[position] == covered[start]:
            continue
        look = f'class="llmlab-bar llmlab-{kind}{edge}" style="background-color: {_COLOUR[kind]}"'
        look = look if covered[start] else f'class="llmlab-gap{edge}"'
        cells[start] = f'<td rowspan="{position - start}" {look}></td>'
        start = position
    return cells


def _times(trace: WindowTrace, position: int) -> str:
    count = trace.target_counts[position]
    if position == 0:
        return '<td class="llmlab-number">–</td>'
    if count == 0:
        return '<td class="llmlab-number llmlab-flag">never</td>'
    return f'<td class="llmlab-number">{count}×</td>'


def _shown(token: str) -> str:
    """A token as text that can be seen: spaces as a raised dot, line ends as an arrow; escaped."""
    return escape(token.replace(" ", "·").replace("\n", "↵").replace("\t", "⇥"))


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


class WindowMap(Explorer):
    """See how stride, context length and batching cut a text into training examples.

    Args:
        windows: your `make_windows(token_ids, max_length, stride)`, which returns (input, target) pairs of ids.
            Assign to `.windows` to try another one.
        text: the text to start with; None takes the first tokens of the story.

    >>> WindowMap().trace.every_target_once
    False
    """

    sheet = "window_map.css"

    windows = traitlets.Any()

    def __init__(self, windows: WindowFunction | None = None, text: str | None = None) -> None:
        if text is None:
            encoding = gpt2_encoding()
            one_line = " ".join(load_text()[:400].split())
            text = encoding.decode(encoding.encode(one_line)[:FIRST_TOKENS])
        elif not isinstance(text, str):
            raise TypeError(f"text must be a str or None, got {text!r} ({type(text).__name__})")
        super().__init__(
            title="Window map",
            task="Your target: every token but the first is a target exactly once an epoch.",
            controls=[
                Text("text", "Text", initial=text, max_length=240),
                Range("stride", "Stride", 1, 10, initial=2),
                Range("max_length", "Context length", 1, 8, initial=4),
                Range("batch_size", "Batch size", 1, 6, initial=4),
                Toggle("shuffle", "Shuffle", initial=False),
                Toggle("drop_last", "Drop last", initial=True),
            ],
            windows=windows,
        )

    @traitlets.observe("windows")
    def _windows_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> WindowTrace:
        return compute(state, self.windows)

    def render(self, trace: WindowTrace) -> str:
        return render(trace)

    def describe(self, trace: WindowTrace) -> str:
        return describe(trace)

    def note(self, trace: WindowTrace) -> str:
        if self.windows is not None and not trace.own_function:
            name = getattr(self.windows, "__name__", "your function")
            return f"{name} is not written yet, so llmlab's own windows are shown."
        return ""

    def target(self, trace: WindowTrace) -> tuple[bool, str]:
        if trace.every_target_once:
            return True, "Reached: every token but the first is a target exactly once."
        never = sum(count == 0 for count in trace.target_counts[1:])
        often = sum(count > 1 for count in trace.target_counts)
        first = ", and the first token is a target, which nothing precedes" if any(trace.target_counts[:1]) else ""
        return False, f"Not yet: {_count(never, 'token')} never a target, {often} more than once{first}."

    def code_for(self, state: dict[str, Any]) -> str:
        return (
            "import torch\n"
            "from llmlab.windows import create_dataloader\n\n"
            f"text = {state['text']!r}\n"
            "loader = create_dataloader(\n"
            f"    text, batch_size={state['batch_size']}, max_length={state['max_length']}, stride={state['stride']},\n"
            f"    shuffle={state['shuffle']}, drop_last={state['drop_last']},\n"
            "    generator=torch.Generator().manual_seed(0),\n"
            ")\n"
            "for inputs, targets in loader:\n"
            "    print(tuple(inputs.shape), inputs.tolist())"
        )
