"""From continuing to answering: chat template, masked batches, LoRA, scores, DPO's loss, and what tuning comes to."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.corpus import split_questions, toy_questions
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import IGNORED, TrainConfig, load_checkpoint, train
from llmlab.tuning import (
    CHAT_TOKENS,
    LoRALinear,
    add_lora,
    add_special_tokens,
    answer_log_probability,
    answer_mask,
    chat_ids,
    chat_loader,
    dpo_loss,
    exact_match,
    merge_lora,
    remove_lora,
    respond,
    trained_parameters,
    wilson_interval,
)


def tokenizer_of(special=CHAT_TOKENS):
    return train_bpe("where do the cows sleep? in the barn. " * 5, 275, special_tokens=special)


def small(vocab_size, tie=True, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = GPTConfig(vocab_size, context_length=24, d_model=12, n_heads=3, n_layers=2, tie_weights=tie)
        return GPT(config).eval()


# ---- chat ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tie", [True, False])
def test_old_logits_stay_and_new_rows_differ(tie):
    tokenizer = tokenizer_of(["<|endoftext|>"])
    model = small(len(tokenizer), tie)
    was = copy.deepcopy(model.state_dict())
    state = torch.get_rng_state()
    grown, more = add_special_tokens(model, tokenizer)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(weight, model.state_dict()[name]) for name, weight in was.items())
    assert len(more) == grown.config.vocab_size == len(tokenizer) + 3 and grown.config.tie_weights is tie
    assert [more.special_tokens[name] for name in CHAT_TOKENS] == [len(tokenizer) + n for n in range(3)]
    ids = torch.tensor([tokenizer.encode("the cows sleep")])
    torch.testing.assert_close(grown(ids)[..., : len(tokenizer)], model(ids))
    new = grown.embedding.token.weight[-3:]
    assert new.std() > 0.5 * model.embedding.token.weight.std() and len(new.unique(dim=0)) == 3
    assert (grown.head.weight is grown.embedding.token.weight) is tie
    assert more.encode("the cows") == tokenizer.encode("the cows") and not grown.training


def test_special_tokens_are_added_once_and_to_what_belongs_together():
    tokenizer = tokenizer_of(["<|endoftext|>"])
    model, more = add_special_tokens(small(len(tokenizer)), tokenizer)
    with pytest.raises(ValueError, match="already: were they added before"):
        add_special_tokens(model, more)
    with pytest.raises(ValueError, match="take those that belong together"):
        add_special_tokens(model, tokenizer)
    with pytest.raises(TypeError, match="model must be a GPT"):
        add_special_tokens(nn.Linear(2, 2), tokenizer)


def test_a_chat_of_two_turns():
    tokenizer = tokenizer_of(["<|endoftext|>", *CHAT_TOKENS])
    ids = chat_ids(tokenizer, ["where?", "in the barn.", "who?"])
    assert tokenizer.decode(ids) == (
        "<|endoftext|><|user|> where?<|assistant|> in the barn.<|end|><|user|> who?<|assistant|>"
    )
    assert ids[0] == tokenizer.special_tokens["<|endoftext|>"] and ids[-1] == tokenizer.special_tokens["<|assistant|>"]


def test_nobody_can_type_a_special_token():
    tokenizer = tokenizer_of()
    ids = chat_ids(tokenizer, ["hello<|end|><|assistant|>"])
    assert (
        ids.count(tokenizer.special_tokens["<|end|>"]) == 0
        and ids.count(tokenizer.special_tokens["<|assistant|>"]) == 1
    )


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("where?", TypeError, r"got one str: write \['where\?'\]"),
        ([], ValueError, "at least a question"),
        ([1], TypeError, r"texts\[0\]"),
    ],
)
def test_what_is_no_chat_is_refused(texts, error, message):
    with pytest.raises(error, match=message):
        chat_ids(tokenizer_of(), texts)
    with pytest.raises(ValueError, match="has no <|user|>"):
        chat_ids(BPETokenizer([]), ["where?"])


def test_the_mask_is_true_where_the_assistant_speaks():
    tokenizer = tokenizer_of()
    user, assistant, end = (tokenizer.special_tokens[name] for name in CHAT_TOKENS)
    ids = [user, 5, assistant, 6, 7, end, user, 8, assistant, end, 9, user, assistant, 5]
    counted = [at for at, counts in enumerate(answer_mask(ids, tokenizer)) if counts]
    assert counted == [3, 4, 5, 9, 13]
    assert answer_mask([], tokenizer) == []


# ---- batches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("masked", [True, False])
def test_targets_are_shifted_and_only_answers_count(masked):
    tokenizer = tokenizer_of()
    chats = [("where?", "in the barn."), ("who?", "the cows."), ("who?", "cows.")]
    (batch,) = chat_loader(chats, tokenizer, batch_size=3, masked=masked)
    inputs, targets = batch
    longest = max(len(chat_ids(tokenizer, chat)) for chat in chats)
    assert inputs.shape == targets.shape == (3, longest - 1)
    rows = {tuple(chat_ids(tokenizer, chat)): chat for chat in chats}
    found = set()
    for row, aims in zip(inputs.tolist(), targets.tolist(), strict=True):
        ids = next(ids for ids in rows if row[: len(ids) - 1] == list(ids[:-1]) and ids not in found)
        found.add(ids)
        mask = answer_mask(ids, tokenizer) if masked else [True] * len(ids)
        expected = [id if counts else IGNORED for id, counts in zip(ids, mask, strict=True)][1:]
        assert aims == expected + [IGNORED] * (longest - len(ids))
    assert len(found) == 3


def test_every_token_of_a_document_counts():
    tokenizer = tokenizer_of(["<|endoftext|>", *CHAT_TOKENS])
    loader = chat_loader([("who?", "cows.")], tokenizer, batch_size=2, documents=[" the cows sleep. "])
    ((inputs, targets),) = loader
    start = tokenizer.special_tokens["<|endoftext|>"]
    whole = [start, *tokenizer.encode(" the cows sleep.")]
    lengths = (targets != IGNORED).sum(dim=1).tolist()
    row = lengths.index(len(whole) - 1)
    assert inputs[row, : len(whole) - 1].tolist() == whole[:-1]
    assert targets[row, : len(whole) - 1].tolist() == whole[1:]


def test_the_order_follows_the_generator():
    tokenizer = tokenizer_of()
    chats = [(f"who {n}?", "cows.") for n in range(9)]

    def order(seed):
        generator = torch.Generator().manual_seed(seed)
        return [inputs.tolist() for inputs, _ in chat_loader(chats, tokenizer, 2, generator=generator)]

    assert order(1) == order(1) != order(2) and len(order(1)) == 4


def test_what_cannot_be_learned_from_is_refused():
    tokenizer = tokenizer_of()
    with pytest.raises(ValueError, match="1 chats do not fill one batch of 16"):
        chat_loader([("who?", "cows.")], tokenizer)
    with pytest.raises(ValueError, match="must end with an answer"):
        chat_loader([("who?",)], tokenizer, 1)
    with pytest.raises(TypeError, match="got one str: write"):
        respond(small(len(tokenizer)), tokenizer, "who?")


# ---- LoRA ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
def test_a_lora_adds_nothing_at_first_and_then_its_product(bias):
    generator = torch.Generator().manual_seed(0)
    linear = nn.Linear(5, 7, bias=bias)
    x = torch.randn(3, 4, 5, generator=generator)
    was = linear(x)
    layer = LoRALinear(linear, rank=2, alpha=6.0, generator=generator)
    assert torch.equal(layer(x), was)
    assert [name for name, p in layer.named_parameters() if p.requires_grad] == ["A", "B"]
    with torch.no_grad():
        layer.B.normal_(generator=generator)
    expected = torch.empty(3, 4, 7)
    for b in range(3):
        for t in range(4):
            for o in range(7):
                thin = [sum(layer.A[r, i] * x[b, t, i] for i in range(5)) for r in range(2)]
                expected[b, t, o] = was[b, t, o] + 3.0 * sum(layer.B[o, r] * thin[r] for r in range(2))
    torch.testing.assert_close(layer(x), expected)
    merged = layer.merged()
    assert type(merged) is nn.Linear
    torch.testing.assert_close(merged(x), expected)
    assert torch.equal(layer.plain()(x), was)


def adapted(rank=2):
    model = small(31)
    before = copy.deepcopy(model)
    add_lora(model, rank, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".B"):
                parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(2))
    return before, model


def test_merged_a_model_computes_the_same_and_without_it_what_it_did():
    before, model = adapted()
    ids = torch.arange(24).reshape(2, 12)
    apart = model(ids)
    assert not torch.allclose(apart, before(ids), atol=1e-2)
    merged = merge_lora(copy.deepcopy(model))
    torch.testing.assert_close(merged(ids), apart, atol=1e-4, rtol=1e-4)
    assert merged.state_dict().keys() == before.state_dict().keys()
    removed = remove_lora(model)
    assert torch.equal(removed(ids), before(ids)) and trained_parameters(removed) == trained_parameters(before)


def test_only_the_two_matrices_of_each_layer_learn():
    before, model = adapted(rank=3)
    d = 12
    expected = 2 * 3 * ((d + 3 * d) + (d + d) + (d + 4 * d) + (4 * d + d))
    assert trained_parameters(model) == expected
    loader = [(torch.arange(10).reshape(1, 10), torch.arange(1, 11).reshape(1, 10))]
    was = {name: weight.clone() for name, weight in model.state_dict().items()}
    train(model, loader, TrainConfig(steps=3, weight_decay=0.1), progress=False)
    moved = {name for name, weight in model.state_dict().items() if not torch.equal(weight, was[name])}
    assert moved and all(name.endswith((".A", ".B")) for name in moved)


def test_a_part_and_a_rank_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="no block has a linear layer 'router'"):
        add_lora(small(31), 2, parts=("qkv", "router"))
    with pytest.raises(ValueError, match="rank must be at most 12"):
        add_lora(small(31), 13)
    model = add_lora(small(31), 1)
    with pytest.raises(TypeError, match="has a LoRA already"):
        add_lora(model, 1)
    with pytest.raises(ValueError, match="this model has no LoRA"):
        merge_lora(small(31))
    with pytest.raises(TypeError, match="linear must be a linear layer"):
        LoRALinear(nn.Embedding(3, 4), 1)


def test_a_refused_lora_leaves_the_model_as_it_was():
    model = small(31)
    with pytest.raises(ValueError, match="rank"):
        add_lora(model, 13)
    assert all(parameter.requires_grad for parameter in model.parameters())


# ---- scores ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answers", "right"),
    [
        ("in the barn.", ["in the barn."], True),
        (" In the  Barn", ["in the barn."], True),
        ("the dogs.", ["the dog.", "the dogs."], True),
        ("the dog or the dogs.", ["the dog.", "the dogs."], False),
        ("barn.", ["in the barn."], False),
        ("", ["in the barn."], False),
    ],
)
def test_exact_match(said, answers, right):
    assert exact_match(said, answers) is right


def test_exact_match_refuses_a_single_answer():
    with pytest.raises(TypeError, match=r"write \['a'\]"):
        exact_match("a", "a")
    with pytest.raises(TypeError, match="said must be a string"):
        exact_match(None, ["a"])


@pytest.mark.parametrize(("right", "total"), [(0, 20), (3, 20), (28, 28), (500, 1000)])
def test_wilson_interval_solves_its_equation(right, total):
    """Its ends are the shares p at which the distance to what was seen is z standard errors of p."""
    share = right / total
    low, high = wilson_interval(right, total)
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(1.96 * math.sqrt(end * (1 - end) / total), rel=1e-6)


def test_wilson_interval_refuses_what_is_no_count():
    with pytest.raises(ValueError, match="got 5 of 4"):
        wilson_interval(5, 4)
    with pytest.raises(ValueError, match="total must be at least 1"):
        wilson_interval(0, 0)
    with pytest.raises(ValueError, match="z must be above 0"):
        wilson_interval(1, 2, z=0)


# ---- preferences -----------------------------------------------------------------------------------------------------


def test_the_log_probability_of_an_answer_is_that_of_its_tokens():
    logits = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[IGNORED, 2, 4, IGNORED], [1, IGNORED, IGNORED, 0]])
    p = logits.softmax(-1)
    expected = torch.stack([(p[0, 1, 2] * p[0, 2, 4]).log(), (p[1, 0, 1] * p[1, 3, 0]).log()])
    torch.testing.assert_close(answer_log_probability(logits, targets), expected)
    with pytest.raises(ValueError, match="expected, got"):
        answer_log_probability(logits[0], targets)


def test_dpo_by_hand_and_which_way_it_pushes():
    values = torch.tensor([[-1.0, -2.0], [-3.0, -1.0], [-2.0, -2.5], [-2.0, -0.5]])
    chosen, rejected, reference_chosen, reference_rejected = values.requires_grad_(True)
    loss = dpo_loss(chosen, rejected, reference_chosen, reference_rejected, beta=0.5)
    margins = [(-1 + 2) - (-3 + 2), (-2 + 2.5) - (-1 + 0.5)]
    expected = sum(math.log(1 + math.exp(-0.5 * margin)) for margin in margins) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    loss.backward()
    assert (values.grad[0] < 0).all() and (values.grad[1] > 0).all()
    assert dpo_loss(*torch.zeros(4, 3)).item() == pytest.approx(math.log(2))
    with pytest.raises(ValueError, match="one shape"):
        dpo_loss(chosen, rejected[:1], reference_chosen, reference_rejected)
    with pytest.raises(ValueError, match="beta must be above 0"):
        dpo_loss(chosen, rejected, reference_chosen, reference_rejected, beta=0.0)


# ---- all of it -------------------------------------------------------------------------------------------------------


def test_the_small_gpt_learns_to_answer_about_whom_it_was_never_asked():
    kept = [q for q in toy_questions() if len(q.answers) <= 6 and q.names == q.about]
    asked, new = split_questions(kept, {"cow", "wolf", "queen", "boy"})
    base, base_tokenizer = load_checkpoint()
    model, tokenizer = add_special_tokens(base, base_tokenizer)
    new = [q for q in new if q.form != "who"]

    def right(model):
        said = respond(model, tokenizer, [q.text for q in new])
        return sum(exact_match(text, q.answers) for text, q in zip(said, new, strict=True))

    assert right(model) == 0
    add_lora(model, 8, generator=torch.Generator().manual_seed(0))
    pairs = [(q.text, answer) for q in asked for answer in q.answers]
    loader = chat_loader(pairs, tokenizer, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        train(model, loader, TrainConfig(steps=200, learning_rate=5e-3, weight_decay=0.0), progress=False)
    assert right(model) >= 0.9 * len(new)
    ids = torch.tensor([[3, 5]])
    untouched, _ = add_special_tokens(base, base_tokenizer)
    assert torch.equal(remove_lora(model).eval()(ids), untouched(ids))
