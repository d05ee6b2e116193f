"""Windows against brute force: every slice taken by hand, every count counted."""

import numpy as np
import pytest
import tiktoken
import tokenizers
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, processors, trainers
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerFast

from llmlab.bpe import BPETokenizer, gpt2_encoding, train_bpe
from llmlab.gpt import GPT, GPTConfig
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
from llmlab.training import TrainConfig, train
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


# ---- dtypes and containers -------------------------------------------------------------------------------------------

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
OTHERS = ["bool", "float16", "float32", "float64", "complex64"]


def as_list(ids):
    return ids.tolist()


def as_torch(ids):
    return torch.from_numpy(ids.copy())


def read_only(ids):
    ids = ids.copy()
    ids.flags.writeable = False
    return ids


@pytest.fixture(params=["list", "tuple", "NumPy", "NumPy, read-only", "torch", "memory map"])
def contained(request, tmp_path):
    """Puts an array into a container."""

    def as_memory_map(ids):
        ids.tofile(tmp_path / "ids.bin")
        return np.memmap(tmp_path / "ids.bin", dtype=ids.dtype, mode="r")

    kinds = {"list": as_list, "tuple": lambda ids: tuple(ids.tolist()), "NumPy": np.copy, "torch": as_torch}
    return (kinds | {"NumPy, read-only": read_only, "memory map": as_memory_map})[request.param]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_of_every_kind_are_ids(dtype, contained):
    ids = np.arange(100, 120).astype(dtype)
    dataset = SlidingWindowDataset(contained(ids), 5, 2)
    expected = windows_by_hand(list(range(100, 120)), 5, 2)
    assert [(x.tolist(), y.tolist()) for x, y in dataset] == expected
    for found in (dataset[1], dataset[-1], dataset[:2], dataset[[1, 0]]):
        assert {rows.dtype for rows in found} == {torch.int64}
    (inputs, targets), *_ = DataLoader(dataset, batch_size=3)
    assert inputs.dtype == targets.dtype == torch.int64
    assert targets.tolist() == [target for _, target in expected[:3]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", OTHERS)
def test_what_is_no_integer_is_refused(dtype, contained):
    with pytest.raises(TypeError, match="token ids must be integers, got torch.* encode the text first"):
        SlidingWindowDataset(contained(np.arange(20).astype(dtype)), 5, 2)


def test_a_bool_among_integers_is_refused():
    with pytest.raises(TypeError, match="token ids must be int, got True"):
        SlidingWindowDataset([1, 2, True, 3], 2, 1)


def test_the_largest_ids_of_each_kind():
    for dtype in INTEGERS[:6] + ["int64"]:
        largest = np.iinfo(dtype).max
        assert SlidingWindowDataset(np.full(4, largest, dtype), 3, 1)[0][0].tolist() == [largest] * 3
    with pytest.raises(ValueError, match="id 2 of the row is 9223372036854775808, and int64 ends at"):
        SlidingWindowDataset(np.array([1, 2, 2**63, 4], np.uint64), 2, 1)


def test_a_memory_map_stays_a_file_and_is_never_written_to(tmp_path):
    np.arange(1000, dtype=np.int64).tofile(tmp_path / "ids.bin")
    for dtype in (np.int64, np.uint16):
        ids = np.memmap(tmp_path / "ids.bin", dtype=dtype, mode="r")
        dataset = SlidingWindowDataset(ids, max_length=8, stride=4)
        assert dataset.inputs.untyped_storage().data_ptr() == ids.ctypes.data
        for found in (dataset[0], dataset[:2], dataset[[0, 1]]):
            for rows in found:
                # Before anything is written: writing to a view on the file would end the process.
                assert rows.untyped_storage().data_ptr() != ids.ctypes.data
                rows += 1
    assert (tmp_path / "ids.bin").read_bytes() == np.arange(1000, dtype=np.int64).tobytes()


@pytest.mark.parametrize("dtype", INTEGERS)
def test_a_model_trains_on_a_memory_map(dtype, tmp_path):
    np.arange(100).astype(dtype).tofile(tmp_path / "ids.bin")
    ids = np.memmap(tmp_path / "ids.bin", dtype=dtype, mode="r")
    loader = DataLoader(SlidingWindowDataset(ids, 4, 4), batch_size=4)
    history = train(GPT(GPTConfig(100, 4, 8, 2, 1)), loader, TrainConfig(steps=2, learning_rate=0.01))
    assert len(history.loss) == 2
    with pytest.raises(ValueError, match="id 96 is not in the model's vocabulary"):
        train(GPT(GPTConfig(90, 4, 8, 2, 1)), loader, TrainConfig(steps=2, learning_rate=0.01))


# ---- tokenizers and special tokens -----------------------------------------------------------------------------------

TEXT = "one two three four five six. <|endoftext|> one two three."
FEW = {"batch_size": 1, "max_length": 4, "stride": 4, "shuffle": False}


def loaded(text=TEXT, **options):
    return create_dataloader(text, **FEW, **options).dataset


def ids_of(dataset):
    return dataset.inputs.flatten().tolist()


@pytest.mark.parametrize(
    "tokenizer",
    [
        train_bpe(TEXT, 270),
        BPETokenizer([]),
        ByteTokenizer(),
        CharTokenizer.from_text(TEXT),
        tiktoken.Encoding("bytes", pat_str=".", mergeable_ranks={bytes([b]): b for b in range(256)}, special_tokens={}),
    ],
    ids=lambda tokenizer: type(tokenizer).__name__,
)
def test_a_separator_that_would_be_split_is_refused(tokenizer):
    with pytest.raises(ValueError, match=r"special token '<\|endoftext\|>', but this tokenizer makes \d+ of it"):
        loaded(tokenizer=tokenizer)
    with pytest.raises(ValueError, match=r"separator '<\|endoftext\|>' must be one token, this tokenizer makes \d+ of"):
        pack(["one", "two"], tokenizer)
    plain = TEXT.partition("<")[0]
    rows = ids_of(loaded(plain, tokenizer=tokenizer))
    assert rows == tokenizer.encode(plain)[: len(rows)]
    assert ids_of(loaded(tokenizer=tokenizer, allowed_special=()))[: len(rows)] == rows  # as the message says


def test_a_token_for_the_unknown_is_no_separator():
    tokenizer = WordTokenizer.from_text(
        TEXT.replace("<|endoftext|>", ""), special_tokens=["<|unk|>"], unknown="<|unk|>"
    )
    with pytest.raises(ValueError, match=r"must be one token, this tokenizer makes '<\|unk\|>' of it"):
        pack(["one", "two"], tokenizer)
    with pytest.raises(ValueError, match=r"this tokenizer makes '<\|unk\|>' of it"):
        loaded(tokenizer=tokenizer)
    with pytest.raises(ValueError, match="must be one token, this tokenizer does not know it"):
        pack(["one", "two"], WordTokenizer.from_text("one two"))


def test_the_advice_about_special_tokens_can_be_followed():
    chat = train_bpe(TEXT, 270, special_tokens=["<|endoftext|>", "<|user|>"])
    text = "<|user|>" + TEXT
    with pytest.raises(ValueError, match=r"pass allowed_special=\{'<\|user\|>'\}, or 'all'"):
        loaded(text, tokenizer=chat)
    with pytest.raises(ValueError, match=r"pass allowed_special=\{'<\|user\|>'\}, or 'all'"):
        pack([text.partition("<|end")[0]], chat)
    user, end = chat.special_tokens["<|user|>"], chat.special_tokens["<|endoftext|>"]
    for allowed in ("all", ["<|user|>", "<|endoftext|>"], iter({"<|user|>", "<|endoftext|>"})):
        assert ids_of(loaded(text, tokenizer=chat, allowed_special=allowed))[0] == user
    assert pack(["<|user|>", "one"], chat, allowed_special={"<|user|>"}) == [user, end, *chat.encode("one")]
    assert pack(["<|user|>", "one"], chat, allowed_special="all") == [user, end, *chat.encode("one")]
    with pytest.raises(ValueError, match=r"special token '<\|endoftext\|>' at character"):
        loaded(text, tokenizer=chat, allowed_special=["<|user|>"])
    with pytest.raises(ValueError, match=r"contains the special token '<\|tool\|>', but this tokenizer makes"):
        pack(["<|tool|>"], chat, allowed_special=["<|tool|>"])


@pytest.mark.parametrize("call", [loaded, lambda **options: pack(["a"], gpt2_encoding(), **options)])
@pytest.mark.parametrize("wrong", ["<|user|>", 5, None, [5], [""], [["a"]]])
def test_allowed_special_is_a_collection_of_names(call, wrong):
    with pytest.raises(TypeError, match="allowed_special must be 'all' or a collection of names, got"):
        call(allowed_special=wrong)


@pytest.fixture
def of_another_library():
    """A tokenizer of `tokenizers` that begins each text with a token, if it is not told otherwise."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special, alphabet = ["<|bos|>", "<|endoftext|>"], pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([TEXT], trainer)
    made.post_processor = processors.TemplateProcessing(single="<|bos|> $A", special_tokens=[("<|bos|>", 0)])
    return made


def test_tokenizers_of_another_library_are_understood(of_another_library):
    assert of_another_library.encode(TEXT).ids[0] == 0
    expected = of_another_library.encode(TEXT, add_special_tokens=False).ids
    assert expected.count(1) == 1 and 0 not in expected
    rows = ids_of(loaded(tokenizer=of_another_library))
    assert rows == expected[: len(rows)]
    one = of_another_library.encode("one", add_special_tokens=False).ids
    assert pack(["one", "one"], of_another_library) == [*one, 1, *one]
    wrapped = PreTrainedTokenizerFast(tokenizer_object=of_another_library)
    assert pack(["one", "one"], wrapped) == [*one, 1, *one]


@pytest.mark.parametrize("setting", ["truncation", "padding"])
def test_a_tokenizer_that_changes_the_length_is_refused(setting, of_another_library):
    of_another_library.enable_truncation(4) if setting == "truncation" else of_another_library.enable_padding(length=99)
    with pytest.raises(
        ValueError, match=rf"the tokenizer's {setting} would change the text: call its no_{setting}\(\)"
    ):
        loaded(tokenizer=of_another_library)
    getattr(of_another_library, f"no_{setting}")()
    assert len(loaded(tokenizer=of_another_library)) > 1


@pytest.mark.parametrize("given", [[1.0] * 20, "ids", None, torch.ones(2, 20, dtype=torch.int64), ["a"] * 20])
def test_what_encode_gives_must_be_ids(given):
    class Other:
        def encode(self, text):
            return given

    with pytest.raises(TypeError, match="the tokenizer's encode must give a row of token ids, got"):
        create_dataloader("a text", max_length=4, tokenizer=Other())


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
