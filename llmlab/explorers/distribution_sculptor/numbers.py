"""All numbers of the distribution sculptor as a table: what the fold shows, and the still picture."""

from __future__ import annotations

from collections import Counter
from html import escape

from llmlab.explorers.distribution_sculptor.values import DRAWS, ROWS, SculptorTrace
from llmlab.explorers.host.markup import cell, numbers, scrolling, table


def more(trace: SculptorTrace) -> str:
    """The trace as a table: the order of operations, totals, and a table with a bar for each token."""
    return _order(trace) + _numbers(trace) + _table(trace) + _draws(trace)


def _order(trace: SculptorTrace) -> str:
    """The steps in the order in which they are taken."""
    if not trace.temperature:
        steps = ["logits", "temperature 0: the largest alone (greedy)", "draw"]
    else:
        steps = ["logits", f"÷ temperature {trace.temperature:g}"]
        steps += [f"keep the top {trace.top_k}"] if trace.top_k else []
        steps += ["softmax"]
        steps += [f"keep the first that reach {trace.top_p:g}, divide by their sum"] if trace.top_p else []
        steps += ["draw"]
    return f'<div class="llmlab-numbers llmlab-steps">{" → ".join(f"<span>{step}</span>" for step in steps)}</div>'


def _numbers(trace: SculptorTrace) -> str:
    facts = {
        "can be drawn": f"{int((trace.probabilities > 0).sum())} of {len(trace.tokens)}",
        "sum": f"{trace.total:.3f}",
        "entropy": f"{trace.entropy:.2f} bits",
        "as open as": f"{trace.choices:.1f} equal tokens",
        "came next in the text": f"{trace.n_seen} tokens",
        "chance of another one": percent(trace.unseen),
    }
    return numbers(facts)


def _table(trace: SculptorTrace) -> str:
    names = ["token", "came next", "logit", "÷ temp.", "softmax", "after top-k", "running sum", "probability", "", ""]
    head = "".join(f"<th>{name}</th>" for name in [*names, "drawn"])
    running = trace.after_top_k.cumsum(dim=0).tolist()
    scaled = ["–"] * ROWS if trace.scaled is None else [f"{value:.2f}" for value in trace.scaled[:ROWS].tolist()]
    logits, softened = trace.logits[:ROWS].tolist(), trace.softened.tolist()
    after_top_k, in_top_k = trace.after_top_k.tolist(), trace.in_top_k.tolist()
    probabilities, kept = trace.probabilities.tolist(), trace.kept.tolist()
    drawn = Counter(trace.drawn)
    rows = ""
    for i in range(ROWS):
        cut = (
            "" if kept[i] else "cut by top-p" if in_top_k[i] else "cut by top-k" if trace.temperature else "not largest"
        )
        left = [f"{after_top_k[i]:.3f}", f"{running[i]:.3f}"] if in_top_k[i] else ["–", "–"]
        values = [trace.seen[i], f"{logits[i]:.2f}", scaled[i], f"{softened[i]:.3f}", *left, f"{probabilities[i]:.3f}"]
        share, look = (probabilities[i], "kept") if probabilities[i] > 0 else (softened[i], "cut")
        rows += (
            f'<tr><th class="llmlab-token">{escape(trace.tokens[i])}</th>{"".join(map(cell, values))}'
            f"{_bar(look, share)}<td>{cut}</td>{cell(drawn[i] or '')}</tr>"
        )
    others = range(ROWS, len(trace.tokens))
    sums = [sum(values[i] for i in others) for values in (trace.seen, softened, after_top_k, probabilities)]
    left = sum(probabilities[i] > 0 for i in others)
    rows += (
        f"<tr><th>{len(others)} others</th>{cell(sums[0])}{cell('')}{cell('')}{cell(f'{sums[1]:.3f}')}"
        f"{cell(f'{sums[2]:.3f}')}{cell('')}{cell(f'{sums[3]:.3f}')}"
        f"{_bar('kept' if left else 'cut', sums[3] if left else sums[1])}<td>{left} kept</td>"
        f"{cell(sum(drawn[i] for i in others) or '')}</tr>"
    )
    return scrolling("From logits to probabilities", table(rows, head=head, kind="llmlab-sculptor"))


_COLOUR = "#2272b4"  # holds 3:1 against a white and a black page


def _bar(look: str, share: float) -> str:
    """A share of 1, in every state."""
    width = f"width: {100 * share:.1f}%"
    if look == "kept":
        width += f"; background-color: {_COLOUR}"
    return f'<td class="llmlab-share-cell"><div class="llmlab-{look}" style="{width}">&nbsp;</div></td>'


def _draws(trace: SculptorTrace) -> str:
    words = " ".join(escape(trace.tokens[place]) for place in trace.drawn)
    return f'<p>{DRAWS} draws: <span class="llmlab-drawn">{words}</span></p>'


def percent(share: float) -> str:
    """A share in percent; what is small but not nothing does not look like nothing."""
    return "0%" if share == 0 else "less than 0.1%" if share < 0.001 else f"{100 * share:.1f}%"
