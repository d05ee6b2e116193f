"""Answers to "The block": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations

_INIT = """
super().__init__()
self.norm_1 = nn.LayerNorm(d_model)
self.attention = MultiHeadAttention(d_model, d_model, context_length, n_heads, qkv_bias=True)
self.norm_2 = nn.LayerNorm(d_model)
self.feed_forward = FeedForward(d_model)
"""
_FORWARD = """
x = x + self.attention(self.norm_1(x))
return x + self.feed_forward(self.norm_2(x))
"""


def _block(init: str = _INIT, forward: str = _FORWARD) -> str:
    """The cell with another `__init__` or `forward`."""

    def body(text: str) -> str:
        return "".join(f"        {line}\n" for line in text.strip().splitlines())

    return (
        "from torch import nn\n\n"
        "from llmlab.attention import MultiHeadAttention\nfrom llmlab.gpt import FeedForward\n\n\n"
        f"class Block(nn.Module):\n    def __init__(self, d_model, n_heads, context_length):\n{body(init)}\n"
        f"    def forward(self, x):\n{body(forward)}"
    )


def _forward(
    first: str = "x = x + self.attention(self.norm_1(x))", second: str = "return x + self.feed_forward(self.norm_2(x))"
) -> str:
    return _block(forward=f"{first}\n{second}")


def _init(right: str, wrong: str) -> str:
    assert right in _INIT
    return _block(init=_INIT.replace(right, wrong))


_ATTENTION = "MultiHeadAttention(d_model, d_model, context_length, n_heads, qkv_bias=True)"

_SEQUENTIAL = "nn.Sequential(nn.Linear(d_model, 4 * d_model), {}, nn.Linear(4 * d_model, d_model))"
_SAME_PART = _init("FeedForward(d_model)", _SEQUENTIAL.format("nn.GELU('tanh')"))

WRONG = {
    "not-a-module": _block().replace("(nn.Module)", "").replace("super().__init__()", "pass"),
    "part-missing": _init("self.norm_2 = nn.LayerNorm(d_model)", "self.second_norm = nn.LayerNorm(d_model)"),
    "part-missing: made in forward": _block(
        init="super().__init__()\nself.sizes = d_model, n_heads, context_length",
        forward="D, H, T = self.sizes\nx = x + MultiHeadAttention(D, D, T, H)(nn.LayerNorm(D)(x))\n"
        "return x + FeedForward(D)(nn.LayerNorm(D)(x))",
    ),
    "norm-shared": _init("self.norm_2 = nn.LayerNorm(d_model)", "self.norm_2 = self.norm_1"),
    "no-bias": _init(", qkv_bias=True", ""),
    "part-of-other-size": _init("FeedForward(d_model)", "nn.Linear(d_model, d_model)"),
    "part-of-other-size: a norm": _init("self.norm_1 = nn.LayerNorm(d_model)", "self.norm_1 = nn.Identity()"),
    "part-of-other-kind": _init("FeedForward(d_model)", _SEQUENTIAL.format("nn.ReLU()")),
    "part-of-other-kind: GELU without its approximation": _init(
        "FeedForward(d_model)", _SEQUENTIAL.format("nn.GELU()")
    ),
    "part-of-other-kind: as many numbers in other shapes": _init(
        "FeedForward(d_model)",
        "nn.Sequential(nn.Linear(d_model, 4 * d_model + 2, bias=False), nn.GELU('tanh'), "
        "nn.Linear(4 * d_model + 2, d_model))",
    ),
    "stream-normed": _forward(
        "x = self.norm_1(x)\nx = x + self.attention(x)", "x = self.norm_2(x)\nreturn x + self.feed_forward(x)"
    ),
    "first-sub-layer-norms-the-stream": _forward("x = self.norm_1(x)\nx = x + self.attention(x)"),
    "second-sub-layer-norms-the-stream": _forward(second="x = self.norm_2(x)\nreturn x + self.feed_forward(x)"),
    "second-norm-of-the-copy": _forward(
        "normed = self.norm_1(x)\nx = x + self.attention(normed)",
        "normed = self.norm_2(normed)\nreturn x + self.feed_forward(normed)",
    ),
    "no-residuals": _forward("x = self.attention(self.norm_1(x))", "return self.feed_forward(self.norm_2(x))"),
    "first-residual-missing": _forward("x = self.attention(self.norm_1(x))"),
    "second-residual-missing": _forward(second="return self.feed_forward(self.norm_2(x))"),
    "post-norm": _forward("x = self.norm_1(x + self.attention(x))", "return self.norm_2(x + self.feed_forward(x))"),
    "no-norms": _forward("x = x + self.attention(x)", "return x + self.feed_forward(x)"),
    "first-norm-missing": _forward("x = x + self.attention(x)"),
    "second-norm-missing": _forward(second="return x + self.feed_forward(x)"),
    "norms-behind-the-sub-layers": _forward(
        "x = x + self.norm_1(self.attention(x))", "return x + self.norm_2(self.feed_forward(x))"
    ),
    "norms-swapped": _forward("x = x + self.attention(self.norm_2(x))", "return x + self.feed_forward(self.norm_1(x))"),
    "one-norm-for-both": _forward(second="return x + self.feed_forward(self.norm_1(x))"),
    "side-by-side": _forward("return x + self.attention(self.norm_1(x)) + self.feed_forward(self.norm_2(x))", ""),
    "feed-forward-first": _forward(
        "x = x + self.feed_forward(self.norm_2(x))", "return x + self.attention(self.norm_1(x))"
    ),
    "input-added-twice": _forward(
        "y = x + self.attention(self.norm_1(x))", "return x + self.feed_forward(self.norm_2(y))"
    ),
    "not-the-shape": _forward(second="return x.mean(dim=1)"),
    "not-the-shape: with the weights": _forward(second="return x, self.feed_forward(x)"),
    "other-block": _forward(second="return x - self.feed_forward(self.norm_2(x))"),
    "other-block: norm of the sum": _forward(second="return self.norm_2(x + self.feed_forward(self.norm_2(x)))"),
    "tied-to-the-example": _forward(second="return x + self.feed_forward(self.norm_2(x)) if x.shape[0] == 2 else x"),
    "mutates-input": _forward("x += self.attention(self.norm_1(x))"),
    "returns-none": _forward(second="x = x + self.feed_forward(self.norm_2(x))"),
    "wrong-parameters": _block()
    .replace("self, d_model, n_heads, context_length", "self, d_model, n_heads")
    .replace("context_length", "9"),
}

# What looks like a mistake and is another, or none.
NEAR_MISSES = {
    "not-a-module": WRONG["part-missing"],
    "part-missing": WRONG["norm-shared"],
    "norm-shared": WRONG["one-norm-for-both"],
    "no-bias": _init(_ATTENTION, "nn.Linear(d_model, d_model)"),
    "part-of-other-size": WRONG["no-bias"],
    "part-of-other-kind": _SAME_PART,
    "stream-normed": WRONG["post-norm"],
    "first-sub-layer-norms-the-stream": WRONG["stream-normed"],
    "second-sub-layer-norms-the-stream": WRONG["stream-normed"],
    "second-norm-of-the-copy": WRONG["one-norm-for-both"],
    "no-residuals": WRONG["first-residual-missing"],
    "first-residual-missing": WRONG["no-residuals"],
    "second-residual-missing": WRONG["no-residuals"],
    "post-norm": WRONG["norms-behind-the-sub-layers"],
    "no-norms": WRONG["first-norm-missing"],
    "first-norm-missing": WRONG["no-norms"],
    "second-norm-missing": WRONG["no-norms"],
    "norms-behind-the-sub-layers": WRONG["post-norm"],
    "norms-swapped": WRONG["one-norm-for-both"],
    "one-norm-for-both": WRONG["norms-swapped"],
    "side-by-side": WRONG["second-norm-of-the-copy"],
    "feed-forward-first": WRONG["norms-swapped"],
    "input-added-twice": WRONG["side-by-side"],
    "not-the-shape": WRONG["other-block"],
    "other-block": WRONG["post-norm"],
    "tied-to-the-example": WRONG["other-block"],
}

CRASHES = {
    "super-forgotten": _init("super().__init__()\n", ""),
    "attention-sizes": _init(_ATTENTION, "MultiHeadAttention(d_model, n_heads, context_length, qkv_bias=True)"),
    "attention-sizes: exchanged": _init("context_length, n_heads", "n_heads, context_length"),
    "attention-sizes: a context of n_heads": _init("context_length, n_heads", "1, n_heads"),
    "class-not-called": _forward("x = x + MultiHeadAttention(self.norm_1(x))"),
    "no-such-attribute": _forward("x = x + self.attn(self.norm_1(x))"),
}

UNUSUAL = [
    _block(
        init=_INIT.replace("nn.LayerNorm", "LayerNorm"),
        forward="""
for norm, sub_layer in ((self.norm_1, self.attention), (self.norm_2, self.feed_forward)):
    x = sub_layer(norm(x)) + x
return x
""",
    ).replace("import FeedForward", "import FeedForward, LayerNorm"),
    _block(
        init=_INIT + "self.dropout = nn.Dropout(0.1)",
        forward="""
heard = self.dropout(self.attention(self.norm_1(x)))
thought = self.dropout(self.feed_forward(self.norm_2(x + heard)))
return torch.stack([x, heard, thought]).sum(dim=0)
""",
    ),
    _block(
        init=_INIT.replace(
            "FeedForward(d_model)",
            "nn.Sequential(nn.Linear(d_model, 4 * d_model), nn.GELU('tanh'), nn.Linear(4 * d_model, d_model))",
        ),
        forward="""
x = x.clone()
x += self.attention(self.norm_1(x))
x += self.feed_forward(self.norm_2(x))
return x
""",
    ),
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"a block whose norm overwrites the stream": ("stream-normed",)}
