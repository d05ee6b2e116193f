"""What a run can be asked for beside steps: the best weights, several batches an update, more steps, several GPUs."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset
from typer.testing import CliRunner

from llmlab import cli
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import (
    LossNotFinite,
    TrainConfig,
    _command,
    _processes,
    evaluate,
    learning_rate_at,
    load_checkpoint,
    loop,
    train,
)
from llmlab.training import __main__ as training_main
from tests import ROOT

CONFIG = GPTConfig(vocab_size=13, context_length=6, d_model=8, n_heads=2, n_layers=1)


def model_of(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GPT(CONFIG)


def batches_of(n=5, rows=4, seed=0):
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(13, (n, rows, 7), generator=draw)
    return [(batch[:, :-1].clone(), batch[:, 1:].clone()) for batch in ids]


def loader_of():
    inputs, targets = (torch.cat(part) for part in zip(*batches_of(), strict=True))
    return DataLoader(TensorDataset(inputs, targets), 4, shuffle=True, generator=torch.Generator().manual_seed(3))


def same(one, other):
    return all(torch.equal(one.state_dict()[name], tensor) for name, tensor in other.state_dict().items())


# --- the best weights ---

HELD_BACK = batches_of(2, seed=9)  # random ids too: what is learned of the others makes the loss on these rise
SETTINGS = {"learning_rate": 0.05, "warmup_steps": 2, "evaluate_every": 5}


def test_the_best_weights_are_in_the_model_and_in_the_checkpoint(tmp_path):
    model, last = model_of(), model_of()
    config = TrainConfig(steps=40, **SETTINGS, keep_best=True, checkpoint=tmp_path)
    history = train(model, loader_of(), config, validation=HELD_BACK, progress=False)
    best = min(loss for _, loss in history.validation)
    assert best < history.validation[-1][1] - 0.1  # else the test would show nothing
    assert evaluate(model, HELD_BACK) == best and evaluate(load_checkpoint(tmp_path)[0], HELD_BACK) == best
    train(last, loader_of(), TrainConfig(steps=40, **SETTINGS), validation=HELD_BACK, progress=False)
    assert evaluate(last, HELD_BACK) == history.validation[-1][1]  # without it, the last


@pytest.mark.parametrize("stop_at", [5, 20, 23])
def test_a_run_that_keeps_the_best_goes_on_from_its_last_weights(tmp_path, stop_at):
    config = TrainConfig(steps=40, **SETTINGS, keep_best=True, checkpoint=tmp_path)
    whole = model_of()
    unbroken = TrainConfig(steps=40, **SETTINGS, keep_best=True)
    expected = train(whole, loader_of(), unbroken, validation=HELD_BACK, progress=False)

    def stop(history):
        if len(history.loss) == stop_at // 5 * 5:
            raise KeyboardInterrupt

    train(model_of(), loader_of(), config, validation=HELD_BACK, progress=False, on_evaluation=stop)
    resumed = model_of(seed=7)
    run = {"validation": HELD_BACK, "progress": False, "resume_from": tmp_path}
    assert train(resumed, loader_of(), config, **run) == expected and same(resumed, whole)


def test_a_best_loss_belongs_to_its_validation(tmp_path):
    config = TrainConfig(steps=10, **SETTINGS, keep_best=True, checkpoint=tmp_path)
    train(model_of(), batches_of(), config, validation=batches_of(), progress=False)  # on what it learns: it is low
    best, low = load_checkpoint(tmp_path)[0], evaluate(load_checkpoint(tmp_path)[0], batches_of())
    longer = TrainConfig(steps=15, **SETTINGS, keep_best=True)
    run = {"resume_from": tmp_path, "progress": False}
    history = train(model_of(), batches_of(), longer, validation=HELD_BACK, **run)
    losses = [(10, evaluate(best, HELD_BACK)), (15, history.validation[-1][1])]
    assert history.best == min(losses, key=lambda pair: pair[1]) and losses[0][1] > low


def test_looking_at_the_best_weights_again_draws_nothing(tmp_path):
    config = TrainConfig(steps=10, **SETTINGS, keep_best=True, checkpoint=tmp_path)
    train(model_of(), loader_of(), config, validation=HELD_BACK, progress=False)
    shuffled = loader_of()
    state = shuffled.generator.get_state()
    train(model_of(), loader_of(), config, validation=shuffled, resume_from=tmp_path, progress=False)
    assert torch.equal(shuffled.generator.get_state(), state)


@pytest.mark.parametrize("saved_on_the_way", [False, True])
def test_the_best_weights_are_saved_when_the_loss_is_no_number(tmp_path, saved_on_the_way):
    config = TrainConfig(
        steps=9, evaluate_every=2, keep_best=True, checkpoint=tmp_path, save_every=4 if saved_on_the_way else None
    )
    model, batches = model_of(), batches_of(9)

    def spoil(history):
        if len(history.loss) == 4 and not saved_on_the_way or len(history.loss) == 6:
            model.head.weight.data.fill_(math.nan)

    with pytest.raises(LossNotFinite, match=r"at step \d; the weights are those of step \d, the best") as caught:
        train(model, batches, config, validation=batches, progress=False, on_evaluation=spoil)
    step, loss = caught.value.history.best
    assert step == (6 if saved_on_the_way else 4) and evaluate(model, batches) == loss
    assert same(load_checkpoint(tmp_path)[0], model)
    files = json.loads((tmp_path / "config.json").read_text())["files"]
    assert "training" not in files


def test_a_state_to_go_on_from_outlives_a_loss_that_is_no_number(tmp_path):
    settings = {"evaluate_every": 2, "keep_best": True, "checkpoint": tmp_path}
    batches = batches_of(9)
    train(model_of(), batches, TrainConfig(steps=4, **settings), validation=batches, progress=False)
    run = {"validation": batches, "resume_from": tmp_path, "progress": False}
    with pytest.raises(LossNotFinite):
        train(model_of(), batches, TrainConfig(steps=9, learning_rate=1e38, warmup_steps=0, **settings), **run)
    assert len(train(model_of(), batches, TrainConfig(steps=6, **settings), **run).loss) == 6


def test_without_a_number_nothing_is_the_best(monkeypatch):
    monkeypatch.setattr(loop, "evaluate", lambda model, loader: math.nan)
    one, other = model_of(), model_of()
    config = TrainConfig(steps=6, evaluate_every=2, keep_best=True)
    train(one, loader_of(), config, validation=HELD_BACK, progress=False)
    train(other, loader_of(), TrainConfig(steps=6), progress=False)
    assert same(one, other)


# --- several batches an update ---


def test_three_batches_an_update_are_one_that_is_three_times_as_large():
    batches = batches_of(6)
    batches[1][1][2:] = -100  # each token counts alike, whatever its batch
    batches[4][1][:] = -100
    large = [tuple(torch.cat(part) for part in zip(*batches[i : i + 3], strict=True)) for i in (0, 3)]
    one, other = model_of(), model_of()
    first = train(one, batches, TrainConfig(steps=2, accumulate=3, warmup_steps=0), progress=False)
    second = train(other, large, TrainConfig(steps=2, warmup_steps=0), progress=False)
    assert first.loss == pytest.approx(second.loss, rel=1e-5)
    assert first.gradient_norm == pytest.approx(second.gradient_norm, rel=1e-4)
    torch.testing.assert_close(one.state_dict(), other.state_dict(), atol=1e-5, rtol=1e-4)


def test_a_run_of_several_batches_an_update_goes_on_where_it_was(tmp_path):
    settings = {"steps": 7, "accumulate": 3, "warmup_steps": 1, "evaluate_every": 2}
    whole, resumed = model_of(), model_of()
    expected = train(whole, loader_of(), TrainConfig(**settings), progress=False)

    def stop(history):
        if len(history.loss) == 2:
            raise KeyboardInterrupt

    saving = TrainConfig(**settings, checkpoint=tmp_path)
    train(model_of(), loader_of(), saving, progress=False, on_evaluation=stop)
    assert train(resumed, loader_of(), saving, progress=False, resume_from=tmp_path) == expected
    assert same(resumed, whole)


_IN_SEVERAL = """
import sys, torch, torch.distributed as dist
from llmlab.training import TrainConfig, train
from llmlab.training._processes import end_process
from tests.core.test_longer_runs import large_batches, model_of

