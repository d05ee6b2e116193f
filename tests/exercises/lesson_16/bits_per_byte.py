"""Answers to "Bits per byte": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _bits(result, imports="import math\n"):
    return f"{imports}\ndef bits_per_byte(loss, n_tokens, n_bytes):\n    return {result}\n"


WRONG = {
    "nats-not-bits": _bits("loss * n_tokens / n_bytes"),
    "times-ln-2": _bits("loss * math.log(2) * n_tokens / n_bytes"),
    "bits-per-token": _bits("loss / math.log(2)"),
    "bytes-over-tokens": _bits("loss / math.log(2) * n_bytes / n_tokens"),
    "bits-of-the-whole-text": _bits("loss * n_tokens / math.log(2)"),
    "tokens-forgotten": _bits("loss / math.log(2) / n_bytes"),
    "logarithm-of-the-loss": _bits("math.log2(loss) * n_tokens / n_bytes"),
    "perplexity-not-loss": _bits("math.exp(loss) * n_tokens / n_bytes"),
    "eight-times": _bits("8 * loss * n_tokens / math.log(2) / n_bytes"),
    "an-eighth": _bits("loss * n_tokens / math.log(2) / n_bytes / 8"),
    "not-a-number": _bits("(loss / math.log(2), n_tokens / n_bytes)"),
    "other-measure": _bits("math.exp(loss)"),
    "other-measure: the other logarithm": _bits("loss * n_tokens / n_bytes / math.log10(2)"),
    "tied-to-the-example": _bits("loss / math.log(2) * {300: 3 / 7, 1000: 10 / 17, 64: 1}.get(n_tokens, 0.5)"),
    "returns-none": _bits("print(end='')"),
    "wrong-parameters": "def bits_per_byte(loss):\n    return loss\n",
}

NEAR_MISSES = {
    "nats-not-bits": _bits("loss / n_bytes"),
    "times-ln-2": WRONG["nats-not-bits"],
    "bits-per-token": WRONG["other-measure"],
    "bytes-over-tokens": _bits("loss * n_bytes / n_tokens"),
    "bits-of-the-whole-text": _bits("loss * n_tokens"),
    "tokens-forgotten": _bits("loss / n_bytes"),
    "logarithm-of-the-loss": _bits("math.log2(loss)"),
    "perplexity-not-loss": WRONG["other-measure"],
    "eight-times": _bits("8 * loss * n_tokens / n_bytes"),
    "an-eighth": _bits("loss * n_tokens / n_bytes / 8"),
    "not-a-number": _bits("[loss * n_tokens / math.log(2) / n_bytes][0]"),
    "other-measure": WRONG["nats-not-bits"],
    "tied-to-the-example": WRONG["bits-per-token"],
}

CRASHES = {
    "log-of-a-tensor": _bits("loss * n_tokens / torch.log(2) / n_bytes"),
    "called-not-multiplied": _bits("loss(n_tokens) / math.log(2) / n_bytes"),
    "unknown-name": _bits("loss * n_tokens / log(2) / n_bytes"),
    "unknown-name: another name": _bits("loss * tokens / math.log(2) / n_bytes"),
}

UNUSUAL = [
    _bits("(loss / math.log(2)) / (n_bytes / n_tokens)"),
    _bits("torch.tensor(loss * n_tokens).div(n_bytes) / torch.log(torch.tensor(2.0))", imports=""),
    _bits("math.log2(math.exp(loss)) * n_tokens / n_bytes"),
]
