"""Byte pair encoding beside `tokenizers` (on one thread) and `tiktoken`: training and encoding, as ratios.

The naive trainer is the one that lesson 02 asks for, taken from its solved notebook: with the two functions of the
exercises before it, and with two shorter ones (they count with `collections.Counter`).

They take a minute or more for 1 MB, so that they train on it once. Writes results/bpe.md and results/bpe.json.
"""

from __future__ import annotations

import os

os.environ["RAYON_NUM_THREADS"] = "1"  # before `tokenizers` is imported
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
from _pairs import Table, compare, compare_once

from llmlab.bpe import BPETokenizer, gpt2_encoding, train_bpe
from llmlab.bpe._gpt2 import gpt2_byte_alphabet
from llmlab.corpus import load_text

if TYPE_CHECKING:
    import tokenizers

ROOT = Path(__file__).resolve().parent.parent
ZIPF = "Zipf, 1 MB"


def zipf_text(n_bytes: int, seed: int = 0) -> str:
    """Made-up prose: 30,000 distinct words and numbers, the n-th as frequent as 1/n; accents, signs, line ends.

    1 MB of it has more than 14,000 distinct words.
    """
    choose = random.Random(seed)
    onsets, vowels, codas = (
        "b c d f g h l m n p r s t v w th st br".split(),
        "a e i o u é ai ou".split(),
        ["", *"nrslt"],
    )
    words: dict[str, None] = {}
    while len(words) < 30_000:
        syllables = choose.choice([1, 1, 2, 2, 3, 4])
        word = "".join(choose.choice(part) for _ in range(syllables) for part in (onsets, vowels, codas))
        words[str(choose.randrange(100_000)) if choose.random() < 0.03 else word] = None
    cumulative, total = [], 0.0
    for rank in range(len(words)):
        total += 1 / (rank + 1)
        cumulative.append(total)
    ends = ["", "", "", "", "", ",", ".", "!", " –", "\n"]
    pieces, size = [], 0
    while size < n_bytes:
        chosen = choose.choices(list(words), cum_weights=cumulative, k=1000)
        piece = " ".join(word + choose.choice(ends) for word in chosen) + " "
        pieces.append(piece)
        size += len(piece.encode())
    return "".join(pieces)


def tokenizers_train(text: str, vocab_size: int) -> tokenizers.Tokenizer:
    """The same task for `tokenizers`: GPT-2's pre-tokenization and an alphabet of all 256 bytes."""
    import tokenizers
    from tokenizers import models, pre_tokenizers, trainers

    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        [text], trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False)
    )
    return tokenizer


def tokenizers_gpt2() -> tokenizers.Tokenizer:
    import tokenizers
    from tokenizers import models, pre_tokenizers

    gpt2 = BPETokenizer.gpt2()
    visible = {byte: character for character, byte in gpt2_byte_alphabet().items()}

    def written(token: bytes) -> str:
        return "".join(map(visible.__getitem__, token))

    vocabulary = {written(token): id for id, token in gpt2.vocabulary.items() if id < 50_256}
    merges = [(written(left), written(right)) for left, right in gpt2.merges]
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def naive_trainers() -> dict[str, Callable[[str, int], list[tuple[int, int]]]]:
    """Lesson 02's `train(text, n_merges)`: no pre-tokenization, all pairs counted anew before every merge."""
    notebook = nbformat.read(ROOT / "notebooks/solutions/02_byte_pair_encoding.ipynb", as_version=4)

    def from_cell(name: str) -> Callable:
        (source,) = [cell.source for cell in notebook.cells if cell.source.startswith(f"def {name}(")]
        names: dict[str, Any] = {}
        exec(source, names)
        return names[name]

    train = from_cell("train")
    exercises = partial(train, count_pairs=from_cell("count_pairs"), merge=from_cell("merge"))
    shorter = partial(train, count_pairs=lambda ids: Counter(pairwise(ids)), merge=shorter_merge)
    return {"exercises of lesson 02": exercises, "shorter": shorter}


