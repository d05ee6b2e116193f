"""The merge player without a browser: its trace against train_bpe, its picture, the learner's functions in it."""

import itertools
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.explorers import MergePlayer
from llmlab.explorers.merge_player.numbers import more
from llmlab.explorers.merge_player.picture import describe, render, why
from llmlab.explorers.merge_player.run import MAX_BYTES, Run, count_by_zip, merge_left_to_right
from llmlab.explorers.merge_player.values import MAX_MERGES, PAIRS_PRESSED, compute, is_whole
from tests.explorers.cases import ATTACK, SETTINGS
from tests.explorers.html import Tags

FIRST = MergePlayer().state
STATES = st.fixed_dictionaries(
    {
        "text": st.text("ab é 🎹\n1", max_size=40) | st.text(max_size=20),
        "merges": st.integers(0, MAX_MERGES),
        "tie_break": st.sampled_from(["first", "lexicographic"]),
        "pretokenize": st.booleans(),
        "instead": st.integers(0, PAIRS_PRESSED - 1),
    }
)


def trained(state):
    pattern = {} if state["pretokenize"] else {"pattern": None}
    return train_bpe(state["text"], 256 + state["merges"], tie_break=state["tie_break"], **pattern)


# ---- the trace -------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:made")
@settings(deadline=None)
@given(STATES)
def test_trace_is_what_train_bpe_learns(state):
    trace = compute(state)
    tokenizer = trained(state | {"text": trace.text.decode()})
    assert list(trace.merges) == tokenizer.merges
    ids = tokenizer.encode(trace.text.decode())
    assert list(trace.tokens) == [tokenizer.decode_bytes([token_id]) for token_id in ids]
    assert trace.lossless
    further = compute(state | {"merges": min(MAX_MERGES, state["merges"] + 1)})
    if len(further.merges) > len(trace.merges):
        next_pair = trace.pairs[0]
        assert further.merges[-1] == (next_pair.left, next_pair.right)
        assert len(trace.tokens) - len(further.tokens) == len(trace.marked)
        assert all(trace.tokens[at : at + 2] == (next_pair.left, next_pair.right) for at in trace.marked)
    assert render(trace) and describe(trace) and more(trace)


@given(STATES)
@settings(deadline=None)
def test_counts_against_brute_force(state):
    trace = compute(state)
    pairs = [pair for chunk in trace.chunks for pair in pairwise(chunk)]
    for counted in trace.pairs:
        assert counted.count == pairs.count((counted.left, counted.right))
        assert trace.tokens[counted.first : counted.first + 2] == (counted.left, counted.right)
    assert len(trace.pairs) == len(set(pairs))
    assert trace.tied == sum(counted.count == max(c.count for c in trace.pairs) for counted in trace.pairs)


def test_the_first_state_makes_its_point():
    trace = MergePlayer().trace
    assert trace.tied == 2 and trace.newest == b" he"
    nexts = {rule: compute(FIRST | {"tie_break": rule}).pairs[0] for rule in ("first", "lexicographic")}
    assert nexts["first"].left + nexts["first"].right == b" hel"
    assert nexts["lexicographic"].left + nexts["lexicographic"].right == b"lp"
    for rule, _ in SETTINGS:  # what the lesson asks before the player
        assert compute(FIRST | {"tie_break": rule, "merges": 4}).newest == b" help"
        tokens = compute(FIRST | {"tie_break": rule, "merges": 20}).tokens
        assert any("ë".encode() in token for token in tokens) == (rule == "lexicographic")


@pytest.mark.parametrize(("text", "marked"), [("aaa", (0,)), ("aaaaa", (0, 2)), ("baaab", (1,)), ("", ())])
def test_a_token_is_marked_for_one_merge_only(text, marked):
    assert compute(FIRST | {"text": text, "merges": 0}).marked == marked


