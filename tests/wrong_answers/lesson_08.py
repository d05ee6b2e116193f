"""Answers to the exercises of lesson 08: wrong ones by misconception, known mistakes, and unusual right ones.

The key of a wrong answer is the id of its misconception, with a note after a colon where there are several. For 08.1 to
08.4 an answer is a cell that defines a function; for 08.5 and 08.6 it is an expression.
"""


def _loss(result="torch.nn.functional.cross_entropy(logits.reshape(B * T, V), targets.reshape(B * T))", before="pass"):
    """A `batch_loss` with one part of it changed."""
    return f"def batch_loss(logits, targets):\n    B, T, V = logits.shape\n    {before}\n    return {result}\n"


_CROSS_ENTROPY = "torch.nn.functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())"


def _fit(
    *lines,
    loss=_CROSS_ENTROPY,
    steps="steps",
    before="losses = []",
    kept="losses.append(loss.item())",
    result="losses",
):
    """A `fit` with the given lines after the loss; without any, the right ones."""
    lines = lines or ("optimizer.zero_grad()", "loss.backward()", "optimizer.step()")
    body = "".join(f"        {line}\n" for line in (f"loss = {loss}", *lines, kept))
    return (
        "def fit(model, optimizer, inputs, targets, steps):\n"
        f"    {before}\n    for _ in range({steps}):\n{body}    return {result}\n"
    )


def _schedule(
    warmup="step < warmup_steps",
    rise="highest * (step + 1) / warmup_steps",
    way="(step - warmup_steps) / (steps - 1 - warmup_steps)",
    fall="lowest + (highest - lowest) * (1 + math.cos(math.pi * way)) / 2",
):
    """A `schedule` with one part of it changed."""
    return (
        "import math\n\n\ndef schedule(step, steps, warmup_steps, highest, lowest):\n"
        f"    if {warmup}:\n        return {rise}\n    way = {way}\n    return {fall}\n"
    )


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


_F = "torch.nn.functional.cross_entropy"

