"""The picture of the training replay as HTML, the reason of what is seen, and the same in words.

Eight small curves to choose a run; three charts over the same steps, with a playhead to drag, beyond which the rest of
the run is faint; what the model writes there; eight causes to press. A cause that does not fit gets a mark at the step
that speaks against it.
"""

from __future__ import annotations

from functools import cache
from html import escape

import numpy as np

from llmlab.explorers.host.touch import touch
from llmlab.explorers.training_replay.chart import LOOKS, Axis, Line, live_chart, place, step_ticks, swatch
from llmlab.explorers.training_replay.reading import reading
from llmlab.explorers.training_replay.recorded import EVERY, NOTHING, recorded_runs
from llmlab.explorers.training_replay.values import NOT_YET, SIGNS, ReplayTrace

AXES = {"loss": Axis(0, 7), "rate": Axis(1e-5, 1, logarithmic=True), "norm": Axis(1e-3, 300, logarithmic=True)}
LOGARITHMIC = Axis(1e-3, 10, logarithmic=True)  # of the loss, when it is asked for
TITLES = {"loss": "Loss, nats per token", "rate": "Learning rate", "norm": "Gradient norm, before clipping"}


def render(trace: ReplayTrace) -> str:
    """Runs, charts, what the model writes, and what could be wrong."""
    return (
        f'{_runs()}<div class="llmlab-replay"><div>{_charts(trace)}</div><div class="llmlab-beside-charts">'
        f"{_sample(trace)}{_causes(trace)}</div></div>"
    )


@cache
def _runs() -> str:
    """Each run's losses, small, on one axis."""
    runs, thumbs = recorded_runs(), ""
    for row, letter in enumerate(runs.letters):
        run = runs.run(row)
        lines = ""
        for look, points in (("batches", _every(run.loss, 5)), ("validation", run.measured)):
            drawn = " ".join(f"{x:g},{AXES['loss'].down(y):.0f}" for x, y in points)
            lines += f'<polyline points="{drawn}" fill="none" {LOOKS[look]}></polyline>'
        its = touch(key=f"run{letter}", press={"run": letter}, name=f"run {letter}")
        thumbs += (
            f'<span class="llmlab-run-thumb"{its}><b>{letter}</b><svg viewBox="0 0 {len(run.loss)} 100" '
            f'preserveAspectRatio="none" aria-hidden="true">{lines}</svg></span>'
        )
    return f'<div class="llmlab-run-thumbs"{touch(key="runs", group="runs")}>{thumbs}</div>'


def _every(values: np.ndarray, stride: int) -> list[tuple[int, float]]:
    return [*enumerate(values.tolist(), 1)][::stride]


def lines_of(trace: ReplayTrace, name: str) -> list[Line]:
    """The lines of one chart: the whole recorded run, and the learner's rates so far."""
    whole = trace.whole
    if name == "loss":
        return [Line("batches", _every(whole.loss, 1)), Line("validation", whole.measured)]
    if name == "norm":
        return [Line("recorded", _every(whole.norm, 1))]
    own = [] if trace.own_rates is None else [Line("yours", _every(trace.own_rates, 1))]
    return [Line("recorded", _every(whole.rate, 1)), *own]


def axis_of(trace: ReplayTrace, name: str) -> Axis:
    """The axis of one chart; no control but "logarithmic" moves it."""
    return LOGARITHMIC if name == "loss" and trace.logarithmic else AXES[name]


def said(trace: ReplayTrace, name: str) -> str:
    """A chart in words."""
    if name == "loss":
        first, last = trace.validation[0][1], trace.validation[-1][1]
        return (
            f"Loss up to step {trace.steps}: batches from {trace.loss[0]:.2f} to {trace.loss[-1]:.2f}, validation from "
            f"{first:.2f} to {last:.2f}."
        )
    values = getattr(trace, name)
    return f"{TITLES[name]} up to step {trace.steps}: from {three(values[0])} to {three(values[-1])}."


