"""Training: the loss, the schedule, the loop, checkpoints, runs that are broken off and go on, several processes."""

import functools
import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import tqdm.auto
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import (
    LossNotFinite,
    TrainConfig,
    _checkpoints,
    evaluate,
    learning_rate_at,
    load_checkpoint,
    loop,
    next_token_loss,
    save_checkpoint,
    split_documents,
    train,
)
from llmlab.training.optimizer import make_optimizer
from tests import ROOT

SIZES = {"vocab_size": 13, "context_length": 6, "d_model": 8, "n_heads": 2, "n_layers": 2}


def model_of(seed=0, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GPT(GPTConfig(**SIZES | options))


def loader_of(n_windows=20, batch_size=4, *, own_generator=True, shuffle=True):
    """Windows over a row in which each id follows from the one before: there is something to learn."""
    ids = torch.arange(n_windows * 6 + 1) * 5 % 13
    dataset = TensorDataset(ids[:-1].view(n_windows, 6), ids[1:].view(n_windows, 6))
    generator = torch.Generator().manual_seed(3) if own_generator else None
    return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, generator=generator)


def same_weights(one, other):
    return all(torch.equal(one.state_dict()[name], tensor) for name, tensor in other.state_dict().items())


@pytest.fixture(autouse=True)
def _global_generator_as_it_was():
    with torch.random.fork_rng():
        torch.manual_seed(11)
        yield


# --- the loss ---


def test_the_loss_is_the_mean_surprise_at_every_position():
    generator = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(2, 3, 5, generator=generator), torch.randint(5, (2, 3), generator=generator)
    surprise = [
        -math.log(math.exp(logits[b, t, targets[b, t]]) / sum(math.exp(x) for x in logits[b, t]))
        for b in range(2)
        for t in range(3)
    ]
    loss = next_token_loss(logits.requires_grad_(), targets)
    assert loss.item() == pytest.approx(sum(surprise) / 6, rel=1e-5)
    loss.backward()
    assert logits.grad.any(-1).all()  # no position is left out


def test_padding_is_left_out_of_the_loss():
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[1, 2, 3], [4, -100, -100]])
    kept = next_token_loss(torch.cat([logits[0], logits[1, :1]])[None], torch.tensor([[1, 2, 3, 4]]))
    torch.testing.assert_close(next_token_loss(logits, targets), kept)


@pytest.mark.parametrize(
    ("logits", "targets", "error", "said"),
    [
        (torch.zeros(2, 3, 5), torch.zeros(2, 4).long(), ValueError, r"got \(2, 3, 5\) and \(2, 4\)"),
        (torch.zeros(5), torch.tensor(1), ValueError, r"got \(5,\) and \(\)"),
        ([[0.0]], torch.zeros(1).long(), TypeError, "logits must be a float tensor, got list"),
        (torch.zeros(2, 3, 5).long(), torch.zeros(2, 3).long(), TypeError, "got a tensor of torch.int64"),
        (torch.zeros(2, 3, 5), [[0, 1, 2]] * 2, TypeError, "targets must be a tensor of integers, got list"),
        (torch.zeros(2, 3, 5), torch.zeros(2, 3), TypeError, "got a tensor of torch.float32"),
        (torch.zeros(2, 3, 5), torch.zeros(2, 3).bool(), TypeError, "got a tensor of torch.bool"),
        (torch.zeros(2, 3, 5), torch.zeros(2, 3).int(), TypeError, r"must be torch.int64, got .*32: write targets"),
        (torch.zeros(2, 3, 5), torch.full((2, 3), 9), IndexError, "Target 9 is out of bounds. .* of 5 tokens"),
    ],
)
def test_the_loss_refuses_what_does_not_fit(logits, targets, error, said):
    with pytest.raises(error, match=said):
        next_token_loss(logits, targets)


