"""The kernels of the notebook tests: no port that another could take, and one that never answers is started again."""

import sys

import nbval.kernel
import pytest

from llmlab.instructors.check.kernels import start_again


def starting(outcomes):
    def start(name):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return name, outcome

    return start_again(start)


def test_a_kernel_that_dies_at_once_is_started_again():
    died = RuntimeError("Kernel died before replying to kernel_info")
    assert starting([died, died, "kernel"])("python") == ("python", "kernel")
    with pytest.raises(RuntimeError, match="Kernel died"):
        starting([died] * 3 + ["too late"])("python")


def test_one_that_never_answers_too():
    silent = RuntimeError("Kernel didn't respond in 60 seconds")
    assert starting([silent, "kernel"])("python") == ("python", "kernel")


def test_other_trouble_is_not_tried_again():
    with pytest.raises(RuntimeError, match="out of memory"):
        starting([RuntimeError("out of memory"), "kernel"])("python")


def test_nbval_starts_its_kernels_this_way():
    assert nbval.kernel.start_new_kernel.__wrapped__.__module__ == "nbval.kernel"


@pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: it has ports only")
def test_kernels_are_spoken_to_through_files_so_that_no_port_is_taken_twice():
    manager, client = nbval.kernel.start_new_kernel(kernel_name=nbval.kernel.CURRENT_ENV_KERNEL_NAME)
    try:
        assert client.transport == "ipc" and client.is_alive()
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
