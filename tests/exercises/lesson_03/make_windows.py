"""Answers to "Write the windows": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

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


WRONG = {
    "target-not-shifted": _windows(targets="token_ids[start : start + max_length]"),
    "target-shifted-twice": _windows(
        starts="0, len(token_ids) - max_length - 1, stride", targets="token_ids[start + 2 : start + max_length + 2]"
    ),
    "target-shifted-back": _windows(
        starts="1, len(token_ids) - max_length, stride", targets="token_ids[start - 1 : start + max_length - 1]"
    ),
    "last-target-short": _windows(starts="0, len(token_ids) - max_length + 1, stride"),
    "target-starts-with-input": _windows(targets="token_ids[start : start + max_length + 1]"),
    "target-too-long": _windows(
        starts="0, len(token_ids) - max_length - 1, stride", targets="token_ids[start + 1 : start + max_length + 2]"
    ),
    "other-list": "numbers = list(range(10, 21))\n" + _windows().replace("token_ids[", "numbers["),
    "other-list: another text": "numbers = [464, 19132, 1625] * 9\n" + _windows().replace("token_ids[", "numbers["),
    "short-text-refused": _windows().replace(
        "    windows = []", "    if len(token_ids) <= max_length:\n        raise ValueError\n    windows = []"
    ),
    "short-text-refused: an assertion": _windows().replace(
        "    windows = []", "    assert len(token_ids) > max_length, 'too short'\n    windows = []"
    ),
    "short-text-refused: nothing given": _windows().replace(
        "    windows = []", "    if len(token_ids) <= max_length:\n        return\n    windows = []"
    ),
    "target-too-short": _windows(targets="token_ids[start + 1 : start + max_length]"),
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
    "yield-for-return": """
def make_windows(token_ids, max_length, stride):
    for start in range(0, len(token_ids) - max_length, stride):
        yield token_ids[start : start + max_length], token_ids[start + 1 : start + max_length + 1]
""",
    "wrong-parameters": "def make_windows(token_ids, max_length):\n    return [token_ids]",
}

UNUSUAL = [
    """
def make_windows(token_ids, max_length, stride):
    if len(token_ids) <= max_length:
        return []
    ids = torch.tensor(token_ids)
    return list(zip(ids[:-1].unfold(0, max_length, stride), ids[1:].unfold(0, max_length, stride)))
""",
    """
def make_windows(token_ids, max_length, stride):
    print("looking at", len(token_ids), "ids")
    start, windows = 0, ()
    while start + max_length + 1 <= len(token_ids):
        row = tuple(token_ids[start : start + max_length + 1])
        windows += ([row[:-1], row[1:]],)
        start += stride
    return windows
""",
    """
import numpy as np

def make_windows(token_ids, max_length, stride):
    starts = np.arange(0, max(0, len(token_ids) - max_length), stride)
    rows = np.array(token_ids, dtype=np.int32)[starts[:, None] + np.arange(max_length + 1)] if len(starts) else []
    return [np.stack([row[:-1], row[1:]]) for row in rows]
""",
]

NEAR_MISSES = {
    "target-not-shifted": WRONG["target-starts-with-input"],
    "target-starts-with-input": WRONG["target-not-shifted"],
    "target-too-long": WRONG["input-too-long"],
    "target-shifted-twice": WRONG["target-too-far"],
    "target-shifted-back": WRONG["target-not-shifted"],
    "target-too-far": WRONG["target-shifted-twice"],
    "rows-too-short": WRONG["length-ignored"],
    "target-too-short": WRONG["last-target-short"],
    "last-target-short": WRONG["target-too-short"],
    "target-wraps-around": _windows(targets="inputs[1:] + [token_ids[start + max_length]]"),
    "id-plus-one": WRONG["other-list"],
    "other-list": WRONG["window-padded"],
    "single-next-token": WRONG["target-too-short"],
    "growing-contexts": WRONG["single-next-token"],
    "stride-ignored": WRONG["stride-is-the-length"],
    "stride-is-the-length": WRONG["stride-ignored"],
    "stride-and-length-swapped": WRONG["stride-is-the-length"],
    "window-past-the-end": WRONG["last-target-short"],
    "windows-missing": WRONG["one-pair-only"],
    "one-pair-only": WRONG["windows-missing: a return in the loop"],
    "window-padded": WRONG["other-list: another text"],
    "length-ignored": WRONG["rows-too-short"],
    "starts-uneven": WRONG["stride-ignored"],
    "input-too-long": WRONG["target-too-long"],
    "no-targets": WRONG["not-pairs: dictionaries"],
    "two-tables": WRONG["no-targets: inputs and targets in one list"],
    "not-pairs": WRONG["two-tables"],
    "ids-are-floats": WRONG["id-plus-one"],
    "position-by-value": WRONG["other-windows"],
    "short-text-refused": WRONG["windows-missing: none at all"],
    "other-windows": WRONG["starts-uneven: the last one moved"],
    "tied-to-the-example": WRONG["windows-missing"],
}

CRASHES = {
    "past-the-last-token": _windows(
        starts="0, len(token_ids) - max_length + 1, stride",
        targets="[token_ids[i + 1] for i in range(start, start + max_length)]",
    ),
    "list-for-a-count": _windows(starts="0, token_ids, stride"),
    "list-for-a-count: a difference": _windows(starts="0, token_ids - max_length, stride"),
    "append-of-two": _windows().replace("append((inputs, targets))", "append(inputs, targets)"),
    "none-used": _windows().replace("windows.append(", "windows = windows.append("),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "the last target row is one short": ("last-target-short",),
    "targets shifted twice, or not at all": ("target-not-shifted", "target-shifted-twice"),
    "only the last position of a window is trained": ("single-next-token",),
}

# The lesson's cells that drive an explorer with the answer.
# The map hands over positions 0, 1, 2 ..., where a position, its id and the id before it plus one are the same, and
# the lesson's cell asks for windows of length 4 alone.
DRIVEN = {
    "explorer": "WindowMap",
    "parts": ("probe = WindowMap(",),
    "unseen": frozenset(
        {
            "returns-none",
            "mutates-input",
            "position-by-value",
            "id-plus-one",
            "length-ignored",
            "short-text-refused",
            "yield-for-return",
        }
    ),
    "raises": (ValueError, TypeError, IndexError),
}
