"""Answers to "Merge the heads": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _merge(body: str) -> str:
    return f"""
def merge_heads(heads):
    B, H, T, d_head = heads.shape
    {body}
"""


WRONG = {
    "view-without-transpose": _merge("return heads.reshape(B, T, H * d_head)"),
    "view-without-transpose: flatten first": _merge("return heads.flatten(1).view(B, T, -1)"),
    "heads-interleaved": _merge("return heads.permute(0, 2, 3, 1).reshape(B, T, -1)"),
    "not-joined": _merge("return heads.transpose(1, 2)"),
    "other-axes-joined": _merge("return heads.flatten(1, 2)"),
    "other-axes-joined: after the transpose": _merge("return heads.transpose(1, 2).flatten(1, 2)"),
    "batch-lost": _merge("return heads.transpose(1, 2).reshape(B * T, -1)"),
    "summed": _merge("return heads.sum(dim=1)"),
    "summed: averaged": _merge("return heads.mean(dim=1)"),
    "wrong-shape": _merge("return heads"),
    "not-a-tensor": _merge("return 'merged'"),
    "other-merge": _merge("return heads.transpose(1, 2).flatten(2).flip(-1)"),
    "other-merge: one text only": _merge("return heads[:1].transpose(1, 2).flatten(2).expand(B, -1, -1)"),
    "tied-to-the-example": _merge(
        "return heads.transpose(1, 2).flatten(2) if H < 5 and d_head < 7 and T < 5 else heads"
    ),
    "returns-none": _merge("heads.transpose(1, 2).flatten(2)"),
}

NEAR_MISSES = {
    "view-without-transpose": WRONG["other-merge"],  # the right shape, other contents
    "heads-interleaved": WRONG["view-without-transpose"],
    "not-joined": _merge("return heads.permute(0, 2, 3, 1)"),  # four axes, in another order
    "other-axes-joined": WRONG["batch-lost"],
    "batch-lost": WRONG["other-axes-joined"],
    "summed": _merge("return heads[:, 0]"),
    "wrong-shape": WRONG["other-merge"],
    "not-a-tensor": _merge("return heads.transpose(1, 2).flatten(2).tolist()"),
    "other-merge": WRONG["tied-to-the-example"],
    "tied-to-the-example": _merge("return heads.transpose(1, 2).flatten(2) if H > 1 else heads"),
}

CRASHES = {
    "view-of-transposed": _merge("return heads.transpose(1, 2).view(B, T, H * d_head)"),
    "elements-do-not-fill": _merge("return heads.transpose(1, 2).reshape(B, T, d_head)"),
    "unpacking-count": _merge("H, T, d_head = heads.shape; return heads.transpose(0, 1).flatten(1)"),
    "no-such-axis": _merge("return heads.transpose(1, 2).flatten(2, 4)"),
}

UNUSUAL = [
    _merge("return torch.cat([heads[:, h] for h in range(H)], dim=-1)"),
    _merge("return heads.transpose(1, 2).contiguous().view(B, T, H * d_head)"),
    _merge("return torch.einsum('bhtd->bthd', heads).flatten(-2)"),
    _merge("return [[sum((text[h][t] for h in range(H)), []) for t in range(T)] for text in heads.tolist()]"),
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "view used where view then transpose is needed: tokens mix between heads": ("view-without-transpose",)
}
