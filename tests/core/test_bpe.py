"""Encoding and decoding by BPE, GPT-2's tokenizer from the bundled merges, streams, files."""

import copy
import hashlib
import os
import pickle
import random
import socket
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.bpe import GPT2_PATTERN, BPETokenizer, _chunks, _gpt2, _merging, gpt2_encoding, train_bpe
from llmlab.corpus import load_text
from llmlab.utils.bundled import data_path
from tests import ROOT

# The hash that tiktoken itself expects of the file it would download.
VOCAB_BPE_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"


def test_merge_table_is_the_published_one():
    assert hashlib.sha256(data_path("gpt2/vocab.bpe").read_bytes()).hexdigest() == VOCAB_BPE_SHA256


def test_a_damaged_merge_table_is_named(monkeypatch, tmp_path):
    damaged = data_path("gpt2/vocab.bpe").read_bytes()[:-7]
    (tmp_path / "vocab.bpe").write_bytes(damaged)
    monkeypatch.setattr(_gpt2, "data_path", lambda name: tmp_path / "vocab.bpe")
    with pytest.raises(ValueError, match="vocab.bpe is not GPT-2's merge table: .* Install llmlab again"):
        _gpt2.gpt2_tables.__wrapped__()


def test_ids_have_gpt2s_layout():
    encoding = gpt2_encoding()
    assert encoding.n_vocab == 50_257
    assert encoding.eot_token == 50_256
    # "!" opens GPT-2's byte order, the space is written as U+0120 and so comes after all printable bytes.
    assert encoding.decode_single_token_bytes(0) == b"!"
    assert encoding.encode(" ") == [220]
    assert sorted(encoding.decode_single_token_bytes(i) for i in range(256)) == [bytes([b]) for b in range(256)]


def test_pattern_is_tiktokens():
    from tiktoken_ext.openai_public import r50k_pat_str  # what tiktoken compiles for GPT-2

    sample = "It's 1908 -- they'll say  'tis naïve…\n\n\tDon't! 'subject'  "
    import regex

    assert regex.findall(GPT2_PATTERN, sample) == regex.findall(r50k_pat_str, sample)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_round_trip_of_any_text(text):
    encoding = gpt2_encoding()
    assert encoding.decode(encoding.encode_ordinary(text)) == text


def test_no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    gpt2_encoding.cache_clear()
    assert gpt2_encoding().encode("Hello, world") == [15496, 11, 995]
    assert gpt2_encoding() is gpt2_encoding()


def test_special_token_in_plain_text_is_refused():
    with pytest.raises(ValueError, match="disallowed special token"):
        gpt2_encoding().encode("one<|endoftext|>two")


# --- BPETokenizer with GPT-2's merges, beside tiktoken ---

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
# Texts in which chunks are hard to cut: contractions, runs of white space, signs, digits, beginnings of special tokens.
AWKWARD = st.lists(
    st.sampled_from(
        ["'", "l", "ll", "re", " ", "  ", "\n", "\t", "a", "Zoë", "7", "42", "--", "é", "🐑", "<|", "end", "|>"]
    )
).map("".join)


@pytest.fixture(scope="module")
def gpt2():
    return BPETokenizer.gpt2()


@given(ANY_TEXT | AWKWARD)
def test_gpt2_gives_tiktokens_ids(gpt2, text):
    ids = gpt2.encode(text)
    assert ids == gpt2_encoding().encode(text)
    assert gpt2.decode(ids) == text


def test_gpt2_gives_tiktokens_ids_on_the_story(gpt2):
    text = load_text()
    assert gpt2.encode(text) == gpt2_encoding().encode(text)
    assert gpt2.vocabulary == {i: gpt2_encoding().decode_single_token_bytes(i) for i in range(50_257)}
    assert len(gpt2) == 50_257 and len(gpt2.merges) == 50_000 and gpt2.special_tokens == {"<|endoftext|>": 50_256}


def test_gpt2_tokens_in_the_verdict(gpt2, the_verdict):
    assert len(gpt2.encode(the_verdict)) == 5145


