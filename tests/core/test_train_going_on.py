"""`llmlab train --resume` goes on with what the run was started with; what ends a run early loses nothing."""

import io
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from llmlab.training import _checkpoints, _command, load_checkpoint, loop
from llmlab.training._saying import say
from tests.core.test_train_command import TEXTS, TINY, _in_an_empty_folder, interrupted_run, run, start, text  # noqa: F401 - fixtures

OTHERWISE = [*TINY, "--batch-size", 3, "--learning-rate", 0.01, "--seed", 5]


def stopped_after(monkeypatch, n_steps):
    """Let the next command be interrupted, as by Ctrl-C, at the measurement after so many steps."""
    report = _command.Report.__call__

    def stop(self, history):
        report(self, history)
        if len(history.loss) == n_steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(_command.Report, "__call__", stop)
    return lambda: monkeypatch.setattr(_command.Report, "__call__", report)


def test_a_run_goes_on_with_what_it_was_started_with(text, monkeypatch):  # noqa: F811
    assert run("train", text, *OTHERWISE, "--out", "whole")[0] == 0
    go_on = stopped_after(monkeypatch, 2)
    assert "stopped after 3 of 4 steps; --resume goes on" in run("train", text, *OTHERWISE)[1]
    go_on()
    code, output, _ = run("train", text, "--resume")
    assert code == 0 and "training  the last 1 of 4 steps, of 3 windows" in output
    whole, resumed = (_checkpoints.load_training(Path(out)) for out in ("whole", "mine-model"))
    assert whole["history"] == resumed["history"] and whole["settings"] == resumed["settings"]
    one, other = (load_checkpoint(out)[0].state_dict() for out in ("whole", "mine-model"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_given_again_counts_and_what_cannot_change_is_refused(text):  # noqa: F811
    run("train", text, *OTHERWISE, "--vocab-size", 2_000)  # more than the text has merges for
    for name, other, was in (("seed", 6, 5), ("vocab-size", 300, 2_000)):
        code, _, errors = run("train", text, "--resume", "--steps", 6, f"--{name}", other)
        field = name.replace("-", "_")
        assert code == 2 and errors == f"the model in mine-model has {field} {was}, not {other}: leave out --{name}"
    again = ["--resume", "--steps", 6, "--seed", 5, "--vocab-size", 2_000, "--learning-rate", 0.02, "--batch-size", 2]
    assert run("train", text, *again)[0] == 0
    settings = _checkpoints.load_training(Path("mine-model"))["settings"]
    assert [settings[name] for name in ("seed", "vocab_size", "learning_rate", "batch_size")] == [5, 2_000, 0.02, 2]


def test_a_checkpoint_of_an_older_llmlab_goes_on_with_the_defaults(text):  # noqa: F811
    run("train", text, *TINY)
    model, tokenizer = load_checkpoint("mine-model")
    state = _checkpoints.load_training(Path("mine-model"))
    del state["settings"], state["history"]["best"]
    _checkpoints.save_checkpoint("mine-model", model, tokenizer, training=state)
    assert run("train", text, "--resume", "--steps", 6)[0] == 0
    assert _checkpoints.load_training(Path("mine-model"))["settings"]["batch_size"] == 16


def test_on_another_text_the_best_weights_are_measured_anew(text, tmp_path):  # noqa: F811
    run("train", text, "--steps", 60, *TINY[2:], "--learning-rate", 0.02)
    low = _checkpoints.load_training(Path("mine-model"))["best"]["loss"]
    (tmp_path / "other.txt").write_text(TEXTS["no letters"])
    options = ["--out", "mine-model", "--resume", "--steps", 80, "--learning-rate", 0.002]
    code, output, _ = run("train", "other.txt", *options)
    assert code == 0 and "the text is another than before" in output
    step, loss = re.search(r"the weights of step (\d+), validation loss (\d+\.\d+)\n$", output).groups()
    assert int(step) > 60 and float(loss) > low + 0.5
    assert "the text is another" not in run("train", "other.txt", *options, "--steps", 82)[1]


# --- the loss is no number ---


@pytest.mark.parametrize("save_every", [[], ["--save-every", 2]])
def test_the_best_weights_outlive_a_loss_that_is_no_number(text, save_every, monkeypatch):  # noqa: F811
    agree, calls = loop.agree, []

    def spoil(loss, *others):
        calls.append(loss)
        return (math.nan, False) if len(calls) > 4 + 7 else agree(loss, *others)  # 4 steps are for the time they take

    monkeypatch.setattr(loop, "agree", spoil)
    code, output, errors = run("train", text, "--steps", 20, *TINY[2:], *save_every)
    assert code == 2 and "the loss is nan at step 7" in errors and errors.endswith("Set --learning-rate")
    measured = [float(loss) for loss in re.findall(r"validation (\d\.\d\d)", output)]
    assert f"Saved in mine-model: the weights of step 6, validation loss {min(measured):.2f}." in errors
    assert len(measured) == 3 and load_checkpoint("mine-model")[1] is not None


def test_with_nothing_measured_nothing_is_said_to_be_saved(text):  # noqa: F811
    code, _, errors = run("train", text, "--steps", 400, *TINY[2:], "--learning-rate", 1e30)
    assert code == 2 and "Saved in" not in errors and not Path("mine-model/config.json").exists()


# --- nobody listens; somebody is in a hurry ---

_UNIX = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: pipes and signals are others there")


@_UNIX
@pytest.mark.parametrize("where", ["a pipe", "/dev/full"])
def test_an_output_that_closes_ends_no_training(text, where):  # noqa: F811
    if where == "/dev/full" and not Path(where).exists():
        pytest.skip("on Linux only: no other system has it")
    command = shlex.join([sys.executable, "-m", "llmlab", "train", str(text), *map(str, TINY)])
    command += " | head -1; exit ${PIPESTATUS[0]}" if where == "a pipe" else " > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(_checkpoints.load_training(Path("mine-model"))["history"]["loss"]) == 4


class Full(io.StringIO):
    """An output that is no file of the system, and takes nothing."""

    def write(self, _):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("kind", ["a pipe", "no file"])
def test_after_a_line_that_failed_the_next_ones_go_nowhere(kind, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe if kind == "a pipe" else Full())
        assert not say("lost") and say("nowhere")
    monkeypatch.setattr(sys, "stdout", None)
    assert not say("nowhere")


@_UNIX
def test_a_sample_that_nobody_reads_ends_quietly():
    command = shlex.join([sys.executable, "-m", "llmlab", "sample", "tiny", "--tokens", "100000"])
    command += " | head -1; exit ${PIPESTATUS[0]}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


@_UNIX
def test_a_second_ctrl_c_says_that_nothing_is_saved(text, monkeypatch):  # noqa: F811
    stopped_after(monkeypatch, 1)
    monkeypatch.setattr(loop, "write_checkpoint", lambda *_: signal.raise_signal(signal.SIGINT))
    code, _, errors = run("train", text, *TINY)
    assert (code, errors) == (130, "stopped at once, without saving")


@_UNIX
def test_ctrl_c_before_the_first_measurement_names_no_loss(text):  # noqa: F811
    output = interrupted_run(text, steps=10_000_000)
    assert re.match(r"(1 step|\d+ steps): loss [\d.]+\nstopped after .*\nsaved in run\n$", output)
