"""The pipeline map without a browser; the host that shows it is tested in test_host.py."""

import copy
import math
import re

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmlab.bpe import BPETokenizer
from llmlab.corpus import toy_world, toy_world_accepts
from llmlab.explorers import PipelineMap
from llmlab.explorers.pipeline_map import values
from llmlab.explorers.pipeline_map.picture import describe, render
from llmlab.explorers.pipeline_map.values import COLUMNS, LESSONS, MAX_CHARACTERS, START, bundled, compute
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import load_checkpoint
from tests import ROOT
from tests.explorers.html import Tags

FIRST = {"text": "the dogs near the king", "back": 0, "layer": 1, "head": 1}
WORDS = st.lists(st.sampled_from("the a dogs king near bark is . é 🎹 Zoë <|endoftext|>".split()), max_size=20).map(
    " ".join
)
TEXT = WORDS.filter(lambda text: len(text) <= MAX_CHARACTERS) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=MAX_CHARACTERS
)


def own_model(**changes):
    """A small untrained GPT that reads bytes; all its sizes differ."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 256, "context_length": 7, "d_model": 12, "n_heads": 3, "n_layers": 2}
    return GPT(GPTConfig(**sizes | changes)), BPETokenizer([])


# ---- the trace -------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(TEXT)
@example("the dogs near the king")
@example("")
@example("🎹" * MAX_CHARACTERS)
@example("the dogs bark. <|endoftext|> the")
def test_trace_against_the_models_own_forward(text):
    model, tokenizer = bundled()
    trace = compute(FIRST | {"text": text})
    every_id = tokenizer.encode(f"{START} {text}" if text else START, allowed_special="all")
    assert trace.ids.tolist() == every_id[-64:] and len(trace.left_out) == max(0, len(every_id) - 64)
    assert b"".join((*trace.left_out, *trace.tokens)).decode() == trace.read
    T = len(trace.ids)
    with torch.no_grad():
        logits = model(trace.ids[None])[0]
        rows = model.embedding.token.weight[trace.ids] + model.embedding.position.weight[:T]
    assert torch.allclose(trace.logits, logits, atol=1e-4)
    assert torch.allclose(trace.probabilities, logits.softmax(dim=-1), atol=1e-5)
    assert torch.allclose(trace.embeddings, rows, atol=1e-6)
    assert torch.allclose(trace.context @ model.head.weight.detach().T, logits, atol=1e-3)
    assert trace.weights.shape == (3, 4, T, T)
    assert torch.allclose(trace.weights.sum(dim=-1), torch.ones(3, 4, T), atol=1e-5)
    assert not trace.weights.triu(1).any(), "no position looks ahead"
    assert render(trace) and describe(trace)


def test_weights_by_hand():
    """One query of one head, number by number."""
    model, _ = bundled()
    trace = compute(FIRST)
    with torch.no_grad():
        x = model.blocks[0](model.embedding(trace.ids[None]))
        block = model.blocks[1]
        q, k, _ = block.attention.qkv(block.norm_attention(x))[0].chunk(3, dim=-1)  # (T, D) each
    q, k = q[:, 24:48].tolist(), k[:, 24:48].tolist()  # head 1 of 4, 24 wide
    powers = [math.exp(sum(a * b for a, b in zip(q[5], row, strict=True)) / math.sqrt(24)) for row in k]
    assert trace.attention.tolist() == pytest.approx([power / sum(powers) for power in powers], abs=1e-4)


@pytest.mark.parametrize(("back", "position"), [(0, 5), (1, 4), (5, 0), (11, 0)])
def test_positions_are_counted_from_the_end(back, position):
    trace = compute(FIRST | {"back": back})
    assert trace.position == position
    assert torch.equal(trace.attention, trace.weights[1, 1, position])
    assert trace.most_probable(3) == trace.most_probable(3, position)
    best = trace.probabilities[position].sort(descending=True)
    assert trace.most_probable(3) == list(zip(best.indices[:3].tolist(), best.values[:3].tolist(), strict=True))
    assert trace.next_token() == trace.vocabulary[best.indices[0].item()].decode()
    assert trace.probability(trace.next_token()) == best.values[0].item()


def test_a_word_that_is_no_token_is_named():
    with pytest.raises(KeyError, match="' piano' is no token of this vocabulary"):
        PipelineMap().trace.probability(" piano")
    with pytest.raises(KeyError, match="325 is no token of this vocabulary"):
        PipelineMap().trace.probability(325)


def test_positions_and_tokens_that_are_not_there():
    trace = PipelineMap().trace
    assert trace.next_token(-6) == trace.next_token(0)
    for position in (6, -7):
        with pytest.raises(IndexError, match=f"from 0 to 5, or from -1 to -6 counted from the end: {position}"):
            trace.next_token(position)
    assert len(trace.most_probable(655)) == 655 and trace.most_probable(0) == []
    for n in (656, -1):
        with pytest.raises(ValueError, match=f"n must be from 0 to 655, the size of the vocabulary, got {n}"):
            trace.most_probable(n)


def test_a_text_is_computed_once():
    explorer = PipelineMap()
    passes = []
    handle = bundled()[0].head.register_forward_hook(lambda *_: passes.append(1))
    try:
        explorer.set(text="the cows near the wolf")
        for change in ({"back": 2}, {"layer": 0}, {"head": 3}, {"back": 0, "layer": 2}):
            explorer.set(**change)
        assert len(passes) == 1
        explorer.set(text="the cows near the wolves")
        assert len(passes) == 2
    finally:
        handle.remove()


# ---- a model of one's own --------------------------------------------------------------------------------------------


def test_own_model():
    model, tokenizer = own_model(dropout=0.5)
    explorer = PipelineMap("héllo wörld", model, tokenizer)
    trace = explorer.trace
    assert trace.ids.tolist() == list("héllo wörld".encode())[-7:], "the newest, as many as its context holds"
    assert explorer.state == {"text": "héllo wörld", "back": 0, "layer": 1, "head": 1}
    assert model.training, "left as it was"
    assert torch.allclose(trace.logits, copy.deepcopy(model).eval()(trace.ids[None])[0], atol=1e-5), "without dropout"
    assert trace.strange is None and "toy world" not in explorer.frame["note"]
    assert "the first 6 of 13 are left out" in explorer.frame["note"]
    assert explorer.target(trace)[1].startswith("This target needs a tokenizer")
    namespace = {"model": model.eval(), "tokenizer": tokenizer}
    exec(explorer.code(), namespace)
    assert torch.allclose(namespace["probabilities"], trace.probabilities[trace.position], atol=1e-6)


def test_after_further_training_refresh_shows_the_new_weights():
    explorer = PipelineMap("abc", *own_model())
    before = explorer.frame
    with torch.no_grad():
        explorer._model.head.weight.mul_(2)
    explorer.refresh()
    assert explorer.frame["generation"] == before["generation"] + 1
    assert explorer.frame["html"] != before["html"]


def test_a_tokenizer_without_a_separator_may_give_no_token():
    explorer = PipelineMap("", *own_model())
    assert explorer.frame["error"] and "type a few words" in explorer.frame["html"]
    with pytest.raises(ValueError, match="the text has no token"):
        explorer.trace  # noqa: B018
    explorer.set(text="a")
    assert not explorer.frame["error"]


def test_one_layer_and_one_head_are_enough():
    explorer = PipelineMap("abc", *own_model(n_layers=1, n_heads=1))
    assert explorer.state["layer"] == explorer.state["head"] == 0 and not explorer.frame["error"]


def test_a_model_and_its_tokenizer_belong_together():
    model, tokenizer = own_model()
    with pytest.raises(ValueError, match="give both model and tokenizer, or neither"):
        PipelineMap(model=model)
    with pytest.raises(ValueError, match="give both model and tokenizer, or neither"):
        PipelineMap(tokenizer=tokenizer)
    with pytest.raises(ValueError, match="the model has a vocabulary of 256, the tokenizer one of 655"):
        PipelineMap(model=model, tokenizer=bundled()[1])


def test_a_missing_model_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(values, "load_checkpoint", lambda _: load_checkpoint(tmp_path))
    bundled.cache_clear()
    try:
        with pytest.raises(FileNotFoundError, match="it should hold a config.json"):
            PipelineMap()
    finally:
        bundled.cache_clear()


# ---- what it teaches -------------------------------------------------------------------------------------------------


def test_the_first_state_makes_its_point():
    """The verb agrees with a subject that is further away than three words see, and one head shows why."""
    explorer = PipelineMap()
    trace = explorer.trace
    assert [token.decode() for token in trace.tokens] == [START, " the", " dogs", " near", " the", " king"]
    assert trace.attention.argmax() == 2 and trace.attention[2] > 0.9
    assert toy_world_accepts(f"the dogs near the king{trace.next_token()}.")
    assert not toy_world_accepts(f"the dog near the king{trace.next_token()}.")
    assert trace.probability(" are") > 10 * trace.probability(" is")
    assert not explorer.frame["reached"] and explorer.frame["note"] == ""


@pytest.mark.parametrize(
    ("text", "reached", "words"),
    [
        ("the king near the dogs", True, "Reached: P(is) = "),
        ("the princess near the dogs", True, "Reached: P(is) = "),
        ("the kings near the dogs", False, "Not yet: P(is) = "),
        ("the dog near the king", False, "Not yet: the last word is not dogs. P(is) = "),
        ("the prince loves the dogs", False, "Not yet: the model expects neither here. P(is) = "),
        ("the lion follows the dogs", False, "Not yet: the model expects neither here. P(is) = "),
        ("the king near the dogs ", False, "Not yet: the last word is not dogs."),
        ("", False, "Not yet: the last word is not dogs."),
    ],
)
def test_target(text, reached, words):
    explorer = PipelineMap()
    explorer.set(text=text, back=3)  # the target is about the end of the text, wherever one looks
    assert explorer.frame["reached"] == reached and explorer.frame["target"].startswith(words)
    assert f"P(is) = {explorer.trace.probability(' is', -1):.2f}, " in explorer.frame["target"]


def test_every_word_of_the_toy_world_is_known_and_no_other():
    text = toy_world(3_000, seed=8).replace(START, " ")
    assert compute(FIRST | {"text": " ".join(dict.fromkeys(text.split()))}).strange == ()
    trace = compute(FIRST | {"text": "The dogs near Zoë sing, Zoë. kingly"})
    assert trace.strange == ("The", "Zoë", "sing,", "Zoë.", "kingly")
    explorer = PipelineMap("the piano near the king")
    assert explorer.frame["note"].startswith("Not in the toy world, the only text that this model has read: piano.")


def test_white_space_that_the_world_does_not_have_is_named():
    trace = compute(FIRST | {"text": "the dogs\nnear\tthe  king\n"})
    assert trace.strange == ("\n", "\t"), "two spaces are two tokens that the model knows"
    assert "has read: a line end. It gives" in PipelineMap("the dogs\nbark").frame["note"]


def test_characters_are_those_that_were_typed():
    assert "Characters (22,), and a space in front of them" in Tags(PipelineMap().frame["html"]).text
    assert "Characters (0,) ·" in Tags(PipelineMap("").frame["html"]).text
    assert "Characters (3,) ·" in Tags(PipelineMap("abc", *own_model()).frame["html"]).text


def test_a_space_at_the_end_is_explained():
    explorer = PipelineMap("the dogs ")
    assert explorer.frame["note"].startswith("The text ends with a space.")
    assert explorer.trace.next_token() == START
    assert PipelineMap("a b ", *own_model()).frame["note"] == "", "another model's tokens may be others"


def test_a_text_without_words_is_the_beginning_of_a_document():
    explorer = PipelineMap("")
    assert [token.decode() for token in explorer.trace.tokens] == [START]
    assert explorer.trace.next_token() == " the" and not explorer.frame["error"]


def test_a_text_longer_than_the_context_is_cut_and_said():
    explorer = PipelineMap("é<&>" * 30)
    assert len(explorer.trace.tokens) == 64
    left_out = len(explorer.trace.left_out)
    assert (
        f"reads 64 tokens at most, its context length: the first {left_out} of {64 + left_out}"
        in explorer.frame["note"]
    )


def test_description_says_what_the_picture_shows():
    text = PipelineMap().frame["text"]
    assert text.startswith("6 tokens: <|endoftext|> |  the |  dogs |  near |  the |  king. Embeddings (6, 96), ")
    assert "attention weights (4, 6, 6) in each of 3 layers, logits (6, 655)" in text
    assert "position 5 (' king') looks most at position 2 (' dogs')" in text


@pytest.mark.parametrize(
    "change",
    [{}, {"back": 2, "layer": 0, "head": 3}, {"layer": 2, "head": 0, "text": ""}, {"back": 11}]
    + [{"text": "é\n'\"\\" * 20, "back": 4}, {"text": f"the dogs bark. {START} the"}],
)
def test_code_reproduces_the_state(change):
    explorer = PipelineMap()
    explorer.set(**change)
    namespace = {}
    exec(explorer.code(), namespace)
    trace = explorer.trace
    assert namespace["position"] == trace.position
    row = namespace["weights"][0, trace.head, trace.position]
    assert torch.allclose(row, trace.attention, atol=1e-6)
    assert torch.allclose(namespace["probabilities"], trace.probabilities[trace.position], atol=1e-6)


# ---- its picture -----------------------------------------------------------------------------------------------------


def test_the_picture_shows_the_numbers_of_the_trace():
    trace = compute(FIRST | {"back": 1})
    rows = [Tags(row).text for row in re.findall("<tr.*?</tr>", render(trace))]
    ids, embedding = (
        "".join(map(str, trace.ids.tolist())),
        [f"{value:.2f}" for value in trace.embeddings[:, 0].tolist()],
    )
    assert ids in rows and "0" + "".join(embedding) in rows
    assert "".join(f"{weight:.2f}" for weight in trace.attention[:5].tolist()) + "masked" in rows
    id, probability = trace.most_probable(1)[0]
    token = trace.vocabulary[id].decode().replace(" ", "·")
    assert f"{token}{id}{trace.logits[4, id]:.2f}{probability:.2f}" in rows
    assert rows[0] == "position0123▼ 45"
    marked = [
        re.findall("<td.*?>", row)
        for row in re.findall("<tr>.*?</tr>", render(trace))
        if "llmlab-at" in row and "<td" in row
    ]
    assert len(marked) > 12
    assert all(["llmlab-at" in cell for cell in cells] == [False] * 4 + [True, False] for cells in marked)


def test_columns_are_the_last_positions_and_the_others_share_one():
    trace = compute(FIRST | {"text": "the dogs near the king bark. they see the cow near the wolf"})
    T, first = len(trace.tokens), len(trace.tokens) - COLUMNS
    assert first > 0
    head, *rows = re.findall("<tr.*?</tr>", render(trace))
    assert head.count("<th") == COLUMNS + 2 and f"0–{first - 1}" in head and f"▼ {T - 1}" in head
    weights = next(row for before, row in zip(rows, rows[1:], strict=False) if "Attention weights" in before)
    shown = [float(number) for number in re.findall(r">([\d.]+)</td>", weights)]
    assert len(shown) == COLUMNS + 1 and sum(shown) == pytest.approx(1, abs=0.07)
    assert shown[0] == pytest.approx(trace.attention[:first].sum().item(), abs=0.006)


def test_pieces_of_a_character_share_a_cell():
    trace = compute(FIRST | {"text": "🎹é"})
    characters = re.search('<tr class="llmlab-letters">.*?</tr>', render(trace)).group()
    assert '<td colspan="4">🎹</td><td colspan="2">é</td>' in characters
    assert "f0" in render(trace) and "c3" in render(trace)


def test_each_stage_links_to_a_notebook_beside_this_one():
    html = PipelineMap().frame["html"]
    links = {name for name in re.findall(r'href="(.*?)"', html)}
    assert links == {f"{name}.ipynb" for name in LESSONS.values()}
    for name in links:
        assert (ROOT / "notebooks" / name).exists() and (ROOT / "notebooks" / "solutions" / name).exists()
    assert all(name.startswith(lesson) for lesson, name in LESSONS.items())
    stages = re.findall('<th class="llmlab-stage".*?</th>', html)
    assert len(stages) == 8 and all("<a " in stage for stage in stages)


def test_a_token_is_escaped_too():
    """With the course's tokenizer no token is a whole tag."""
    tag = b"<img src=x>"
    tokenizer = BPETokenizer([(tag[:n], tag[n : n + 1]) for n in range(1, len(tag))], pattern=None)
    model, _ = own_model(vocab_size=len(tokenizer))
    explorer = PipelineMap(tag.decode() * 2, model, tokenizer)
    assert explorer.trace.tokens == (tag, tag)
    tags = Tags(explorer.frame["html"])
    assert "img" not in tags.tags and tags.text.count("<img·src=x>") >= 4  # characters and tokens


