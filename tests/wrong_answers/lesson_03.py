"""Answers to the exercises of lesson 03 that learners give, wrong ones and unusual right ones.

WRONG: exercise id -> {misconception id: source}. Where one misconception has several faces, the key names the face
after a colon. UNUSUAL: exercise id -> sources that must pass. A source is the student's cell, or for a choice or a
prediction an expression. `tests/test_exercises.py` runs them all and lists the misconceptions that have none.
"""

_WINDOWS = """
def make_windows(token_ids, max_length, stride):
    windows = []
    for start in range({starts}):
        inputs = token_ids[{inputs}]
        targets = {targets}
        windows.append((inputs, targets))
    return windows
"""


def _windows(
    starts: str = "0, len(token_ids) - max_length, stride",
    inputs: str = "start : start + max_length",
    targets: str = "token_ids[start + 1 : start + max_length + 1]",
) -> str:
    return _WINDOWS.format(starts=starts, inputs=inputs, targets=targets)


def _counts(windows: str = "max(0, (n_tokens - max_length - 1) // stride + 1)", batches: str = "") -> str:
    batches = batches or "windows // batch_size if drop_last else -(-windows // batch_size)"
    return f"""
import math

def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    windows = {windows}
    batches = {batches}
    return windows, batches
"""


def _loader(
    options: str = "batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator",
    before: str = "pass",
) -> str:
    return f"""
import random
import torch
from torch.utils.data import DataLoader, RandomSampler

def make_loader(dataset, batch_size, shuffle, drop_last, generator=None):
    {before}
    return DataLoader(dataset, {options})
"""


def _loss(body: str) -> str:
    return f"""
import torch
from torch.nn.functional import cross_entropy, log_softmax, one_hot, softmax

def next_token_loss(logits, targets):
    B, T, V = logits.shape
    {body}
"""


_FLAT = "logits.reshape(-1, V), targets.reshape(-1)"

