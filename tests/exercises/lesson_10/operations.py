"""Answers to "The cost of a pass": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _operations(
    linear="L * 2 * B * T * 12 * D**2",
    scores="L * 4 * B * T * T * D",
    head="2 * B * T * D * V",
    result="linear, scores, head",
):
    """An `operations` with one part of it changed."""
    return (
        "def operations(vocab_size, d_model, n_layers, batch_size, length):\n"
        "    V, D, L, B, T = vocab_size, d_model, n_layers, batch_size, length\n"
        f"    linear = {linear}\n    scores = {scores}\n    head = {head}\n    return {result}\n"
    )


WRONG = {
    "multiplications-only": _operations("L * B * T * 12 * D**2", "L * 2 * B * T * T * D", "B * T * D * V"),
    "multiplications-only: the linear layers": _operations("L * B * T * 12 * D**2"),
    "multiplications-only: the head": _operations(head="B * T * D * V"),
    "batch-forgotten": _operations("L * 2 * T * 12 * D**2", "L * 4 * T * T * D", "2 * T * D * V"),
    "batch-forgotten: the linear layers": _operations("L * 2 * T * 12 * D**2"),
    "batch-forgotten: the head": _operations(head="2 * T * D * V"),
    "only-what-the-mask-leaves": _operations(scores="L * 2 * B * T * (T + 1) * D"),
    "only-what-the-mask-leaves: without the diagonal": _operations(scores="L * 2 * B * T * (T - 1) * D"),
    "length-forgotten": _operations("L * 2 * B * 12 * D**2", head="2 * B * D * V"),
    "length-forgotten: everywhere": _operations("L * 2 * B * 12 * D**2", "L * 4 * B * T * D", "2 * B * D * V"),
    "length-forgotten: head of the last position": _operations(head="2 * B * D * V"),
    "length-forgotten: linear layers": _operations("L * 2 * B * 12 * D**2"),
    "one-block-only": _operations("2 * B * T * 12 * D**2", "4 * B * T * T * D"),
    "one-block-only: the linear layers": _operations("2 * B * T * 12 * D**2"),
    "one-block-only: the scores": _operations(scores="4 * B * T * T * D"),
    "head-in-each-block": _operations(head="L * 2 * B * T * D * V"),
    "attention-half": _operations(scores="L * 2 * B * T * T * D"),
    "attention-half: the mask": _operations(scores="L * 4 * B * T * T * D // 2"),
    "scores-not-squared": _operations(scores="L * 4 * B * T * D"),
    "width-left-out-of-scores": _operations(scores="L * 4 * B * T * T"),
    "width-left-out-of-scores: twice as many": _operations(scores="L * 2 * B * T * T"),
    "width-left-out-of-scores: one each": _operations(scores="L * B * T * T"),
    "linear-squared-in-length": _operations("L * 2 * B * T * T * 12 * D**2"),
    "batch-squared": _operations(scores="L * 4 * B * B * T * T * D"),
    "feed-forward-forgotten": _operations("L * 2 * B * T * 4 * D**2"),
    "projections-forgotten": _operations("L * 2 * B * T * 8 * D**2"),
    "output-projection-forgotten": _operations("L * 2 * B * T * 11 * D**2"),
    "one-projection-for-three": _operations("L * 2 * B * T * 10 * D**2"),
    "parameters-not-products": _operations("L * 2 * B * T * (12 * D**2 + 13 * D)"),
    "other-order": _operations(result="linear, head, scores"),
    "other-order: the head first": _operations(result="head, linear, scores"),
    "not-three-numbers": _operations(result="linear + scores + head"),
    "not-three-numbers: a dictionary": _operations(result="dict(linear=linear, scores=scores, head=head)"),
    "not-three-numbers: text": _operations(result="f'{linear:,}', f'{scores:,}', f'{head:,}'"),
    "other-numbers": _operations("L * 2 * B * T * 16 * D**2"),
    "other-numbers: two mistakes": _operations("2 * B * T * 12 * D**2", head="L * 2 * B * T * D * V"),
    "tied-to-the-example": _operations(head="2 * min(B, 4) * T * D * V"),
    "returns-none": _operations(result="None"),
    "wrong-parameters": "def operations(config, B, T):\n    return 1, 2, 3",
}

NEAR_MISSES = {
    "multiplications-only": WRONG["attention-half"],
    "batch-forgotten": _operations("L * 2 * (B - 1) * T * 12 * D**2"),
    "only-what-the-mask-leaves": WRONG["attention-half"],
    "length-forgotten": WRONG["scores-not-squared"],
    "one-block-only": _operations("(L - 1) * 2 * B * T * 12 * D**2"),
    "head-in-each-block": _operations(head="D * 2 * B * T * D * V"),
    "attention-half": WRONG["multiplications-only"],
    "scores-not-squared": _operations(scores="L * 4 * B * (T - 1) * T * D"),
    "width-left-out-of-scores": _operations(scores="L * 8 * B * T * T"),
    "linear-squared-in-length": _operations("L * 2 * B * B * T * 12 * D**2"),
    "batch-squared": WRONG["batch-forgotten"],
    "feed-forward-forgotten": WRONG["projections-forgotten"],
    "projections-forgotten": WRONG["feed-forward-forgotten"],
    "output-projection-forgotten": WRONG["one-projection-for-three"],
    "one-projection-for-three": WRONG["output-projection-forgotten"],
    "parameters-not-products": _operations("L * 2 * B * T * (12 * D**2 + 10 * D)"),
    "other-order": _operations("L * 2 * B * T * D * V", head="2 * B * T * 12 * D**2"),
    "not-three-numbers": _operations("0"),
    "other-numbers": WRONG["parameters-not-products"],
    "tied-to-the-example": WRONG["other-numbers"],
}

CRASHES = {
    "missing-star": _operations("L * 2(B * T) * 12 * D**2"),
    "number-has-no-shape": _operations(head="2 * B * T * D * V.numel()"),
    "one-value-for-many": _operations(scores="sum(4 * B * T * T * D for _ in L)"),
    "one-value-for-many: texts": _operations(head="2 * len(B) * T * D * V"),
    "unknown-name": _operations("L * 2 * B * T * weights"),
}

UNUSUAL = [
    """
def operations(vocab_size, d_model, n_layers, batch_size, length):
    def product(m, k, n):
        return 2 * m * k * n

    rows, linear, scores = batch_size * length, 0, 0
    for _ in range(n_layers):
        for d_in, d_out in ((1, 3), (1, 1), (1, 4), (4, 1)):
            linear += product(rows, d_in * d_model, d_out * d_model)
        for _ in range(batch_size):
            scores += product(length, d_model, length) + product(length, length, d_model)
    return [linear, scores, product(rows, d_model, vocab_size)]
""",
    """
def operations(vocab_size, d_model, n_layers, batch_size, length):
    D, L, B, T = d_model, n_layers, batch_size, length
    per_token = torch.tensor([24 * L * D**2, 4 * L * T * D, 2 * D * vocab_size])
    return B * T * per_token
""",
    _operations(result="float(linear), float(scores), float(head)"),
]
