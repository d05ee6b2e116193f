"""What a GPT may have instead of GPT-2's parts: each by its formula, and all through cache, counts and training."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmlab.attention import KVCache, MultiHeadAttention, influence_map, scaled_dot_product_attention
from llmlab.embeddings import apply_rope
from llmlab.generation import cache_bytes, generate
from llmlab.gpt import (
    Experts,
    FeedForward,
    GPTConfig,
    LayerNorm,
    RMSNorm,
    SwiGLU,
    TransformerBlock,
    attention_maps,
    balance_loss,
    count_operations,
    count_parameters,
    expert_loads,
    route,
)
from llmlab.training import TrainConfig, evaluate, load_checkpoint, save_checkpoint, train
from llmlab.training._batches import Batches
from tests import ROOT
from tests.core.gpts import ids_of, model_of, shaken

LLAMA = {"norm": "rms", "mlp": "swiglu", "positions": "rotary", "bias": False, "n_kv_heads": 1}
MIXTRAL = LLAMA | {"n_experts": 4, "experts_per_token": 2}
ONE_CHANGE = {
    "rms": {"norm": "rms"},
    "swiglu": {"mlp": "swiglu"},
    "rotary": {"positions": "rotary"},
    "no bias": {"bias": False},
    "experts": {"n_experts": 3},
    "llama": LLAMA,
    "mixtral": MIXTRAL,
}
EVERY = pytest.mark.parametrize("parts", ONE_CHANGE.values(), ids=ONE_CHANGE.keys())


def vectors(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# --- GPT-2 is what it was ---


class PlainGPT2(nn.Module):
    """The default architecture in PyTorch's own modules and calls, made and drawn in the order of ours."""

    def __init__(self, config):
        super().__init__()
        self.config, D = config, config.d_model
        width = D + 2 * config.kv_heads * config.d_head
        self.tables = nn.ModuleList([nn.Embedding(config.vocab_size, D), nn.Embedding(config.context_length, D)])
        sizes = [(D, width, config.qkv_bias), (D, D, True), (D, 4 * D, True), (4 * D, D, True)]
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.Linear(d_in, d_out, bias=bias) for d_in, d_out, bias in sizes)
            for _ in range(config.n_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(D) for _ in range(2 * config.n_layers + 1))
        self.head = nn.Linear(D, config.vocab_size, bias=False)
        with torch.no_grad():
            for module in [*self.tables, *(linear for block in self.blocks for linear in block), self.head]:
                module.weight.normal_(std=0.02)
                if getattr(module, "bias", None) is not None:
                    module.bias.zero_()
            for block in self.blocks:
                for adds in (block[1], block[3]):
                    adds.weight /= (2 * config.n_layers) ** 0.5
        if config.tie_weights:
            self.head.weight = self.tables[0].weight

    def forward(self, ids):
        (B, T), config = ids.shape, self.config
        x = self.tables[0](ids) + self.tables[1].weight[:T]
        for number, (qkv, out, expand, contract) in enumerate(self.blocks):
            heads = qkv(self.norms[2 * number](x)).view(B, T, -1, config.d_head).transpose(1, 2)
            q, k, v = heads.split([config.n_heads, config.kv_heads, config.kv_heads], dim=1)
            k, v = (part.repeat_interleave(config.n_heads // config.kv_heads, dim=1) for part in (k, v))
            context = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
            x = x + out(context)
            x = x + contract(F.gelu(expand(self.norms[2 * number + 1](x)), approximate="tanh"))
        return self.head(self.norms[-1](x))


@pytest.mark.parametrize("parts", [{}, {"qkv_bias": True, "tie_weights": True}, {"n_kv_heads": 1}])
def test_the_default_is_gpt2_to_the_last_bit(parts):
    """First weights, logits, gradients and a training step."""
    sizes = {"vocab_size": 61, "context_length": 16, "d_model": 24, "n_heads": 3, "n_layers": 3} | parts
    ours, batch = model_of(**sizes).train(), ids_of(4, 17, below=61)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = PlainGPT2(ours.config)
    inputs, targets = batch[:, :-1].contiguous(), batch[:, 1:].contiguous()
    for _ in range(3):
        theirs = [*plain.tables[0].parameters(), *plain.tables[1].parameters()]
        for number, block in enumerate(plain.blocks):
            theirs += [*plain.norms[2 * number].parameters(), *block[0].parameters(), *block[1].parameters()]
            theirs += [*plain.norms[2 * number + 1].parameters(), *block[2].parameters(), *block[3].parameters()]
        theirs += [*plain.norms[-1].parameters(), *(() if ours.config.tie_weights else plain.head.parameters())]
        pairs = list(zip(ours.parameters(), theirs, strict=True))
        assert all(torch.equal(one, other) for one, other in pairs)
        logits = [model(inputs) for model in (ours, plain)]
        assert torch.equal(*logits)
        for one in logits:
            F.cross_entropy(one.flatten(0, 1), targets.flatten()).backward()
        assert all(torch.equal(one.grad, other.grad) for one, other in pairs)
        with torch.no_grad():
            for one in (one for pair in pairs for one in pair):
                one -= 0.5 * one.grad
                one.grad = None


def test_what_is_not_named_is_gpt2s():
    config = GPTConfig(11, 9, 12, 3, 2)
    assert (config.norm, config.norm_eps, config.mlp, config.d_ff, config.bias) == ("layer", 1e-5, "gelu", None, True)
    assert (config.positions, config.rope_theta, config.n_experts) == ("learned", 10_000.0, None)
    assert (config.ff_width, config.d_head, config.experts_used) == (48, 4, 1)
    assert "resting" not in repr(count_parameters(config))


# --- the parts ---


@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_rms_norm_is_the_formula(eps):
    norm, x = shaken(RMSNorm(7, eps)), vectors(2, 3, 7) * 5 + 2
    torch.testing.assert_close(norm(x), norm.scale * x / (x.square().mean(-1, keepdim=True) + eps).sqrt())
    assert [name for name, _ in norm.named_parameters()] == ["scale"]


def test_swiglu_is_the_formula():
    module, x = shaken(SwiGLU(6)), vectors(2, 3, 6)
    gate, inner = module.gate(x), module.expand(x)
    assert inner.shape == (2, 3, 16)  # 8/3 · 6
    torch.testing.assert_close(module(x), module.contract(gate * gate.sigmoid() * inner))


@pytest.mark.parametrize("kind", [FeedForward, SwiGLU])
def test_width_and_bias_of_the_feed_forward_part(kind):
    module = kind(6, d_ff=10, bias=False)
    assert {tuple(weight.shape) for weight in module.parameters()} == {(10, 6), (6, 10)}
    assert len(list(kind(6).parameters())) == 2 * len(list(module.parameters()))


def test_the_epsilon_of_the_norm_is_that_of_the_config():
    for norm in ("layer", "rms"):
        model = model_of(norm=norm, norm_eps=0.25)
        assert {module.eps for module in model.modules() if isinstance(module, LayerNorm | RMSNorm)} == {0.25}


@pytest.mark.parametrize("n_kv_heads", [None, 1])
@pytest.mark.parametrize("return_weights", [True, False])
def test_rotary_attention_turns_queries_and_keys_and_no_values(n_kv_heads, return_weights):
    attention = shaken(MultiHeadAttention(12, 12, 9, 3, n_kv_heads=n_kv_heads, rope_theta=50.0))
    x, positions = vectors(2, 5, 12), torch.tensor([[0, 1, 2, 3, 4], [3, 5, 7, 8, 20]])
    shared = 4 * (n_kv_heads or 3)
    q, k, v = (t.unflatten(-1, (-1, 4)).transpose(1, 2) for t in attention.qkv(x).split([12, shared, shared], dim=-1))
    q, k = (apply_rope(t, positions[:, None], 50.0) for t in (q, k))
    if n_kv_heads:
        k, v = k.expand(2, 3, 5, 4), v.expand(2, 3, 5, 4)
    context = scaled_dot_product_attention(q, k, v, torch.ones(5, 5).tril().bool()).context
    expected = attention.out_proj(context.transpose(1, 2).flatten(2))
    found = attention(x, positions=positions, return_weights=return_weights)
    torch.testing.assert_close(found[0] if return_weights else found, expected)
    assert not torch.allclose(attention(x)[1], expected[1])  # counted from 0: other distances


def test_only_distances_count_in_rotary_attention():
    attention, x = shaken(MultiHeadAttention(12, 12, 9, 3, rope_theta=50.0)), vectors(2, 5, 12)
    torch.testing.assert_close(attention(x, positions=1_000), attention(x), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(attention(x, positions=torch.arange(5) * 2), attention(x), atol=1e-2)


def test_a_rotary_model_knows_the_order_and_has_no_table():
    model = shaken(model_of(positions="rotary"))
    assert model.embedding.position is None and not any("position" in name for name in model.state_dict())
    ids = torch.tensor([[1, 2, 3, 4], [2, 1, 3, 4]])
    assert not torch.allclose(*model(ids)[:, -1])


def test_a_model_that_was_in_16_bits_turns_exactly_again():
    model = shaken(model_of(positions="rotary"))
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16().float()
    ids = ids_of(2, 9)
    assert torch.equal(copy.deepcopy(model).bfloat16().float()(ids), model(ids))


# --- experts ---


def dense(experts, x):
    """The sum over all experts, those that are not chosen with the share 0."""
    logits = experts.router(x)
    kept = logits >= logits.topk(experts.experts_per_token).values[..., -1:]
    shares = (logits.exp() * kept) / (logits.exp() * kept).sum(-1, keepdim=True)
    return sum(shares[..., e, None] * expert(x) for e, expert in enumerate(experts.experts))


@pytest.mark.parametrize("mlp", ["gelu", "swiglu"])
@pytest.mark.parametrize(("n_experts", "k"), [(1, 1), (4, 1), (4, 2), (5, 3), (3, 3)])
def test_experts_are_the_sum_of_the_chosen_ones(mlp, n_experts, k):
    experts = shaken(Experts(GPTConfig(11, 9, 6, 3, 2, mlp=mlp, n_experts=n_experts, experts_per_token=k)))
    for shape in ((6,), (5, 6), (2, 5, 6), (2, 0, 6)):
        x = vectors(*shape)
        torch.testing.assert_close(experts(x), dense(experts, x))


def test_gradients_reach_the_router_and_every_expert():
    experts, x = shaken(Experts(GPTConfig(11, 9, 6, 3, 2, n_experts=4))), vectors(2, 5, 6).requires_grad_()
    wanted = [x, *experts.parameters()]
    found, expected = (torch.autograd.grad(output.square().sum(), wanted) for output in (experts(x), dense(experts, x)))
    torch.testing.assert_close(found, expected)
    one = experts(x[:1, :1])  # two experts get no token, and a gradient of zeros all the same
    assert all(gradient is not None for gradient in torch.autograd.grad(one.sum(), list(experts.parameters())))


def test_a_router_that_prefers_nothing_shares_evenly():
    experts = Experts(GPTConfig(11, 9, 6, 3, 2, n_experts=2, experts_per_token=2))
    with torch.no_grad():
        experts.router.weight.zero_()
    x = vectors(4, 6)
    torch.testing.assert_close(experts(x), (experts.experts[0](x) + experts.experts[1](x)) / 2)


def test_routing_is_a_softmax_over_the_chosen_ones():
    logits = torch.tensor([[0.0, 2.0, -1.0, 1.0], [3.0, 0.0, 0.5, 0.0]], dtype=torch.bfloat16)
    shares, chosen = route(logits, 2)
    assert chosen.tolist() == [[1, 3], [0, 2]] and shares.dtype == torch.float32
    torch.testing.assert_close(shares, torch.tensor([[2.0, 1.0], [3.0, 0.5]]).softmax(-1))


def test_the_balance_loss_is_1_for_evenly_and_n_for_all_to_one():
    model = model_of(n_experts=3, experts_per_token=1, n_layers=1)
    experts = model.blocks[0].feed_forward
    experts.router_logits = 50 * torch.eye(3).repeat(4, 1)
    assert float(balance_loss(model)) == pytest.approx(1)
    experts.router_logits = torch.tensor([[50.0, 0.0, 0.0]] * 12)
    assert float(balance_loss(model)) == pytest.approx(3)
    # 3 · (3/4 · (0.5 · 3/4 + 0.25 · 1/4) + 1/4 · (0.25 · 3/4 + 0.5 · 1/4)), by hand
    experts.router_logits = torch.tensor([[0.5, 0.25, 0.25]] * 3 + [[0.25, 0.5, 0.25]]).log()
    assert float(balance_loss(model)) == pytest.approx(3 * (0.75 * 0.4375 + 0.25 * 0.3125))


def test_the_balance_loss_is_the_mean_over_the_layers_and_nothing_without_experts():
    model = model_of(n_experts=2, experts_per_token=1)
    for block, logits in zip(model.blocks, ([[9.0, -9.0]] * 4, [[9.0, -9.0], [-9.0, 9.0]]), strict=True):
        block.feed_forward.router_logits = torch.tensor(logits)
    assert float(balance_loss(model)) == pytest.approx(1.5, abs=1e-4)
    assert balance_loss(model_of()) == 0


def test_the_balance_loss_pushes_down_what_is_chosen_too_often():
    model = model_of(n_experts=3, experts_per_token=1, n_layers=1)
    logits = (torch.tensor([[1.0, 0.0, 0.0]] * 3 + [[0.0, 1.0, 0.0]])).requires_grad_()
    model.blocks[0].feed_forward.router_logits = logits
    (gradient,) = torch.autograd.grad(balance_loss(model), logits)
    assert (gradient[:, 0] > 0).all() and (gradient[:, 2] < 0).all()


def test_loads_are_what_each_layer_chose():
    model = shaken(model_of(n_experts=4, experts_per_token=2)).train()
    ids = ids_of(3, 9)
    loads = expert_loads(model, ids)
    assert loads.shape == (2, 4) and model.training
    torch.testing.assert_close(loads.sum(-1), torch.ones(2))
    model.eval()(ids)
    for layer, block in enumerate(model.blocks):
        logits = block.feed_forward.router_logits
        counts = [int((logits.argsort(descending=True)[:, :2] == e).sum()) for e in range(4)]
        assert loads[layer].tolist() == pytest.approx([count / (2 * 27) for count in counts])


def test_a_model_with_experts_can_be_copied_after_a_call():
    model, ids = model_of(**MIXTRAL).train(), ids_of(2, 9)
    model(ids).sum().backward()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(ids), model(ids))
    with pytest.raises(ValueError, match="call the model first"):
        balance_loss(copy.deepcopy(model))


# --- counts ---

PARTS = st.fixed_dictionaries(
    {
        "qkv_bias": st.booleans(),
        "tie_weights": st.booleans(),
        "norm": st.sampled_from(["layer", "rms"]),
        "mlp": st.sampled_from(["gelu", "swiglu"]),
        "d_ff": st.sampled_from([None, 1, 10]),
        "bias": st.booleans(),
        "positions": st.sampled_from(["learned", "rotary"]),
        "n_experts": st.sampled_from([None, 1, 4]),
    }
)
SIZES = st.tuples(
    st.integers(1, 20), st.integers(2, 9), st.sampled_from([(1, None), (4, 2), (3, 1)]), st.integers(1, 3)
)


def built(parts, sizes):
    vocab_size, context_length, (n_heads, n_kv_heads), half = sizes
    model = model_of(
        vocab_size=vocab_size,
        context_length=context_length,
        d_model=2 * half * n_heads,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        **parts,
    )
    return model, ids_of(2, context_length, below=vocab_size)


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, sizes=SIZES)
def test_parameters_are_counted_as_they_are_built(parts, sizes):
    model, ids = built(parts, sizes)
    count = count_parameters(model.config)
    sums = dict.fromkeys(["token", "position", "attention.", "feed_forward", "norm", "head"], 0)
    for name, parameter in model.named_parameters():
        (part,) = [
            part for part in sums if part in name.replace("norm_attention", "norm").replace("norm_feed_forward", "norm")
        ]
        sums[part] += parameter.numel()
    fields = [
        count.token_embedding,
        count.position_embedding,
        count.attention,
        count.feed_forward,
        count.norms,
        count.head,
    ]
    assert fields == list(sums.values()) and count.total == sum(fields)
    # A token alone: what has no gradient but zeros in the experts was not used.
    model(ids[:1, :1]).sum().backward()
    resting = 0
    for module in model.modules():
        if isinstance(module, Experts):
            _, chosen = route(module.router_logits, module.experts_per_token)
            rest = [expert for number, expert in enumerate(module.experts) if number not in chosen]
            resting += sum(parameter.numel() for expert in rest for parameter in expert.parameters())
    assert count.active == count.total - resting


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, sizes=SIZES, new=st.integers(1, 3))
def test_operations_and_cache_are_counted_as_they_are_made(parts, sizes, new):
    model, ids = built(parts, sizes)
    config, T, new = model.config, model.config.context_length, min(new, model.config.context_length - 1)
    cache = KVCache()
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):  # the one whose products the counter sees
        for held, n_tokens in ((0, T - new), (T - new, new)):
            with FlopCounterMode(display=False) as counter:
                model(ids[:, held : held + n_tokens], cache=cache)
            assert counter.get_total_flops() == count_operations(config, n_tokens, n_held=held, batch_size=2).total
    held = sum(tensor.numel() * tensor.element_size() for tensor in (cache.keys, cache.values))
    assert held == cache_bytes(config.n_layers, config.kv_heads, config.d_head, T, 2, bytes_per_number=4)


