"""Answers to "Overfit one batch": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

from tests.exercises.lesson_11.shared import F

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


def _clipped(longest):
    """A `fit` that clips the gradient."""
    clip = f"torch.nn.utils.clip_grad_norm_(model.parameters(), {longest})"
    return _fit("optimizer.zero_grad()", "loss.backward()", clip, "optimizer.step()")


WRONG = {
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
    "last-position-only": _fit(loss=f"{F}(model(inputs)[:, -1], targets[:, -1])"),
    "shifted-again": _fit(loss=f"{F}(model(inputs)[:, :-1].flatten(0, 1), targets[:, 1:].flatten())"),
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
        loss=f"sum({F}(model(x), y) / len(x) for x, y in zip(inputs, targets))",
    ),
    "other-losses: not when it is low": _fit(
        "optimizer.zero_grad()", "loss.backward()", "if loss > 0.01: optimizer.step()"
    ),
    "gradient-clipped": _clipped(1.0),
    "gradient-clipped: shorter": _clipped(0.1),
    "tensors-kept": _fit(kept="losses.append(loss)"),
    "tensors-kept: stacked": _fit(kept="losses.append(loss)", result="torch.stack(losses)"),
    "other-losses: the rate changed": _fit(
        "optimizer.zero_grad()", "loss.backward()", "optimizer.param_groups[0]['lr'] *= 0.9", "optimizer.step()"
    ),
    "other-losses: clipped to a length of its own": _clipped(0.7),
    "tied-to-the-example": _fit(
        "optimizer.zero_grad()",
        "loss.backward()",
        "with torch.no_grad(): [p.sub_(optimizer.param_groups[0]['lr'] * p.grad) for p in model.parameters()]",
    ),
    "tied-to-the-example: steps": _fit(steps="4"),
    "returns-none": _fit(result="None"),
    "wrong-parameters": "def fit(model, inputs, targets):\n    return []",
}

NEAR_MISSES = {
    "weights-do-not-move": WRONG["uphill"],
    "gradients-not-zeroed": WRONG["step-before-backward"],
    "step-before-backward": WRONG["gradients-not-zeroed"],
    "loss-after-the-step": _fit(kept="losses.append(loss.item() / 2)"),
    "uphill": WRONG["gradients-not-zeroed"],
    "softmax-twice": _fit(loss=_CROSS_ENTROPY.replace("model(inputs)", "model(inputs).softmax(1)")),
    "last-position-only": _fit(loss=f"{F}(model(inputs)[:, 0], targets[:, 0])"),
    "shifted-again": _fit(loss=f"{F}(model(inputs)[:, 1:].flatten(0, 1), targets[:, 1:].flatten())"),
    "sum-not-mean": WRONG["other-losses: one window at a time"],
    "gradient-clipped": WRONG["other-losses: clipped to a length of its own"],
    "tensors-kept": _fit(kept="losses.append(loss.detach())"),
    "not-one-a-step": WRONG["loss-after-the-step"],
    "not-a-list": WRONG["not-one-a-step"],
    "model-not-trained": WRONG["weights-do-not-move"],
    "other-losses": WRONG["gradient-clipped"],
    "tied-to-the-example": WRONG["other-losses"],
}

CRASHES = {
    "logits-and-targets": _fit(loss=f"{F}(model(inputs), targets)"),
    "logits-and-targets: only the logits": _fit(loss=f"{F}(model(inputs).flatten(0, 1), targets)"),
    "backward-twice": _fit(
        "optimizer.zero_grad()",
        "loss.backward()",
        "optimizer.step()",
        loss="loss",
        before=f"losses = []; loss = {_CROSS_ENTROPY}",
    ),
    "no-such-attribute": _fit(loss=f"{_CROSS_ENTROPY}.item()", kept="losses.append(loss)"),
    "none-used": _fit("optimizer.zero_grad()", "loss.backward().step()"),
    "one-value-for-many": "def fit(model, optimizer, inputs, targets, steps):\n    return [0.0 for step in steps]\n",
}

UNUSUAL = [
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
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"probabilities given to a loss that wants logits": ("softmax-twice",)}
