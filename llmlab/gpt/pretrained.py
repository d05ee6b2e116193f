"""OpenAI's GPT-2, from the files that Hugging Face publishes. Nothing is downloaded here.

Four files make a model: its sizes (`config.json`), its weights (`model.safetensors`), and its tokenizer (`vocab.json`
and `merges.txt`, or one `tokenizer.json`). The folder may hold any model of GPT-2's architecture; what our GPT does
otherwise than the file asks for is refused by name, rather than computed wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from llmlab.bpe import BPETokenizer
from llmlab.gpt.config import GPTConfig
from llmlab.gpt.model import GPT
from llmlab.gpt.weights import count_layers, load_gpt2_weights, without_prefix

_SOURCE = "https://huggingface.co/openai-community/gpt2/tree/main"
_SIZES = {
    "vocab_size": "vocab_size",
    "context_length": "n_positions",
    "d_model": "n_embd",
    "n_heads": "n_head",
    "n_layers": "n_layer",
}
# What our GPT computes; what a file that leaves the entry out means is the first.
_OURS = {
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),  # two names of one formula
    "layer_norm_epsilon": (1e-5,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "reorder_and_upcast_attn": (False,),
    "add_cross_attention": (False,),
}


def load_gpt2(folder: str | Path) -> tuple[GPT, BPETokenizer]:
    """GPT-2, or a model of its architecture, from a folder with Hugging Face's files.

    Args:
        folder: holds config.json, model.safetensors, and vocab.json with merges.txt (or tokenizer.json). For GPT-2
            itself they lie at https://huggingface.co/openai-community/gpt2/tree/main, and the small one takes 550 MB.

    Returns:
        the model, in evaluation mode on the CPU, its weights in float32, without dropout; and its tokenizer.

    Raises:
        FileNotFoundError: the folder or one of its files is missing.
        ValueError: a file is damaged, does not belong to the others, or asks for what our GPT does not compute; the
            message names the file and the entry.

    Source: Radford et al. 2019, "Language models are unsupervised multitask learners".
    """
    folder = Path(folder)
    paths = {name: _existing(folder, name) for name in ("config.json", "model.safetensors")}
    if not (folder / "tokenizer.json").exists():
        paths |= {name: _existing(folder, name) for name in ("vocab.json", "merges.txt")}
    tokenizer = BPETokenizer.from_files(folder)
    config = _read_config(paths["config.json"])
    largest = max([*tokenizer.vocabulary, *tokenizer.special_tokens.values()])
    if largest >= config.vocab_size:
        raise ValueError(
            f"the tokenizer in {folder} has the id {largest}, and {paths['config.json']} a vocab_size of "
            f"{config.vocab_size}: take both from one model"
        )
    return _filled(config, paths["model.safetensors"]).eval(), tokenizer


def _existing(folder: Path, name: str) -> Path:
    if (folder / name).is_file():
        return folder / name
    raise FileNotFoundError(
        f"there is no file {folder / name}: load_gpt2 reads config.json, model.safetensors, vocab.json and merges.txt. "
        f"Download the four into one folder, GPT-2's from {_SOURCE}; nothing is downloaded here"
    )


def _read_config(path: Path) -> GPTConfig:
    """The sizes in Hugging Face's config.json, of a model that our GPT can be."""
    try:
        theirs = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(theirs, dict):
            raise ValueError(f"it holds {type(theirs).__name__}, expected names with values")
        _require_ours(theirs)
        sizes = {ours: theirs[name] for ours, name in _SIZES.items()}
        tied = theirs.get("tie_word_embeddings", True)
        return GPTConfig(**sizes, qkv_bias=True, tie_weights=tied)
    except KeyError as error:
        raise ValueError(f"{path} has no entry {error}: is it GPT-2's? Download it again from {_SOURCE}") from None
    except (ValueError, TypeError) as error:  # not JSON or not UTF-8, too
        raise ValueError(f"{path} is not the config.json of a GPT-2 that can be loaded: {error}") from None


def _require_ours(theirs: dict[str, Any]) -> None:
    """Raise unless our GPT computes what Hugging Face's configuration asks for."""
    allowed = {"model_type": ("gpt2",), **_OURS, "n_inner": (None, _times_four(theirs.get("n_embd")))}
    for name, values in allowed.items():
        found = theirs[name] if name == "model_type" else theirs.get(name, values[0])
        if found not in values:
            raise ValueError(f"{name} is {found!r}, and this GPT knows {' or '.join(map(repr, values))} only")


def _times_four(width: object) -> int | None:
    return 4 * width if isinstance(width, int) else None


def _filled(config: GPTConfig, path: Path) -> GPT:
    """A GPT of these sizes with the weights in `path`."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = without_prefix(load_file(path))
        _require_sizes(config, weights)
        if not config.tie_weights and "lm_head.weight" not in weights:
            raise ValueError("config.json has tie_word_embeddings false, and there is no lm_head.weight")
        with torch.random.fork_rng(devices=[]):  # the first weights are drawn, and then replaced
            model = GPT(config)
        load_gpt2_weights(model, weights)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        said = error.args[0] if isinstance(error, KeyError) else error  # a KeyError's text comes in quotes
        raise ValueError(
            f"{path} does not hold the weights of this model: {said}. Download it and config.json again, from one model"
        ) from None
    return model


def _require_sizes(config: GPTConfig, weights: dict[str, Tensor]) -> None:
    """Raise unless the weights are as many as `config` says, before a model of that size is built."""
    if count_layers(weights) != config.n_layers:
        raise ValueError(f"it has {count_layers(weights)} layers, and config.json says n_layer={config.n_layers}")
    for name, rows in (("wte.weight", config.vocab_size), ("wpe.weight", config.context_length)):
        if name not in weights or weights[name].shape != (rows, config.d_model):
            found = f"of shape {tuple(weights[name].shape)}" if name in weights else "missing"
            raise ValueError(f"{name} is {found}, expected ({rows}, {config.d_model}) by config.json")