def test_mixtral_8x7b_and_llama_2_7b():
    llama = GPTConfig(
        32_000, 4_096, 4_096, 32, 32, norm="rms", mlp="swiglu", d_ff=11_008, bias=False, positions="rotary"
    )
    assert count_parameters(llama).total == 6_738_415_616
    mixtral = dataclasses.replace(llama, d_ff=14_336, n_kv_heads=8, n_experts=8)
    assert count_parameters(mixtral).total == 46_702_792_704
    assert f"{count_parameters(mixtral).active / 1e9:.1f}" == "12.9"


# --- the whole, in every variant ---


@EVERY
def test_no_logit_depends_on_a_later_token(parts):
    model, x = shaken(model_of(d_model=12, n_heads=3, **parts)), vectors(6, 12)
    map_ = influence_map(lambda x: model.blocks[1](model.blocks[0](x)), x)
    assert torch.equal(map_, torch.ones(6, 6).tril().bool())


@EVERY
@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(1, 4), min_size=1, max_size=4).filter(lambda cuts: sum(cuts) <= 9))
def test_the_cache_changes_no_logit(parts, cuts):
    model = shaken(model_of(**parts))
    ids, cache, start, found = ids_of(3, sum(cuts)), KVCache(), 0, []
    with torch.no_grad():
        for size in cuts:
            found.append(model(ids[:, start : start + size], cache=cache))
            start += size
        torch.testing.assert_close(torch.cat(found, 1), model(ids), atol=1e-4, rtol=1e-4)


