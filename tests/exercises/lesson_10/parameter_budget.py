"""Answers to "A parameter budget": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _budget(
    tables="(vocab_size + context_length) * D",
    norms="4 * D",
    qkv="3 * D * D + 3 * D * qkv_bias",
    out="D * D + D",
    expand="4 * D * D + 4 * D",
    contract="4 * D * D + D",
    head="0 if tie_weights else vocab_size * D",
    total="tables + n_layers * block + 2 * D + head",
):
    """A `parameter_budget` with one part of it changed."""
    return (
        "def parameter_budget(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights):\n"
        "    D = d_model\n"
        f"    tables = {tables}\n"
        f"    block = {norms} + ({qkv}) + ({out}) + ({expand}) + ({contract})\n"
        f"    head = {head}\n"
        f"    return {total}\n"
    )


WRONG = {
    "squares-and-tables": _budget(total="tables + 12 * n_layers * D**2"),
    "squares-and-tables: with the final norm": _budget(total="tables + 12 * n_layers * D**2 + 2 * D"),
    "only-the-squares": _budget(norms="0", qkv="3 * D * D", out="D * D", expand="4 * D * D", contract="4 * D * D"),
    "only-the-squares: 12 n D² and tables": _budget(total="tables + 12 * n_layers * D**2 + head"),
    "biases-forgotten": _budget(qkv="3 * D * D", out="D * D", expand="4 * D * D", contract="4 * D * D"),
    "biases-forgotten: but for q, k, v": _budget(out="D * D", expand="4 * D * D", contract="4 * D * D"),
    "output-bias-forgotten": _budget(out="D * D"),
    "feed-forward-biases-forgotten": _budget(expand="4 * D * D", contract="4 * D * D"),
    "feed-forward-biases-alike": _budget(expand="4 * D * D + D"),
    "feed-forward-biases-alike: both long": _budget(contract="4 * D * D + 4 * D"),
    "positions-forgotten": _budget("vocab_size * D"),
    "tables-forgotten": _budget("0"),
    "tables-swapped": _budget("vocab_size * D + context_length * vocab_size"),
    "tied-head-counted": _budget(head="vocab_size * D"),
    "head-forgotten": _budget(head="0"),
    "tying-turned-round": _budget(head="vocab_size * D if tie_weights else 0"),
    "head-bias-counted": _budget(head="0 if tie_weights else vocab_size * D + vocab_size"),
    "head-bias-counted: also when tied": _budget(head="vocab_size + (0 if tie_weights else vocab_size * D)"),
    "final-norm-forgotten": _budget(total="tables + n_layers * block + head"),
    "norms-forgotten": _budget(norms="0"),
    "norms-forgotten: all": _budget(norms="0", total="tables + n_layers * block + head"),
    "one-norm-a-block": _budget(norms="2 * D"),
    "norms-without-shift": _budget(norms="2 * D", total="tables + n_layers * block + D + head"),
    "qkv-bias-always": _budget(qkv="3 * D * D + 3 * D"),
    "qkv-bias-never": _budget(qkv="3 * D * D"),
    "qkv-bias-too-short": _budget(qkv="3 * D * D + D * qkv_bias"),
    "qkv-bias-for-all": _budget(
        out="D * D + D * qkv_bias", expand="4 * D * (D + qkv_bias)", contract="4 * D * D + D * qkv_bias"
    ),
    "qkv-bias-for-all: the output": _budget(out="D * (D + qkv_bias)"),
    "output-projection-forgotten": _budget(out="0"),
    "output-projection-forgotten: but for its bias": _budget(out="D"),
    "one-projection-for-three": _budget(qkv="D * D + D * qkv_bias"),
    "one-projection-for-three: with the whole bias": _budget(qkv="D * D + 3 * D * qkv_bias"),
    "feed-forward-too-small": _budget(expand="D * D + D", contract="D * D + D"),
    "feed-forward-too-small: only out": _budget(contract="0"),
    "feed-forward-too-small: only back": _budget(expand="0"),
    "feed-forward-forgotten": _budget(expand="0", contract="0"),
    "one-block-only": _budget(total="tables + block + 2 * D + head"),
    "everything-in-each-block": _budget(total="n_layers * (tables + block + 2 * D + head)"),
    "everything-in-each-block: only the norm": _budget(total="tables + n_layers * (block + 2 * D) + head"),
    "attention-weights-counted": _budget(out="D * D + D + context_length**2"),
    "not-a-whole-number": _budget(total="0.5 + tables + n_layers * block + 2 * D + head"),
    "not-a-whole-number: divided": _budget(total="(tables + n_layers * block + 2 * D + head) / 1"),
    "not-a-number": _budget(total="tables, n_layers * block, head"),
    "other-count: two mistakes": _budget("vocab_size * D", total="tables + n_layers * block + head"),
    "other-count": _budget(total="tables * n_layers + block"),
    "tied-to-the-example": _budget("(vocab_size + min(context_length, 41)) * D"),
    "returns-none": _budget(total="None"),
    "wrong-parameters": "def parameter_budget(vocab_size, d_model):\n    return 0",
}

# What looks like a mistake and is another one; where it is one of the wrong answers above, it stands for both.
NEAR_MISSES = {
    "squares-and-tables": WRONG["only-the-squares"],
    "only-the-squares": WRONG["biases-forgotten"],
    "biases-forgotten": WRONG["only-the-squares"],
    "output-bias-forgotten": WRONG["output-projection-forgotten"],
    "feed-forward-biases-forgotten": WRONG["feed-forward-biases-alike"],
    "feed-forward-biases-alike": WRONG["feed-forward-biases-forgotten"],
    "positions-forgotten": WRONG["tables-forgotten"],
    "tables-forgotten": WRONG["positions-forgotten"],
    "tables-swapped": _budget("vocab_size * D + context_length"),
    "tied-head-counted": WRONG["tying-turned-round"],
    "head-forgotten": WRONG["tying-turned-round"],
    "tying-turned-round": WRONG["head-forgotten"],
    "head-bias-counted": _budget(head="0 if tie_weights else vocab_size * D + D"),
    "final-norm-forgotten": WRONG["norms-forgotten: all"],
    "norms-forgotten": WRONG["one-norm-a-block"],
    "one-norm-a-block": WRONG["norms-without-shift"],
    "norms-without-shift": WRONG["one-norm-a-block"],
    "qkv-bias-always": WRONG["qkv-bias-never"],
    "qkv-bias-never": WRONG["qkv-bias-too-short"],
    "qkv-bias-too-short": WRONG["one-projection-for-three"],
    "qkv-bias-for-all": WRONG["output-bias-forgotten"],
    "output-projection-forgotten": WRONG["output-bias-forgotten"],
    "one-projection-for-three": WRONG["qkv-bias-too-short"],
    "feed-forward-too-small": WRONG["feed-forward-forgotten"],
    "feed-forward-forgotten": WRONG["feed-forward-too-small"],
    "one-block-only": _budget(total="tables + (n_layers - 1) * block + 2 * D + head"),
    "everything-in-each-block": _budget(total="n_layers * (tables + block) + 2 * D + head"),
    "attention-weights-counted": _budget(out="D * D + D + context_length"),
    "not-a-whole-number": _budget(total="str(tables + n_layers * block + 2 * D + head)"),
    "not-a-number": WRONG["not-a-whole-number"],
    "other-count": WRONG["final-norm-forgotten"],
    "tied-to-the-example": WRONG["other-count"],
}

CRASHES = {
    "missing-star": _budget(norms="4(D)"),
    "number-has-no-shape": _budget("vocab_size.numel() * D"),
    "number-has-no-shape: of the blocks": _budget(total="tables + n_layers.shape[0] * block"),
    "one-value-for-many": _budget("len(vocab_size) * D"),
    "one-value-for-many: a loop": _budget(total="tables + sum(block for _ in n_layers) + 2 * D + head"),
    "unknown-name": _budget(total="tables + n_layers * block + final_norm + head"),
}

UNUSUAL = [
    """
