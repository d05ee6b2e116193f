"""Where a training run stands in its data (lesson 11)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor


class Batches:
    """The loader's batches, epoch after epoch, with a note of the place, so that a resumed run goes on there.

    The place is the random state at the beginning of the epoch, from which the loader draws its order, and the number
    of batches taken since.
    """

    def __init__(self, loader: Iterable[tuple[Tensor, Tensor]]) -> None:
        self.loader = loader
        self._generator: torch.Generator | None = getattr(loader, "generator", None)  # a list of batches has none
        self._begin_epoch()

    def next(self) -> tuple[Tensor, Tensor]:
        batch = next(self._iterator, None)
        if batch is None:
            ended_after = self._taken
            self._begin_epoch()
            batch = next(self._iterator, None)
            if batch is None and ended_after:
                raise ValueError(
                    f"train_loader ended after {ended_after} batches and cannot begin anew: pass a list or a "
                    "DataLoader instead of an iterator"
                )
            if batch is None:
                raise ValueError("the loader has no batch to train on: use a longer text or a smaller batch_size")
        self._taken += 1
        return batch

    def place(self) -> dict[str, Any]:
        return {"global": self._global, "loader": self._loader, "taken": self._taken}

    def go_to(self, place: dict[str, Any]) -> None:
        torch.set_rng_state(place["global"])
        if place["loader"] is not None:
            assert self._generator is not None, "the run to go on with had a loader with a generator of its own"
            self._generator.set_state(place["loader"])
        self._begin_epoch()
        for _ in range(place["taken"]):
            self.next()

    def _begin_epoch(self) -> None:
        self._global, self._taken = torch.get_rng_state(), 0
        self._loader = None if self._generator is None else self._generator.get_state()
        self._iterator: Iterator[tuple[Tensor, Tensor]] = iter(self.loader)


@contextlib.contextmanager
def places_kept(loader: object) -> Iterator[None]:
    """Put the global generator and the loader's own back to where they were, after a look into the loader."""
    generator: torch.Generator | None = getattr(loader, "generator", None)
    of_all, own = torch.get_rng_state(), None if generator is None else generator.get_state()
    try:
        yield
    finally:
        torch.set_rng_state(of_all)
        if generator is not None and own is not None:
            generator.set_state(own)