@EVERY
def test_generation_with_and_without_cache_padded_and_past_the_context(parts):
    model = shaken(model_of(**parts))
    prompts = [row[:n].tolist() for row, n in zip(ids_of(3, 5), (5, 2, 1), strict=True)]
    together = generate(model, prompts, 12, temperature=0, slide=True)
    for prompt, found in zip(prompts, together, strict=True):
        assert found == generate(model, [prompt], 12, temperature=0, slide=True, use_cache=False)[0]
        row = list(prompt)
        for _ in range(12):  # by hand: the newest nine tokens, read anew
            row.append(int(model(torch.tensor([row[-9:]]))[0, -1].argmax()))
        assert found == row


@EVERY
def test_maps_are_those_of_the_pass(parts):
    model, ids, seen = shaken(model_of(**parts)), ids_of(2, 7), []
    hooks = [
        block.attention.register_forward_pre_hook(
            lambda module, x, options: (
                seen.append(module(*x, return_weights=True, positions=options.get("positions"))[1])
                if not options.get("return_weights")
                else None
            ),
            with_kwargs=True,
        )
        for block in model.blocks
    ]
    with torch.no_grad():
        model(ids)
    for hook in hooks:
        hook.remove()
    torch.testing.assert_close(attention_maps(model, ids), torch.stack(seen, dim=1))


