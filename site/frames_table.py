"""Which states of each explorer the site holds: the one place that says so.

Complete where all states make at most 1 MB. Where they make more, boxes hold what the lessons speak of: their texts,
questions and targets, each control alone from the first state, and those together that explain something together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from importlib import import_module
from typing import Any

import llmlab.explorers
from llmlab.explorers.architecture_tracer import PUBLISHED
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.edition import Edition

ALL = "all"
Box = Mapping[str, Sequence[Any]]  # ALL stands for all values of a control


def together(*names: str, **others: Sequence[Any]) -> Box:
    """A box: these controls with all their values, and others with some."""
    return dict.fromkeys(names, ALL) | others


@dataclass(frozen=True)
class Plan:
    """What is held of one explorer.

    Attributes:
        boxes: as those of an `Edition`, beside one for each control alone.
        slow: the controls that part the frames.
        pressed: lines of text of which those are held, too, that the first pictures of the others offer to press.
        make: "module.name" of what makes the explorer, if it is not the class called with nothing.
    """

    boxes: Sequence[Box]
    slow: Sequence[str]
    pressed: Sequence[str] = ()
    make: str = ""


# Who is the subject, who stands next to the verb; the fourth is what the explorer's target asks for.
_SENTENCES = [
    "the dogs near the king",
    "the dog near the king",
    "the king near the dogs",
    "the king near the wolves near the dogs",
]

PLANS = {
    "PipelineMap": Plan(
        [
            together("back", "layer", "head", text=_SENTENCES),
            together("layer", "head", text=["she", "the piano"]),
            together("written", text=[*_SENTENCES, "she", "the piano"]),
        ],
        slow=["text"],
        pressed=["text"],
    ),
    "TokenizerMicroscope": Plan([together("text", "inspect", "token")], slow=["text"]),
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
            together("checkpoint", near=["king", "queen", "sees", "dogs"]),
            together("checkpoint", "d_model"),
            together("positions", "shuffle", "d_model", "table"),
            together("table", "seed"),
        ],
        slow=["words", "positions"],
    ),
    "AttentionBench": Plan(
        [
            together("show", query=range(6), key=range(6)),
            together("component", "by", query=range(6), edit=["x", "Q"]),
            together("component", "by", key=range(6), edit=["K", "V"]),
            together("width", "scaling", "temperature", query=range(6)),
            together("vectors", query=range(5), text=["the dogs near the king", "no no no yes no"]),
            together("vectors", "show", query=range(6)),
        ],
        slow=["text", "edit"],
    ),
    "InfluenceMap": Plan(
        [
            together("bug", "perturbed", "heads", "around"),
            together("architecture", "perturbed", "around"),
            together("test_random", "test_zero", "test_magnitudes", "test_values", "bug"),
        ],
        slow=["bug"],
    ),
    "ShapeTracer": Plan(
        [
            together("step", "axis"),
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
    boxes = [{control: values[control] if some == ALL else some for control, some in box.items()} for box in plan.boxes]
    alone = [{control: those} for control, those in values.items() if those]
    held = Edition(explorer, [*boxes, *alone], plan.slow)
    return Edition(explorer, [*held.boxes, *(_offered(held, name) for name in plan.pressed)], plan.slow)


def _offered(held: Edition, control: str) -> Box:
    """The texts that can be pressed where all but the text is as at first."""
    explorer, first = held.explorer, held.explorer.state
    texts = {text for box in held.boxes for text in box.get(control, ())} | {first[control]}
    found = {}
    for text in sorted(texts):
        html = explorer._frame({**first, control: text})["html"]
        for press in map(json.loads, map(unescape, re.findall("data-set='([^']*)'", html))):
            if control in press and {**first, **press} == {**first, control: press[control]}:
                found[press[control]] = None
    return {control: list(found)}