WRONG: dict[str, dict[str, str]] = {
    "08.1": {
        "softmax-twice": _loss(f"{_F}(logits.softmax(-1).reshape(B * T, V), targets.flatten())"),
        "softmax-twice: nll of log of softmax of softmax": _loss(
            "torch.nn.functional.nll_loss(logits.softmax(-1).softmax(-1).log().flatten(0, 1), targets.flatten())"
        ),
        "wrong-axis": _loss(f"{_F}(logits.softmax(dim=1).reshape(B * T, V), targets.flatten())"),
        "wrong-axis: over the windows": _loss(f"{_F}(logits.softmax(dim=0).reshape(B * T, V), targets.flatten())"),
        "wrong-axis: over all positions": _loss(f"{_F}(logits.reshape(B * T, V).softmax(dim=0), targets.flatten())"),
        "divided-by-windows": _loss(f"{_F}(logits.flatten(0, 1), targets.flatten(), reduction='sum') / B"),
        "last-position-only": _loss(f"{_F}(logits[:, -1], targets[:, -1])"),
        "shifted-again": _loss(f"{_F}(logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten())"),
        "sum-not-mean": _loss(f"{_F}(logits.flatten(0, 1), targets.flatten(), reduction='sum')"),
        "logarithm-missing": _loss("torch.nn.functional.nll_loss(logits.softmax(-1).flatten(0, 1), targets.flatten())"),
        "probability-not-loss": _loss("logits.softmax(-1).gather(-1, targets[..., None]).mean()"),
        "sign": _loss("logits.log_softmax(-1).gather(-1, targets[..., None]).mean()"),
        "not-a-number": _loss(f"{_F}(logits.flatten(0, 1), targets.flatten(), reduction='none')"),
        "not-a-number: text": _loss("'3.20'"),
        "other-value": _loss(f"{_F}(logits.flatten(0, 1), targets.flatten()) / 2"),
        "other-value: in bits": _loss(f"{_F}(logits.flatten(0, 1), targets.flatten()) / 0.6931"),
        "other-value: smoothed": _loss(f"{_F}(logits.flatten(0, 1), targets.flatten(), label_smoothing=0.1)"),
        "tied-to-the-example": _loss(f"{_F}(logits.clamp(-4, 30).flatten(0, 1), targets.flatten())"),
        "returns-none": "def batch_loss(logits, targets):\n    logits.softmax(-1)",
        "mutates-input": _loss(before="logits -= logits.max()"),
        "wrong-parameters": "def batch_loss(logits):\n    return 0",
    },
    "08.2": {
        "weights-do-not-move": _fit("optimizer.zero_grad()", "loss.backward()"),
        "weights-do-not-move: zeroed too late": _fit("loss.backward()", "optimizer.zero_grad()", "optimizer.step()"),
        "weights-do-not-move: no backward": _fit("optimizer.zero_grad()", "optimizer.step()"),
        "weights-do-not-move: step first": _fit("optimizer.zero_grad()", "optimizer.step()", "loss.backward()"),
        "gradients-not-zeroed": _fit("loss.backward()", "optimizer.step()"),
        "gradients-not-zeroed: only once": _fit(
            "loss.backward()", "optimizer.step()", before="losses = []; optimizer.zero_grad()"
        ),
        "step-before-backward": _fit("optimizer.step()", "optimizer.zero_grad()", "loss.backward()"),
        "loss-after-the-step": _fit(kept=f"losses.append({_CROSS_ENTROPY}.item())"),
        "uphill": _fit("optimizer.zero_grad()", "(-loss).backward()", "optimizer.step()"),
        "softmax-twice": _fit(loss=_CROSS_ENTROPY.replace("model(inputs)", "model(inputs).softmax(-1)")),
        "last-position-only": _fit(loss=f"{_F}(model(inputs)[:, -1], targets[:, -1])"),
        "shifted-again": _fit(loss=f"{_F}(model(inputs)[:, :-1].flatten(0, 1), targets[:, 1:].flatten())"),
        "sum-not-mean": _fit(loss=_CROSS_ENTROPY.replace("targets.flatten()", "targets.flatten(), reduction='sum'")),
        "not-one-a-step": _fit(steps="steps - 1"),
        "not-one-a-step: one too many": _fit(steps="steps + 1"),
        "not-one-a-step: kept after the loop": _fit(kept="pass", result="losses + [loss.item()]"),
        "not-one-a-step: stops when it is low enough": _fit(
            kept="losses.append(loss.item())\n        if loss < 0.01: break"
        ),
        "not-a-list": _fit(result="loss.item()"),
        "not-a-list: model and losses": _fit(result="losses, 'done'"),
        "model-not-trained": _fit(
            loss=_CROSS_ENTROPY.replace("model(", "copied("),
            before="import copy; losses = []; copied, optimizer = copy.deepcopy((model, optimizer))",
        ),
        "model-not-trained: one more step": _fit(result="(optimizer.step(), losses)[1]"),
        "other-losses": _fit(loss=f"{_CROSS_ENTROPY} / 2"),
        "other-losses: an optimizer of its own": _fit(
            before="losses = []; optimizer = torch.optim.AdamW(model.parameters())"
        ),
        "other-losses: one window at a time": _fit(
            "optimizer.zero_grad()",
            "loss.backward()",
            "optimizer.step()",
            loss=f"sum({_F}(model(x), y) / len(x) for x, y in zip(inputs, targets))",
        ),
        "other-losses: not when it is low": _fit(
            "optimizer.zero_grad()", "loss.backward()", "if loss > 0.01: optimizer.step()"
        ),
        "other-losses: clipped": _fit(
            "optimizer.zero_grad()",
            "loss.backward()",
            "torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)",
            "optimizer.step()",
        ),
        "tied-to-the-example": _fit(
            "optimizer.zero_grad()",
            "loss.backward()",
            "with torch.no_grad(): [p.sub_(0.5 * p.grad) for p in model.parameters()]",
        ),
        "tied-to-the-example: steps": _fit(steps="4"),
        "returns-none": _fit(result="None"),
        "wrong-parameters": "def fit(model, inputs, targets):\n    return []",
    },
    "08.3": {
        "starts-at-zero": _schedule(rise="highest * step / warmup_steps"),
        "warm-up-from-the-lowest": _schedule(rise="lowest + (highest - lowest) * (step + 1) / warmup_steps"),
        "warm-up-from-the-lowest: and one late": _schedule(rise="lowest + (highest - lowest) * step / warmup_steps"),
        "warm-up-too-long": _schedule("step <= warmup_steps"),
        "no-warm-up": _schedule(rise="highest"),
        "no-warm-up: all cosine": _schedule("False", way="step / (steps - 1)"),
        "cosine-from-step-0": _schedule(way="step / (steps - 1)"),
        "cosine-from-step-0: never at the end": _schedule(way="step / steps"),
        "lowest-not-reached": _schedule(way="(step - warmup_steps) / (steps - warmup_steps)"),
        "falls-to-zero": _schedule(fall="highest * (1 + math.cos(math.pi * way)) / 2"),
        "lowest-added": _schedule(fall="lowest + highest * (1 + math.cos(math.pi * way)) / 2"),
        "lowest-as-a-share": _schedule(fall="highest * (lowest + (1 - lowest) * (1 + math.cos(math.pi * way)) / 2)"),
        "straight-line": _schedule(fall="highest - (highest - lowest) * way"),
        "half-forgotten": _schedule(fall="lowest + (highest - lowest) * (1 + math.cos(math.pi * way))"),
        "pi-forgotten": _schedule(fall="lowest + (highest - lowest) * (1 + math.cos(way)) / 2"),
        "quarter-of-a-cosine": _schedule(fall="lowest + (highest - lowest) * math.cos(math.pi / 2 * way)"),
        "upside-down": _schedule(fall="lowest + (highest - lowest) * (1 - math.cos(math.pi * way)) / 2"),
        "never-falls": _schedule(fall="highest"),
        "not-a-number": _schedule(fall="(way, highest)"),
        "not-a-number: no end": _schedule(rise="float('inf')"),
        "other-rates": _schedule(fall="lowest"),
        "other-rates: degrees": _schedule(fall="lowest + (highest - lowest) * (1 + math.cos(180 * way)) / 2"),
        "tied-to-the-example": _schedule("step < 4", rise="highest * (step + 1) / 4"),
        "tied-to-the-example: lowest": _schedule(fall="0.5 + (highest - 0.5) * (1 + math.cos(math.pi * way)) / 2"),
        "tied-to-the-example: steps": _schedule(way="(step - warmup_steps) / (11 - warmup_steps + (steps < 0))"),
        "returns-none": "def schedule(step, steps, warmup_steps, highest, lowest):\n    step / steps",
        "wrong-parameters": "def schedule(step):\n    return 0.1",
    },
    "08.4": {
        "dropout-left-on": _validation(mode="pass"),
        "dropout-left-on: mode set too late": _validation(mode="pass", after="model.eval(); model.train(was_training)"),
        "gradients-recorded": _validation(guard="contextlib.nullcontext()"),
        "gradients-recorded: detached after": _validation(
            guard="contextlib.nullcontext()",
            loss=f"{_F}(model(inputs).flatten(0, 1), targets.flatten()).detach().item()",
        ),
        "gradients-left-off": _validation(
            guard="contextlib.nullcontext()", mode="model.eval(); torch.set_grad_enabled(False)"
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
        "last-position-only": _validation(loss=f"{_F}(model(inputs)[:, -1], targets[:, -1]).item()"),
        "shifted-again": _validation(
            loss=f"{_F}(model(inputs)[:, :-1].flatten(0, 1), targets[:, 1:].flatten()).item()"
        ),
        "softmax-twice": _validation(loss=f"{_F}(model(inputs).softmax(-1).flatten(0, 1), targets.flatten()).item()"),
        "not-a-number": _validation(result="[total, tokens]"),
        "other-value": _validation(result="total / (tokens - 3)"),
        "other-value: perplexity": _validation(result="2.718281828 ** (total / tokens)"),
        "tied-to-the-example": _validation(result="total / (27 if tokens == 27 else tokens + 1)"),
        "returns-none": _validation(result="None"),
        "wrong-parameters": "def validation_loss(model):\n    return 0",
    },
    "08.5": {
        "too-good-to-be-true": "'cbea'",
        "copying": "'cbba'",
        "copying: a softmax": "'abca'",
        "only-the-batches-read": "'ceda'",
        "two-curves-part": "'cada'",
        "slow-or-on-a-floor": "'abdc'",
        "slow-or-on-a-floor: both": "'cbdc'",
        "slow-or-on-a-floor: the other one": "'abda'",
        "nothing-is-healthy": "'cbde'",
        "nothing-is-healthy: W": "'ebda'",
        "not-four-letters": "'cbd'",
        "not-four-letters: numbers": "(3, 2, 4, 1)",
        "not-four-letters: others": "'wxyz'",
    },
    "08.6": {
        "worked-before": "''",
        "order-of-the-page": "'e'",
        "order-of-the-page: with f": "'ef'",
        "deleted-cell": "'a'",
        "deleted-cell: but f": "'af'",
        "one-error-brings-another": "'ae'",
        "these-have-their-names": "'abcdefg'",
        "these-have-their-names: d": "'adef'",
        "these-have-their-names: g": "'aefg'",
        "not-letters": "5",
        "not-letters: words": "'first and sixth'",
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "probabilities given to a loss that wants logits": [
        ("08.1", "softmax-twice"),
        ("08.2", "softmax-twice"),
        ("08.4", "softmax-twice"),
        ("08.5", "slow-or-on-a-floor"),
    ],
    "a cell that works only because another cell ran before it": [
        ("08.6", "worked-before"),
        ("08.6", "order-of-the-page"),
        ("08.6", "deleted-cell"),
    ],
}

UNUSUAL: dict[str, list[str]] = {
    "08.1": [
        _loss(f"{_F}(logits.transpose(1, 2), targets)"),
        _loss("-logits.log_softmax(dim=-1).gather(-1, targets.unsqueeze(-1)).mean()"),
        _loss(f"{_F}(logits.log_softmax(dim=-1).flatten(0, 1), targets.flatten())"),
        """
import math

def batch_loss(logits, targets):
    losses = []
    for window, answers in zip(logits.double(), targets, strict=True):
        for row, answer in zip(window, answers, strict=True):
            losses.append(row.logsumexp(dim=0) - row[answer])
    return sum(losses) / len(losses)
""",
        _loss("losses", before=f"losses = sum({_F}(l, t) for l, t in zip(logits, targets)) / B"),
    ],
    "08.2": [
        _fit("model.zero_grad()", "loss.backward()", "optimizer.step()"),
        _fit("loss.backward()", "optimizer.step()", "optimizer.zero_grad(set_to_none=False)"),
        _fit(kept="losses.append(loss.detach())", result="torch.stack(losses)"),
        """
def fit(model, optimizer, inputs, targets, steps):
    def step():
        logits = model(inputs)
        B, T, V = logits.shape
        loss = -logits.log_softmax(-1).reshape(B * T, V)[torch.arange(B * T), targets.reshape(-1)].mean()
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        optimizer.step()
        return float(loss)

    return [step() for _ in range(steps)]
""",
        """
def fit(model, optimizer, inputs, targets, steps):
    losses = []
    while len(losses) < steps:
        def closure():
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(inputs).transpose(1, 2), targets)
            loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())
    return losses
""",
    ],
    "08.3": [
        _schedule(fall="highest + (lowest - highest) * math.sin(math.pi / 2 * way) ** 2"),
        """
def schedule(step, steps, warmup_steps, highest, lowest):
    if warmup_steps > step:
        return torch.linspace(0, highest, warmup_steps + 1)[step + 1]
    way = torch.tensor((step - warmup_steps) / (steps - warmup_steps - 1))
    return lowest + (highest - lowest) * (0.5 + 0.5 * torch.cos(torch.pi * way))
""",
        """
import numpy as np

def schedule(step, steps, warmup_steps, highest, lowest):
    rising = highest * np.arange(1, warmup_steps + 1) / max(1, warmup_steps)
    falling = lowest + (highest - lowest) * (1 + np.cos(np.linspace(0, np.pi, steps - warmup_steps))) / 2
    return np.concatenate([rising, falling])[step]
""",
        """
from llmlab.training import TrainConfig, learning_rate_at

def schedule(step, steps, warmup_steps, highest, lowest):
    return learning_rate_at(step, TrainConfig(steps, highest, warmup_steps, lowest / highest))
""",
    ],
    "08.4": [
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
    ],
    "08.5": ["'C B D A'", "list('cbda')", "('c', 'b', 'd', 'a')", "'c, b, d, a'"],
    "08.6": ["'A E F'", "['a', 'e', 'f']", "'fea'", "'a, e, f'"],
}
