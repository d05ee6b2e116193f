"""How many windows, batches and trained tokens there will be, without building any of them."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass

from llmlab.utils.arguments import as_count


@dataclass(frozen=True)
class WindowStatistics:
    """What a loader will hold, all counted after `drop_last`.

    Attributes:
        windows: windows that reach a batch.
        batches: batches per epoch.
        tokens_trained: tokens that are a target at least once.
        tokens_never_trained: tokens that could be a target (all but the first) and never are.
        repeats_per_target: how often a trained token is a target, on average; 0.0 when none is.
        dropped_windows: windows left out with the last, unfilled batch.
    """

    windows: int
    batches: int
    tokens_trained: int
    tokens_never_trained: int
    repeats_per_target: float
    dropped_windows: int


def window_statistics(
    n_tokens: int, max_length: int, stride: int, batch_size: int = 1, drop_last: bool = True
) -> WindowStatistics:
    """Count windows, batches and trained tokens without building any of them.

    Counted for the unshuffled order; with shuffling the number of dropped windows is the same, but which ones they are
    changes from epoch to epoch. A text too short for one window counts as zero windows.

    Raises:
        TypeError: a size is not an int.
        ValueError: `n_tokens` is negative or another size is below 1.

    >>> window_statistics(1000, max_length=4, stride=4).tokens_trained
    996
    >>> window_statistics(1000, max_length=4, stride=5).tokens_trained
    800
    """
    if hasattr(n_tokens, "__len__"):  # the text, or its ids
        raise TypeError(f"n_tokens must be an int, got {reprlib.repr(n_tokens)}: for a list of ids, pass len(ids)")
    n_tokens = as_count("n_tokens", n_tokens, least=0)
    max_length, stride = as_count("max_length", max_length), as_count("stride", stride)
    batch_size = as_count("batch_size", batch_size)

    all_windows = max(0, (n_tokens - 1 - max_length) // stride + 1)
    windows = all_windows // batch_size * batch_size if drop_last else all_windows
    batches = -(-windows // batch_size)  # rounded up
    # Each window but the last adds min(stride, max_length) targets that no later window covers.
    trained = (windows - 1) * min(stride, max_length) + max_length if windows else 0
    return WindowStatistics(
        windows=windows,
        batches=batches,
        tokens_trained=trained,
        tokens_never_trained=max(0, n_tokens - 1) - trained,
        repeats_per_target=windows * max_length / trained if trained else 0.0,
        dropped_windows=all_windows - windows,
    )
