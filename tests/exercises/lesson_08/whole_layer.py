"""Answers to "The whole layer": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations

from llmlab.attention._bugs import BUGS, LATE_MASK, source

# The whole layer in another style than the package's: einsum, additive mask, softmax by hand.
_EINSUM = """
def attend(x, W_query, W_key, W_value, W_out, n_heads):
    T, D = len(x), W_query.shape[1]
    H, d = n_heads, D // n_heads
    q = torch.einsum("ti,ihd->thd", x, W_query.reshape(-1, H, d))
    k = torch.einsum("ti,ihd->thd", x, W_key.reshape(-1, H, d))
    v = torch.einsum("ti,ihd->thd", x, W_value.reshape(-1, H, d))
    s = torch.einsum("thd,uhd->htu", q, k) * d**-0.5
    s = s + torch.full((T, T), -torch.inf).triu(1)
    w = s.exp() / s.exp().sum(dim=2, keepdim=True)
    return torch.einsum("htu,uhd->thd", w, v).reshape(T, D) @ W_out
"""

_LOOP = """
def attend(x, W_query, W_key, W_value, W_out, n_heads):
    d = W_query.shape[1] // n_heads
    heads = []
    for h in range(n_heads):
        part = slice(h * d, (h + 1) * d)
        q, k, v = x @ W_query[:, part], x @ W_key[:, part], x @ W_value[:, part]
        rows = []
        for i in range(len(x)):
            weights = (k[: i + 1] @ q[i] / d**0.5).softmax(0)
            rows.append(weights @ v[: i + 1])
        heads.append(torch.stack(rows))
    return torch.cat(heads, dim=1) @ W_out
"""

_FUSED = """
from torch.nn.functional import scaled_dot_product_attention

def attend(x, W_query, W_key, W_value, W_out, n_heads):
    q, k, v = ((x @ W).unflatten(1, (n_heads, -1)).transpose(0, 1) for W in (W_query, W_key, W_value))
    return scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).flatten(1) @ W_out
