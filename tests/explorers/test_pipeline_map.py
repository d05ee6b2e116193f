"""The pipeline map without a browser; the host that shows it is tested in test_host.py."""

import copy
import html
import itertools
import json
import math
import re

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmlab.bpe import BPETokenizer
from llmlab.corpus import toy_world, toy_world_accepts
from llmlab.corpus._toyworld import _CHARACTERS
from llmlab.explorers import PipelineMap
from llmlab.explorers.pipeline_map import passes
from llmlab.explorers.pipeline_map.numbers import more
from llmlab.explorers.pipeline_map.passes import bundled, compute
from llmlab.explorers.pipeline_map.picture import render
from llmlab.explorers.pipeline_map.values import (
    CANDIDATES,
    COLUMNS,
    LESSONS,
    MAX_CHARACTERS,
    MAX_WRITTEN,
    PLURALS,
    START,
)
from llmlab.explorers.pipeline_map.words import describe
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import load_checkpoint
from tests import ROOT
from tests.explorers.html import Tags

FIRST = {"text": "the dogs near the king", "written": 0, "back": 0, "layer": 1, "head": 1}
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


@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_embeddings_are_called_what_they_are(positions):
    model, tokenizer = own_model(d_model=24, positions=positions)
    explorer = PipelineMap("abc", model, tokenizer)
    words = explorer.frame["html"] + more(explorer.trace)
    added = positions == "learned"
    assert ("token + position" in words) == ("adds one of another table" in words) == added
    assert ("positions turn queries and keys, later" in words) != added
    tokens = model.embedding.token.weight[explorer.trace.ids]
    assert torch.equal(explorer.trace.embeddings, tokens) != added


def test_own_model():
    model, tokenizer = own_model(dropout=0.5)
    explorer = PipelineMap("héllo wörld", model, tokenizer)
    trace = explorer.trace
    assert trace.ids.tolist() == list("héllo wörld".encode())[-7:], "the newest, as many as its context holds"
    assert explorer.state == FIRST | {"text": "héllo wörld"}
    assert model.training, "left as it was"
    assert torch.allclose(trace.logits, copy.deepcopy(model).eval()(trace.ids[None])[0], atol=1e-5), "without dropout"
    assert trace.strange is None and "toy world" not in explorer.frame["note"]
    assert "the first 6 of 13 are left out" in explorer.frame["note"]
    assert not explorer.target(trace)[0] and not explorer.controls[0]["examples"], "the toy world's are no use to it"
    namespace = {"model": model.eval(), "tokenizer": tokenizer}
    exec(explorer.code(), namespace)
    assert torch.allclose(namespace["probabilities"], trace.probabilities[trace.position], atol=1e-6)


def test_the_target_for_a_model_of_ones_own_asks_nothing_of_the_toy_world():
    model, tokenizer = own_model()
    explorer = PipelineMap("abc", model, tokenizer)
    assert explorer.task == "Your target: a text after which your model is sure: one next token has at least 90%."
    highest = explorer.trace.probabilities[-1].max().item()
    assert (
        explorer.frame["target"].startswith("Not yet: after the last token")
        and f"{highest:.2f}." in (explorer.frame["target"])
    )
    with torch.no_grad():
        model.head.weight.mul_(1000)
    explorer.refresh()
    assert explorer.frame["reached"] and explorer.frame["target"].startswith("Reached: ")


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
    monkeypatch.setattr(passes, "load_checkpoint", lambda: load_checkpoint(tmp_path))
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


ONE_PLURAL = (
    "the king near the dogs",
    "the king near the queen near the dogs",
    "the dogs bark. the king near the dogs",
)


@pytest.mark.parametrize(
    ("text", "reached", "words"),
    [
        ("the king near the wolves near the dogs", True, "Reached: P(is) = "),
        ("they are sad. the princess near the dogs near the dogs", True, "Reached: P(is) = "),
        ("the kings near the wolves near the dogs", False, "Not yet: P(is) = "),
        ("the king near the dogs", False, "Not yet: P(is) = "),
        ("the king near the queen near the dogs", False, "Not yet: P(is) = "),
        ("the dogs bark. the king near the dogs", False, "Not yet: P(is) = "),
        ("the king near the dogs near the wolves", False, "Not yet: the last word is not dogs. P(is) = "),
        ("the prince loves the dogs", False, "Not yet: the model expects neither here. P(is) = "),
        ("the king near the dogs ", False, "Not yet: the last word is not dogs."),
        ("", False, "Not yet: the last word is not dogs."),
    ],
)
def test_target(text, reached, words):
    explorer = PipelineMap()
    explorer.set(text=text, back=3)  # the target is about the end of the text, wherever one looks
    status = explorer.frame["target"]
    assert explorer.frame["reached"] == reached and status.startswith(words)
    assert f"P(is) = {explorer.trace.probability(' is', -1):.2f}, " in status
    assert ("but of 2 plural nouns there is 1" in status) == (text in ONE_PLURAL)


