"""Our GPT as a Llama and as a Mixtral: the logits and the greedy texts of `transformers`, from random weights."""

from __future__ import annotations

import re

import pytest
import torch
import transformers
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from llmlab.attention import KVCache
from llmlab.generation import generate
from llmlab.gpt import GPT, GPTConfig, balance_loss, load_gpt2_weights, load_llama_weights, load_mixtral_weights
from tests.core.gpts import ids_of, shaken

SMALL = {"vocab_size": 101, "context_length": 13, "d_model": 24, "n_heads": 3, "n_layers": 2}
SMALL |= {"n_kv_heads": 1, "d_ff": 40, "rope_theta": 500.0, "norm_eps": 1e-3}
LARGER = {"vocab_size": 311, "context_length": 40, "d_model": 96, "n_heads": 8, "n_layers": 4}
LARGER |= {"n_kv_heads": 4, "d_ff": 256, "rope_theta": 500_000.0, "norm_eps": 1e-6}
EXPERTS = [{"n_experts": 4, "experts_per_token": 2}, {"n_experts": 8, "experts_per_token": 3}]

NAMES = {
    "vocab_size": "vocab_size",
    "context_length": "max_position_embeddings",
    "d_model": "hidden_size",
    "n_heads": "num_attention_heads",
    "n_layers": "num_hidden_layers",
    "n_kv_heads": "num_key_value_heads",
    "d_ff": "intermediate_size",
    "rope_theta": "rope_theta",
    "norm_eps": "rms_norm_eps",
    "tie_weights": "tie_word_embeddings",
    "n_experts": "num_local_experts",
    "experts_per_token": "num_experts_per_tok",
}


def config_of(**sizes):
    return GPTConfig(**{"norm": "rms", "mlp": "swiglu", "positions": "rotary", "bias": False} | sizes)


def ours_of(**sizes):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return GPT(config_of(**sizes)).eval()


def theirs_of(kind="Llama", **sizes):
    model, config = getattr(transformers, f"{kind}ForCausalLM"), getattr(transformers, f"{kind}Config")
    names = {NAMES[ours]: value for ours, value in sizes.items() if ours in NAMES}
    others = {name: value for name, value in sizes.items() if name not in NAMES}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = shaken(model(config(**names, **others)).eval())
    with torch.no_grad():
        for parameter in theirs.parameters():  # through so many layers large weights make large rounding errors
            parameter *= 0.6 if parameter.dim() > 1 else 1.0
    return theirs


@pytest.mark.parametrize("tie_weights", [True, False])
@pytest.mark.parametrize("n_kv_heads", [None, 1, "half"])
@pytest.mark.parametrize("sizes", [SMALL, LARGER], ids=["small", "larger"])
def test_logits_are_llamas(sizes, n_kv_heads, tie_weights):
    n_kv_heads = sizes["n_heads"] // 2 if n_kv_heads == "half" else n_kv_heads  # of three heads, one
    theirs = theirs_of(**sizes | {"n_kv_heads": n_kv_heads or sizes["n_heads"], "tie_weights": tie_weights})
    ours = ours_of(**sizes | {"n_kv_heads": n_kv_heads, "tie_weights": tie_weights})
    load_llama_weights(ours, theirs.state_dict())
    ids = ids_of(3, sizes["context_length"], below=sizes["vocab_size"])
    with torch.no_grad():
        expected = theirs(ids).logits
        torch.testing.assert_close(ours(ids), expected, atol=1e-4, rtol=0)
    assert expected.std() > 0.5  # logits worth comparing


@pytest.mark.parametrize(
    ("sizes", "experts"), list(zip([SMALL, LARGER], EXPERTS, strict=True)), ids=["small", "larger"]
)
@pytest.mark.parametrize("published", [True, False])
def test_logits_are_mixtrals(sizes, experts, published):
    theirs, ours = theirs_of("Mixtral", **sizes, **experts), ours_of(**sizes, **experts)
    weights = theirs.state_dict()
    load_mixtral_weights(ours, as_published(weights) if published else weights)
    ids = ids_of(3, sizes["context_length"], below=sizes["vocab_size"])
    with torch.no_grad():
        expected = theirs(ids).logits
        torch.testing.assert_close(ours(ids), expected, atol=1e-4, rtol=0)
    assert expected.std() > 0.5


