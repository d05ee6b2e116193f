"""Answers to the exercises of lesson 04 that learners give, wrong ones and unusual right ones.

WRONG: exercise id -> {misconception id: source}. Where one misconception has several faces, the key names the face
after a colon. UNUSUAL: exercise id -> sources that must pass. A source is the student's cell, or for a choice or a
prediction an expression. `tests/test_exercises.py` runs them all and lists the misconceptions that have none.
"""


def _one_hot(fill: str, result: str = "one_hot, one_hot @ weight", start: str = "len(ids), len(weight)") -> str:
    return f"""
import torch

def one_hot_and_rows(ids, weight):
    one_hot = torch.zeros({start})
    places = torch.arange(len(ids))
    {fill}
    return {result}
"""


_RIGHT_ONES = "one_hot[places, ids] = 1.0"


def _loss(body: str) -> str:
    return f"""
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

def skip_gram_loss(word, context, noise):
    near, far = word @ context, noise @ word
    {body}
"""


def _test(body: str) -> str:
    return f"""
import torch

def permutation_test(f, x, order):
    before, after = f(x), f(x[order])
    same = lambda a, b: a.shape == b.shape and torch.allclose(a, b, atol=1e-5)
    {body}
"""


def _embed(
    result: str = "token_table[ids] + position_table[:T]",
    refusal: str = "if T > len(position_table): raise ValueError(f'{T} tokens, {len(position_table)} places')",
) -> str:
    return f"""
import torch

def embed_input(ids, token_table, position_table):
    B, T = ids.shape
    {refusal}
    return {result}
"""


