"""Every entry of tests/reference/figures.json that the package can reproduce so far, through public functions.

The figures come from study notes that readers know. An entry belongs to the lesson that introduces its function;
`test_every_entry_is_used_or_awaited` fails when an entry is neither reproduced here nor awaited by a lesson to come.
"""

import json
from pathlib import Path

import pytest

from llmlab.bpe import gpt2_encoding
from llmlab.windows import SlidingWindowDataset, create_dataloader

FIGURES = json.loads((Path(__file__).parent / "reference" / "figures.json").read_text(encoding="utf-8"))

AWAITED = {  # entry -> the module that will reproduce it
    "word_tokenizer": "llmlab/tokenizers.py",
    "byte_tokenizer": "llmlab/tokenizers.py",
    "bpe_no_pretokenization_ties_first_seen": "llmlab/tokenizers.py",
    "embedding_seed_123": "llmlab/embeddings.py",
    "input_embedding_shapes": "llmlab/embeddings.py",
    "simplified_attention": "llmlab/attention.py",
}
REPRODUCED = {"the_verdict", "gpt2", "windows"}


def test_the_verdict_ids(the_verdict):
    figures = FIGURES["the_verdict"]
    ids = gpt2_encoding().encode(the_verdict)
    assert len(the_verdict) == figures["characters"]
    assert len(ids) == figures["gpt2_tokens"]
    assert ids[:32] == figures["first_32_gpt2_ids"]


@pytest.mark.parametrize("figure", FIGURES["gpt2"], ids=lambda figure: figure["text"][:20])
def test_gpt2_ids(figure):
    allowed = set(figure.get("allowed_special", ()))
    assert gpt2_encoding().encode(figure["text"], allowed_special=allowed) == figure["ids"]
    assert gpt2_encoding().decode(figure["ids"]) == figure["text"]


def test_windows_of_the_verdict(the_verdict):
    figures = FIGURES["windows"]
    sizes = {name: figures[name] for name in ("batch_size", "max_length", "stride", "shuffle")}
    inputs, targets = next(iter(create_dataloader(the_verdict, **sizes)))
    assert inputs.tolist() == figures["inputs"]
    assert targets.tolist() == figures["targets"]


def test_growing_contexts_of_the_verdict(the_verdict):
    figures = FIGURES["windows"]
    ids = gpt2_encoding().encode(the_verdict)
    x, y = SlidingWindowDataset(ids, figures["max_length"], figures["stride"])[0]
    contexts = [[x[: i + 1].tolist(), y[i].item()] for i in range(len(x))]
    assert contexts == figures["growing_contexts"]


def test_every_entry_is_used_or_awaited():
    assert set(FIGURES) == REPRODUCED | AWAITED.keys()
    package = Path(__file__).parents[1]
    overdue = [entry for entry, module in AWAITED.items() if (package / module).exists()]
    assert not overdue, f"their module exists now: reproduce {overdue}"
