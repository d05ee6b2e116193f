"""Where PyTorch is not installed: what only counts works, and what computes says what it lacks."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tests import ROOT

# Stands in for a Python without PyTorch: asking for it, or for anything that needs it, fails as it does there.
HIDDEN = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "safetensors", "transformers"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def without_torch(code: str) -> str:
    """What `code` prints in a Python in which PyTorch cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN + textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_gpt_is_counted():
    printed = without_torch(
        """
        from llmlab.gpt import GPTConfig, count_parameters
        gpt2 = GPTConfig(50257, 1024, 768, n_heads=12, n_layers=12, qkv_bias=True, tie_weights=True)
        print(count_parameters(gpt2).total)
        """
    )
    assert printed == "124439808\n"


def test_a_cache_windows_and_a_schedule_are_counted():
    printed = without_torch(
        """
        from llmlab.generation import cache_bytes
        from llmlab.training import History, TrainConfig, learning_rate_at, split_documents
        from llmlab.windows import pack, window_statistics
        print(cache_bytes(n_layers=12, n_kv_heads=12, d_head=64, length=1_024))
        print(window_statistics(1000, max_length=4, stride=5).tokens_trained)
        print(learning_rate_at(9, TrainConfig(steps=100, learning_rate=0.5, warmup_steps=10)))
        print(sorted(split_documents("a<|endoftext|>b", 0.5)), History().loss)
        """
    )
    assert printed.splitlines() == ["37748736", "800", "0.5", "['a', 'b'] []"]


def test_texts_and_tokenizers_work():
    printed = without_torch(
        """
        from llmlab.bpe import BPETokenizer, train_bpe
        from llmlab.corpus import load_text, toy_world, toy_world_accepts
        from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
        print(train_bpe("low lower lowest", 259).encode("low slow"))
        print(BPETokenizer.gpt2().encode("Hello, world"))
        print(WordTokenizer.from_text("a b a").encode("b a"), ByteTokenizer().encode("é"))
        print(len(load_text()) > 1000, toy_world_accepts(toy_world(1, seed=3)))
        """
    )
    assert printed.splitlines() == ["[257, 32, 115, 257]", "[15496, 11, 995]", "[1, 0] [195, 169]", "True True"]


@pytest.mark.parametrize(
    "line",
    [
        "from llmlab.gpt import GPT",
        "from llmlab.training import train",
        "from llmlab.generation import generate",
        "from llmlab.windows import create_dataloader",
        "from llmlab.attention import causal_mask",
    ],
)
def test_what_computes_names_what_is_missing(line):
    printed = without_torch(f"try:\n    {line}\nexcept ModuleNotFoundError as error:\n    print(error.name)\n")
    assert printed == "torch\n"