def test_evaluate_weighs_every_token_alike_and_leaves_no_trace():
    model, loader = model_of(dropout=0.5), loader_of(n_windows=7, shuffle=False)  # batches of 4 and 3
    model.train()
    measured = evaluate(model, loader)
    assert model.training and all(parameter.grad is None for parameter in model.parameters())
    model.eval()
    inputs, targets = loader.dataset.tensors
    assert measured == pytest.approx(next_token_loss(model(inputs), targets).item(), rel=1e-6)
    with pytest.raises(ValueError, match="no batch to evaluate on"):
        evaluate(model, [])
    with pytest.raises(TypeError, match="loader must be a DataLoader, got NoneType"):
        evaluate(model, None)
    with pytest.raises(TypeError, match="model must be a GPT, got str"):
        evaluate("gpt2", loader)


def test_evaluate_does_not_count_padding():
    model, (inputs, targets) = model_of().eval(), loader_of(n_windows=3, shuffle=False).dataset.tensors
    padded = targets.clone()
    padded[0, 2:], padded[2] = -100, -100  # 2, 6 and no targets are left
    batches = [(inputs[i : i + 1], padded[i : i + 1]) for i in range(3)]
    with torch.no_grad():
        expected = next_token_loss(model(inputs), padded).item()
    assert evaluate(model, batches) == pytest.approx(expected, rel=1e-6)


# --- schedule, settings, split ---


@given(steps=st.integers(1, 60), warmup=st.integers(0, 70), final=st.floats(0, 1))
def test_the_learning_rate_rises_in_a_line_and_falls_along_a_cosine(steps, warmup, final):
    config = TrainConfig(steps=steps, learning_rate=2.0, warmup_steps=warmup, final_learning_rate=final)
    rates = [learning_rate_at(step, config) for step in range(steps)]
    for step, rate in enumerate(rates):
        if step < warmup:
            assert rate == pytest.approx(2 * (step + 1) / warmup)
        else:
            way = (step - warmup) / max(1, steps - 1 - warmup)
            assert rate == pytest.approx(2 * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * way))))
    assert all(earlier >= later for earlier, later in zip(rates[warmup:], rates[warmup + 1 :], strict=False))
    if steps > warmup + 1:
        assert rates[-1] == pytest.approx(2 * final)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"steps": 1.5}, TypeError, "steps must be an int"),
        ({"warmup_steps": -1}, ValueError, "warmup_steps must be at least 0"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be above 0"),
        ({"clip_norm": -1}, ValueError, "clip_norm must be above 0"),
        ({"final_learning_rate": 2}, ValueError, "share from 0 to 1, got 2"),
        ({"weight_decay": -0.1}, ValueError, "weight_decay must be at least 0"),
        ({"save_every": 5}, ValueError, "needs a folder"),
        ({"save_every": 0, "checkpoint": "x"}, ValueError, "save_every must be at least 1"),
        ({"evaluate_every": 0}, ValueError, "evaluate_every must be at least 1"),
        ({"learning_rate": "1e-3"}, TypeError, r"learning_rate must be a number, got '1e-3' \(str\)"),
        ({"clip_norm": None}, TypeError, "clip_norm must be a number, got None"),
        ({"final_learning_rate": "0.1"}, TypeError, "final_learning_rate must be a number"),
        ({"learning_rate": math.inf}, ValueError, "learning_rate must be finite, got inf"),
        ({"weight_decay": math.nan}, ValueError, "weight_decay must be at least 0, got nan"),
        ({"checkpoint": 5}, TypeError, "checkpoint must be a folder, got 5"),
    ],
)
def test_settings_out_of_range_are_named(settings, error, said):
    with pytest.raises(error, match=said):
        TrainConfig(**settings)


@given(n=st.integers(2, 30), share=st.floats(0.01, 0.99), seed=st.integers(0, 5))
def test_documents_are_split_whole(n, share, seed):
    documents = [f" document {i} " for i in range(n)]
    parts = [part.split("<|endoftext|>") for part in split_documents("<|endoftext|>".join(documents), share, seed=seed)]
    assert sorted(parts[0] + parts[1], key=documents.index) == documents
    assert all(part == sorted(part, key=documents.index) for part in parts)
    assert len(parts[1]) == min(max(1, round(share * n)), n - 1)


