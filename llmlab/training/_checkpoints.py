"""Saving a model so that it can be used, and a run so that it can go on (lesson 11). Public in `llmlab.training`.

A checkpoint is a folder:

    config.json                 the sizes of the model, and the names of the other files
    model-….safetensors         the weights
    tokenizer-….json            the tokenizer, where one was given
    training-….pt               optimizer, step and random state, where the run is to go on

The other files carry a digest of their content in their names, and `config.json` is replaced last, in one step. So a
save that fails half-way leaves the old checkpoint as it was, and a file that was damaged since is not taken for whole.
"""

from __future__ import annotations

import json
import pickle
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any, overload

import torch
from torch import Tensor

from llmlab.bpe import BPETokenizer
from llmlab.gpt import GPT, GPTConfig
from llmlab.training._files import CONFIG, FORMAT, place, prepare_folder, read_config, whole_file
from llmlab.utils.arguments import require_kind
from llmlab.utils.bundled import data_path
from llmlab.utils.modules import unwrapped

_TIED = "head.weight"  # shares the token embedding's table when weights are tied, and is then saved once


def require_savable(tokenizer: object) -> None:
    """Raise unless `tokenizer` can be saved with a model: a BPETokenizer, or None for none."""
    if tokenizer is not None and not isinstance(tokenizer, BPETokenizer):
        raise TypeError(
            f"tokenizer must be a BPETokenizer, got {type(tokenizer).__name__}: it is saved with the model. Leave it "
            "out to save the model alone"
        )


def save_checkpoint(
    folder: str | Path,
    model: GPT,
    tokenizer: BPETokenizer | None = None,
    *,
    training: dict[str, Any] | None = None,
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
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    require_savable(tokenizer)
    write_checkpoint(Path(folder), model.config, model.state_dict(), tokenizer, training)


def write_checkpoint(
    folder: Path,
    config: GPTConfig,
    weights: dict[str, Tensor],
    tokenizer: BPETokenizer | None,
    training: dict[str, Any] | None,
) -> None:
    """What `save_checkpoint` does, for weights by the names of a GPT's `state_dict()`."""
    from safetensors.torch import save_file

    prepare_folder(folder)
    # A part that `torch.compile` wraps has another name in between, which the model that is loaded would not have.
    named = {name.replace("_orig_mod.", ""): tensor for name, tensor in weights.items()}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}
    if config.tie_weights:
        del tensors[_TIED]
    files = {"weights": place(folder, "model", ".safetensors", lambda path: save_file(tensors, path))}
    if tokenizer is not None:
        files["tokenizer"] = place(folder, "tokenizer", ".json", tokenizer.save)
    if training is not None:
        files["training"] = place(folder, "training", ".pt", lambda path: torch.save(training, path))
    content = json.dumps({"format": FORMAT, "model": asdict(config), "files": files}, indent=1) + "\n"
    place(folder, "config", ".json", lambda path: Path(path).write_text(content, encoding="utf-8"), name=CONFIG)

    for kind, suffix in (("model", ".safetensors"), ("tokenizer", ".json"), ("training", ".pt")):
        for path in folder.glob(f"{kind}-*{suffix}"):
            if path.name not in files.values():
                path.unlink()


@overload
def load_checkpoint(folder: None = None) -> tuple[GPT, BPETokenizer]: ...
@overload
def load_checkpoint(folder: str | Path) -> tuple[GPT, BPETokenizer | None]: ...
def load_checkpoint(folder: str | Path | None = None) -> tuple[GPT, BPETokenizer | None]:
    """The model, in evaluation mode on the CPU, and its tokenizer (None where it was saved without).

    Args:
        folder: what `save_checkpoint` wrote; None for the small GPT that comes with the course (data/README.md). "tiny"
            names that one, too, unless there is a checkpoint of your own in ./tiny.

    Raises:
        TypeError: the folder is neither a str nor a Path.
        FileNotFoundError: no checkpoint there, or a file of it is gone.
        ValueError: the files are damaged or of another format.

    Warns:
        UserWarning: "tiny" was taken for your folder, and not for the course's model.
    """
    if not isinstance(folder, str | Path | None):
        raise TypeError(f"folder must be that of a checkpoint, as a str or Path, got {folder!r}")
    if folder == "tiny" and (Path(folder) / CONFIG).is_file():
        warnings.warn(
            f'load_checkpoint("tiny") takes your own checkpoint in {Path(folder).absolute()}; load_checkpoint() gives '
            "the GPT that comes with the course",
            stacklevel=2,
        )
        folder = Path(folder)
    folder = data_path("tiny") if folder in (None, "tiny") else Path(folder)
    config = model_config(folder)
    weights = _weights(folder, config)
    model = GPT(config).to(next(iter(weights.values())).dtype)
    model.load_state_dict(weights)
    return model.eval(), load_tokenizer(folder)


def load_tokenizer(folder: Path) -> BPETokenizer | None:
    """The tokenizer alone; None where the model was saved without."""
    name = read_config(folder)["files"].get("tokenizer")
    return None if name is None else BPETokenizer.load(whole_file(folder, name))


def load_weights(folder: Path, model: GPT) -> None:
    """Fill `model`, whose sizes must be those of the checkpoint."""
    config = model_config(folder)
    if config != model.config:
        raise ValueError(f"the checkpoint {folder} is of another model: {config}, not {model.config}")
    model.load_state_dict(_weights(folder, config))


def load_training(folder: Path) -> dict[str, Any]:
    """What `save_checkpoint` was given as `training`."""
    files = read_config(folder)["files"]
    if "training" not in files:
        raise ValueError(f"the checkpoint {folder} holds a model but no state of a training run: nothing to resume")
    path = whole_file(folder, files["training"])
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, LookupError, TypeError) as error:
        raise ValueError(
            f"{path} does not hold the state of a training run: {error}. Save the checkpoint again"
        ) from error


def model_config(folder: Path) -> GPTConfig:
    sizes = read_config(folder)["model"]
    try:
        return GPTConfig(**sizes)
    except (TypeError, ValueError) as error:  # a name that is not known here, or a size that cannot be
        raise ValueError(
            f"{folder / CONFIG} does not name the sizes of a GPT: {error}. If a newer llmlab wrote it, update; else "
            "restore the file, or save the checkpoint again"
        ) from error


def _weights(folder: Path, config: GPTConfig) -> dict[str, Tensor]:
    """The tensors of a checkpoint, which have the names and shapes of such a model, and one dtype."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = whole_file(folder, read_config(folder)["files"]["weights"])
    try:
        weights = load_file(path)
        if config.tie_weights:
            weights[_TIED] = weights["embedding.token.weight"]
    except (SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise ValueError(f"{path} does not hold the weights of this model: {error}") from error
    with torch.device("meta"):  # shapes alone: sizes that are wrong may also be larger than the memory
        expected = {name: tensor.shape for name, tensor in GPT(config).state_dict().items()}
    found = {name: tensor.shape for name, tensor in weights.items()}
    if found != expected or len({tensor.dtype for tensor in weights.values()}) > 1:
        wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        raise ValueError(
            f"{path} does not hold the weights of this model: they differ in {', '.join(wrong[:3]) or 'dtype'}. Was "
            "config.json changed, or does one of the two come from another checkpoint?"
        )
    return weights
