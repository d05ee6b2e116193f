"""The GPT beside its peers: a training step, and generation with and without the cache.

A step is what `llmlab.training.train` does: loss on every position, backward, clipping, AdamW. Peers are the GPT of the
book's package and GPT-2 of `transformers`, built in the same shape (lesson 08's), in training mode, on all cores. Each
is stepped twice: with our optimizer, which shows the models alone, and with plain `torch.optim.AdamW` without fusing,
as the book trains. Before it is timed, each peer must give our logits for our weights.

    python benchmarks/gpt.py       results/gpt.md and results/gpt.json

The book's package is installed without its dependencies: pip install --no-deps -r benchmarks/requirements.txt
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

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
SHAPE = GPTConfig(vocab_size=1_000, context_length=64, d_model=128, n_heads=4, n_layers=4)
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


def training_rows(ids: Tensor) -> tuple[list[dict], float]:
    torch.manual_seed(0)
    model = GPT(SHAPE)
    book, hugging = book_model(model), transformers_model(SHAPE)
    tied = GPT(GPTConfig(*list(vars(SHAPE).values())[:5], qkv_bias=True, tie_weights=True))
    load_gpt2_weights(tied, hugging.state_dict())
    differences = [
        require_equal("the book's GPT", book, model, ids[:, :-1]),
        require_equal("transformers' GPT-2", lambda x: hugging(x).logits, tied, ids[:, :-1]),
    ]
    rows = []
    for name, make in (("our optimizer for both", our_optimizer), ("its optimizer not fused", plain_optimizer)):
        for label, peer, logits, mine in (
            ("`llms-from-scratch`", book, book, model),
            ("`transformers`", hugging, lambda x: hugging(x).logits, tied),
        ):
            goal = "≤ 0.62 (1.6 × faster)" if peer is book else ""
            ours = stepper(mine, mine, our_optimizer(mine), ids)
            theirs = stepper(peer, logits, make(peer), ids)
            item = f"10 training steps / {label}, {name}"
            rows.append(compare(item, ours, theirs, goal, clock=wall_time, repeats=15))
    return rows, max(differences)


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
    ids = torch.randint(SHAPE.vocab_size, (B, SHAPE.context_length + 1), generator=torch.Generator().manual_seed(0))
    rows, difference = training_rows(ids)
    more, flat = generation_rows()
    notes = [
        f"Training: B={B}, T={SHAPE.context_length}, D={SHAPE.d_model}, {SHAPE.n_layers} layers, {SHAPE.n_heads} "
        f"heads, V={SHAPE.vocab_size:,}; generation: {WRITER.n_layers} layers, D={WRITER.d_model}, {WRITER.n_heads} "
        f"heads, greedy, prompt of {PROMPT}; float32, {torch.get_num_threads()} threads. Largest difference between "
        f"the logits of a peer and ours: {difference:.1e}.",
        flat,
    ]
    packages = ("torch", "llms-from-scratch", "transformers")
    save("gpt", "The GPT: our speed beside its peers'", rows + more, packages, clock="Times on the clock", notes=notes)
    print(*notes, sep="\n")


if __name__ == "__main__":
    main()