dist.init_process_group("gloo")
model, batches = model_of(), [tuple(part[i : i + 4] for part in pair) for pair in large_batches() for i in (0, 4)]
history = train(model, batches, TrainConfig(steps=2, accumulate=2, warmup_steps=0), progress=False)
if dist.get_rank() == 0:
    torch.save({"loss": history.loss, "model": model.state_dict()}, sys.argv[1])
dist.destroy_process_group()
end_process(0)
"""


def large_batches():
    """Two batches of eight rows, in which the rows of one process have fewer targets than those of the other."""
    batches = batches_of(2, rows=8)
    for _, targets in batches:
        targets[1::2, 2:] = -100
        targets[4:6] = -100
    batches[0][1][5:8:2] = -100  # of the second half the second process has nothing to learn
    return batches


def test_two_processes_with_two_batches_an_update_are_one_with_a_large_one(tmp_path):
    (tmp_path / "several.py").write_text(_IN_SEVERAL, encoding="utf-8")
    launcher = "-m torch.distributed.run --standalone --nproc-per-node 2".split()
    command = [sys.executable, *launcher, tmp_path / "several.py", tmp_path / "result.pt"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    several, model = torch.load(tmp_path / "result.pt"), model_of()
    history = train(model, large_batches(), TrainConfig(steps=2, warmup_steps=0), progress=False)
    assert several["loss"] == pytest.approx(history.loss, rel=1e-5)
    torch.testing.assert_close(several["model"], model.state_dict(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("n_processes", "cleared"), [("1", " cleared"), ("2", "")])
def test_one_process_of_several_leaves_without_clearing_away(n_processes, cleared):
    """Threads of PyTorch's are alive then, and one that meets an interpreter taken apart aborts a finished run."""
    code = "import atexit; from llmlab.training._processes import end_process; "
    code += "atexit.register(print, 'cleared'); print('saved', end=' '); end_process(3)"
    env = os.environ | {"PYTHONPATH": str(ROOT), "WORLD_SIZE": n_processes}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout.split()) == (3, ["saved", *cleared.split()])


