"""Checkpoints that are damaged, foreign, older or newer: a sentence with the file's name, and never other weights."""

import json
import random
import shutil
import warnings

import pytest
import torch

from llmlab.bpe import train_bpe
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import TrainConfig, load_checkpoint, save_checkpoint, train

SIZES = GPTConfig(vocab_size=13, context_length=6, d_model=8, n_heads=2, n_layers=1, tie_weights=True)
BATCHES = [(torch.ones(2, 6, dtype=torch.int64), torch.ones(2, 6, dtype=torch.int64))]
CASES = 100  # of each kind, for each file


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GPT(SIZES)
    tokenizer = train_bpe("the cat and the other cat", 262)
    train(model, BATCHES, TrainConfig(steps=1, checkpoint=folder), progress=False, tokenizer=tokenizer)
    return folder


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def flipped(content, draw):
    place = draw.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << draw.randrange(8))]) + content[place + 1 :]


def cut(content, draw):
    return content[: draw.randrange(len(content))]


def torn(content, draw):
    """A stretch of zeros, as a file system leaves after a crash."""
    start = draw.randrange(len(content))
    return content[:start] + bytes(min(64, len(content) - start)) + content[start + 64 :]


def everything(folder):
    """All that the checkpoint gives: the model's tensors, the tokenizer, a resumed history."""
    model, tokenizer = load_checkpoint(folder)
    resumed = GPT(SIZES)
    history = train(resumed, BATCHES, TrainConfig(steps=1), progress=False, resume_from=folder)
    return model.state_dict(), None if tokenizer is None else tokenizer.vocabulary, history, resumed.state_dict()


@pytest.mark.parametrize("harm", [flipped, cut, torn])
@pytest.mark.parametrize("kind", ["config", "model", "tokenizer", "training"])
def test_a_damaged_file_is_named_or_the_checkpoint_is_what_it_was(kind, harm, whole, run):
    (file,) = run.glob(f"{kind}*")
    content, expected = file.read_bytes(), everything(whole)
    draw, silent = random.Random(f"{kind} {harm.__name__}"), 0
    for _ in range(CASES):
        file.write_bytes(harm(content, draw))
        try:
            found = everything(run)
        except (ValueError, FileNotFoundError) as error:
            # Of config.json also a name in it may be damaged, and then that file seems to be gone.
            assert str(run) in str(error) and len(str(error)) > 60
        else:
            silent += 1
            torch.testing.assert_close(found[0], expected[0], rtol=0, atol=0)
            torch.testing.assert_close(found[3], expected[3], rtol=0, atol=0)
            assert found[1] in (expected[1], None) and found[2] == expected[2]
    assert silent == 0 or kind == "config" or harm is torn  # there may be zeros already where zeros are put


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"format": "llmlab checkpoint 1", "model": {}}, "'files' is missing. Restore the file"),
        ({"format": "llmlab checkpoint 1", "files": {"weights": "x"}}, "'model' is missing"),
        ({"format": "llmlab checkpoint 1", "model": {}, "files": {}}, "'weights' is missing"),
        ({"format": "llmlab checkpoint 1", "model": [], "files": {}}, '"model" must name the sizes'),
        ({"format": "llmlab checkpoint 1", "model": {}, "files": {"weights": 5}}, "5 is not the name of a file beside"),
        (
            {"format": "llmlab checkpoint 1", "model": {}, "files": {"weights": "../x"}},
            "'../x' is not the name of a fi",
        ),
        ({"format": "llmlab checkpoint 2", "model": {}, "files": {}}, "its format is 'llmlab checkpoint 2', expected"),
        ({"model_type": "gpt2", "n_layer": 12}, "'format' is missing"),
        ([1, 2], "it holds no names with values"),
        (None, "it holds no names with values"),
    ],
)
def test_a_foreign_config_is_named(content, said, run):
    (run / "config.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=f"{run}/config.json is not the config.json.*{said}"):
        load_checkpoint(run)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "Expecting value"), (b"\xff\xfe", "invalid start byte"), (b"[" * 100_000, "maximum recursion depth")],
)
def test_a_config_that_is_no_json_is_named(content, said, run):
    (run / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=f"is not the config.json of a checkpoint: .*{said}"):
        load_checkpoint(run)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n_memories": 8}, "does not name the sizes of a GPT: .*n_memories.* If a newer llmlab wrote it, update"),
        ({"d_model": 0}, "does not name the sizes of a GPT: d_model must be at least 1, got 0"),
        ({"d_model": "8"}, "does not name the sizes of a GPT: d_model must be an int"),
        ({"n_layers": 2}, "does not hold the weights of this model: they differ in blocks.1.* Was config.json changed"),
        ({"vocab_size": 10**12}, "they differ in .*embedding.token.weight"),
        ({"tie_weights": False}, "they differ in head.weight"),
    ],
)
def test_sizes_that_the_weights_do_not_have_are_named(changed, said, run):
    content = json.loads((run / "config.json").read_text(encoding="utf-8"))
    content["model"] |= changed
    (run / "config.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        load_checkpoint(run)


def test_a_checkpoint_of_the_first_edition_goes_on(run, tmp_path):
    """It had no random state of MPS, no best weights, and file names that need not carry a digest."""
    (file,) = run.glob("training-*")
    state = torch.load(file, weights_only=True)
    del state["random"]["mps"]
    model, tokenizer = load_checkpoint(run)
    save_checkpoint(tmp_path / "old", model, tokenizer, training=state)
    content = json.loads((tmp_path / "old/config.json").read_text(encoding="utf-8"))
    (tmp_path / "old" / content["files"]["weights"]).rename(tmp_path / "old/model.safetensors")
    content["files"]["weights"] = "model.safetensors"
    (tmp_path / "old/config.json").write_text(json.dumps(content), encoding="utf-8")
    history = train(GPT(SIZES), BATCHES, TrainConfig(steps=2), progress=False, resume_from=tmp_path / "old")
    assert len(history.loss) == 2
    (tmp_path / "old/model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ValueError, match="old/model.safetensors does not hold the weights of this model"):
        load_checkpoint(tmp_path / "old")


def test_what_names_no_folder_is_said():
    with pytest.raises(TypeError, match="folder must be that of a checkpoint, as a str or Path, got 5"):
        load_checkpoint(5)


def test_a_state_that_torch_cannot_read_is_named(run):
    content = json.loads((run / "config.json").read_text(encoding="utf-8"))
    (run / "mine.pt").write_bytes(b"no archive")
    content["files"]["training"] = "mine.pt"
    (run / "config.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="mine.pt does not hold the state of a training run"):
        train(GPT(SIZES), BATCHES, TrainConfig(steps=2), progress=False, resume_from=run)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_keep_their_dtype(dtype, tmp_path):
    model = GPT(SIZES).to(dtype)
    save_checkpoint(tmp_path, model)
    loaded, _ = load_checkpoint(tmp_path)
    torch.testing.assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)


# --- a name that hides the learner's own ---


def test_your_own_folder_called_tiny_is_taken_and_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_checkpoint("tiny")[0].config == load_checkpoint()[0].config
        (tmp_path / "tiny").mkdir()  # an empty folder is no checkpoint
        assert load_checkpoint("tiny")[0].config == load_checkpoint()[0].config
    save_checkpoint("tiny", GPT(SIZES))
    with pytest.warns(UserWarning, match=r'load_checkpoint\("tiny"\) takes your own checkpoint in .*tiny; load_ch'):
        model, _ = load_checkpoint("tiny")
    assert model.config == SIZES
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_checkpoint()[0].config != SIZES
        assert load_checkpoint(tmp_path / "tiny")[0].config == SIZES