@given(st.lists(st.sampled_from(["<|endoftext|>", "<|endof", "text|>", " ", "a", "'l"])).map("".join))
def test_special_tokens_as_in_tiktoken(gpt2, text):
    expected = gpt2_encoding().encode(text, allowed_special={"<|endoftext|>"})
    assert gpt2.encode(text, allowed_special={"<|endoftext|>"}) == expected
    assert gpt2.encode(text, allowed_special="all") == expected
    assert gpt2.encode(text, allowed_special=iter(["<|endoftext|>", "<|unknown here|>"])) == expected
    if "<|endoftext|>" in text:
        for encode in (gpt2.encode, gpt2_encoding().encode):
            with pytest.raises(
                ValueError, match=r"disallowed special token|special token '<\|endoftext\|>' at character"
            ):
                encode(text)
    else:
        assert gpt2.encode(text) == expected


def test_refused_special_token_says_how_to_allow_it(gpt2):
    with pytest.raises(ValueError, match=r"at character 3, .* allowed_special=\{'<\|endoftext\|>'\}"):
        gpt2.encode("one<|endoftext|>two")
    with pytest.raises(TypeError, match="'all' or a set of names"):
        gpt2.encode("one", allowed_special="<|endoftext|>")
    with pytest.raises(TypeError, match=r"got None: \(\) allows none"):
        gpt2.encode("one", allowed_special=None)


@given(ANY_TEXT | AWKWARD | st.lists(st.sampled_from(["<|endoftext|>", "<|endof", "a"])).map("".join))
def test_encode_ordinary_as_in_tiktoken(gpt2, text):
    assert gpt2.encode_ordinary(text) == gpt2_encoding().encode_ordinary(text)


def test_encode_ordinary_never_gives_the_id_of_a_special_token():
    """Even where an ordinary token has the same bytes and a higher id."""
    vocabulary = {id + 1: bytes([id]) for id in range(256)}
    tokenizer = BPETokenizer([], vocabulary=vocabulary, special_tokens={"a": 0})
    assert tokenizer.encode_ordinary("ab") == [98, 99] and tokenizer.encode("ab", "all") == [0, 99]
    with pytest.raises(TypeError, match="text must be a str, got bytes"):
        tokenizer.encode_ordinary(b"a")
    with pytest.raises(ValueError, match="U\\+D83D"):
        tokenizer.encode_ordinary("\ud83d")


OVERLAPPING = {"<a>": 300, "<a><b>": 301, "<b>c": 302}


@given(
    st.lists(st.sampled_from(["<", "a", ">", "<a>", "<b>", "c", "<a><b>"])).map("".join),
    st.sets(st.sampled_from([*OVERLAPPING])),
)
def test_overlapping_special_tokens(text, allowed):
    tokenizer = BPETokenizer([], special_tokens=OVERLAPPING)
    refused = [name for name in OVERLAPPING if name not in allowed and name in text]
    if refused:  # even where it lies inside a longer, allowed one: tiktoken looks for it in the whole text, too
        with pytest.raises(ValueError, match="is not allowed"):
            tokenizer.encode(text, allowed)
        return
    expected, place = [], 0
    while place < len(text):
        names = [name for name in allowed if text.startswith(name, place)]
        name = max(names, key=len, default=None)
        expected.append(OVERLAPPING[name] if name else ord(text[place]))
        place += len(name or "x")
    assert tokenizer.encode(text, allowed) == expected


@pytest.mark.parametrize("text, position", [("\ud83d", 0), ("ab\ude00c", 2), ("é\ud83d\ude00", 1)])
def test_lone_surrogates_are_refused(gpt2, text, position):
    with pytest.raises(ValueError, match=f"^character {position} of the text is U\\+D[8E]"):
        gpt2.encode(text)
    with pytest.raises(ValueError, match=f"^character {100_000 + position} of the text is U\\+D[8E]"):
        list(gpt2.encode_iterable(["x" * 100_000, text[:1], text[1:]]))


def test_text_must_be_str(gpt2):
    for wrong in (b"bytes", None, 3):
        with pytest.raises(TypeError, match="text must be a str"):
            gpt2.encode(wrong)
    with pytest.raises(TypeError, match="part 1 must be a str, got bytes"):
        list(gpt2.encode_iterable(["a", b"b"]))


