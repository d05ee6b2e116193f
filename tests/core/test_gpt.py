"""The GPT: GPT-2's logits from its weights, parameters counted two ways, causality, cache, errors."""

import math

import pytest
import torch
import torch.nn.functional as F
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.attention import KVCache, padding_mask
from llmlab.gpt import (
    GPT,
    FeedForward,
    GPTConfig,
    LayerNorm,
    TransformerBlock,
    attention_maps,
    count_parameters,
    load_gpt2_weights,
)
from tests.core.gpts import ids_of, model_of, shaken

# --- equal to GPT-2 ---


def hugging_face(with_head, **sizes):
    names = {"vocab_size": "vocab_size", "n_positions": "context_length", "n_embd": "d_model"}
    names |= {"n_head": "n_heads", "n_layer": "n_layers"}
    config = transformers.GPT2Config(**{theirs: sizes[ours] for theirs, ours in names.items()})
    kind = transformers.GPT2LMHeadModel if with_head else transformers.GPT2Model
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return shaken(kind(config).eval())


@pytest.mark.parametrize("with_head", [True, False])
@pytest.mark.parametrize("tie_weights", [True, False])
@pytest.mark.parametrize(
    "sizes",
    [
        {"vocab_size": 101, "context_length": 13, "d_model": 24, "n_heads": 3, "n_layers": 2},
        {"vocab_size": 311, "context_length": 40, "d_model": 96, "n_heads": 8, "n_layers": 5},
    ],
    ids=["small", "larger"],
)
def test_logits_are_gpt2s(sizes, tie_weights, with_head):
    theirs = hugging_face(with_head, **sizes)
    ours = model_of(**sizes, qkv_bias=True, tie_weights=tie_weights)
    load_gpt2_weights(ours, theirs.state_dict())
    ids = ids_of(3, sizes["context_length"], below=sizes["vocab_size"])
    with torch.no_grad():
        table = theirs.get_input_embeddings().weight
        expected = theirs(ids).logits if with_head else theirs(ids).last_hidden_state @ table.T
        torch.testing.assert_close(ours(ids), expected, atol=1e-4, rtol=1e-5)
    assert expected.std() > 1  # logits worth comparing


def test_gpt2s_parameters_part_by_part():
    count = count_parameters(GPTConfig(50257, 1024, 768, n_heads=12, n_layers=12, qkv_bias=True, tie_weights=True))
    assert count.total == 124_439_808
    assert count.token_embedding == 38_597_376 and count.position_embedding == 786_432 and count.head == 0
    with torch.device("meta"):  # shapes without memory
        theirs = transformers.GPT2Model(transformers.GPT2Config())
    sums = {"wte": 0, "wpe": 0, "attn": 0, "mlp": 0, "ln": 0}
    for name, parameter in theirs.named_parameters():
        (part,) = [part for part in sums if f"{part}." in name or f"{part}_" in name]
        sums[part] += parameter.numel()
    assert [count.token_embedding, count.position_embedding, count.attention, count.feed_forward, count.norms] == list(
        sums.values()
    )


@settings(max_examples=40)
@given(
    heads=st.sampled_from([(1, None), (2, None), (4, 2), (6, 3), (3, 1)]),
    width=st.integers(1, 5),
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 9), st.integers(1, 3)),
    qkv_bias=st.booleans(),
    tie_weights=st.booleans(),
)
def test_parameters_are_counted_as_they_are_built(heads, width, sizes, qkv_bias, tie_weights):
    vocab_size, context_length, n_layers = sizes
    config = GPTConfig(
        vocab_size,
        context_length,
        heads[0] * width,
        heads[0],
        n_layers,
        qkv_bias=qkv_bias,
        n_kv_heads=heads[1],
        tie_weights=tie_weights,
    )
    assert count_parameters(config).total == sum(parameter.numel() for parameter in GPT(config).parameters())


# --- the parts ---


def test_layer_norm_is_the_formula():
    norm, x = shaken(LayerNorm(7)), torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(1)) * 5 + 2
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
    torch.testing.assert_close(norm(x), norm.scale * (x - mean) / (variance + 1e-5).sqrt() + norm.shift)


def test_feed_forward_is_the_formula():
    module, x = shaken(FeedForward(5)), torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1))
    inner = module.expand(x)
    gelu = 0.5 * inner * (1 + torch.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner**3)))
    assert inner.shape == (2, 3, 20)
    torch.testing.assert_close(module(x), module.contract(gelu))


def test_a_block_adds_to_the_stream():
    config = GPTConfig(11, 9, 12, 3, 2)
    block, x = (
        shaken(TransformerBlock(config)).eval(),
        torch.randn(2, 4, 12, generator=torch.Generator().manual_seed(1)),
    )
    after_attention = x + block.attention(block.norm_attention(x))
    expected = after_attention + block.feed_forward(block.norm_feed_forward(after_attention))
    torch.testing.assert_close(block(x), expected)


# --- the whole ---


