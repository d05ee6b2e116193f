"""Which states of each explorer the site holds: the one place that says so.

Complete where all states make at most 1 MB. Where they make more, boxes hold what the lessons speak of: their texts,
questions and targets, each control alone from the first state, and those together that explain something together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from importlib import import_module
from typing import Any

import llmlab.explorers
from llmlab.explorers.architecture_tracer import PUBLISHED
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.edition import Edition

ALL, OFFERED = "all", "offered"
# ALL stands for all values of a control, OFFERED for those texts that a press in the first picture writes.
Box = Mapping[str, Sequence[Any]]


def together(*names: str, **others: Sequence[Any]) -> Box:
    """A box: these controls with all their values, and others with some."""
    return dict.fromkeys(names, ALL) | others


@dataclass(frozen=True)
class Plan:
    """What is held of one explorer.

    Attributes:
        boxes: as those of an `Edition`, beside one for each control alone.
        slow: the controls that part the frames.
        pressed: of a line of text those are held, too, that a press writes where all else is as at first. From the
            first picture on also those of a second press, a third ...: of how many marks each, in the picture's order.
        with_pressed: boxes that take those texts, too.
        make: "module.name" of what makes the explorer, if it is not the class called with nothing.
    """

    boxes: Sequence[Box]
    slow: Sequence[str]
    pressed: Mapping[str, Sequence[int]] = field(default_factory=dict)
    with_pressed: Sequence[Box] = ()
    make: str = ""


# Who is the subject, who stands next to the verb; the fourth is what the explorer's target asks for.
_SENTENCES = [
    "the dogs near the king",
    "the dog near the king",
    "the king near the dogs",
    "the king near the wolves near the dogs",
]

# One is too short for the target of the microscope, one has no spaces, one reaches it.
_MORE_TEXTS = ["🎹 🎹 🎹", "🎹" * 12, "the 🎹 🎹 🎹 🎹 🎹 🎹 🎹"]

# The architecture tracer's target is near this model: more experts, of which a token takes fewer.
_TARGETS_START = PUBLISHED["Mixtral 8x7B"]

PLANS = {
    "PipelineMap": Plan(
        [
            together("back", "layer", "head", text=_SENTENCES),
            together("layer", "head", text=["she", "the piano"]),
            together("written", text=[*_SENTENCES, "she", "the piano"]),
            together("written", "back"),
        ],
        slow=["text"],
        pressed={"text": (8, 2)},
    ),
    "TokenizerMicroscope": Plan(
        [
            together("inspect", text=["🎹🎹🎹", *_MORE_TEXTS], token=range(48)),
            together("text", "inspect", token=range(48)),
        ],
        slow=["text"],
    ),
    "MergePlayer": Plan(
        [
            together(
                "merges", "tie_break", "pretokenize", "instead",
                text=["baaa baaaab", "she sells sea shells by the sea shore"],
            ),
            together("merges", "tie_break", "pretokenize", "instead"),
        ],
        slow=["text", "pretokenize", "tie_break"],
    ),
    "WindowMap": Plan([together("stride", "max_length", "batch_size", "shuffle", "drop_last")], slow=["stride"]),
    "EmbeddingBench": Plan(
        [
            together("positions", "shuffle", "seed", words=["the cat sees the dog", "king queen man woman"]),
            together("positions", "shuffle", "seed"),
            together("checkpoint", near=OFFERED),
            together("checkpoint", "d_model"),
            together("checkpoint", "positions"),
            together("positions", "shuffle", "d_model", "table"),
            together("table", "seed"),
        ],
        slow=["words", "positions"],
        pressed={"near": (99, 99, 99, 99)},
        with_pressed=[together(words=["the cat sees the dog", "king queen man woman"])],
    ),
    "AttentionBench": Plan(
        [
            together("show", query=range(6), key=range(6)),
            together("component", "by", query=range(6), edit=["x", "Q"]),
            together("component", "by", key=range(6), edit=["K", "V"]),
            together("width", "scaling", "temperature", query=range(6)),
            together("vectors", "show", text=[_SENTENCES[0]], query=range(6), key=range(6)),
            together("text", "vectors", query=[5], key=[2]),
            together("text", "vectors", query=[2], key=[1]),
            together("scaling", "temperature", vectors=["trained head"], text=[_SENTENCES[0]], query=[5], key=[2]),
            together("vectors", query=range(5), text=["no no no yes no"]),
            together("vectors", "show", query=range(6)),
        ],
        slow=["text", "edit"],
    ),
    "InfluenceMap": Plan(
        [
            together("bug", "perturbed", "heads", "around"),
            together("architecture", "perturbed", "around"),
            together("bug", "perturbed", "test_random", "test_zero", "test_magnitudes", "test_values"),
        ],
        slow=["bug"],
    ),
    "ShapeTracer": Plan(
        [
            together("step"),
            together("width", "context", "tie_weights", "qkv_bias", layers=[4, 12]),
            together("layers", "width"),
            together("step", "tokens_read"),
            together("heads", "width"),
            together("vocabulary", "tie_weights"),
        ],
        slow=["width"],
    ),
    "ArchitectureTracer": Plan(
        [
            *({control: [value] for control, value in model.items()} | {"step": ALL} for model in PUBLISHED.values()),
            {control: [value] for control, value in _TARGETS_START.items()} | {"experts": ALL, "used": ALL},
            together("norm", "mlp", "positions"),
            together("mlp", "inner", "bias"),
            together("experts", "used", "mlp"),
        ],
        slow=["heads"],
    ),
    "TrainingReplay": Plan([together("run", "tens", "diagnosis", "logarithmic")], slow=["run"]),
    "TrainingCurve": Plan([together("axis", "measured")], slow=["axis"], make="frames_curve.RecordedCurve"),
    "DistributionSculptor": Plan(
        [
            together("temperature", "top_k", "top_p"),
            together("context", "temperature", "top_k"),
            together("context", "temperature", "top_p"),
            together("top_k", "draws"),
            together("top_p", "draws"),
            together("temperature", "draws"),
        ],
        slow=["context"],
    ),
    "CacheMeter": Plan(
        [
            together("length", "batch", "sharing", "precision"),
            together("memory", "sharing", "batch"),
            together("layers", "heads", "width"),
        ],
        slow=["precision", "sharing"],
    ),
    "AnswerBench": Plan(
        [together("question", "model", "rank", "step"), together("question", "layer"), together("layer", "step")],
        slow=["question", "model"],
    ),
}  # fmt: skip


def made(name: str) -> Explorer:
    """An explorer as the site shows it first.

    Raises:
        LookupError: it has no plan.
    """
    if name not in PLANS:
        raise LookupError(f"{name} has no plan: add it to site/frames_table.py")
    module, _, made_by = PLANS[name].make.rpartition(".")
    return getattr(import_module(module), made_by)() if module else getattr(llmlab.explorers, name)()


def edition(name: str) -> Edition:
    """What the site holds of an explorer.

    Raises:
        LookupError: it has no plan.
    """
    explorer, plan = made(name), PLANS[name]
    values = {control: of.values or of.examples for control, of in explorer._controls.items()}

    def written_out(box: Box) -> Box:
        offered = {name: _offered(explorer, explorer.state, name) for name, some in box.items() if some == OFFERED}
        return {name: offered.get(name) or (values[name] if some == ALL else some) for name, some in box.items()}

    boxes = [written_out(box) for box in plan.boxes]
    alone = [{control: those} for control, those in values.items() if those]
    held = Edition(explorer, [*boxes, *alone], plan.slow)
    written = {name: _written(held, name, widths) for name, widths in plan.pressed.items()}
    unlisted = {name: texts for name, texts in written.items() if not explorer._controls[name].quiet}
    boxes = [{**box, name: texts} for name, texts in written.items() for box in ({}, *plan.with_pressed)]
    boxes = [*held.boxes, *map(written_out, boxes)]
    return Edition(explorer, boxes, plan.slow, unlisted)


def _written(held: Edition, control: str, widths: Sequence[int]) -> list[str]:
    """The texts that presses write, one after the other, where all but the text is as at first."""
    explorer, first = held.explorer, held.explorer.state
    known = {text for box in held.boxes for text in box.get(control, ())} | {first[control]}
    found: dict[str, None] = {}
    latest = sorted(known)
    for number, width in enumerate(widths):
        offered = {text: _offered(explorer, {**first, control: text}, control)[:width] for text in latest}
        every = [text for texts in offered.values() for text in texts if text not in known]
        latest = [text for text in dict.fromkeys(every if number else offered[first[control]]) if text not in found]
        found |= dict.fromkeys(every)
    return list(found)


def _offered(explorer: Explorer, state: Mapping[str, Any], control: str) -> list[str]:
    """The texts that the marks of a picture write, if they move nothing else that is not as at first."""
    html = explorer.render(explorer.compute(dict(state)))
    presses = map(json.loads, map(unescape, re.findall("data-set='([^']*)'", html)))
    alone = (press for press in presses if control in press)
    return [press[control] for press in alone if {**state, **press} == {**state, control: press[control]}]
