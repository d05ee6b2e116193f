"""All numbers of the window map, and the windows as a table: what the fold shows, and the still picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from llmlab.explorers.host.markup import numbers, scrolling
from llmlab.explorers.host.words import visible
from llmlab.explorers.window_map.values import WindowTrace


def more(trace: WindowTrace) -> str:
    """The map as a table: one row per token, one column per window, bars for input and target; the numbers above it."""
    return _numbers(trace) + _first_window(trace) + _map(trace)


def _numbers(trace: WindowTrace) -> str:
    total = sum(trace.target_counts)
    facts = {
        "windows": len(trace.inputs),
        "dropped": len(trace.dropped),
        "batches per epoch": len(trace.batches),
        "shape of a batch": trace.batch_shapes[0] if trace.batches else "–",
        "targets trained": f"{trace.tokens_trained} of {max(0, len(trace.tokens) - 1)}",
        "times each": f"{total / trace.tokens_trained:.2f}" if trace.tokens_trained else "–",
    }
    return numbers(facts)


def _first_window(trace: WindowTrace) -> str:
    """The first window of the first batch as the model gets it: input above target, aligned."""
    if not trace.batches:
        return ""
    window = trace.batches[0][0]
    rows = ""
    for kind, positions in (("input", trace.inputs[window]), ("target", trace.targets[window])):
        cells = "".join(f'<td class="llmlab-token llmlab-boxed">{shown(trace.tokens[i])}</td>' for i in positions)
        rows += f"<tr><th>{_key(kind)} {kind}</th>{cells}</tr>"
    return (
        f"<div>First row of batch 0 (window {window}): each target stands below the token that it follows.</div>"
        + scrolling("The first row of batch 0", f'<table class="llmlab-grid">{rows}</table>')
    )


def _map(trace: WindowTrace) -> str:
    """One row a token; each window is two neighbouring bars, its input and, one row lower, its target."""
    groups = [(str(number), batch) for number, batch in enumerate(trace.batches)]
    if trace.dropped:
        groups.append(("left out", trace.dropped))
    batch_head = window_head = ""
    bars = []
    for name, group in groups:
        batch_head += f'<th colspan="{2 * len(group)}" class="llmlab-edge">{name}</th>'
        for window in group:
            edge = " llmlab-edge" if window == group[0] else ""
            window_head += f'<th colspan="2" class="llmlab-window{edge}">{window}</th>'
            left_out = name == "left out"
            bars.append(_bar(trace.inputs[window], len(trace.tokens), "left" if left_out else "input", edge))
            bars.append(_bar(trace.targets[window], len(trace.tokens), "left" if left_out else "target", ""))
    body = ""
    for position, token in enumerate(trace.tokens):
        body += (
            f'<tr><td class="llmlab-number">{position}</td><td class="llmlab-token">{shown(token)}</td>'
            f"{_times(trace, position)}{''.join(bar[position] for bar in bars)}</tr>"
        )
    windows = (
        '<table class="llmlab-grid llmlab-windows"><thead>'
        f'<tr><th></th><th></th><th class="llmlab-number">batch</th>{batch_head}</tr>'
        f'<tr><th></th><th>token</th><th class="llmlab-number">window</th>{window_head}</tr>'
        f"</thead><tbody>{body}</tbody></table>"
    )
    return (
        f"{scrolling('The windows over the text', windows)}"
        f"<div>{_key('input')} input &nbsp; {_key('target')} target &nbsp; {_key('left')} left out by drop_last &nbsp; "
        "2×: a target twice an epoch</div>"
    )


# Fixed colours that hold 3:1 against a white and a black page; the stylesheet adds a hatching that tells the bars apart
# without colour, and these inline ones are what is left where a page strips stylesheets (an untrusted notebook).
_COLOUR = {"input": "#2272b4", "target": "#b8520a", "left": "#808080"}


def _key(kind: str) -> str:
    return f'<span class="llmlab-key llmlab-{kind}" style="background-color: {_COLOUR[kind]}">&nbsp; &nbsp;</span>'


def _bar(positions: Sequence[int], n_tokens: int, kind: str, edge: str) -> list[str]:
    """One column of the map as the HTML that each row contributes: a cell where a run starts, else nothing."""
    covered = [position in positions for position in range(n_tokens)]
    cells = [""] * n_tokens
    start = 0
    for position in range(1, n_tokens + 1):
        if position < n_tokens and covered[position] == covered[start]:
            continue
        look = f'class="llmlab-run llmlab-{kind}{edge}" style="background-color: {_COLOUR[kind]}"'
        look = look if covered[start] else f'class="llmlab-gap{edge}"'
        cells[start] = f'<td rowspan="{position - start}" {look}></td>'
        start = position
    return cells


def _times(trace: WindowTrace, position: int) -> str:
    count = trace.target_counts[position]
    if position == 0:
        return '<td class="llmlab-number">–</td>'
    if count == 0:
        return '<td class="llmlab-number llmlab-flag">never</td>'
    return f'<td class="llmlab-number">{count}×</td>'


def shown(token: str) -> str:
    """A token as text that can be seen: spaces as a raised dot, line ends as an arrow; escaped."""
    return escape(visible(token))