@EVERY
def test_first_weights_are_small_and_those_that_add_smaller(parts):
    model = model_of(vocab_size=200, d_model=96, n_layers=8, n_heads=3, qkv_bias=True, **parts)
    for name, parameter in model.named_parameters():
        if name.endswith((".bias", ".shift", ".scale")):
            assert (parameter == name.endswith(".scale")).all(), name
        else:
            adds = name.endswith(("out_proj.weight", "contract.weight"))
            assert parameter.std().item() == pytest.approx(0.005 if adds else 0.02, rel=0.2), name


@EVERY
def test_a_checkpoint_gives_the_same_model(parts, tmp_path):
    for dtype in (torch.float32, torch.bfloat16):
        model = shaken(model_of(norm_eps=0.25, rope_theta=77.0, **parts)).to(dtype)
        save_checkpoint(tmp_path, model)
        loaded, _ = load_checkpoint(tmp_path)
        assert loaded.config == model.config
        assert torch.equal(loaded(ids_of(2, 9)), model(ids_of(2, 9)))


def batches(n=3):
    ids = torch.arange(n * 4 * 8 + 1) * 5 % 11
    return [(ids[:-1].view(n, 4, 8)[i], ids[1:].view(n, 4, 8)[i]) for i in range(n)]


@EVERY
def test_training_lowers_the_loss_and_goes_on_where_it_was(parts, tmp_path):
    whole, broken, resumed = model_of(**parts), model_of(**parts), model_of(seed=5, **parts)
    config = TrainConfig(steps=30, learning_rate=1e-2, warmup_steps=5, checkpoint=tmp_path, save_every=7)
    history = train(whole, batches(), dataclasses.replace(config, checkpoint=None, save_every=None), progress=False)
    assert history.loss[-1] < history.loss[0] - 0.5
    with pytest.MonkeyPatch.context() as patch, pytest.raises(RuntimeError, match="broken off"):
        patch.setattr("llmlab.training.loop.Batches.next", _ends_after(11))
        train(broken, batches(), config, progress=False)  # its last checkpoint is that of step 7
    again = train(resumed, batches(), config, progress=False, resume_from=tmp_path)
    assert again.loss == history.loss
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), resumed.parameters(), strict=True))


