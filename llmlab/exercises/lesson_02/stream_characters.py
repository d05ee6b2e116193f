"""A decoder that shows only whole characters, to be written: tried on tokens that end inside a character."""

from __future__ import annotations

import codecs
import random
from collections.abc import Callable, Iterator
from itertools import pairwise

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.lesson_02.common import Algorithms, named
from llmlab.exercises.lesson_02.sections import BYTES, HALF

_STREAMS = (
    ([b"Zo", b"\xc3", b"\xab", b" plays"],),
    ([b"caf\xc3", b"\xa9 au", b" lait"],),
    ([b" \xf0\x9f", b"\x8e", b"\xb9", b"!"],),
    ([b"\xc3\xab\xc3", b"\xaf"],),
    ([b"one", b" two"],),
    ([b"na\xc3"],),
    ([],),
)


def _streamed(tokens: list[bytes]) -> list[str]:
    """After each token, the characters that became complete: those of the text so far without those before."""
    whole = [b"".join(tokens[:n]).decode("utf-8", "ignore") for n in range(len(tokens) + 1)]
    return [later[len(earlier) :] for earlier, later in pairwise(whole)]


def _all_or_nothing(tokens: list[bytes]) -> list[str]:
    held, texts = b"", []
    for token in tokens:
        held += token
        try:
            texts.append(held.decode())
            held = b""
        except UnicodeDecodeError:
            texts.append("")
    return texts


def _or_nothing(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def _holding(rest: Callable[[bytes, str], bytes]) -> Callable:
    """A decoder that shows the whole characters of what it holds; `rest` picks what it goes on holding."""

    def stream(tokens: list[bytes]) -> list[str]:
        held, texts = b"", []
        for token in tokens:
            held += token
            texts.append(held.decode("utf-8", "ignore"))
            held = rest(held, texts[-1])
        return texts

    return stream


def _flushed(tokens: list[bytes]) -> list[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return [decoder.decode(token, final=number == len(tokens)) for number, token in enumerate(tokens, 1)]


_STREAMING: Algorithms = {
    "half-characters-shown": (lambda tokens: [token.decode("utf-8", "replace") for token in tokens],),
    "half-characters-lost": (
        lambda tokens: [token.decode("utf-8", "ignore") for token in tokens],
        lambda tokens: [_or_nothing(token) for token in tokens],
        _holding(lambda held, text: b"" if text else held),
    ),
    "whole-characters-held-back": (_all_or_nothing,),
    "text-repeated": (
        lambda tokens: [b"".join(tokens[: n + 1]).decode("utf-8", "ignore") for n in range(len(tokens))],
        lambda tokens: [b"".join(tokens[: n + 1]).decode("utf-8", "replace") for n in range(len(tokens))],
        lambda tokens: [_or_nothing(b"".join(tokens[: n + 1])) for n in range(len(tokens))],
        _holding(lambda held, text: held[len(text) :]),
    ),
    "last-half-shown": (_flushed,),
    "nothing-until-the-end": (
        lambda tokens: [""] * (len(tokens) - 1) + [b"".join(tokens).decode("utf-8", "ignore")] * bool(tokens),
    ),
    "bytes-as-characters": (lambda tokens: [token.decode("latin-1") for token in tokens],),
}


def _check_stream(stream: Probe) -> Iterator[str]:
    def spell(case: tuple) -> str:
        return f"{stream.name}({case[0]})"

    results = []
    for case in _STREAMS:
        got = stream(*case, shown=spell(case))
        if not (isinstance(got, list) and all(isinstance(text, str) for text in got)):
            raise Wrong("not-texts", f"`{spell(case)}` gave `{show(got)}`.")
        results.append(got)
    for case, got in zip(_STREAMS, results, strict=True):
        if got != _streamed(*case):
            other = "not-one-text-a-token" if len(got) != len(case[0]) else "other-texts"
            raise Wrong(named(_STREAMING, _STREAMS, results) or other, f"`{spell(case)}` gave `{show(got)}`.")
    yield f"{len(_STREAMS)} rows of tokens by hand, one that ends inside a character among them"

    fresh = random.Random()
    for _ in range(20):
        data = "".join(fresh.choices("abc é—🎹ñ", k=fresh.randint(5, 30))).encode()
        cuts = sorted(fresh.sample(range(1, len(data)), k=min(8, len(data) - 1)))
        tokens = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
        if stream(tokens, shown="random tokens", fresh=True) != _streamed(tokens):
            raise Wrong("tied-to-the-example")
    yield "fresh random tokens"


EXERCISE = Exercise(
    kind="function",
    examine=_check_stream,
    means="This is what stands between a model and the reader who watches it write.",
    hints=(
        'The tokens are b"Zo", b"\\xc3", b"\\xab". What can be shown after each of them?',
        "Keep the bytes that are not shown yet. After each token, show the characters that are complete, and keep the "
        "bytes of the one that is not.",
        '`codecs.getincrementaldecoder("utf-8")()` keeps them for you: call its `decode(token)` for each token. '
        'By hand: `text = held.decode(errors="ignore")`, then `held = held[len(text.encode()) :]`.',
    ),
    variant='What should happen at the end, if bytes are still held back? Try `decoder.decode(b"", final=True)`.',
    misconceptions={
        "half-characters-shown": Misconception(
            "Each token was decoded by itself, and a reader sees `�` where a character is in two tokens. A token need "
            "not be readable text: keep its unfinished bytes for the next one.",
            HALF,
        ),
        "half-characters-lost": Misconception(
            "The bytes of unfinished characters were thrown away, and the character never appears.", HALF
        ),
        "whole-characters-held-back": Misconception(
            'Characters that are complete have to wait because one after them is not. In b"caf\\xc3" the `caf` can '
            "be shown at once.",
            HALF,
        ),
        "text-repeated": Misconception(
            "A text repeats what was shown before. Give only what is new: have all bytes been removed that were shown? "
            "(`len` of a text counts characters, and a character can have several bytes.)",
            HALF,
        ),
        "last-half-shown": Misconception(
            "The text breaks off in the middle of a character, and that half was shown as `�`. Hold it back for ever: "
            "it never became a character.",
            HALF,
        ),
        "nothing-until-the-end": Misconception(
            "The text comes all at once after the last token. Streaming shows each character as soon as it is "
            "complete.",
            HALF,
        ),
        "bytes-as-characters": Misconception(
            "Each byte was read as a character of its own (Latin-1): `ë` became `Ã«`. The bytes are UTF-8.", BYTES
        ),
        "not-one-text-a-token": Misconception(
            'The result must hold one text for each token, `""` where no character became complete.', HALF
        ),
        "not-texts": Misconception("The result must be a list of texts (`str`), not of bytes or numbers.", HALF),
        "other-texts": Misconception("These are not the characters that become complete with each token.", HALF),
        "tied-to-the-example": Misconception(
            "The small examples hold, and random tokens do not. UTF-8 characters have one to four bytes.", HALF
        ),
    },
)
