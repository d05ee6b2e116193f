"""Named wrong answers and unusual right ones for lesson 07, as a learner would type them.

Keys are misconception ids, with words after a colon where several answers share one. For 07.1, 07.3 and 07.5 an answer
is a cell that defines a function; for 07.2, 07.4 and 07.6 it is an expression.
"""


def _norm(
    mean="x.mean(dim=-1, keepdim=True)",
    variance="((x - mean) ** 2).mean(dim=-1, keepdim=True)",
    result="scale * (x - mean) / (variance + eps).sqrt() + shift",
):
    """A `layer_norm` with one part of it changed."""
    return f"def layer_norm(x, scale, shift, eps):\n    mean = {mean}\n    variance = {variance}\n    return {result}\n"


def _block(first="x = x + attention(norm_1(x))", second="return x + feed_forward(norm_2(x))"):
    """A `block` with one half of it changed."""
    return f"def block(x, norm_1, attention, norm_2, feed_forward):\n    {first}\n    {second}\n"


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


WRONG: dict[str, dict[str, str]] = {
    "07.1": {
        "divided-by-n-minus-1": _norm(variance="x.var(dim=-1, keepdim=True)"),
        "divided-by-n-minus-1: by hand": _norm(
            variance="((x - mean) ** 2).sum(dim=-1, keepdim=True) / (x.shape[-1] - 1)"
        ),
        "over-the-tokens": _norm("x.mean(dim=0, keepdim=True)", "((x - mean) ** 2).mean(dim=0, keepdim=True)"),
        "over-the-tokens: second axis from the end": _norm(
            "x.mean(dim=-2, keepdim=True)", "((x - mean) ** 2).mean(dim=-2, keepdim=True)"
        ),
        "one-mean-for-all": _norm("x.mean()", "((x - mean) ** 2).mean()"),
        "eps-outside-the-root": _norm(result="scale * (x - mean) / (variance.sqrt() + eps) + shift"),
        "eps-outside-the-root: with std": _norm(result="scale * (x - mean) / (x.std(-1, keepdim=True) + eps) + shift"),
        "eps-outside-the-root: behind the fraction": _norm(
            result="scale * ((x - mean) / variance.sqrt() + eps) + shift"
        ),
        "eps-outside-the-root: behind the scale": _norm(result="scale * (x - mean) / variance.sqrt() + eps + shift"),
        "variance-about-zero": _norm(variance="(x**2).mean(dim=-1, keepdim=True)"),
        "sum-not-mean": _norm(variance="((x - mean) ** 2).sum(dim=-1, keepdim=True)"),
        "eps-not-used": _norm(result="scale * (x - mean) / variance.sqrt() + shift"),
        "eps-not-used: a number": _norm(result="scale * (x - mean) / (variance + 1e-5).sqrt() + shift"),
        "scale-and-shift-missing": _norm(result="(x - mean) / (variance + eps).sqrt()"),
        "scale-missing": _norm(result="(x - mean) / (variance + eps).sqrt() + shift"),
        "shift-missing": _norm(result="scale * (x - mean) / (variance + eps).sqrt()"),
        "shift-before-scale": _norm(result="scale * ((x - mean) / (variance + eps).sqrt() + shift)"),
        "scale-and-shift-swapped": _norm(result="shift * (x - mean) / (variance + eps).sqrt() + scale"),
        "root-missing": _norm(result="scale * (x - mean) / (variance + eps) + shift"),
        "mean-not-subtracted": _norm(result="scale * x / (variance + eps).sqrt() + shift"),
        "mean-not-subtracted: RMSNorm": _norm("0.0"),
        "only-centred": _norm(result="scale * (x - mean) + shift"),
        "not-for-any-shape": """
def layer_norm(x, scale, shift, eps):
    mean = x.mean(dim=min(1, x.dim() - 1), keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=min(1, x.dim() - 1), keepdim=True)
    return scale * (x - mean) / (variance + eps).sqrt() + shift
""",
        "not-the-shape": _norm(result="variance"),
        "not-the-shape: one number": "def layer_norm(x, scale, shift, eps):\n    return x.mean()",
        "other-values": _norm(result="scale * (x - mean) / (variance + eps).sqrt() - shift"),
        "other-values: without eps": """
def layer_norm(x, scale, shift, eps):
    mean = x.mean(dim=-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    normed = (x - mean) / (variance + eps * (variance > 0)).sqrt()
    return scale * normed + shift
""",
        "tied-to-the-example": _norm(
            "x.sum(dim=-1, keepdim=True) / 4", "((x - mean) ** 2).sum(dim=-1, keepdim=True) / 4"
        ),
        "mutates-input": """
def layer_norm(x, scale, shift, eps):
    x -= x.mean(dim=-1, keepdim=True)
    return scale * x / ((x**2).mean(dim=-1, keepdim=True) + eps).sqrt() + shift
""",
        "returns-none": "def layer_norm(x, scale, shift, eps):\n    mean = x.mean(dim=-1, keepdim=True)",
        "wrong-parameters": "def layer_norm(x, eps):\n    return x",
    },
    "07.2": {
        "feed-forward-first": "'geadbfc'",
        "halves-side-by-side": "'dbgfeac'",
        "halves-side-by-side: sums last": "'dbgefac'",
        "feed-forward-first: sums last": "'gedbafc'",
        "one-norm-for-both": "'dgbfeac'",
        "one-norm-for-both: norms last": "'gdbfeac'",
        "norms-swapped": "'gbfdeac'",
        "used-before-made": "'bdfgeac'",
        "used-before-made: post-norm": "'bfdeagc'",
        "used-before-made: sums first": "'fdbagec'",
        "returns-too-early": "'dbfcgea'",
        "not-all-lines": "'dbfgea'",
        "not-all-lines: one twice": "'dbfgeaac'",
        "not-all-lines: a number": "7",
    },
    "07.3": {
        "stream-normed": _block("x = norm_1(x) + attention(norm_1(x))", "return norm_2(x) + feed_forward(norm_2(x))"),
        "first-half-norms-the-stream": _block("x = norm_1(x); x = x + attention(x)"),
        "second-half-norms-the-stream": _block(second="x = norm_2(x); return x + feed_forward(x)"),
        "no-residuals": _block("x = attention(norm_1(x))", "return feed_forward(norm_2(x))"),
        "first-residual-missing": _block("x = attention(norm_1(x))"),
        "second-residual-missing": _block(second="return feed_forward(norm_2(x))"),
        "post-norm": _block("x = norm_1(x + attention(x))", "return norm_2(x + feed_forward(x))"),
        "no-norms": _block("x = x + attention(x)", "return x + feed_forward(x)"),
        "first-norm-missing": _block("x = x + attention(x)"),
        "second-norm-missing": _block(second="return x + feed_forward(x)"),
        "norms-behind-the-halves": _block("x = x + norm_1(attention(x))", "return x + norm_2(feed_forward(x))"),
        "norms-swapped": _block("x = x + attention(norm_2(x))", "return x + feed_forward(norm_1(x))"),
        "one-norm-for-both": _block(second="return x + feed_forward(norm_1(x))"),
        "halves-side-by-side": _block("return x + attention(norm_1(x)) + feed_forward(norm_2(x))", ""),
        "feed-forward-first": _block("x = x + feed_forward(norm_2(x))", "return x + attention(norm_1(x))"),
        "input-added-twice": _block("y = x + attention(norm_1(x))", "return x + feed_forward(norm_2(y))"),
        "not-the-shape": _block(second="return x.mean(dim=0)"),
        "other-block": _block(second="return x - feed_forward(norm_2(x))"),
        "other-block: norm of the sum": _block(second="return norm_2(x + feed_forward(norm_2(x)))"),
        "tied-to-the-example": _block(second="return x + feed_forward(norm_2(x)) if x.dim() == 2 else x"),
        "mutates-input": _block("x += attention(norm_1(x))"),
        "returns-none": _block(second="x = x + feed_forward(norm_2(x))"),
        "wrong-parameters": "def block(x, attention, feed_forward):\n    return x",
    },
    "07.4": {
        "sevens-are-not-probabilities": "(6.9, 13.9)",
        "sevens-are-not-probabilities: none": "(6.91, 0.0)",
        "sevens-are-not-probabilities: minus": "(6.9078, -0.0922)",
        "logarithm-to-another-base": "(9.97, 9.97)",
        "logarithm-to-another-base: ten": "(3, 3)",
        "another-vocabulary": "(10.8, 10.8)",
        "a-probability": "(0.001, 0.001)",
        "a-probability: in percent": "(0.1, 0.1)",
        "no-loss-at-all": "(0, 7)",
        "one-in-the-vocabulary": "(1000, 1000)",
        "sign": "(-6.9, -6.9)",
        "rounded-too-far": "(7, 7)",
        "not-two-numbers": "6.9",
        "not-two-numbers: words": "('ln V', 'ln V')",
        "work-it-out": "(5.5, 5.5)",
    },
    "07.5": {
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
    },
    "07.6": {
        "length-is-free": "(1, 1, 1)",
        "length-is-free: with parameters": "(2, 1, 1)",
        "parameters-grow": "(2, 2, 4)",
        "parameters-grow: all": "(2, 2, 2)",
        "scores-only-double": "(1, 2, 2)",
        "all-grow-with-the-square": "(1, 4, 4)",
        "the-two-swapped": "(1, 4, 2)",
        "linear-layers-free": "(1, 1, 4)",
        "linear-layers-free: twice": "[1, 1, 2]",
        "factors-not-increases": "(0, 1, 3)",
        "factors-not-increases: or so": "(0, 2, 4)",
        "count-the-products": "(1, 2, 8)",
        "not-three-numbers": "(1, 2)",
        "not-three-numbers: words": "('same', 'double', 'four times')",
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "a forward pass costs the same for one token as for a full context": [
        ("07.6", "length-is-free"),
        ("07.6", "linear-layers-free"),
        ("07.6", "scores-only-double"),
    ],
}

UNUSUAL: dict[str, list[str]] = {
    "07.1": [
        _norm(variance="x.var(dim=-1, correction=0, keepdim=True)"),
        """
def layer_norm(x, scale, shift, eps):
    rows = []
    for vector in x.reshape(-1, x.shape[-1]).tolist():
        mean = sum(vector) / len(vector)
        variance = sum((number - mean) ** 2 for number in vector) / len(vector)
        rows.append([(number - mean) / (variance + eps) ** 0.5 for number in vector])
    return torch.tensor(rows).reshape(x.shape) * scale + shift
""",
        """
def layer_norm(x, scale, shift, eps):
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return torch.addcmul(shift, (x - mean) * torch.rsqrt(variance + eps), scale)
""",
        _norm(variance="(x**2).mean(dim=-1, keepdim=True) - mean**2"),
        """
import numpy as np

def layer_norm(x, scale, shift, eps):
    x, scale, shift = x.numpy().astype(np.float64), scale.numpy(), shift.numpy()
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * scale + shift
""",
    ],
    "07.2": ["'D B F G E A C'", "list('dbfgeac')", "('d', 'b', 'f', 'g', 'e', 'a', 'c')", "'d, b, f, g, e, a, c'"],
    "07.3": [
        """
def block(x, norm_1, attention, norm_2, feed_forward):
    for norm, half in ((norm_1, attention), (norm_2, feed_forward)):
        x = half(norm(x)) + x
    return x
""",
        """
def block(x, norm_1, attention, norm_2, feed_forward):
    heard = attention(norm_1(x))
    thought = feed_forward(norm_2(x + heard))
    return torch.stack([x, heard, thought]).sum(dim=0)
""",
        """
def block(x, norm_1, attention, norm_2, feed_forward):
    x = x.clone()
    x += attention(norm_1(x))
    x += feed_forward(norm_2(x))
    return x
""",
    ],
    "07.4": ["[6.91, 6.91]", "torch.tensor([6.9078, 6.9078])", "(torch.tensor(1000.0).log(), 6.908)"],
    "07.5": [
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
    ],
    "07.6": ["[1, 2, 4]", "torch.tensor([1, 2, 4])", "(1.0, 2.0, 4.0)"],
}