@given(ANY_TEXT, st.integers(101, 400))
def test_long_chunks_merge_as_short_ones(gpt2, text, length):
    """Beyond 100 symbols another algorithm takes over; tiktoken knows nothing of that border."""
    word = (("".join(filter(str.isalpha, text)) or "banana") * length)[:length]
    assert gpt2.encode(word) == gpt2_encoding().encode(word)


def apply_merge(symbols, pair, merged):
    """The naive pass from left to right."""
    result, i = [], 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            result.append(merged)
            i += 2
        else:
            result.append(symbols[i])
            i += 1
    return result


@given(st.data())
def test_random_merge_tables(data):
    """By rank, in both forms, against the definition: go through the merges in order, apply each everywhere."""
    parts = [b"a", b"b", b"c"]
    merges = []
    for _ in range(data.draw(st.integers(0, 12))):
        pair = tuple(data.draw(st.lists(st.sampled_from(parts), min_size=2, max_size=2)))
        if pair[0] + pair[1] not in parts:  # one way to make each token, as training gives it
            merges.append(pair)
            parts.append(pair[0] + pair[1])
    text = data.draw(st.text("abc", max_size=150))
    symbols = [bytes([byte]) for byte in text.encode()]
    for left, right in merges:
        symbols = apply_merge(symbols, (left, right), left + right)
    tokenizer = BPETokenizer(merges, pattern=None)
    assert [tokenizer.vocabulary[id] for id in tokenizer.encode(text)] == symbols


def test_long_chunk_does_not_take_quadratic_time(gpt2, monkeypatch):
    """Counted, not timed: the pairs that come off the heap. Without it, each merge would look at all pairs."""
    pops = 0
    heappop = _merging.heapq.heappop

    def counting(heap):
        nonlocal pops
        pops += 1
        return heappop(heap)

    monkeypatch.setattr(_merging.heapq, "heappop", counting)
    word = "".join(random.Random(0).choices("etaoinshrdlu", k=20_000))
    ids = gpt2.encode(word)
    assert ids == gpt2_encoding().encode(word)
    merges = 20_000 - len(ids)
    assert merges <= pops < 3 * 20_000


def test_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(_merging, "_CACHED_CHUNKS", 10)
    tokenizer = BPETokenizer.gpt2()
    text = " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(200)) + "y" * 1000
    assert tokenizer.encode(text) == gpt2_encoding().encode(text)
    assert 0 < len(tokenizer._ids_of) <= 10
    assert max(map(len, tokenizer._ids_of)) <= 100


def test_callers_cannot_spoil_the_cache(gpt2):
    gpt2.encode("Hello").append(1)
    list(gpt2.encode_iterable(["Hello"])).append(1)
    assert gpt2.encode("Hello") == [15496]


# --- streams ---

PATTERNS = [
    GPT2_PATTERN,
    None,
    r"\w+|\W",
    r"\s*[\r\n]|\s+|\S{1,3}",  # white space waits for a line end
    r"a(?=[^z]*z)|[a-y ]+",  # looks ahead without limit
    r"\b\w+|(?<=l)\s+",  # looks back
    r"(l)(e)?|\w*",  # groups; matches the empty text
]


SPECIAL_PARTS = st.lists(st.sampled_from(["<", "|", "<|", "end", "|>", " a", "l"]))


@given(st.lists(AWKWARD | ANY_TEXT) | SPECIAL_PARTS, st.sampled_from(PATTERNS), st.integers(1, 8))
def test_encode_iterable_equals_encode(parts, pattern, block):
    tokenizer = BPETokenizer(
        [(b"l", b"l"), (b"'", b"ll"), (b" ", b" "), (b" ", b"a"), (b"-", b"-")],
        pattern=pattern,
        special_tokens=["<|end|>", "<|end|><|", "<|"],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_chunks, "_BLOCK", block)  # so that decisions fall in the middle of small texts
        text = "".join(parts)
        assert list(tokenizer.encode_iterable(parts, "all")) == tokenizer.encode(text, "all")
        allowed = {"<|end|>"}
        try:
            expected = tokenizer.encode(text, allowed)
        except ValueError as error:
            with pytest.raises(ValueError, match=r"special token '<\|") as raised:
                list(tokenizer.encode_iterable(parts, allowed))
            assert str(raised.value) == str(error)
        else:
            assert list(tokenizer.encode_iterable(parts, allowed)) == expected


