"""The pipeline map in words: the reason of what is seen, and the text alternative."""

from __future__ import annotations

from llmlab.explorers.host.words import plural
from llmlab.explorers.pipeline_map.numbers import said, shape, shown
from llmlab.explorers.pipeline_map.values import COLUMNS, PipelineTrace


def why(trace: PipelineTrace) -> str:
    """What the chosen position takes from where, and what is expected after it."""
    at, here = trace.position, f"<b>{shown(trace.tokens[trace.position])}</b>"
    id, probability = trace.most_probable(1)[0]
    guess = f"it expects <b>{shown(trace.vocabulary[id])}</b> ({probability:.0%})"
    wrote = ""
    if trace.written:
        wrote = (
            f"The model wrote the last {plural(trace.written, 'token')}, one pass each: it took the most probable "
            "one, put it behind the text, and read it all again. "
        )
    if at == 0:
        return f"{wrote}{here} is the first token, so it can look at nothing but itself; {guess}."
    weight, source = (float(value) for value in trace.attention.max(dim=0))
    head = f"In layer {trace.layer}, head {trace.head}"
    if int(source) == at:
        return f"{wrote}{head} {here} takes most from itself ({weight:.0%}). From all heads together {guess}."
    far = "just before it" if at - source == 1 else f"{at - source:.0f} tokens before"
    there = f"<b>{shown(trace.tokens[int(source)])}</b>"
    return (
        f"{wrote}{head} {here} takes {weight:.0%} from {there}, {far}: so what stands there can reach the guess. "
        f"From all heads together {guess}."
    )


def describe(trace: PipelineTrace) -> str:
    """The map in words."""
    T, last = len(trace.tokens), trace.position
    tokens = ("… | " if T > COLUMNS else "") + " | ".join(map(said, trace.tokens[-COLUMNS:]))
    weight, source = trace.attention.max(dim=0)
    nexts = ", ".join(f"{said(trace.vocabulary[id])!r} {p:.2f}" for id, p in trace.most_probable(3))
    wrote = f" The last {trace.written} are the model's own, each the most probable one." if trace.written else ""
    return (
        f"{plural(T, 'token')}: {tokens}.{wrote} "
        f"Embeddings {shape(trace.embeddings)}, attention weights {shape(trace.weights[0])} in each of "
        f"{len(trace.weights)} layers, logits {shape(trace.logits)}. Layer {trace.layer}, head {trace.head}: "
        f"position {last} ({said(trace.tokens[last])!r}) looks most at position {source} "
        f"({said(trace.tokens[source])!r}), weight {weight:.2f}. Most probable after position {last}: {nexts}."
    )