def subjects():
    return [(one.word, one.is_plural) for one in _CHARACTERS]


def test_the_target_and_its_question_hold_for_every_noun():
    """Every singular noun in front reaches it, no plural one does, and what the question's verdicts say is so."""
    assert {word for word, is_plural in subjects() if is_plural} == PLURALS
    explorer = PipelineMap()
    for subject, is_plural in subjects():
        for other in sorted(PLURALS):
            trace = explorer.compute(FIRST | {"text": f"the {subject} near the {other} near the dogs"})
            assert explorer.target(trace)[0] != is_plural
            one, several = trace.probability(" is", -1), trace.probability(" are", -1)
            assert several > max(one, 0.01) if is_plural else one > 10 * several
            if not is_plural:
                assert explorer.question(trace) and trace.weights[:, :, -1, 2].max() > 0.9
    sentences = toy_world(5_000).replace(START, "").split(".")
    assert max(sentence.split().count("near") for sentence in sentences) == 1, "no sentence has a second near"


def test_the_question_is_asked_only_where_its_verdicts_were_tried():
    explorer = PipelineMap()
    for text in ("the king near the dogs", "the king near the wolves near the dogs near the dogs"):
        assert explorer.question(explorer.compute(FIRST | {"text": text})) is None
    assert PipelineMap("abc", *own_model()).frame["question"] is None
    explorer.set(text="the king near the wolves near the dogs")
    assert [right for _, right, _ in explorer.frame["question"]["answers"]] == [False, True, False]


def test_the_target_is_more_than_two_words_away():
    """No one word of the first text put right reaches it, nor one and "near the dogs"; no example does."""
    explorer = PipelineMap()
    words = FIRST["text"].split()
    for place, (word, _) in itertools.product(range(5), subjects()):
        changed = [*words[:place], word, *words[place + 1 :]]
        for text in (" ".join(changed), " ".join([*words, "near", "the", word])):
            assert not explorer.target(explorer.compute(FIRST | {"text": text}))[0], text
    for text in explorer._controls["text"].examples:
        assert not explorer.target(explorer.compute(FIRST | {"text": text}))[0]


def test_what_it_writes_is_the_most_probable_token_each_time():
    model, tokenizer = bundled()
    ids = tokenizer.encode(f"{START} the dogs near the king", allowed_special="all")
    for written in range(MAX_WRITTEN + 1):
        trace = compute(FIRST | {"written": written})
        assert trace.ids.tolist() == ids and trace.written == written
        assert b"".join(trace.tokens).decode().startswith(trace.read)
        assert trace.text == FIRST["text"]
        with torch.no_grad():
            ids = [*ids, model(torch.tensor([ids]))[0, -1].argmax().item()]
    assert trace.sentence == "they bark at the king", "after the full stop that it wrote"
    own = compute(FIRST | {"text": "héllo wörld", "written": 9}, *own_model())
    assert len(own.tokens) == 7 and len(own.left_out) == 13 + 9 - 7, "also where bytes are no text"


@pytest.mark.parametrize("text", ["the dogs near the king", "the dogs bark", "the dogs bark.", "", "é 🎹", "a<&b"])
@pytest.mark.parametrize("back", [0, 1, 4])
def test_a_pressed_next_token_is_appended_to_the_text_up_to_there(text, back):
    trace = compute(FIRST | {"text": text, "back": back})
    best = trace.most_probable(CANDIDATES)
    assert len(trace.continued) == CANDIDATES
    for (id, _), longer in zip(best, trace.continued, strict=True):
        if longer is not None:
            ids = compute(FIRST | {"text": longer}).ids.tolist()
            assert ids == [*trace.ids.tolist()[: trace.position + 1], id]
    assert any(trace.continued) or "🎹" in text or "a<" in text


def test_what_cannot_be_typed_cannot_be_pressed():
    trace = compute(FIRST | {"text": "the king " * 13 + "is"})
    assert trace.continued == (None,) * CANDIDATES, "the text is full"
    own = compute(FIRST | {"text": "ab"}, *own_model())
    for (id, _), longer in zip(own.most_probable(CANDIDATES), own.continued, strict=True):
        assert (longer is None) == (id > 127), "half a character cannot be typed"


