"""The window map as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Range, Text, Toggle
from llmlab.explorers.host.learner import learners_function, not_written
from llmlab.explorers.host.words import plural
from llmlab.explorers.window_map import numbers, picture
from llmlab.explorers.window_map.values import (
    FIRST_TOKENS,
    MAX_BATCH,
    MAX_LENGTH,
    MAX_STRIDE,
    MAX_TOKENS,
    WindowFunction,
    WindowTrace,
    compute,
)
from llmlab.windows import SEPARATOR

QUESTION = Question(
    "Why not a longer stride, which would make fewer windows still?",
    (
        ("tokens between two windows would never be a target", True, "What no window covers is never asked."),
        ("the windows would overlap", False, "They overlap when the stride is shorter than the context."),
        ("the batches would have unequal shapes", False, "A batch counts windows, and each is as long as the context."),
    ),
)


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
    heading = "Window map"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more
    windows = learners_function()

    def __init__(self, windows: WindowFunction | None = None, text: str | None = None) -> None:
        if text is None:
            encoding = gpt2_encoding()
            one_line = " ".join(load_text()[:400].split())
            text = encoding.decode(encoding.encode(one_line)[:FIRST_TOKENS])
        elif not isinstance(text, str):
            raise TypeError(f"text must be a str or None, got {text!r} ({type(text).__name__})")
        super().__init__(
            title=self.heading,
            task="Your target: every token but the first is a target exactly once an epoch, in as few windows as this "
            "map allows.",
            controls=[
                Text("text", "Text", initial=text, max_length=240),
                Range("stride", "Stride", 1, MAX_STRIDE, initial=2),
                Range("max_length", "Context length", 1, MAX_LENGTH, initial=4),
                Range("batch_size", "Batch size", 1, MAX_BATCH, initial=4),
                Toggle("shuffle", "Shuffle", initial=False),
                Toggle("drop_last", "Drop last", initial=True),
            ],
            windows=windows,
        )

    def compute(self, state: dict[str, Any]) -> WindowTrace:
        return compute(state, self.windows)

    def note(self, trace: WindowTrace) -> str:
        return "" if trace.own_function else not_written(self.windows, "llmlab's own windows are shown")

    def target(self, trace: WindowTrace) -> tuple[bool, str]:
        windows = plural(len(trace.kept), "window")
        if trace.every_target_once and len(trace.kept) <= trace.fewest_windows:
            return True, f"Reached: every token but the first is a target exactly once, in {windows}."
        if trace.every_target_once:
            return False, f"Not yet: every token but the first is a target once, in {windows}. Fewer would do."
        never = sum(count == 0 for count in trace.target_counts[1:])
        often = sum(count > 1 for count in trace.target_counts)
        first = ", and the first token is a target, which nothing precedes" if any(trace.target_counts[:1]) else ""
        return False, f"Not yet: {plural(never, 'token')} never a target, {often} more than once{first}."

    def question(self, trace: WindowTrace) -> Question:
        return QUESTION

    def off(self, trace: WindowTrace) -> dict[str, str]:
        if not trace.dropped and all(len(batch) == trace.batch_size for batch in trace.batches):
            return {"drop_last": "All batches are full: there is nothing to leave out."}
        return {}

    def code_for(self, state: dict[str, Any]) -> str:
        text, max_length = state["text"], state["max_length"]
        n_tokens = len(gpt2_encoding().encode(text, disallowed_special=()))
        ordinary = ", disallowed_special=()" if SEPARATOR in text else ""
        cut = f"[:{MAX_TOKENS}]  # as many as the map shows" if n_tokens > MAX_TOKENS else ""
        head = "from llmlab.bpe import gpt2_encoding\n"
        ids = f"text = {text!r}\nids = gpt2_encoding().encode(text{ordinary}){cut}\n"
        if n_tokens <= max_length:
            return f"{head}\n{ids}print(ids)  # No window: it needs {max_length + 1} ids, the last of them as a target."
        return (
            "import torch\n"
            f"{head}"
            "from llmlab.windows import SlidingWindowDataset\n"
            "from torch.utils.data import DataLoader\n\n"
            f"{ids}"
            f"windows = SlidingWindowDataset(ids, max_length={max_length}, stride={state['stride']})\n"
            "loader = DataLoader(\n"
            f"    windows, batch_size={state['batch_size']},\n"
            f"    shuffle={state['shuffle']}, drop_last={state['drop_last']},\n"
            "    generator=torch.Generator().manual_seed(0),\n"
            ")\n"
            "for inputs, targets in loader:\n"
            "    print(tuple(inputs.shape), inputs.tolist())"
        )
