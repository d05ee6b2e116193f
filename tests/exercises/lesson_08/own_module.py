"""Answers to "A module of your own": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations

from llmlab.exercises.lesson_08.whole_layer_mistakes import wrong_sources

_RIGHT = """
from torch import nn


class CausalHeads(nn.Module):
    def __init__(self, d_in, d_out, context_length, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.W_query = nn.Linear(d_in, d_out, bias=False)
        self.W_key = nn.Linear(d_in, d_out, bias=False)
        self.W_value = nn.Linear(d_in, d_out, bias=False)
        self.W_out = nn.Linear(d_out, d_out)
        self.register_buffer("future", torch.ones(context_length, context_length, dtype=torch.bool).triu(1))

    def forward(self, x):
        B, T, _ = x.shape

        def split(t):
            return t.view(B, T, self.n_heads, -1).transpose(1, 2)

        q, k, v = split(self.W_query(x)), split(self.W_key(x)), split(self.W_value(x))
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        weights = scores.masked_fill(self.future[:T, :T], -torch.inf).softmax(dim=-1)
        return self.W_out((weights @ v).transpose(1, 2).flatten(2))
"""
_BUFFER = 'self.register_buffer("future", torch.ones(context_length, context_length, dtype=torch.bool).triu(1))'
_MASK = "torch.ones(context_length, context_length, dtype=torch.bool).triu(1)"
_LINEARS = _RIGHT[_RIGHT.index("self.W_query =") : _RIGHT.index("self.register_buffer")].rstrip()
_FILLED = "scores.masked_fill(self.future[:T, :T], -torch.inf)"
_FORWARD = _RIGHT[_RIGHT.index("    def forward") :]


def _changed(right: str, wrong: str, text: str = _RIGHT) -> str:
    assert right in text
    return text.replace(right, wrong)


def _text_by_text(attend: str) -> str:
    """A module that takes the texts one by one, each through the function in `attend`."""
    body = """
    def forward(self, x):
        matrices = [layer.weight.T for layer in (self.W_query, self.W_key, self.W_value, self.W_out)]
        return torch.stack([attend(text, *matrices, self.n_heads) for text in x]) + self.W_out.bias
"""
    return attend + _changed(_FORWARD, body.lstrip("\n"))


_KNOWN: dict[str, str] = {}
for _name, _source in wrong_sources():
    _face = f"{_name}: text by text, {sum(key.startswith(_name) for key in _KNOWN)}"
    _KNOWN[_face if _name in _KNOWN else _name] = _text_by_text(_source)
_KNOWN["no-buffer: a mask from the scores"] = _KNOWN.pop("mask-from-the-scores").replace(_BUFFER, "pass")
# Without W_out nothing of it is trained, and its bias is not added either.
_KNOWN["out-projection-missing: nor its bias"] = _changed("self.W_out((weights", "((weights")

WRONG = _KNOWN | {
    "all-nan": _changed(_FILLED, "(scores + self.future[:T, :T].float() * -torch.inf)"),
    "view-when-splitting: in a batch": _changed(
        "t.view(B, T, self.n_heads, -1).transpose(1, 2)", "t.view(B, self.n_heads, T, -1)"
    ),
    "softmax-over-the-heads: in a batch": _changed("softmax(dim=-1)", "softmax(dim=1)"),
    "not-a-module": """
class CausalHeads:
    def __init__(self, d_in, d_out, context_length, n_heads):
        self.n_heads = n_heads

    def forward(self, x):
        return x
""",
    "not-a-module: a function": "def CausalHeads(d_in, d_out, context_length, n_heads):\n    return torch.zeros(2, 3)",
    "layers-in-a-list": _changed(
        _LINEARS, "self.layers = [nn.Linear(d_in, d_out, bias=False) for _ in range(3)] + [nn.Linear(d_out, d_out)]"
    )
    .replace("self.W_query(", "self.layers[0](")
    .replace("self.W_key(", "self.layers[1](")
    .replace("self.W_value(", "self.layers[2](")
    .replace("self.W_out(", "self.layers[3]("),
    "weights-not-registered": _changed(
        _LINEARS,
        "self.W_query, self.W_key, self.W_value = torch.randn(3, d_in, d_out); self.W_out = torch.randn(d_out, d_out)",
    )
    .replace("self.W_query(x)", "x @ self.W_query")
    .replace("self.W_key(x)", "x @ self.W_key")
    .replace("self.W_value(x)", "x @ self.W_value")
    .replace(
        "self.W_out((weights @ v).transpose(1, 2).flatten(2))", "(weights @ v).transpose(1, 2).flatten(2) @ self.W_out"
    ),
    "parameters-in-forward": _changed(_LINEARS, "self.sizes = (d_in, d_out)")
    .replace(
        "        B, T, _ = x.shape\n",
        "        B, T, _ = x.shape\n        d_in, d_out = self.sizes\n        W_out = nn.Linear(d_out, d_out)\n"
        "        W_query, W_key, W_value = (nn.Linear(d_in, d_out, bias=False) for _ in range(3))\n",
    )
    .replace("self.W_", "W_"),
    "mask-as-parameter": _changed(_BUFFER, f"self.future = nn.Parameter({_MASK}.float(), requires_grad=False)").replace(
        "self.future[:T, :T]", "self.future[:T, :T].bool()"
    ),
    "other-parameters": _changed("bias=False", "bias=True"),
    "other-parameters: fused": _changed(
        _LINEARS, "self.qkv = nn.Linear(d_in, 3 * d_out, bias=False); self.W_out = nn.Linear(d_out, d_out)"
    ).replace(
        "split(self.W_query(x)), split(self.W_key(x)), split(self.W_value(x))",
        "(split(t) for t in self.qkv(x).chunk(3, -1))",
    ),
    "other-parameters: other names": _RIGHT.replace("W_query", "query"),
    "other-shapes": _changed("self.W_value = nn.Linear(d_in, d_out", "self.W_value = nn.Linear(d_out, d_in"),
    "mask-plain-attribute": _changed(_BUFFER, f"self.future = {_MASK}"),
    "no-buffer": _changed(_BUFFER, "pass").replace("self.future[:T, :T]", "torch.ones(T, T, dtype=torch.bool).triu(1)"),
    "no-buffer: of another shape": _changed(_BUFFER, 'self.register_buffer("future", torch.zeros(3))').replace(
        "self.future[:T, :T]", "torch.ones(T, T, dtype=torch.bool).triu(1)"
    ),
    "no-gradient": _changed("B, T, _ = x.shape", "B, T, _ = x.shape\n        torch.set_grad_enabled(False)"),
    "no-gradient: the data": _changed("self.W_query(x)", "x @ self.W_query.weight.data.T"),
    "texts-mixed": _changed(
        "q.shape[-1] ** 0.5\n", "q.shape[-1] ** 0.5\n        scores = scores - scores[0] + scores[-1]\n"
    ),
    "texts-mixed: keys of the first": _changed("k.transpose(-2, -1)", "k[:1].transpose(-2, -1)"),
    "not-repeatable": _changed("weights @ v", "nn.functional.dropout(weights, 0.5) @ v"),
    "not-repeatable: a layer": _changed(
        "self.n_heads = n_heads", "self.n_heads = n_heads; self.drop = nn.Dropout(0.1)"
    ).replace("weights @ v", "self.drop(weights) @ v"),
    "not-the-class": _RIGHT + "\n\nCausalHeads = CausalHeads(6, 12, 7, 3)\n",
    "bias-missing": _changed(
        "self.W_out((weights @ v).transpose(1, 2).flatten(2))",
        "(weights @ v).transpose(1, 2).flatten(2) @ self.W_out.weight.T",
    ),
    "shorter-texts": _changed("self.future[:T, :T]", "self.future[-T:, :T]"),
    "wrong-shape": _changed("flatten(2))", "flatten(2)), weights"),
    "wrong-shape: one text": _changed("flatten(2))", "flatten(2))[0]"),
    "other-values": _changed("self.W_out((", "-self.W_out(("),
    "tied-to-the-example": _changed("q.shape[-1] ** 0.5", "4 ** 0.5"),
    "returns-none": _changed("return self.W_out", "self.W_out"),
    "wrong-parameters": _changed("d_in, d_out, context_length, n_heads):", "d_model, n_heads):").replace(
        "super().__init__()", "super().__init__(); d_in = d_out = d_model; context_length = 9"
    ),
}

# What looks like a mistake and is another, or none.
NEAR_MISSES = {
    "softmax-over-the-queries": WRONG["softmax-over-the-heads"],
    "no-scaling": WRONG["multiplied-by-the-root"],
    "scaling-by-the-model-width": WRONG["scaling-by-another-size"],
    "no-mask": WRONG["mask-one-too-high"],
    "mask-after-the-softmax": _changed(
        f"{_FILLED}.softmax(dim=-1)",
        "scores.softmax(dim=-1) * ~self.future[:T, :T]; weights = weights / weights.sum(-1, keepdim=True)",
    ),
    "01-mask-added": _changed(_FILLED, "(scores - 1e9 * self.future[:T, :T].float())"),
    "mask-multiplied": WRONG["no-softmax"],
    "infinity-misplaced": WRONG["mask-one-too-low"],
    "mask-inverted": WRONG["mask-one-too-low"],
    "mask-one-too-high": WRONG["no-mask"],
    "mask-one-too-low": WRONG["mask-inverted"],
    "view-when-splitting": WRONG["view-both-ways"],
    "view-when-merging": WRONG["view-both-ways"],
    "view-both-ways": WRONG["view-when-merging"],
    "keys-and-values-swapped": WRONG["projection-used-twice"],
    "projection-used-twice": WRONG["keys-and-values-swapped"],
    "queries-and-keys-swapped": WRONG["keys-and-values-swapped"],
    "all-nan": WRONG["mask-one-too-low"],
    "no-softmax": WRONG["mask-multiplied"],
    "scaled-after-the-softmax": WRONG["no-scaling"],
    "scaling-by-another-size": WRONG["scaling-by-the-model-width"],
    "no-root": WRONG["no-scaling"],
    "multiplied-by-the-root": WRONG["no-scaling"],
    "softmax-over-the-heads": WRONG["softmax-over-the-queries"],
    "one-head-only": _changed("t.view(B, T, self.n_heads, -1)", "t.view(B, T, -1, self.n_heads)"),
    "heads-interleaved": WRONG["view-when-splitting"],
    "out-projection-missing": WRONG["bias-missing"],
    "not-a-module": _RIGHT.replace("(nn.Module)", "(nn.MultiheadAttention)").replace(
        "super().__init__()", "nn.Module.__init__(self)"
    ),  # a module of another kind
    "layers-in-a-list": _changed("self.n_heads = n_heads", "self.sizes = [d_in, d_out]; self.n_heads = n_heads"),
    "weights-not-registered": WRONG["parameters-in-forward"],
    "parameters-in-forward": WRONG["layers-in-a-list"],
    "mask-as-parameter": WRONG["mask-plain-attribute"],
    "other-parameters": WRONG["other-shapes"],
    "other-shapes": WRONG["other-parameters"],
    "mask-plain-attribute": WRONG["no-buffer"],
    "no-buffer": _changed('"future", ', '"future", persistent=False, tensor='),  # moved, though not saved
    "no-gradient": _changed("B, T, _ = x.shape", "B, T, _ = x.detach().shape"),
    "texts-mixed": WRONG["softmax-over-the-heads"],
    "not-repeatable": _changed("self.n_heads = n_heads", "self.n_heads = n_heads; self.drop = nn.Dropout(0)").replace(
        "weights @ v", "self.drop(weights) @ v"
    ),
    "bias-missing": WRONG["out-projection-missing: nor its bias"],
    "shorter-texts": WRONG["tied-to-the-example"],
    "wrong-shape": WRONG["other-values"],
    "other-values": WRONG["texts-mixed"],
    "tied-to-the-example": WRONG["shorter-texts"],
}

CRASHES = {
    "super-forgotten": _changed("        super().__init__()\n", ""),
    "mask-not-cut": _changed("self.future[:T, :T]", "self.future"),
    "mask-not-cut: added": _changed(_FILLED, "(scores + self.future.float())").replace(
        _MASK, "torch.full((context_length, context_length), -torch.inf).triu(1)"
    ),
    "batch-not-expected": _changed("B, T, _ = x.shape", "T, _ = x.shape"),
    "layer-not-called": _changed("self.W_query(x)", "x @ self.W_query"),
    "elements-do-not-fill": _changed("t.view(B, T, self.n_heads, -1)", "t.view(T, self.n_heads, -1, 1)[None]").replace(
        "self.n_heads = n_heads", "self.n_heads = n_heads + 2"
    ),
    "no-such-attribute": _changed("self.n_heads = n_heads\n", "n_heads = n_heads\n"),
}

UNUSUAL = [
    _changed('"future", ', '"future", persistent=False, tensor='),
    _text_by_text(next(iter(wrong_sources()))[1].replace("dim=-2", "dim=-1")),
    """
from torch import nn
from torch.nn.functional import scaled_dot_product_attention


class CausalHeads(nn.Module):
    def __init__(self, d_in, d_out, context_length, n_heads):
        super().__init__()
        self.heads = n_heads
        for name in ("W_query", "W_key", "W_value"):
            setattr(self, name, nn.Linear(d_in, d_out, bias=False))
        self.W_out = nn.Linear(d_out, d_out)
        self.mask = nn.Buffer(torch.ones(1, 1, context_length, context_length).tril().bool()) if hasattr(
            nn, "Buffer"
        ) else None
        if self.mask is None:
            del self.mask
            self.register_buffer("mask", torch.ones(1, 1, context_length, context_length).tril().bool())

    def forward(self, x):
        layers = self.W_query, self.W_key, self.W_value
        q, k, v = (layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for layer in layers)
        T = x.shape[1]
        context = scaled_dot_product_attention(q, k, v, attn_mask=self.mask[..., :T, :T])
        return self.W_out(context.transpose(1, 2).flatten(2))
""",
    _changed(
        _BUFFER, 'self.register_buffer("future", torch.full((context_length, context_length), -1e9).triu(1))'
    ).replace(_FILLED, "(scores + self.future[:T, :T])"),
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "view used where view then transpose is needed: tokens mix between heads": ("view-when-splitting",),
    "scaling by the model width instead of the head width, or not at all": ("scaling-by-the-model-width", "no-scaling"),
}
