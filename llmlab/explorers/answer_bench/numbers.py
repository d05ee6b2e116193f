"""All numbers of the answer bench as tables: what the fold shows, and the still picture."""

from __future__ import annotations

from html import escape

from llmlab.explorers.answer_bench.values import AnswerTrace
from llmlab.explorers.host.markup import cell, numbers, scrolling, table


def more(trace: AnswerTrace) -> str:
    """Every token of the answer with its rivals, and the attention of the chosen one in all layers."""
    facts = {
        "numbers that tuning changed": f"{trace.parameters:,}",
        "questions right": f"{sum(trace.marks)} of {len(trace.marks)}",
        "tokens of the answer": len(trace.answer.steps),
    }
    return f"{numbers(facts)}{_rivals(trace)}{_looks(trace)}"


def _rivals(trace: AnswerTrace) -> str:
    rows = ""
    for number, step in enumerate(trace.answer.steps):
        cells = "".join(f"<td>{escape(token)} {share:.1%}</td>" for token, share in step.top)
        rows += f"<tr><th>{number + 1}</th>{cells}</tr>"
    places = "".join(f"<th>{place}</th>" for place in ("chosen", "second", "third", "fourth"))
    return scrolling("The tokens of the answer", table(rows, head=f"<th>token</th>{places}"))


def _looks(trace: AnswerTrace) -> str:
    rows = ""
    for at, token in enumerate(trace.read):
        shares = "".join(cell(f"{layer[at]}%") for layer in trace.now.looks)
        rows += f"<tr><th>{escape(token)}</th>{shares}</tr>"
    head = "<th>reads</th>" + "".join(f"<th>layer {layer}</th>" for layer in range(1, len(trace.now.looks) + 1))
    return scrolling("Where the chosen token looks", table(rows, head=head))
