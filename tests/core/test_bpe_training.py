"""`train_bpe` beside a naive trainer that works on the raw sequence and counts everything anew before each merge."""

import gc
import json
import warnings
from collections import Counter
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from llmlab.bpe import GPT2_PATTERN, _learning, train_bpe
from llmlab.corpus import load_text

FIGURES = json.loads((Path(__file__).parent / "reference" / "figures.json").read_text(encoding="utf-8"))
CUT = None  # stands in the raw sequence where nothing may merge


def naive_merges(pieces, n_merges, min_frequency=1, tie_break="first"):
    """The merges for pieces of text across whose borders nothing merges, by the definition and nothing else.

    All pieces stand in one sequence, each time they occur: that sequence is where "first occurrence" is looked up.
    """
    sequence = []
    for piece in pieces:
        sequence += [bytes([byte]) for byte in piece.encode()] + [CUT]
    merges = []
    while len(merges) < n_merges:
        pairs = [pair for pair in zip(sequence, sequence[1:], strict=False) if CUT not in pair]
        counts = Counter(pairs)
        if not counts or max(counts.values()) < min_frequency:
            break
        tied = {pair for pair, count in counts.items() if count == max(counts.values())}
        best = next(pair for pair in pairs if pair in tied) if tie_break == "first" else max(tied)
        merges.append(best)
        merged, i = [], 0
        while i < len(sequence):
            found = tuple(sequence[i : i + 2]) == best
            merged.append(best[0] + best[1] if found else sequence[i])
            i += 2 if found else 1
        sequence = merged
    return merges


