"""The tokenizer microscope in words: the reason of what is seen in the chosen row, and the text alternative."""

from __future__ import annotations

from llmlab.explorers.host.words import plural
from llmlab.explorers.tokenizer_microscope.numbers import shown
from llmlab.explorers.tokenizer_microscope.values import UNKNOWN, MicroscopeTrace, Row, Token

NAMED = 3  # at most so many are named in a sentence


def why(trace: MicroscopeTrace) -> str:
    """Why the chosen row has as many tokens as it has, and why the text comes back or not."""
    row = trace.row(trace.inspected)
    if not trace.text:
        return "There is nothing to cut."
    reason = {
        "characters": _characters,
        "bytes": _bytes,
        "words": _words,
        "BPE of the story": _story,
        "GPT-2": _gpt2,
    }[row.name]
    return f"<b>{row.name}</b>: {reason(trace, row)}"


def _named(pieces: list[str]) -> str:
    """Some pieces of text by name, each once."""
    different = list(dict.fromkeys(pieces))
    text = ", ".join(f"<b>{shown(piece)}</b>" for piece in different[:NAMED])
    return text + (f" and {len(different) - NAMED} more" if len(different) > NAMED else "")


def _unknown(row: Row) -> list[str]:
    return [token.text or "" for token in row.tokens if not token.known]


def _characters(trace: MicroscopeTrace, row: Row) -> str:
    text = f"each character is a token, so there are as many: {len(row.tokens)}. "
    unknown = _unknown(row)
    if not unknown:
        return text + "All of them occur in the story, so each has an id and comes back."
    return (
        text
        + f"{_named(unknown)} {_is(unknown)} not in the story, so the id is that of &lt;|unk|&gt; and tells nothing."
    )


def _is(pieces: list[str]) -> str:
    return "is" if len(set(pieces)) == 1 else "are"


def _bytes(trace: MicroscopeTrace, row: Row) -> str:
    wide = [character for character in trace.text if len(character.encode()) > 1]
    if not wide:
        return "each of these characters is stored as one byte, so there are as many tokens as characters."
    sizes = ", ".join(f"<b>{shown(each)}</b> {len(each.encode())}" for each in list(dict.fromkeys(wide))[:NAMED])
    others = " …" if len(set(wide)) > NAMED else ""
    more = len(row.tokens) - len(trace.text)
    return (
        f"some characters take several bytes ({sizes}{others}), which makes {plural(more, 'token')} more than "
        "characters. There are only 256 bytes, so nothing is unknown."
    )


def _words(trace: MicroscopeTrace, row: Row) -> str:
    unknown, causes = _unknown(row), []
    if unknown:
        causes.append(
            f"{_named(unknown)} {_is(unknown)} not among the words of the story, so the id is that of &lt;|unk|&gt; "
            f"and nothing can bring {'it' if len(set(unknown)) == 1 else 'them'} back"
        )
    back = row.back
    for piece in unknown:
        back = back.replace(UNKNOWN, piece, 1)
    if back != trace.text and sum(token.stop - token.start for token in row.tokens) < len(trace.text.encode()):
        causes.append("what stood between the tokens is dropped, and decoding guesses it: not as it was")
    elif back != trace.text:
        causes.append("decoding puts spaces between tokens where the text has none")
    if causes:
        text = "; ".join(causes)
        return f"{text}."
    return "the story has all of these words and marks, and decoding guesses every space right."


def _story(trace: MicroscopeTrace, row: Row) -> str:
    return (
        f"{row.vocabulary_size} entries, the 256 bytes and 256 merges of pairs that are frequent in one short story. "
        f"{_longest(row)}{_split(trace, row)}"
    )


def _gpt2(trace: MicroscopeTrace, row: Row) -> str:
    return f"its {row.vocabulary_size:,} entries were found in mostly English text. {_longest(row)}{_split(trace, row)}"


def _longest(row: Row) -> str:
    whole = [token.text for token in row.tokens if token.text is not None]
    longest = max(whole, key=len, default="")
    return f"The longest that it has here is <b>{shown(longest)}</b>. " if len(longest) > 1 else ""


def _split(trace: MicroscopeTrace, row: Row) -> str:
    """Which characters are cut here, and how many tokens hold their bytes."""
    parts: dict[str, int] = {}
    at = 0
    for character in trace.text:
        start, at = at, at + len(character.encode())
        holding = [token for token in row.tokens if token.stop > start and token.start < at]
        if len(holding) > 1:
            parts.setdefault(character, len(holding))
    if not parts:
        return "No character had to be cut."
    named = ", ".join(f"<b>{shown(each)}</b> ({number} tokens)" for each, number in list(parts.items())[:NAMED])
    others = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    return f"The bytes of {named}{others} stay cut: no merge joins them here."


def describe(trace: MicroscopeTrace) -> str:
    """The picture in words."""
    parts = []
    for row in trace.rows:
        unknown = sum(not token.known for token in row.tokens)
        partly = sum(token.text is None for token in row.tokens)
        facts = [plural(len(row.tokens), "token")]
        if unknown:
            facts.append(f"{unknown} of them unknown")
        if partly:
            facts.append(f"{partly} that {'is' if partly == 1 else 'are'} not whole characters")
        if row.back != trace.text:
            facts.append(f"coming back as {row.back!r}")
        parts.append(f"{row.name}: {', '.join(facts)}")
    closely = trace.closely
    lens = f" Under the lens: token {trace.place} of {trace.inspected}, {_said(closely)}." if closely else ""
    return f"{plural(len(trace.text), 'character')}. " + "; ".join(parts) + f".{lens}"


def _said(token: Token) -> str:
    what = "no whole characters" if token.text is None else repr(token.text)
    return f"{what}, id {token.id}, bytes {token.start} to {token.stop - 1}"
