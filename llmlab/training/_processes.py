"""Several processes, one GPU each or all on the CPU: who uses which GPU, and what they have to agree on."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

_Value = TypeVar("_Value")


def rank_and_number() -> tuple[int, int]:
    """The number of this process, from 0, and how many there are."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def own_device() -> torch.device:
    """The device of this process: its own GPU, else Apple's where it is alone, else the CPU.

    Raises:
        ValueError: `torchrun` started more processes on this machine than it has GPUs.
    """
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if torch.cuda.is_available():
        number, n_gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= n_gpus:
            raise ValueError(f"process {number} of this machine has no GPU: start {n_gpus}, --nproc-per-node {n_gpus}")
        return torch.device("cuda", number)
    return torch.device("mps" if torch.backends.mps.is_available() and not several else "cpu")


@contextlib.contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Under `torchrun`, join the other processes, each with its own GPU; otherwise nothing."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    take_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def end_process(code: int) -> None:
    """Leave with an exit code; as one of several processes, without Python's usual clearing away.

    PyTorch's threads for the exchange of gradients live on after `destroy_process_group` once
    `DistributedDataParallel` was used. One that asks for Python's lock while the interpreter is taken apart aborts the
    process, and `torchrun` would report a run as failed whose model is saved.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    if code:
        sys.exit(code)


def take_device(device: torch.device) -> None:
    """Make a GPU the one that this process uses where none is named: NCCL's calls, and all that they allocate.

    Without it every process would use the first GPU.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)


def of_the_first(value: _Value) -> _Value:
    """The first process's value, in all of them."""
    if not dist.is_initialized():
        return value
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def agree(loss: Tensor | float, interrupted: bool, n_processes: int) -> tuple[float, bool]:
    """The sum of all processes' shares of the loss, and whether one is to stop: then all do, after the same step."""
    loss = torch.as_tensor(loss)
    if n_processes > 1:
        loss = torch.stack([loss.float(), torch.full_like(loss, float(interrupted), dtype=torch.float32)])
        dist.all_reduce(loss)
        return loss[0].item(), loss[1].item() > 0
    return loss.item(), interrupted
