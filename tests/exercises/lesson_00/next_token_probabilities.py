"""Answers to "Probabilities of the next token": wrong ones, unusual right ones, near misses, natural crashes."""

from __future__ import annotations


def _probabilities(*lines: str) -> str:
    body = "\n    ".join(("counts = followers[token]", *lines))
    return f"def next_token_probabilities(token, followers, vocabulary):\n    {body}\n"


def _shares(share: str, candidates: str = "vocabulary") -> str:
    return _probabilities(f"return {{c: {share} for c in {candidates}}}")


_ALL = "sum(sum(some.values()) for some in followers.values())"

WRONG = {
    "counts-not-divided": _shares("counts[c]"),
    "seen-counts-only": _probabilities("return counts"),
    "seen-counts-only: as a dictionary": _probabilities("return dict(counts)"),
    "only-seen-followers": _probabilities("return {c: n / counts.total() for c, n in counts.items()}"),
    "divided-by-the-whole-text": _shares(f"counts[c] / {_ALL}"),
    "divided-by-the-vocabulary": _shares("counts[c] / len(vocabulary)"),
    "divided-by-different-followers": _shares("counts[c] / len(counts)"),
    "divided-by-all-tokens-with-followers": _shares("counts[c] / len(followers)"),
    "divided-by-the-largest": _shares("counts[c] / max(counts.values())"),
    "each-follower-once": _shares("(c in counts) / len(counts)"),
    "all-equal": _shares("1 / len(vocabulary)"),
    "per-cent": _shares("100 * counts[c] / counts.total()"),
    "rounded-to-whole-numbers": _shares("counts[c] // counts.total()"),
    "rounded-to-whole-numbers: int": _shares("int(counts[c] / counts.total())"),
    "only-the-largest": _probabilities(
        "best = max(counts, key=counts.get)", "return {c: 1.0 if c == best else 0.0 for c in vocabulary}"
    ),
    "one-token-chosen": _probabilities("return max(counts, key=counts.get)"),
    "one-added": _shares("(counts[c] + 1) / (counts.total() + len(vocabulary))"),
    "how-often-anywhere": _shares(f"sum(some[c] for some in followers.values()) / {_ALL}"),
    "the-other-way-round": _probabilities(
        "before = {c: followers[c][token] if c in followers else 0 for c in vocabulary}",
        "return {c: before[c] / (sum(before.values()) or 1) for c in vocabulary}",
    ),
    "another-token": _probabilities("counts = followers['is']", "return {c: counts[c] / 5 for c in vocabulary}"),
    "another-token: the first in the dictionary": _probabilities(
        "counts = next(iter(followers.values()))", "return {c: counts[c] / counts.total() for c in vocabulary}"
    ),
    "rounded": _shares("round(counts[c] / counts.total(), 2)"),
    "one-entry-only": _probabilities("for c in vocabulary:", "    return {c: counts[c] / counts.total()}"),
    "other-tokens": _shares("counts[c] / counts.total()", "[*vocabulary, 'snow']"),
    "other-tokens: none": _probabilities("return {}"),
    "sum-is-not-one": _shares("counts[c] / (counts.total() + 1)"),
    "other-shares": _shares("(counts[c] ** 2) / sum(n ** 2 for n in counts.values())"),
    "not-numbers": _shares("f'{counts[c] / counts.total():.2f}'"),
    "not-numbers: ids as keys": _probabilities(
        "return {i: counts[c] / counts.total() for i, c in enumerate(vocabulary)}"
    ),
    "not-a-dictionary": _probabilities("return [counts[c] / counts.total() for c in vocabulary]"),
    "not-a-dictionary: a number": _probabilities("return counts.total()"),
    "tied-to-the-example": _shares("counts[c] / {'the': 6, 'is': 5, 'boat': 1}.get(token, 4)"),
    "returns-none": _probabilities("{c: counts[c] / counts.total() for c in vocabulary}"),
    "mutates-input": _probabilities(
        "total = counts.total()", "for c in vocabulary:", "    counts[c] /= total", "return counts"
    ),
    "wrong-parameters": "def next_token_probabilities(token):\n    return {}\n",
}