def _charts(trace: ReplayTrace) -> str:
    """The three charts, and over all of them the playhead and where it can go."""
    charts = ""
    for name in AXES:
        lines, axis = lines_of(trace, name), axis_of(trace, name)
        chart = live_chart(
            lines,
            axis=axis,
            steps=trace.total_steps,
            alt=said(trace, name),
            inside=_mark(trace, name),
            kind=f"llmlab-run-chart-{name}",
        )
        charts += f'<div class="llmlab-run-legend"><b>{TITLES[name]}</b>{_legend(trace, name)}</div>{chart}'
    at = f"left:{100 * trace.steps / trace.total_steps:.2f}%"
    slots = ""
    for step, value in trace.whole.measured:
        tip = f"step {step}: batches {trace.whole.loss[step - EVERY : step].mean():.2f}, validation {value:.2f}"
        left, width = (100 * number / trace.total_steps for number in (step - EVERY / 2, EVERY))
        its = touch(key=f"step{step}", press={"tens": step // EVERY}, tip=tip)
        slots += f'<span class="llmlab-run-slot"{its} style="left:{left:.3f}%;width:{width:.3f}%"></span>'
    return (
        f'<div class="llmlab-run-stack">{charts}{step_ticks(trace.total_steps)}<div class="llmlab-run-over">'
        f'<span class="llmlab-run-veil" style="{at}"></span><span class="llmlab-run-playhead" style="{at}"></span>'
        f'<div class="llmlab-run-slots"{touch(key="slots", group="follow", sweep=True)}>{slots}</div></div></div>'
    )


def _legend(trace: ReplayTrace, name: str) -> str:
    """The names of a chart's lines with their values at the playhead."""
    if name == "loss":
        values = {"batches": f"{trace.batches:.2f}", "validation": f"{trace.validation[-1][1]:.2f}"}
    elif name == "norm":
        values = {"recorded": _brief(trace.norm[-1])}
    else:
        values = {"recorded": three(float(f"{trace.rate[-1]:.2g}"))}
        if trace.own_rates is not None:
            values["yours"] = three(float(f"{trace.own_rates[-1]:.2g}"))
    return "".join(
        f"<span>{swatch(look)} {'' if name == 'norm' else look} <output>{value}</output></span>"
        for look, value in values.items()
    )


def _mark(trace: ReplayTrace, name: str) -> str:
    """Where the run speaks for the diagnosis or against it; pressed, the playhead goes there."""
    found = trace.evidence
    if found is None or found.chart != name:
        return ""
    tens = max(1, round(found.step / EVERY))
    side = "left" if found.step > trace.total_steps / 2 else "right"
    sign, look = ("✓", "good") if found.speaks_for else ("✗", "bad")
    word = "this speaks for it" if found.speaks_for else "this speaks against it"
    its = touch(key="evidence", press={"tens": tens}, tip=f"step {found.step}: {found.text}")
    where = place(found.step, trace.total_steps, axis_of(trace, name).down(found.value))
    return (
        f'<span class="llmlab-run-evidence llmlab-{look}" style="{where}"><i></i>'
        f'<span class="llmlab-run-flag-{side}"{its}>{sign} {word}</span></span>'
    )


def _sample(trace: ReplayTrace) -> str:
    return (
        f'<div class="llmlab-run-writes"><b>After step {trace.steps} it writes</b>'
        f'<p class="llmlab-run-sample">{escape(trace.sample)}<span class="llmlab-run-caret"></span></p></div>'
    )


def _causes(trace: ReplayTrace) -> str:
    buttons = ""
    for cause in sorted(SIGNS):
        look = "" if cause != trace.diagnosis else " llmlab-good" if trace.right else " llmlab-bad"
        sign = "" if cause != trace.diagnosis else "✓ " if trace.right else "✗ "
        its = touch(key=f"cause {cause}", press={"diagnosis": cause})
        buttons += f'<span class="llmlab-run-cause{look}"{its}>{sign}{escape(cause)}</span>'
    its = touch(key="cause none", press={"diagnosis": NOT_YET})
    return (
        f"<div><b>What is wrong with run {trace.run}?</b>"
        f'<div class="llmlab-run-causes"{touch(key="causes", group="causes")}>{buttons}'
        f'<span class="llmlab-run-cause llmlab-run-none"{its}>I cannot say yet</span></div></div>'
    )


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: ReplayTrace) -> str:
    """Without a diagnosis what is seen, and not yet why; with one, what speaks for it or against it."""
    if trace.evidence is None or trace.diagnosis is None:
        seen, _ = reading(trace.loss.tolist(), trace.validation, trace.norm.tolist(), EVERY)
        return escape(f"{seen}. Which cause does that fit?")
    named = escape("a healthy run" if trace.diagnosis == NOTHING else trace.diagnosis)
    if trace.right:
        signs, reason = SIGNS[trace.diagnosis]
        return f"<b>✓ Yes, {named}:</b> {signs}. {reason}"
    return f"<b>✗ No, not {named}.</b> {trace.evidence.text}"


def describe(trace: ReplayTrace) -> str:
    """The trace in words: where the curves began, how low and how high they came, where they are."""
    steps, lowest = min(trace.validation, key=lambda pair: pair[1])
    last = trace.validation[-1][1]
    turned = f", after its lowest of {lowest:.2f} at step {steps}" if last > lowest + 0.05 else ""
    return (
        f"Run {trace.run} after {trace.steps} of {trace.total_steps} steps. Loss of the batches: {trace.loss[0]:.2f} "
        f"at first, {trace.batches:.2f} over the last {EVERY} steps. Validation loss: {last:.2f}{turned}. "
        f"Learning rate: {three(trace.rate[-1])}, highest so far {three(trace.rate.max())}. Gradient: "
        f"{three(trace.norm[0])} long at first, {three(trace.norm[-1])} now, at most {three(trace.norm.max())}. "
        f"The model goes on from “the king”: {trace.sample}"
    )


def _brief(norm: float) -> str:
    return f"{norm:.2f}" if norm >= 0.005 else three(float(f"{norm:.1g}"))


def three(value: float) -> str:
    """Three significant digits, never in powers of ten."""
    return f"{float(f'{value:.3g}'):.7f}".rstrip("0").rstrip(".")
