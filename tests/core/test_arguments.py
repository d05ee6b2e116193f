"""What counts as an integer and what as a token id, wherever an argument asks for one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.corpus import toy_world
from llmlab.embeddings import InputEmbedding, SkipGram, sinusoidal_positions
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
from llmlab.utils.arguments import as_count, as_ids, require_count
from llmlab.windows import SlidingWindowDataset, create_dataloader, window_statistics

NUMPY_INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
NOT_INTEGERS = [3.0, True, "3", None, np.float32(3), np.float64(3), np.bool_(True), 3 + 0j]


@pytest.mark.parametrize("kind", [int, *NUMPY_INTEGERS])
def test_numpy_integers_count_as_integers(kind):
    require_count("n", kind(3))
    count = as_count("n", kind(3))
    assert count == 3 and type(count) is int
    with pytest.raises(ValueError, match="^n must be at least 4, got 3$"):
        require_count("n", kind(3), least=4)


@pytest.mark.parametrize("value", NOT_INTEGERS, ids=repr)
def test_what_is_no_integer_does_not_count(value):
    with pytest.raises(TypeError, match="^n must be an int, got "):
        as_count("n", value)


@pytest.mark.parametrize("kind", NUMPY_INTEGERS)
def test_counts_of_public_functions(kind):
    """What is computed from them may leave the range of a small integer: 200 + 200 as uint8 is 144."""
    assert window_statistics(kind(100), kind(60), kind(100)) == window_statistics(100, 60, 100)
    dataset = SlidingWindowDataset(range(300), max_length=kind(120), stride=kind(120))
    assert len(dataset) == 2 and dataset[1][0][0] == 120
    assert sinusoidal_positions(kind(100), kind(4)).shape == (100, 4)
    assert InputEmbedding(kind(100), kind(4), kind(100))(torch.tensor([[1, 2]])).shape == (1, 2, 4)
    embed = InputEmbedding(9, 4, 200)
    assert torch.equal(embed(torch.tensor([[1] * 100]), at=kind(100)), embed(torch.tensor([[1] * 100]), at=100))
    assert SkipGram(kind(5), kind(2)).words.shape == (5, 2)
    assert toy_world(kind(4), seed=kind(7)) == toy_world(4, seed=7)
    loader = create_dataloader(" and" * 50, batch_size=kind(2), max_length=kind(4), stride=kind(4))
    assert next(iter(loader))[0].shape == (2, 4)


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int64])
def test_a_tokenizer_keeps_plain_integers(kind, tmp_path):
    made = train_bpe("low lower lowest", kind(259), min_frequency=kind(1))
    assert made.merges == train_bpe("low lower lowest", 259).merges
    vocabulary = {kind(id): token for id, token in made.vocabulary.items()}
    tokenizer = BPETokenizer(made.merges, vocabulary=vocabulary, special_tokens={"<x>": kind(300)})
    assert {type(id) for id in [*tokenizer.vocabulary, *tokenizer.special_tokens.values()]} == {int}
    tokenizer.save(tmp_path / "tokenizer.json")
    assert BPETokenizer.load(tmp_path / "tokenizer.json").encode("low<x>", "all") == [257, 300]


# ---- ids -------------------------------------------------------------------------------------------------------------

TOKENIZERS = [BPETokenizer([]), WordTokenizer(["a", "b", "c"]), CharTokenizer(["a", "b", "c"]), ByteTokenizer()]
TORCH_INTEGERS = [torch.uint8, torch.int8, torch.uint16, torch.int16, torch.int32, torch.uint32, torch.int64]


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tokenizer: type(tokenizer).__name__)
def test_integers_of_every_library_are_ids(tokenizer):
    expected = tokenizer.decode([1, 2])
    for kind in NUMPY_INTEGERS:
        assert tokenizer.decode([kind(1), kind(2)]) == tokenizer.decode(np.array([1, 2], dtype=kind)) == expected
    for dtype in TORCH_INTEGERS:
        row = torch.tensor([1, 2]).to(dtype)
        assert tokenizer.decode(row) == tokenizer.decode(list(row)) == expected


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tokenizer: type(tokenizer).__name__)
@pytest.mark.parametrize(
    "ids",
    [
        [1.0, 2.0],
        [1, 2.0],
        [True, False],
        [1, True],
        np.array([1.0, 2.0]),
        np.array([1, 2], dtype=np.float16),
        np.array([True, False]),
        [np.float64(1)],
        [np.bool_(True)],
        torch.tensor([1.0, 2.0]),
        torch.tensor([True, False]),
        torch.tensor([1.0], dtype=torch.bfloat16),
        [torch.tensor(True)],
        torch.tensor([[1], [2]]),  # each row has one number, and PyTorch would take it for an index
        np.array([[1], [2]]),
        ["a"],
        [None],
        [1 + 0j],
    ],
    ids=repr,
)
def test_what_is_no_integer_is_never_an_id(tokenizer, ids):
    with pytest.raises(TypeError, match="token ids must be int, got"):
        tokenizer.decode(ids)


def test_a_row_of_integers_is_taken_as_it_is():
    assert as_ids(iter([1, 2])) == [1, 2]
    assert {type(id) for id in as_ids(np.array([1, 2]))} == {int}