def test_pressing_goes_back_to_a_text_without_what_was_written():
    explorer = PipelineMap()
    explorer.set(written=3, back=1)
    wanted = [json.loads(html.unescape(text)) for text in re.findall(r"data-set='(.*?)'", explorer.frame["html"])]
    appended = [one for one in wanted if "text" in one]
    assert appended[0]["text"].startswith("the dogs near the king bark in the") and len(appended) == CANDIDATES
    assert all(one["written"] == 0 and one["back"] == 0 for one in appended)


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
    numbers = [more(explorer.trace) for explorer in (PipelineMap(), PipelineMap(""), PipelineMap("abc", *own_model()))]
    assert "Characters (22,), and a space in front of them" in Tags(numbers[0]).text
    assert "Characters (0,) ·" in Tags(numbers[1]).text
    assert "Characters (3,) ·" in Tags(numbers[2]).text
    said = [Tags(explorer.frame["html"]).text for explorer in (PipelineMap(), PipelineMap("abc", *own_model()))]
    assert "In front stands <|endoftext|>, which began each document" in said[0] and "In front" not in said[1]


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
    + [{"text": "é\n'\"\\" * 20, "back": 4}, {"text": f"the dogs bark. {START} the"}]
    + [{"written": 7, "back": 2}, {"text": "é" * 31 + " dogs", "written": 3}],
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


def test_the_fold_shows_the_numbers_of_the_trace():
    trace = compute(FIRST | {"back": 1})
    rows = [Tags(row).text for row in re.findall("<tr.*?</tr>", more(trace))]
    ids, embedding = (
        "".join(map(str, trace.ids.tolist())),
        [f"{value:.2f}".replace("-", "−") for value in trace.embeddings[:, 0].tolist()],
    )
    assert ids in rows and "0" + "".join(embedding) in rows
    assert "".join(f"{weight:.2f}" for weight in trace.attention[:5].tolist()) + "masked" in rows
    id, probability = trace.most_probable(1)[0]
    token = trace.vocabulary[id].decode().replace(" ", "·")
    assert f"{token}{id}{trace.logits[4, id]:.2f}{probability:.2f}" in rows
    assert rows[0] == "position0123▼ 45"
    marked = [
        re.findall("<td.*?>", row)
        for row in re.findall("<tr>.*?</tr>", more(trace))
        if "llmlab-at" in row and "<td" in row
    ]
    assert len(marked) > 12
    assert all(["llmlab-at" in cell for cell in cells] == [False] * 4 + [True, False] for cells in marked)


def test_columns_are_the_last_positions_and_the_others_share_one():
    trace = compute(FIRST | {"text": "the dogs near the king bark. they see the cow near the wolf"})
    T, first = len(trace.tokens), len(trace.tokens) - COLUMNS
    assert first > 0
    head, *rows = re.findall("<tr.*?</tr>", more(trace))
    assert head.count("<th") == COLUMNS + 2 and f"0–{first - 1}" in head and f"▼ {T - 1}" in head
    weights = next(row for before, row in zip(rows, rows[1:], strict=False) if "Attention weights" in before)
    shown = [float(number) for number in re.findall(r">([\d.]+)</td>", weights)]
    assert len(shown) == COLUMNS + 1 and sum(shown) == pytest.approx(1, abs=0.07)
    assert shown[0] == pytest.approx(trace.attention[:first].sum().item(), abs=0.006)


def test_pieces_of_a_character_share_a_cell():
    trace = compute(FIRST | {"text": "🎹é"})
    characters = re.search('<tr class="llmlab-letters">.*?</tr>', more(trace)).group()
    assert '<td colspan="4">🎹</td><td colspan="2">é</td>' in characters
    assert "f0" in more(trace) and "c3" in more(trace)


def test_each_stage_links_to_a_notebook_beside_this_one():
    explorer = PipelineMap()
    for picture, stage, number in (
        (explorer.frame["html"], '<details class="llmlab-about".*?</details>', 6),
        (more(explorer.trace), '<th class="llmlab-stage".*?</th>', 8),
    ):
        links = {name for name in re.findall(r'href="(.*?)"', picture)}
        assert links == {f"{name}.ipynb" for name in LESSONS.values()}
        for name in links:
            assert (ROOT / "notebooks" / name).exists() and (ROOT / "notebooks" / "solutions" / name).exists()
        assert all(name.startswith(lesson) for lesson, name in LESSONS.items())
        stages = re.findall(stage, picture)
        assert len(stages) == number and all("<a " in one for one in stages)


def paths(html, kind):
    """The drawn paths of one kind: (attributes, d)."""
    return re.findall(rf'<path[^>]*data-key="{kind}(.*?)"[^>]* d="(.*?)" style="stroke-width:(.*?)px', html)


def test_streams_are_as_wide_as_their_weights():
    trace = compute(FIRST | {"back": 2})
    streams = paths(render(trace), "arc")
    assert [int(source) for source, _, _ in streams] == [0, 1, 2, 3], "none from what is masked"
    for (_, _, width), weight in zip(streams, trace.attention[:4].tolist(), strict=True):
        assert float(width) == pytest.approx(1 + 21 * weight, abs=0.06)
    assert all(line.endswith("350 100") for _, line, _ in streams), "into the middle of the fourth lane"
    shares = re.findall(r'class="llmlab-share-taken.*?>(\d+)%<', render(trace))
    assert [int(share) for share in shares] == [round(100 * weight) for weight in trace.attention[:4].tolist()]
    assert "masked</b>" in render(trace) and "masked</b>" not in render(compute(FIRST))