@pytest.mark.parametrize(
    ("text", "share", "error", "said"),
    [
        ("a", 0.1, ValueError, "got 1"),
        ("a<|endoftext|>b", 1, ValueError, "between 0 and 1"),
        ("a<|endoftext|>b", "0.1", TypeError, "validation_share must be a number"),
        (["a", "b"], 0.1, TypeError, "text must be a str, got list: join documents"),
    ],
)
def test_split_documents_refuses(text, share, error, said):
    with pytest.raises(error, match=said):
        split_documents(text, share)


def test_there_is_no_update_before_the_first():
    with pytest.raises(ValueError, match="step must be at least 0, got -1"):
        learning_rate_at(-1, TrainConfig())


# --- the loop ---


def test_training_learns_and_records():
    model, loader = model_of().eval(), loader_of()
    seen = []
    config = TrainConfig(steps=60, learning_rate=0.02, warmup_steps=5, evaluate_every=20)
    before = evaluate(model, loader)
    history = train(
        model, loader, config, validation=loader, progress=False, on_evaluation=lambda h: seen.append(len(h.loss))
    )
    assert before == pytest.approx(math.log(13), abs=0.2) and evaluate(model, loader) < 0.3
    assert len(history.loss) == len(history.learning_rate) == len(history.gradient_norm) == 60
    assert [step for step, _ in history.validation] == seen == [20, 40, 60]
    assert history.validation[-1][1] == pytest.approx(evaluate(model, loader))
    assert history.learning_rate == [learning_rate_at(step, config) for step in range(60)]
    assert not history.interrupted and model.training


def test_the_loop_is_the_one_written_by_hand():
    config = TrainConfig(steps=6, learning_rate=0.05, warmup_steps=3, weight_decay=0.5, clip_norm=0.7)
    packaged, model = model_of(), model_of()
    history = train(packaged, loader_of(n_windows=24), config, progress=False)
    matrices = {module.weight for module in model.modules() if isinstance(module, nn.Linear)}
    means = {parameter: (torch.zeros_like(parameter), torch.zeros_like(parameter)) for parameter in model.parameters()}
    for step, (inputs, targets) in enumerate(loader_of(n_windows=24)):
        loss = next_token_loss(model(inputs), targets)
        assert history.loss[step] == pytest.approx(loss.item(), rel=1e-4)
        gradients = torch.autograd.grad(loss, list(means))
        norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
        assert history.gradient_norm[step] == pytest.approx(norm.item(), rel=1e-3)
        rate = learning_rate_at(step, config)
        with torch.no_grad():
            for (parameter, (m, v)), gradient in zip(means.items(), gradients, strict=True):
                gradient = gradient * min(1.0, config.clip_norm / norm.item())
                parameter *= 1 - rate * config.weight_decay * (parameter in matrices)
                m += (1 - 0.9) * (gradient - m)
                v += (1 - 0.95) * (gradient**2 - v)
                mean, square = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.95 ** (step + 1))
                parameter -= rate * mean / (square.sqrt() + 1e-8)
    assert step == 5 and max(history.gradient_norm) > config.clip_norm
    for mine, theirs in zip(model.parameters(), packaged.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)


def test_measured_and_saved_on_the_way_and_at_the_end(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(loop, "write_checkpoint", lambda *args: saved.append(len(args[-1]["history"]["loss"])))
    config = TrainConfig(steps=5, evaluate_every=2, checkpoint=tmp_path, save_every=2)
    history = train(model_of(), loader_of(), config, validation=loader_of(), progress=False)
    assert [step for step, _ in history.validation] == [2, 4, 5] and saved == [2, 4, 5]


def test_a_list_of_batches_is_a_loader():
    batches = list(loader_of(shuffle=False))
    config = TrainConfig(steps=7, warmup_steps=2)  # five batches per epoch
    one, other = model_of(), model_of()
    assert (
        train(one, batches, config, progress=False).loss
        == train(other, loader_of(shuffle=False), config, progress=False).loss
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gpt2", [], TrainConfig()), "model must be a GPT, got str"),
        ((model_of(), None, TrainConfig()), "train_loader must be a DataLoader, got NoneType"),
        ((model_of(), [], 500), "config must be a TrainConfig, got int"),
    ],
)
def test_train_names_what_is_something_else(arguments, said):
    with pytest.raises(TypeError, match=said):
        train(*arguments, progress=False)


