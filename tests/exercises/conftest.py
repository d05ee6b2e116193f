"""One thread, since checks compute on small tensors and other work goes on; in CI the same random cases each time."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import torch

from tests.conftest import IN_CI


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def same_cases_each_time_in_ci(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a check draws without a seed comes from the test's name in CI; elsewhere it is new on every run."""
    if not IN_CI:
        return
    seeds = random.Random(request.node.nodeid)

    class Repeatable(random.Random):
        def __init__(self, seed: object = None) -> None:
            super().__init__(seeds.getrandbits(64) if seed is None else seed)

    monkeypatch.setattr(random, "Random", Repeatable)