def test_lineage_spells_the_newest_token():
    trace = compute(FIRST | {"merges": 5})
    assert trace.newest == b" helps"
    assert [(number, left + right) for _, number, left, right in trace.lineage] == [
        (5, b" helps"),
        (4, b" help"),
        (3, b" hel"),
        (2, b" he"),
        (1, b"he"),
    ]
    assert [depth for depth, *_ in trace.lineage] == [0, 1, 2, 3, 4]


def test_half_a_character_is_shown_as_bytes():
    assert "\\xc3" in MergePlayer().frame["html"] and "ë" not in MergePlayer().frame["html"]


# ---- the target ------------------------------------------------------------------------------------------------------


def test_the_target_is_the_fewest_merges_of_all_settings():
    explorer = MergePlayer()
    halving, reached = {}, []
    for (rule, cut), merges in itertools.product(SETTINGS, range(MAX_MERGES + 1)):
        tokenizer = trained(FIRST | {"tie_break": rule, "pretokenize": cut, "merges": merges})
        tokens = [tokenizer.decode_bytes([token_id]) for token_id in tokenizer.encode(FIRST["text"])]
        halved = 2 * len(tokens) <= len(FIRST["text"].encode())
        if halved and all(b" " not in token[1:] and "�" not in token.decode(errors="replace") for token in tokens):
            halving.setdefault((rule, cut), merges)
        explorer.set(tie_break=rule, pretokenize=cut, merges=merges)
        reached += [(rule, cut, merges)] * explorer.frame["reached"]
    assert halving == {("first", True): 16, ("lexicographic", True): 10}
    assert reached == [("lexicographic", True, 10)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"merges": 8}, "halved, but ·helps· is no whole piece"),
        ({"merges": 9, "pretokenize": True}, "halved, but \\xc3 is no whole piece"),
        ({"merges": 16, "pretokenize": True}, "but with 16 merges. Fewer would do"),
        ({"merges": 10, "pretokenize": True, "tie_break": "lexicographic"}, "Reached: 38 tokens after 10 merges"),
    ],
)
def test_what_the_target_says(change, words):
    explorer = MergePlayer()
    explorer.set(**change)
    assert words in explorer.frame["target"]
    assert (explorer.frame["question"] is not None) == explorer.frame["reached"]


@pytest.mark.parametrize(
    ("token", "whole"), [(b" help", True), (b"a b", False), ("ë".encode(), True), (b"\xc3", False), (b" ", True)]
)
def test_whole_pieces(token, whole):
    assert is_whole(token) == whole


# ---- looking ahead ---------------------------------------------------------------------------------------------------


