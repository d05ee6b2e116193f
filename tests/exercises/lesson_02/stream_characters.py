"""Answers to "Stream whole characters": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _stream(expression: str, before: str = "pass") -> str:
    return f"""
import codecs

def stream(tokens):
    {before}
    return [{expression} for n, token in enumerate(tokens)]
"""


def _held(rest: str) -> str:
    return f"""
def stream(tokens):
    held, texts = b"", []
    for token in tokens:
        held += token
        text = held.decode(errors="ignore")
        held = {rest}
        texts.append(text)
    return texts
"""


WRONG = {
    "half-characters-shown": _stream("token.decode(errors='replace')"),
    "half-characters-lost": _stream("token.decode(errors='ignore')"),
    "half-characters-lost: with the whole token": """
def stream(tokens):
    texts = []
    for token in tokens:
        try:
            texts.append(token.decode())
        except UnicodeDecodeError:
            texts.append("")
    return texts
""",
    "half-characters-lost: forgotten after a text": _held('b"" if text else held'),
    "whole-characters-held-back": """
def stream(tokens):
    held, texts = b"", []
    for token in tokens:
        held += token
        try:
            texts.append(held.decode())
            held = b""
        except UnicodeDecodeError:
            texts.append("")
    return texts
""",
    "text-repeated": _stream("b''.join(tokens[: n + 1]).decode(errors='ignore')"),
    "text-repeated: with marks": _stream("b''.join(tokens[: n + 1]).decode(errors='replace')"),
    "text-repeated: characters counted for bytes": _held("held[len(text) :]"),
    "text-repeated: never removed": """
def stream(tokens):
    held, texts = b"", []
    for token in tokens:
        held += token
        try:
            texts.append(held.decode())
        except UnicodeDecodeError:
            texts.append("")
    return texts
""",
    "last-half-shown": _stream(
        "decoder.decode(token, final=n + 1 == len(tokens))",
        'decoder = codecs.getincrementaldecoder("utf-8")("replace")',
    ),
    "nothing-until-the-end": _stream("'' if n + 1 < len(tokens) else b''.join(tokens).decode(errors='ignore')"),
    "bytes-as-characters": _stream("token.decode('latin-1')"),
    "not-one-text-a-token": """
def stream(tokens):
    return [text for text in [b"".join(tokens).decode(errors="ignore")] if text]
""",
    "not-one-text-a-token: empty ones left out": """
import codecs

def stream(tokens):
    decoder = codecs.getincrementaldecoder("utf-8")()
    return [text for text in map(decoder.decode, tokens) if text]
""",
    "not-texts": "def stream(tokens):\n    return list(tokens)",
    "not-texts: one text": "def stream(tokens):\n    return b''.join(tokens).decode(errors='ignore')",
    "other-texts": _stream("token.decode(errors='ignore').upper()"),
    "tied-to-the-example": _stream(
        "decoder.decode(token) if n < 5 else ''", 'decoder = codecs.getincrementaldecoder("utf-8")()'
    ),
    "returns-none": "def stream(tokens):\n    texts = []",
    "mutates-input": """
def stream(tokens):
    texts = []
    for i in range(len(tokens)):
        text = tokens[i].decode(errors="ignore")
        if i + 1 < len(tokens):
            tokens[i + 1] = tokens[i][len(text.encode()) :] + tokens[i + 1]
        texts.append(text)
    return texts
""",
}

UNUSUAL = [
    _stream("decoder.decode(token)", 'decoder = codecs.getincrementaldecoder("utf-8")()'),
    """
def stream(tokens):
    shown = ""
    for n in range(len(tokens)):
        text = b"".join(tokens[: n + 1]).decode(errors="ignore")
        yield text[len(shown) :]
        shown = text
""",
    """
def stream(tokens):
    held, texts = [], []
    for token in tokens:
        text = ""
        for byte in token:
            held.append(byte)
            try:
                text += bytes(held).decode()
                held = []
            except UnicodeDecodeError:
                pass
        texts.append(text)
    return tuple(texts)
""",
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"every token is valid text": ("half-characters-shown", "half-characters-lost")}
