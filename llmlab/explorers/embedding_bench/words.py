"""The embedding bench in words: the reason of what is seen, and the text alternative of the picture."""

from __future__ import annotations

from html import escape

from llmlab.explorers.embedding_bench.numbers import POSITIONS, two
from llmlab.explorers.embedding_bench.values import SAME, SENTENCE, BenchTrace
from llmlab.explorers.host.words import plural


def why(trace: BenchTrace) -> str:
    """Where the words lie and why, then what the places did to the sentence."""
    return " ".join(filter(None, (_of_the_table(trace), _of_the_places(trace))))


def _of_the_table(trace: BenchTrace) -> str:
    close = ", ".join(escape(word) for word, _ in trace.neighbours[:3])
    nearest = f"nearest to {escape(trace.near)} {'are' if len(trace.neighbours) > 1 else 'is'} {close}" if close else ""
    if not trace.step:
        drawn = "This table was drawn at random and has learned nothing"
        return f"{drawn}: {nearest}, by chance." if nearest else f"{drawn}."
    trained = f"{trace.step:,} steps of training have moved words that stand among the same words together"
    return f"{trained}: {nearest}." if nearest else f"{trained}."


def _of_the_places(trace: BenchTrace) -> str:
    if not trace.words:
        return ""
    return f"{_cause(trace)}{_order(trace)}"


def _cause(trace: BenchTrace) -> str:
    T = len(trace.words)
    pair = f"the two <b>{escape(trace.words[trace.repeated[0][0]])}</b>" if trace.repeated else ""
    if trace.positions == "none":
        same = f"{pair} are one dot" if pair else "a word is the same dot wherever it stands"
        return f"A table has one row for a word: {same}."
    apart = f"{pair} {'part' if trace.told_apart else 'stay together'}, and " if pair else ""
    kept, nearest = int(trace.same_length.sum()), int(trace.still_nearest.sum())
    if trace.positions == "rotary":
        did = "Each pair of numbers was turned by the place"
        length = "no length changed" if kept == T else f"{T - kept} of {T} lengths changed"
    else:
        did = "A vector for the place was added to each word"
        length = f"{T - kept} of {plural(T, 'length')} changed" if kept < T else "no length changed"
    own = f"{plural(nearest, 'vector')} of {T} {'is' if nearest == 1 else 'are'} still nearest to the word itself"
    return f"{did}: {apart}{length}; {own}."


def _order(trace: BenchTrace) -> str:
    if not trace.moved:
        return ""
    moved, noticed = len(trace.moved), len(trace.noticed)
    if not noticed:
        return f" {plural(moved, 'word')} stand elsewhere, and no vector shows it."
    return f" {plural(moved, 'word')} stand elsewhere, and {noticed} of their vectors changed."


def describe(trace: BenchTrace) -> str:
    """The bench in words."""
    if not trace.words:
        unknown = f" Not in the vocabulary: {', '.join(trace.unknown)}." if trace.unknown else ""
        return f"No word to show.{unknown} Try: {SENTENCE}"
    source = "a random table" if trace.step is None else f"the table after {trace.step:,} training steps"
    sentences = [f"{' '.join(trace.words)}: {trace.vectors.shape[1]} numbers per word, from {source}."]
    if trace.positions != "none":
        sentences.append(f"Positions: {POSITIONS[trace.positions]}.")
    for i, j in trace.repeated[:1]:
        same = "have the same vector" if not trace.told_apart else f"have cosine {two(trace.cosines[i, j])}"
        sentences.append(f"The two {trace.words[i]!r} {same}.")
    if trace.moved:
        changed = int((trace.changes > SAME).sum())
        sentences.append(
            f"Shuffled: {changed} of {len(trace.words)} vectors changed, the others only moved with their word; "
            f"the mean of all rows {'changed' if trace.mean_change > SAME else 'did not'}."
        )
    if trace.near:
        near = ", ".join(f"{word} {two(cosine)}" for word, cosine in trace.neighbours)
        sentences.append(f"Nearest to {trace.near} in the table: {near}.")
    if trace.analogy:
        sentences.append(f"king - man + woman is nearest to {trace.analogy[0]}, cosine {two(trace.analogy[1])}.")
    lost = [
        f"{word} (to {trace.nearest_word[place]})"
        for place, word in enumerate(trace.words)
        if not trace.still_nearest[place]
    ]
    if lost:
        sentences.append(f"Nearer to another word than to their own: {', '.join(lost)}.")
    if trace.unknown:
        sentences.append(f"Not in the vocabulary: {', '.join(trace.unknown)}.")
    if trace.left_out:
        sentences.append(f"{trace.left_out} more words have no room here.")
    return " ".join(sentences)