def test_only_matrices_that_multiply_shrink():
    for tie_weights in (False, True):
        model = model_of(tie_weights=tie_weights)
        shrinking, others = make_optimizer(model, TrainConfig()).param_groups
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        assert shrinking["weight_decay"] == 0.1 and others["weight_decay"] == 0
        kinds = ["qkv", "out_proj", "expand", "contract"]
        expected = {f"{kind}.weight" for kind in kinds} | (set() if tie_weights else {"head.weight"})
        found = {".".join(names[id(parameter)].split(".")[-2:]) for parameter in shrinking["params"]}
        assert found == expected
        assert len(shrinking["params"]) + len(others["params"]) == len(names)


def test_long_gradients_are_shortened():
    """With plain steps the move of a weight would tell; AdamW divides the length out. So look at the gradients."""
    model = model_of()
    with torch.no_grad():
        model.head.weight *= 300  # steep
    lengths = []
    original = torch.optim.AdamW.step

    class Spy(torch.optim.AdamW):
        def step(self, *args, **options):
            grads = [parameter.grad for group in self.param_groups for parameter in group["params"]]
            lengths.append(torch.stack([grad.norm() for grad in grads]).norm().item())
            return original(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim, "AdamW", Spy)
        history = train(model, loader_of(), TrainConfig(steps=3, clip_norm=0.5), progress=False)
    assert min(history.gradient_norm) > 0.6
    assert lengths == pytest.approx([0.5] * 3, rel=1e-3)


@pytest.mark.parametrize("own_generator", [True, False])
@pytest.mark.parametrize("tie_weights", [True, False])
def test_a_resumed_run_equals_an_unbroken_one(tmp_path, own_generator, tie_weights):
    """13 steps are two and a half epochs; dropout draws too."""
    options = {"dropout": 0.2, "tie_weights": tie_weights}
    config = TrainConfig(steps=13, warmup_steps=3, evaluate_every=4)
    whole = model_of(**options)
    validation = loader_of(shuffle=False)
    torch.manual_seed(5)
    expected = train(whole, loader_of(own_generator=own_generator), config, validation=validation, progress=False)

    class PowerFailure(Exception):
        pass

    def fail(history):
        if len(history.loss) == 8:
            raise PowerFailure

    saving = TrainConfig(steps=13, warmup_steps=3, evaluate_every=4, checkpoint=tmp_path, save_every=7)
    torch.manual_seed(5)
    with pytest.raises(PowerFailure):
        train(
            model_of(**options),
            loader_of(own_generator=own_generator),
            saving,
            validation=validation,
            progress=False,
            on_evaluation=fail,
        )
    torch.manual_seed(999)  # another process would start elsewhere
    resumed = model_of(seed=8, **options)
    loader = loader_of(own_generator=own_generator)
    history = train(resumed, loader, saving, validation=validation, progress=False, resume_from=tmp_path)
    assert history == expected
    assert same_weights(resumed, whole)


def test_ctrl_c_keeps_what_was_learned_and_the_run_can_go_on(tmp_path):
    config = TrainConfig(steps=9, warmup_steps=2, evaluate_every=2, checkpoint=tmp_path)
    whole = model_of()
    expected = train(whole, loader_of(), TrainConfig(steps=9, warmup_steps=2, evaluate_every=2), progress=False)

    def press(history):
        if len(history.loss) == 4:
            os.kill(os.getpid(), signal.SIGINT)

    before, model = signal.getsignal(signal.SIGINT), model_of()
    stopped = train(model, loader_of(), config, progress=False, on_evaluation=press)
    assert stopped.interrupted and stopped.loss == expected.loss[:5]  # the step in hand is finished
    assert signal.getsignal(signal.SIGINT) is before
    assert same_weights(load_checkpoint(tmp_path)[0], model)
    history = train(model_of(seed=4), loader_of(), config, progress=False, resume_from=tmp_path)
    assert history == expected


