"""Byte-level tokenizers in the files of other libraries: `tokenizer.json`, or GPT-2's `vocab.json` and `merges.txt`.

Read as the arguments of a `BPETokenizer` that gives the same ids. Whatever would make them differ is refused by name,
and so is what a newer version of a format may have added. Unicode grows: for characters that are newer than one of the
two libraries, `\\p{L}` may mean different things to them.

The formats: https://github.com/huggingface/tokenizers, and https://github.com/openai/gpt-2 (encoder.json, vocab.bpe).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llmlab.bpe._files import entry, read_json
from llmlab.bpe._gpt2 import GPT2_PATTERN, gpt2_byte_alphabet
from llmlab.bpe._merging import BYTES
from llmlab.utils.text import read_utf8

# What may stand in the parts of a tokenizer.json that are not read further: anything else would change the ids.
_WHOLE = {"version": ("1.0",), "truncation": (None,), "padding": (None,), "normalizer": (None,)}
_MODEL = {
    "type": ("BPE",),
    "dropout": (None, 0),
    "unk_token": (None,),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "fuse_unk": (False, True),  # says what happens to unknown tokens, and there are none
    "byte_fallback": (False,),
    "ignore_merges": (False,),
}
_ADDED_TOKEN = {
    "single_word": (False,),
    "lstrip": (False,),
    "rstrip": (False,),
    "normalized": (False, True),  # nothing is normalized
    "special": (False, True),
}
_CONFIG = {
    "tokenizer_class": (None, "GPT2Tokenizer", "GPT2TokenizerFast"),
    "add_prefix_space": (None, False),
    "add_bos_token": (None, False),
}

# What means the same to Oniguruma, which `tokenizers` compiles patterns with, and to the regex library.
_PORTABLE = re.compile(
    r"""(?: \\[pP]\{\^?[A-Za-z_]+\} | \\[sSrnt] | \\[^A-Za-z0-9]  # classes, white space, escaped signs
    | \(\?i:['sdmtlvre|\[\]]+\)                                   # contractions of either case
    | \((?!\?) | \(\?[:!=] | \) | \| | \.                         # groups, looking ahead
    | \[\^?(?: \\[pP]\{\^?[A-Za-z_]+\} | \\[sSrnt] | \\[^A-Za-z0-9] | [^\\\[\]&] )+\]
    | \{[0-9]+(?:,[0-9]*)?\}(?!\+) | [?*+]{1,2} | [^\\^$.\[\](){}|?*+] )*""",
    re.VERBOSE,
)

Arguments = dict[str, Any]


def find(folder: Path) -> tuple[Path, Callable[[Path], Arguments]]:
    """The file of a tokenizer in `folder`, and the function that reads it.

    Raises:
        FileNotFoundError: the folder has none.
    """
    if (folder / "tokenizer.json").is_file():
        return folder / "tokenizer.json", _tokenizer_json
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        return folder / "vocab.json", _vocab_and_merges
    raise FileNotFoundError(f"{folder} must be a folder with tokenizer.json, or with vocab.json and merges.txt")


def _tokenizer_json(path: Path) -> Arguments:
    content = read_json(path)
    if str(content.get("format")).startswith("llmlab"):
        raise ValueError("BPETokenizer.save wrote it: BPETokenizer.load reads it")
    model, added = entry(content, "model", dict), content.get("added_tokens") or []
    _refuse_other("", content, _WHOLE, {"added_tokens", "pre_tokenizer", "post_processor", "decoder", "model"})
    _refuse_other("model.", model, _MODEL, {"vocab", "merges"})
    for part in ("post_processor", "decoder"):
        if content.get(part) and not _changes_nothing(part, found := entry(content, part, dict)):
            raise ValueError(f"its {part} is {found.get('type')!r}, and only ByteLevel changes nothing here")
    special: dict[str, int] = {}
    for token in added:
        if not isinstance(token, dict):
            raise ValueError(f"an added token must be an object, got {token!r}")
        name = entry(token, "content", str)
        _refuse_other(f"added token {name!r}: ", token, _ADDED_TOKEN, {"id", "content"})
        if special.setdefault(name, entry(token, "id", int)) != token["id"]:
            raise ValueError(f"the added token {name!r} stands there twice")
    if len({token.get("normalized") for token in added}) > 1:
        raise ValueError("some added tokens are 'normalized' and others not: the first are found after the others")
    merges = []
    for number, merge in enumerate(entry(model, "merges", list)):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise ValueError(f"merge {number} must be two tokens, got {merge!r}")
        merges.append((_bytes_of(pair[0]), _bytes_of(pair[1])))
    vocabulary = _vocabulary(entry(model, "vocab", dict), special)
    special_ids, made = set(special.values()), {*BYTES, *map(b"".join, merges)}
    for id, token in vocabulary.items():
        if token not in made and id not in special_ids:
            raise ValueError(f"no merge makes its token {token!r} (id {id}): is the file complete?")
    return {
        "merges": merges,
        "vocabulary": vocabulary,
        "pattern": _pattern(entry(content, "pre_tokenizer", dict)),
        "special_tokens": special,
    }


def _changes_nothing(part: str, content: dict) -> bool:
    """Whether the ids stay what the merges make of a text: a template may add tokens, or hold the text alone."""
    if part == "post_processor" and content.get("type") == "TemplateProcessing":
        single = content.get("single")
        return isinstance(single, list) and len(single) == 1 and isinstance(single[0], dict) and "Sequence" in single[0]
    return content.get("type") == "ByteLevel"


def _vocab_and_merges(path: Path) -> Arguments:
    vocab, beside = read_json(path), path.with_name("tokenizer_config.json")
    if beside.is_file():
        config = read_json(beside)
        _refuse_other(f"{beside.name}: ", {key: config.get(key) for key in _CONFIG}, _CONFIG, set())
    merges, single = [], gpt2_byte_alphabet()
    made = set(single)
    for number, line in enumerate(read_utf8(path.with_name("merges.txt")).splitlines(), start=1):
        if number == 1 and line.startswith("#version"):
            continue
        left, space, right = line.partition(" ")
        if not (left and space and right) or " " in right:
            raise ValueError(f"line {number} of merges.txt must be two tokens with a space between, got {line!r}")
        merges.append((_bytes_of(left), _bytes_of(right)))
        made.add(left + right)
    special = {token: id for token, id in vocab.items() if token not in made}
    for token, id in special.items():
        if not re.fullmatch(r"<.+>|\[.+\]", token):
            raise ValueError(f"no line of merges.txt makes its token {token!r} (id {id}): is merges.txt complete?")
    vocabulary = _vocabulary(vocab, special)
    if sorted(vocabulary) != list(range(len(vocabulary))):
        raise ValueError(f"its {len(vocabulary):,} ids must be those from 0 to {len(vocabulary) - 1}")
    return {"merges": merges, "vocabulary": vocabulary, "pattern": GPT2_PATTERN, "special_tokens": special}


def _refuse_other(where: str, content: Mapping[str, Any], allowed: Mapping[str, tuple], read: set[str]) -> None:
    """Raise unless each entry is one that is read elsewhere, or has a value that changes no ids."""
    for key in content.keys() - read:
        if key not in allowed:
            raise ValueError(f"{where}{key} is not known here: a newer version of the format?")
        if content[key] not in allowed[key]:
            values = " or ".join(map(repr, allowed[key]))
            raise ValueError(f"{where}{key} is {content[key]!r}, and only {values} gives the same ids here")


def _vocabulary(vocab: Mapping[str, int], special: Mapping[str, int]) -> dict[int, bytes]:
    vocabulary: dict[int, bytes] = {}
    for token, id in vocab.items():
        if isinstance(id, bool) or not isinstance(id, int) or id < 0 or id in vocabulary:
            raise ValueError(f"the id of token {token!r} must be a whole number of its own, got {id!r}")
        if special.get(token, id) != id:
            raise ValueError(f"the token {token!r} has two ids, {id} and {special[token]}")
        vocabulary[id] = token.encode() if token in special else _bytes_of(token)
    return vocabulary


def _bytes_of(token: str) -> bytes:
    alphabet = gpt2_byte_alphabet()
    try:
        return bytes(map(alphabet.__getitem__, token))
    except KeyError as error:
        raise ValueError(
            f"the token {token!r} is not written in GPT-2's byte alphabet, which lacks {error.args[0]!r}"
        ) from None


def _pattern(step: Mapping[str, Any]) -> str:
    """The pattern of a pre-tokenizer that cuts as a `BPETokenizer` can."""
    steps = entry(step, "pretokenizers", list) if step.get("type") == "Sequence" else [step]
    match steps:
        case [{"type": "ByteLevel", "add_prefix_space": False, **rest}] if rest.get("use_regex", True) is True:
            return GPT2_PATTERN
        case [
            {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
        ]:
            if not _PORTABLE.fullmatch(pattern) or re.search(r"\(\?i:[^)]*s[st]", pattern):
                raise ValueError(f"its pattern may mean other things to the regex library: {pattern}")
            # What the pattern does not match stays together there; here it would fall into single characters.
            return pattern if pattern == GPT2_PATTERN else f"{pattern}|(?:(?!{pattern})(?s:.))+"
    raise ValueError(
        f"its pre_tokenizer is {step!r}, and only ByteLevel without add_prefix_space, or a Split by a regular "
        "expression (Isolated) in front of it, gives the same ids here"
    )
