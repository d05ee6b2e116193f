"""The picture of the window map as HTML, the reason of what is seen, and the same in words.

The text runs across, as it is read; each window is a row, as it is in the tensor (B, T). The end of the first window,
the start of the second and the end of the first batch can be dragged. Below, how often each token is asked.
"""

from __future__ import annotations

from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural, visible
from llmlab.explorers.window_map.numbers import shown
from llmlab.explorers.window_map.values import MAX_BATCH, MAX_LENGTH, MAX_STRIDE, WindowTrace

ROW, GAP = 18, 8  # px: a window, and what parts two batches
TOP = 4


def render(trace: WindowTrace) -> str:
    """The map: text, windows in their batches, and the count of each token."""
    n = len(trace.tokens)
    if not n:
        return "<p>No tokens: type a text.</p>"
    groups = [*((f"batch {number}", batch) for number, batch in enumerate(trace.batches))]
    groups += [("left out", trace.dropped)] if trace.dropped else []
    tops, y = {}, TOP
    brackets = bars = ""
    for number, (name, group) in enumerate(groups):
        start = y
        for window in group:
            tops[window] = y
            bars += _window(trace, window, y, name == "left out")
            y += ROW
        brackets += (
            f'<span class="llmlab-bracket"{touch(key=f"group{number}")} style="top:{start}px;height:{y - start - 2}px">'
            f"{_bracket(name)}</span>"
        )
        y += GAP
    height = max(y, TOP + ROW)
    return (
        f'<div class="llmlab-map"><span class="llmlab-narrow-head">batch</span>{_heads(trace)}'
        f'<div class="llmlab-brackets" style="height:{height}px">'
        f'{brackets}{_batch_grips(trace, tops)}</div><div class="llmlab-lanes"{touch(key="lanes", group="sizes")} '
        f'style="height:{height}px;background-size:{100 / n:.4f}% 100%">{bars}{_length_grips(trace, tops)}'
        f'{_stride_grips(trace, tops)}</div><span class="llmlab-small">times a target</span>{_counts(trace)}</div>'
        '<p class="llmlab-hint"><span class="llmlab-swatch llmlab-in"></span> input '
        '<span class="llmlab-swatch llmlab-out"></span> target, one later &nbsp; Drag a handle: the end of the first '
        "window (context length), the start of the second (stride), the end of the first batch (batch size).</p>"
    )


def _bracket(name: str) -> str:
    """Where it is narrow, the word "batch" stands once, above all of them."""
    word, _, number = name.partition(" ")
    return f"<i>{word} </i>{number}" if word == "batch" else name


def _heads(trace: WindowTrace) -> str:
    heads = "".join(
        f"<span{touch(key=f'head{at}', link=f'p{at}')}><i>{shown(token)}</i></span>"
        for at, token in enumerate(trace.tokens)
    )
    return f'<div class="llmlab-heads">{heads}</div>'


def _window(trace: WindowTrace, window: int, top: int, lost: bool) -> str:
    """Two bars for a window: input, and target below it, one to the right."""
    bars = ""
    for kind, positions, below in (("in", trace.inputs[window], 0), ("out", trace.targets[window], 8)):
        words = "".join(trace.tokens[at] for at in positions).strip()
        said = f"window {window}, {'input' if kind == 'in' else 'target'}: {words}"
        link = " ".join(f"p{at}" for at in positions) + f" w{window}"
        look = f'class="llmlab-bar llmlab-{kind}{" llmlab-lost" if lost else ""}"'
        place = _across(min(positions), max(positions) + 1 - min(positions), len(trace.tokens))
        its = touch(key=f"{kind}{window}", link=link, tip=said)
        bars += f'<span {look}{its} style="{place};top:{top + below}px"></span>'
    return bars


def _across(start: int, length: int, n_tokens: int) -> str:
    return f"left:{100 * start / n_tokens:.3f}%;width:{100 * length / n_tokens:.3f}%"


def _length_grips(trace: WindowTrace, tops: dict[int, int]) -> str:
    """Where the first window could end."""
    if 0 not in tops:
        return ""
    grips = ""
    for length in range(1, min(MAX_LENGTH, len(trace.tokens) - 1) + 1):
        its = touch(key=f"length{length}", press={"max_length": length}, tip=f"context length {length}")
        grips += _grip(its, length - 1, tops[0], len(trace.tokens), "end")
    return f"<div{touch(key='lengths', sweep=True)}>{grips}</div>"


def _stride_grips(trace: WindowTrace, tops: dict[int, int]) -> str:
    """Where the second window could start."""
    if 1 not in tops:
        return ""
    grips = ""
    for stride in range(1, min(MAX_STRIDE, len(trace.tokens) - 1) + 1):
        its = touch(
            key=f"stride{stride}", press={"stride": stride}, tip=f"stride {stride}: the second window starts here"
        )
        grips += _grip(its, stride, tops[1], len(trace.tokens), "start")
    return f"<div{touch(key='strides', sweep=True)}>{grips}</div>"


