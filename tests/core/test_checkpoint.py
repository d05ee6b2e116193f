"""The small GPT that comes with the course: small, grammatical, no parrot, and with a head whose pattern has a name."""

import re
import sys
from collections import Counter
from itertools import pairwise, product

import pytest
import torch

from llmlab.corpus import toy_world, toy_world_accepts
from llmlab.corpus._toyworld import _CHARACTERS, _PREDICATES
from llmlab.generation import generate
from llmlab.gpt import GPT, attention_maps
from llmlab.training import load_checkpoint, save_checkpoint
from tests import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import make_checkpoint  # noqa: E402

SEPARATOR = "<|endoftext|>"


@pytest.fixture(scope="module")
def tiny():
    model, tokenizer = load_checkpoint()
    return model, tokenizer


@pytest.fixture(scope="module")
def training_text():
    return make_checkpoint.training_text()


@pytest.fixture(scope="module")
def untrained(tiny):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return GPT(tiny[0].config).eval()


def encode(tokenizer, text):
    return tokenizer.encode(text, allowed_special="all")


def test_it_is_small_and_complete(tiny):
    files = list((ROOT / "data" / "tiny").iterdir())
    assert sum(path.stat().st_size for path in files) <= 2_000_000
    model, tokenizer = tiny
    assert len(tokenizer) == model.config.vocab_size and not model.training
    words = set(re.findall(r"[a-z]+", toy_world(20_000).replace(SEPARATOR, "")))
    assert len(words) > 200 and not {word for word in words if len(encode(tokenizer, f" {word}")) != 1}


def test_it_was_trained_on_the_text_of_the_recipe(tiny, training_text):
    assert make_checkpoint.make_tokenizer(training_text).merges == tiny[1].merges
    sentences = make_checkpoint.sentences_of(training_text)
    assert len(sentences) > 10_000 and not any(map(make_checkpoint.is_withheld, sentences))
    assert all(map(toy_world_accepts, set(sentences)))


def written(model, tokenizer, n, seed):
    """The first sentence of each of `n` documents, at temperature 1."""
    start, stop = encode(tokenizer, SEPARATOR), encode(tokenizer, "king.")[-1]
    rows = generate(model, [start] * n, 20, stop=stop, generator=torch.Generator().manual_seed(seed))
    return [tokenizer.decode(row[1:]).strip() for row in rows]


def test_it_writes_sentences_of_the_toy_world_and_half_of_them_are_new(tiny, training_text):
    known = set(make_checkpoint.sentences_of(training_text))
    sentences = [sentence for seed in range(10) for sentence in written(*tiny, 100, seed)]
    accepted = [sentence for sentence in sentences if toy_world_accepts(sentence)]
    assert len(accepted) >= 0.9 * len(sentences)
    assert sum(sentence not in known for sentence in accepted) >= 0.5 * len(accepted)


def test_an_untrained_model_writes_none(untrained, tiny):
    assert not any(map(toy_world_accepts, written(untrained, tiny[1], 100, 0)))


# --- agreement: "the dogs near the king bark", and not "barks" ---


def verb_forms():
    """(singular, plural) first words of all predicates."""
    verbs = {predicate.split()[0] for _, predicate in _PREDICATES}
    return sorted({tuple(verb.split("|")) for verb in verbs if "|" in verb})


def agreement_contexts():
    """A subject and, nearer to the verb, a noun of the other number: "the dogs near the king"."""
    pairs = product(_CHARACTERS, _CHARACTERS)
    return [(f"the {a.word} near the {b.word}", a.is_plural) for a, b in pairs if a.is_plural != b.is_plural]


def share_right(scores):
    """Of the contexts, in how many the verbs of the right number have more of the score than those of the wrong one."""
    return sum(right > wrong for right, wrong in scores) / len(scores)


def test_the_verb_agrees_with_a_subject_that_is_further_away_than_a_trigram_model_sees(tiny, training_text):
    model, tokenizer = tiny
    contexts, forms = agreement_contexts(), verb_forms()
    ids = [encode(tokenizer, f"{SEPARATOR} {context}") for context, _ in contexts]
    assert len(set(map(len, ids))) == 1
    with torch.no_grad():
        probabilities = model(torch.tensor(ids))[:, -1].softmax(-1)
    columns = [[encode(tokenizer, f" {form[number]}")[0] for form in forms] for number in (0, 1)]

    words = re.findall(r"[a-z]+|\.|<\|endoftext\|>", training_text)
    followers: dict[tuple[str, str], Counter] = {}
    for (one, two), (_, three) in pairwise(pairwise(words)):
        followers.setdefault((one, two), Counter())[three] += 1

    ours, trigrams = [], []
    for row, (context, is_plural) in zip(probabilities, contexts, strict=True):
        counts = followers.get(tuple(context.split()[-2:]), Counter())
        order = (1, 0) if is_plural else (0, 1)
        ours.append([row[columns[number]].sum().item() for number in order])
        trigrams.append([sum(counts[form[number]] for form in forms) for number in order])
    assert share_right(ours) > 0.9
    assert share_right(ours) > share_right(trigrams) + 0.3


# --- a head with a pattern named beforehand: the subject, and not the noun that stands nearer ---


def attention_to_the_subject(model, tokenizer):
    """For each layer and head the mean weight that the last noun gives to the first: (layers, heads)."""
    texts = [f"{SEPARATOR} {context}" for context, _ in agreement_contexts()]
    ids = torch.tensor([encode(tokenizer, text) for text in texts])  # (B, 6): separator, the, SUBJECT, near, the, NOUN
    return attention_maps(model, ids)[..., -1, 2].mean(dim=0)


def test_one_head_looks_back_at_the_subject(tiny, untrained):
    assert attention_to_the_subject(*tiny).max() > 0.9
    assert attention_to_the_subject(untrained, tiny[1]).max() < 0.3


def test_a_part_that_is_compiled_is_saved_under_its_own_name(tmp_path, untrained):
    model = GPT(untrained.config).eval()
    model.load_state_dict(untrained.state_dict())
    model.blocks[0] = torch.compile(model.blocks[0], backend="eager")
    save_checkpoint(tmp_path / "model", model)
    loaded, _ = load_checkpoint(tmp_path / "model")
    ids = torch.tensor([[1, 5, 2, 9]])
    assert torch.equal(loaded(ids), untrained(ids))
