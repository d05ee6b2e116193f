"""Answers to "LayerNorm": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _norm(
    mean="x.mean(dim=-1, keepdim=True)",
    variance="((x - mean) ** 2).mean(dim=-1, keepdim=True)",
    result="scale * (x - mean) / (variance + eps).sqrt() + shift",
):
    """A `layer_norm` with one part of it changed."""
    return f"def layer_norm(x, scale, shift, eps):\n    mean = {mean}\n    variance = {variance}\n    return {result}\n"


WRONG = {
    "divided-by-n-minus-1": _norm(variance="x.var(dim=-1, keepdim=True)"),
    "divided-by-n-minus-1: by hand": _norm(variance="((x - mean) ** 2).sum(dim=-1, keepdim=True) / (x.shape[-1] - 1)"),
    "over-the-tokens": _norm("x.mean(dim=0, keepdim=True)", "((x - mean) ** 2).mean(dim=0, keepdim=True)"),
    "over-the-tokens: second axis from the end": _norm(
        "x.mean(dim=-2, keepdim=True)", "((x - mean) ** 2).mean(dim=-2, keepdim=True)"
    ),
    "one-mean-for-all": _norm("x.mean()", "((x - mean) ** 2).mean()"),
    "eps-outside-the-root": _norm(result="scale * (x - mean) / (variance.sqrt() + eps) + shift"),
    "eps-outside-the-root: with std": _norm(result="scale * (x - mean) / (x.std(-1, keepdim=True) + eps) + shift"),
    "eps-outside-the-root: behind the fraction": _norm(result="scale * ((x - mean) / variance.sqrt() + eps) + shift"),
    "eps-outside-the-root: behind the scale": _norm(result="scale * (x - mean) / variance.sqrt() + eps + shift"),
    "variance-about-zero": _norm(variance="(x**2).mean(dim=-1, keepdim=True)"),
    "sum-not-mean": _norm(variance="((x - mean) ** 2).sum(dim=-1, keepdim=True)"),
    "eps-not-used": _norm(result="scale * (x - mean) / variance.sqrt() + shift"),
    "eps-not-used: only where it is larger": _norm(
        result="scale * (x - mean) / variance.clamp(min=eps).sqrt() + shift"
    ),
    "eps-not-used: a number": _norm(result="scale * (x - mean) / (variance + 1e-5).sqrt() + shift"),
    "scale-and-shift-missing": _norm(result="(x - mean) / (variance + eps).sqrt()"),
    "scale-missing": _norm(result="(x - mean) / (variance + eps).sqrt() + shift"),
    "shift-missing": _norm(result="scale * (x - mean) / (variance + eps).sqrt()"),
    "shift-before-scale": _norm(result="scale * ((x - mean) / (variance + eps).sqrt() + shift)"),
    "scale-and-shift-swapped": _norm(result="shift * (x - mean) / (variance + eps).sqrt() + scale"),
    "root-missing": _norm(result="scale * (x - mean) / (variance + eps) + shift"),
    "mean-not-subtracted": _norm(result="scale * x / (variance + eps).sqrt() + shift"),
    "mean-not-subtracted: RMSNorm": _norm("0.0"),
    "only-centred": _norm(result="scale * (x - mean) + shift"),
    "not-for-any-shape": """
def layer_norm(x, scale, shift, eps):
    mean = x.mean(dim=min(1, x.dim() - 1), keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=min(1, x.dim() - 1), keepdim=True)
    return scale * (x - mean) / (variance + eps).sqrt() + shift
""",
    "not-the-shape": _norm(result="variance"),
    "not-the-shape: one number": "def layer_norm(x, scale, shift, eps):\n    return x.mean()",
    "other-values": _norm(result="scale * (x - mean) / (variance + eps).sqrt() - shift"),
    "other-values: without eps": """
def layer_norm(x, scale, shift, eps):
    mean = x.mean(dim=-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    normed = (x - mean) / (variance + eps * (variance > 0)).sqrt()
    return scale * normed + shift
""",
    "tied-to-the-example": _norm("x.sum(dim=-1, keepdim=True) / 4", "((x - mean) ** 2).sum(dim=-1, keepdim=True) / 4"),
    "mutates-input": """
def layer_norm(x, scale, shift, eps):
    x -= x.mean(dim=-1, keepdim=True)
    return scale * x / ((x**2).mean(dim=-1, keepdim=True) + eps).sqrt() + shift
""",
    "returns-none": "def layer_norm(x, scale, shift, eps):\n    mean = x.mean(dim=-1, keepdim=True)",
    "wrong-parameters": "def layer_norm(x, eps):\n    return x",
}

# What looks like a mistake and is another, or none.
NEAR_MISSES = {
    "divided-by-n-minus-1": _norm(variance="x.var(dim=-1, unbiased=False, keepdim=True)"),
    "over-the-tokens": WRONG["one-mean-for-all"],
    "one-mean-for-all": WRONG["over-the-tokens"],
    "eps-outside-the-root": WRONG["eps-not-used"],
    "variance-about-zero": WRONG["mean-not-subtracted"],
    "sum-not-mean": WRONG["divided-by-n-minus-1"],
    "eps-not-used": WRONG["eps-outside-the-root"],
    "scale-and-shift-missing": WRONG["scale-missing"],
    "scale-missing": WRONG["scale-and-shift-missing"],
    "shift-missing": WRONG["scale-and-shift-missing"],
    "shift-before-scale": WRONG["scale-and-shift-swapped"],
    "scale-and-shift-swapped": WRONG["shift-before-scale"],
    "root-missing": WRONG["only-centred"],
    "mean-not-subtracted": WRONG["variance-about-zero"],
    "only-centred": WRONG["root-missing"],
    "not-for-any-shape": WRONG["tied-to-the-example"],
    "not-the-shape": WRONG["other-values"],
    "other-values": WRONG["shift-missing"],
    "tied-to-the-example": WRONG["not-for-any-shape"],
}

CRASHES = {
    "keepdim-missing": _norm("x.mean(dim=-1)"),
    "keepdim-missing: only in the variance": _norm(variance="x.var(dim=-1, correction=0)"),
    "unpacking-count": "def layer_norm(x, scale, shift, eps):\n    B, T, D = x.shape\n    return x",
    "tensor-wanted": _norm(result="scale * (x - mean) / (variance.sqrt() + torch.sqrt(eps)) + shift"),
    "no-such-axis": _norm("x.mean(dim=2, keepdim=True)"),
}

UNUSUAL = [
    _norm(variance="x.var(dim=-1, correction=0, keepdim=True)"),
    """
def layer_norm(x, scale, shift, eps):
    rows = []
    for vector in x.reshape(-1, x.shape[-1]).tolist():
        mean = sum(vector) / len(vector)
        variance = sum((number - mean) ** 2 for number in vector) / len(vector)
        rows.append([(number - mean) / (variance + eps) ** 0.5 for number in vector])
    return torch.tensor(rows).reshape(x.shape) * scale + shift
""",
    """
def layer_norm(x, scale, shift, eps):
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return torch.addcmul(shift, (x - mean) * torch.rsqrt(variance + eps), scale)
""",
    _norm(variance="(x**2).mean(dim=-1, keepdim=True) - mean**2"),
    """
import numpy as np

def layer_norm(x, scale, shift, eps):
    x, scale, shift = x.numpy().astype(np.float64), scale.numpy(), shift.numpy()
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * scale + shift
""",
]