def _ends_after(n):
    right, taken = Batches.next, []

    def next_(self):
        taken.append(None)
        if len(taken) > n:
            raise RuntimeError("broken off")
        return right(self)

    return next_


def test_what_is_minimized_holds_the_balance_and_what_is_recorded_does_not():
    """The gradient is that of both, the history has the loss alone."""
    (batch,), ends = batches(1), {}
    for weight in (0.0, 0.5):
        model = shaken(model_of(n_experts=3, experts_per_token=1)).train()
        history = train(
            model, [batch], TrainConfig(steps=1, warmup_steps=0, balance_weight=weight, clip_norm=1e9), progress=False
        )
        reference = shaken(model_of(n_experts=3, experts_per_token=1)).train()
        loss = F.cross_entropy(reference(batch[0]).flatten(0, 1), batch[1].flatten())
        assert history.loss[0] == pytest.approx(loss.item(), rel=1e-5)
        (loss + weight * balance_loss(reference)).backward()
        norm = torch.cat([parameter.grad.flatten() for parameter in reference.parameters()]).norm()
        assert history.gradient_norm[0] == pytest.approx(float(norm), rel=1e-4)
        ends[weight] = history.gradient_norm[0]
    assert ends[0.0] != pytest.approx(ends[0.5], rel=1e-3)