def _grip(its: str, at: int, top: int, n_tokens: int, edge: str) -> str:
    return (
        f'<span class="llmlab-grip llmlab-grip-{edge}"{its} style="{_across(at, 1, n_tokens)};top:{top - 3}px"></span>'
    )


def _batch_grips(trace: WindowTrace, tops: dict[int, int]) -> str:
    """Where the first batch could end: below each of the first windows as they lie now."""
    grips = ""
    order = [*trace.kept, *trace.dropped]
    for size in range(1, min(MAX_BATCH, len(order)) + 1):
        its = touch(key=f"size{size}", press={"batch_size": size}, tip=f"batch size {size}")
        grips += f'<span class="llmlab-size"{its} style="top:{tops[order[size - 1]] + ROW - 9}px"></span>'
    return f'<div class="llmlab-sizes"{touch(key="sizes", group="sizes", sweep=True)}>{grips}</div>'


def _counts(trace: WindowTrace) -> str:
    cells = ""
    for at, count in enumerate(trace.target_counts):
        first = at == 0 and count == 0
        kind = "first" if first else "never" if count == 0 else "once" if count == 1 else "many"
        times = "never" if count == 0 else f"{count} times" if count > 1 else "once"
        said = "nothing precedes the first token" if first else f"{trace.tokens[at].strip()}: {times} a target"
        cells += (
            f'<span class="llmlab-count llmlab-{kind}"{touch(key=f"count{at}", link=f"p{at}", tip=said)}>'
            f'<i style="height:{4 * min(count, MAX_LENGTH)}px"></i><b>{"–" if first else count}</b></span>'
        )
    return f'<div class="llmlab-counts">{cells}</div>'


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: WindowTrace) -> str:
    """Which setting makes tokens be asked twice, or never."""
    if not trace.inputs:
        return "No window: the text has to be longer than the context."
    counts, starts = trace.target_counts, [window[0] for window in trace.inputs]
    length, step = len(trace.inputs[0]), starts[1] - starts[0] if len(starts) > 1 else trace.stride
    never = {at for at, count in enumerate(counts) if at and not count}
    often = sum(count > 1 for count in counts)
    causes = []
    if counts[0]:
        causes.append("the first token is a target, which nothing precedes")
    if often:
        late = plural(step, "token")
        overlap = (
            f"the next window starts {late} later and is {length} long: they overlap, so " if step < length else ""
        )
        causes.append(f"{overlap}{plural(often, 'token')} {_is(often)} asked more than once")
    lost = never & {at for window in trace.dropped for at in trace.targets[window]}
    if lost:
        dropped = len(trace.dropped)
        causes.append(
            f"{plural(dropped, 'window')} {'fills' if dropped == 1 else 'fill'} no batch of {trace.batch_size} and "
            f"{_is(dropped)} left out, with {plural(len(lost), 'token')} that no other window asks"
        )
    last = max(at for window in trace.targets for at in window)
    skipped = sum(at < last for at in never - lost)
    if skipped:
        gaps = f"a stride of {step} leaves gaps between windows of {length}: " if step > length else ""
        causes.append(f"{gaps}{plural(skipped, 'token')} in between {_is(skipped)} never asked")
    rest = sum(at > last for at in never)
    if rest:
        causes.append(
            f"no further window fits in at the end, so the last {plural(rest, 'token')} {_is(rest)} never asked"
        )
    if causes:
        text = "; ".join(causes)
        return f"{text[0].upper()}{text[1:]}."
    ends = [window[-1] + 1 for window in trace.inputs]
    chained = "Each window begins where the one before it ends: every" if starts[1:] == ends[:-1] else "Every"
    return f"{chained} token but the first is asked <b>once</b>."


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def describe(trace: WindowTrace) -> str:
    """The map in words."""
    trainable = len(trace.tokens) - 1
    if not trace.batches:
        give = "gives" if len(trace.tokens) == 1 else "give"
        return (
            f"No batch: {plural(len(trace.tokens), 'token')} {give} {plural(len(trace.inputs), 'window')}, "
            "which is too few for one batch. Nothing is trained."
        )
    never = [visible(trace.tokens[i]) for i in range(1, len(trace.tokens)) if not trace.target_counts[i]]
    sizes = ", ".join(f"({batch}, {length})" for batch, length in dict.fromkeys(trace.batch_shapes))
    most = max(trace.target_counts)
    sentences = [
        f"{plural(len(trace.inputs), 'window')} in {plural(len(trace.batches), 'batch', 'batches')} of shape {sizes}.",
        f"{trace.tokens_trained} of {trainable} possible targets are trained, at most {most} × each.",
    ]
    if trace.dropped:
        left_out = ", ".join(map(str, trace.dropped))
        sentences.append(f"drop_last leaves out {plural(len(trace.dropped), 'window')}: number {left_out}.")
    if never:
        sentences.append(f"Never a target: {' '.join(never)}.")
    if trace.tokens_left_out:
        sentences.append(
            f"The map shows the first {len(trace.tokens)} tokens; {trace.tokens_left_out} more are not shown."
        )
    return " ".join(sentences)