# --- more steps ---


def test_a_run_goes_on_for_more_steps(tmp_path):
    short, long = TrainConfig(steps=4, checkpoint=tmp_path), TrainConfig(steps=9)
    before = train(model_of(), loader_of(), short, progress=False)
    ends = [model_of(seed) for seed in (5, 6)]
    one, other = (train(end, loader_of(), long, progress=False, resume_from=tmp_path) for end in ends)
    assert one == other and same(*ends)  # again the same
    assert one.loss[:4] == before.loss and len(one.loss) == 9
    assert one.learning_rate[:4] == before.learning_rate
    assert one.learning_rate[4:] == [learning_rate_at(step, long) for step in range(4, 9)]


def test_the_weight_decay_of_a_resumed_run_is_its_own(tmp_path):
    train(model_of(), loader_of(), TrainConfig(steps=2, checkpoint=tmp_path), progress=False)
    ends = []
    for decay in (0.0, 50.0):
        ends.append(model_of())
        train(ends[-1], loader_of(), TrainConfig(steps=3, weight_decay=decay), progress=False, resume_from=tmp_path)
    assert not same(*ends)


def test_a_loader_of_another_kind_is_named(tmp_path):
    train(model_of(), loader_of(), TrainConfig(steps=2, checkpoint=tmp_path), progress=False)
    with pytest.raises(ValueError, match="drew its order from the loader's own generator: give train_loader one"):
        train(model_of(), batches_of(), TrainConfig(steps=3), progress=False, resume_from=tmp_path)


