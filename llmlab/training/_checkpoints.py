"""Saving a model so that it can be used, and a run so that it can go on (lesson 08). Public in `llmlab.training`.

A checkpoint is a folder:

    config.json                 the sizes of the model, and the names of the other files
    model-….safetensors         the weights
    tokenizer-….json            the tokenizer, where one was given
    training-….pt               optimizer, step and random state, where the run is to go on

The other files carry a digest of their content in their names, and `config.json` is replaced last, in one step. So a
save that fails half-way leaves the old checkpoint as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from llmlab.bpe import BPETokenizer
from llmlab.gpt import GPT, GPTConfig
from llmlab.utils.arguments import require_kind
from llmlab.utils.bundled import data_path

FORMAT = "llmlab checkpoint 1"
_TIED = "head.weight"  # shares the token embedding's table when weights are tied, and is then saved once


def save_checkpoint(
    folder: str | Path, model: GPT, tokenizer: BPETokenizer | None = None, *, training: dict[str, Any] | None = None
) -> None:
    """Write `model`, its tokenizer and, for a run that is to go on, the state of the training into `folder`.

    Args:
        folder: made where it does not exist; a checkpoint in it is replaced, whole or not at all.
        model: a GPT, on any device.
        tokenizer: the one whose ids the model reads.
        training: what `train` needs to go on: tensors, numbers, and lists and dictionaries of them.

    Raises:
        TypeError: the model is not a GPT or the tokenizer not a BPETokenizer.
        OSError: the folder cannot be written; an older checkpoint in it is still whole.
    """
    require_kind("model", model, GPT, "a GPT")
    if tokenizer is not None and not isinstance(tokenizer, BPETokenizer):
        raise TypeError(f"tokenizer must be a BPETokenizer, got {type(tokenizer).__name__}: it is saved with the model")
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if model.config.tie_weights:
        del weights[_TIED]
    files = {"weights": _place(folder, "model", ".safetensors", lambda path: save_file(weights, path))}
    if tokenizer is not None:
        files["tokenizer"] = _place(folder, "tokenizer", ".json", tokenizer.save)
    if training is not None:
        files["training"] = _place(folder, "training", ".pt", lambda path: torch.save(training, path))
    content = json.dumps({"format": FORMAT, "model": asdict(model.config), "files": files}, indent=1) + "\n"
    _place(folder, "config", ".json", lambda path: Path(path).write_text(content, encoding="utf-8"), name="config.json")

    for kind, suffix in (("model", ".safetensors"), ("tokenizer", ".json"), ("training", ".pt")):
        for path in folder.glob(f"{kind}-*{suffix}"):
            if path.name not in files.values():
                path.unlink()


def load_checkpoint(folder: str | Path = "tiny") -> tuple[GPT, BPETokenizer | None]:
    """The model, in evaluation mode on the CPU, and its tokenizer (None where it was saved without).

    Args:
        folder: what `save_checkpoint` wrote; "tiny" is the small GPT that comes with the course (data/README.md).

    Raises:
        FileNotFoundError: no checkpoint there, or a file of it is gone.
        ValueError: the files are damaged or of another format.
    """
    folder = data_path("tiny") if folder == "tiny" else Path(folder)
    files = read_config(folder)["files"]
    model = GPT(read_model_config(folder))
    load_weights(folder, model)
    tokenizer = BPETokenizer.load(_existing(folder / files["tokenizer"])) if "tokenizer" in files else None
    return model.eval(), tokenizer


def load_weights(folder: Path, model: GPT) -> None:
    """Fill `model`, whose sizes must be those of the checkpoint."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    saved = read_model_config(folder)
    if saved != model.config:
        raise ValueError(f"the checkpoint {folder} is of another model: {saved}, not {model.config}")
    path = _existing(folder / read_config(folder)["files"]["weights"])
    try:
        weights = load_file(path)
        if model.config.tie_weights:
            weights[_TIED] = weights["embedding.token.weight"]
        model.load_state_dict(weights)
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise ValueError(f"{path} does not hold the weights of this model: {error}") from error


def load_training(folder: Path) -> dict[str, Any]:
    """What `save_checkpoint` was given as `training`."""
    files = read_config(folder)["files"]
    if "training" not in files:
        raise ValueError(f"the checkpoint {folder} holds a model but no state of a training run: nothing to resume")
    return torch.load(_existing(folder / files["training"]), map_location="cpu", weights_only=True)


def read_model_config(folder: Path) -> GPTConfig:
    return GPTConfig(**read_config(folder)["model"])


def read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"no checkpoint in {folder}: it should hold a config.json that save_checkpoint wrote")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, expected {FORMAT!r}")
        return content
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not the config.json of a checkpoint: {error}") from error


def _existing(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"{path} is named in config.json and is gone: restore it, or save the checkpoint again")
    return path


def _place(folder: Path, kind: str, suffix: str, write: Callable[[str], object], *, name: str | None = None) -> str:
    """Have `write` fill a file beside its place, flush it to the disk, then move it there in one step."""
    handle, partial = tempfile.mkstemp(prefix=".partial-", suffix=suffix, dir=folder)
    os.close(handle)
    try:
        write(partial)
        with open(partial, "rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        name = name or f"{kind}-{digest[:12]}{suffix}"
        os.chmod(partial, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(partial, folder / name)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return name
