"""Learning merges from a text: `train_bpe`.

It checks what it is given and counts the chunks; finding the merges, again and again the most frequent pair, is done by
`_learning`.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterable

from llmlab.bpe._chunks import chunks_of, compile_pattern
from llmlab.bpe._gpt2 import GPT2_PATTERN
from llmlab.bpe._learning import collector_at_rest, learn_merges
from llmlab.bpe._special import special_names
from llmlab.bpe.encoding import BPETokenizer
from llmlab.utils.arguments import as_count
from llmlab.utils.special import SpecialFinder
from llmlab.utils.text import refuse_unencodable


def train_bpe(
    text: str | Iterable[str],
    vocab_size: int,
    *,
    pattern: str | None = GPT2_PATTERN,
    special_tokens: Iterable[str] = (),
    min_frequency: int = 1,
    tie_break: str = "first",
) -> BPETokenizer:
    """Learn byte pair merges: again and again, the most frequent pair of neighbouring symbols becomes one new symbol.

    Pairs are counted at all neighbouring positions (three times in "aaaa") and merged from left to right.

    Args:
        text: the text to learn from, or an iterable of documents; nothing is merged across two documents.
        vocab_size: how many tokens there shall be: the 256 bytes, the merges and the special tokens together.
        pattern: cuts the text into chunks, in the syntax of the `regex` library; nothing is merged across two chunks.
            A character that it does not match becomes a chunk of its own. None: the text is one chunk.
        special_tokens: names such as "<|endoftext|>". The text is cut at them (at the longest, where two begin at the
            same place), and their bytes are not counted.
        min_frequency: a pair that occurs less often than this is not merged.
        tie_break: which of several equally frequent pairs is merged. "first": the one whose first occurrence in the
            current sequence comes first. "lexicographic": the greatest pair of byte strings.

    Returns:
        The tokenizer. Ids 0-255 are the bytes, then comes one id for each merge, then the special tokens.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of range, a lone surrogate in the text.

    Warns:
        UserWarning: the pairs ran out, or fell below `min_frequency`, before `vocab_size` was reached.

    >>> tokenizer = train_bpe("low lower lowest", vocab_size=259)
    >>> tokenizer.merges
    [(b'l', b'o'), (b'lo', b'w'), (b' ', b'low')]
    >>> tokenizer.encode("low slow")
    [257, 32, 115, 257]
    """
    names = special_names(special_tokens)
    why = f" (256 bytes and {len(names)} special tokens)"
    vocab_size = as_count("vocab_size", vocab_size, 256 + len(names), why)
    min_frequency = as_count("min_frequency", min_frequency)
    if tie_break not in ("first", "lexicographic"):
        raise ValueError(f"tie_break must be 'first' or 'lexicographic', got {tie_break!r}")
    if isinstance(text, bytes) or not isinstance(text, Iterable):
        raise TypeError(f"text must be a str or an iterable of str, got {type(text).__name__}")

    chunks = _count_chunks([text] if isinstance(text, str) else text, pattern, names)
    wanted = vocab_size - 256 - len(names)
    with collector_at_rest():
        merges = learn_merges(chunks, wanted, min_frequency, tie_break)
    if len(merges) < wanted:
        why = (
            "no pair is left" if min_frequency == 1 else f"no pair occurs min_frequency={min_frequency} times any more"
        )
        warnings.warn(
            f"made {len(merges)} merges of the {wanted} that vocab_size={vocab_size} asks for: {why}. "
            f"The vocabulary has {256 + len(merges) + len(names)} tokens; a longer text allows more.",
            stacklevel=2,
        )
    return BPETokenizer(merges, pattern=pattern, special_tokens=names)


def _count_chunks(documents: Iterable[str], pattern: str | None, names: Collection[str]) -> dict[bytes, int]:
    """How often each chunk occurs, in the order of first appearance, on which the tie rule "first" rests."""
    compiled, special = compile_pattern(pattern), SpecialFinder(names)
    counts: Counter[str] = Counter()
    for number, document in enumerate(documents):
        if not isinstance(document, str):
            raise TypeError(f"document {number} of the text must be a str, got {type(document).__name__}")
        refuse_unencodable(document)
        for plain in special.split(document)[::2]:  # [1::2] are the special tokens
            counts.update(chunks_of(plain, compiled))
    return {chunk.encode(): n for chunk, n in counts.items()}
