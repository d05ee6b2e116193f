"""The GPT beside its peers: a training step, and generation with and without the cache.

A step is what `llmlab.training.train` does: loss on every position, backward, clipping, AdamW. Peers are the GPT of the
book's package and GPT-2 of `transformers`, in training mode, in two shapes: lesson 08's on one core, as the lesson
runs it, and a larger one on all cores. The book's model is stepped twice: with our optimizer, which shows the models
alone, and with plain `torch.optim.AdamW`, as the book trains. Before it is timed, each peer must give our logits for
our weights.

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
from _pairs import compare, save, wall_time
from llms_from_scratch import ch04
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from llmlab.generation import generate
from llmlab.gpt import GPT, GPTConfig, load_gpt2_weights
from llmlab.training import TrainConfig, _optimizer

B = 16
ALL = torch.get_num_threads()
SHAPES = {  # name -> sizes and threads
    "lesson 08": (GPTConfig(vocab_size=600, context_length=64, d_model=64, n_heads=4, n_layers=3), 1),
    "larger": (GPTConfig(vocab_size=1_000, context_length=64, d_model=128, n_heads=4, n_layers=4), ALL),
}
WRITER = GPTConfig(vocab_size=1_000, context_length=288, d_model=384, n_heads=6, n_layers=6)
PROMPT, NEW = 32, 256
CPU = torch.device("cpu")
Logits = Callable[[Tensor], Tensor]


def book_model(ours: GPT) -> nn.Module:
    """The book's GPT with our weights."""
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
    return _optimizer(model, TrainConfig(), CPU)


def stepper(model: nn.Module, logits: Logits, optimizer: torch.optim.Optimizer, ids: Tensor) -> Callable[[], object]:
    """Ten steps: one alone is too short to time."""
    inputs, targets = ids[:, :-1], ids[:, 1:]
    model.train()

    def run() -> None:
        for _ in range(10):
            loss = F.cross_entropy(logits(inputs).flatten(0, 1), targets.flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    return run


def training_rows(name: str, config: GPTConfig) -> tuple[list[dict], float]:
    torch.manual_seed(0)
    ids = torch.randint(config.vocab_size, (B, config.context_length + 1))
    model = GPT(config)
    book, hugging = book_model(model), transformers_model(config)
    tied = GPT(replace(config, qkv_bias=True, tie_weights=True))
    load_gpt2_weights(tied, hugging.state_dict())

    def theirs(ids: Tensor) -> Tensor:
        return hugging(ids).logits

    difference = max(
        require_equal("the book's GPT", book, model, ids[:, :-1]),
        require_equal("transformers' GPT-2", theirs, tied, ids[:, :-1]),
    )
    rows = []
    for label, peer, logits, make, mine, goal in (
        ("`llms-from-scratch`, our optimizer for both", book, book, our_optimizer, model, "≤ 0.62 (1.6 × faster)"),
        ("`llms-from-scratch`, its own optimizer", book, book, plain_optimizer, model, "≤ 0.62 (1.6 × faster)"),
        ("`transformers`, our optimizer for both", hugging, theirs, our_optimizer, tied, ""),
    ):
        ours, other = stepper(mine, mine, our_optimizer(mine), ids), stepper(peer, logits, make(peer), ids)
        rows.append(compare(f"10 training steps, {name} / {label}", ours, other, goal, clock=wall_time, repeats=15))
    return rows, difference


def generation_rows() -> tuple[list[dict], str]:
    torch.manual_seed(0)
    model = GPT(WRITER).eval()
    prompt = torch.randint(WRITER.vocab_size, (1, PROMPT))

    def write(use_cache: bool) -> Callable[[], Tensor]:
        return lambda: generate(model, prompt, NEW, temperature=0, use_cache=use_cache)

    assert torch.equal(write(True)(), write(False)()), "the cache changes what is written"
    label = f"{NEW} new tokens with cache / without"
    row = compare(label, write(True), write(False), "≤ 0.2 (5 × faster)", clock=wall_time)
    early, late = token_times(model, prompt)
    note = (
        f"Time per token with cache: {1000 * early:.2f} ms for the tokens 32 to 64, {1000 * late:.2f} ms for the last "
    )
    return [row], note + f"32 of {PROMPT + NEW}: {late / early:.2f} times as long."


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
    rows, differences, shapes = [], [], []
    for name, (config, threads) in SHAPES.items():
        torch.set_num_threads(threads)
        more, difference = training_rows(name, config)
        rows += more
        differences.append(difference)
        shapes.append(
            f"{name}: B={B}, T={config.context_length}, D={config.d_model}, {config.n_layers} layers, "
            f"{config.n_heads} heads, V={config.vocab_size:,}, threads: {threads}"
        )
    torch.set_num_threads(ALL)
    more, flat = generation_rows()
    notes = [
        f"Training, {'; '.join(shapes)}. Generation: {WRITER.n_layers} layers, D={WRITER.d_model}, {WRITER.n_heads} "
        f"heads, greedy, prompt of {PROMPT}, threads: {ALL}. All in float32. Largest difference between the logits of "
        f"a peer and ours: {max(differences):.1e}.",
        flat,
    ]
    packages = ("torch", "llms-from-scratch", "transformers")
    save("gpt", "The GPT: our speed beside its peers'", rows + more, packages, clock="Times on the clock", notes=notes)
    print(*notes, sep="\n")


if __name__ == "__main__":
    main()
