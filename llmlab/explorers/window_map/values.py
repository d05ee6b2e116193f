"""The values of the window map: windows, batches and how often each token is a target, by position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import index
from typing import Any

import torch
from torch.utils.data import DataLoader

from llmlab.bpe import gpt2_encoding
from llmlab.explorers.host.learner import is_written
from llmlab.windows import SlidingWindowDataset

MAX_TOKENS = 33  # as many as stand side by side
MAX_LENGTH, MAX_STRIDE, MAX_BATCH = 8, 10, 6
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
        stride, batch_size: the settings behind it.
    """

    tokens: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    targets: tuple[tuple[int, ...], ...]
    batches: tuple[tuple[int, ...], ...]
    dropped: tuple[int, ...]
    target_counts: tuple[int, ...]
    own_function: bool
    tokens_left_out: int
    stride: int
    batch_size: int

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
    def fewest_windows(self) -> int:
        """With how few windows every token but the first can be a target exactly once; 0: with none."""
        asked = len(self.tokens) - 1
        return next((asked // length for length in range(MAX_LENGTH, 0, -1) if asked > 0 and asked % length == 0), 0)

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
    own_function = is_written(found)
    if not own_function:
        found = _llmlab_windows(positions, state["max_length"], state["stride"])
    inputs, targets = _as_positions(found, len(tokens))

    # The loader's own order: it is asked for window numbers, as it would be asked for windows.
    loader: DataLoader[int] = DataLoader(
        range(len(inputs)),  # type: ignore[arg-type]  # any sequence will do; PyTorch names its own class alone
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
        stride=state["stride"],
        batch_size=state["batch_size"],
    )


def _llmlab_windows(positions: list[int], max_length: int, stride: int) -> Iterable[tuple[Any, Any]]:
    if len(positions) <= max_length:
        return []
    windows = SlidingWindowDataset(positions, max_length, stride)
    return [windows[number] for number in range(len(windows))]


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