@given(STATES)
@settings(deadline=None, max_examples=40)
def test_the_curve_is_what_the_player_reaches(state):
    trace = compute(state)
    for merges in {0, len(trace.sizes) // 2, len(trace.sizes) - 1}:
        assert len(compute(state | {"merges": merges, "instead": 0}).tokens) == trace.sizes[merges]
    twice = [n for n in range(len(trace.sizes)) if any(pair.count > 1 for pair in compute(state | {"merges": n}).pairs)]
    if trace.last_useful is not None:
        assert trace.last_useful == (max(twice) + 1 if twice else 0)


@given(STATES)
@settings(deadline=None, max_examples=40)
def test_what_if_another_pair_were_merged(state):
    trace = compute(state)
    if not trace.instead:
        assert trace.what_if == ()
        return
    pair = trace.pairs[trace.instead]
    run = Run(trace.text, state["tie_break"], state["pretokenize"], None, None)
    chunks = []
    for chunk in trace.chunks:
        merged, place = [], 0
        while place < len(chunk):
            found = chunk[place : place + 2] == (pair.left, pair.right)
            merged.append(b"".join(chunk[place : place + 2]) if found else chunk[place])
            place += 1 + found
        chunks.append(merged)
    assert trace.what_if[:2] == (len(trace.tokens), sum(map(len, chunks)))
    assert (
        len(trace.what_if) <= MAX_MERGES - len(trace.merges) + 1 and list(trace.what_if) == sorted(trace.what_if)[::-1]
    )
    assert "(dashed)" in why(trace) and "llmlab-what-if" in render(trace)
    assert run.reach(len(trace.merges)) == len(trace.merges)  # the run that is shared has not been changed by it
    assert compute(state | {"instead": 0}).merges == trace.merges


def test_a_look_ahead_does_not_raise_what_comes_later():
    def merge(ids, pair, new_id):
        if new_id == 260:
            raise IndexError("off the end")
        return merge_left_to_right(ids, pair, new_id)

    explorer = MergePlayer(merge=merge)
    assert len(explorer.trace.sizes) == 4 and explorer.frame["limits"]["merges"] == [0, 3]
    explorer.set(instead=3)
    assert len(explorer.trace.what_if) >= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "2 pairs occur 6 times, more than all others; of these <b>·he</b> + <b>l</b> stands first in the text"),
        ({"tie_break": "lexicographic"}, "comes last in the order of bytes"),
        ({"merges": 0}, "is next because no pair occurs as often: "),
        ({"merges": 20}, "No pair occurs twice any more"),
        ({"instead": 1}, "the rule does (dashed)"),
        ({"text": "a"}, "No pair is left"),
        ({"text": ""}, ""),
    ],
)
def test_the_reason(change, words):
    explorer = MergePlayer()
    explorer.set(**change)
    assert words in explorer.frame["why"] and bool(words) == bool(explorer.frame["why"])


@pytest.mark.parametrize("text", ["", "a", "abcdefghijklmnopqrstuvwxyz" * 4 + "0123456789"])
def test_a_text_that_cannot_be_halved_is_never_reached(text):
    explorer = MergePlayer(text=text)
    for merges in (0, MAX_MERGES):
        explorer.set(merges=merges)
        assert explorer.frame["reached"] == (
            explorer.trace.halved and len(explorer.trace.merges) == explorer.trace.fewest
        )
    assert MergePlayer(text="").trace.fewest is None and MergePlayer(text="").frame["text"].startswith(
        "There is no text"
    )


# ---- the learner's functions -----------------------------------------------------------------------------------------


def test_own_functions_do_the_work():
    calls = []

    def count_pairs(ids):
        calls.append("count")
        return count_by_zip(ids)

    def merge(ids, pair, new_id):
        calls.append("merge")
        return merge_left_to_right(ids, pair, new_id)

    explorer = MergePlayer(count_pairs, merge)
    trace = explorer.trace
    assert trace.own_count and trace.own_merge and set(calls) == {"count", "merge"}
    assert explorer.frame["note"] == "" and trace.tokens == MergePlayer().trace.tokens
    calls.clear()
    explorer.set(merges=1)
    assert calls == []  # what has been worked out is kept


@pytest.mark.parametrize("blank", [None, ...])
def test_one_of_the_functions_is_not_written_yet(blank):
    half = MergePlayer(count_by_zip, lambda *args: blank)
    assert "Not written yet: merge." in half.frame["note"] and half.trace.tokens == MergePlayer().trace.tokens


def test_a_merge_that_loses_bytes_is_noted_and_never_reaches_the_target():
    explorer = MergePlayer(merge=lambda ids, pair, new_id: merge_left_to_right(ids, pair, new_id)[:30])
    assert not explorer.trace.lossless and "no longer spell the text" in explorer.frame["note"]
    for merges in range(MAX_MERGES + 1):
        explorer.set(merges=merges)
        assert not explorer.frame["reached"]


def test_the_text_to_start_with_is_checked():
    with pytest.raises(TypeError, match=r"text must be a str, got 5 \(int\)"):
        MergePlayer(text=5)


