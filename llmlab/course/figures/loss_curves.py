"""The two losses of a run over its steps, and where the validation loss was lowest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from llmlab.training import History


def draw(history: History) -> Picture:
    """Loss of the batches and validation loss, with a vertical line at the lowest of the latter.

    Raises:
        ValueError: a history without steps or without measurements.
    """
    import matplotlib.pyplot as plt

    if not history.loss or not history.validation:
        raise ValueError("history must hold steps and measurements: train with validation=...")
    best_step, best = min(history.validation, key=lambda pair: pair[1])
    steps, last = len(history.loss), history.validation[-1][1]
    figure, axes = plt.subplots(figsize=(6.4, 3))
    # To the third of a point, so that processors which add in different orders draw the same picture.
    batches = [round(loss, 2) for loss in history.loss]
    validation = [(step, round(loss, 2)) for step, loss in history.validation]
    axes.plot(range(1, steps + 1), batches, color=INPUT, linewidth=0.8, label="batches")
    axes.plot(*zip(*validation, strict=True), "--", color=TARGET, label="validation")
    axes.axvline(best_step, color=QUIET, linewidth=0.8)
    axes.annotate(
        f"lowest, step {best_step}",
        (best_step, 0.02),
        xycoords=("data", "axes fraction"),
        size=SMALL,
        color=INK,
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
    )
    axes.set(xlabel="steps", ylabel="loss, nats per token", ylim=(0, 7))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=SMALL)
    ending = "its end" if best_step == history.validation[-1][0] else f"step {best_step}, and {last:.2f} at the end"
    mean = sum(history.loss[-10:]) / len(history.loss[-10:])
    alt = (
        f"Loss over {steps} steps: the batches from {history.loss[0]:.2f} to {mean:.2f}, the validation loss from "
        f"{history.validation[0][1]:.2f} to its lowest of {best:.2f} at {ending}."
    )
    return show(figure, alt=alt)