"""


def _changed(text: str, right: str, wrong: str) -> str:
    assert right in text
    return text.replace(right, wrong)


def _last(line: str) -> str:
    return _changed(source(), "return context @ W_out", line)


_MASK = "s = s + torch.full((T, T), -torch.inf).triu(1)"

_TWELVE = {name.replace(" ", "-").replace("/", ""): source(change) for name, change in BUGS.items()}

WRONG = _TWELVE | {
    # The same slips in another hand.
    "softmax-over-the-queries: einsum": _changed(_EINSUM, "sum(dim=2", "sum(dim=1"),
    "no-scaling: einsum": _changed(_EINSUM, " * d**-0.5", ""),
    "scaling-by-the-model-width: einsum": _changed(_EINSUM, "d**-0.5", "D**-0.5"),
    "no-mask: einsum": _changed(_EINSUM, _MASK, "pass"),
    "no-mask: PyTorch's": _changed(_FUSED, ", is_causal=True", ""),
    "mask-after-the-softmax: einsum": _changed(
        _changed(_EINSUM, _MASK, "pass"), "keepdim=True)", "keepdim=True) * torch.ones(T, T).tril()"
    ),
    "01-mask-added: of the future": _changed(_EINSUM, "torch.full((T, T), -torch.inf)", "torch.ones(T, T)"),
    "mask-one-too-high: einsum": _changed(_EINSUM, "triu(1)", "triu(2)"),
    "mask-one-too-low: einsum": _changed(_EINSUM, "triu(1)", "triu(0)"),
    "mask-one-too-low: zeros for NaN": _changed(
        _changed(_EINSUM, "triu(1)", "triu(0)"), "keepdim=True)", "keepdim=True).clamp(min=1e-30)"
    ),
    "mask-from-the-scores: where": _changed(
        _EINSUM, _MASK, "s = torch.where(s.tril() != 0, s, -torch.inf) if s.any() else s"
    ),
    "mask-from-the-scores: all but the triangle": _changed(
        source(),
        "scores.masked_fill(future, -torch.inf)",
        "scores.tril().masked_fill(scores.tril() == 0, -torch.inf)",
    ),
    "view-when-splitting: reshape": _changed(
        _FUSED, "unflatten(1, (n_heads, -1)).transpose(0, 1)", "reshape(n_heads, len(x), -1)"
    ),
    "view-when-merging: reshape": _changed(_FUSED, "transpose(0, 1).flatten(1) @", "reshape(len(x), -1) @"),
    "view-both-ways": source(BUGS["view when splitting"]).replace(*BUGS["view when merging"]),
    "view-both-ways: reshape": _changed(
        _changed(_FUSED, "unflatten(1, (n_heads, -1)).transpose(0, 1)", "reshape(n_heads, len(x), -1)"),
        "transpose(0, 1).flatten(1) @",
        "reshape(len(x), -1) @",
    ),
    "keys-and-values-swapped: einsum": _changed(_EINSUM, '"thd,uhd->htu", q, k)', '"thd,uhd->htu", q, v)').replace(
        "w, v)", "w, k)"
    ),
    "mask-multiplied": _changed(_EINSUM, _MASK, "s = s * torch.ones(T, T).tril()"),
    "mask-multiplied: a fill with 0": _changed(
        _EINSUM, _MASK, "s = s.masked_fill(torch.ones(T, T).triu(1).bool(), 0.0)"
    ),
    "infinity-misplaced: after the softmax": _changed(
        _changed(_EINSUM, _MASK, "pass"),
        "keepdim=True)",
        "keepdim=True); w = w.masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)",
    ),
    "infinity-misplaced": _changed(_EINSUM, "-torch.inf", "torch.inf"),
    "mask-inverted": _changed(_EINSUM, "triu(1)", "tril(0)"),
    "softmax-over-the-heads": _changed(source(), "softmax(dim=-1)", "softmax(dim=0)"),
    "one-head-only": _changed(_FUSED, "n_heads, -1", "1, -1"),
    "heads-interleaved": _changed(_EINSUM, "W_query.reshape(-1, H, d)", "W_query.reshape(-1, d, H).transpose(1, 2)")
    .replace("W_key.reshape(-1, H, d)", "W_key.reshape(-1, d, H).transpose(1, 2)")
    .replace("W_value.reshape(-1, H, d)", "W_value.reshape(-1, d, H).transpose(1, 2)"),
    "heads-interleaved: both ways": _changed(
        _changed(
            source(),
            "return t.view(T, n_heads, d_head).transpose(0, 1)",
            "return t.view(T, d_head, n_heads).permute(2, 0, 1)",
        ),
        "context.transpose(0, 1).reshape(T, D)",
        "context.permute(1, 2, 0).reshape(T, D)",
    ),
    "queries-and-keys-swapped": _changed(_EINSUM, "q, k) *", "k, q) *"),
    "no-root": _changed(_EINSUM, "d**-0.5", "d**-1"),
    "no-softmax": _changed(_EINSUM, "w = s.exp() / s.exp().sum(dim=2, keepdim=True)", "w = s")
    .replace("-torch.inf", "0.0")
    .replace("s + torch", "s * (1 - torch.ones(T, T).triu(1)) + torch"),
    "all-nan": _changed(_EINSUM, "torch.full((T, T), -torch.inf).triu(1)", "torch.ones(T, T).triu(1) * -torch.inf"),
    "scaled-after-the-softmax": _changed(
        _changed(_EINSUM, " * d**-0.5", ""), "keepdim=True)", "keepdim=True) * d**-0.5"
    ),
    "scaling-by-another-size": _changed(_EINSUM, "d**-0.5", "x.shape[1] ** -0.5"),
    "scaling-by-another-size: tokens": _changed(_EINSUM, "d**-0.5", "T**-0.5"),
    "scaling-by-another-size: of the input, for each head": _changed(_EINSUM, "d**-0.5", "(x.shape[1] / H) ** -0.5"),
    "scaling-by-another-size: heads": _changed(_EINSUM, "d**-0.5", "H**-0.5"),
    "projection-used-twice": _changed(_EINSUM, "W_key.reshape", "W_query.reshape"),
    "projection-used-twice: keys for values": _changed(_EINSUM, "w, v)", "w, k)"),
    "projection-used-twice: values": _changed(_EINSUM, "W_value.reshape", "W_key.reshape"),
    "one-head-only: scaled as if there were several": _changed(
        source(), "t.view(T, n_heads, d_head)", "t.view(T, 1, D)"
    ),
    "tied-to-the-example: the scale": _changed(source(), "d_head**0.5", "3**0.5"),
    "multiplied-by-the-root": _changed(_EINSUM, "d**-0.5", "d**0.5"),
    "out-projection-missing": _last("return context"),
    "future-leaks": _last("return (context - context.mean(dim=0)) @ W_out"),
    "past-is-lost": _changed(_LOOP, "k[: i + 1] @", "k[max(0, i - 1) : i + 1] @").replace(
        "@ v[: i", "@ v[max(0, i - 1) : i"
    ),
    "past-is-lost: only itself": _last("return values @ W_out"),
    "not-zero-at-zero": _last("return context @ W_out + 1"),
    "nan-at-zero": _changed(
        source(),
        "    scores =",
        "    queries, keys = (t / t.norm(dim=-1, keepdim=True) for t in (queries, keys))\n    scores =",
    ),
    "nan-at-zero: a mask from the scores, and a sign": _changed(
        _last("return -context @ W_out"),
        "scores.masked_fill(future, -torch.inf)",
        "scores.tril().masked_fill(scores.tril() == 0, -torch.inf)",
    ),
    "other-magnitudes": _last("return 3 * context @ W_out"),
    "other-values": _last("return -context @ W_out"),
    "not-repeatable": _changed(source(), "softmax(dim=-1)", "softmax(dim=-1) * (torch.rand(T, T) < 0.9)"),
    "wrong-shape": _last("return (context @ W_out)[None]"),
    "wrong-shape: with the weights": _last("return context @ W_out, weights"),
    "tied-to-the-example": _changed(
        source(), "return context @ W_out", "return context @ W_out * (1 if n_heads in (2, 4, 8, 16) else 2)"
    ),
    "returns-none": _last("context @ W_out"),
    "mutates-input": _last("x *= 2\n    return context @ W_out"),
}

# What looks like a mistake and is another, or none.
NEAR_MISSES = {
    "softmax-over-the-queries": WRONG["softmax-over-the-heads"],
    "no-scaling": WRONG["multiplied-by-the-root"],
    "scaling-by-the-model-width": WRONG["scaling-by-another-size"],
    "no-mask": WRONG["mask-one-too-high"],
    "mask-after-the-softmax": source(LATE_MASK),
    "01-mask-added": _changed(_EINSUM, "-torch.inf", "-1e30"),  # a finite number, far enough below all scores
    "mask-multiplied": WRONG["no-softmax"],
    "infinity-misplaced": WRONG["mask-one-too-low"],
    "infinity-misplaced: zeros": _last("context[:-1] = 0.0; return context @ W_out"),
    "mask-inverted": WRONG["mask-one-too-low"],
    "mask-one-too-high": WRONG["no-mask"],
    "mask-one-too-low": WRONG["mask-inverted"],
    "mask-from-the-scores": _changed(
        _EINSUM, _MASK, "s = s.masked_fill(torch.ones_like(s[0]).triu(1).bool(), -torch.inf)"
    ),
    "view-when-splitting": WRONG["view-both-ways"],
    "view-when-merging": WRONG["view-both-ways"],
    "view-both-ways": WRONG["view-when-merging"],
    "keys-and-values-swapped": WRONG["projection-used-twice"],
    "projection-used-twice": WRONG["keys-and-values-swapped"],
    "queries-and-keys-swapped": WRONG["keys-and-values-swapped"],
    "all-nan": WRONG["mask-one-too-low"],  # NaN in some rows only
    "no-softmax": WRONG["mask-multiplied"],
    "scaled-after-the-softmax": WRONG["no-scaling"],
    "scaling-by-another-size": WRONG["scaling-by-the-model-width"],
    "no-root": WRONG["no-scaling"],
    "multiplied-by-the-root": WRONG["no-scaling"],
    "softmax-over-the-heads": WRONG["softmax-over-the-queries"],
    "one-head-only": _changed(
        source(), "t.view(T, n_heads, d_head)", "t.view(T, 1, D)[:, :, :d_head].expand(T, n_heads, d_head)"
    ),
    "heads-interleaved": WRONG["view-when-splitting"],
    "out-projection-missing": _last("return context @ W_out @ W_out.T @ torch.ones(D, D)"),
    "future-leaks": WRONG["past-is-lost"],
    "past-is-lost": WRONG["future-leaks"],
    "nan-at-zero": WRONG["mask-one-too-low"],  # NaN anywhere, not only around zero
    "not-zero-at-zero": _last("return context @ W_out + x.abs().sum(dim=1, keepdim=True)"),
    "other-magnitudes": WRONG["other-values"],
    "other-values": WRONG["other-magnitudes"],
    "not-repeatable": _last("torch.rand(3); return context @ W_out"),
    "wrong-shape": WRONG["out-projection-missing"],
    "tied-to-the-example": WRONG["one-head-only"],
}

_SCORES = "split(queries) @ split(keys).transpose(1, 2)"

CRASHES = {
    "shapes-in-product": _changed(source(), _SCORES, "split(queries) @ split(keys)"),
    "view-of-transposed": _changed(source(), "transpose(0, 1).reshape(T, D)", "transpose(0, 1).view(T, D)"),
    "elements-do-not-fill": _changed(source(), "t.view(T, n_heads, d_head)", "t.view(T, n_heads, D)"),
    "unpacking-count": _changed(source(), "T, D = len(x), W_query.shape[1]", "B, T, D = x.shape"),
    "shapes-do-not-broadcast": _changed(source(), "torch.ones(T, T", "torch.ones(D, D"),
}

UNUSUAL = [_EINSUM, _LOOP, _FUSED, source(LATE_MASK)]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "masking after softmax without renormalising, or adding a 0/1 mask to the scores": (
        "mask-after-the-softmax",
        "01-mask-added",
    ),
    "view used where view then transpose is needed: tokens mix between heads": (
        "view-when-splitting",
        "view-when-merging",
    ),
    "the twelve attention bugs": tuple(_TWELVE),
}

# The lesson's cells that drive an explorer with the answer.
DRIVEN = {
    "explorer": "InfluenceMap",
    "parts": ("probe = InfluenceMap(",),
    "unseen": frozenset({"returns-none", "mutates-input"}),
    "raises": (ValueError, TypeError, IndexError, RuntimeError),
    "names": {"draw": lambda *_: None},
}