@pytest.mark.parametrize("pattern", PATTERNS)
def test_encode_iterable_wherever_the_text_is_cut(pattern, monkeypatch):
    monkeypatch.setattr(_chunks, "_BLOCK", 1)
    merges = [(b"l", b"l"), (b" ", b" ")]
    tokenizer = BPETokenizer(merges, pattern=pattern, special_tokens=["<|end|>", "<|end|><|", "<|"])
    for text in ("l<|end|>l  <|en", "l<|end|><|\n'll<|", "l<|end|>  <|l"):
        expected = tokenizer.encode(text, "all")
        for cut in range(len(text)):
            assert list(tokenizer.encode_iterable([text[:cut], text[cut:]], "all")) == expected
        assert list(tokenizer.encode_iterable(text, "all")) == expected  # a part for each character


@given(st.lists(AWKWARD), st.integers(1, 8))
def test_encode_iterable_of_gpt2(gpt2, parts, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_chunks, "_BLOCK", block)
        assert list(gpt2.encode_iterable(parts)) == gpt2_encoding().encode("".join(parts))


@pytest.mark.parametrize("pattern", [None, GPT2_PATTERN])
def test_a_long_chunk_in_parts_is_not_looked_at_again_and_again(pattern, monkeypatch):
    """Counted: the characters that are looked at. Looking at all of it with every block would be 50 times the text."""
    looked_at = []

    class Counting:
        def __init__(self, compiled):
            self.pattern, self.compiled = compiled.pattern, compiled

        def finditer(self, text, start=0):
            looked_at.append(len(text) - start)
            return self.compiled.finditer(text, start)

    monkeypatch.setattr(_chunks, "_BLOCK", 100)
    tokenizer = BPETokenizer([(b"a", b"b")], pattern=pattern)
    tokenizer._compiled = Counting(tokenizer._compiled)
    text = "ab" * 5_000
    assert list(tokenizer.encode_iterable(text)) == [256] * 5_000
    assert len(text) <= sum(looked_at) < 4 * len(text)


def test_encode_iterable_checks_its_arguments_at_once(gpt2):
    with pytest.raises(TypeError, match="'all' or a set of names"):
        gpt2.encode_iterable(["a"], allowed_special="<|endoftext|>")
    with pytest.raises(TypeError, match="parts must be an iterable of str, got int"):
        gpt2.encode_iterable(5)
    assert list(gpt2.encode_iterable([])) == []


