"""Answers to "Find the bug: the loader": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _loader(
    options: str = "batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator",
    before: str = "pass",
) -> str:
    return f"""
import random
import torch
from torch.utils.data import DataLoader, RandomSampler

def make_loader(dataset, batch_size, shuffle, drop_last, generator=None):
    {before}
    return DataLoader(dataset, {options})
"""


WRONG = {
    "shuffle-always": _loader("batch_size=batch_size, shuffle=bool(1), drop_last=drop_last, generator=generator"),
    "shuffle-always: with a generator": _loader(
        "batch_size=batch_size, shuffle=shuffle or generator is not None, drop_last=drop_last, generator=generator"
    ),
    "shuffle-never: left out": _loader("batch_size=batch_size, drop_last=drop_last, generator=generator"),
    "shuffle-never": _loader("batch_size=batch_size, shuffle=False, drop_last=drop_last, generator=generator"),
    "shuffle-inverted": _loader("batch_size=batch_size, shuffle=not shuffle, drop_last=drop_last, generator=generator"),
    "shuffled-once": _loader(
        "batch_size=batch_size, drop_last=drop_last",
        "dataset = random.sample(dataset, len(dataset)) if shuffle else dataset",
    ),
    "drop-last-not-passed-on": _loader("batch_size=batch_size, shuffle=shuffle, generator=generator"),
    "drop-last-not-passed-on: always": _loader(
        "batch_size=batch_size, shuffle=shuffle, drop_last=True, generator=generator"
    ),
    "batch-size-lost": _loader("shuffle=shuffle, drop_last=drop_last, generator=generator"),
    "batch-size-lost: a constant": _loader("batch_size=4, shuffle=shuffle, drop_last=drop_last, generator=generator"),
    "generator-dropped": _loader("batch_size=batch_size, shuffle=shuffle, drop_last=drop_last"),
    "generator-replaced": _loader(
        "batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=torch.Generator()"
    ),
    "order-fixed": _loader(before="torch.manual_seed(0)"),
    "order-fixed: a new generator": _loader(
        "batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator or torch.Generator()"
    ),
    "windows-lost": _loader(
        "batch_size=batch_size, drop_last=drop_last, sampler=sampler",
        "sampler = RandomSampler(dataset, replacement=True, generator=generator) if shuffle else None",
    ),
    "returns-none": _loader().replace("return DataLoader", "DataLoader"),
    "not-a-loader": """
def make_loader(dataset, batch_size, shuffle, drop_last, generator=None):
    return [dataset[i : i + batch_size] for i in range(0, len(dataset), batch_size)]
""",
    "not-batches-of-pairs": _loader(
        "batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator, collate_fn=list"
    ),
    "wrong-parameters": """
def make_loader(dataset, batch_size, drop_last, generator=None):
    return []
""",
}

UNUSUAL_LOADER = _loader(
    "batch_size=batch_size, sampler=sampler, drop_last=drop_last",
    "sampler = RandomSampler(dataset, generator=generator) if shuffle else range(len(dataset))",
)
UNUSUAL = [
    UNUSUAL_LOADER,
    """
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

def make_loader(dataset, batch_size, shuffle, drop_last, generator=None):
    order = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
    return DataLoader(dataset, batch_sampler=BatchSampler(order, batch_size, drop_last))
""",
]

NEAR_MISSES = {
    "shuffle-always": WRONG["shuffle-inverted"],
    "shuffle-never": WRONG["shuffle-inverted"],
    "shuffle-inverted": WRONG["shuffle-always"],
    "shuffled-once": WRONG["order-fixed"],
    "drop-last-not-passed-on": WRONG["batch-size-lost"],
    "batch-size-lost": WRONG["drop-last-not-passed-on"],
    "generator-dropped": WRONG["generator-replaced"],
    "generator-replaced": WRONG["generator-dropped"],
    "order-fixed": WRONG["generator-replaced"],
    "windows-lost": WRONG["shuffled-once"],
    "not-a-loader": UNUSUAL_LOADER,
    "not-batches-of-pairs": WRONG["not-a-loader"],
}

CRASHES = {
    "sampler-and-shuffle": _loader(
        "batch_size=batch_size, shuffle=shuffle, sampler=RandomSampler(dataset), drop_last=drop_last"
    ),
    "options-without-names": _loader("batch_size, shuffle, drop_last, generator"),
    "option-unknown": _loader("batchsize=batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator"),
    "unknown-name": _loader("batch_size=batch_size, shuffle=shuffled, drop_last=drop_last, generator=generator"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"a loader takes shuffle=False and passes shuffle=True on": ("shuffle-always",)}
