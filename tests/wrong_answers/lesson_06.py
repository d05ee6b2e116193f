"""Answers to the exercises of lesson 06 that learners give, wrong ones and unusual right ones.

WRONG: exercise id -> {misconception id: source}. Where one misconception has several faces, the key names the face
after a colon. UNUSUAL: exercise id -> sources that must pass. A source is the student's cell, or for a choice or a
prediction an expression. `tests/test_exercises.py` runs them all and lists the misconceptions that have none.
"""

from llmlab._attention_bugs import BUGS, LATE_MASK, source


def _weights(body: str) -> str:
    return f"""
import math

def causal_weights(scores):
    T = len(scores)
    causal = torch.ones(T, T).tril()
    {body}
"""


def _dropout(body: str) -> str:
    return f"""
from torch.nn.functional import dropout

def attention_weights(scores, p, training):
    weights = scores.softmax(dim=-1)
    {body}
"""


def _split(body: str) -> str:
    return f"""
def split_heads(x, n_heads):
    B, T, D = x.shape
    H, d_head = n_heads, D // n_heads
    {body}
"""


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

WRONG: dict[str, dict[str, str]] = {
    "06.1": {
        "mask-after-the-softmax": _weights("return scores.softmax(-1) * causal"),
        "mask-after-the-softmax: filled": _weights("return scores.softmax(-1).masked_fill(causal == 0, 0.0)"),
        "01-mask-added": _weights("return (scores + causal).softmax(-1)"),
        "01-mask-added: of the future": _weights("return (scores + torch.ones(T, T).triu(1)).softmax(-1)"),
        "01-mask-added: taken away": _weights("return (scores - (1 - causal)).softmax(-1)"),
        "mask-multiplied": _weights("return (scores * causal).softmax(-1)"),
        "mask-multiplied: tril": _weights("return scores.tril().softmax(-1)"),
        "finite-number": _weights("return scores.masked_fill(causal == 0, -5.0).softmax(-1)"),
        "finite-number: larger": _weights("return scores.masked_fill(causal == 0, -30.0).softmax(-1)"),
        "finite-number: too little to be seen": _weights("return scores.masked_fill(causal == 0, -100.0).softmax(-1)"),
        "all-nan": _weights("return (scores + (1 - causal) * -math.inf).softmax(-1)"),
        "keepdim-missing": _weights("late = scores.softmax(-1) * causal\n    return late / late.sum(dim=-1)"),
        "keepdim-missing: by hand": _weights("late = scores.exp() * causal\n    return late / late.sum(dim=-1)"),
        "two-softmaxes": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax(-1).softmax(-1)"),
        "two-softmaxes: one before the mask": _weights(
            "return scores.softmax(-1).masked_fill(causal == 0, -math.inf).softmax(-1)"
        ),
        "no-mask": _weights("return scores.softmax(-1)"),
        "mask-one-too-high": _weights(
            "return scores.masked_fill(torch.ones(T, T).triu(2) == 1, -math.inf).softmax(-1)"
        ),
        "mask-one-too-low": _weights("return scores.masked_fill(torch.ones(T, T).triu() == 1, -math.inf).softmax(-1)"),
        "mask-one-too-low: zeros": _weights(
            "return scores.masked_fill(torch.ones(T, T).triu() == 1, -math.inf).softmax(-1).nan_to_num(0.0)"
        ),
        "mask-inverted": _weights("return scores.masked_fill(causal == 1, -math.inf).softmax(-1)"),
        "mask-inverted: with itself": _weights(
            "return scores.masked_fill(causal.tril(-1) == 1, -math.inf).softmax(-1)"
        ),
        "mask-from-the-scores": _weights("return scores.masked_fill(scores.triu(1).bool(), -math.inf).softmax(-1)"),
        "mask-from-the-scores: tril": _weights("return scores.masked_fill(scores.tril() == 0, -math.inf).softmax(-1)"),
        "softmax-over-the-queries": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax(0)"),
        "softmax-over-the-queries: renormalised": _weights(
            "late = scores.softmax(-1) * causal\n    return late / late.sum(0)"
        ),
        "one-softmax-for-all": _weights(
            "return scores.masked_fill(causal == 0, -math.inf).flatten().softmax(0).view(T, T)"
        ),
        "one-softmax-for-all: one sum": _weights("late = scores.softmax(-1) * causal\n    return late / late.sum()"),
        "no-softmax": _weights("return scores.masked_fill(causal == 0, -math.inf)"),
        "not-normalised": _weights("return scores.exp() * causal"),
        "not-a-square": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax(-1).sum(0)"),
        "not-a-square: a text": _weights("return 'triangle'"),
        "other-weights: the past set to 0": _weights("return scores.triu().softmax(-1)"),
        "other-weights": _weights("return (2 * scores).masked_fill(causal == 0, -math.inf).softmax(-1)"),
        "tied-to-the-example": _weights(
            "mask = torch.zeros(T, T).bool()\n    mask[:4, :4] = torch.ones(4, 4).triu(1).bool()[:T, :T]\n"
            "    return scores.masked_fill(mask, -math.inf).softmax(-1)"
        ),
        "mutates-input": _weights("return scores.masked_fill_(causal == 0, -math.inf).softmax(-1)"),
    },
    "06.2": {
        "before-the-softmax": _dropout("return dropout(scores, p, training).softmax(dim=-1)"),
        "before-the-softmax: and again a softmax": _dropout(
            "return dropout(weights, p, training).softmax(dim=-1) if training else weights"
        ),
        "never-drops": _dropout("return weights"),
        "never-drops: inverted": _dropout("return dropout(weights, p, False)"),
        "drops-when-evaluating": _dropout("return dropout(weights, p)"),
        "drops-when-evaluating: turned round": _dropout("return dropout(weights, p, not training)"),
        "not-the-plain-softmax": _dropout("return dropout(weights, p, True) if training else weights * (1 - p)"),
        "not-the-plain-softmax: two": _dropout("return dropout(weights, p, training).softmax(dim=-1)"),
        "renormalised": _dropout(
            "weights = dropout(weights, p, training)\n    return weights / weights.sum(dim=-1, keepdim=True)"
        ),
        "renormalised: scores to minus infinity": _dropout(
            "gone = torch.rand(scores.shape) < p\n"
            "    return scores.masked_fill(gone, -torch.inf).softmax(-1) if training else weights"
        ),
        "not-scaled-up": _dropout("return weights * (torch.rand(weights.shape) >= p) if training else weights"),
        "scaled-otherwise": _dropout("return dropout(weights, p, training) * ((1 - p) ** 2 if training else 1)"),
        "other-share": _dropout("return weights * (torch.rand(weights.shape) < p) / (1 - p) if training else weights"),
        "whole-tokens": _dropout(
            "return weights * (torch.rand(1, weights.shape[1]) >= p) / (1 - p) if training else weights"
        ),
        "whole-tokens: queries": _dropout(
            "return weights * (torch.rand(len(weights), 1) >= p) / (1 - p) if training else weights"
        ),
        "other-share: a constant": _dropout("return dropout(weights, 0.5, training)"),
        "other-share: the share to keep": _dropout("return dropout(weights, 1 - p, training)"),
        "other-share: dropped twice": _dropout("return dropout(dropout(weights, p, training), p, training)"),
        "scores-dropped-too": _dropout("return dropout(dropout(scores, p, training).softmax(-1), p, training)"),
        "softmax-over-the-queries": _dropout("return dropout(scores.softmax(dim=0), p, training)"),
        "no-softmax": _dropout("return dropout(scores, p, training)"),
        "not-the-shape": _dropout("return dropout(weights, p, training).sum(-1)"),
        "tied-to-the-example": _dropout("return dropout(weights, 0.25, training) if p == 0.25 else weights.T"),
    },
    "06.3": {
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
        "other-split: one text only": _split(
            "return x[:1].view(1, T, H, d_head).transpose(1, 2).expand(B, -1, -1, -1)"
        ),
        "tied-to-the-example": _split(
            "return x.view(B, T, H, d_head).transpose(1, 2) if H < 5 and d_head < 7 and B < 4 else x"
        ),
    },
    "06.4": {
        "slice-end": "(4, 8)",
        "counted-from-one": "(8, 11)",
        "columns-from-one": "(5, 8)",
        "heads-and-width-swapped": "(3, 5)",
        "interleaved": "(1, 10)",
        "all-columns": "(0, 11)",
        "head-zero": "[0, 3]",
        "not-two-numbers": "[4, 5, 6, 7]",
        "not-two-numbers: a text": "'4:8'",
        "count-again": "(5, 7)",
    },
    "06.5": {name.replace(" ", "-").replace("/", ""): source(change) for name, change in BUGS.items()}
    | {
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
        "view-when-splitting: reshape": _changed(
            _FUSED, "unflatten(1, (n_heads, -1)).transpose(0, 1)", "reshape(n_heads, len(x), -1)"
        ),
        "view-when-merging: reshape": _changed(_FUSED, "transpose(0, 1).flatten(1) @", "reshape(len(x), -1) @"),
        "keys-and-values-swapped: einsum": _changed(_EINSUM, '"thd,uhd->htu", q, k)', '"thd,uhd->htu", q, v)').replace(
            "w, v)", "w, k)"
        ),
        "mask-multiplied": _changed(_EINSUM, _MASK, "s = s * torch.ones(T, T).tril()"),
        "mask-inverted": _changed(_EINSUM, "triu(1)", "tril(0)"),
        "softmax-over-the-heads": _changed(source(), "softmax(dim=-1)", "softmax(dim=0)"),
        "one-head-only": _changed(_FUSED, "n_heads, -1", "1, -1"),
        "heads-interleaved": _changed(_EINSUM, "W_query.reshape(-1, H, d)", "W_query.reshape(-1, d, H).transpose(1, 2)")
        .replace("W_key.reshape(-1, H, d)", "W_key.reshape(-1, d, H).transpose(1, 2)")
        .replace("W_value.reshape(-1, H, d)", "W_value.reshape(-1, d, H).transpose(1, 2)"),
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
        "scaling-by-another-size: heads": _changed(_EINSUM, "d**-0.5", "H**-0.5"),
        "projection-used-twice": _changed(_EINSUM, "W_key.reshape", "W_query.reshape"),
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
    },
    "06.6": {
        "right-mask-accused": "'abc'",
        "renormalised-is-fine": "'bcd'",
        "blind-is-no-leak": "'bcf'",
        "late-mask-overlooked": "'ce'",
        "columns-overlooked": "'be'",
        "added-mask-overlooked": "['b', 'c']",
        "not-letters": "3",
        "not-letters: others": "'xyz'",
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "masking after softmax without renormalising, or adding a 0/1 mask to the scores": [
        ("06.1", "mask-after-the-softmax"),
        ("06.1", "01-mask-added"),
        ("06.5", "mask-after-the-softmax"),
        ("06.5", "01-mask-added"),
        ("06.6", "late-mask-overlooked"),
        ("06.6", "added-mask-overlooked"),
    ],
    "view used where view then transpose is needed: tokens mix between heads": [
        ("06.3", "view-without-transpose"),
        ("06.5", "view-when-splitting"),
        ("06.5", "view-when-merging"),
    ],
    "dropout on attention weights keeps rows summing to one; dropout before softmax": [
        ("06.2", "before-the-softmax"),
        ("06.2", "renormalised"),
    ],
    "the twelve attention bugs": [("06.5", name.replace(" ", "-").replace("/", "")) for name in BUGS],
}

UNUSUAL: dict[str, list[str]] = {
    "06.1": [
        # A late mask that is renormalised is no bug.
        _weights("late = scores.softmax(-1) * causal\n    return late / late.sum(-1, keepdim=True)"),
        _weights("return (scores + torch.full((T, T), -1e9).triu(1)).softmax(-1)"),
        _weights(
            "rows = []\n    for i, row in enumerate(scores.tolist()):\n"
            "        exps = [math.exp(s) for s in row[: i + 1]]\n"
            "        rows.append([e / sum(exps) for e in exps] + [0.0] * (T - i - 1))\n    return rows"
        ),
        _weights("return torch.where(causal.bool(), scores, -math.inf).double().softmax(-1)"),
    ],
    "06.2": [
        _dropout(
            "if not training:\n        return weights\n    return weights * (torch.rand_like(weights) >= p) / (1 - p)"
        ),
        _dropout("layer = torch.nn.Dropout(p)\n    layer.train(training)\n    return layer(weights)"),
        _dropout("return torch.dropout(scores.exp() / scores.exp().sum(-1, keepdim=True), p, training)"),
    ],
    "06.3": [
        _split("return torch.stack(x.split(d_head, dim=-1), dim=1)"),
        _split("return x.unflatten(-1, (H, d_head)).permute(0, 2, 1, 3)"),
        _split(
            "return [[[row[h * d_head : (h + 1) * d_head] for row in text] for h in range(H)] for text in x.tolist()]"
        ),
    ],
    "06.4": ["[4, 7]", "torch.tensor([4, 7])", "(4.0, 7.0)"],
    "06.5": [_EINSUM, _LOOP, _FUSED, source(LATE_MASK)],
    "06.6": ["'B, C and E'", "['e', 'c', 'b']", "('b', 'c', 'e')"],
}
