"""Windows against brute force: every slice taken by hand, every count counted."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from llmlab.bpe import gpt2_encoding
from llmlab.windows import SlidingWindowDataset, create_dataloader, pack, window_statistics

sizes = st.integers(1, 12)


def windows_by_hand(ids, max_length, stride):
    pairs = []
    start = 0
    while start + max_length + 1 <= len(ids):
        pairs.append((ids[start : start + max_length], ids[start + 1 : start + max_length + 1]))
        start += stride
    return pairs


@given(st.integers(2, 60), sizes, sizes)
def test_dataset_against_slices(n_tokens, max_length, stride):
    ids = [7 * i % 1009 for i in range(n_tokens)]
    expected = windows_by_hand(ids, max_length, stride)
    if not expected:
        with pytest.raises(ValueError, match="use a longer text or a smaller max_length"):
            SlidingWindowDataset(ids, max_length, stride)
        return
    dataset = SlidingWindowDataset(ids, max_length, stride)
    assert [(x.tolist(), y.tolist()) for x, y in dataset] == expected
    assert dataset[-1][0].tolist() == expected[-1][0]


@given(st.data(), st.integers(0, 60), sizes, sizes, st.integers(1, 9), st.booleans())
def test_statistics_against_counting(data, n_tokens, max_length, stride, batch_size, drop_last):
    found = windows_by_hand(list(range(n_tokens)), max_length, stride)
    batches = [found[i : i + batch_size] for i in range(0, len(found), batch_size)]
    if drop_last:
        batches = [batch for batch in batches if len(batch) == batch_size]
    kept = [window for batch in batches for window in batch]
    targets = [position for _, target in kept for position in target]
    statistics = window_statistics(n_tokens, max_length, stride, batch_size, drop_last)
    assert statistics.windows == len(kept)
    assert statistics.batches == len(batches)
    assert statistics.tokens_trained == len(set(targets))
    assert statistics.tokens_never_trained == max(0, n_tokens - 1) - len(set(targets))
    assert statistics.dropped_windows == len(found) - len(kept)
    assert statistics.repeats_per_target == (len(targets) / len(set(targets)) if targets else 0.0)


def test_statistics_of_the_known_mistake():
    """Stride 5 at length 4 is not "one more than needed": a fifth of the targets is never trained."""
    assert window_statistics(1000, 4, 4).tokens_trained == 996
    assert window_statistics(1000, 4, 5).tokens_trained == 800


@given(st.integers(12, 80), st.integers(1, 5), sizes, st.integers(1, 4), st.booleans(), st.booleans())
def test_loader_against_statistics_and_slices(n_words, max_length, stride, batch_size, shuffle, drop_last):
    text = " and" * n_words  # one id a word
    ids = gpt2_encoding().encode(text)
    expected = window_statistics(len(ids), max_length, stride, batch_size, drop_last)
    arguments = dict(batch_size=batch_size, max_length=max_length, stride=stride, shuffle=shuffle, drop_last=drop_last)
    if not expected.batches:
        with pytest.raises(ValueError, match="drop_last=True leaves no batch"):
            create_dataloader(text, **arguments)
        return
    loader = create_dataloader(text, **arguments, generator=torch.Generator().manual_seed(3))
    batches = list(loader)
    assert len(loader) == len(batches) == expected.batches
    assert sum(len(inputs) for inputs, _ in batches) == expected.windows
    for inputs, targets in batches:
        assert inputs.dtype == targets.dtype == torch.int64
        assert inputs.shape == targets.shape and inputs.shape[1] == max_length


@pytest.mark.parametrize("num_workers", [0, 2])
def test_loader_order(num_workers):
    text = " ".join(str(number) for number in range(100, 160))
    ids = gpt2_encoding().encode(text)
    expected = windows_by_hand(ids, 5, 3)
    arguments = dict(batch_size=4, max_length=5, stride=3, drop_last=False, num_workers=num_workers)

    def rows(**more):
        loader = create_dataloader(text, **arguments, **more)
        return [(x, y) for inputs, targets in loader for x, y in zip(inputs.tolist(), targets.tolist(), strict=True)]

    assert rows(shuffle=False) == [(x, y) for x, y in expected]
    shuffled = rows(shuffle=True, generator=torch.Generator().manual_seed(1))
    assert shuffled != expected and sorted(shuffled) == sorted(expected)
    assert rows(shuffle=True, generator=torch.Generator().manual_seed(1)) == shuffled
    assert rows(shuffle=True, generator=torch.Generator().manual_seed(2)) != shuffled


def test_loader_reshuffles_each_epoch_and_leaves_the_global_seed_alone():
    loader = create_dataloader(
        " and" * 90, batch_size=3, max_length=4, stride=2, generator=torch.Generator().manual_seed(0)
    )
    torch.manual_seed(11)
    before = torch.get_rng_state()
    loader.dataset.inputs = torch.arange(loader.dataset.inputs.numel()).view(loader.dataset.inputs.shape)
    first, second = ([x.tolist() for x, _ in loader] for _ in range(2))
    assert first != second
    assert torch.equal(torch.get_rng_state(), before)


def test_loader_defaults_are_the_books():
    loader = create_dataloader(" and" * 2000)
    inputs, _ = next(iter(loader))
    assert inputs.shape == (4, 256)
    assert len(loader) == window_statistics(2000, 256, 128, 4).batches
    assert loader.num_workers == 0
    assert type(loader.sampler).__name__ == "RandomSampler"


def test_separator_stays_in_the_stream_as_one_id():
    loader = create_dataloader("one<|endoftext|>two three", batch_size=1, max_length=3, stride=1, shuffle=False)
    inputs, targets = next(iter(loader))
    assert inputs.tolist() == [[505, 50256, 11545]] and targets[0, 0] == 50256


def test_own_tokenizer():
    class Letters:
        def encode(self, text):
            return [ord(letter) for letter in text]

    loader = create_dataloader("abcdef", batch_size=1, max_length=2, stride=2, shuffle=False, tokenizer=Letters())
    assert [inputs.tolist() for inputs, _ in loader] == [[[97, 98]], [[99, 100]]]
    assert pack(["ab", "c"], Letters(), separator="|") == [97, 98, 124, 99]


@pytest.mark.parametrize("stride", [9, 10**30])
def test_a_stride_beyond_the_text_leaves_one_window(stride):
    dataset = SlidingWindowDataset(list(range(9)), 4, stride)
    assert len(dataset) == window_statistics(9, 4, stride).windows == 1
    assert dataset[0][1].tolist() == [1, 2, 3, 4]


def test_views_share_memory():
    ids = np.arange(100_000, dtype=np.int64)
    dataset = SlidingWindowDataset(ids, max_length=256, stride=1)
    assert dataset.inputs.untyped_storage().data_ptr() == ids.ctypes.data
    assert dataset.targets.untyped_storage().nbytes() == ids.nbytes


def test_batch_fetch_equals_single_items():
    dataset = SlidingWindowDataset(list(range(50)), max_length=6, stride=4)
    inputs, targets = dataset[[3, 0, 5]]
    assert inputs.tolist() == [dataset[i][0].tolist() for i in (3, 0, 5)]
    assert targets.tolist() == [dataset[i][1].tolist() for i in (3, 0, 5)]
    plain = list(DataLoader(dataset, batch_size=2))  # PyTorch's own collate function
    assert plain[1][0].tolist() == dataset[[2, 3]][0].tolist()
    assert len(plain[1]) == 2


@pytest.mark.parametrize(
    "ids",
    [list(range(9)), tuple(range(9)), range(9), torch.arange(9), np.arange(9, dtype=np.uint16), torch.arange(9).int()],
)
def test_kinds_of_ids(ids):
    x, y = SlidingWindowDataset(ids, 5, 2)[1]
    assert x.tolist() == [2, 3, 4, 5, 6] and y.tolist() == [3, 4, 5, 6, 7]
    assert x.dtype == y.dtype == torch.int64


def test_pack_joins_with_one_separator():
    encoding = gpt2_encoding()
    assert pack(["one", "two three", "four"], encoding) == [
        *encoding.encode("one"), 50256, *encoding.encode("two three"), 50256, *encoding.encode("four")
    ]  # fmt: skip
    assert pack([], encoding) == []
    assert pack(iter(["one"]), encoding) == encoding.encode("one")


IDS = list(range(20))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SlidingWindowDataset(IDS, 0, 1), ValueError, "max_length must be at least 1, got 0"),
        (lambda: SlidingWindowDataset(IDS, 4, 0), ValueError, "stride must be at least 1, got 0"),
        (lambda: SlidingWindowDataset(IDS, 4, -2), ValueError, "stride must be at least 1, got -2"),
        (lambda: SlidingWindowDataset(IDS, 4.0, 1), TypeError, r"max_length must be an int, got 4.0 \(float\)"),
        (lambda: SlidingWindowDataset(IDS, True, 1), TypeError, "max_length must be an int, got True"),
        (lambda: SlidingWindowDataset(IDS, 20, 1), ValueError, "at least 21 token ids .* got 20"),
        (lambda: SlidingWindowDataset([], 4, 1), ValueError, "got 0"),
        (lambda: SlidingWindowDataset([0.5, 1.5, 2.5], 1, 1), TypeError, "encode the text first"),
        (lambda: SlidingWindowDataset([True, False, True], 1, 1), TypeError, "encode the text first"),
        (lambda: SlidingWindowDataset([IDS, IDS], 4, 1), TypeError, r"got shape \(2, 20\)"),
        (lambda: SlidingWindowDataset("some text", 4, 1), TypeError, "token ids must be integers in one row, got str"),
        (lambda: create_dataloader(IDS), TypeError, "text must be a str, got list: .* use SlidingWindowDataset"),
        (lambda: create_dataloader("one two", max_length=4), ValueError, "at least 5 token ids .* got 2"),
        (lambda: create_dataloader(" a" * 30, batch_size=0, max_length=4), ValueError, "batch_size must be at least 1"),
        (lambda: create_dataloader(" a" * 30, num_workers=-1, max_length=4), ValueError, "num_workers must be"),
        (lambda: create_dataloader(" a" * 30, max_length=4, tokenizer=3), TypeError, "tokenizer must be an object"),
        (lambda: window_statistics(-1, 4, 1), ValueError, "n_tokens must be at least 0, got -1"),
        (lambda: window_statistics(10, 4, 0), ValueError, "stride must be at least 1, got 0"),
        (lambda: window_statistics(10, 0, 1), ValueError, "max_length must be at least 1, got 0"),
        (lambda: window_statistics(10, 4, 1, 0), ValueError, "batch_size must be at least 1, got 0"),
        (lambda: window_statistics("10", 4, 1), TypeError, "n_tokens must be an int, got '10'"),
        (lambda: window_statistics("words " * 999, 4, 1), TypeError, r"^.{,80} pass len\(ids\)$"),
        (lambda: create_dataloader(" a" * 30, max_length=4, tokenizer="gpt2"), TypeError, "got 'gpt2': pass one"),
        (lambda: create_dataloader(" a" * 30, max_length=4, tokenizer=str), TypeError, "got <class 'str'>: pass one"),
        (lambda: create_dataloader(" a" * 30, max_length=4, generator=42), TypeError, "got 42: for a seed, pass"),
        (lambda: create_dataloader(" a" * 30, max_length=4, shuffle="no"), TypeError, "shuffle must be True or False"),
        (lambda: pack(5, gpt2_encoding()), TypeError, "documents must be an iterable of str, got int"),
        (lambda: pack(["a"], None), TypeError, "got <class 'NoneType'>: pass one such as llmlab.bpe.gpt2_encoding"),
        (lambda: pack(["a"], gpt2_encoding(), separator=50256), TypeError, "separator must be a str, got 50256"),
        (lambda: pack("one text", gpt2_encoding()), TypeError, r"write \[text\]"),
        (lambda: pack(["one", 2], gpt2_encoding()), TypeError, "document 1 must be a str, got int"),
        (lambda: pack(["a<|endoftext|>b"], gpt2_encoding()), ValueError, "document 0 contains the separator"),
        (lambda: pack(["a"], gpt2_encoding(), separator="no such"), ValueError, "must be one token"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()
