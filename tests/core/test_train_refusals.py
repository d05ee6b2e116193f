"""What `train` refuses before its first step, and what is left of a run that fails after it."""

import math
import signal

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from llmlab.bpe import train_bpe
from llmlab.gpt import GPT, GPTConfig
from llmlab.tokenizers import CharTokenizer
from llmlab.training import (
    CheckpointNotSaved,
    LossNotFinite,
    TrainConfig,
    _refusals,
    load_checkpoint,
    loop,
    train,
)
from llmlab.windows import create_dataloader

CONFIG = GPTConfig(vocab_size=13, context_length=6, d_model=8, n_heads=2, n_layers=1)
IDS = torch.arange(121) * 5 % 13
INPUTS, TARGETS = IDS[:-1].view(20, 6), IDS[1:].view(20, 6)
BATCHES = [(INPUTS[i : i + 4], TARGETS[i : i + 4]) for i in range(0, 20, 4)]


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return GPT(CONFIG)


def loader_with(generator, **options):
    loader = DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=4, shuffle=True, **options)
    loader.generator = generator
    return loader


def padded(batches, targets=-100):
    return [(inputs, torch.full_like(its_targets, targets)) for inputs, its_targets in batches]


A_WINDOW_TOO_LONG = [(IDS[:28].view(4, 7), IDS[1:29].view(4, 7))]
RARE = [*BATCHES, (INPUTS[:4], TARGETS[:4].masked_fill(TARGETS[:4] == 0, 13))]  # seen only at the fifth step
WAYS = {
    "targets int32": (
        {"train_loader": [(INPUTS, TARGETS.int())]},
        TypeError,
        "targets .* must be torch.int64, got tor",
    ),
    "inputs int16": ({"train_loader": [(INPUTS.short(), TARGETS)]}, TypeError, r"int16: tensor.long\(\) makes it so"),
    "floats": ({"train_loader": [(INPUTS, TARGETS.float())]}, TypeError, "targets .* got torch.float32"),
    "one tensor": ({"train_loader": [INPUTS]}, TypeError, r"must give pairs \(inputs, targets\), got Tensor"),
    "a list of ids": (
        {"train_loader": [([1], [2])]},
        TypeError,
        "inputs .* must be torch.int64, got list",
    ),
    "shapes": ({"train_loader": [(INPUTS, TARGETS[:, :3])]}, ValueError, r"inputs \(20, 6\) with targets \(20, 3\)"),
    "one row": ({"train_loader": [(IDS[:6], IDS[1:7])]}, ValueError, r"of shape \(B, T\) .* got \(6,\)"),
    "window too long": ({"train_loader": A_WINDOW_TOO_LONG}, ValueError, r"context_length 6, got \(4, 7\)"),
    "a rare id": ({"train_loader": RARE}, ValueError, "id 13 is not in the model's vocabulary, .* from 0 to 12"),
    "an id below 0": ({"train_loader": [(INPUTS - 1, TARGETS)]}, ValueError, "inputs of train_loader: id -1 is not in"),
    "a target below 0": ({"train_loader": [(INPUTS, TARGETS - 1)]}, ValueError, "targets of train_loader: id -1 is"),
    "all ignored": ({"train_loader": padded(BATCHES)}, ValueError, "every target of a batch of train_loader is -100"),
    "empty": ({"train_loader": []}, ValueError, "no batch to train on"),
    "no generator": ({"train_loader": loader_with("seed 3")}, TypeError, "must be a torch.Generator, got str"),
    "validation empty": ({"validation": []}, ValueError, "validation has no batch: use a longer text"),
    "validation int32": ({"validation": padded(BATCHES[:1], 3)[:0] + [(INPUTS, TARGETS.int())]}, TypeError, "int32"),
    "validation ids": ({"validation": padded(BATCHES, 13)}, ValueError, "targets of validation: id 13"),
    "validation once": ({"validation": iter(BATCHES)}, TypeError, "again and again, and an iterator ends"),
    "validation None-like": ({"validation": 5}, TypeError, "validation must be a DataLoader, got int"),
    "callback": ({"on_evaluation": "print"}, TypeError, "on_evaluation must be a function of the history, got str"),
    "resume": ({"resume_from": 5}, TypeError, "resume_from must be a folder, got 5"),
    "resume nowhere": ({"resume_from": "no/such/folder"}, FileNotFoundError, "no checkpoint in no/such/folder"),
    "best of nothing": ({"config": TrainConfig(steps=2, keep_best=True)}, ValueError, "give validation=..."),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_used_is_refused_before_the_first_step(way, model, monkeypatch):
    arguments, error, said = WAYS[way]
    stepped = []
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda *_, **__: stepped.append(1))
    with pytest.raises(error, match=said):
        train(model, **{"train_loader": BATCHES, "config": TrainConfig(steps=6)} | arguments, progress=False)
    assert stepped == []


