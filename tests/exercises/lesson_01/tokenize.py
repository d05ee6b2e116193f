"""Answers to "Cut a text into words and marks": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

_PATTERN = r'''r"""([,.:;?_!"()\']|--|\s)"""'''


def _tokens(body: str, pattern: str = _PATTERN) -> str:
    return f"""
import re

def tokenize(text):
    pieces = re.split({pattern}, text)
    {body}
"""


_KEEP = "return [piece.strip() for piece in pieces if piece.strip()]"

WRONG = {
    "empty-piece-kept": _tokens("return [piece for piece in pieces if not piece.isspace()]"),
    "stripped-and-kept": _tokens("return [piece.strip() for piece in pieces]"),
    "empty-piece-kept: the last one": _tokens("return [p for p in pieces[:-1] if p.strip()] + pieces[-1:]"),
    "white-space-kept": _tokens("return [piece for piece in pieces if piece]"),
    "skipped-in-the-loop": _tokens("[pieces.remove(p) for p in pieces if not p.strip()]\n    return pieces"),
    "words-lost": "import re\n\ndef tokenize(text):\n    return re.findall(" + _PATTERN + ", text)",
    "words-lost: only marks": _tokens(f"return [p for p in re.findall({_PATTERN}, text) if p.strip()]"),
    "words-lost: the test turned round": _tokens("return [piece for piece in pieces if not piece.strip()]"),
    "stops-too-early: return in the loop": _tokens("for piece in pieces:\n        return [piece]"),
    "stops-too-early": _tokens("return [piece.strip() for piece in pieces if piece.strip()][:-1]"),
    "white-space-inside: a literal pattern": f"def tokenize(text):\n    return text.split({_PATTERN})",
    "white-space-inside": _tokens("return [p for p in pieces if p.strip()]", "r'([,.])'"),
    "marks-glued": "def tokenize(text):\n    return text.split()",
    "marks-glued: at each space": "def tokenize(text):\n    return text.split(' ')",
    "marks-lost": "import re\n\ndef tokenize(text):\n    return re.findall(r'\\w+', text)",
    "marks-lost: no group": _tokens(_KEEP, _PATTERN.replace("(", "(?:", 1)),
    "apostrophe-glued": _tokens(_KEEP, _PATTERN.replace("\\'", "")),
    "dashes-glued": _tokens(_KEEP, _PATTERN.replace("|--", "")),
    "cut-too-often": _tokens(r"return re.findall(r'[^\W_]+|[^\w\s]|_', text)"),
    "cut-too-often: single hyphens": _tokens(_KEEP, _PATTERN.replace("--", "-")),
    "cut-too-seldom": _tokens(_KEEP, _PATTERN.replace(":;", "")),
    "case-folded": _tokens("return [piece.strip().lower() for piece in pieces if piece.strip()]"),
    "vocabulary-instead": _tokens("return sorted({piece.strip() for piece in pieces if piece.strip()})"),
    "each-token-once": _tokens("return list(dict.fromkeys(piece.strip() for piece in pieces if piece.strip()))"),
    "characters-instead": "def tokenize(text):\n    return [c for c in text if not c.isspace()]",
    "not-a-list-of-text": "def tokenize(text):\n    return ' '.join(text.split())",
    "not-a-list-of-text: ids": "def tokenize(text):\n    return [ord(character) for character in text]",
    "not-a-list-of-text: a set": "def tokenize(text):\n    return set(text.split())",
    "first-token-lost": _tokens("return [piece.strip() for piece in pieces if piece.strip()][1:]"),
    "other-tokens": _tokens("return [piece.strip()[::-1] for piece in pieces if piece.strip()]"),
    "tied-to-the-example": _tokens(
        "return [p.strip() for p in pieces if p.strip() and (len(p) < 2 or p[0] not in 'quvxyzjkg')]"
    ),
    "returns-none": _tokens("pieces = [piece for piece in pieces if piece.strip()]"),
    "yield-for-return": "def tokenize(text):\n    yield from text.split()",
    "wrong-parameters": "def tokenize(text, pattern):\n    return text.split()",
}

UNUSUAL = [
    """
import re

def tokenize(text):
    print("cutting", len(text), "characters")
    return re.findall(r"--|[,.:;?_!\\"()']|(?:(?!--)[^\\s,.:;?_!\\"()'])+", text)
""",
    """
from llmlab.tokenizers import WordTokenizer

def tokenize(text):
    return tuple(WordTokenizer([]).tokenize(text))
""",
    """
def tokenize(text):
    for mark in [*',.:;?_!"()', "'", "--"]:
        text = text.replace(mark, f" {mark} ")
    return text.split()
""",
]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "empty-piece-kept": WRONG["stripped-and-kept"],
    "stripped-and-kept": WRONG["empty-piece-kept"],
    "white-space-kept": _tokens("return [piece or ' ' for piece in pieces if piece.strip()]"),
    "skipped-in-the-loop": WRONG["white-space-kept"],
    "white-space-inside": WRONG["white-space-kept"],
    "words-lost": WRONG["marks-lost"],
    "stops-too-early": WRONG["first-token-lost"],
    "first-token-lost": WRONG["stops-too-early"],
    "marks-glued": WRONG["dashes-glued"],
    "marks-lost": WRONG["apostrophe-glued"],
    "apostrophe-glued": WRONG["dashes-glued"],
    "dashes-glued": WRONG["apostrophe-glued"],
    "cut-too-often": WRONG["cut-too-seldom"],
    "cut-too-seldom": WRONG["cut-too-often"],
    "case-folded": _tokens("return [piece.strip().upper() for piece in pieces if piece.strip()]"),
    "vocabulary-instead": _tokens("return sorted(piece.strip() for piece in pieces if piece.strip())"),
    "each-token-once": WRONG["vocabulary-instead"],
    "characters-instead": "def tokenize(text):\n    return list(text)",
    "not-a-list-of-text": _tokens("return tuple(piece.strip() for piece in pieces if piece.strip())"),
    "other-tokens": WRONG["stops-too-early"],
    "tied-to-the-example": WRONG["other-tokens"],
}

CRASHES = {
    "split-arguments": "import re\n\ndef tokenize(text):\n    return re.split(text)",
    "split-arguments: a list": "import re\n\ndef tokenize(text):\n    return re.split(r'\\s', text.split())",
    "text-method-on-a-list": _tokens("return pieces.strip()"),
    "removed-twice": _tokens("[pieces.remove('') for piece in [*pieces, '']]\n    return pieces"),
    "unknown-name": "def tokenize(text):\n    return ree.split(r'\\s', text)",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"an empty text crashes the encoder": ("empty-piece-kept",)}

# The lesson's cells that drive an explorer with the answer.
DRIVEN = {
    "explorer": "TokenizerMicroscope",
    "parts": ("probe = TokenizerMicroscope(",),
    "unseen": frozenset({"returns-none"}),
    "raises": (ValueError, TypeError),
}