def shorter_merge(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    """A merge that keeps what it has merged and looks back by one."""
    merged: list[int] = []
    for token_id in ids:
        if merged and (merged[-1], token_id) == pair:
            merged[-1] = new_id
        else:
            merged.append(token_id)
    return merged


def peak_memory(text: str) -> int:
    """Bytes by which training at vocabulary 1,000 raises the resident memory of a process, seen from outside."""
    script = """
import sys
from llmlab.bpe import train_bpe
text = open(sys.argv[1], encoding="utf-8", newline="").read()
print("ready", flush=True)
sys.stdin.readline()
train_bpe(text, 1000)
"""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".txt") as file:
        file.write(text)
        file.flush()
        command = [sys.executable, "-c", script, file.name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            child.stdout.readline()
            process = psutil.Process(child.pid)
            before = peak = process.memory_info().rss
            child.stdin.write("go\n")
            child.stdin.flush()
            while child.poll() is None:
                try:
                    peak = max(peak, process.memory_info().rss)
                except psutil.NoSuchProcess:
                    break
                time.sleep(0.002)
        if child.returncode:
            raise RuntimeError(f"the process whose memory is measured ended with {child.returncode}")
    return peak - before


def training_rows(table: Table, texts: dict[str, str]) -> None:
    for name in texts:
        for vocab_size in (1000, 5000):
            ours, peer = (partial(train, texts[name], vocab_size) for train in (train_bpe, tokenizers_train))
            goal = "≤ 1.5" if name == ZIPF else ""
            item = f"training / `tokenizers`: {name}, vocabulary {vocab_size:,}"
            table.rows.append(compare(item, ours, peer, goal))


def naive_rows(table: Table, texts: dict[str, str]) -> None:
    naive, raw = naive_trainers(), "The Verdict" if "The Verdict" in texts else "story"
    ours = partial(train_bpe, texts[raw], 500, pattern=None)
    for whose, trainer in naive.items():
        peer = partial(trainer, texts[raw], 500 - 256)
        tokens = {id: bytes([id]) for id in range(256)}
        for new, (left, right) in enumerate(peer(), 256):
            tokens[new] = tokens[left] + tokens[right]
        assert tokens == ours().vocabulary, "the naive trainer makes other merges"
        name = f"training / naive ({whose}): {raw}, vocabulary 500, no pre-tokenization"
        table.rows.append(compare(name, ours, peer, "≤ 1/30 = 0.033", repeats=5))
    for whose, trainer in naive.items():
        name = f"training / naive ({whose}), which has no pre-tokenization: Zipf, 1 MB, vocabulary 1,000"
        ours, peer = partial(train_bpe, texts[ZIPF], 1000), partial(trainer, texts[ZIPF], 1000 - 256)
        table.rows.append(compare_once(name, ours, peer, "≤ 1/300 = 0.0033"))


def growth_rows(table: Table, ten: str, one: str) -> None:
    for vocab_size in (1000, 5000):
        ours, smaller = partial(train_bpe, ten, vocab_size), partial(train_bpe, one, vocab_size)
        item = f"training: Zipf, 10 MB / 1 MB, vocabulary {vocab_size:,}"
        table.rows.append(compare(item, ours, smaller, "≤ 12", repeats=3))
    memory = peak_memory(ten) / len(ten.encode())
    table.note(f"Training on 10 MB raises resident memory by {memory:.2f} × the text, itself not counted (goal: ≤ 4).")


def encoding_rows(table: Table, name: str, text: str) -> None:
    gpt2, tiktoken_gpt2 = BPETokenizer.gpt2(), gpt2_encoding()
    assert gpt2.encode(text) == tiktoken_gpt2.encode(text)
    ours, peer = partial(gpt2.encode, text), partial(tiktoken_gpt2.encode, text)
    cold, warm = ("≤ 3", "≤ 1.5") if name == ZIPF else ("", "")
    item = f"encoding, cold / `tiktoken`: {name}"
    table.rows.append(compare(item, ours, peer, cold, prepare=gpt2._ids_of.clear))
    table.rows.append(compare(f"encoding, warm / `tiktoken`: {name}", ours, peer, warm))
    with table.part("`tokenizers`, encoding"):
        peer_gpt2 = tokenizers_gpt2()
        assert gpt2.encode(text) == peer_gpt2.encode(text).ids
        item = f"encoding, warm / `tokenizers`: {name}"
        table.rows.append(compare(item, ours, partial(peer_gpt2.encode, text)))
    stream = partial(lambda parts: list(gpt2.encode_iterable(parts)), text.splitlines(keepends=True))
    table.rows.append(compare(f"encode_iterable, warm / encode: {name}", stream, ours))


def main() -> None:
    warnings.simplefilter("ignore", UserWarning)  # the story runs out of pairs at vocabulary 5,000
    zipf, ten, texts = zipf_text(1_000_000), zipf_text(10_000_000), {}
    title, packages = "Byte pair encoding: our speed beside its peers'", ("tokenizers", "tiktoken", "regex")
    with Table("bpe", title, packages, clock="Processor times") as table:
        with table.part("The Verdict"):
            texts["The Verdict"] = load_text("the-verdict")
        texts |= {"story": load_text(), "story × 50": load_text() * 50, ZIPF: zipf}
        with table.part("`tokenizers`, training"):
            training_rows(table, texts)
        with table.part("lesson 02's own trainers"):
            naive_rows(table, texts)
        growth_rows(table, ten, zipf)
        for name in texts:
            if name != "story × 50":
                encoding_rows(table, name, texts[name])


if __name__ == "__main__":
    main()
