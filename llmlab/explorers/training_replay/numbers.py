"""All numbers of the training replay: what the fold shows, and the still picture."""

from __future__ import annotations

from html import escape

from llmlab.explorers.host.markup import cell, numbers, scrolling, table
from llmlab.explorers.training_replay.chart import still_chart
from llmlab.explorers.training_replay.picture import AXES, TITLES, axis_of, lines_of, said, three
from llmlab.explorers.training_replay.recorded import EVERY
from llmlab.explorers.training_replay.values import ReplayTrace


def more(trace: ReplayTrace) -> str:
    """A row for each measurement so far."""
    own = trace.own_rates
    head = f"<th>step</th><th>batches, last {EVERY}</th><th>validation</th><th>learning rate</th>"
    head += ("<th>yours</th>" if own is not None else "") + "<th>gradient norm</th>"
    rows = ""
    for step, value in trace.validation:
        here = step - 1
        values = [step, f"{trace.loss[step - EVERY : step].mean():.3f}", f"{value:.3f}", three(trace.rate[here])]
        values += [three(own[here])] if own is not None else []
        rows += f"<tr>{''.join(map(cell, [*values, three(trace.norm[here])]))}</tr>"
    return _facts(trace) + scrolling("The run in numbers", table(rows, head=head))


def _facts(trace: ReplayTrace) -> str:
    return numbers(
        {
            "run": trace.run,
            "steps": f"{trace.steps} of {trace.total_steps}",
            "lowest validation loss so far": f"{min(value for _, value in trace.validation):.3f}",
            "longest gradient so far": three(trace.norm.max()),
        }
    )


def stand_in(trace: ReplayTrace) -> str:
    """The charts as images, and what the model writes."""
    charts = "".join(
        still_chart(
            lines_of(trace, name),
            title=TITLES[name],
            axis=axis_of(trace, name),
            steps=trace.total_steps,
            alt=said(trace, name),
            height=240 if name == "loss" else 150,
        )
        for name in AXES
    )
    return f"{_facts(trace)}{charts}<p>After step {trace.steps} it writes: {escape(trace.sample)}</p>"
