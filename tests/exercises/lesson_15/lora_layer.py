"""Answers to "A layer with a LoRA": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _layer(scale="alpha / A.shape[0]", addition="x @ A.T @ B.T", result="x @ W.T + scale * addition"):
    """A `lora_layer` with one part of it changed."""
    return f"def lora_layer(x, W, A, B, alpha):\n    scale = {scale}\n    addition = {addition}\n    return {result}\n"


WRONG = {
    "not-scaled": _layer(result="x @ W.T + addition"),
    "scaled-by-alpha": _layer("alpha"),
    "not-by-alpha": _layer("1 / A.shape[0]"),
    "scaled-by-a-width": _layer("alpha / A.shape[1]"),
    "scaled-by-a-width: the other": _layer("alpha / len(W)"),
    "rank-of-the-lesson": _layer("alpha / 4"),
    "whole-division": _layer("alpha // A.shape[0]"),
    "whole-division: rounded": _layer("int(alpha / len(A))"),
    "scaled-upside-down": _layer("A.shape[0] / alpha"),
    "scaled-twice": _layer(result="x @ W.T + scale * scale * addition"),
    "all-scaled": _layer(result="scale * (x @ W.T + addition)"),
    "base-forgotten": _layer(result="scale * addition"),
    "addition-forgotten": _layer(result="x @ W.T"),
    "subtracted": _layer(result="x @ W.T - scale * addition"),
    "weight-not-output": _layer(result="W + scale * B @ A"),
    "transposed": _layer(result="(x @ W.T + scale * addition).T"),
    "not-a-tensor": _layer(result="{'y': x @ W.T + scale * addition}"),
    "not-the-shape": _layer(result="(x @ W.T + scale * addition)[0]"),
    "not-the-shape: two parts": _layer(result="(x @ W.T, scale * addition)"),
    "other-values": _layer(result="x @ W.T + scale + addition"),
    "tied-to-the-example": _layer("alpha / 2"),
    "returns-none": _layer(result="None"),
    "mutates-input": _layer(result="W.add_(scale * B @ A) @ x.T"),
}

UNUSUAL = [
    _layer(),
    """
def lora_layer(x, W, A, B, alpha):
    return torch.nn.functional.linear(x, W + alpha / B.shape[1] * B @ A)
""",
    """
def lora_layer(x, W, A, B, alpha):
    out = []
    for row in x:
        thin = A @ row
        out.append([float(W[i] @ row + alpha / len(thin) * (B[i] @ thin)) for i in range(len(W))])
    return out
""",
]

NEAR_MISSES = {
    "not-scaled": _layer("2"),
    "scaled-by-alpha": _layer("alpha + 1"),
    "not-by-alpha": _layer("1 / alpha"),
    "scaled-by-a-width": _layer("alpha / len(x)"),
    "rank-of-the-lesson": _layer("alpha / 3"),
    "whole-division": _layer("alpha / A.shape[0] + 0.5"),
    "scaled-upside-down": _layer("1 / alpha"),
    "scaled-twice": _layer("2 * alpha / A.shape[0]"),
    "all-scaled": _layer(result="scale * x @ W.T + addition"),
    "base-forgotten": _layer(result="addition"),
    "addition-forgotten": _layer(result="x @ W.T + 1"),
    "subtracted": _layer(result="scale * addition - x @ W.T"),
    "weight-not-output": _layer(result="scale * B @ A"),
    "transposed": _layer(result="(x @ W.T + addition).T"),
    "not-a-tensor": _layer(result="(x @ W.T + scale * addition).tolist()"),
    "not-the-shape": _layer(result="(x @ W.T + scale * addition).flip(0)"),
    "other-values": _layer(result="x @ W.T + addition"),
    "tied-to-the-example": _layer("alpha / 3"),
}

CRASHES = {
    "shapes-in-product": _layer(addition="x @ A @ B"),
    "shapes-in-product: the wrong order": _layer(addition="x @ B.T @ A.T"),
    "shapes-do-not-broadcast": _layer(result="x @ W.T + scale * (x @ A.T)"),
    "unknown-name": _layer("alpha / rank"),
}
