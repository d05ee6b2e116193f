"""What the two losses of a run say at a step, and why, before anybody names a cause."""

from __future__ import annotations

import math
from collections.abc import Sequence

LATELY = 60  # steps


def reading(
    loss: Sequence[float], validation: Sequence[tuple[int, float]], norm: Sequence[float] | None = None, group: int = 10
) -> tuple[str, str]:
    """What is seen in a run so far (what falls, what does not), and what follows from that; the first without its stop.

    Args:
        loss: of each step so far, at least one.
        validation: pairs (steps done, validation loss), at least one, the last after the last step.
        norm: the gradient of each step, if known.
        group: how many steps the loss of the batches is a mean of.
    """
    batches = _mean(loss[-group:])
    now = validation[-1][1]
    step, low = min(validation, key=lambda pair: pair[1])
    if now > low + 0.2:
        then = _mean(loss[max(0, step - group) : step])
        if batches < then:
            return (
                f"Since step {step} the batches' loss has fallen to {batches:.2f}, and the validation loss has risen "
                f"from {low:.2f} to {now:.2f}",
                "what was learned since then helps only on text already read.",
            )
        return (
            f"At step {step} the validation loss was {low:.2f}, now it is {now:.2f}, and the batches' loss is higher, "
            "too",
            "the steps since then have spoiled more than they taught.",
        )
    if batches < 0.5 and now < 0.5:
        return (
            f"Batches {batches:.2f}, validation {now:.2f}",
            "the next token hardly ever surprises this model, in text that it has never read as well. Does what it "
            "writes look like that?",
        )
    if now > 5:
        still = ""
        if norm is not None and sorted(norm[-group:])[len(norm[-group:]) // 2] < 0.01:
            still = ", and the gradient is next to nothing, so that the weights hardly move"
        return (
            f"A validation loss of {now:.2f} is that of a choice between {math.exp(now):.0f} equally likely tokens",
            f"after {len(loss)} steps the model knows little more than at first{still}.",
        )
    if now > batches + 1:
        return (
            f"The batches' loss is at {batches:.2f}, the validation loss at {now:.2f}",
            "a part of what is learned helps only on text already read.",
        )
    before = next((pair for pair in validation if pair[0] >= len(loss) - LATELY), validation[0])
    if before[1] - now > 0.005:
        moved = f"Since step {before[0]} the validation loss has fallen by {before[1] - now:.2f}, to {now:.2f}"
    else:
        moved = f"The validation loss is {now:.2f}"
    return (
        f"{moved}, and that of the batches is {batches:.2f}",
        "what is learned from these helps on text never read, too.",
    )


def _mean(values: Sequence[float]) -> float:
    return float(sum(values) / len(values))