def test_a_run_stops_when_another_process_is_to_stop(monkeypatch):
    monkeypatch.setattr(loop, "agree", lambda loss, interrupted, n_processes: (loss.item(), True))
    history = train(model_of(), loader_of(), TrainConfig(steps=9), progress=False)
    assert history.interrupted and len(history.loss) == 1


def test_pressing_ctrl_c_twice_breaks_off():
    def press(history):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(model_of(), loader_of(), TrainConfig(steps=9, evaluate_every=1), progress=False, on_evaluation=press)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_loss_that_is_not_a_number_stops_before_it_does_harm():
    model = model_of()

    def poison(history):
        if len(history.loss) == 3:
            with torch.no_grad():
                model.norm.scale[0] = math.nan
            poison.weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    config = TrainConfig(steps=9, evaluate_every=1)
    with pytest.raises(LossNotFinite, match="the loss is nan at step 3;.*try a third") as caught:
        train(model, loader_of(), config, progress=False, on_evaluation=poison)
    assert len(caught.value.history.loss) == 3
    torch.testing.assert_close(model.state_dict(), poison.weights, rtol=0, atol=0, equal_nan=True)


def test_a_gradient_that_is_not_a_number_stops_before_it_does_harm():
    model = model_of()
    model.head.weight.register_hook(lambda grad: grad * math.nan)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(LossNotFinite, match="length of the gradient is nan at step 0"):
        train(model, loader_of(), TrainConfig(steps=2), progress=False)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_the_progress_bar_counts_steps_and_can_be_switched_off(capsys, monkeypatch):
    monkeypatch.setattr("tqdm.auto.tqdm", functools.partial(tqdm.auto.tqdm, ncols=200))  # a narrow one cuts its end off
    train(model_of(), loader_of(), TrainConfig(steps=4, evaluate_every=2), validation=loader_of())
    shown = capsys.readouterr().err
    assert "4 training steps" in shown and "4/4" in shown and re.search(r"loss \d\.\d\d, validation \d\.\d\d", shown)
    train(model_of(), loader_of(), TrainConfig(steps=2), progress=False)
    assert capsys.readouterr().err == ""


# --- checkpoints ---


@pytest.fixture(scope="module")
def tokenizer():
    return train_bpe("the cat and the other cat", 262, special_tokens=["<|endoftext|>"])


@pytest.mark.parametrize("tie_weights", [True, False])
def test_a_checkpoint_gives_back_model_and_tokenizer(tmp_path, tokenizer, tie_weights):
    folder, model = tmp_path / "new" / "run", model_of(tie_weights=tie_weights, qkv_bias=True, n_kv_heads=1)
    save_checkpoint(folder, model, tokenizer)
    loaded, its_tokenizer = load_checkpoint(folder)
    assert same_weights(loaded, model) and loaded.config == model.config and not loaded.training
    assert (loaded.head.weight is loaded.embedding.token.weight) == tie_weights
    assert its_tokenizer.encode("the other cat") == tokenizer.encode("the other cat")
    assert sorted(path.name.split("-")[0] for path in folder.iterdir()) == ["config.json", "model", "tokenizer"]
    save_checkpoint(folder, model)
    assert load_checkpoint(folder)[1] is None
    assert len(list(folder.iterdir())) == 2  # what is not named any more is removed


@pytest.mark.parametrize("fails", ["weights", "tokenizer", "training", "replace"])
def test_a_save_that_fails_leaves_the_old_checkpoint_whole(tmp_path, tokenizer, fails, monkeypatch):
    old = model_of(seed=1)
    save_checkpoint(tmp_path, old, tokenizer, training={"step": 1})
    files = {path.name for path in tmp_path.iterdir()}

    def full(*args, **options):
        raise OSError("No space left on device")

    if fails == "weights":
        monkeypatch.setattr("safetensors.torch.save_file", full)
    elif fails == "tokenizer":
        monkeypatch.setattr(BPETokenizer, "save", full)
    elif fails == "training":
        monkeypatch.setattr(torch, "save", full)
    else:
        replace = os.replace
        monkeypatch.setattr(os, "replace", lambda a, b: full() if Path(b).name == "config.json" else replace(a, b))
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(tmp_path, model_of(seed=2), tokenizer, training={"step": 2})
    monkeypatch.undo()
    assert same_weights(load_checkpoint(tmp_path)[0], old)
    assert _checkpoints.load_training(tmp_path) == {"step": 1}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".partial")]
    save_checkpoint(tmp_path, model_of(seed=2), tokenizer, training={"step": 2})
    assert len(list(tmp_path.iterdir())) == len(files)
    assert _checkpoints.load_training(tmp_path) == {"step": 2}