def test_the_first_loss_is_about_the_logarithm_of_the_vocabulary():
    for vocab_size, tie_weights in ((50, False), (1000, True)):
        model = model_of(vocab_size=vocab_size, d_model=48, tie_weights=tie_weights)
        logits = model(ids_of(16, 9, below=vocab_size))
        loss = F.cross_entropy(logits.flatten(0, 1), ids_of(16 * 9, below=vocab_size, seed=1))
        assert loss.item() == pytest.approx(math.log(vocab_size), abs=0.05)


def test_weights_start_as_gpt2s_do():
    model = model_of(vocab_size=200, d_model=96, n_layers=8, qkv_bias=True)
    for name, parameter in model.named_parameters():
        if name.endswith((".bias", ".shift", ".scale")):
            assert (parameter == name.endswith(".scale")).all(), name
        else:  # what adds to the stream is smaller by √(2 · 8)
            adds = name.endswith(("out_proj.weight", "contract.weight"))
            assert parameter.std().item() == pytest.approx(0.005 if adds else 0.02, rel=0.1), name


def test_no_logit_depends_on_a_later_token():
    model, ids = shaken(model_of()), ids_of(1, 9)
    with torch.no_grad():
        before = model(ids)
        for j in range(9):
            changed = ids.clone()
            changed[0, j] = (ids[0, j] + 1) % 11
            moved = (model(changed) != before).any(-1)[0]
            assert moved.tolist() == [False] * j + [True] * (9 - j)


def test_attention_maps_are_those_of_each_layers_own_input():
    model, ids = shaken(model_of(n_layers=3)), ids_of(2, 7)
    inputs = []
    hooks = [block.attention.register_forward_pre_hook(lambda _, x: inputs.append(x[0])) for block in model.blocks]
    model(ids)
    for hook in hooks:
        hook.remove()
    weights = attention_maps(model, ids)
    assert weights.shape == (2, 3, 3, 7, 7)  # (B, n_layers, H, T, T)
    for layer, (block, x) in enumerate(zip(model.blocks, inputs, strict=True)):
        q, k, _ = (part.view(2, 7, 3, 4).transpose(1, 2) for part in block.attention.qkv(x).chunk(3, dim=-1))
        scores = (q @ k.transpose(-2, -1) / 2).masked_fill(torch.ones(7, 7).triu(1).bool(), -torch.inf)
        torch.testing.assert_close(weights[:, layer], scores.softmax(dim=-1))


def test_padding_changes_nothing_for_real_tokens():
    model, ids = shaken(model_of()), ids_of(2, 9)
    with torch.no_grad():
        padded = model(ids, padding_mask([9, 4], 9))
        torch.testing.assert_close(padded[1, :4], model(ids[1:, :4])[0])
        front = (torch.arange(9) >= torch.tensor([[0], [5]]))[:, None, :]  # the second row padded in front
        positions = torch.stack([torch.arange(9), torch.arange(9) - 5]).clamp(min=0)
        padded = model(torch.cat([ids[:1], torch.cat([ids[1:, :5], ids[1:, :4]], 1)]), front, positions=positions)
        torch.testing.assert_close(padded[1, 5:], model(ids[1:, :4])[0])


@given(cuts=st.lists(st.integers(1, 4), min_size=1, max_size=4).filter(lambda c: sum(c) <= 9), groups=st.booleans())
def test_the_cache_changes_no_logit(cuts, groups):
    model = shaken(model_of(d_model=16, n_heads=4, n_kv_heads=2 if groups else None))
    ids, cache, start, parts = ids_of(3, sum(cuts)), KVCache(), 0, []
    with torch.no_grad():
        for size in cuts:
            parts.append(model(ids[:, start : start + size], cache=cache))
            start += size
            assert len(cache) == start
        torch.testing.assert_close(torch.cat(parts, 1), model(ids), atol=1e-4, rtol=1e-4)


def test_dropout_works_in_training_only():
    model, ids = model_of(dropout=0.5), ids_of(2, 9)
    assert torch.equal(model(ids), model(ids))
    model.train()
    assert not torch.equal(model(ids), model(ids))


def test_dropout_is_at_work_in_its_four_places():
    block = shaken(TransformerBlock(GPTConfig(11, 9, 12, 3, 2, dropout=0.3))).train()
    embedding = model_of(dropout=0.3).train().embedding
    x, ids = torch.randn(2, 4, 12, generator=torch.Generator().manual_seed(1)), ids_of(2, 9)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        found = block(x)
        torch.manual_seed(3)
        after_attention = x + F.dropout(block.attention(block.norm_attention(x)), 0.3)
        expected = after_attention + F.dropout(block.feed_forward(block.norm_feed_forward(after_attention)), 0.3)
        torch.testing.assert_close(found, expected)
        assert not torch.equal(block.attention(x), block.attention(x))  # on the weights
        assert not torch.equal(embedding(ids), embedding(ids))


