"""Answers to "The longest copy": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _copy(
    starts="range(len(written))",
    ends="range(start + 1, len(written) + 1)",
    cut="written[start:end]",
    test="passage in source and len(passage) > len(longest)",
    result="longest",
    first='""',
):
    """A `longest_copy` with one part of it changed."""
    return (
        "def longest_copy(written, source):\n"
        f"    longest = {first}\n"
        f"    for start in {starts}:\n"
        f"        for end in {ends}:\n"
        f"            passage = {cut}\n"
        f"            if {test}:\n"
        "                longest = passage\n"
        f"    return {result}\n"
    )


WRONG = {
    "from-the-beginning-only": _copy(starts="[0]"),
    "at-the-end-only": _copy(ends="[len(written)]"),
    "one-word-only": (
        "def longest_copy(written, source):\n"
        "    shared = [word for word in written.split() if word in source.split()]\n"
        "    return max(shared, key=len, default='')\n"
    ),
    "last-character-missing": _copy(result="longest[:-1]"),
    "capitals-made-alike": _copy().replace(
        'longest = ""', "longest, written, source = '', written.lower(), source.lower()"
    ),
    "capitals-made-alike: in one text": _copy().replace('longest = ""', "longest, written = '', written.lower()"),
    "capitals-made-alike: in the comparison": _copy(
        test="passage.lower() in source.lower() and len(passage) > len(longest)"
    ),
    "frequent-characters-left-out": (
        "from difflib import SequenceMatcher\n\n"
        "def longest_copy(written, source):\n"
        "    found = SequenceMatcher(None, written, source).find_longest_match()\n"
        "    return written[found.a : found.a + found.size]\n"
    ),
    "length-not-passage": _copy(result="len(longest)"),
    "not-a-text": _copy(result="[longest]"),
    "not-a-text: another number": _copy(result="len(longest) + 1"),
    "not-a-passage-of-both": _copy(result="longest + '!'"),
    "not-a-passage-of-both: letters in common": (
        "def longest_copy(written, source):\n    return ''.join(sorted(set(written) & set(source)))\n"
    ),
    "a-shorter-passage": _copy(test="passage in source"),
    "nothing-in-common": _copy(result="longest or None or written[:1]"),
    "tied-to-the-example": _copy(test="passage in source and len(passage) > len(longest) and len(written) < 30"),
    "returns-none": _copy(result="None"),
    "wrong-parameters": "def longest_copy(written):\n    return written\n",
}

NEAR_MISSES = {
    "from-the-beginning-only": _copy(starts="range(len(written) // 2)"),
    "at-the-end-only": _copy(ends="range(len(written) - 1, len(written) + 1)"),
    "one-word-only": WRONG["one-word-only"].replace("max(shared", "min(shared"),
    "last-character-missing": _copy(result="longest[1:]"),
    "capitals-made-alike": WRONG["last-character-missing"],
    "frequent-characters-left-out": _copy(result="longest[len(source) > 300 :]"),
    "length-not-passage": WRONG["not-a-text: another number"],
    "not-a-text": WRONG["length-not-passage"],
    "not-a-passage-of-both": WRONG["a-shorter-passage"],
    "a-shorter-passage": WRONG["not-a-passage-of-both"],
    "nothing-in-common": WRONG["tied-to-the-example"],
    "tied-to-the-example": WRONG["nothing-in-common"],
}

CRASHES = {
    "text-in-a-list": _copy(cut="[written[start:end]]"),
    "text-in-a-list: a number": _copy(cut="start"),
    "index-past-end": _copy(ends="range(start, len(written) + 1)", cut="written[end]"),
    "unknown-name": _copy(test="passage in text and len(passage) > len(longest)"),
    "one-value-for-many": _copy(starts="len(written)"),
}

UNUSUAL = [
    _copy(),
    """
def longest_copy(written, source):
    start, best = 0, ""
    for end in range(1, len(written) + 1):
        while written[start:end] not in source:
            start += 1
        best = max(best, written[start:end], key=len)
    return best
""",
    """
from difflib import SequenceMatcher

def longest_copy(written, source):
    found = SequenceMatcher(None, written, source, autojunk=False).find_longest_match()
    return written[found.a : found.a + found.size]
""",
]