@pytest.mark.parametrize(
    ("functions", "error", "message"),
    [
        ({"count_pairs": lambda ids: 7}, ValueError, "must return a dictionary pair -> count, got int"),
        ({"count_pairs": lambda ids: {5: 1}}, ValueError, "must count pairs"),
        ({"count_pairs": lambda ids: {(1, 999): 1}}, ValueError, "of the ids it got"),
        ({"count_pairs": lambda ids: {(1, 2): "x"}}, TypeError, "str"),
        ({"merge": lambda ids, pair, new_id: [999]}, ValueError, "replaced by 256, got .999."),
        ({"merge": lambda ids, pair, new_id: ids * 9}, ValueError, "merge must return the ids"),
        ({"merge": lambda ids, pair, new_id: 7}, TypeError, "not iterable"),
    ],
)
def test_answers_that_are_no_counts_and_no_ids(functions, error, message):
    explorer = MergePlayer(**functions)
    assert explorer.frame["error"]
    with pytest.raises(error, match=message):
        explorer.trace  # noqa: B018


def test_an_error_at_a_later_merge_leaves_the_earlier_ones():
    def merge(ids, pair, new_id):
        if new_id == 260:
            raise IndexError("off the end")
        return merge_left_to_right(ids, pair, new_id)

    explorer = MergePlayer(merge=merge)
    explorer.set(merges=3)
    with pytest.raises(IndexError, match="off the end"):
        explorer.set(merges=5)
    assert explorer.state["merges"] == 3 and len(explorer.trace.merges) == 3


def test_a_new_function_starts_anew():
    explorer = MergePlayer()
    explorer.merge = lambda ids, pair, new_id: list(ids)
    assert explorer.trace.own_merge and len(explorer.trace.tokens) == 81
    explorer.merge = None
    assert len(explorer.trace.tokens) == 64


# ---- the picture -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("merges", [0, 7, MAX_MERGES])
def test_markup_stays_text(merges):
    explorer = MergePlayer(text=ATTACK)
    explorer.set(merges=merges)
    assert b"".join(explorer.trace.tokens).decode() == ATTACK


def test_what_merges_next_is_marked_and_said():
    assert MergePlayer().frame["html"].count("llmlab-left") == len(MergePlayer().trace.marked)
    tags = Tags(more(MergePlayer().trace))
    assert tags.tags.count("mark") == len(MergePlayer().trace.marked) + 1  # the key explains it once
    assert "← next, tied" in tags.text
    assert "Next: ·he + l, which occurs 6 times. 2 pairs occur as often" in MergePlayer().frame["text"]


def test_a_text_that_is_too_long_is_said():
    explorer = MergePlayer(text="é" * 100)
    assert len(explorer.trace.text) == MAX_BYTES and explorer.trace.lossless
    assert "80 more are left out" in explorer.frame["text"]


@pytest.mark.parametrize("text", ["", "a", "\n", "\ud800", "\u202e" * 9, "<|endoftext|>"])
@pytest.mark.parametrize("cut", [False, True])
def test_odd_texts(text, cut):
    explorer = MergePlayer(text=text)
    explorer.set(pretokenize=cut, merges=MAX_MERGES)
    assert explorer.frame["html"] and not explorer.frame["error"]


@pytest.mark.parametrize(("rule", "cut"), SETTINGS)
def test_code_reproduces_the_state(rule, cut, capsys):
    explorer = MergePlayer()
    explorer.set(tie_break=rule, pretokenize=cut, merges=12)
    exec(explorer.code(), {})
    merges, tokens = capsys.readouterr().out.splitlines()
    assert merges == repr(list(explorer.trace.merges)) and tokens == repr(list(explorer.trace.tokens))


def test_the_tokens_of_a_state_are_those_of_the_package():
    trace = compute(FIRST | {"merges": 8})
    tokenizer = BPETokenizer(list(trace.merges), pattern=None)
    assert len(tokenizer.encode(FIRST["text"])) == len(trace.tokens) == 40