def test_checkpoints_that_cannot_be_read_are_named(tmp_path, tokenizer):
    with pytest.raises(FileNotFoundError, match="no checkpoint in"):
        load_checkpoint(tmp_path)
    with pytest.raises(TypeError, match="model must be a GPT, got Linear"):
        save_checkpoint(tmp_path, nn.Linear(2, 2))
    with pytest.raises(TypeError, match="must be a BPETokenizer, got str"):
        save_checkpoint(tmp_path, model_of(), "gpt2")
    save_checkpoint(tmp_path, model_of(), tokenizer)
    with pytest.raises(ValueError, match="nothing to resume"):
        train(model_of(), loader_of(), TrainConfig(steps=2), progress=False, resume_from=tmp_path)
    save_checkpoint(tmp_path, model_of(), tokenizer, training={"steps": 3})
    with pytest.raises(ValueError, match="does not hold the state of a run of train: nothing to resume"):
        train(model_of(), loader_of(), TrainConfig(steps=3), progress=False, resume_from=tmp_path)
    train(model_of(), loader_of(), TrainConfig(steps=3, checkpoint=tmp_path), progress=False, tokenizer=tokenizer)
    with pytest.raises(ValueError, match="has 3 steps behind it, and this run shall have 2 in all: ask for more"):
        train(model_of(), loader_of(), TrainConfig(steps=2), progress=False, resume_from=tmp_path)
    with pytest.raises(ValueError, match="is of another model"):
        train(model_of(n_layers=1), loader_of(), TrainConfig(steps=3), progress=False, resume_from=tmp_path)
    (weights,) = tmp_path.glob("model-*")
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(ValueError, match=f"{weights.name} is damaged: .* Copy the file again from where it is whole"):
        load_checkpoint(tmp_path)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match=r"named in config.json and is gone"):
        load_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text('{"format": "something else"}', encoding="utf-8")
    with pytest.raises(ValueError, match="its format is 'something else'"):
        load_checkpoint(tmp_path)


# --- the command, in one process and in two ---


def run_command(out, *options, processes=1):
    launcher = [] if processes == 1 else ["-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    sizes = "--sentences 300 --vocab-size 300 --context-length 12 --d-model 16 --n-heads 2 --n-layers 2 --steps 12"
    command = [sys.executable, *launcher, "-m", "llmlab.training", "--out", str(out), *sizes.split(), *options]
    root = ROOT
    env = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == 0, done.stderr
    (figures,) = re.findall(r"12 steps: loss (\S+), validation loss (\S+)", done.stdout)
    return [float(figure) for figure in figures]


def test_the_command_trains_alike_in_one_process_and_in_two(tmp_path):
    one, two = run_command(tmp_path / "one"), run_command(tmp_path / "two", processes=2)
    assert one == pytest.approx(two, abs=2e-4)
    (model, tokenizer), (other, _) = load_checkpoint(tmp_path / "one"), load_checkpoint(tmp_path / "two")
    assert len(tokenizer) == model.config.vocab_size
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, other.state_dict()[name], atol=1e-4, rtol=1e-3)
    assert run_command(tmp_path / "two", "--resume", processes=2) == two  # nothing is left to do


def test_the_command_goes_on_from_a_checkpoint(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("once upon a time there was a cat. " * 40, encoding="utf-8")  # no separator: the end validates
    options = ["--text", str(text), "--batch-size", "4"]
    expected = run_command(tmp_path / "a", *options)
    run_command(tmp_path / "b", *options, "--save-every", "5")
    assert run_command(tmp_path / "b", *options, "--resume") == expected