def test_inputs_of_32_bits_are_ids_as_good_as_any(model):
    assert math.isfinite(train(model, [(INPUTS.int(), TARGETS)], TrainConfig(steps=1), progress=False).loss[0])


def test_an_id_that_comes_late_in_a_loader_is_seen_before_the_first_step(model):
    tokenizer = train_bpe("a", 256 + 1, special_tokens=["<|endoftext|>"])
    larger = GPT(GPTConfig(123, 6, 8, 2, 1))  # "z" is 122, "|" is 124
    for stride in (1, 6, 9):
        sizes = {"batch_size": 2, "max_length": 6, "stride": stride, "shuffle": False, "tokenizer": tokenizer}
        train(larger, create_dataloader("xyz " * 100, **sizes), TrainConfig(steps=1), progress=False)
        with pytest.raises(ValueError, match="targets of train_loader: id 124 is not in the model's vocabulary"):
            text = "xyz " * 100 + "|" + "xyz " * 4 if stride < 9 else "xyz " * 90 + "|" * 9 + "xyz " * 4
            train(larger, create_dataloader(text, **sizes), TrainConfig(steps=1), progress=False)


def test_a_tokenizer_that_cannot_be_saved_is_refused_where_it_would_be_saved(model, tmp_path):
    tokenizer = CharTokenizer(list("abc"))
    with pytest.raises(TypeError, match="tokenizer must be a BPETokenizer, got .* Leave it out to save the model"):
        train(model, BATCHES, TrainConfig(steps=2, checkpoint=tmp_path), progress=False, tokenizer=tokenizer)
    assert list(tmp_path.iterdir()) == []
    train(model, BATCHES, TrainConfig(steps=2), progress=False, tokenizer=tokenizer)


@pytest.mark.parametrize("below", [False, True])
def test_a_checkpoint_that_is_a_file_is_refused(model, tmp_path, below):
    (tmp_path / "run").write_text("mine")
    folder = tmp_path / "run" / "new" if below else tmp_path / "run"
    with pytest.raises(NotADirectoryError, match="a checkpoint is a folder, and .*run.* is a file: name another"):
        train(model, BATCHES, TrainConfig(steps=2, checkpoint=folder), progress=False)
    assert (tmp_path / "run").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused(model, tmp_path, monkeypatch):
    def read_only(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)  # for root every folder can be written
    with pytest.raises(PermissionError, match=r"run cannot be written \(Permission denied\): name another"):
        train(model, BATCHES, TrainConfig(steps=2, checkpoint=tmp_path / "run"), progress=False)


@pytest.mark.parametrize(
    ("batch_size", "drop_last", "said"), [(3, True, "a batch of 3 windows"), (8, False, "a batch of 3 windows")]
)
def test_batches_that_processes_cannot_share_are_refused(batch_size, drop_last, said):
    loader = DataLoader(TensorDataset(INPUTS[:19], TARGETS[:19]), batch_size=batch_size, drop_last=drop_last)
    with pytest.raises(ValueError, match=f"2 processes cannot share {said} equally: choose a batch_size that 2 div"):
        _refusals._require_shares(loader, 2)
    _refusals._require_shares(loader, 1)