def test_the_balance_loss_spreads_the_tokens():
    uneven, ids = {}, batches(1)[0][0]
    for weight in (0.0, 1.0):
        model = model_of(n_experts=4, experts_per_token=1, n_layers=1)
        with torch.no_grad():
            model.blocks[0].norm_feed_forward.shift += 1  # a sum above 0 for every token,
            model.blocks[0].feed_forward.router.weight[0] += 0.1  # of which this makes the largest logit
        assert expert_loads(model, ids)[0, 0] == 1
        train(model, batches(), TrainConfig(steps=60, learning_rate=1e-2, balance_weight=weight), progress=False)
        uneven[weight] = float(expert_loads(model, ids).max())
    assert uneven[0.0] == 1  # a single choice has the share 1 whatever its logit: no gradient but that of the balance
    assert uneven[1.0] < 0.6


def test_evaluation_takes_no_balance_into_account():
    model, (batch,) = shaken(model_of(**MIXTRAL)), batches(1)
    with torch.no_grad():
        expected = F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())
    assert evaluate(model, [batch]) == pytest.approx(float(expected), rel=1e-6)


@EVERY
def test_a_compiled_model_gives_the_same(parts):
    model = shaken(model_of(**parts))
    compiled, ids = torch.compile(model, backend="eager"), ids_of(2, 9)
    torch.testing.assert_close(compiled(ids), model(ids))
    if model.config.n_experts:
        torch.testing.assert_close(balance_loss(compiled), balance_loss(model))