def train(text, n_merges, special_tokens=(), **options):
    """`train_bpe` by the number of merges, its warning silenced: most small texts run out of pairs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return train_bpe(text, 256 + n_merges + len(special_tokens), special_tokens=special_tokens, **options)


TIES = pytest.mark.parametrize("tie_break", ["first", "lexicographic"])


def test_the_two_tie_rules_differ_where_they_should():
    # "ab" and "cd" occur twice each. What comes first wins, or what is greatest as bytes; "b" + "ab" beats "b" + "a".
    assert train("ab cd ab cd", 1).merges == [(b"a", b"b")]
    assert train("ab cd ab cd", 1, tie_break="lexicographic").merges == [(b"c", b"d")]
    assert train("ba bab", 2, tie_break="lexicographic").merges == [(b"b", b"a"), (b"ba", b"b")]
    assert train("xa xab ab", 2, pattern=r"\w+", tie_break="lexicographic").merges == [(b"x", b"a"), (b"xa", b"b")]


def test_runs_are_counted_at_every_place_and_merged_from_the_left():
    # "aaaa" holds (a, a) three times, so it beats "bc", which occurs twice.
    assert train("bc bc aaaa", 1).merges == [(b"a", b"a")]
    assert train("aaaaa", 3).merges == [(b"a", b"a"), (b"aa", b"aa"), (b"aaaa", b"a")]


@TIES
@pytest.mark.parametrize("pattern", [GPT2_PATTERN, None])
@pytest.mark.parametrize("min_frequency", [1, 4])
def test_naive_merges_on_the_story(tie_break, pattern, min_frequency):
    text = load_text()[:3000]
    pieces = [text] if pattern is None else regex.findall(pattern, text)
    options = {"min_frequency": min_frequency, "tie_break": tie_break}
    expected = naive_merges(pieces, 100, **options)
    assert len(expected) == 100
    assert train(text, 100, pattern=pattern, **options).merges == expected


@TIES
@pytest.mark.parametrize("pattern", [GPT2_PATTERN, None])
def test_naive_merges_on_the_verdict(the_verdict, tie_break, pattern):
    pieces = [the_verdict] if pattern is None else regex.findall(pattern, the_verdict)
    assert train(the_verdict, 30, pattern=pattern, tie_break=tie_break).merges == naive_merges(pieces, 30, 1, tie_break)


@TIES
@given(
    documents=st.lists(
        st.text("ab ", max_size=40) | st.text("a", max_size=40) | st.text("abcé ", max_size=40), max_size=5
    ),
    n_merges=st.integers(0, 30),
    min_frequency=st.integers(1, 4),
    pattern=st.sampled_from([GPT2_PATTERN, None, r"\w+", r"(a)|b*", r"a+"]),
)
def test_naive_merges_on_random_documents(tie_break, documents, n_merges, min_frequency, pattern):
    compiled = None if pattern is None else regex.compile(f"(?:{pattern})|(?s:.)")
    pieces = documents if compiled is None else [m.group() for text in documents for m in compiled.finditer(text)]
    options = {"min_frequency": min_frequency, "tie_break": tie_break}
    expected = naive_merges(pieces, n_merges, **options)
    tokenizer = train(documents, n_merges, pattern=pattern, **options)
    assert tokenizer.merges == expected
    # No two merges make the same token: bytes between two borders that no merge crossed are merged alike everywhere.
    assert len(set(tokenizer.vocabulary.values())) == 256 + len(expected)
    for text in documents:
        assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.text("ab<>x", max_size=60), st.sampled_from([GPT2_PATTERN, None]))
def test_special_tokens_are_never_merged_across(text, pattern):
    names = ["<x>", "<x><a>", "b"]
    pieces, place, plain = [], 0, ""
    while place < len(text):
        name = max((name for name in names if text.startswith(name, place)), key=len, default=None)
        if name:
            pieces.append(plain)
            plain = ""
        else:
            plain += text[place]
        place += len(name or "x")
    pieces.append(plain)
    if pattern:
        pieces = [chunk for piece in pieces for chunk in regex.findall(pattern, piece)]
    tokenizer = train(text, 20, special_tokens=names, pattern=pattern)
    assert tokenizer.merges == naive_merges(pieces, 20)
    assert list(tokenizer.special_tokens) == names
    first_id = 256 + len(tokenizer.merges)
    assert list(tokenizer.special_tokens.values()) == [first_id, first_id + 1, first_id + 2]
    assert tokenizer.decode(tokenizer.encode(text, "all")) == text


def test_vocab_size_counts_bytes_merges_and_special_tokens():
    tokenizer = train_bpe(load_text(), 300, special_tokens=["<|endoftext|>", "<|pad|>"])
    assert len(tokenizer) == len(tokenizer.vocabulary) == 300
    assert len(tokenizer.merges) == 300 - 256 - 2
    assert tokenizer.special_tokens == {"<|endoftext|>": 298, "<|pad|>": 299}
    assert tokenizer.vocabulary[256] == b"".join(tokenizer.merges[0])
    assert list(tokenizer.vocabulary) == list(range(300))


def test_documents_may_come_from_a_generator():
    documents = ["ab ab", "ab", "", "cab"]
    assert train((text for text in documents), 5).merges == train(documents, 5).merges
    assert train(["ab", "cd"], 5, pattern=None).merges == [(b"a", b"b"), (b"c", b"d")]  # no (b"ab", b"cd")


def test_says_when_pairs_run_out():
    with pytest.warns(
        UserWarning, match="made 2 merges of the 44 that vocab_size=300 asks for: no pair is left"
    ) as caught:
        assert train_bpe("abc", 300).merges == [(b"a", b"b"), (b"ab", b"c")]
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="made 1 merges of the 44 .* no pair occurs min_frequency=2 times any more"):
        assert train_bpe("ab ab cd", 300, min_frequency=2, pattern=r"\w+").merges == [(b"a", b"b")]
    for nothing in ("", []):
        with pytest.warns(UserWarning, match="made 0 merges"):
            assert len(train_bpe(nothing, 300)) == 256


def test_no_warning_when_all_merges_were_made():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(train_bpe("abc", 258)) == 258
        assert train_bpe("abc", 256).merges == []


@pytest.mark.parametrize(
    "error, message, arguments, options",
    [
        (ValueError, "vocab_size must be at least 256 ", ("ab", 255), {}),
        (
            ValueError,
            r"at least 257 \(256 bytes and 1 special tokens\), got 256",
            ("ab", 256),
            {"special_tokens": ["<x>"]},
        ),
        (TypeError, "vocab_size must be an int, got 300.0", ("ab", 300.0), {}),
        (TypeError, "vocab_size must be an int, got True", ("ab", True), {}),
        (ValueError, "min_frequency must be at least 1, got 0", ("ab", 300), {"min_frequency": 0}),
        (TypeError, "min_frequency must be an int", ("ab", 300), {"min_frequency": "2"}),
        (ValueError, "tie_break must be 'first' or 'lexicographic', got 'last'", ("ab", 300), {"tie_break": "last"}),
        (TypeError, "text must be a str or an iterable of str, got bytes", (b"ab", 300), {}),
        (TypeError, "text must be a str or an iterable of str, got int", (7, 300), {}),
        (TypeError, "document 1 of the text must be a str, got bytes", (["ab", b"ab"], 300), {}),
        (ValueError, "character 2 of the text is U\\+D83D", ("ab\ud83d", 300), {}),
        (TypeError, "got one str: write", ("ab", 300), {"special_tokens": "<x>"}),
        (ValueError, "at least one character", ("ab", 300), {"special_tokens": [""]}),
        (ValueError, "given 2 times", ("ab", 300), {"special_tokens": ["<x>", "<x>"]}),
        (ValueError, "not a regular expression", ("ab", 300), {"pattern": "["}),
        (TypeError, "pattern must be a str or None", ("ab", 300), {"pattern": b"a"}),
    ],
)
def test_train_bpe_refuses(error, message, arguments, options):
    with pytest.raises(error, match=message):
        train_bpe(*arguments, **options)


def test_work_grows_with_the_text_and_not_with_its_square(monkeypatch):
    """Counted: the entries that come off the heap, each of which is one pair to merge or to correct."""
    pops = 0
    heappop = _learning.heapq.heappop

    def counting(heap):
        nonlocal pops
        pops += 1
        return heappop(heap)

    monkeypatch.setattr(_learning.heapq, "heappop", counting)
    text = load_text()
    work = []
    for size in (len(text) // 4, len(text)):
        pops = 0
        train(text[:size], 2000, pattern=None)
        work.append(pops)
    assert 2000 <= work[0] < work[1] < 4 * 1.5 * work[0]


def test_figures_bpe_no_pretokenization_ties_first_seen(the_verdict):
    figure = FIGURES["bpe_no_pretokenization_ties_first_seen"]
    options = {"vocab_size": figure["vocab_size"], "min_frequency": figure["min_frequency"], "pattern": None}
    tokenizer = train_bpe(the_verdict, **options)
    assert [tokenizer.vocabulary[id].decode() for id in range(490, 500)] == figure["last_ten_tokens"]
    assert tokenizer.encode(figure["text"]) == figure["merge_rank_ids"]
    assert tokenizer.encode(figure["text"]) not in (figure["prefix_extension_ids"], figure["longest_match_ids"])
    # The tie rule decides: the other one gives other tokens.
    other = train_bpe(the_verdict, **options, tie_break="lexicographic")
    assert other.vocabulary != tokenizer.vocabulary


@pytest.mark.parametrize("enabled", [True, False])
def test_training_leaves_the_garbage_collector_as_it_was(monkeypatch, enabled):
    was, during = gc.isenabled(), []

    def interrupted(*_):
        during.append(gc.isenabled())
        raise KeyboardInterrupt

    monkeypatch.setattr("llmlab.bpe.training.learn_merges", interrupted)
    try:
        gc.enable() if enabled else gc.disable()
        with pytest.raises(KeyboardInterrupt):
            train_bpe("low lower", 258)
        assert during == [False]
        assert gc.isenabled() == enabled
    finally:
        gc.enable() if was else gc.disable()
