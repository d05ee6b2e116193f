"""Answers to "SwiGLU": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _layer(gate="F.silu(x @ W_gate)", expanded="x @ W_expand", result="(gate * expanded) @ W_contract"):
    """A `swiglu` with one part of it changed."""
    return (
        "from torch.nn import functional as F\n\n"
        "def swiglu(x, W_gate, W_expand, W_contract):\n"
        f"    gate = {gate}\n    expanded = {expanded}\n    return {result}\n"
    )


WRONG = {
    "gate-not-bent": _layer("x @ W_gate"),
    "sigmoid-alone": _layer("(x @ W_gate).sigmoid()"),
    "another-bend": _layer("F.gelu(x @ W_gate)"),
    "another-bend: the tanh form": _layer("F.gelu(x @ W_gate, approximate='tanh')"),
    "another-bend: ReLU": _layer("(x @ W_gate).relu()"),
    "other-half-bent": _layer("x @ W_gate", "F.silu(x @ W_expand)"),
    "both-bent": _layer(expanded="F.silu(x @ W_expand)"),
    "added-not-multiplied": _layer(result="(gate + expanded) @ W_contract"),
    "no-gate": _layer(result="F.silu(expanded) @ W_contract"),
    "gate-alone": _layer(result="gate @ W_contract"),
    "bent-after-the-product": _layer("x @ W_gate", result="F.silu(gate * expanded) @ W_contract"),
    "softmax-not-silu": _layer("(x @ W_gate).softmax(dim=-1)"),
    "not-contracted": _layer(result="gate * expanded"),
    "not-the-shape": _layer(result="gate, expanded"),
    "not-the-shape: one token": _layer(result="((gate * expanded) @ W_contract)[..., 0]"),
    "other-values": _layer(result="(gate - expanded) @ W_contract"),
    "tied-to-the-example": _layer(result="(gate[..., :5] * expanded[..., :5]) @ W_contract[:5]"),
    "tied-to-the-example: two axes": _layer(
        result="torch.einsum('tf,fd->td', gate * expanded, W_contract) if x.dim() == 2 else x"
    ),
    "returns-none": _layer(result="None"),
    "wrong-parameters": "def swiglu(x, W_gate, W_expand):\n    return x",
    "mutates-input": _layer("F.silu(x.mul_(2) @ W_gate)"),
}

# What looks like a mistake and is another, or none.
NEAR_MISSES = {
    "gate-not-bent": WRONG["both-bent"],
    "sigmoid-alone": _layer("2 * (x @ W_gate).sigmoid()"),
    "another-bend": _layer("F.elu(x @ W_gate)"),
    "other-half-bent": WRONG["both-bent"],
    "both-bent": WRONG["other-half-bent"],
    "added-not-multiplied": _layer(result="(gate - expanded) @ W_contract"),
    "no-gate": WRONG["gate-alone"],
    "gate-alone": WRONG["no-gate"],
    "bent-after-the-product": _layer(result="F.silu(gate * expanded) @ W_contract"),
    "softmax-not-silu": _layer("(x @ W_gate).softmax(dim=0)"),
    "not-contracted": _layer(result="(gate * expanded) @ W_contract @ W_expand"),
    "not-the-shape": WRONG["not-contracted"],
    "other-values": WRONG["added-not-multiplied"],
    "tied-to-the-example": WRONG["other-values"],
}

CRASHES = {
    "matrix-called": _layer("F.silu(W_gate(x))"),
    "shapes-in-product": _layer("F.silu(x @ W_gate.T)"),
    "shapes-in-product: every matrix turned": _layer("F.silu(x @ W_gate.T)", "x @ W_expand.T").replace(
        "@ W_contract", "@ W_contract.T"
    ),
    "shapes-in-product: for number by number": _layer(result="(gate @ expanded) @ W_contract"),
    "shapes-in-product: back by the wrong matrix": _layer(result="(gate * expanded) @ W_expand"),
    "shapes-do-not-broadcast": _layer(expanded="x"),
}

UNUSUAL = [
    _layer("(x @ W_gate) * (x @ W_gate).sigmoid()"),
    """
def swiglu(x, W_gate, W_expand, W_contract):
    z = torch.einsum("...d,df->...f", x, W_gate)
    return torch.matmul(z / (1 + torch.exp(-z)) * torch.matmul(x, W_expand), W_contract)
""",
    """
def swiglu(x, W_gate, W_expand, W_contract):
    rows = []
    for row in x.reshape(-1, x.shape[-1]):
        both = row @ torch.cat([W_gate, W_expand], dim=1)
        z, e = both.chunk(2)
        rows.append(((torch.nn.SiLU()(z) * e) @ W_contract).tolist())
    return torch.tensor(rows).reshape(x.shape)
""",
]
