"""Answers to the exercises of lesson 01 that learners give, wrong ones and unusual right ones.

WRONG: exercise id -> {misconception id: source}. Where one misconception has several faces, the key names the face
after a colon. UNUSUAL: exercise id -> sources that must pass. A source is the student's cell, or for a choice or a
prediction an expression. `tests/test_exercises.py` runs them all and lists the misconceptions that have none.
"""

_PATTERN = r'''r"""([,.:;?_!"()\']|--|\s)"""'''


def _tokens(body: str, pattern: str = _PATTERN) -> str:
    return f"""
import re

def tokenize(text):
    pieces = re.split({pattern}, text)
    {body}
"""


_KEEP = "return [piece.strip() for piece in pieces if piece.strip()]"


def _ids(body: str) -> str:
    return f"""
def encode_tokens(tokens, token_to_id):
    {body}
"""


WRONG: dict[str, dict[str, str]] = {
    "01.1": {
        "empty-piece-kept": _tokens("return [piece for piece in pieces if not piece.isspace()]"),
        "empty-piece-kept: white space emptied": _tokens("return [piece.strip() for piece in pieces]"),
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
        "other-tokens": _tokens("return [piece.strip() for piece in pieces if piece.strip()][1:]"),
        "tied-to-the-example": _tokens(
            "return [p.strip() for p in pieces if p.strip() and (len(p) < 2 or p[0] not in 'quvxyzjkg')]"
        ),
        "returns-none": _tokens("pieces = [piece for piece in pieces if piece.strip()]"),
        "endless-result": "def tokenize(text):\n    while True:\n        yield text",
        "wrong-parameters": "def tokenize(text, pattern):\n    return text.split()",
    },
    "01.2": {
        "encoded-corpus": "'a'",
        "order-of-appearance": "'(B)'",
        "counts": "'d'",
        "not-an-option": "4",
        "not-an-option: other letter": "'e'",
        "not-an-option: the dictionary": "{'be': 0, 'not': 1, 'or': 2, 'to': 3}",
    },
    "01.3": {
        "same-text": "('The piano came', 'The piano came')",
        "unknown-word": "('The harpsichord came', 'The  harpsichord came')",
        "capitals-differ": "('The piano came', 'the piano came')",
        "capitals-differ: and a space": "('The piano came', 'the  piano came')",
        "ids-differ": "('The piano came', 'The sheep came')",
        "ids-differ: a mark": "('The piano came', 'The piano came.')",
        "too-short": "('The piano', 'The  piano')",
        "too-short: nothing at all": "('', ' ')",
        "not-two-texts": "'The piano came'",
        "not-two-texts: ids": "([1, 2, 3], [1, 2, 3])",
    },
    "01.4": {
        "unknown-raises": _ids("return [token_to_id[token] for token in tokens]"),
        "entry-misnamed": _ids("return [token_to_id.get(token, token_to_id['<unk>']) for token in tokens]"),
        "entry-misnamed: only when needed": _ids(
            "return [token_to_id[token if token in token_to_id else 'unk'] for token in tokens]"
        ),
        "case-folded": _ids("return [token_to_id.get(t.lower(), token_to_id['<|unk|>']) for t in tokens]"),
        "unknown-dropped": _ids("return [token_to_id[token] for token in tokens if token in token_to_id]"),
        "name-instead-of-id": _ids("return [token_to_id.get(token, '<|unk|>') for token in tokens]"),
        "nothing-in-its-place": _ids("return [token_to_id.get(token) for token in tokens]"),
        "nothing-in-its-place: misspelt": _ids("return [token_to_id.get(t, token_to_id.get('unk')) for t in tokens]"),
        "id-zero-lost": _ids("return [token_to_id.get(token) or token_to_id['<|unk|>'] for token in tokens]"),
        "id-of-another": _ids("return [token_to_id.get(token, 0) for token in tokens]"),
        "id-of-another: minus one": _ids("return [token_to_id.get(token, -1) for token in tokens]"),
        "last-id-taken": _ids("return [token_to_id.get(token, len(token_to_id) - 1) for token in tokens]"),
        "last-id-taken: the largest": _ids("return [token_to_id.get(t, max(token_to_id.values())) for t in tokens]"),
        "new-id-invented": _ids("return [token_to_id.get(token, len(token_to_id)) for token in tokens]"),
        "everything-unknown": _ids("return [token_to_id['<|unk|>'] for token in tokens]"),
        "everything-unknown: among the ids": _ids(
            "return [token_to_id[t] if t in token_to_id.values() else token_to_id['<|unk|>'] for t in tokens]"
        ),
        "not-ids": _ids("return [t if t in token_to_id else str(token_to_id['<|unk|>']) for t in tokens]"),
        "not-ids: one number": _ids("return len(tokens)"),
        "other-ids": _ids("return sorted(token_to_id.get(token, token_to_id['<|unk|>']) for token in tokens)"),
        "tied-to-the-example": _ids(
            "return [token_to_id['<|unk|>'] if t in ('dog', 'A', 'cow', 'goat', 'boats') or t not in token_to_id and "
            "len(t) == 3 else token_to_id.get(t, 0) for t in tokens]"
        ),
        "mutates-input": _ids("return [token_to_id.setdefault(token, token_to_id['<|unk|>']) for token in tokens]"),
        "returns-none": _ids("[token_to_id.get(token, token_to_id['<|unk|>']) for token in tokens]"),
    },
    "01.5": {
        "word-boundaries": "499",
        "word-boundaries: after each": "500",
        "sentence-boundaries": "40",
        "paragraph-boundaries": "20",
        "as-in-the-example": "2",
        "one-each": "8",
        "one-each: at both ends as well": "9",
        "one-for-all": "1",
        "nothing-to-mark": "0",
        "not-a-number": "'two'",
        "count-again": "17",
    },
    "01.6": {
        "always-special": "'a'",
        "taken-for-plain-text": "'b'",
        "silently-removed": "'D'",
        "not-an-option": "50256",
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "decode(encode(text)) == text is taken for granted": [("01.3", "same-text")],
    "an empty text crashes the encoder": [("01.1", "empty-piece-kept")],
    "the vocabulary is the list of ids in the order of the text": [("01.2", "encoded-corpus")],
    "<|endoftext|> marks the boundaries of words": [("01.5", "word-boundaries")],
    "special tokens are taken for plain text": [("01.6", "taken-for-plain-text"), ("01.6", "always-special")],
}

UNUSUAL: dict[str, list[str]] = {
    "01.1": [
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
    yield from text.split()
""",
    ],
    "01.2": ["'C'", "'(c)'", "'c.'"],
    "01.3": [
        "('It is late', 'It is\\n\\nlate')",
        "['It\\'s late.', 'It \\' s late .']",
        "(text + ' ' for text in ('The piano came', 'The piano came '))",
    ],
    "01.4": [
        """
def encode_tokens(tokens, token_to_id):
    ids = []
    for token in tokens:
        try:
            ids.append(token_to_id[token])
        except KeyError:
            ids.append(token_to_id["<|unk|>"])
    return tuple(ids)
""",
        """
from collections import defaultdict

def encode_tokens(tokens, token_to_id):
    unknown = token_to_id["<|unk|>"]
    return map(defaultdict(lambda: unknown, token_to_id).__getitem__, tokens)
""",
        """
import numpy as np

def encode_tokens(tokens, token_to_id):
    known = [token if token in token_to_id else "<|unk|>" for token in tokens]
    return np.array([token_to_id[token] for token in known], dtype=np.int64)
""",
    ],
    "01.5": ["7.0", "torch.tensor(7)"],
    "01.6": ["'C'", "' (c) '"],
}