def parameter_budget(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights):
    block = 12 * d_model**2 + (13 if qkv_bias else 10) * d_model
    rows = vocab_size * (2 - tie_weights) + context_length + 2
    return n_layers * block + rows * d_model
""",
    """
import math

def parameter_budget(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights):
    shapes = [(vocab_size, d_model), (context_length, d_model), (d_model,), (d_model,)]
    if not tie_weights:
        shapes.append((vocab_size, d_model))
    for _ in range(n_layers):
        shapes += 4 * [(d_model,)]
        for d_in, d_out, bias in ((1, 3, qkv_bias), (1, 1, True), (1, 4, True), (4, 1, True)):
            shapes.append((d_in * d_model, d_out * d_model))
            if bias:
                shapes.append((d_out * d_model,))
    return sum(math.prod(shape) for shape in shapes)
""",
    """
from llmlab.gpt import GPTConfig, count_parameters

def parameter_budget(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights):
    config = GPTConfig(
        vocab_size, context_length, d_model, 1, n_layers, qkv_bias=qkv_bias, tie_weights=tie_weights
    )
    return torch.tensor(count_parameters(config).total)
""",
]

# The lesson's cells that drive an explorer with the answer.
DRIVEN = {
    "explorer": "ShapeTracer",
    "parts": ("probe = ShapeTracer(",),
    "unseen": frozenset({"returns-none"}),
    "raises": (TypeError,),
}
