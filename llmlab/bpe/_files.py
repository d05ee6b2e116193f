"""The file that `BPETokenizer.save` writes, and what all files of tokenizers share: JSON read with care.

What is read here comes back as the arguments of `BPETokenizer`. The files of other libraries are read by `_foreign`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmlab.utils.text import read_utf8

_FORMAT = "llmlab BPETokenizer 1"
_KEYS = {"format", "pattern", "special_tokens", "merges", "vocabulary"}
_KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}


@contextmanager
def blamed_on(path: str | Path, sentence: str) -> Iterator[None]:
    """Whatever is wrong with a file's content becomes a ValueError that begins with the file and the sentence."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} {sentence}: {error}") from error


def save(
    path: Path,
    merges: Sequence[tuple[bytes, bytes]],
    vocabulary: Mapping[int, bytes],
    pattern: str | None,
    special_tokens: Mapping[str, int],
) -> None:
    """Write a tokenizer as JSON, with a checksum of the rest."""
    content = {
        "format": _FORMAT,
        "pattern": pattern,
        "special_tokens": special_tokens,
        "merges": [[part.decode("latin-1") for part in pair] for pair in merges],
        "vocabulary": {str(id): token.decode("latin-1") for id, token in vocabulary.items()},
    }
    path.write_text(json.dumps(content | {"checksum": _checksum(content)}, indent=0), encoding="utf-8")


def load(path: Path) -> dict[str, Any]:
    """The arguments of the tokenizer that was saved.

    Raises:
        ValueError: other content, or a checksum that does not fit. The first edition's files have none.
    """
    content = read_json(path)
    form = entry(content, "format", str)
    if form != _FORMAT:
        newer = ": a newer llmlab wrote it, update this one" if re.fullmatch(_FORMAT[:-1] + r"\d+", form) else ""
        raise ValueError(f"its format is {form!r}, expected {_FORMAT!r}{newer}")
    checksum = content.pop("checksum", None)
    if content.keys() - _KEYS:
        raise ValueError(f"it has {min(content.keys() - _KEYS)!r}, which does not belong there")
    if checksum not in (None, _checksum(content)):
        raise ValueError("its checksum does not fit its content: it was changed after it was written")
    merges, vocabulary = entry(content, "merges", list), entry(content, "vocabulary", dict)
    return {
        "merges": [tuple(_latin1(part) for part in pair) if isinstance(pair, list) else pair for pair in merges],
        "vocabulary": {int(id): _latin1(token) for id, token in vocabulary.items()},
        "pattern": content.get("pattern"),
        "special_tokens": entry(content, "special_tokens", dict),
    }


def read_json(path: Path) -> dict[str, Any]:
    """The object of a JSON file, none of whose keys stands there twice.

    Raises:
        ValueError: no UTF-8, no JSON, no object; a key twice.
    """
    try:
        content = json.loads(read_utf8(path), object_pairs_hook=_each_key_once)
    except RecursionError:
        raise ValueError("it is no JSON that can be read: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"it holds {type(content).__name__}, expected an object")
    return content


def entry(content: Mapping[str, Any], key: str, kind: type) -> Any:
    """`content[key]`, which must be there and of this kind."""
    if key not in content:
        raise ValueError(f"{key!r} is missing")
    if not isinstance(content[key], kind) or isinstance(content[key], bool):
        raise ValueError(f"{key!r} must be {_KINDS[kind]}, got {type(content[key]).__name__}")
    return content[key]


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _latin1(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError(f"a token must be a text, got {text!r}")
    return text.encode("latin-1")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return content
