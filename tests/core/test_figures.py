"""Every entry of tests/core/reference/figures.json, through public functions.

The figures come from study notes that readers know; `test_every_entry_is_reproduced` fails when one has no test here.
"""

import json
from pathlib import Path

import nbformat
import pytest
import torch

from llmlab.attention import simplified_attention
from llmlab.bpe import gpt2_encoding, train_bpe
from llmlab.embeddings import InputEmbedding, one_hot_lookup
from llmlab.tokenizers import ByteTokenizer, WordTokenizer
from llmlab.windows import SlidingWindowDataset, create_dataloader
from tests import notebooks

FIGURES = json.loads((Path(__file__).parent / "reference" / "figures.json").read_text(encoding="utf-8"))

REPRODUCED = {
    "the_verdict",
    "word_tokenizer",
    "byte_tokenizer",
    "bpe_no_pretokenization_ties_first_seen",
    "gpt2",
    "windows",
    "embedding_seed_123",
    "input_embedding_shapes",
    "simplified_attention",
}


def test_the_verdict_ids(the_verdict):
    figures = FIGURES["the_verdict"]
    ids = gpt2_encoding().encode(the_verdict)
    assert len(the_verdict) == figures["characters"]
    assert len(ids) == figures["gpt2_tokens"]
    assert ids[:32] == figures["first_32_gpt2_ids"]


def test_words_of_the_verdict(the_verdict):
    figures = FIGURES["word_tokenizer"]
    tokenizer = WordTokenizer.from_text(the_verdict, pattern=figures["split_pattern"])
    assert len(tokenizer.encode(the_verdict)) == figures["tokens_in_the_verdict"]
    assert len(tokenizer) == figures["vocabulary_size"]
    assert tokenizer.encode(figures["encode"]["text"]) == figures["encode"]["ids"]
    assert tokenizer.decode(figures["encode"]["ids"]) == figures["encode"]["decoded"]


def test_words_of_the_verdict_with_the_books_pattern_and_special_tokens(the_verdict):
    figures = FIGURES["word_tokenizer"]
    plain = WordTokenizer.from_text(the_verdict)
    assert plain.pattern.replace("\\", "") == figures["book_pattern"].replace("\\", "")
    assert len(plain.encode(the_verdict)) == figures["book_tokens_in_the_verdict"]
    assert len(plain) == figures["book_vocabulary_size"]
    special = figures["with_special_tokens"]
    names = ["<|unk|>", "<|endoftext|>"]
    tokenizer = WordTokenizer.from_text(the_verdict, special_tokens=names, unknown="<|unk|>")
    assert list(tokenizer.vocabulary.values())[-5:] == special["last_five_entries"]
    assert tokenizer.decode(tokenizer.encode(special["text"])) == special["decoded"]


def test_bytes_of_a_sentence():
    figures = FIGURES["byte_tokenizer"]
    assert ByteTokenizer().encode(figures["text"]) == figures["ids"]
    assert ByteTokenizer().decode(figures["ids"]) == figures["text"]


@pytest.fixture(scope="module")
def encoders_of_lesson_02():
    """The functions that lesson 02 writes beside encoding by rank."""
    notebook = nbformat.read(notebooks() / "02_byte_pair_encoding.ipynb", as_version=4)
    functions = {}
    for name in ("prefix_extension", "longest_match"):
        (source,) = [cell.source for cell in notebook.cells if cell.source.startswith(f"def {name}(")]
        exec(source, functions)
    return functions


def test_three_encoders_on_merges_of_the_verdict(the_verdict, encoders_of_lesson_02):
    figures = FIGURES["bpe_no_pretokenization_ties_first_seen"]
    sizes = {name: figures[name] for name in ("vocab_size", "min_frequency")}
    tokenizer = train_bpe(the_verdict, **sizes, pattern=None, tie_break="first")
    tokens = [tokenizer.vocabulary[token_id] for token_id in range(len(tokenizer))]
    assert [token.decode() for token in tokens[-10:]] == figures["last_ten_tokens"]
    assert tokenizer.encode(figures["text"]) == figures["merge_rank_ids"]
    for name in ("prefix_extension", "longest_match"):
        assert encoders_of_lesson_02[name](figures["text"], tokens) == figures[f"{name}_ids"]


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


def test_embedding_rows_from_seed_123():
    figures = FIGURES["embedding_seed_123"]

    def first_drawn(vocab_size, dim):
        torch.manual_seed(123)
        return InputEmbedding(vocab_size, dim, context_length=4).token.weight.detach()

    with torch.random.fork_rng(devices=[]):
        weight = first_drawn(figures["vocab_size"], figures["dim"])
        large = first_drawn(figures["large"]["vocab_size"], figures["large"]["dim"])
    torch.testing.assert_close(weight, torch.tensor(figures["weight"]), atol=5.1e-5, rtol=0)
    for rows in (weight[figures["ids"]], one_hot_lookup(torch.tensor(figures["ids"]), weight)):
        torch.testing.assert_close(rows, torch.tensor(figures["rows"]), atol=5.1e-5, rtol=0)
    for part, values in (
        ("first_row_starts", large[0, :3]),
        ("first_row_ends", large[0, -3:]),
        ("last_row_starts", large[-1, :3]),
    ):
        torch.testing.assert_close(values, torch.tensor(figures["large"][part]), atol=5.1e-5, rtol=0)


def test_shapes_of_an_input_embedding():
    figures = FIGURES["input_embedding_shapes"]
    B, T, D = figures["batch_size"], figures["context_length"], figures["dim"]
    embed = InputEmbedding(50_257, D, context_length=T)
    ids = torch.randint(0, 50_257, (B, T), generator=torch.Generator().manual_seed(0))
    assert list(embed.token(ids).shape) == figures["token"]
    assert list(embed.position.weight.shape) == figures["position"]
    assert list(embed(ids).shape) == figures["input"]


def test_simplified_attention():
    figures = FIGURES["simplified_attention"]
    result = simplified_attention(torch.tensor(figures["inputs"]))
    for name in ("scores", "weights"):  # printed with four decimals
        torch.testing.assert_close(getattr(result, name), torch.tensor(figures[name]), atol=5.1e-5, rtol=0)


def test_every_entry_is_reproduced():
    assert set(FIGURES) == REPRODUCED