def test_tied_weights_are_one_tensor():
    tied, loose = model_of(tie_weights=True), model_of()
    assert tied.head.weight is tied.embedding.token.weight
    assert loose.head.weight is not loose.embedding.token.weight
    tied(ids_of(1, 4)).sum().backward()
    assert tied.head.weight.grad.any(-1).all()  # also rows of tokens that were not read: the head uses them all


# --- errors ---


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: GPTConfig(0, 9, 12, 3, 2), ValueError, "vocab_size must be at least 1"),
        (lambda: GPTConfig(11, 9, 12, 3, 2.0), TypeError, "n_layers must be an int"),
        (lambda: GPTConfig(11, 9, 12, 5, 2), ValueError, "n_heads=5 does not divide 12"),
        (lambda: GPTConfig(11, 9, 12, 3, 2, n_kv_heads=2), ValueError, "n_kv_heads=2 does not divide n_heads=3"),
        (lambda: GPTConfig(11, 9, 12, 3, 2, n_kv_heads=0), ValueError, "n_kv_heads must be at least 1"),
        (lambda: GPTConfig(11, 9, 12, 3, 2, dropout=1), ValueError, "dropout must be at least 0 and below 1"),
        (
            lambda: GPTConfig(11, 9, 12, 3, 2, tie_weights="no"),
            TypeError,
            "tie_weights must be True or False, got 'no'",
        ),
        (lambda: GPT({"vocab_size": 11}), TypeError, "config must be a GPTConfig, got dict"),
        (lambda: TransformerBlock(8), TypeError, "config must be a GPTConfig, got int"),
        (lambda: count_parameters(model_of()), TypeError, "config must be a GPTConfig, got GPT"),
        (lambda: LayerNorm(-1), ValueError, "d_model must be at least 1, got -1"),
        (lambda: FeedForward("8"), TypeError, "d_model must be an int"),
        (lambda: LayerNorm(8)(torch.ones(2, 3)), ValueError, r"x must be 8 wide, .* got shape \(2, 3\)"),
        (lambda: FeedForward(8)(torch.ones(2, 8).long()), TypeError, "float tensor of shape .*, got torch.int64"),
        (lambda: FeedForward(8)([1.0] * 8), TypeError, "got list"),
        (lambda: model_of()([1, 2, 3]), TypeError, "ids must be"),
        (lambda: model_of()(torch.tensor(5)), TypeError, "ids must be"),
        (lambda: attention_maps(5, ids_of(1, 3)), TypeError, "model must be a GPT, got int"),
        (lambda: load_gpt2_weights(model_of(), "gpt2"), TypeError, "must map names to tensors"),
        (lambda: load_gpt2_weights(5, {}), TypeError, "model must be a GPT, got int"),
        (lambda: model_of()(ids_of(1, 10)), ValueError, "10 tokens are more than the context length 9"),
        (lambda: model_of()(torch.tensor([[11]])), ValueError, "token id 11 is not in the vocabulary"),
        (lambda: model_of()(torch.zeros(1, 3)), TypeError, "ids must be integers"),
        (lambda: load_gpt2_weights(model_of(), {}), ValueError, "qkv_bias=True"),
        (lambda: load_gpt2_weights(model_of(qkv_bias=True), {}), ValueError, "of 0 layers, the model has 2"),
    ],
)
def test_bad_input_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_weights_that_do_not_fit_are_named():
    sizes = {"vocab_size": 11, "context_length": 9, "d_model": 12, "n_heads": 3, "n_layers": 2}
    theirs = hugging_face(True, **sizes).state_dict()
    with pytest.raises(
        ValueError, match=r"wte.weight makes a tensor of shape \(11, 12\), the model expects \(13, 12\)"
    ):
        load_gpt2_weights(model_of(qkv_bias=True, vocab_size=13), theirs)
    del theirs["transformer.h.1.mlp.c_fc.bias"]
    model = model_of(qkv_bias=True)
    before = model.head.weight.clone()
    with pytest.raises(KeyError, match="h.1.mlp.c_fc.bias"):
        load_gpt2_weights(model, theirs)
    assert torch.equal(model.head.weight, before)


def test_a_cache_serves_one_thing():
    model, cache = model_of(), KVCache()
    with torch.no_grad():
        model(ids_of(1, 3), cache=cache)
        with pytest.raises(ValueError, match="serves a model of 2 layers"):
            model.blocks[0].attention(torch.zeros(1, 1, 12), cache=cache)
        with pytest.raises(ValueError, match="serves a model of 2 layers, not a model of 3 layers"):
            model_of(n_layers=3)(ids_of(1, 3), cache=cache)
        single = KVCache()
        model.blocks[0].attention(torch.zeros(1, 1, 12), cache=single)
        with pytest.raises(ValueError, match="serves a single layer"):
            model(ids_of(1, 3), cache=single)
        with pytest.raises(ValueError, match="12 tokens are more than the context length 9"):
            model(ids_of(1, 9), cache=cache)
        assert len(cache) == 3
        cache.clear()
        torch.testing.assert_close(model(ids_of(1, 9), cache=cache), model(ids_of(1, 9)))