WRONG: dict[str, dict[str, str]] = {
    "03.1": {
        "one-loss-one-prediction": "'a'",
        "batch-adds-nothing": "'(B)'",
        "only-the-last-position": "'c'",
        "not-an-option": "32",
        "not-an-option: other letter": "'e'",
    },
    "03.2": {
        "target-not-shifted": _windows(targets="token_ids[start : start + max_length]"),
        "target-shifted-twice": _windows(
            starts="0, len(token_ids) - max_length - 1, stride", targets="token_ids[start + 2 : start + max_length + 2]"
        ),
        "target-shifted-back": _windows(
            starts="1, len(token_ids) - max_length, stride", targets="token_ids[start - 1 : start + max_length - 1]"
        ),
        "target-too-short": _windows(starts="0, len(token_ids) - max_length + 1, stride"),
        "target-too-short: every row": _windows(targets="token_ids[start + 1 : start + max_length]"),
        "target-wraps-around": _windows(targets="inputs[1:] + inputs[:1]"),
        "target-too-far": _windows(
            starts="0, len(token_ids) - max_length - stride + 1, stride",
            targets="token_ids[start + stride : start + stride + max_length]",
        ),
        "target-too-far: the stretch after the window": _windows(
            starts="0, len(token_ids) - 2 * max_length + 1, stride",
            targets="token_ids[start + max_length : start + 2 * max_length]",
        ),
        "rows-too-short": _windows(
            starts="0, len(token_ids) - max_length + 1, stride",
            inputs="start : start + max_length - 1",
            targets="token_ids[start + 1 : start + max_length]",
        ),
        "id-plus-one": _windows(targets="[token_id + 1 for token_id in inputs]"),
        "single-next-token": _windows(targets="token_ids[start + max_length]"),
        "single-next-token: in a list": _windows(targets="[token_ids[start + max_length]]"),
        "growing-contexts": """
def make_windows(token_ids, max_length, stride):
    windows = []
    for start in range(0, len(token_ids) - max_length, stride):
        for length in range(1, max_length + 1):
            windows.append((token_ids[start : start + length], token_ids[start + length]))
    return windows
""",
        "stride-ignored": _windows(starts="0, len(token_ids) - max_length"),
        "stride-is-the-length": _windows(starts="0, len(token_ids) - max_length, max_length"),
        "stride-and-length-swapped": _windows(
            "0, len(token_ids) - stride, max_length",
            "start : start + stride",
            "token_ids[start + 1 : start + stride + 1]",
        ),
        "window-past-the-end": _windows(starts="0, len(token_ids), stride"),
        "window-padded": _windows(starts="0, len(token_ids) - 1, stride").replace(
            "windows.append(",
            "inputs = inputs + [0] * (max_length - len(inputs))\n"
            "        targets = targets + [0] * (max_length - len(targets))\n        windows.append(",
        ),
        "length-ignored": _windows().replace("windows = []", "windows, max_length = [], 4"),
        "starts-uneven": _windows(starts="0, len(token_ids) - max_length, 3"),
        "starts-uneven: the last one moved": """
def make_windows(token_ids, max_length, stride):
    last = len(token_ids) - max_length - 1
    starts = [*range(0, last, stride), last] if last >= 0 else []
    return [(token_ids[i : i + max_length], token_ids[i + 1 : i + max_length + 1]) for i in starts]
""",
        "one-pair-only": """
def make_windows(token_ids, max_length, stride):
    for start in range(0, len(token_ids) - max_length, stride):
        return token_ids[start : start + max_length], token_ids[start + 1 : start + max_length + 1]
    return []
""",
        "windows-missing": _windows(starts="0, len(token_ids) - max_length - 1, stride"),
        "windows-missing: a return in the loop": _windows().replace("    return windows", "        return windows"),
        "windows-missing: none at all": "def make_windows(token_ids, max_length, stride):\n    return []",
        "input-too-long": _windows(inputs="start : start + max_length + 1"),
        "no-targets: inputs and targets in one list": _windows().replace(
            "append((inputs, targets))", "extend([inputs, targets])"
        ),
        "no-targets": """
def make_windows(token_ids, max_length, stride):
    return [token_ids[i : i + max_length] for i in range(0, len(token_ids) - max_length, stride)]
""",
        "two-tables": """
def make_windows(token_ids, max_length, stride):
    ids = torch.tensor(token_ids)
    return ids[:-1].unfold(0, max_length, stride), ids[1:].unfold(0, max_length, stride)
""",
        "not-pairs": "def make_windows(token_ids, max_length, stride):\n    return len(token_ids)",
        "not-pairs: dictionaries": """
def make_windows(token_ids, max_length, stride):
    return [{"inputs": token_ids[:max_length], "targets": token_ids[1 : max_length + 1]}]
""",
        "ids-are-floats": _windows(
            inputs="start : start + max_length",
            targets="torch.tensor(token_ids[start + 1 : start + max_length + 1]).float()",
        ),
        "position-by-value": """
def make_windows(token_ids, max_length, stride):
    windows = []
    for token_id in token_ids[::stride]:
        start = token_ids.index(token_id)
        if start + max_length < len(token_ids):
            row = token_ids[start : start + max_length + 1]
            windows.append((row[:-1], row[1:]))
    return windows
""",
        "other-windows": _windows(starts="stride, len(token_ids) - max_length, stride"),
        "tied-to-the-example": _windows(starts="0, min(len(token_ids), 15) - max_length, stride"),
        "returns-none": "def make_windows(token_ids, max_length, stride):\n    windows = [token_ids]",
        "mutates-input": """
def make_windows(token_ids, max_length, stride):
    windows = []
    while len(token_ids) > max_length:
        windows.append((token_ids[:max_length], token_ids[1 : max_length + 1]))
        del token_ids[:stride]
    return windows
""",
        "endless-result": """
def make_windows(token_ids, max_length, stride):
    while True:
        yield token_ids[:max_length], token_ids[1 : max_length + 1]
""",
        "wrong-parameters": "def make_windows(token_ids, max_length):\n    return [token_ids]",
    },
    "03.3": {
        "gap-overlooked": "(996, 996)",
        "gap-overlooked: all": "(999, 999)",
        "gap-overlooked: one more": "(996, 999)",
        "first-token-counted": "(1000, 800)",
        "tail-counted": "(999, 800)",
        "windows-counted": "(249, 200)",
        "windows-counted: without targets": "[250, 200]",
        "strides-swapped": "(800, 996)",
        "first-window-forgotten": "(992, 796)",
        "not-two-counts": "996",
        "not-two-counts: words": "('all', 'most')",
        "count-again": "(996, 500)",
    },
    "03.4": {
        "target-forgotten": _counts("max(0, (n_tokens - max_length) // stride + 1)"),
        "target-forgotten: as a range": _counts("len(range(0, n_tokens - max_length + 1, stride))"),
        "negative-count": _counts("(n_tokens - max_length - 1) // stride + 1"),
        "negative-count: rounded up": _counts("math.ceil((n_tokens - max_length) / stride)"),
        "empty-set-overlooked": _counts("max(1, (n_tokens - max_length - 1) // stride + 1)"),
        "one-window-short": _counts("max(0, (n_tokens - max_length - 1) // stride)"),
        "one-window-short: as a range": _counts("len(range(0, n_tokens - max_length - 1, stride))"),
        "partial-window-counted": _counts("len(range(0, n_tokens, stride))"),
        "length-ignored": _counts("n_tokens // stride"),
        "stride-ignored": _counts("max(0, n_tokens - max_length)"),
        "stride-ignored: length instead": _counts("max(0, n_tokens - 1) // max_length"),
        "dropped-windows-left-out": _counts(
            "max(0, (n_tokens - max_length - 1) // stride + 1)\n"
            "    if drop_last:\n        windows = windows // batch_size * batch_size"
        ),
        "partial-batch-lost": _counts(batches="windows // batch_size"),
        "drop-last-ignored": _counts(batches="-(-windows // batch_size)"),
        "drop-last-inverted": _counts(batches="-(-windows // batch_size) if drop_last else windows // batch_size"),
        "one-batch-too-many": _counts(batches="windows // batch_size + (not drop_last)"),
        "one-batch-too-many: but none of none": _counts(
            batches="windows // batch_size + bool(windows and not drop_last)"
        ),
        "zero-batches-overlooked": _counts(
            batches="max(1, windows // batch_size if drop_last else -(-windows // batch_size))"
        ),
        "batch-size-ignored": _counts(batches="windows"),
        "counts-swapped": _counts().replace("return windows, batches", "return batches, windows"),
        "counts-are-floats": _counts(batches="windows / batch_size"),
        "not-two-counts": _counts().replace("return windows, batches", "return windows"),
        "other-windows": _counts("n_tokens - stride"),
        "other-batches": _counts(batches="windows + batch_size"),
        "tied-to-the-example": _counts("len(range(0, min(n_tokens, 30) - max_length, stride))"),
    },
    "03.5": {
        "shuffle-always": _loader("batch_size=batch_size, shuffle=bool(1), drop_last=drop_last, generator=generator"),
        "shuffle-never: left out": _loader("batch_size=batch_size, drop_last=drop_last, generator=generator"),
        "shuffle-never": _loader("batch_size=batch_size, shuffle=False, drop_last=drop_last, generator=generator"),
        "shuffle-inverted": _loader(
            "batch_size=batch_size, shuffle=not shuffle, drop_last=drop_last, generator=generator"
        ),
        "shuffled-once": _loader(
            "batch_size=batch_size, drop_last=drop_last",
            "dataset = random.sample(dataset, len(dataset)) if shuffle else dataset",
        ),
        "drop-last-not-passed-on": _loader("batch_size=batch_size, shuffle=shuffle, generator=generator"),
        "drop-last-not-passed-on: always": _loader(
            "batch_size=batch_size, shuffle=shuffle, drop_last=True, generator=generator"
        ),
        "batch-size-lost": _loader("shuffle=shuffle, drop_last=drop_last, generator=generator"),
        "batch-size-lost: a constant": _loader(
            "batch_size=4, shuffle=shuffle, drop_last=drop_last, generator=generator"
        ),
        "generator-dropped": _loader("batch_size=batch_size, shuffle=shuffle, drop_last=drop_last"),
        "generator-replaced": _loader(
            "batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=torch.Generator()"
        ),
        "windows-lost": _loader(
            "batch_size=batch_size, drop_last=drop_last, sampler=sampler",
            "sampler = RandomSampler(dataset, replacement=True, generator=generator) if shuffle else None",
        ),
        "returns-none": _loader().replace("return DataLoader", "DataLoader"),
        "not-a-loader": """
def make_loader(dataset, batch_size, shuffle, drop_last, generator=None):
    return [dataset[i : i + batch_size] for i in range(0, len(dataset), batch_size)]
""",
        "not-batches-of-pairs": _loader(
            "batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator, collate_fn=list"
        ),
        "wrong-parameters": """
def make_loader(dataset, batch_size, drop_last, generator=None):
    return []
""",
    },
    "03.6": {
        "shifted-twice": _loss("return cross_entropy(logits[:, :-1].reshape(-1, V), targets[:, 1:].reshape(-1))"),
        "shifted-back": _loss("return cross_entropy(logits[:, 1:].reshape(-1, V), targets[:, :-1].reshape(-1))"),
        "only-the-last-position": _loss("return cross_entropy(logits[:, -1], targets[:, -1])"),
        "last-position-left-out": _loss(
            "return cross_entropy(logits[:, :-1].reshape(-1, V), targets[:, :-1].reshape(-1))"
        ),
        "first-position-left-out": _loss(
            "return cross_entropy(logits[:, 1:].reshape(-1, V), targets[:, 1:].reshape(-1))"
        ),
        "only-the-first-window": _loss("return cross_entropy(logits[0], targets[0])"),
        "softmax-first": _loss("return cross_entropy(softmax(logits, -1).reshape(-1, V), targets.reshape(-1))"),
        "softmax-first: without a logarithm": _loss(
            "return -softmax(logits, -1).gather(2, targets.unsqueeze(-1)).mean()"
        ),
        "softmax-over-the-wrong-axis": _loss("return -log_softmax(logits, 1).gather(2, targets.unsqueeze(-1)).mean()"),
        "sum-instead-of-mean": _loss(f"return cross_entropy({_FLAT}, reduction='sum')"),
        "sum-instead-of-mean: over positions": _loss(f"return cross_entropy({_FLAT}, reduction='sum') / B"),
        "rows-mixed": _loss("return cross_entropy(logits.view(B, V, T), targets)"),
        "rows-mixed: transposed and flattened": _loss(
            "return cross_entropy(logits.transpose(1, 2).reshape(-1, V), targets.reshape(-1))"
        ),
        "sign-missing": _loss("return log_softmax(logits, -1).gather(2, targets.unsqueeze(-1)).mean()"),
        "mean-over-the-vocabulary": _loss("return -(log_softmax(logits, -1) * one_hot(targets, V)).mean()"),
        "perplexity": _loss(f"return cross_entropy({_FLAT}).exp()"),
        "loss-is-nan": _loss(f"return cross_entropy({_FLAT}) * float('nan')"),
        "not-a-scalar": _loss("return cross_entropy(logits.transpose(1, 2), targets, reduction='none')"),
        "no-gradient": _loss(f"return cross_entropy({_FLAT}).item()"),
        "no-gradient: detached": _loss(f"return cross_entropy({_FLAT}).detach()"),
        "other-loss": _loss("return logits.sum()"),
        "tied-to-the-example": _loss("return cross_entropy(logits.reshape(-1, V)[:6], targets.reshape(-1)[:6])"),
        "mutates-input": _loss(f"logits *= 2\n    return cross_entropy({_FLAT})"),
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "a loader takes shuffle=False and passes shuffle=True on": [("03.5", "shuffle-always")],
    "the last target row is one short": [("03.2", "target-too-short")],
    "targets shifted twice, or not at all": [
        ("03.2", "target-not-shifted"),
        ("03.2", "target-shifted-twice"),
        ("03.6", "shifted-twice"),
        ("03.6", "shifted-back"),
    ],
    "a stride of max_length + 1 skips nothing": [("03.3", "gap-overlooked")],
    "a short text gives an empty data set, drop_last zero batches, without a word": [
        ("03.4", "negative-count"),
        ("03.4", "empty-set-overlooked"),
        ("03.4", "zero-batches-overlooked"),
    ],
    "only the last position of a window is trained": [
        ("03.1", "only-the-last-position"),
        ("03.2", "single-next-token"),
        ("03.6", "only-the-last-position"),
    ],
}

UNUSUAL: dict[str, list[str]] = {
    "03.1": ["'D'", "'(d)'"],
    "03.2": [
        """
def make_windows(token_ids, max_length, stride):
    if len(token_ids) <= max_length:
        return []
    ids = torch.tensor(token_ids)
    return zip(ids[:-1].unfold(0, max_length, stride), ids[1:].unfold(0, max_length, stride))
""",
        """
def make_windows(token_ids, max_length, stride):
    print("looking at", len(token_ids), "ids")
    start = 0
    while start + max_length + 1 <= len(token_ids):
        row = tuple(token_ids[start : start + max_length + 1])
        yield [row[:-1], row[1:]]
        start += stride
""",
        """
import numpy as np

def make_windows(token_ids, max_length, stride):
    starts = np.arange(0, max(0, len(token_ids) - max_length), stride)
    rows = np.array(token_ids, dtype=np.int32)[starts[:, None] + np.arange(max_length + 1)] if len(starts) else []
    return [np.stack([row[:-1], row[1:]]) for row in rows]
""",
    ],
    "03.3": ["[996, 800]", "torch.tensor([996, 800])", "(996.0, 800.0)"],
    "03.4": [
        """
def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    windows = 0
    while windows * stride + max_length + 1 <= n_tokens:
        windows += 1
    full, rest = divmod(windows, batch_size)
    return [windows, full if drop_last else full + bool(rest)]
""",
        """
import numpy as np

def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    windows = len(np.arange(0, max(0, n_tokens - max_length), stride))
    return np.array([windows, (np.floor if drop_last else np.ceil)(windows / batch_size)]).astype(int)
""",
        """
from llmlab.windows import SlidingWindowDataset
from torch.utils.data import DataLoader

def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    if n_tokens <= max_length:
        return 0, 0
    windows = SlidingWindowDataset(range(n_tokens), max_length, stride)
    return len(windows), len(DataLoader(windows, batch_size, drop_last=drop_last))
""",
    ],
    "03.5": [
        _loader(
            "batch_size=batch_size, sampler=sampler, drop_last=drop_last",
            "sampler = RandomSampler(dataset, generator=generator) if shuffle else range(len(dataset))",
        ),
        """
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

def make_loader(dataset, batch_size, shuffle, drop_last, generator=None):
    order = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
    return DataLoader(dataset, batch_sampler=BatchSampler(order, batch_size, drop_last))
""",
    ],
    "03.6": [
        _loss("return cross_entropy(logits.transpose(1, 2), targets)"),
        _loss("return -log_softmax(logits, dim=-1).gather(2, targets.unsqueeze(-1)).mean()"),
        _loss(
            "total = 0\n    for b in range(B):\n        for t in range(T):\n"
            "            total = total + logits[b, t].logsumexp(0) - logits[b, t, targets[b, t]]\n"
            "    return total / (B * T)"
        ),
        _loss("return torch.stack([cross_entropy(rows, ids) for rows, ids in zip(logits, targets)]).mean()"),
    ],
}