_IN_SEVERAL = """
import sys, torch, torch.distributed as dist
from llmlab.training import TrainConfig, train
from llmlab.training._processes import end_process
from tests.core.test_variants import MIXTRAL, batches, model_of

dist.init_process_group("gloo")
model = model_of(**MIXTRAL | {"n_experts": 8})
history = train(model, batches(), TrainConfig(steps=4, warmup_steps=0, balance_weight=0.0), progress=False)
if dist.get_rank() == 0:
    torch.save({"loss": history.loss, "model": model.state_dict()}, sys.argv[1])
dist.destroy_process_group()
end_process(0)
"""


def test_two_processes_train_experts_as_one_does(tmp_path):
    """Though one of them may have no token for an expert."""
    (tmp_path / "several.py").write_text(_IN_SEVERAL, encoding="utf-8")
    launcher = "-m torch.distributed.run --standalone --nproc-per-node 2".split()
    command = [sys.executable, *launcher, tmp_path / "several.py", tmp_path / "result.pt"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    several, model = torch.load(tmp_path / "result.pt"), model_of(**MIXTRAL | {"n_experts": 8})
    settings = TrainConfig(steps=4, warmup_steps=0, balance_weight=0.0)
    assert several["loss"] == pytest.approx(train(model, batches(), settings, progress=False).loss, rel=1e-5)
    torch.testing.assert_close(several["model"], model.state_dict(), atol=1e-4, rtol=1e-3)


# --- errors ---


@pytest.mark.parametrize(
    ("parts", "error", "said"),
    [
        ({"norm": "rmsnorm"}, ValueError, 'norm must be "layer" or "rms", got \'rmsnorm\''),
        ({"norm": None}, ValueError, 'norm must be "layer" or "rms", got None'),
        ({"mlp": "relu"}, ValueError, 'mlp must be "gelu" or "swiglu", got \'relu\''),
        ({"positions": "sinusoidal"}, ValueError, 'positions must be "learned" or "rotary"'),
        ({"norm_eps": 0}, ValueError, "norm_eps must be above 0 and finite, got 0"),
        ({"norm_eps": "1e-5"}, TypeError, "norm_eps must be a number"),
        ({"rope_theta": float("inf")}, ValueError, "rope_theta must be above 0 and finite, got inf"),
        ({"rope_theta": float("nan")}, ValueError, "rope_theta must be above 0"),
        ({"d_ff": 0}, ValueError, "d_ff must be at least 1, got 0"),
        ({"d_ff": 4.0}, TypeError, "d_ff must be an int"),
        ({"bias": 1}, TypeError, "bias must be True or False, got 1"),
        ({"n_experts": 0}, ValueError, "n_experts must be at least 1"),
        ({"n_experts": 2, "experts_per_token": 3}, ValueError, "experts_per_token=3 is more than n_experts=2"),
        ({"experts_per_token": 2}, ValueError, "experts_per_token=2 chooses among experts, and n_experts is None"),
        ({"positions": "rotary", "n_heads": 4}, ValueError, "a head has 3: .*d_model=12 and n_heads=4"),
    ],
)
def test_parts_that_cannot_be_are_named(parts, error, said):
    with pytest.raises(error, match=said):
        GPTConfig(**{"vocab_size": 11, "context_length": 9, "d_model": 12, "n_heads": 3, "n_layers": 2} | parts)


def test_numpys_numbers_are_kept_as_pythons():
    config = GPTConfig(
        11,
        9,
        12,
        3,
        2,
        d_ff=np.int64(5),
        norm_eps=np.float32(0.5),
        n_experts=np.int32(4),
        experts_per_token=np.uint8(1),
    )
    assert [type(getattr(config, name)) for name in ("d_ff", "norm_eps", "n_experts", "experts_per_token")] == [
        *(int, float, int, int)
    ]
    assert GPTConfig(11, 9, 12, 3, 2, n_experts=1).experts_used == 1


ROTARY = MultiHeadAttention(12, 12, 9, 3, rope_theta=100.0)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (
            lambda: MultiHeadAttention(9, 9, 9, 3, rope_theta=100.0),
            ValueError,
            "a head has 3: .*d_out / n_heads is even",
        ),
        (lambda: MultiHeadAttention(12, 12, 9, 3, rope_theta=0), ValueError, "rope_theta must be above 0"),
        (lambda: MultiHeadAttention(12, 12, 9, 3, rope_theta="a"), TypeError, "rope_theta must be a number"),
        (lambda: MultiHeadAttention(12, 12, 9, 3)(vectors(2, 4, 12), positions=3), ValueError, "without rope_theta"),
        (lambda: ROTARY(vectors(2, 4, 12), positions=-1), ValueError, "positions must be at least 0, got -1"),
        (lambda: ROTARY(vectors(2, 4, 12), positions=1.5), TypeError, "positions must be an int"),
        (lambda: ROTARY(vectors(2, 4, 12), positions=torch.ones(4)), TypeError, "positions must be integers"),
        (
            lambda: ROTARY(vectors(2, 4, 12), positions=torch.arange(3)),
            ValueError,
            r"for x \(2, 4, 12\), got shape \(3,\)",
        ),
        (lambda: ROTARY(vectors(2, 4, 12), positions=torch.tensor(3)), ValueError, r"got shape \(\)"),
        (
            lambda: model_of(positions="rotary")(ids_of(1, 10)),
            ValueError,
            "10 tokens are more than the context length 9",
        ),
        (lambda: model_of(positions="rotary")(ids_of(1, 4), positions=6), ValueError, "10 tokens are more than"),
        (lambda: RMSNorm(0), ValueError, "d_model must be at least 1"),
        (lambda: RMSNorm(8)(torch.ones(2, 3)), ValueError, "x must be 8 wide"),
        (lambda: SwiGLU(8, d_ff=2.5), TypeError, "d_ff must be an int"),
        (lambda: SwiGLU(8)(torch.ones(2, 8).long()), TypeError, "float tensor of shape"),
        (lambda: Experts(GPTConfig(11, 9, 12, 3, 2)), ValueError, "config.n_experts is None"),
        (lambda: Experts(8), TypeError, "config must be a GPTConfig"),
        (lambda: Experts(GPTConfig(11, 9, 12, 3, 2, n_experts=2))(torch.ones(2, 3)), ValueError, "x must be 12 wide"),
        (lambda: route([[1.0]], 1), TypeError, "router_logits must be a tensor, got list"),
        (lambda: route(torch.ones(2, 3, 4), 1), TypeError, r"shape \(2, 3, 4\): write .flatten"),
        (lambda: route(torch.ones(2, 3), 4), ValueError, "experts_per_token=4 is more than the 3 experts"),
        (lambda: balance_loss("model"), TypeError, "model must be a GPT, got str"),
        (lambda: balance_loss(model_of(n_experts=2)), ValueError, "call the model first"),
        (lambda: expert_loads(model_of(), ids_of(1, 3)), ValueError, "has no experts: build it with"),
        (lambda: count_operations(GPTConfig(11, 9, 12, 3, 2), 10), ValueError, "context_length=9 tokens fit, got 10"),
        (lambda: count_operations(GPTConfig(11, 9, 12, 3, 2), 4, n_held=6), ValueError, "got 4 after 6 in the cache"),
        (lambda: count_operations(11, 4), TypeError, "config must be a GPTConfig, got int"),
        (lambda: TrainConfig(balance_weight=-1), ValueError, "balance_weight must be at least 0, got -1"),
        (lambda: TrainConfig(balance_weight="a"), TypeError, "balance_weight must be a number"),
        (lambda: TrainConfig(balance_weight=float("inf")), ValueError, "balance_weight must be finite"),
    ],
)
def test_bad_input_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_a_refused_call_leaves_the_rotary_cache_as_it_was():
    cache = KVCache()
    ROTARY(vectors(2, 4, 12), cache=cache)
    with pytest.raises(ValueError, match="positions must be"):
        ROTARY(vectors(2, 2, 12), cache=cache, positions=torch.arange(3))
    assert len(cache) == 4


def test_a_block_alone_counts_its_positions_from_the_cache():
    block, x, cache = shaken(TransformerBlock(GPTConfig(11, 9, 12, 3, 2, **LLAMA))).eval(), vectors(2, 6, 12), KVCache()
    parts = [block(x[:, :4], cache=cache), block(x[:, 4:], cache=cache)]
    torch.testing.assert_close(torch.cat(parts, 1), block(x))
