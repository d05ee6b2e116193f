"""A loader that ignores its options, to be mended: each option is tried, and the generator decides the order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.lesson_03.common import is_table
from llmlab.exercises.lesson_03.sections import BATCHES, SHUFFLE


def _epochs(result: Any, args: tuple) -> list[list[list[int]]] | None:
    """Two epochs of a loader: for each batch the numbers of its windows, read from the first id of each input."""
    if result is None:
        return None
    if not isinstance(result, DataLoader):
        raise Wrong("not-a-loader", f"It gave a value of type `{type(result).__name__}`.")
    return [[_window_numbers(batch) for batch in result] for _ in range(2)]


def _window_numbers(batch: Any) -> list[int]:
    batch = plain(batch)
    if not (isinstance(batch, list) and len(batch) == 2 and all(is_table(rows) for rows in batch)):
        raise Wrong("not-batches-of-pairs", f"A batch was `{show(batch)}`.")
    return [row[0] for row in batch[0]]


def _check_make_loader(make_loader: Probe) -> Iterator[str]:
    def load(n: int, batch_size: int, shuffle: bool, drop_last: bool, seed: int | None = None) -> list[list[list[int]]]:
        dataset = [(torch.tensor([number, number + 1]), torch.tensor([number + 1, number + 2])) for number in range(n)]
        options: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "drop_last": drop_last}
        shown = f"{make_loader.name}({n} windows, {', '.join(f'{name}={value}' for name, value in options.items())})"
        if seed is not None:
            options["generator"] = torch.Generator().manual_seed(seed)
        return make_loader(dataset, **options, shown=shown, read=_epochs)

    def chained(epoch: list[list[int]]) -> list[int]:
        return [number for batch in epoch for number in batch]

    plain_epoch = [[0, 1, 2], [3, 4, 5], [6]]
    first, second = load(7, 3, shuffle=False, drop_last=False)
    shown = f"For 7 windows, batch_size=3, shuffle=False, drop_last=False, the windows came in batches `{show(first)}`."
    sizes = [len(batch) for batch in first]
    if max(sizes, default=0) != 3 or (sizes != [3, 3, 1] and sizes != [3, 3]):
        raise Wrong("batch-size-lost", f"For 7 windows and batch_size=3, the batches had {show(sizes)} windows.")
    if sizes == [3, 3]:
        raise Wrong("drop-last-not-passed-on", "drop_last=False, yet of 7 windows in batches of 3 one was dropped.")
    dropping = [len(batch) for batch in load(7, 3, shuffle=False, drop_last=True)[0]]
    if dropping != [3, 3]:
        raise Wrong(
            "drop-last-not-passed-on", f"With drop_last=True and batch_size=3, 7 windows gave batches of {dropping}."
        )
    yield "batch size and drop_last"

    # 40 windows: by chance in order once in 10^47 shuffles.
    shuffled = [chained(epoch) for epoch in load(40, 4, shuffle=True, drop_last=False)]
    in_order = list(range(40))
    if first != plain_epoch or second != plain_epoch:
        if shuffled[0] == in_order:
            raise Wrong("shuffle-inverted", shown)
        raise Wrong("shuffle-always", shown)
    if shuffled[0] == shuffled[1] == in_order:
        raise Wrong("shuffle-never", "With shuffle=True, 40 windows came in their order, twice.")
    if sorted(shuffled[0]) != in_order or sorted(shuffled[1]) != in_order:
        raise Wrong("windows-lost", "With shuffle=True, not every one of 40 windows came exactly once in an epoch.")
    if shuffled[0] == shuffled[1]:
        raise Wrong("shuffled-once", "With shuffle=True, two epochs over 40 windows came in the same order.")
    seeded = load(7, 3, shuffle=False, drop_last=False, seed=0)[0]
    if seeded != plain_epoch:
        raise Wrong(
            "shuffle-always",
            f"For 7 windows, shuffle=False and a generator, the windows came in batches `{show(seeded)}`.",
        )
    yield "shuffle on and off, each epoch anew"

    def order(seed: int) -> list[int]:
        return chained(load(40, 4, shuffle=True, drop_last=False, seed=seed)[0])

    seed, other = random.Random().sample(range(10**9), 2)
    if order(seed) != order(seed):
        raise Wrong("generator-dropped", "Two generators with the same seed gave 40 windows in different orders.")
    if order(seed) == order(other):
        raise Wrong("generator-replaced", "Generators with different seeds gave 40 windows in the same order.")
    again = chained(load(40, 4, shuffle=True, drop_last=False)[0])
    if again == shuffled[0]:
        raise Wrong("order-fixed", "Without a generator, two loaders gave 40 windows in the same order.")
    yield "the generator decides the order, and without one chance does"


EXERCISE = Exercise(
    kind="function",
    examine=_check_make_loader,
    means="The loader does what its caller says, and with a seeded generator it does the same again tomorrow.",
    hints=(
        "Call it on a small data set, with each value of each argument once. Which call gives what was not asked for?",
        "A parameter that is accepted and never used raises no error. Follow each name of the `def` line into the "
        "body.",
        "`shuffle=True` in the call of DataLoader is a constant: write `shuffle=shuffle`.",
    ),
    variant="What happens to the last batch when drop_last=True and there are fewer windows than batch_size? Try it.",
    misconceptions={
        "shuffle-always": Misconception(
            "shuffle=False still shuffles: the loader takes the argument and passes on something else.", SHUFFLE
        ),
        "shuffle-never": Misconception(
            "shuffle=True does not shuffle any more: with another constant, or with none, the caller is ignored just "
            "the same. Pass on the argument.",
            SHUFFLE,
        ),
        "shuffle-inverted": Misconception("It shuffles when told not to, and the other way round.", SHUFFLE),
        "shuffled-once": Misconception(
            "The order was drawn once, when the loader was made. Shuffling means a new order in each epoch.", SHUFFLE
        ),
        "drop-last-not-passed-on": Misconception(
            "`drop_last` does not reach the loader as the caller gave it.", SHUFFLE
        ),
        "batch-size-lost": Misconception("`batch_size` does not reach the loader as the caller gave it.", BATCHES),
        "generator-dropped": Misconception(
            "The generator is accepted and not used: the order comes from PyTorch's global generator, and a seeded "
            "run cannot be repeated.",
            SHUFFLE,
        ),
        "generator-replaced": Misconception(
            "The order does not depend on the caller's generator: is another one made inside?", SHUFFLE
        ),
        "order-fixed": Misconception(
            "Without a generator from the caller, the order is always the same. Is a seed set inside, or a generator "
            "made there? A new `torch.Generator()` always starts alike.",
            SHUFFLE,
        ),
        "windows-lost": Misconception("An epoch must hand out every window once.", SHUFFLE),
        "not-a-loader": Misconception("The function gives back a `torch.utils.data.DataLoader`.", BATCHES),
        "not-batches-of-pairs": Misconception(
            "A batch must be a pair of tensors, inputs (B, T) and targets (B, T).", BATCHES
        ),
    },
    crashes=(
        Crash(
            "sampler-and-shuffle",
            "ValueError",
            "mutually exclusive",
            "PyTorch takes either `shuffle` or a sampler of your own, which then decides the order; and a batch "
            "sampler takes over batch size and drop_last as well.",
            SHUFFLE,
        ),
        Crash(
            "options-without-names",
            "TypeError",
            r"'(bool|Generator|torch\._C\.Generator)' object is not iterable",
            "`DataLoader` takes its options in another order than this function, and the fourth is no `drop_last`: "
            "give each by its name, as in `drop_last=drop_last`.",
            BATCHES,
        ),
        Crash(
            "option-unknown",
            "TypeError",
            r"unexpected keyword argument '(?P<name>\w+)'",
            "What is called there has no option `{name}`: look for a slip in the name.",
            BATCHES,
        ),
    ),
)
