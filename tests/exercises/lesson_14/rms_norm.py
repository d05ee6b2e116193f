"""Answers to "RMSNorm": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _norm(squares="x.square().mean(dim=-1, keepdim=True)", result="scale * x / (squares + eps).sqrt()"):
    """A `rms_norm` with one part of it changed."""
    return f"def rms_norm(x, scale, eps):\n    squares = {squares}\n    return {result}\n"


MEAN = "x.mean(dim=-1, keepdim=True)"
WRONG = {
    "mean-subtracted": _norm(
        "x.var(dim=-1, correction=0, keepdim=True)", f"scale * (x - {MEAN}) / (squares + eps)**0.5"
    ),
    "mean-subtracted: above alone": _norm(result=f"scale * (x - {MEAN}) / (squares + eps).sqrt()"),
    "variance-not-squares": _norm("x.var(dim=-1, correction=0, keepdim=True)"),
    "variance-not-squares: PyTorch's own": _norm("x.var(dim=-1, keepdim=True)"),
    "square-of-the-mean": _norm("x.mean(dim=-1, keepdim=True) ** 2"),
    "square-of-the-mean: of all numbers": _norm("x.mean() ** 2"),
    "over-the-tokens": _norm("x.square().mean(dim=0, keepdim=True)"),
    "over-the-tokens: second axis from the end": _norm("x.square().mean(dim=-2, keepdim=True)"),
    "one-mean-for-all": _norm("x.square().mean()"),
    "sum-not-mean": _norm("x.square().sum(dim=-1, keepdim=True)"),
    "eps-outside-the-root": _norm(result="scale * x / (squares.sqrt() + eps)"),
    "eps-outside-the-root: behind the fraction": _norm(result="scale * (x / squares.sqrt() + eps)"),
    "eps-outside-the-root: behind the scale": _norm(result="scale * x / squares.sqrt() + eps"),
    "eps-not-used": _norm(result="scale * x / squares.sqrt()"),
    "eps-not-used: a number": _norm(result="scale * x / (squares + 1e-5).sqrt()"),
    "root-missing": _norm(result="scale * x / (squares + eps)"),
    "scale-missing": _norm(result="x / (squares + eps).sqrt()"),
    "scale-added": _norm(result="x / (squares + eps).sqrt() + scale"),
    "not-divided": _norm(result="scale * x * (squares + eps).sqrt()"),
    "not-divided: only scaled": _norm(result="scale * x"),
    "not-divided: the root itself": _norm(result="(squares + eps).sqrt().expand_as(x)"),
    "not-for-any-shape": _norm("x.square().mean(dim=min(1, x.dim() - 1), keepdim=True)"),
    "not-the-shape": _norm(result="squares"),
    "other-values": _norm(result="scale * x / (squares + eps) ** 0.25"),
    "other-values: a size where there is none": _norm(
        result="scale * x / (squares + eps).sqrt() + (squares == 0) * 1.0"
    ),
    "tied-to-the-example": _norm("x.square().sum(dim=-1, keepdim=True) / 4"),
    "mutates-input": """
def rms_norm(x, scale, eps):
    x /= (x.square().mean(-1, keepdim=True) + eps).sqrt()
    return scale * x
""",
    "returns-none": "def rms_norm(x, scale, eps):\n    squares = x.square().mean(dim=-1, keepdim=True)",
    "wrong-parameters": "def rms_norm(x, eps):\n    return x",
}

# What looks like a mistake and is another, or none.
NEAR_MISSES = {
    "mean-subtracted": _norm(f"(x - {MEAN}).square().mean(dim=-1, keepdim=True) + {MEAN} ** 2"),
    "variance-not-squares": WRONG["mean-subtracted"],
    "square-of-the-mean": _norm("x.abs().mean(dim=-1, keepdim=True)"),
    "over-the-tokens": WRONG["one-mean-for-all"],
    "one-mean-for-all": WRONG["over-the-tokens"],
    "sum-not-mean": _norm("x.square().sum(dim=-1, keepdim=True) / (x.shape[-1] - 1)"),
    "eps-outside-the-root": WRONG["eps-not-used"],
    "eps-not-used": WRONG["eps-outside-the-root"],
    "root-missing": WRONG["not-divided"],
    "scale-missing": WRONG["scale-added"],
    "scale-added": WRONG["scale-missing"],
    "not-divided": WRONG["root-missing"],
    "not-for-any-shape": WRONG["tied-to-the-example"],
    "not-the-shape": WRONG["other-values"],
    "other-values": WRONG["root-missing"],
    "tied-to-the-example": WRONG["not-for-any-shape"],
}

CRASHES = {
    "keepdim-missing": _norm("x.square().mean(dim=-1)"),
    "unpacking-count": "def rms_norm(x, scale, eps):\n    B, T, D = x.shape\n    return x",
    "tensor-wanted": _norm(result="scale * x / (squares.sqrt() + torch.sqrt(eps))"),
    "no-such-axis": _norm("x.square().mean(dim=2, keepdim=True)"),
}

UNUSUAL = [
    _norm("(x * x).sum(dim=-1, keepdim=True) / x.shape[-1]"),
    """
def rms_norm(x, scale, eps):
    rows = []
    for vector in x.reshape(-1, x.shape[-1]).tolist():
        squares = sum(number**2 for number in vector) / len(vector)
        rows.append([number / (squares + eps) ** 0.5 for number in vector])
    return torch.tensor(rows).reshape(x.shape) * scale
""",
    """
def rms_norm(x, scale, eps):
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x * scale * torch.rsqrt(length**2 / x.shape[-1] + eps)
""",
    """
import numpy as np

def rms_norm(x, scale, eps):
    x, scale = x.numpy().astype(np.float64), scale.numpy()
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * scale
""",
]