@pytest.mark.parametrize("kind", ["Llama", "Mixtral"])
@pytest.mark.parametrize("sizes", [SMALL, LARGER], ids=["small", "larger"])
def test_greedy_texts_are_theirs(sizes, kind):
    experts = EXPERTS[0] if kind == "Mixtral" else {}
    theirs, ours = theirs_of(kind, **sizes, **experts), ours_of(**sizes, **experts)
    (load_mixtral_weights if experts else load_llama_weights)(ours, theirs.state_dict())
    prompts, new = ids_of(3, 5, below=sizes["vocab_size"]), sizes["context_length"] - 5
    settings = {"do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    expected = theirs.generate(prompts, max_new_tokens=new, **settings)
    for use_cache in (True, False):
        assert torch.equal(generate(ours, prompts, new, temperature=0, use_cache=use_cache), expected)
    assert len(expected[:, 5:].unique()) > 3  # a text worth comparing


def test_positions_go_on_with_the_cache_as_theirs_do():
    theirs, ours = theirs_of(**SMALL), ours_of(**SMALL)
    load_llama_weights(ours, theirs.state_dict())
    ids, cache, held = ids_of(2, 13, below=101), KVCache(), None
    with torch.no_grad():
        for start, end in ((0, 4), (4, 5), (5, 11), (11, 13)):
            answer = theirs(ids[:, start:end], past_key_values=held, use_cache=True)
            held = answer.past_key_values
            found = ours(ids[:, start:end], cache=cache)
            torch.testing.assert_close(found, answer.logits, atol=1e-4, rtol=0)


def test_qwen_2_has_biases_of_queries_keys_and_values():
    theirs, ours = theirs_of("Qwen2", **LARGER), ours_of(**LARGER, qkv_bias=True)
    load_llama_weights(ours, theirs.state_dict())
    ids = ids_of(3, 40, below=311)
    with torch.no_grad():
        torch.testing.assert_close(ours(ids), theirs(ids).logits, atol=1e-4, rtol=0)


def test_a_llama_with_all_biases_and_one_in_bfloat16_loads():
    theirs = theirs_of(**SMALL, attention_bias=True, mlp_bias=True)
    weights = {name: tensor.bfloat16() for name, tensor in theirs.state_dict().items()}
    theirs.load_state_dict(weights)  # the same rounded numbers, in float32
    ours = ours_of(**SMALL, qkv_bias=True, bias=True)
    load_llama_weights(ours, weights)
    ids = ids_of(3, 13, below=101)
    with torch.no_grad():
        torch.testing.assert_close(ours(ids), theirs(ids).logits, atol=1e-4, rtol=0)
    assert ours.head.weight.dtype == torch.float32


def test_the_loss_that_balances_is_that_of_transformers():
    """Theirs counts k choices of each token, ours shares of all choices: k times as much."""
    sizes = SMALL | EXPERTS[1] | {"n_layers": 1}
    ours = ours_of(**sizes)
    ours(ids_of(4, 13, below=101))
    theirs = load_balancing_loss_func((ours.blocks[0].feed_forward.router_logits,), num_experts=8, top_k=3)
    torch.testing.assert_close(3 * balance_loss(ours), theirs)
    assert balance_loss(ours) > 1.001  # not evenly, from random weights


def as_published(weights):
    """A state dict by the names of the files that Mistral published: each expert by itself."""
    found = {}
    for name, tensor in weights.items():
        layer = name.partition(".mlp.")[0]
        if name.endswith("mlp.gate.weight"):
            found[f"{layer}.block_sparse_moe.gate.weight"] = tensor
        elif name.endswith("gate_up_proj"):
            half = tensor.shape[1] // 2
            for e in range(len(tensor)):
                found[f"{layer}.block_sparse_moe.experts.{e}.w1.weight"] = tensor[e, :half]
                found[f"{layer}.block_sparse_moe.experts.{e}.w3.weight"] = tensor[e, half:]
        elif name.endswith("down_proj"):
            for e in range(len(tensor)):
                found[f"{layer}.block_sparse_moe.experts.{e}.w2.weight"] = tensor[e]
        else:
            found[name] = tensor
    assert any("block_sparse_moe" in name for name in found)
    return found


# --- what does not fit ---


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"norm": "layer"}, "a Llama has norm='rms', and the model was built with norm='layer'"),
        (
            {"mlp": "gelu", "positions": "learned"},
            "mlp='swiglu', positions='rotary', and the model was built with mlp='gelu', positions='learned'",
        ),
        ({"n_experts": 4}, "n_experts=None, and the model was built with n_experts=4"),
        ({"n_layers": 3}, "the weights are of 2 layers, the model has 3"),
        ({"d_ff": 41}, r"mlp.gate_proj.weight makes a tensor of shape \(40, 24\), the model expects \(41, 24\)"),
        ({"n_kv_heads": 3}, r"q_proj.weight with .*v_proj.weight makes a tensor of shape \(40, 24\), .* \(72, 24\)"),
        ({"tie_weights": True}, "lm_head.weight is another table .*tie_weights=False"),
        ({"n_heads": 4}, "k_proj.weight has 8 rows, which heads of 6 do not divide: compare d_model and n_heads"),
    ],
)
def test_a_model_that_does_not_fit_is_named(sizes, said):
    with pytest.raises(ValueError, match=said):
        load_llama_weights(ours_of(**SMALL | sizes), theirs_of(**SMALL).state_dict())


