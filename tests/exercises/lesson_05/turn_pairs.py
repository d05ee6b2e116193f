"""Answers to "Turn the pairs": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _turn(
    first: str = "x[0::2]",
    second: str = "x[1::2]",
    angles: str = "place * rates",
    new: str = "a * cos - b * sin, a * sin + b * cos",
    result: str = "torch.stack([new_a, new_b], dim=-1).flatten()",
) -> str:
    return f"""
import torch

def turn_pairs(x, place, rates):
    angles = {angles}
    cos, sin = torch.cos(angles), torch.sin(angles)
    a, b = {first}, {second}
    new_a, new_b = {new}
    return {result}
"""


_HALVES = {"first": "x[: len(x) // 2]", "second": "x[len(x) // 2 :]"}
_LOOP = """
import math

def turn_pairs(x, place, rates):
    x = x.tolist()
    for i, rate in enumerate(rates.tolist()):
        cos, sin = math.cos(place * rate), math.sin(place * rate)
        {body}
    return x
"""

WRONG = {
    "not-turned": _turn(result="x"),
    "not-turned: by nothing": _turn(angles="0 * rates"),
    "turned-backwards": _turn(new="a * cos + b * sin, b * cos - a * sin"),
    "turned-backwards: negative angle": _turn(angles="-place * rates"),
    "turned-backwards: the axes exchanged": _turn(
        "x[1::2]", "x[0::2]", result="torch.stack([new_b, new_a], -1).flatten()"
    ),
    "angle-in-degrees": _turn(angles="torch.deg2rad(place * rates)"),
    "angle-in-degrees: the other way": _turn(angles="torch.rad2deg(place * rates)"),
    "place-forgotten": _turn(angles="rates"),
    "place-from-one": _turn(angles="(place + 1) * rates"),
    "place-plus-rate": _turn(angles="place + rates"),
    "one-angle-for-all": _turn(angles="torch.full_like(rates, place)"),
    "one-angle-for-all: the first rate": _turn(angles="place * rates[0]"),
    "one-angle-for-all: the last rate": _turn(angles="place * rates[-1]"),
    "halves-for-neighbours": _turn(**_HALVES, result="torch.cat([new_a, new_b])"),
    "halves-for-neighbours: put back alternating": _turn(**_HALVES),
    "put-back-as-halves": _turn(result="torch.cat([new_a, new_b])"),
    "put-back-as-halves: stacked the other way": _turn(result="torch.stack([new_a, new_b]).flatten()"),
    "first-overwritten": _LOOP.format(
        body="x[2 * i] = x[2 * i] * cos - x[2 * i + 1] * sin\n"
        "        x[2 * i + 1] = x[2 * i] * sin + x[2 * i + 1] * cos"
    ),
    "sine-and-cosine-swapped": _turn(new="a * sin - b * cos, a * cos + b * sin"),
    "not-a-turn": _turn(new="a * cos + b * sin, a * sin + b * cos"),
    "not-a-turn: the sign at the cosine": _turn(new="a * cos - b * sin, a * sin - b * cos"),
    "not-a-turn: each number by itself": _turn(new="a * cos, b * sin"),
    "added-for-turned": _turn(new="a + sin, b + cos"),
    "added-for-turned: cosine first": _turn(new="a + cos, b + sin"),
    "not-d-numbers": _turn(result="torch.stack([new_a, new_b], dim=-1)"),
    "not-d-numbers: half of them": _turn(result="new_a"),
    "place-zero-turned": _turn(angles="max(place, 1) * rates"),
    "other-turn": _turn(angles="place * rates**2"),
    "other-turn: mirrored": _turn(new="a * cos + b * sin, a * sin - b * cos"),
    "tied-to-the-example": _turn(result="torch.stack([new_a, new_b], dim=-1).flatten()[:4]"),
    "tied-to-the-example: base": _turn(angles="place * torch.tensor([0.7, 0.3, 0.1, 0.1, 0.1, 0.1])[: len(rates)]"),
    "mutates-input": _turn(result="x.copy_(torch.stack([new_a, new_b], dim=-1).flatten())"),
    "returns-none": _turn(result="None"),
}

UNUSUAL = [
    _LOOP.format(
        body="x[2 * i], x[2 * i + 1] = x[2 * i] * cos - x[2 * i + 1] * sin, x[2 * i] * sin + x[2 * i + 1] * cos"
    ),
    """
import torch

def turn_pairs(x, place, rates):
    pairs = torch.view_as_complex(x.view(-1, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(rates), place * rates)).flatten()
""",
    """
import torch

def turn_pairs(x, place, rates):
    cos, sin = (place * rates).cos(), (place * rates).sin()
    turns = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], dim=-2)  # (d/2, 2, 2)
    return torch.einsum("pij,pj->pi", turns, x.view(-1, 2)).reshape(-1)
""",
    """
import torch

def turn_pairs(x, place, rates):
    angles = (place * rates).repeat_interleave(2)
    crossed = torch.stack([-x[1::2], x[0::2]], dim=-1).flatten()
    return x * angles.cos() + crossed * angles.sin()
""",
]

NEAR_MISSES = {
    "not-turned": _turn(angles="rates * 0.01"),
    "turned-backwards": WRONG["other-turn: mirrored"],
    "angle-in-degrees": _turn(angles="place * rates / 57"),
    "place-forgotten": _turn(angles="place**0.5 * rates"),
    "place-from-one": _turn(angles="(place - 1) * rates"),
    "place-plus-rate": _turn(angles="place - rates"),
    "one-angle-for-all": _turn(angles="place * rates.mean()"),
    "halves-for-neighbours": WRONG["put-back-as-halves"],
    "put-back-as-halves": WRONG["halves-for-neighbours"],
    "first-overwritten": _turn(new="a * cos - b * sin, (a * cos + b * sin) * sin + b * cos"),
    "sine-and-cosine-swapped": _turn(new="a * sin + b * cos, a * cos - b * sin"),
    "not-a-turn": WRONG["other-turn: mirrored"],
    "added-for-turned": _turn(new="a + 2 * sin, b + 2 * cos"),
    "not-d-numbers": WRONG["put-back-as-halves"],
    "place-zero-turned": WRONG["place-from-one"],
    "other-turn": UNUSUAL[3],
    "tied-to-the-example": WRONG["place-zero-turned"],
}

CRASHES = {
    "angles-for-numbers": _turn(new="x * cos - x * sin, x * sin + x * cos"),
    "tensor-wanted": _turn(angles="[place * rate for rate in rates.tolist()]"),
    "several-angles-for-one": "import math\n\ndef turn_pairs(x, place, rates):\n"
    "    return x[0::2] * math.cos(place * rates)",
    "pairs-counted-as-numbers": "import torch\n\ndef turn_pairs(x, place, rates):\n"
    "    return torch.stack([x[i] * torch.cos(place * rates[i]) for i in range(len(x))])",
}
