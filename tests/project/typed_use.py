"""A program of somebody who uses the package, as `mypy --strict` reads it: calls as README, docs and lessons make them.

`test_types.py` checks it against the installed package; nothing here is run. `assert_type` says what a reader of the
types is told: were the package without types, or a result `Any`, the check would fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_type

import torch
from torch import Tensor

from llmlab.attention import KVCache, MultiHeadAttention, causal_mask, influence_map, scaled_dot_product_attention
from llmlab.bpe import BPETokenizer, gpt2_encoding, train_bpe
from llmlab.corpus import load_text, toy_world
from llmlab.embeddings import InputEmbedding, SkipGram, apply_rope
from llmlab.exercises import Exercise, exercise, progress
from llmlab.exercises.engine.progress import Overview, Progress
from llmlab.explorers import AttentionBench, MergePlayer
from llmlab.export import ExportedPage, export_page
from llmlab.generation import cache_bytes, generate, sampling_probabilities
from llmlab.gpt import GPT, GPTConfig, attention_maps, count_parameters, load_gpt2
from llmlab.tokenizers import CharTokenizer, WordTokenizer
from llmlab.training import (
    History,
    TrainConfig,
    evaluate,
    load_checkpoint,
    next_token_loss,
    save_checkpoint,
    split_text,
    train,
)
from llmlab.tuning import add_lora, chat_loader, respond
from llmlab.windows import SlidingWindowDataset, create_dataloader


def tokenize(text: str) -> None:
    words = WordTokenizer.from_text(text, unknown="<|unk|>")
    assert_type(words, WordTokenizer)
    assert_type(words.decode(words.encode("the dogs")), str)
    assert_type(CharTokenizer.from_text(text).encode("the"), list[int])

    assert_type(gpt2_encoding().encode(text), list[int])
    tokenizer = train_bpe(text, 300, special_tokens=["<|endoftext|>"])
    assert_type(tokenizer.encode(text, allowed_special="all"), list[int])
    assert_type(tokenizer.merges, list[tuple[bytes, bytes]])
    stream = tokenizer.stream()
    assert_type("".join(stream.push(id) for id in tokenizer.encode(text)) + stream.flush(), str)


def windows(text: str) -> None:
    dataset = SlidingWindowDataset(gpt2_encoding().encode(text), max_length=4, stride=2)
    inputs, targets = dataset[0]
    assert_type(inputs, Tensor)
    assert_type(dataset[[1, 0]], tuple[Tensor, Tensor])
    assert_type(len(dataset), int)
    for batch in create_dataloader(text, batch_size=8, max_length=4, stride=4, shuffle=False):
        print(batch)


def attend(x: Tensor) -> None:
    result = scaled_dot_product_attention(x, x, x, causal_mask(x.shape[-2]))
    assert_type(result.context, Tensor)
    assert_type(result.weights, Tensor)
    layer = MultiHeadAttention(d_in=6, d_out=8, context_length=5, n_heads=2, rope_theta=10_000.0)
    cache = KVCache()
    context, weights = layer(x, cache=cache, return_weights=True)
    assert_type(len(cache), int)
    assert_type(cache.keys, Tensor | None)
    assert_type(influence_map(lambda rows: rows.cumsum(0), x), Tensor)
    print(context, weights)


def own_attention(attend: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    AttentionBench(attend=attend)
    player = MergePlayer()
    player.set(merges=3)
    assert_type(player.code(), str)


def models() -> None:
    config = GPTConfig(50_257, 1024, 768, 12, 12, qkv_bias=True, tie_weights=True)
    llama = GPTConfig(512, 64, 32, 4, 2, norm="rms", mlp="swiglu", positions="rotary", bias=False, n_kv_heads=2)
    assert_type(count_parameters(config).total, int)
    assert_type(cache_bytes(n_layers=2, n_kv_heads=2, d_head=8, length=64), int)
    model = GPT(llama).eval()
    assert_type(model, GPT)
    assert_type(attention_maps(model, torch.tensor([[1, 2]])), Tensor)
    assert_type(next_token_loss(model(torch.tensor([[1, 2]])), torch.tensor([[2, 3]])), Tensor)
    embedding = InputEmbedding(vocab_size=11, d_model=6, context_length=5, positions="sinusoidal")
    print(embedding(torch.tensor([[1, 4]])), apply_rope, SkipGram, load_gpt2)


def write(folder: str) -> list[str]:
    model, tokenizer = load_checkpoint()
    assert_type(tokenizer, BPETokenizer)  # the course's model has one
    rows = generate(model, [tokenizer.encode("the dogs")], 12, temperature=0.0)
    assert_type(rows, list[list[int]])
    assert_type(generate(model, torch.tensor([[1, 2]]), 3, stop={0}, slide=True), Tensor)
    assert_type(sampling_probabilities(torch.zeros(2, 7), top_k=3), Tensor)

    of_mine, its_tokenizer = load_checkpoint(folder)
    assert_type(its_tokenizer, BPETokenizer | None)  # it may have been saved alone
    save_checkpoint(folder, of_mine, its_tokenizer)
    assert_type(export_page(folder, "page.html", precision="float16", prompts=["the"]), ExportedPage)
    return [tokenizer.decode(row) for row in rows]


def learn(folder: str) -> History:
    text, held_out = split_text(toy_world(2_000))
    tokenizer = train_bpe(text, 512)
    model = GPT(GPTConfig(len(tokenizer), 32, 64, 4, 2, dropout=0.1))
    loader = create_dataloader(text, 16, 32, 32, tokenizer=tokenizer, generator=torch.Generator().manual_seed(0))
    validation = create_dataloader(held_out, 16, 32, 32, tokenizer=tokenizer, shuffle=False, drop_last=False)
    config = TrainConfig(steps=2_000, keep_best=True, accumulate=4, checkpoint=folder, save_every=500)

    def show(history: History) -> None:
        print(history.validation[-1])

    history = train(model, loader, config, validation=validation, tokenizer=tokenizer, on_evaluation=show)
    assert_type(history.best, tuple[int, float] | None)
    assert_type(evaluate(model, validation), float)
    batches = [(torch.zeros(1, 4, dtype=torch.int64), torch.zeros(1, 4, dtype=torch.int64))]
    train(model, batches, TrainConfig(steps=1), progress=False)  # any batches will do, a list too

    chats = chat_loader([("Who barks?", "The dog.")], tokenizer, batch_size=1)
    assert_type(add_lora(model, rank=2), GPT)
    train(model, chats, TrainConfig(steps=1))
    assert_type(respond(model, tokenizer, ["Who barks?"]), list[str])
    return history


def check() -> None:
    assert_type(exercise("03.2"), Exercise)
    exercise("03.2").check(load_text)
    assert_type(progress("03"), Progress)
    assert_type(progress(), Overview)
