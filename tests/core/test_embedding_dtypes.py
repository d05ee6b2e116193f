"""What dtypes the functions of llmlab.embeddings take: each is accepted with the right result, or refused in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from llmlab.embeddings import InputEmbedding, SkipGram, apply_rope, one_hot_lookup

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INTEGERS = [torch.uint8, torch.int8, torch.uint16, torch.int16, torch.uint32, torch.int32, torch.uint64, torch.int64]
NO_IDS = [torch.bool, *FLOATS, torch.complex64]


@pytest.fixture(scope="module")
def embed():
    torch.manual_seed(0)
    return InputEmbedding(vocab_size=11, d_model=6, context_length=5).eval()


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_are_ids_and_positions(dtype, embed):
    ids, at = torch.tensor([[3, 10, 0]]), torch.tensor([2, 3, 4])
    assert torch.equal(embed(ids.to(dtype), at.to(dtype)), embed(ids, at))
    table = torch.randn(11, 4)
    assert torch.equal(one_hot_lookup(ids.to(dtype), table), table[ids])
    with pytest.raises(ValueError, match="token id 11 is not in the vocabulary"):
        embed(torch.tensor([[11]]).to(dtype))
    with pytest.raises(ValueError, match="token id 11 is not in the vocabulary"):
        one_hot_lookup(torch.tensor([11]).to(dtype), table)


@pytest.mark.parametrize("dtype", NO_IDS, ids=str)
def test_other_dtypes_are_no_ids(dtype, embed):
    ids = torch.tensor([[1, 0, 1]]).to(dtype)
    for call in (lambda: embed(ids), lambda: one_hot_lookup(ids, torch.randn(11, 4))):
        with pytest.raises(TypeError, match=f"ids must be integers, got {dtype}"):
            call()
    with pytest.raises(TypeError, match=f"positions must be integers, got {dtype}"):
        embed(torch.tensor([[1, 0, 1]]), ids)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_tables_of_every_float(dtype):
    table, ids = torch.randn(11, 4).to(dtype), torch.tensor([3, 10, 3])
    rows = one_hot_lookup(ids, table)
    assert rows.dtype == dtype and torch.equal(rows, table[ids])
    for positions in ("learned", "sinusoidal", None):
        embed = InputEmbedding(11, 6, 5, positions).to(dtype)
        vectors = embed(ids)
        assert vectors.dtype == dtype
        place = {"learned": lambda e: e.position.weight[:3], "sinusoidal": lambda e: e.position[:3], None: lambda e: 0}
        assert torch.equal(vectors, embed.token.weight[ids] + place[positions](embed))


@pytest.mark.parametrize("dtype", [*INTEGERS[1::2], torch.uint8, torch.bool], ids=str)
def test_tables_of_numbers_that_are_no_floats(dtype):
    """A product of integers has no gradient and may leave their range: only floats make a table."""
    with pytest.raises(TypeError, match=rf"weight must be a float tensor, got {dtype}: write weight.float\(\)"):
        one_hot_lookup(torch.tensor([1]), torch.ones(3, 2).to(dtype))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("of_positions", [*INTEGERS, *FLOATS], ids=str)
def test_rope_computes_angles_in_double_precision(dtype, of_positions):
    x, positions = torch.randn(5, 8).to(dtype), torch.arange(5)
    turned = apply_rope(x, positions.to(of_positions))
    assert turned.dtype == dtype
    exact = apply_rope(x.double(), positions)
    assert torch.allclose(turned.double(), exact, atol=4 * torch.finfo(dtype).eps * float(x.double().abs().max()))


@pytest.mark.parametrize("dtype", [*INTEGERS, torch.bool, torch.complex64], ids=str)
def test_rope_turns_floats_alone(dtype):
    with pytest.raises(TypeError, match=rf"x must be a float tensor, got {dtype}: write x.float\(\)"):
        apply_rope(torch.ones(5, 8).to(dtype), torch.arange(5))


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64], ids=str)
def test_positions_are_numbers_on_a_line(dtype):
    with pytest.raises(TypeError, match=f"positions must be integers or floats, got {dtype}"):
        apply_rope(torch.ones(5, 8), torch.arange(5).to(dtype))


def test_arrays_are_told_how_to_become_tensors(embed):
    ids, table, x = np.array([[1, 2]]), np.ones((3, 2), np.float32), np.ones((5, 8), np.float32)
    for call in (
        lambda: embed(ids),
        lambda: one_hot_lookup(ids, torch.ones(3, 2)),
        lambda: one_hot_lookup(torch.tensor([1]), table),
        lambda: apply_rope(x, torch.arange(5)),
        lambda: apply_rope(torch.ones(5, 8), np.arange(5)),
    ):
        with pytest.raises(TypeError, match=r"must be a tensor, got ndarray: torch.from_numpy\(...\) makes one"):
            call()


# ---- word vectors ----------------------------------------------------------------------------------------------------

FEW = {"window": 1, "negatives": 1, "steps": 2, "batch_size": 4, "record_every": 1, "progress": False}


def fitted(ids):
    return SkipGram(4, 2).fit(ids, **FEW).snapshots


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"])
def test_a_text_of_integers_in_any_container(dtype):
    row, expected = np.array([0, 1, 2, 3] * 4), fitted([0, 1, 2, 3] * 4)
    read_only = row.astype(dtype)
    read_only.flags.writeable = False
    for ids in (row.astype(dtype), torch.from_numpy(row.astype(dtype)), list(row.astype(dtype)), read_only):
        assert torch.equal(fitted(ids), expected)
    assert torch.equal(fitted([row[:8].astype(dtype), row[8:].astype(dtype)]), fitted([row[:8].tolist()] * 2))
    model = SkipGram(4, 2)
    assert model.most_similar(np.dtype(dtype).type(1), k=np.int8(1)) == model.most_similar(1, k=1)


@pytest.mark.parametrize("ids", [[0.0, 1.0], [True, False], [0, True, 1], np.ones(4), np.ones(4, bool), torch.ones(4)])
def test_a_text_of_other_things(ids):
    with pytest.raises(TypeError, match="token ids must be int(egers)?"):
        fitted(ids)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_pairs_of_every_integer(dtype):
    model = SkipGram(4, 2)
    ids = torch.tensor([0, 1]), torch.tensor([1, 2]), torch.tensor([[3], [0]])
    assert torch.equal(model(*(each.to(dtype) for each in ids)), model(*ids))


@pytest.mark.parametrize("dtype", NO_IDS, ids=str)
def test_pairs_of_other_dtypes(dtype):
    ids = torch.tensor([0, 1]).to(dtype)
    with pytest.raises(TypeError, match=f"centres must be integers, got {dtype}"):
        SkipGram(4, 2)(ids, torch.tensor([1, 2]), torch.tensor([[3], [0]]))


def test_pairs_outside_the_vocabulary():
    with pytest.raises(ValueError, match="token id 4 is not in the vocabulary"):
        SkipGram(4, 2)(torch.tensor([0, 4]), torch.tensor([1, 2]), torch.tensor([[3], [0]]))
    with pytest.raises(ValueError, match="token id -1 is not in the vocabulary"):
        SkipGram(4, 2)(torch.tensor([0, 1]), torch.tensor([1, 2]), torch.tensor([[3], [-1]]))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_word_vectors_of_every_float(dtype):
    model = SkipGram(4, 2).to(dtype)
    if dtype == torch.float16:
        with pytest.raises(ValueError, match=r"zero in float16: write model.float\(\) first"):
            model.fit([0, 1, 2, 3] * 4, **FEW)
        return
    model.fit([0, 1, 2, 3] * 4, **FEW)
    assert model.words.dtype == dtype and torch.isfinite(model.words).all()
    (best,) = model.most_similar(0, k=1)
    unit = F.normalize(model.words.detach().double(), dim=-1)
    assert best[1] == pytest.approx(float((unit @ unit[0])[best[0]]), abs=4 * torch.finfo(dtype).eps)