def test_looking_into_validation_draws_nothing(model):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    shuffled = loader_with(torch.Generator().manual_seed(5))
    state = shuffled.generator.get_state()
    with pytest.raises(ValueError, match="no batch to train on"):
        train(model, [], TrainConfig(steps=2), progress=False, validation=shuffled)
    assert torch.equal(shuffled.generator.get_state(), state) and torch.equal(torch.get_rng_state(), before)


def test_an_iterator_that_ends_is_named(model):
    with pytest.raises(ValueError, match="ended after 5 batches and cannot begin anew: pass a list") as caught:
        train(model, iter(BATCHES), TrainConfig(steps=9), progress=False)
    assert len(caught.value.history.loss) == 5


# --- what was done survives ---


def full(*_, **__):
    raise OSError(28, "No space left on device")


def test_a_save_that_fails_at_the_end_loses_neither_history_nor_weights(model, tmp_path, monkeypatch):
    before = model.head.weight.clone()
    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(CheckpointNotSaved, match="No space left .* learned in 3 steps: save_checkpoint") as caught:
        train(model, BATCHES, TrainConfig(steps=3, checkpoint=tmp_path), progress=False)
    assert len(caught.value.history.loss) == 3 and not torch.equal(model.head.weight, before)


def test_a_folder_that_is_gone_at_the_end_is_made_anew(model, tmp_path):
    folder = tmp_path / "run"
    remove = {"on_evaluation": lambda history: folder.rmdir()}
    train(model, BATCHES, TrainConfig(steps=3, checkpoint=folder), progress=False, **remove)
    assert torch.equal(load_checkpoint(folder)[0].head.weight, model.head.weight)


def test_a_folder_that_became_a_file_is_named_at_the_end(model, tmp_path):
    folder = tmp_path / "run"

    def replace(history):
        folder.rmdir()
        folder.write_text("mine")

    with pytest.raises(CheckpointNotSaved, match="is a file: name another folder") as caught:
        train(model, BATCHES, TrainConfig(steps=3, checkpoint=folder), progress=False, on_evaluation=replace)
    assert len(caught.value.history.loss) == 3


class Trouble(Exception):
    pass


@pytest.mark.parametrize("error", [Trouble, SystemExit])
def test_an_error_in_the_callback_carries_the_history(model, error):
    def fail(history):
        raise error("mine")

    with pytest.raises(error, match="mine") as caught:
        train(model, BATCHES, TrainConfig(steps=9, evaluate_every=4), progress=False, on_evaluation=fail)
    assert len(caught.value.history.loss) == 4


def test_an_interrupt_in_the_callback_keeps_what_was_learned(model, tmp_path):
    def press(history):
        if len(history.loss) == 4:
            raise KeyboardInterrupt

    config = TrainConfig(steps=9, evaluate_every=2, checkpoint=tmp_path)
    before = signal.getsignal(signal.SIGINT)
    history = train(model, BATCHES, config, progress=False, on_evaluation=press)
    assert history.interrupted and len(history.loss) == 5 and signal.getsignal(signal.SIGINT) is before
    assert torch.equal(load_checkpoint(tmp_path)[0].head.weight, model.head.weight)


def test_a_batch_of_padding_is_not_blamed_on_the_learning_rate(model):
    batches = [*BATCHES[:2], *padded(BATCHES[:1])]
    with pytest.raises(ValueError, match="every target of a batch .* is a mask the wrong way round") as caught:
        train(model, iter(batches), TrainConfig(steps=9), progress=False)
    assert not isinstance(caught.value, LossNotFinite) and len(caught.value.history.loss) == 2


def test_the_loop_looks_at_each_batch(model):
    """A loader that is no list and no window data set shows its batches one by one."""
    with pytest.raises(ValueError, match="id 13 is not in the model's vocabulary") as caught:
        train(model, iter(RARE), TrainConfig(steps=9), progress=False)
    assert len(caught.value.history.loss) == 5
    assert loop.require_batch is _refusals.require_batch
