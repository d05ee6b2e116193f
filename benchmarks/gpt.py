"""The GPT beside its peers: a training step, and generation with and without the cache.

A step is what `llmlab.training.train` does: loss on every position, backward, clipping, AdamW. Peers are a GPT written
for speed in plain PyTorch (`_plain_gpt.py`), the GPT of the book's package and GPT-2 of `transformers`, in training
mode, in two shapes: lesson 11's, on one thread as the lesson runs it and on all, and a larger one on all threads. Peers
take the library's cross-entropy, as one writes it; the book's model is stepped twice: with our optimizer, which shows
the models alone, and with plain `torch.optim.AdamW`, as the book trains. Before it is timed, each peer must give our
logits for our weights.

    python benchmarks/gpt.py       results/gpt.md and results/gpt.json

The book's package is installed without its dependencies: pip install --no-deps -r benchmarks/requirements.txt
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from _pairs import Table, compare, processor_time, wall_time
from _plain_gpt import plain_gpt
from torch import Tensor, nn

from llmlab.generation import generate
from llmlab.gpt import GPT, GPTConfig, load_gpt2_weights
from llmlab.training import TrainConfig
from llmlab.training._cross_entropy import cross_entropy
from llmlab.training.optimizer import make_optimizer

B = 16
ALL = torch.get_num_threads()
LESSON = GPTConfig(vocab_size=600, context_length=64, d_model=64, n_heads=4, n_layers=3)
SHAPES = {  # name -> sizes and threads
    "lesson 11": (LESSON, 1),
    "lesson 11, all threads": (LESSON, ALL),
    "larger": (GPTConfig(vocab_size=1_000, context_length=64, d_model=128, n_heads=4, n_layers=4), ALL),
}
WRITER = GPTConfig(vocab_size=1_000, context_length=288, d_model=384, n_heads=6, n_layers=6)
PROMPT, NEW = 32, 256
Logits = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]
Make = Callable[[nn.Module], torch.optim.Optimizer]


def book_model(ours: GPT) -> nn.Module:
    """The book's GPT with our weights."""
    from llms_from_scratch import ch04

    config = ours.config
    sizes = {"vocab_size": config.vocab_size, "context_length": config.context_length, "emb_dim": config.d_model}
    sizes |= {"n_heads": config.n_heads, "n_layers": config.n_layers, "drop_rate": 0.0, "qkv_bias": False}
    model = ch04.GPTModel(sizes)
    with torch.no_grad():
        model.tok_emb.weight.copy_(ours.embedding.token.weight)
        model.pos_emb.weight.copy_(ours.embedding.position.weight)
        model.out_head.weight.copy_(ours.head.weight)
        for theirs, block in zip(model.trf_blocks, ours.blocks, strict=True):
            parts = (theirs.att.W_query, theirs.att.W_key, theirs.att.W_value)
            for linear, weight in zip(parts, block.attention.qkv.weight.split(config.d_model), strict=True):
                linear.weight.copy_(weight)
            theirs.att.out_proj.load_state_dict(block.attention.out_proj.state_dict())
            theirs.ff.layers[0].load_state_dict(block.feed_forward.expand.state_dict())
            theirs.ff.layers[2].load_state_dict(block.feed_forward.contract.state_dict())
    return model


