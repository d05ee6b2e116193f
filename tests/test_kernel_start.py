"""The kernels of the notebook tests: one that dies before it has run anything is started again, and nothing else is."""

import importlib.util
from pathlib import Path

import nbval.kernel
import pytest

SPEC = importlib.util.spec_from_file_location("root_conftest", Path(__file__).resolve().parents[1] / "conftest.py")
root_conftest = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(root_conftest)


def starting(outcomes):
    def start(name):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return name, outcome

    return root_conftest.start_again(start)


def test_a_kernel_that_dies_at_once_is_started_again():
    died = RuntimeError("Kernel died before replying to kernel_info")
    assert starting([died, died, "kernel"])("python") == ("python", "kernel")
    with pytest.raises(RuntimeError, match="Kernel died"):
        starting([died] * 3 + ["too late"])("python")


def test_other_trouble_is_not_tried_again():
    with pytest.raises(RuntimeError, match="Kernel didn't respond"):
        starting([RuntimeError("Kernel didn't respond in 60 seconds"), "kernel"])("python")


def test_nbval_starts_its_kernels_this_way():
    assert nbval.kernel.start_new_kernel.__wrapped__.__module__ == "nbval.kernel"
