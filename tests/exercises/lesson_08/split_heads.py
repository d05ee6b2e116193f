"""Answers to "Split into heads": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _split(body: str) -> str:
    return f"""
def split_heads(x, n_heads):
    B, T, D = x.shape
    H, d_head = n_heads, D // n_heads
    {body}
"""


WRONG = {
    "view-without-transpose": _split("return x.view(B, H, T, d_head)"),
    "view-without-transpose: reshape": _split("return x.reshape(B, H, -1, d_head)"),
    "not-transposed": _split("return x.view(B, T, H, d_head)"),
    "heads-interleaved": _split("return x.view(B, T, d_head, H).permute(0, 3, 1, 2)"),
    "heads-before-the-batch": _split("return x.view(B, T, H, d_head).permute(2, 0, 1, 3)"),
    "heads-before-the-batch: a list": _split("return list(x.split(d_head, dim=-1))"),
    "head-axis-last": _split("return x.view(B, T, H, d_head).permute(0, 2, 3, 1)"),
    "batch-and-heads-joined": _split("return x.view(B, T, H, d_head).transpose(1, 2).flatten(0, 1)"),
    "heads-and-width-swapped": _split("return x.view(B, T, d_head, H).transpose(1, 2)"),
    "wrong-shape": _split("return x"),
    "not-a-tensor": _split("return 'heads'"),
    "other-split": _split("return x.view(B, T, H, d_head).transpose(1, 2).flip(1)"),
    "other-split: one text only": _split("return x[:1].view(1, T, H, d_head).transpose(1, 2).expand(B, -1, -1, -1)"),
    "tied-to-the-example": _split(
        "return x.view(B, T, H, d_head).transpose(1, 2) if H < 5 and d_head < 7 and B < 4 else x"
    ),
}

NEAR_MISSES = {
    "view-without-transpose": WRONG["other-split"],  # the right shape, other contents
    "not-transposed": _split("return x.view(B, T, d_head, H)"),
    "heads-interleaved": WRONG["view-without-transpose"],
    "heads-before-the-batch": WRONG["batch-and-heads-joined"],
    "head-axis-last": WRONG["not-transposed"],
    "batch-and-heads-joined": _split("return x.view(B, T, H, d_head).permute(2, 0, 1, 3).flatten(0, 1)"),
    "heads-and-width-swapped": WRONG["heads-interleaved"],
    "wrong-shape": WRONG["other-split"],
    "not-a-tensor": _split("return x.view(B, T, H, d_head).transpose(1, 2).tolist()"),
    "other-split": WRONG["tied-to-the-example"],
    "tied-to-the-example": _split("return x.view(B, T, H, d_head).transpose(1, 2) if T > 1 else x"),
}

CRASHES = {
    "unpacking-count": _split("T, D = x.shape; return x.view(T, H, d_head)"),
    "elements-do-not-fill": _split("return x.view(B, T, H, D).transpose(1, 2)"),
    "view-of-transposed": _split("return x.transpose(1, 2).view(B, H, T, d_head)"),
    "no-such-axis": _split("return x.transpose(2, 3).view(B, H, T, d_head)"),
}

UNUSUAL = [
    _split("return torch.stack(x.split(d_head, dim=-1), dim=1)"),
    _split("return x.unflatten(-1, (H, d_head)).permute(0, 2, 1, 3)"),
    _split("return [[[row[h * d_head : (h + 1) * d_head] for row in text] for h in range(H)] for text in x.tolist()]"),
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "view used where view then transpose is needed: tokens mix between heads": ("view-without-transpose",)
}