UNUSUAL = [
    """
from fractions import Fraction

def next_token_probabilities(token, followers, vocabulary):
    total = sum(followers[token].values())
    return dict(zip(vocabulary, [Fraction(followers[token].get(c, 0), total) for c in vocabulary]))
""",
    """
def next_token_probabilities(token, followers, vocabulary):
    places = list(followers[token].elements())
    probabilities = dict.fromkeys(vocabulary, 0)
    for candidate in places:
        probabilities[candidate] += 1 / len(places)
    return probabilities
""",
    """
def next_token_probabilities(token, followers, vocabulary):
    counts = torch.tensor([float(followers[token][candidate]) for candidate in vocabulary])
    return dict(zip(vocabulary, counts / counts.sum()))
""",
]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "counts-not-divided": WRONG["per-cent"],
    "seen-counts-only": WRONG["only-seen-followers"],
    "only-seen-followers": _probabilities("return {c: n / len(counts) for c, n in counts.items()}"),
    "divided-by-the-whole-text": _shares("counts[c] / (counts.total() + 7)"),
    "divided-by-the-vocabulary": _shares("counts[c] / (len(vocabulary) + 1)"),
    "divided-by-different-followers": _shares("counts[c] / (len(counts) + 1)"),
    "divided-by-all-tokens-with-followers": WRONG["divided-by-the-largest"],
    "divided-by-the-largest": WRONG["divided-by-all-tokens-with-followers"],
    "each-follower-once": _shares("(c in counts) / counts.total()"),
    "all-equal": _shares("1 / counts.total()"),
    "per-cent": _shares("10 * counts[c] / counts.total()"),
    "rounded-to-whole-numbers": _shares("round(counts[c] / counts.total())"),
    "only-the-largest": _shares("float(c == min(counts, key=counts.get))"),
    "one-token-chosen": _probabilities("return [max(counts, key=counts.get)]"),
    "one-added": _shares("(counts[c] + 1) / (counts.total() + 1)"),
    "how-often-anywhere": _shares(f"sum(some[c] for some in followers.values()) / ({_ALL} + 1)"),
    "the-other-way-round": _shares("(followers[c][token] if c in followers else 0) / counts.total()"),
    "another-token": _shares("(counts[c] + followers['is'][c]) / 11"),
    "rounded": _shares("round(counts[c] / counts.total(), 9)"),
    "one-entry-only": WRONG["other-tokens: none"],
    "other-tokens": _shares("counts[c] / counts.total()", "sorted(vocabulary, reverse=True)"),
    "sum-is-not-one": WRONG["other-shares"],
    "other-shares": WRONG["sum-is-not-one"],
    "not-numbers": _shares("__import__('decimal').Decimal(counts[c]) / counts.total()"),
    "not-a-dictionary": _probabilities(
        "from collections import OrderedDict",
        "return OrderedDict((c, counts[c] / counts.total()) for c in vocabulary)",
    ),
    "tied-to-the-example": WRONG["sum-is-not-one"],
}

CRASHES = {
    "counter-divided": _probabilities("return counts / counts.total()"),
    "counter-divided: its values": _probabilities("return dict(zip(counts, counts.values() / counts.total()))"),
    "method-not-called": _shares("counts[c] / counts.total"),
    "keys-added-up": _probabilities("total = sum(counts)", "return {c: counts[c] / total for c in vocabulary}"),
    "token-without-followers": _shares("followers[c][token] / counts.total()"),
    "token-without-followers: a dictionary of one's own": _probabilities(
        "result = {}", "for c in vocabulary:", "    result[c] += counts[c] / counts.total()", "return result"
    ),
    "items-forgotten": _probabilities("return {c: n / counts.total() for c, n in counts}"),
}
