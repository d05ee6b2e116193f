"""The merge player without a browser: its trace against train_bpe, its picture, the learner's functions in it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.explorers import MergePlayer
from llmlab.explorers.merge_player.picture import describe, render
from llmlab.explorers.merge_player.run import MAX_BYTES, count_by_zip, merge_left_to_right
from llmlab.explorers.merge_player.values import MAX_MERGES, compute
from tests.explorers.cases import ATTACK, SETTINGS
from tests.explorers.html import Tags

FIRST = MergePlayer().state
STATES = st.fixed_dictionaries(
    {
        "text": st.text("ab é 🎹\n1", max_size=40) | st.text(max_size=20),
        "merges": st.integers(0, MAX_MERGES),
        "tie_break": st.sampled_from(["first", "lexicographic"]),
        "pretokenize": st.booleans(),
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
    assert render(trace) and describe(trace)


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
    halving = {}
    for rule, cut in SETTINGS:
        for merges in range(MAX_MERGES + 1):
            tokenizer = trained(FIRST | {"tie_break": rule, "pretokenize": cut, "merges": merges})
            if 2 * len(tokenizer.encode(FIRST["text"])) <= len(FIRST["text"].encode()):
                halving[rule, cut] = merges
                break
    best = min(halving.values())
    assert halving == {("first", False): 8, ("first", True): 9, ("lexicographic", False): 8, ("lexicographic", True): 9}
    for (rule, cut), merges in halving.items():
        for n in (merges - 1, merges, merges + 1):
            explorer.set(tie_break=rule, pretokenize=cut, merges=n)
            assert explorer.frame["reached"] == (n == merges == best)
    assert "can be done with fewer" in explorer.frame["target"]


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
    tags = Tags(MergePlayer().frame["html"])
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
