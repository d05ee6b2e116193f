"""Answers to "Write the test": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _moves(
    step: str = "perturbed[j] += torch.randn(x.shape[1])",
    change: str = "(attention(perturbed) - before).abs().amax(dim=1) > 1e-5",
    place: str = "moved[:, j]",
    loop: str = "perturbed = x.clone()",
    start: str = "",
    result: str = "moved",
) -> str:
    return f"""
import torch

def what_moves(attention, x):
    before = attention(x)
    moved = torch.zeros(len(before), len(x), dtype=torch.bool)
    {start}
    for j in range(len(x)):
        {loop}
        {step}
        {place} = {change}
    return {result}
"""


WRONG = {
    "not-a-table": _moves(result="moved.sum()"),
    "not-a-table: how far": _moves(
        start="moved = moved.float()", change="(attention(perturbed) - before).abs().amax(1)"
    ),
    "not-a-table: components too": _moves(
        start="moved = torch.zeros(len(before), len(x), before.shape[1])",
        place="moved[:, j]",
        change="(attention(perturbed) - before).abs() > 1e-5",
    ),
    "nothing-moves": _moves(change="(attention(x) - before).abs().amax(dim=1) > 1e-5"),
    "nothing-moves: a step too small": _moves(step="perturbed[j] += 1e-7 * torch.randn(x.shape[1])"),
    "transposed": _moves(start="moved = moved.T", place="moved[j]"),
    "inverted": _moves(change="(attention(perturbed) - before).abs().amax(dim=1) <= 1e-5"),
    "steps-pile-up": _moves(start="perturbed = x.clone()", loop="pass"),
    "steps-pile-up: all up to j": _moves(step="perturbed[: j + 1] += torch.randn(j + 1, x.shape[1])"),
    "all-at-once": _moves(step="perturbed += torch.randn(x.shape)"),
    "one-verdict-for-all": _moves(change="bool(((attention(perturbed) - before).abs() > 1e-5).any())"),
    "own-output-only": _moves(change="(perturbed - x).abs().amax(dim=1) > 1e-5"),
    "rounding-counts": _moves(change="(attention(perturbed) != before).any(dim=1)"),
    "rounding-counts: a threshold of 0": _moves(change="(attention(perturbed) - before).abs().amax(dim=1) > 0"),
    "signs-cancel": _moves(change="(attention(perturbed) - before).sum(dim=1).abs() > 1e-5"),
    "signs-cancel: mean": _moves(change="(attention(perturbed).mean(1) - before.mean(1)).abs() > 1e-5"),
    "one-component": _moves(step="perturbed[j, 0] += 1.0"),
    "one-component: the last": _moves(step="perturbed[j, -1] += torch.randn(())"),
    "one-answer": _moves(change="(attention(perturbed) - before).abs()[:, 0] > 1e-5"),
    "constant-step": _moves(step="perturbed[j] += 1.0"),
    "constant-step: one random number": _moves(step="perturbed[j] += torch.randn(1)"),
    "nothing-at-zero": _moves(step="perturbed[j] *= 2"),
    "nothing-at-zero: replaced": _moves(step="perturbed[j] = 0"),
    "too-coarse": _moves(change="(attention(perturbed) - before).abs().amax(dim=1) > 0.1"),
    "too-coarse: a small step": _moves(step="perturbed[j] += 1e-3 * torch.randn(x.shape[1])"),
    "other-table": _moves(step="perturbed[j - 1] += torch.randn(x.shape[1])"),
    "nothing-moves: the past taken for granted": _moves(
        change="((attention(perturbed) - before).abs().amax(dim=1) > 1e-5) & (torch.arange(len(before)) >= j)"
    ),
    "tied-to-the-example": _moves(
        change="((attention(perturbed) - before).abs().amax(dim=1) > 1e-5) & (torch.arange(len(before)) < 4)"
    ).replace("for j in range(len(x))", "for j in range(min(4, len(x)))"),
    "mutates-input": _moves(loop="perturbed = x"),
    "returns-none": _moves(result="None"),
    "wrong-parameters": "def what_moves(x):\n    return x",
}

UNUSUAL = [
    # By derivatives instead of steps: what is linear has the same derivative everywhere.
    """
import torch

def what_moves(attention, x):
    slopes = torch.autograd.functional.jacobian(attention, x)  # (T_out, d_out, T, D)
    return slopes.abs().amax(dim=(1, 3)) > 1e-5
""",
    """
import torch

def what_moves(attention, x):
    before = attention(x)
    table = [[0] * len(x) for _ in before]
    for j, row in enumerate(x):
        changed = torch.cat([x[:j], (row + torch.arange(1.0, len(row) + 1).sqrt())[None], x[j + 1 :]])
        for i, (was, now) in enumerate(zip(before, attention(changed))):
            table[i][j] = int(any(abs(a - b) > 1e-5 for a, b in zip(was.tolist(), now.tolist())))
    return table
""",
    """
import torch

def what_moves(attention, x):
    before = attention(x)
    columns = []
    for j in range(len(x)):
        step = torch.zeros_like(x)
        step[j] = 100 * torch.randn(x.shape[1])
        columns.append((attention(x + step) - before).norm(dim=1) > 1e-5)
    return torch.stack(columns, dim=1).numpy()
""",
    """
from llmlab.attention import influence_map

def what_moves(attention, x):
    return influence_map(attention, x)
""",
]

NEAR_MISSES = {
    "not-a-table": UNUSUAL[1],
    "nothing-moves": WRONG["constant-step"],
    "transposed": _moves(step="perturbed[j - 1] += torch.randn(x.shape[1])"),
    "inverted": WRONG["steps-pile-up"],
    "steps-pile-up": _moves(step="perturbed[j:] += torch.randn(len(x) - j, x.shape[1])"),
    "all-at-once": WRONG["one-verdict-for-all"],
    "one-verdict-for-all": WRONG["all-at-once"],
    "own-output-only": _moves(change="torch.arange(len(before)) < j"),
    "rounding-counts": UNUSUAL[2],
    "signs-cancel": _moves(change="(attention(perturbed).abs() - before.abs()).abs().sum(dim=1) > 1e-5"),
    "one-component": WRONG["one-answer"],
    "one-answer": WRONG["one-component"],
    "constant-step": _moves(step="perturbed[j] += torch.arange(1, x.shape[1] + 1)"),
    "nothing-at-zero": _moves(step="perturbed[j] = torch.randn(x.shape[1])"),
    "too-coarse": _moves(change="(attention(perturbed) - before).abs().amax(dim=1) > 1e-4"),
    "other-table": WRONG["transposed"],
    "tied-to-the-example": UNUSUAL[3],
}

CRASHES = {
    "outputs-counted-as-tokens": _moves(start="moved = torch.zeros(len(x), len(x), dtype=torch.bool)"),
    "truth-of-a-row": """
import torch

def what_moves(attention, x):
    before = attention(x)
    moved = torch.zeros(len(before), len(x))
    for j in range(len(x)):
        perturbed = x.clone()
        perturbed[j] += torch.randn(x.shape[1])
        after = attention(perturbed)
        for i in range(len(before)):
            if (after[i] - before[i]).abs() > 1e-5:
                moved[i, j] = 1
    return moved
""",
    "perturbed-a-row-alone": _moves(loop="perturbed = x[j].clone()", step="perturbed += torch.randn(x.shape[1])"),
}
