"""What all tests share: hypothesis profiles, The Verdict where it is at hand, and no silent skips in CI."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

IN_CI = os.environ.get("CI") == "true"

# Why a test may be skipped in CI all the same: the beginning of its skip reason, and what excuses it.
ALLOWED_SKIPS = {"needs a GPU": "CI machines have none; what was not run on a GPU is said to be unmeasured"}

# No deadline: the first example of a test may have to load PyTorch. In CI the same examples every time.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "local")


@pytest.fixture(scope="session")
def the_verdict() -> str:
    """The text of The Verdict, which the project does not ship, from the folder that LLMLAB_DATA names."""
    if not os.environ.get("LLMLAB_DATA"):
        pytest.skip("needs The Verdict: set LLMLAB_DATA to the folder that holds the-verdict.txt")
    from llmlab.corpus import load_text

    return load_text("the-verdict")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a GPU")


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure in CI, unless its reason is on the list (an expected failure is not a skip)."""
    if not IN_CI or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2]).removeprefix("Skipped: ")
    if not reason.startswith(tuple(ALLOWED_SKIPS)):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where every test must run: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    _forbid_skip(report)
    return report