# --- settings ---


def test_numpy_numbers_are_kept_as_pythons(tmp_path):
    config = TrainConfig(
        steps=np.int64(4), warmup_steps=np.int32(2), learning_rate=np.float32(0.5), save_every=np.int16(2),
        accumulate=np.uint8(2), evaluate_every=np.int64(2), checkpoint=tmp_path,
    )  # fmt: skip
    kinds = {type(value) for name, value in vars(config).items() if name != "checkpoint"}
    assert kinds == {int, float, bool}
    train(model_of(), loader_of(), config, progress=False)
    assert len(train(model_of(), loader_of(), config, progress=False, resume_from=tmp_path).loss) == 4


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"accumulate": 0}, ValueError, "accumulate must be at least 1, got 0"),
        ({"accumulate": 2.0}, TypeError, "accumulate must be an int"),
        ({"keep_best": "yes"}, TypeError, "keep_best must be True or False, got 'yes'"),
    ],
)
def test_new_settings_out_of_range_are_named(settings, error, said):
    with pytest.raises(error, match=said):
        TrainConfig(**settings)


def test_a_compiled_model_trains_under_its_own_names(tmp_path):
    model, plain = model_of(), model_of()
    compiled = torch.compile(model, backend="eager")
    config = TrainConfig(steps=3, checkpoint=tmp_path)
    assert train(compiled, loader_of(), config, progress=False) == train(
        plain, loader_of(), TrainConfig(steps=3), progress=False
    )
    assert same(model, plain) and same(load_checkpoint(tmp_path)[0], plain)
    assert json.loads((tmp_path / "config.json").read_text())["model"]["d_model"] == 8


# --- several GPUs, with a stand-in for CUDA: what is called, and before what ---


@pytest.fixture
def two_gpus(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: calls.append(("set_device", torch.device(device))))
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda backend: calls.append(("init", backend)))
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: calls.append(("destroy",)))
    monkeypatch.setenv("WORLD_SIZE", "2")
    return calls


def test_each_process_takes_its_own_gpu_before_it_meets_the_others(two_gpus, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    device = _processes.own_device()
    assert device == torch.device("cuda", 1)
    with _processes.process_group(device):
        assert two_gpus == [("set_device", device), ("init", "nccl")]
    assert two_gpus[-1] == ("destroy",)


def test_more_processes_than_gpus_are_refused(two_gpus, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ValueError, match="process 2 of this machine has no GPU: start 2, --nproc-per-node 2"):
        _processes.own_device()


@pytest.mark.parametrize("command", ["llmlab train", "python -m llmlab.training"])
def test_both_commands_train_on_the_gpu_of_their_process(two_gpus, monkeypatch, tmp_path, command):
    monkeypatch.setenv("LOCAL_RANK", "1")
    trained = []
    monkeypatch.setattr(_command, "_run", lambda order, device: trained.append(device))
    if command == "llmlab train":
        assert CliRunner().invoke(cli.app, ["train", "mine.txt"]).exit_code == 0
    else:
        monkeypatch.setattr(training_main, "end_process", lambda code: trained.append(code))
        training_main.main(["--out", str(tmp_path)])
        assert trained.pop() == 0
    assert trained == [torch.device("cuda", 1)] and two_gpus[0] == ("set_device", trained[0])


def test_one_process_alone_joins_nobody(two_gpus, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    with _processes.process_group(_processes.own_device()):
        assert two_gpus == []


@pytest.mark.parametrize(("world_size", "expected"), [("1", "mps"), ("2", "cpu")])
def test_apples_gpu_is_for_one_process(world_size, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setenv("WORLD_SIZE", world_size)
    assert _processes.own_device().type == expected
