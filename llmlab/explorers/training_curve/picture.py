"""The picture of the growing curve as HTML, the reason of what is seen, and the same in words.

The chart of the training replay, while the run is under way: the goal as a line, another run as a ghost, how long it
will take, and what the model writes by now. Each measurement tells its losses to a pointer; in a finished run a press
or a sweep goes back to it.
"""

from __future__ import annotations

from html import escape

from llmlab.explorers.host.markup import cell, numbers, scrolling, table
from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural
from llmlab.explorers.training_curve.values import CurveTrace
from llmlab.explorers.training_replay.chart import Axis, Line, live_chart, step_ticks, still_chart, swatch
from llmlab.explorers.training_replay.reading import reading

AXES = {"linear": Axis(0, 7), "logarithmic": Axis(0.1, 10, logarithmic=True)}
TITLE = "Loss, nats per token"


def render(trace: CurveTrace, slots: str | None = None) -> str:
    """The chart, how far the run is, and what the model writes.

    Args:
        slots: where the run can be taken to by a press, if not to its own stops.
    """
    steps = max(trace.steps, trace.done)
    here, at = "", f"left:{100 * trace.at / steps:.2f}%"
    if trace.at < trace.done:
        here = f'<span class="llmlab-run-veil" style="{at}"></span>'
    if trace.done:
        said = touch(say=_losses(trace)) if trace.at < trace.done else ""
        here += f'<span class="llmlab-run-playhead"{said} style="{at}"></span>'
    slots = _slots(trace, steps) if slots is None else slots
    goal = f'<span class="llmlab-run-goal" style="top:{_axis(trace).down(trace.goal):.1f}%">goal {trace.goal:g}</span>'
    chart = live_chart(
        _lines(trace),
        axis=_axis(trace),
        steps=steps,
        alt=describe(trace),
        inside=f'{goal}<div class="llmlab-run-here">{here}{slots}</div>',
        kind="llmlab-run-chart-loss",
    )
    beside = f"{_progress(trace)}{_sample(trace)}"
    return (
        f'<div class="llmlab-replay"><div class="llmlab-run-stack"><div class="llmlab-run-legend"><b>{TITLE}</b>'
        f'{_legend(trace)}</div>{chart}{step_ticks(steps)}</div><div class="llmlab-beside-charts">'
        f"{beside}</div></div>"
    )


def _slots(trace: CurveTrace, steps: int) -> str:
    """A strip for each stop: it tells its losses. In a finished run, whose kernel is free to answer, it is pressed."""
    slots, left = "", 0.0
    for number, stop in enumerate(trace.stops, 1):
        after = trace.stops[number] if number < len(trace.stops) else 2 * steps - stop
        right = min((stop + after) / 2, steps)
        press = {"upto": f"{number}"} if trace.finished else {}
        its = touch(key=f"step{stop}", press=press, tip=_losses(trace.seen_at(stop)))
        where = f"left:{100 * left / steps:.2f}%;width:{100 * (right - left) / steps:.2f}%"
        slots, left = slots + f'<span class="llmlab-run-slot"{its} style="{where}"></span>', right
    group = touch(key="slots", group="follow", sweep=True) if trace.finished else ""
    return f'<div class="llmlab-run-slots"{group}>{slots}</div>'


def _losses(trace: CurveTrace) -> str:
    """The step that is looked at, and its losses."""
    validation = f", validation {trace.seen[-1][1]:.2f}" if trace.seen else ""
    return f"step {trace.at}: batches {trace.batches:.2f}{validation}"


def _axis(trace: CurveTrace) -> Axis:
    """Up to 7 nats, which no untrained model of the lessons exceeds by much; higher only for one that does."""
    if trace.logarithmic:
        return AXES["logarithmic"]
    highest = max((value for _, value in (*trace.loss, *trace.validation)), default=0)
    return AXES["linear"] if not highest > 7 else Axis(0, highest)


def _lines(trace: CurveTrace) -> list[Line]:
    ends = [(0, trace.goal), (max(trace.steps, trace.done), trace.goal)]
    ghost = [pair for pair in trace.ghost if pair[0] <= trace.steps]
    return [
        Line("goal", ends),
        *([Line("ghost", ghost)] if ghost else []),
        Line("batches", trace.loss),
        Line("validation", trace.validation),
    ]


