"""The recorded Llama and Mixtral: what `transformers` computes from their weights, and what our GPT does."""

from __future__ import annotations

import pytest
import torch
import transformers
from safetensors.torch import load_file

from llmlab.gpt import GPT, GPTConfig, load_llama_weights, load_mixtral_weights
from llmlab.utils.bundled import data_path
from tests.core.test_llama import NAMES
from tools import record_llama as tool

FAMILIES = {"Llama": tool.LLAMA, "Mixtral": tool.MIXTRAL}
every_family = pytest.mark.parametrize("family", FAMILIES)


def recorded(family):
    weights = load_file(data_path(f"{family.lower()}.safetensors"))
    return weights, weights.pop("ids"), weights.pop("logits")


@every_family
def test_transformers_computes_the_recorded_logits_from_the_recorded_weights(family):
    weights, ids, logits = recorded(family)
    theirs = tool.model_of(family, FAMILIES[family])
    for parameter in theirs.parameters():
        torch.nn.init.zeros_(parameter)
    theirs.load_state_dict(weights)
    with torch.no_grad():
        torch.testing.assert_close(theirs(ids).logits, logits, atol=1e-4, rtol=0)
    assert logits.std() > 0.5 and transformers.__version__


@every_family
def test_ours_computes_them_too(family):
    weights, ids, logits = recorded(family)
    sizes = {ours: FAMILIES[family][theirs] for ours, theirs in NAMES.items() if theirs in FAMILIES[family]}
    ours = GPT(GPTConfig(**sizes, norm="rms", mlp="swiglu", positions="rotary", bias=False)).eval()
    (load_mixtral_weights if family == "Mixtral" else load_llama_weights)(ours, weights)
    with torch.no_grad():
        torch.testing.assert_close(ours(ids), logits, atol=1e-4, rtol=0)


@every_family
def test_the_recording_is_that_of_the_tool(family, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "DATA", tmp_path)
    again, kept = (
        load_file(tool.record(family, FAMILIES[family])),
        load_file(data_path(f"{family.lower()}.safetensors")),
    )
    assert again.keys() == kept.keys()
    for name, tensor in kept.items():
        torch.testing.assert_close(again[name], tensor, atol=1e-4, rtol=0)