def transformers_model(config: GPTConfig) -> nn.Module:
    """GPT-2 of `transformers`; it has a bias in its projection and a tied head, which cost next to nothing."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.context_length,
            n_embd=config.d_model,
            n_layer=config.n_layers,
            n_head=config.n_heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            use_cache=False,
        )
    )


def require_equal(name: str, peer: Logits, ours: Logits, ids: Tensor) -> float:
    with torch.no_grad():
        largest = (peer(ids) - ours(ids)).abs().max().item()
    assert largest < 1e-4, f"{name} computes something else: {largest}"
    return largest


def plain_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)


def our_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return make_optimizer(model, TrainConfig())


def library_loss(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def stepper(model: nn.Module, logits: Logits, loss: Loss, make: Make, ids: Tensor) -> Callable[[], object]:
    """Ten steps: one alone is too short to time."""
    inputs, targets, optimizer = ids[:, :-1], ids[:, 1:], make(model)
    model.train()

    def run() -> None:
        for _ in range(10):
            optimizer.zero_grad(set_to_none=True)
            loss(logits(inputs), targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    return run


def training_rows(table: Table, name: str, config: GPTConfig) -> None:
    torch.manual_seed(0)
    ids = torch.randint(config.vocab_size, (B, config.context_length + 1))
    model = GPT(config)
    clock = processor_time if torch.get_num_threads() == 1 else wall_time

    def add(label: str, peer: nn.Module, logits: Logits, make: Make, mine: GPT, goal: str, repeats: int = 15) -> None:
        largest = require_equal(label, logits, mine, ids[:, :-1])
        ours, other = (
            stepper(mine, mine, cross_entropy, our_optimizer, ids),
            stepper(peer, logits, library_loss, make, ids),
        )
        row = compare(f"10 training steps, {name} / {label}", ours, other, goal, clock=clock, repeats=repeats)
        table.rows.append(row | {"difference": largest})

    untouched = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    plain = plain_gpt(model)
    add("plain PyTorch", plain, plain, our_optimizer, model, "≤ 1", repeats=41)
    with table.part(f"`llms-from-scratch`, {name}"):
        goal = "≤ 0.62 (1.6 × faster)"
        for whose, make in (("our optimizer for both", our_optimizer), ("its own optimizer", plain_optimizer)):
            model.load_state_dict(untouched)  # the last row has trained it
            book = book_model(model)
            add(f"`llms-from-scratch`, {whose}", book, book, make, model, goal)
    with table.part(f"`transformers`, {name}"):
        hugging = transformers_model(config)
        tied = GPT(replace(config, qkv_bias=True, tie_weights=True))
        load_gpt2_weights(tied, hugging.state_dict())
        label = "`transformers`, our optimizer for both"
        add(label, hugging, lambda ids: hugging(ids).logits, our_optimizer, tied, "")
        # The plain peer is worth its name only if it is at least as fast as a library's model of the same sizes.
        theirs = stepper(hugging, lambda ids: hugging(ids).logits, library_loss, our_optimizer, ids)
        peer = stepper(plain, plain, library_loss, our_optimizer, ids)
        item = f"10 training steps, {name}: plain PyTorch / `transformers`"
        table.rows.append(compare(item, peer, theirs, "≤ 1", clock=clock, repeats=15))


def generation_rows(table: Table) -> None:
    torch.manual_seed(0)
    model = GPT(WRITER).eval()
    prompt = torch.randint(WRITER.vocab_size, (1, PROMPT))

    def write(use_cache: bool) -> Callable[[], Tensor]:
        return lambda: generate(model, prompt, NEW, temperature=0, use_cache=use_cache)

    assert torch.equal(write(True)(), write(False)()), "the cache changes what is written"
    label = f"{NEW} new tokens with cache / without"
    table.rows.append(compare(label, write(True), write(False), "≤ 0.2 (5 × faster)", clock=wall_time))
    early, late = token_times(model, prompt)
    table.note(
        f"Time per token with cache: {1000 * early:.2f} ms for the tokens 32 to 64, {1000 * late:.2f} ms for the last "
        f"32 of {PROMPT + NEW}: {late / early:.2f} times as long."
    )


@torch.no_grad()
def token_times(model: GPT, prompt: Tensor) -> tuple[float, float]:
    """Seconds a token, at the beginning and at the end: medians over 32 tokens, of the best of five texts."""
    from llmlab.attention import KVCache

    texts = []
    for _ in range(5):
        cache, times, token = KVCache(), [], prompt
        for _ in range(NEW):
            start = time.perf_counter()
            token = model(token, cache=cache)[:, -1:].argmax(dim=-1)
            times.append(time.perf_counter() - start)
        texts.append((statistics.median(times[1:33]), statistics.median(times[-32:])))
    return min(early for early, _ in texts), min(late for _, late in texts)


def main() -> None:
    title, packages = "The GPT: our speed beside its peers'", ("torch", "llms-from-scratch", "transformers")
    clock = "Processor times (one thread) and times on the clock (more)"
    with Table("gpt", title, packages, clock=clock) as table:
        shapes = []
        for name, (config, threads) in SHAPES.items():
            torch.set_num_threads(threads)
            training_rows(table, name, config)
            shapes.append(
                f"{name}: B={B}, T={config.context_length}, D={config.d_model}, {config.n_layers} layers, "
                f"{config.n_heads} heads, V={config.vocab_size:,}, threads: {threads}"
            )
        torch.set_num_threads(ALL)
        generation_rows(table)
        largest = max(row.pop("difference", 0.0) for row in table.rows)
        table.note(
            f"Training, {'; '.join(shapes)}. Generation: {WRITER.n_layers} layers, D={WRITER.d_model}, "
            f"{WRITER.n_heads} heads, greedy, prompt of {PROMPT}, threads: {ALL}. All in float32. Largest difference "
            f"between the logits of a peer and ours: {largest:.1e}."
        )


if __name__ == "__main__":
    main()