def _legend(trace: CurveTrace) -> str:
    values = {
        "batches": "–" if trace.batches is None else f"{trace.batches:.2f}",
        "validation": f"{trace.seen[-1][1]:.2f}" if trace.seen else "–",
    }
    named = "".join(f"<span>{swatch(look)} {look} <output>{value}</output></span>" for look, value in values.items())
    ghost = f"<span>{swatch('ghost')} run D of the replay</span>" if trace.ghost else ""
    return named + ghost


def _progress(trace: CurveTrace) -> str:
    share = min(trace.done / trace.steps, 1)
    return (
        f'<div class="llmlab-run-far"><b>Step {trace.done}</b> of {trace.steps}<span>{_left(trace)}</span>'
        f'<div class="llmlab-run-bar"><i style="width:{100 * share:.1f}%"></i></div></div>'
    )


def _left(trace: CurveTrace) -> str:
    if trace.done >= trace.steps:
        return "finished"
    if trace.seconds_left is None and len(trace.validation) > 1:
        return ""  # recorded: nobody waits
    if trace.seconds_left is None:
        return "time left: known after two measurements" if trace.done else "not begun"
    if trace.seconds_left < 90:
        return f"about {plural(max(1, round(trace.seconds_left)), 'second')} left"
    return f"about {plural(round(trace.seconds_left / 60), 'minute')} left"


def _sample(trace: CurveTrace) -> str:
    if trace.sample is None:
        return ""
    step, written = trace.sample
    return (
        f'<div class="llmlab-run-writes"><b>After step {step} it writes</b>'
        f'<p class="llmlab-run-sample">{escape(written)}<span class="llmlab-run-caret"></span></p></div>'
    )


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: CurveTrace) -> str:
    """What the two losses say so far."""
    if not trace.done:
        return "No step yet: every token is about as likely as any other, so the loss will begin near ln V."
    if not trace.seen:
        return "Nothing has been measured on a validation text: a falling loss may be batches learned by heart."
    seen, follows = reading(trace.losses[: trace.at], trace.seen, group=trace.group)
    return escape(f"{seen}: {follows}")


def more(trace: CurveTrace) -> str:
    """A row for each measurement."""
    ghost = dict(trace.ghost)
    head = "<th>step</th><th>validation</th>" + ("<th>run D of the replay</th>" if ghost else "")
    rows = ""
    for step, value in trace.validation:
        other = [f"{ghost[step]:.3f}" if step in ghost else ""] if ghost else []
        rows += f"<tr>{''.join(map(cell, [step, f'{value:.3f}', *other]))}</tr>"
    facts = {"steps": f"{trace.done} of {trace.steps}", "goal": f"{trace.goal:g}"}
    if not rows:
        return numbers(facts) + "<p>Nothing has been measured yet.</p>"
    return numbers(facts) + scrolling("All measurements", table(rows, head=head))


def stand_in(trace: CurveTrace) -> str:
    """The chart as an image."""
    steps = max(trace.steps, trace.done)
    return still_chart(_lines(trace), title=TITLE, axis=_axis(trace), steps=steps, alt=describe(trace))


def describe(trace: CurveTrace) -> str:
    """The trace in words."""
    if not trace.loss:
        return f"No step yet of {trace.steps}: the curve grows while the model trains. The goal is {trace.goal:g}."
    text = f"After {trace.done} of {trace.steps} steps the loss of the batches is {trace.loss[-1][1]:.2f}"
    text += f", at first it was {trace.loss[0][1]:.2f}."
    if trace.validation:
        step, value = min(trace.validation, key=lambda pair: pair[1])
        text += f" Validation loss: {trace.validation[-1][1]:.2f}, lowest {value:.2f} at step {step}."
    if trace.at < trace.done:
        text += f" Looked at: {_losses(trace)}."
    return f"{text} The model writes: {trace.sample[1]}" if trace.sample and trace.sample[1] else text
