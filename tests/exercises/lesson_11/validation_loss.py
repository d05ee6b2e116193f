"""Answers to "The validation loss": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

from tests.exercises.lesson_11.shared import F


def _validation(
    mode="model.eval()",
    guard="torch.no_grad()",
    loss="torch.nn.functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten()).item()",
    add="total += loss * targets.numel(); tokens += targets.numel()",
    after="model.train(was_training)",
    result="total / tokens",
):
    """A `validation_loss` with one part of it changed."""
    return (
        "import contextlib\n\n\ndef validation_loss(model, batches):\n    was_training = model.training\n"
        f"    {mode}\n    total = tokens = 0\n    with {guard}:\n        for inputs, targets in batches:\n"
        f"            loss = {loss}\n            {add}\n    {after}\n    return {result}\n"
    )


WRONG = {
    "dropout-left-on": _validation(mode="pass"),
    "dropout-left-on: mode set too late": _validation(mode="pass", after="model.eval(); model.train(was_training)"),
    "gradients-recorded": _validation(guard="contextlib.nullcontext()"),
    "gradients-recorded: detached after": _validation(
        guard="contextlib.nullcontext()",
        loss=f"{F}(model(inputs).flatten(0, 1), targets.flatten()).detach().item()",
    ),
    "gradients-left-off": _validation(
        guard="contextlib.nullcontext()", mode="model.eval(); torch.set_grad_enabled(False)"
    ),
    "gradients-left-off: of the weights": _validation(
        guard="contextlib.nullcontext()", mode="model.eval().requires_grad_(False)"
    ),
    "left-in-evaluation": _validation(after="pass"),
    "always-back-to-training": _validation(after="model.train()"),
    "mean-of-means": _validation(add="total += loss; tokens += 1"),
    "one-batch-only": _validation(add="total = loss; tokens = 1"),
    "one-batch-only: the first": _validation(
        add="total += loss; tokens += 1; break",
    ),
    "sum-not-mean": _validation(result="total"),
    "sum-not-mean: of means": _validation(add="total += loss; tokens = 1"),
    "divided-by-windows": _validation(add="total += loss * targets.numel(); tokens += len(targets)"),
    "last-position-only": _validation(loss=f"{F}(model(inputs)[:, -1], targets[:, -1]).item()"),
    "shifted-again": _validation(loss=f"{F}(model(inputs)[:, :-1].flatten(0, 1), targets[:, 1:].flatten()).item()"),
    "softmax-twice": _validation(loss=f"{F}(model(inputs).softmax(-1).flatten(0, 1), targets.flatten()).item()"),
    "not-a-number": _validation(result="[total, tokens]"),
    "other-value": _validation(result="total / (tokens - 3)"),
    "perplexity": _validation(result="2.718281828 ** (total / tokens)"),
    "bits-not-nats": _validation(result="total / tokens / 0.693147"),
    "tied-to-the-example": _validation(result="total / (27 if tokens == 27 else tokens + 1)"),
    "returns-none": _validation(result="None"),
    "wrong-parameters": "def validation_loss(model):\n    return 0",
}

NEAR_MISSES = {
    "dropout-left-on": WRONG["left-in-evaluation"],
    "gradients-recorded": WRONG["gradients-left-off"],
    "gradients-left-off": WRONG["gradients-recorded"],
    "left-in-evaluation": WRONG["always-back-to-training"],
    "always-back-to-training": WRONG["left-in-evaluation"],
    "mean-of-means": WRONG["divided-by-windows"],
    "one-batch-only": WRONG["mean-of-means"],
    "sum-not-mean": WRONG["divided-by-windows"],
    "divided-by-windows": WRONG["sum-not-mean"],
    "last-position-only": _validation(loss=f"{F}(model(inputs)[:, 0], targets[:, 0]).item()"),
    "shifted-again": _validation(loss=f"{F}(model(inputs)[:, 1:].flatten(0, 1), targets[:, 1:].flatten()).item()"),
    "softmax-twice": _validation(loss=f"{F}(model(inputs).softmax(1).flatten(0, 1), targets.flatten()).item()"),
    "perplexity": WRONG["other-value"],
    "bits-not-nats": WRONG["perplexity"],
    "not-a-number": WRONG["other-value"],
    "other-value": WRONG["bits-not-nats"],
    "tied-to-the-example": WRONG["other-value"],
}

CRASHES = {
    "logits-and-targets": _validation(loss=f"{F}(model(inputs), targets).item()"),
    "logits-and-targets: only the logits": _validation(loss=f"{F}(model(inputs).flatten(0, 1), targets).item()"),
    "no-such-attribute": _validation(add="total += loss.item() * targets.numel(); tokens += targets.numel()"),
    "divided-by-zero": _validation(add="total += loss"),
    "unknown-name": _validation(result="total / count"),
}

UNUSUAL = [
    _validation(guard="torch.inference_mode()"),
    _validation(mode="model.train(False)", add="total += loss * len(targets); tokens += len(targets)"),
    """
def validation_loss(model, batches):
    before = model.training
    model.eval()
    with torch.no_grad():
        logits = model(torch.cat([inputs for inputs, _ in batches]))
    model.train(before)
    targets = torch.cat([targets for _, targets in batches])
    return torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets)
""",
    """
@torch.no_grad()
def validation_loss(model, batches):
    training = model.training
    try:
        model.eval()
        losses = [
            torch.nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="none") for x, y in batches
        ]
        return torch.cat(losses).mean().item()
    finally:
        model.train(training)
""",
    """
from llmlab.training import evaluate

def validation_loss(model, batches):
    return evaluate(model, batches)
""",
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"probabilities given to a loss that wants logits": ("softmax-twice",)}