def test_weights_that_do_not_fit_are_named():
    weights, ours = theirs_of(**SMALL).state_dict(), ours_of(**SMALL)
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    name = "model.layers.1.self_attn.k_proj.weight"
    with pytest.raises(KeyError, match=r"no tensor 'layers.1.self_attn.k_proj.weight': are they all"):
        load_llama_weights(ours, {other: tensor for other, tensor in weights.items() if other != name})
    with pytest.raises(KeyError, match="no tensor 'lm_head.weight': build the model with tie_weights=True"):
        load_llama_weights(ours, {other: tensor for other, tensor in weights.items() if "lm_head" not in other})
    with pytest.raises(ValueError, match=r"hold 'layers.0.self_attn.q_norm.weight'.*another architecture"):
        load_llama_weights(ours, weights | {"model.layers.0.self_attn.q_norm.weight": torch.ones(8)})
    with pytest.raises(ValueError, match="qkv_bias=True for those of queries"):
        load_llama_weights(ours, theirs_of(**SMALL, attention_bias=True).state_dict())
    with pytest.raises(TypeError, match="embed_tokens.weight must be a float tensor, got torch.int8"):
        load_llama_weights(ours, weights | {"model.embed_tokens.weight": torch.ones(101, 24, dtype=torch.int8)})
    with pytest.raises(TypeError, match="must map names to tensors"):
        load_llama_weights(ours, "llama")
    with pytest.raises(TypeError, match="model must be a GPT, got int"):
        load_mixtral_weights(5, weights)
    with pytest.raises(ValueError, match="a Mixtral has n_experts=8, and the model was built with n_experts=None"):
        load_mixtral_weights(ours, weights)
    assert all(torch.equal(before[name], tensor) for name, tensor in ours.state_dict().items())


def test_experts_that_the_model_lacks_are_named():
    weights = theirs_of("Mixtral", **SMALL, **EXPERTS[0]).state_dict()
    with pytest.raises(ValueError, match="n_experts as many as there are, and use load_mixtral_weights"):
        load_llama_weights(ours_of(**SMALL), weights)
    with pytest.raises(ValueError, match=r"experts.3.w1.weight'.*n_experts as many as there are"):
        load_mixtral_weights(ours_of(**SMALL, n_experts=3), weights)


def test_a_tied_model_needs_no_head_and_older_files_have_frequencies():
    weights = theirs_of(**SMALL, tie_weights=True).state_dict()
    ours, same = ours_of(**SMALL, tie_weights=True), ours_of(**SMALL, tie_weights=True)
    load_llama_weights(ours, weights)
    del weights["lm_head.weight"]
    weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    load_llama_weights(same, {re.sub("^model.", "", name): tensor for name, tensor in weights.items()})
    ids = ids_of(1, 13, below=101)
    assert torch.equal(ours(ids), same(ids))


def test_gpt2s_weights_refuse_another_architecture():
    model = ours_of(**SMALL | {"n_kv_heads": None}, qkv_bias=True)
    with pytest.raises(ValueError, match="GPT-2 has norm='layer', mlp='gelu', positions='learned', bias=True, and the"):
        load_gpt2_weights(model, {})