def test_strips_show_sign_and_size():
    trace = compute(FIRST)
    strips = re.findall(r'<span class="llmlab-vector".*?>((?:<i.*?</i>){16})</span>', render(trace))
    assert len(strips) == 12
    vectors = [*trace.embeddings, *trace.context]
    for number, (strip, vector) in enumerate(zip(strips, vectors, strict=True)):
        looks = re.findall(r'<i(?: class="llmlab-(above|below)(.)")?></i>', strip)
        largest = (trace.embeddings if number < 6 else trace.context)[:, :16].abs().max().item()
        for (sign, depth), value in zip(looks, vector[:16].tolist(), strict=True):
            share = abs(value) / largest
            assert (sign == "above") == (value > 0) or not sign
            assert int(depth or 0) == (share > 0.06) + (share > 0.12) + (share > 0.25) + (share > 0.5)


def test_thumbnails_show_each_head():
    trace = compute(FIRST | {"back": 1})
    thumbs = re.findall(r'<span class="llmlab-thumb" data-key="head(.)\.(.)"(.*?)</span>', render(trace))
    assert len(thumbs) == 12
    for layer, head, content in thumbs:
        weights = trace.weights[int(layer), int(head)]
        drawn = {depth: cells for depth, cells in re.findall(r'class="llmlab-h(.)" d="(.*?)"', content)}
        found = {(int(y), int(x)) for cells in drawn.values() for x, y in re.findall(r"M(\d+) (\d+)", cells)}
        assert found == {(i, j) for i in range(6) for j in range(6) if weights[i, j].item() > 0.04}
        assert '<rect class="llmlab-its-row" x="0" y="4" width="5"' in content
        weight, source = weights[4].max(dim=0)
        assert f"looks most at {trace.tokens[source].decode().strip()}".replace("at ", "at  ") in content or source == 0
        assert f", {weight:.0%}" in content


def test_of_a_larger_model_the_heads_of_one_layer_are_drawn():
    html = PipelineMap("abc", *own_model(n_layers=9)).frame["html"]
    assert html.count('class="llmlab-thumb"') == 3 and "The 3 heads of layer 1" in html


def test_bars_share_one_axis_and_sum_to_one():
    trace = compute(FIRST)
    bars = [float(width) for width in re.findall(r'llmlab-scale"><i style="width:(.*?)%', render(trace))]
    assert bars == pytest.approx([100 * p for _, p in trace.most_probable()] + [100 - sum(bars[:-1])], abs=0.5)
    assert sum(bars) == pytest.approx(100, abs=0.5)


def test_what_rounds_to_nothing_is_said_to_be_below_one_percent():
    shares = re.findall(r"</i></span><span>(.*?)</span>", render(compute(FIRST | {"text": "the dogs near"})))
    assert shares[0] == "100%" and shares[1] == "&lt;1%" and "0%" not in shares[1:]


@pytest.mark.parametrize("state", [{}, {"back": 5}, {"layer": 0, "head": 0}, {"head": 3}, {"written": 4}, {"back": 2}])
def test_the_reason_is_so(state):
    """Counted anew from the weights: who is looked at, how far away, how much; and the model's guess."""
    trace = compute(FIRST | state)
    text = Tags(PipelineMap().why(trace)).text
    row = trace.weights[trace.layer, trace.head, trace.position].tolist()
    source = row.index(max(row))
    seen = [token.decode().replace(" ", "·") for token in trace.tokens]
    if trace.position == 0:
        assert "is the first token" in text
    elif source == trace.position:
        assert f"takes most from itself ({max(row):.0%})" in text
    else:
        far = trace.position - source
        where = "just before it" if far == 1 else f"{far} tokens before"
        assert f"{seen[trace.position]} takes {max(row):.0%} from {seen[source]}, {where}" in text
    probability = max(trace.probabilities[trace.position].tolist())
    assert f"it expects {trace.next_token().replace(' ', '·')} ({probability:.0%})" in text
    assert ("The model wrote the last 4 tokens" in text) == (trace.written == 4)


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
            seen = re.sub("data-set='.*?'", "", frame["html"]) + frame["why"] + frame["text"] + frame["note"]
            assert "\u202e" not in seen, "it would turn the page's text round"


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
    assert explorer.state == FIRST | {"text": "the cat", "head": 2} == explorer.frame["state"]
    explorer.reset()
    assert explorer.state == FIRST
