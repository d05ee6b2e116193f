"""Writing the page: what stands beside the weights, and where the file goes."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import torch

from llmlab.bpe import BPETokenizer
from llmlab.export._packing import (
    BYTES,
    LARGEST,
    Precision,
    described_config,
    described_tokenizer,
    moved_by_rounding,
    packed_weights,
    require_fitting,
    require_size,
)
from llmlab.generation.sampling import require_settings
from llmlab.gpt import GPT, GPTConfig, count_parameters
from llmlab.training._checkpoints import load_checkpoint, model_config
from llmlab.training._files import CONFIG, read_config
from llmlab.utils.bundled import data_path

_HERE = Path(__file__).parent / "page"
_MARK = '<meta name="generator" content="llmlab export">'  # a page of ours, which may be replaced
_SCRIPTS = ("unpacking", "sampling", "tokenizer", "page")  # beside the forward pass, which the page also shows


@dataclass(frozen=True)
class ExportedPage:
    """A page that was written.

    Attributes:
        path: where it is.
        bytes: how large it is.
        rounding: the largest change of a logit by rounding the weights; 0 where none was rounded.
    """

    path: Path
    bytes: int
    rounding: float


def export_page(
    folder: str | Path,
    page: str | Path,
    *,
    title: str = "A small language model",
    about: str | None = None,
    prompts: Sequence[str] = (),
    temperature: float = 0.8,
    top_p: float = 1.0,
    precision: Precision = "float32",
) -> ExportedPage:
    """Write the model of a checkpoint, with its tokenizer, as one HTML file that generates text in a browser.

    Args:
        folder: what `save_checkpoint` or `llmlab train` wrote; "tiny" for the course's own model.
        page: the file; one that an earlier call wrote is replaced, any other is not.
        title: the heading of the page.
        about: a sentence or two below it; None for one that names the number of weights.
        prompts: beginnings to choose from; the page opens with the first, or with a line break.
        temperature, top_p: how the page draws when it opens, at most 2 and 1.
        precision: "float32", or "float16" for half the size; how far that moves the logits is measured and returned.

    Raises:
        TypeError: prompts that are one text, or a title that is none.
        FileNotFoundError, ValueError: no checkpoint there, or a damaged one; no tokenizer, or one that does not fit;
            a page of more than 20 MB. Nothing is written then.
        OSError: the file cannot be written.
    """
    if precision not in BYTES:
        raise ValueError(f'precision must be "float32" or "float16", got {precision!r}')
    if isinstance(prompts, str):
        raise TypeError(f"prompts must be a list of texts, got one text: write [{prompts!r}]")
    for name, text in (
        ("title", title),
        ("about", "" if about is None else about),
        *(("a prompt", p) for p in prompts),
    ):
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a text, got {text!r} ({type(text).__name__})")
    require_settings(temperature, None, top_p)
    if temperature > 2:
        raise ValueError(f"the page's slider for the temperature ends at 2, got {temperature}: choose a lower one")
    place = Path(page)
    _require_place(place)
    folder = data_path("tiny") if str(folder) == "tiny" and not (Path(folder) / CONFIG).is_file() else Path(folder)
    read_config(folder)
    require_size(model_config(folder), precision)
    model, tokenizer = load_checkpoint(folder)
    require_fitting(tokenizer, model.config, where=folder)
    assert tokenizer is not None  # or it would not fit
    content = page_of(
        model,
        tokenizer,
        title=title,
        about=about,
        prompts=prompts,
        precision=precision,
        temperature=temperature,
        top_p=top_p,
    ).encode()
    if len(content) > LARGEST:  # a vocabulary of very long tokens
        raise ValueError(
            f"the page would have {len(content) / 1e6:,.1f} MB, and at most {LARGEST / 1e6:.0f} are taken: train a "
            "model with a smaller vocabulary"
        )
    _write(place, content)
    return ExportedPage(place, len(content), moved_by_rounding(model, precision))


def page_of(
    model: GPT,
    tokenizer: BPETokenizer,
    *,
    title: str,
    about: str | None,
    prompts: Sequence[str],
    temperature: float,
    top_p: float,
    precision: Precision,
) -> str:
    """The page as a text, for a model and a tokenizer that fit each other."""
    config = model.config
    tables, weights = packed_weights(model, precision)
    description = {
        "tokenizer": described_tokenizer(tokenizer),
        "model": {"config": described_config(config), "tables": tables, "dtype": precision},
        "start": tokenizer.encode("\n"),  # where the box is empty
        "probe": _probe(model, tokenizer, prompts[0] if prompts else "\n"),
    }
    if about is None:
        about = f"A GPT of {count_parameters(config).total:,} weights. It runs here, in your browser."
    chips = "".join(
        f'<button type="button" class="chip" data-prompt="{escape(prompt)}">{escape(prompt.strip()) or "(line break)"}'
        "</button>"
        for prompt in prompts
    )
    parts = {
        "css": _part("page.css"),
        "forward": _part("forward.js"),
        "script": "\n".join(_part(f"{name}.js") for name in _SCRIPTS),
        "title": escape(title),
        "about": escape(about),
        "temperature": f"{temperature:g}",
        "topp": f"{top_p:g}",
        "prompt": "\n" + escape(prompts[0] if prompts else ""),  # HTML drops a first line break
        "chips": f'<div class="chips">{chips}</div>' if len(prompts) > 1 else "",
        "facts": "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in _facts(config, precision)),
        # In JSON "<" stands only inside texts; written so, none of them can end the element.
        "description": json.dumps(description).replace("<", "\\u003c"),
        "weights": weights,
    }
    return re.sub("%%([a-z]+)%%", lambda match: parts[match[1]], _part("page.html"))


@torch.no_grad()
def _probe(model: GPT, tokenizer: BPETokenizer, text: str) -> dict[str, list]:
    """Some of the logits that PyTorch computes after a text: the page says how far its own are from them."""
    ids = tokenizer.encode(text, allowed_special="all")[-model.config.context_length :] or [0]
    logits = model(torch.tensor([ids]))[0, -1].tolist()
    of = list(range(0, len(logits), max(1, len(logits) // 100)))
    return {"ids": ids, "of": of, "logits": [logits[id] for id in of]}


def _part(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8").rstrip("\n")


def _facts(config: GPTConfig, precision: Precision) -> list[tuple[str, str]]:
    heads = f"{config.n_heads}" + (
        f", in groups that share {config.kv_heads} heads of keys and values" if config.kv_heads < config.n_heads else ""
    )
    feed_forward = f"{'GELU' if config.mlp == 'gelu' else 'SwiGLU'}, {config.ff_width:,} wide"
    if config.n_experts is not None:
        feed_forward += f", {config.n_experts} experts of which a token goes through {config.experts_used}"
    return [
        ("weights", f"{count_parameters(config).total:,}, {precision}"),
        ("vocabulary", f"{config.vocab_size:,} tokens"),
        ("context length", f"{config.context_length:,} tokens"),
        ("width", f"{config.d_model:,}"),
        ("layers", f"{config.n_layers:,}"),
        ("heads", heads),
        ("feed-forward", feed_forward),
        ("norm", "LayerNorm" if config.norm == "layer" else "RMSNorm"),
        ("positions", config.positions),
    ]


def _require_place(place: Path) -> None:
    """Raise unless the page can be written there without losing anything else."""
    if place.is_dir():
        raise ValueError(f"{place} is a folder: name a file, such as {place / 'page.html'}")
    if not place.parent.is_dir():
        raise ValueError(f"there is no folder {place.parent}: make it, or name another file")
    if place.exists():
        with place.open("rb") as file:
            if _MARK.encode() not in file.read(1000):
                raise ValueError(f"{place} is there already and is no page of llmlab: name another file")


def _write(place: Path, content: bytes) -> None:
    """The whole file or none: written beside its place, then moved there."""
    handle, partial = tempfile.mkstemp(prefix=".partial-", suffix=".html", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(partial, place)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