def test_encode_iterable_needs_no_memory_for_the_text():
    """Measured in a process of its own: 2 MB of text may not cost more than 0.4 MB does, within half a MB."""
    script = """
import random, sys, tracemalloc
from llmlab.bpe import BPETokenizer
from llmlab.corpus import load_text
tokenizer = BPETokenizer.gpt2()
words = load_text().split()
def parts(n):
    choose = random.Random(0)
    for _ in range(n):
        yield " ".join(choose.choices(words, k=200)) + " "
def peak(n):
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    assert sum(1 for _ in tokenizer.encode_iterable(parts(n))) > 200 * n
    return tracemalloc.get_traced_memory()[1] - before
tracemalloc.start()
peak(400)  # fills the cache of chunks
print(peak(400), peak(2000))
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    output = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    small, large = map(int, output.stdout.split())
    assert large < small + 500_000 and small < 3_000_000


# --- decoding, files, arguments ---


def test_decode():
    tokenizer = BPETokenizer([(b"\xf0", b"\x9f")], special_tokens=["<|x|>"])
    assert tokenizer.decode([]) == ""
    assert tokenizer.decode([256, 0x90]) == "\ufffd"  # the beginning of a character
    assert tokenizer.decode([256, 0x90, 0x91]) == "\U0001f411"
    assert tokenizer.decode_bytes([256, 72, 257]) == b"\xf0\x9fH<|x|>"
    assert tokenizer.decode(np.array([72, 105])) == "Hi"


@given(st.lists(st.integers(0, 258)) | ANY_TEXT.map(lambda text: list(text.encode())), st.booleans())
def test_stream_gives_what_decode_gives(ids, again):
    """Any bytes at all, characters in pieces, wrong ones; and whole characters as soon as they are whole."""
    tokenizer = BPETokenizer([(b"\xf0", b"\x9f"), (b"\xa9", b"a")], special_tokens=["<|é|>"])
    decoder = tokenizer.stream()
    if again:  # a decoder that has been flushed begins anew
        decoder.push(0xC3)
        decoder.flush()
    pushed = [decoder.push(id) for id in ids]
    assert "".join(pushed) + decoder.flush() == tokenizer.decode(ids)
    complete = tokenizer.decode_bytes(ids).decode(errors="ignore") if ids else ""
    if tokenizer.decode(ids) == complete:
        assert "".join(pushed) == complete


def test_stream_waits_for_the_rest_of_a_character():
    decoder = BPETokenizer([]).stream()
    assert [decoder.push(byte) for byte in "a🐑".encode()] == ["a", "", "", "", "🐑"]
    assert decoder.flush() == ""
    assert decoder.push(0xF0) == "" and decoder.flush() == "\ufffd"


def test_stream_stays_as_it_was_when_it_refuses():
    decoder = BPETokenizer([]).stream()
    decoder.push(0xC3)
    for wrong, error in ((256, ValueError), (1.0, TypeError), (True, TypeError), ([0xA9], TypeError)):
        with pytest.raises(error, match="token id"):
            decoder.push(wrong)
    assert decoder.push(np.int64(0xA9)) == "é"


def test_decode_refuses_unknown_ids(gpt2):
    for wrong in ([0, 50_257], [0, -1], np.array([50_257])):
        with pytest.raises(ValueError, match=r"token id (50257|-1) is not in the vocabulary of 50257 tokens"):
            gpt2.decode(wrong)
    for wrong in (["a"], [[1]], [0.5], "ab"):
        with pytest.raises(TypeError, match="token ids must be int"):
            gpt2.decode(wrong)
    for wrong in (None, 5.0, np.array(5)):
        with pytest.raises(TypeError, match="ids must be an iterable of int, got"):
            gpt2.decode(wrong)
    with pytest.raises(TypeError, match=r"got \[1, 2\]: decode one row at a time"):
        gpt2.decode([[1, 2], [3]])
    rows = np.array([[1, 2]])  # the list of a list would be refused as well: only a row at a time is right
    with pytest.raises(TypeError, match=r"got array\(\[1, 2\]\): decode one row at a time"):
        gpt2.decode(rows)
    assert gpt2.decode(rows[0]) == gpt2.decode([1, 2])
    with pytest.raises(TypeError, match=r"write \[5\]"):
        gpt2.decode(5)


@pytest.mark.parametrize("pattern", [None, GPT2_PATTERN])
def test_save_and_load(tmp_path, pattern):
    saved = train_bpe(load_text(), 400, pattern=pattern, special_tokens=["<|x|>", "<|é|>"])
    saved.save(tmp_path / "tokenizer.json")
    loaded = BPETokenizer.load(tmp_path / "tokenizer.json")
    for name in ("merges", "vocabulary", "special_tokens", "pattern"):
        assert getattr(loaded, name) == getattr(saved, name)
    text = load_text() + "<|é|>🐑"
    assert loaded.encode(text, "all") == saved.encode(text, "all")


def test_save_and_load_gpt2(tmp_path, gpt2):
    gpt2.save(str(tmp_path / "gpt2.json"))
    loaded = BPETokenizer.load(str(tmp_path / "gpt2.json"))
    assert (loaded.merges, loaded.vocabulary) == (gpt2.merges, gpt2.vocabulary)
    assert loaded.encode("Hello, world") == [15496, 11, 995]


def test_load_refuses_other_files(tmp_path):
    path = tmp_path / "other.json"
    for content in ("no json", "[]", "{}", '{"format": "another"}', '{"format": "llmlab BPETokenizer 1"}'):
        path.write_text(content)
        with pytest.raises(ValueError, match="other.json is not a tokenizer that BPETokenizer.save wrote"):
            BPETokenizer.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="other.json is not a tokenizer"):
        BPETokenizer.load(path)
    with pytest.raises(FileNotFoundError):
        BPETokenizer.load(tmp_path / "missing.json")


def test_a_tokenizer_can_be_copied_and_sent_to_other_processes(gpt2):
    gpt2.encode("Hello")
    for twin in (pickle.loads(pickle.dumps(gpt2)), copy.deepcopy(gpt2)):
        assert twin.encode("Hello, world") == [15496, 11, 995]


def test_own_vocabulary_and_ids():
    vocabulary = {1000 - byte: bytes([byte]) for byte in range(256)} | {7: b"th"}
    tokenizer = BPETokenizer([(b"t", b"h")], vocabulary=vocabulary, special_tokens=["<|x|>"])
    assert tokenizer.encode("the<|x|>", "all") == [7, 1000 - ord("e"), 1001]
    assert tokenizer.vocabulary == vocabulary | {1001: b"<|x|>"}
    assert BPETokenizer([], special_tokens={"<|x|>": 5000}).encode("<|x|>", "all") == [5000]
    assert BPETokenizer([], vocabulary=vocabulary | {5: b"e", 2000: b"e"}).encode("e") == [5]  # the lower id
    again = BPETokenizer(tokenizer.merges, vocabulary=tokenizer.vocabulary, special_tokens=tokenizer.special_tokens)
    assert again.vocabulary == tokenizer.vocabulary


@pytest.mark.parametrize(
    "error, message, merges, options",
    [
        (ValueError, "merge 1 uses b'xy', which is neither", [(b"a", b"b"), (b"xy", b"a")], {}),
        (ValueError, "merge 2 is merge 0 again", [(b"a", b"b"), (b"b", b"a"), (b"a", b"b")], {}),
        (TypeError, "merge 0 must be a pair of bytes", [("a", "b")], {}),
        (TypeError, "merge 0 must be a pair of bytes", [(b"a", b"b", b"c")], {}),
        (TypeError, "merge 0 must be a pair of bytes", [7], {}),
        (TypeError, "merges must be pairs of bytes in rank order, got None", None, {}),
        (TypeError, r"got list: for a list of tokens, pass dict\(enumerate", [], {"vocabulary": [b"a"]}),
        (TypeError, "collection of names, got 5: write", [], {"special_tokens": 5}),
        (ValueError, r"no id for b'\\x00'", [], {"vocabulary": {}}),
        (ValueError, "no id for b'ab'", [(b"a", b"b")], {"vocabulary": {i: bytes([i]) for i in range(256)}}),
        (ValueError, "special token '<x>' has id 65, which is b'A' already", [], {"special_tokens": {"<x>": 65}}),
        (ValueError, "special token '<y>' has id 300", [], {"special_tokens": {"<x>": 300, "<y>": 300}}),
        (TypeError, "id of special token '<x>' must be an int", [], {"special_tokens": {"<x>": "300"}}),
        (TypeError, "vocabulary must be", [], {"vocabulary": {b"a": 97}}),
        (TypeError, "got one str: write", [], {"special_tokens": "<x>"}),
        (ValueError, "at least one character", [], {"special_tokens": [""]}),
        (ValueError, "given 2 times", [], {"special_tokens": ["<x>", "<x>"]}),
        (TypeError, "special token must be a str", [], {"special_tokens": [b"<x>"]}),
        (ValueError, "surrogate", [], {"special_tokens": ["\ud83d"]}),
        (ValueError, "not a regular expression", [], {"pattern": "("}),
        (TypeError, "pattern must be a str or None", [], {"pattern": 3}),
    ],
)
def test_constructor_refuses(error, message, merges, options):
    with pytest.raises(error, match=message):
        BPETokenizer(merges, **options)


def test_importing_needs_no_pytorch():
    script = "import sys, llmlab.bpe; print([name for name in ('torch', 'tiktoken', 'numpy') if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    output = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"
