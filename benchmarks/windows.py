"""Sliding windows beside the list of tensors that many tutorials build: building, memory, and the loader.

1 M token ids, windows of 256, stride 1. The list of tensors would need gigabytes, so it is built of 60,000 ids, and its
time is scaled by the number of windows. The loaders run over the same 60,000 ids, in batches of 8, shuffled.

    python benchmarks/windows.py       results/windows.md and results/windows.json
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import psutil
import torch
from _pairs import Table, compare
from torch.utils.data import DataLoader, Dataset

from llmlab.windows import SlidingWindowDataset, create_dataloader

TOKENS, FEWER, LENGTH, BATCH = 1_000_000, 60_000, 256, 8
MEMORY_GOAL = 10  # MB


class ListOfTensors(Dataset):
    """Two new tensors a window, all made in advance."""

    def __init__(self, ids: list[int], max_length: int, stride: int) -> None:
        starts = range(0, len(ids) - max_length, stride)
        self.inputs = [torch.tensor(ids[i : i + max_length]) for i in starts]
        self.targets = [torch.tensor(ids[i + 1 : i + max_length + 1]) for i in starts]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.inputs[index], self.targets[index]


class Encoded:
    """A tokenizer whose text is encoded already: what is timed is the windows alone."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids

    def encode(self, text: str) -> list[int]:
        return self.ids


def read(loader: DataLoader, batches: int) -> Callable[[], None]:
    def run() -> None:
        for number, _ in enumerate(loader, start=1):
            if number == batches:
                return

    return run


CHILD = f"""
import random, sys
from llmlab.windows import SlidingWindowDataset
ids = random.Random(0).choices(range(50_257), k={TOKENS})
SlidingWindowDataset(ids[:1000], {LENGTH}, 1)
print("ready", flush=True); sys.stdin.readline()
windows = SlidingWindowDataset(ids, {LENGTH}, 1)
print(len(windows), flush=True); sys.stdin.readline()
"""


def memory_of_the_windows() -> float:
    """MB by which a process grows when it builds the windows of a list that it holds, seen from outside."""
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process, seen = psutil.Process(child.pid), []
    for _ in range(2):
        child.stdout.readline()
        seen.append(process.memory_info().rss)
        child.stdin.write("\n")
        child.stdin.flush()
    child.wait()
    return (seen[1] - seen[0]) / 1e6


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(50_257, (TOKENS,), generator=generator).tolist()
    fewer = ids[:FEWER]
    ours, theirs = SlidingWindowDataset(fewer, LENGTH, 1), ListOfTensors(fewer, LENGTH, 1)
    assert len(ours) == len(theirs) and all(
        torch.equal(a, b) for i in (0, 77, len(theirs) - 1) for a, b in zip(ours[i], theirs[i], strict=True)
    )

    with Table("windows", "Sliding windows: our speed beside a list of tensors", ("torch",), clock="Times") as table:
        table.rows.append(
            compare(
                f"build all windows of {TOKENS:,} ids / as a list of tensors, made of {FEWER:,} and scaled",
                lambda: SlidingWindowDataset(ids, LENGTH, 1),
                lambda: ListOfTensors(fewer, LENGTH, 1),
                "≤ 0.0025 (1/400)",
                peer_share=len(theirs) / (TOKENS - LENGTH),
            )
        )
        for stride in (1, 128, 256):
            loader = create_dataloader("", BATCH, LENGTH, stride, tokenizer=Encoded(fewer), generator=generator)
            peer = DataLoader(
                ListOfTensors(fewer, LENGTH, stride), BATCH, shuffle=True, drop_last=True, generator=generator
            )
            batches = min(len(loader), 1_000)
            repeat = max(1, 1_000 // batches)  # a short epoch is read several times

            def epochs(work: Callable[[], None], repeat: int = repeat) -> Callable[[], None]:
                return lambda: [work() for _ in range(repeat)]

            label = f"{batches * repeat:,} batches, stride {stride} / the same from the list of tensors"
            table.rows.append(compare(label, epochs(read(loader, batches)), epochs(read(peer, batches)), "not slower"))
        grown = memory_of_the_windows()
        table.note(
            f"Memory of the windows of {TOKENS:,} ids at stride 1: {grown:.1f} MB beside the list of ids, seen from "
            f"outside the process (goal: at most {MEMORY_GOAL})."
        )


if __name__ == "__main__":
    main()