@pytest.mark.parametrize(
    "text", [" ", "\n\t\r", "👨‍👩‍👧‍👦", "\u202e" * 9, "\x00", "🎹" * 40, START * 9, "é" * 31 + " dogs"]
)
def test_odd_texts(text):
    explorer = PipelineMap(text=text)
    for name, control in explorer._controls.items():
        for value in (*control.values[:1], *control.values[-1:]):
            frame = explorer._frame(explorer.state | {name: value})
            assert Tags(frame["html"]).tags and "nan" not in frame["html"]
            assert "\u202e" not in frame["html"] + frame["text"] + frame["note"], "it would turn the page's text round"


def test_a_lone_surrogate_is_a_frame_and_raises_from_code():
    explorer = PipelineMap()
    assert explorer._frame_or_error(FIRST | {"text": "a\ud83d"})["error"]
    with pytest.raises(ValueError, match="surrogate"):
        explorer.set(text="\ud83d")


def test_what_the_controls_do_not_have_is_refused():
    with pytest.raises(ValueError, match="text must have at most 120 characters, got 121"):
        PipelineMap(text="x" * 121)
    with pytest.raises(ValueError, match="head must be from 0 to 3, got 4"):
        PipelineMap().set(head=4)


def test_scripting():
    explorer = PipelineMap()
    explorer.set(text="the cat", head=2)
    assert explorer.state == {"text": "the cat", "back": 0, "layer": 1, "head": 2} == explorer.frame["state"]
    explorer.reset()
    assert explorer.state == FIRST
