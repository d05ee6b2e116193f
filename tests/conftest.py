"""What all tests share: hypothesis profiles, The Verdict where it is at hand, which are slow, no silent skips in CI."""

from __future__ import annotations

import os
import platform
import signal

# Two processes test on two cores, and models here are small: threads of PyTorch's own would mostly wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from llmlab.utils.edition import CURRENT, set_edition

IN_CI = os.environ.get("CI") == "true"

# Why a test may be skipped in CI all the same: the beginning of its skip reason, and what excuses it.
ALLOWED_SKIPS = {
    "needs a GPU": "CI machines have none; what was not run on a GPU is said to be unmeasured",
    "this kernel or container offers no namespaces": "macOS, Windows, some containers: the grader says which it has",
    "bubblewrap is not installed": "it is one of two ways to confine a submission; the grader says which it takes",
    "this kernel offers no Landlock that holds signals": "Linux before 6.12; the grader says which it has",
}
if platform.system() != "Linux":
    ALLOWED_SKIPS["on Linux only"] = "what follows in the reason is not there, or not compared"
if platform.system() == "Windows":
    ALLOWED_SKIPS["not on Windows"] = "what follows in the reason is not there"

# What `make quick` leaves out: the tests that take most of the time, by the beginning of their names. Everything else
# together takes less than a minute on two cores; what is added here is still run by `make test`.
SLOW = (
    "tests/core/test_attention.py::test_the_",
    "tests/core/test_bpe.py::test_encode_iterable_needs_no_memory_for_the_text",
    "tests/core/test_bpe_training.py",
    "tests/core/test_checkpoint.py",
    "tests/core/test_cross_entropy.py",
    "tests/core/test_damage.py",
    "tests/core/test_embeddings.py::test_word_vectors",
    "tests/core/test_export.py",
    "tests/core/test_generation.py",
    "tests/core/test_gpt.py::test_logits_are_gpt2s",
    "tests/core/test_gpt.py::test_the_cache_changes_no_logit",
    "tests/core/test_llama.py",
    "tests/core/test_longer_runs.py",
    "tests/core/test_pretrained.py::test_logits_are_transformers_own",
    "tests/core/test_recorded_variants.py",
    "tests/core/test_sampling.py",
    "tests/core/test_texts.py::test_ten_megabytes",
    "tests/core/test_toy_questions.py",
    "tests/core/test_train_command.py",
    "tests/core/test_train_going_on.py",
    "tests/core/test_train_refusals.py",
    "tests/core/test_training.py",
    "tests/core/test_tuning.py",
    "tests/core/test_variants.py",
    "tests/exercises/test_equal_to_everything.py",
    "tests/exercises/test_limits.py",
    "tests/exercises/test_misbehaving.py",
    "tests/exercises/test_progress.py::test_notebooks_that_write_at_once",
    "tests/exercises/test_right_and_wrong.py",
    "tests/exercises/test_wire.py",
    "tests/explorers/test_all.py",
    "tests/explorers/test_architecture_tracer.py",
    "tests/explorers/test_attention_bench.py::test_the_target_needs_one_number",
    "tests/explorers/test_distribution_sculptor.py",
    "tests/explorers/test_embedding_bench.py::test_recorded_run_is_that_of_the_recipe",
    "tests/explorers/test_influence_map.py",
    "tests/explorers/test_markup.py",
    "tests/explorers/test_pipeline_map.py::test_trace_against_the_models_own_forward",
    "tests/explorers/test_shape_tracer.py",
    "tests/explorers/test_training_replay.py",
    "tests/explorers/test_without_torch.py",
    "tests/instructors/",
    "tests/lessons/test_exercises_in_lessons.py",
    "tests/lessons/test_kernel_start.py",
    "tests/lessons/test_lesson_11.py",
    "tests/lessons/test_lesson_16.py",
    "tests/lessons/test_notebook_pipeline.py",
    "tests/project/test_environment.py",
    "tests/project/test_first_edition.py::test_what_is_run_by_name_still_runs",
    "tests/project/test_project_files.py::test_a_skip",
    "tests/project/test_project_files.py::test_quick_says_what_it_left_out",
    "tests/project/test_types.py",
    "tests/project/test_wheel.py",
    "tests/site/test_frames.py",
    "tests/site/test_pages_built.py",
)

# What `make test` begins with: a process takes a whole file, and for one of these the others would wait at the end.
LONG = (
    "tests/site/test_pages_built.py",
    "tests/instructors/test_grading.py",
    "tests/instructors/test_checking.py",
    "tests/explorers/test_markup.py",
)

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


def pytest_configure(config: pytest.Config) -> None:
    # A run in the background may have been told to ignore them, and all that a test starts would ignore them, too.
    for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        if getattr(signal, name, None) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), usual)
    config.addinivalue_line("markers", "slow: left out of `make quick`; the list stands in tests/conftest.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.option.markexpr == "not slow":
        terminalreporter.write_line(f"Left out, being slow (make test runs them): {', '.join(SLOW)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    set_edition(CURRENT)  # a test before this one may have opened a notebook of the first edition
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