WRONG: dict[str, dict[str, str]] = {
    "04.1": {
        "not-a-pair": _one_hot(_RIGHT_ONES, "one_hot @ weight"),
        "pair-turned-round": _one_hot(_RIGHT_ONES, "one_hot @ weight, one_hot"),
        "axes-swapped": _one_hot("one_hot[ids, places] = 1.0", "one_hot, one_hot.T @ weight", "len(weight), len(ids)"),
        "one-vector-for-all": _one_hot("one_hot[ids] = 1.0", start="len(weight)"),
        "ids-as-numbers": _one_hot("one_hot[places, ids] = ids.float()"),
        "place-for-id": _one_hot("one_hot[places, places % len(weight)] = 1.0"),
        "ids-from-one": _one_hot("one_hot[places, ids - 1] = 1.0"),
        "several-ones": _one_hot("one_hot[:, ids] = 1.0"),
        "several-ones: everywhere": _one_hot("one_hot += 1.0"),
        "not-one-hot": _one_hot("pass"),
        "rows-are-no-product": _one_hot(_RIGHT_ONES, "one_hot, weight[: len(ids)]"),
        "rows-are-no-product: all summed": _one_hot(_RIGHT_ONES, "one_hot, (one_hot @ weight).sum(0)"),
        "tied-to-the-example": _one_hot(_RIGHT_ONES, "one_hot, (one_hot @ weight)[:3]"),
        "mutates-input": _one_hot(f"{_RIGHT_ONES}; weight *= 2", "one_hot, one_hot @ weight / 2"),
        "returns-none": _one_hot(_RIGHT_ONES, "None"),
    },
    "04.2": {
        "every-row": "list(range(7))",
        "every-row: counted from one": "list(range(1, 8))",
        "untouched-rows": "[1, 3, 4, 6]",
        "places-for-ids": "[0, 1]",
        "places-for-ids: flat": "[0, 1, 2, 3]",
        "only-once": "[0, 2]",
        "only-twice": "[5]",
        "counted-from-one": "[1, 3, 6]",
        "not-rows": "'two and five'",
        "not-rows: a mask": "[True, False, True, False, False, True, False]",
        "count-again": "[0, 2, 5, 6]",
        "count-again: the first window": "[2, 5]",
    },
    "04.3": {
        "neighbours-pushed-apart": _loss("return -logsigmoid(-near) - logsigmoid(far).sum()"),
        "neighbours-pushed-apart: noise too": _loss("return -logsigmoid(-near) - logsigmoid(-far).sum()"),
        "noise-pulled-in": _loss("return -logsigmoid(near) - logsigmoid(far).sum()"),
        "minus-outside": _loss("return -logsigmoid(near) + logsigmoid(far).sum()"),
        "minus-outside: one minus": _loss("return -logsigmoid(near) - (1 - logsigmoid(far)).sum()"),
        "minus-missing": _loss("return logsigmoid(near) + logsigmoid(-far).sum()"),
        "minus-missing: one of two": _loss("return -logsigmoid(near) + logsigmoid(-far).sum()"),
        "mean-over-noise": _loss("return -logsigmoid(near) - logsigmoid(-far).mean()"),
        "noise-left-out": _loss("return -logsigmoid(near)"),
        "noise-left-out: all but one": _loss("return -logsigmoid(near) - logsigmoid(-far[0])"),
        "neighbour-left-out": _loss("return -logsigmoid(-far).sum()"),
        "sum-inside-the-sigmoid": _loss("return -logsigmoid(near) - logsigmoid(-far.sum())"),
        "logarithm-missing": _loss("return -torch.sigmoid(near) - torch.sigmoid(-far).sum()"),
        "sigmoid-missing": _loss("return far.sum() - near"),
        "noise-meets-context": _loss("return -logsigmoid(near) - logsigmoid(-(noise @ context)).sum()"),
        "not-a-number": _loss("return -logsigmoid(near) - logsigmoid(-far)"),
        "not-a-number: products": _loss("return -logsigmoid(word * context) - logsigmoid(-far).sum()"),
        "no-gradient": _loss("return (-logsigmoid(near) - logsigmoid(-far).sum()).item()"),
        "no-gradient: for one of them": _loss("return -logsigmoid(near) - logsigmoid(-(noise.detach() @ word)).sum()"),
        "other-loss": _loss("return (near - 1) ** 2 + (far**2).sum()"),
        "tied-to-the-example": _loss("return -logsigmoid(near) - logsigmoid(-far)[:3].sum()"),
        "mutates-input": _loss("word *= 2\n    return -logsigmoid(near) - logsigmoid(-far).sum()"),
    },
    "04.4": {
        "beside-is-alike": "'barks', 1, 'queen'",
        "opposite-meaning-opposite-vector": "'cat', -1, 'queen'",
        "antonyms-unrelated": "'cat', 0, 'queen'",
        "start-word": "'cat', 1, 'king'",
        "other-word": "'cat', 1, 'princess'",
        "not-three-answers": "'cat'",
        "not-three-answers: other words": "'moos', 1, 'queen'",
        "not-three-answers: other number": "'cat', 0.5, 'queen'",
    },
    "04.5": {
        "names-swapped": _test(
            "if same(after, before): return 'equivariant'\n"
            "    return 'invariant' if same(after, before[order]) else 'neither'"
        ),
        "attention-called-invariant": _test(
            "if same(after, before) or same(after, before[order]): return 'invariant'\n    return 'neither'"
        ),
        "mean-not-recognised": _test(
            "if torch.allclose(after, before[order], atol=1e-5): return 'equivariant'\n"
            "    return 'invariant' if torch.allclose(after, before, atol=1e-5) else 'neither'"
        ),
        "order-not-applied": _test("return 'invariant' if same(after, before) else 'neither'"),
        "order-not-applied: the inverse": _test(
            "if same(after, before): return 'invariant'\n"
            "    return 'equivariant' if same(after[order], before) else 'neither'"
        ),
        "compares-too-little": _test(
            "if same(after, before): return 'invariant'\n"
            "    return 'equivariant' if after.shape == before.shape else 'neither'"
        ),
        "compares-too-little: sums": _test(
            "if same(after, before): return 'invariant'\n"
            "    return 'equivariant' if abs(after.sum() - before.sum()) < 1e-3 else 'neither'"
        ),
        "always-the-same": _test("return 'equivariant'"),
        "other-verdict": _test(
            "return 'equivariant' if len(before) == len(x) and same(after, before[order]) else 'neither'"
        ),
        "not-a-word": _test("return same(after, before)"),
        "not-a-word: another": _test("return 'same' if same(after, before) else 'other'"),
        "tied-to-the-example": _test(
            "order = torch.tensor([2, 0, 1, 4, 5, 3, 6])\n    after = f(x[order]) if len(x) == 7 and x.shape[1] == 3 "
            "else before\n"
            "    if same(after, before): return 'invariant'\n"
            "    return 'equivariant' if same(after, before[order]) else 'neither'"
        ),
        "mutates-input": _test("x.zero_()\n    return 'neither'"),
    },
    "04.6": {
        "tables-swapped": _embed("position_table[ids] + token_table[:T]"),
        "positions-missing": _embed("token_table[ids]"),
        "tokens-missing": _embed("position_table[:T].expand(B, T, -1)"),
        "place-by-id": _embed("token_table[ids] + position_table[ids]"),
        "place-by-window": _embed("token_table[ids] + position_table[:B, None]"),
        "places-from-one": _embed("token_table[ids] + position_table[1 : T + 1]"),
        "same-place-for-all": _embed("token_table[ids] + position_table[0]"),
        "places-backwards": _embed("token_table[ids] + position_table[:T].flip(0)"),
        "last-places": _embed("token_table[ids] + position_table[-T:]"),
        "product-for-sum": _embed("token_table[ids] * position_table[:T]"),
        "joined-for-added": _embed("torch.cat([token_table[ids], position_table[:T].expand(B, T, -1)], dim=-1)"),
        "one-window-for-all": _embed("token_table[ids[0]] + position_table[:T]"),
        "other-sum": _embed("token_table[ids] - position_table[:T]"),
        "too-long-answered": _embed("token_table[ids] + position_table[torch.arange(T) % len(position_table)]", "pass"),
        "too-long-answered: the last row again": _embed(
            "token_table[ids] + position_table[torch.arange(T).clamp(max=len(position_table) - 1)]", "pass"
        ),
        "too-long-answered: with a sentence": _embed(refusal="if T > len(position_table): return 'too long'"),
        "too-long-answered: with nothing": _embed(refusal="if T > len(position_table): return None"),
        "cut-silently": _embed(
            "token_table[ids] + position_table[:T]", "ids = ids[:, : len(position_table)]; T = ids.shape[1]"
        ),
        "other-error": _embed(refusal="pass"),
        "other-error: index": _embed("token_table[ids] + position_table[torch.arange(T)]", "pass"),
        "error-says-nothing": _embed(refusal="if T > len(position_table): raise ValueError"),
        "error-returned": _embed(refusal="if T > len(position_table): return ValueError('too long')"),
        "fitting-text-refused": _embed(refusal="if T >= len(position_table): raise ValueError('too long')"),
        "fitting-text-refused: vocabulary": _embed(refusal="if T > len(token_table): raise ValueError('too long')"),
        "fitting-text-refused: width": _embed(refusal="if T > position_table.shape[1]: raise ValueError('too long')"),
        "fitting-text-refused: windows": _embed(refusal="if len(ids) > len(position_table): raise ValueError('no')"),
        "fitting-text-refused: all ids": _embed(
            refusal="if ids.numel() > len(position_table): raise ValueError('too long')"
        ),
        "tied-to-the-example": _embed("(token_table[ids] + position_table[:T])[:2]"),
        "mutates-input": _embed(
            "token_table[ids] + position_table[:T]",
            "if T > len(position_table): raise ValueError('too long')\n    ids.zero_()",
        ),
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "an embedding layer encodes something, and all of its rows are trained": [
        ("04.1", "ids-as-numbers"),
        ("04.2", "every-row"),
    ],
    "word2vec makes the dot product of neighbours small": [
        ("04.3", "neighbours-pushed-apart"),
        ("04.3", "noise-pulled-in"),
    ],
    "vocabulary size and context length swapped in the two tables": [("04.6", "tables-swapped")],
    "attention called permutation invariant": [
        ("04.5", "attention-called-invariant"),
        ("04.5", "names-swapped"),
    ],
}

UNUSUAL: dict[str, list[str]] = {
    "04.1": [
        """
def one_hot_and_rows(ids, weight):
    V = len(weight)
    one_hot = [[1 if v == i else 0 for v in range(V)] for i in ids.tolist()]
    return one_hot, [[sum(h * w for h, w in zip(row, column)) for column in weight.T.tolist()] for row in one_hot]
""",
        """
import torch

def one_hot_and_rows(ids, weight):
    one_hot = (ids[:, None] == torch.arange(len(weight))).double()
    return one_hot, torch.einsum("tv,vd->td", one_hot, weight.double())
""",
        """
import torch

def one_hot_and_rows(ids, weight):
    return torch.eye(len(weight))[ids], weight[ids]
""",
    ],
    "04.2": ["(5, 2, 0)", "torch.tensor([[2, 5], [5, 0]])", "[0.0, 2.0, 5.0]"],
    "04.3": [
        _loss(
            "scores = torch.cat([near.view(1), far])\n    labels = torch.zeros(len(scores))\n    labels[0] = 1\n"
            "    return binary_cross_entropy_with_logits(scores, labels, reduction='sum')"
        ),
        _loss(
            "total = -torch.log(torch.sigmoid((word * context).sum()))\n    for n in noise:\n"
            "        total = total - torch.log(1 - torch.sigmoid((word * n).sum()))\n    return total"
        ),
        _loss("return (torch.log1p(torch.exp(-near)) + torch.log1p(torch.exp(far)).sum()).view(1)"),
    ],
    "04.4": ["['Cat', 1.0, 'Queen']", "('cat', '1', ' queen ')"],
    "04.5": [
        _test(
            "if same(after, before): return 'INVARIANT'\n    inverse = torch.argsort(order)\n"
            "    return 'equivariant' if same(after[inverse], before) else 'neither'"
        ),
        _test(
            "if same(before, after): return 'invariant'\n"
            "    moved = torch.stack([before[i] for i in order.tolist()])\n"
            "    return 'equivariant' if same(after, moved) else 'neither'"
        ),
    ],
    "04.6": [
        """
import torch

def embed_input(ids, token_table, position_table):
    if ids.size(1) > position_table.size(0):
        raise ValueError("the text is longer than the context")
    return torch.stack([torch.stack([token_table[i] + p for i, p in zip(row, position_table)]) for row in ids])
""",
        """
import torch
from torch.nn.functional import embedding

def embed_input(ids, token_table, position_table):
    B, T = ids.shape
    places = torch.arange(T).expand(B, T)
    if T > len(position_table):
        raise ValueError(f"T = {T} is too long")
    return embedding(ids, token_table).add(embedding(places, position_table))
""",
    ],
}
