"""The explorers that only count work where PyTorch is not installed, and an explorer is loaded when it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from html import escape

import pytest

from llmlab import explorers
from tests import ROOT
from tests.core.test_without_torch import without_torch

COUNTING = [
    ("MergePlayer", {"merges": 7, "pretokenize": True}),
    ("ShapeTracer", {"layers": 12, "tie_weights": True}),
    ("ArchitectureTracer", {"experts": "8", "mlp": "SwiGLU"}),
    ("CacheMeter", {"sharing": "4", "precision": "8 bits"}),
    ("AnswerBench", {"model": "LoRA", "question": "who moos?"}),
]

# What a cell sees of an explorer: its first picture, all of it after a change, its formats; then what its code prints.
LOOK = """
import json
from llmlab.explorers import {name}

explorer = {name}()
first = explorer.frame["html"]
explorer.set(**{change})
data, _ = explorer._repr_mimebundle_()
seen = [first, explorer.state, repr(explorer.trace), explorer.frame, sorted(data), data["text/html"]]
print(json.dumps(seen))
exec(explorer.code(), {{}})
"""


@pytest.mark.parametrize(("name", "change"), COUNTING)
def test_an_explorer_that_counts_needs_no_torch(name, change, capsys):
    look = LOOK.format(name=name, change=change)
    hidden = without_torch(look)
    exec(look, {})
    assert hidden == capsys.readouterr().out
    seen = json.loads(hidden.partition("\n")[0])
    assert seen[1].items() >= change.items() and escape(seen[3]["text"]) in seen[5] and not seen[3]["error"]


def test_an_explorer_is_loaded_when_it_is_asked_for():
    loaded = """
import sys
import llmlab.explorers

def loaded():
    return {name.split(".")[2] for name in sys.modules if name.startswith("llmlab.explorers.")}

before = loaded()
print("none", *before)
for name in llmlab.explorers.__all__:
    getattr(llmlab.explorers, name)
    print(name, *(loaded() - {"host"}))
    for module in [module for module in sys.modules if module.startswith("llmlab.explorers.")]:
        del sys.modules[module]
"""
    printed = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line.split() for line in printed.stdout.splitlines()]
    assert lines[0] == ["none"]
    assert [name for name, *_ in lines[1:]] == explorers.__all__
    also = {
        "TrainingCurve": {"training_replay"},  # whose charts it draws
        "ArchitectureTracer": {"shape_tracer"},  # whose pass it shows
    }
    assert [set(folders) for _, *folders in lines[1:]] == [
        {folder_of(name)} | also.get(name, set()) for name in explorers.__all__
    ]


def folder_of(name: str) -> str:
    """merge_player for MergePlayer."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
