"""The texts: the story has what the lessons need, every route to a text works, the toy world keeps to its grammar."""

from __future__ import annotations

import hashlib
import http.server
import random
import re
import subprocess
import sys
import threading
import unicodedata
from collections import Counter
from functools import partial
from pathlib import Path

import make_samples
import numpy as np
import pooch
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import llmlab
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text, texts, toy_world, toy_world_accepts
from llmlab.utils import bundled
from llmlab.utils.bundled import data_path
from tests import ROOT

STORY = load_text()

# --- the bundled files ---------------------------------------------------------------------------------------------


SAMPLES = ("keepers-log", "maerchen", "recetas")


@pytest.mark.parametrize("name", ["story.txt", "gpt2/vocab.bpe", *(f"samples/{name}.txt" for name in SAMPLES)])
def test_checksums_in_the_data_readme(name):
    table = data_path("README.md").read_text(encoding="utf-8")
    checksum = hashlib.sha256(data_path(name).read_bytes()).hexdigest()
    assert re.search(rf"\| `{re.escape(name)}` \|.*\| `{checksum}` \|", table), f"{name} has sha256 {checksum}"


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_what_their_grammars_make(name):
    assert load_text(name) == make_samples.sample(name)


def test_data_path_prefers_the_installed_package(monkeypatch, tmp_path):
    package = tmp_path / "llmlab"
    for folder in (package / "data", tmp_path / "data"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(bundled, "_PACKAGE", package)
    (tmp_path / "data" / "a.txt").touch()
    assert data_path("a.txt") == tmp_path / "data" / "a.txt"
    (package / "data" / "a.txt").touch()
    assert data_path("a.txt") == package / "data" / "a.txt"


def test_data_path_names_both_places_when_it_finds_nothing():
    package = Path(llmlab.__file__).parent
    with pytest.raises(FileNotFoundError) as caught:
        data_path("no-such-file.txt")
    message = str(caught.value)
    assert str(package / "data" / "no-such-file.txt") in message
    assert str(package.parent / "data" / "no-such-file.txt") in message
    assert "install llmlab again" in message


# --- the story -----------------------------------------------------------------------------------------------------


def test_story_length_and_form():
    assert 19_500 <= len(STORY) <= 20_500
    assert "\r" not in STORY
    assert STORY.endswith(".\n") and not STORY.endswith("\n\n")
    assert "\n\n\n" not in STORY
    assert not re.search(r"[ \t]+$", STORY, flags=re.MULTILINE)
    assert unicodedata.is_normalized("NFC", STORY)


def test_story_opens_with_common_words():
    first = STORY[: STORY.index("\n")]
    assert first.isascii()
    tokens = gpt2_encoding().encode(first)
    assert 20 <= len(tokens) <= 30
    assert len(tokens) <= len(re.findall(r"\w+|[^\w\s]", first)) + 2, "most words are one token each"


@pytest.mark.parametrize(
    "family",
    [
        "help helper helpful helpless unhelpful helped helping",
        "keep keeps keeper keepers kept",
        "light lights lighter lightly lighted lighthouse lit",
        "repair repairs repaired irreparable",
        "tune tuned tuner",
    ],
)
def test_story_has_word_families(family):
    words = set(re.findall(r"[a-z]+", STORY.lower()))
    assert set(family.split()) <= words


@pytest.mark.parametrize("name", ["Ada Quill", "Owen Pascoe", "Irene Vass", "Zoë", "Joss", "Mrs. Bergström"])
def test_names_return(name):
    assert STORY.count(name) >= 4


def test_story_has_what_bytes_and_splitting_need():
    emoji = [character for character in STORY if unicodedata.category(character) == "So"]
    assert emoji == ["🎹"]
    assert {"Zoë", "café", "naïve"} <= set(re.findall(r"\w+", STORY))
    for contraction in ("it's", "don't", "We'll", "I'd", "'em", "couldn't", "You'll", "they've"):
        assert re.search(rf"(?<!\w){contraction}(?!\w)", STORY), contraction
    assert STORY.count("--") >= 5
    assert 1 <= STORY.count("—") <= 2
    assert not set("“”‘’…–") & set(STORY), "straight quotes, plain dots and no en dash"
    assert STORY.count('"') % 2 == 0
    assert STORY.count("6:40") >= 2
    for sign in "?!();£":
        assert STORY.count(sign) >= 4, sign
    assert len(re.findall(r"\b(?:19|20)\d\d\b", STORY)) >= 5, "years"


# --- load_text -----------------------------------------------------------------------------------------------------


def test_a_path_is_read_untouched(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes("one\r\ntwo\né\r".encode())
    assert load_text(path) == load_text(str(path)) == "one\r\ntwo\né\r"


def test_bytes_that_are_not_utf8_are_located(tmp_path):
    path = tmp_path / "latin1.txt"
    path.write_bytes("café".encode("latin-1") + b"!")
    with pytest.raises(ValueError, match=r"latin1\.txt is not UTF-8: byte 3 is 0xe9") as caught:
        load_text(path)
    assert not isinstance(caught.value, UnicodeDecodeError)


def test_unknown_texts(tmp_path):
    known = "unknown text 'sotry': the known names are 'story', .*'recetas' and 'the-verdict'"
    with pytest.raises(ValueError, match=known):
        load_text("sotry")
    with pytest.raises(FileNotFoundError, match="there is no text file at .*absent"):
        load_text(tmp_path / "absent.txt")
    with pytest.raises(TypeError, match="or a path, got 3"):
        load_text(3)


def test_the_verdict_is_the_expected_text(the_verdict):
    assert len(the_verdict) == 20_479
    assert the_verdict.startswith("I HAD always thought Jack Gisburn rather a cheap genius")


@pytest.fixture
def short_verdict(monkeypatch, tmp_path):
    """A short text in the place of The Verdict, and two empty folders: (bytes, cache folder, LLMLAB_DATA folder)."""
    content = b"I HAD always thought\r\n"
    cache, folder = tmp_path / "cache", tmp_path / "data"
    cache.mkdir()
    folder.mkdir()
    monkeypatch.setattr(texts, "_VERDICT_SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(pooch, "os_cache", lambda project: cache)
    monkeypatch.setenv("LLMLAB_DATA", str(folder))
    return content, cache, folder


@pytest.fixture
def offline(monkeypatch):
    def no_network(*_, **__):
        raise requests.ConnectionError("network is unreachable")

    monkeypatch.setattr(requests.Session, "request", no_network)


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """A function that lets the address of The Verdict answer with these bytes, from a server on this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def answer(body: bytes) -> None:
            (tmp_path / "served.txt").write_bytes(body)
            monkeypatch.setattr(texts, "_VERDICT_URL", f"http://127.0.0.1:{server.server_port}/served.txt")

        yield answer
        server.shutdown()


def test_the_verdict_from_the_named_folder_then_the_cache(short_verdict, offline):
    content, cache, folder = short_verdict
    (cache / "the-verdict.txt").write_bytes(content)
    assert load_text("the-verdict") == content.decode(), "the folder has none: the cache is next"
    (cache / "the-verdict.txt").write_bytes(b"stale")
    (folder / "the-verdict.txt").write_bytes(content)
    assert load_text("the-verdict") == content.decode(), "the folder comes first"


@pytest.mark.parametrize("place", [1, 2], ids=["cache", "folder"])
def test_a_wrong_checksum_is_named(short_verdict, offline, place):
    path = short_verdict[place] / "the-verdict.txt"
    path.write_bytes(b"another text")
    with pytest.raises(ValueError) as caught:
        load_text("the-verdict")
    message = str(caught.value)
    assert str(path) in message
    assert hashlib.sha256(b"another text").hexdigest() in message
    assert texts._VERDICT_SHA256 in message


@pytest.mark.parametrize("is_set", [True, False])
def test_offline_says_where_to_put_the_file(short_verdict, offline, monkeypatch, is_set):
    _, cache, folder = short_verdict
    if not is_set:
        monkeypatch.delenv("LLMLAB_DATA")
    with pytest.raises(FileNotFoundError) as caught:
        load_text("the-verdict")
    message = str(caught.value)
    assert str(cache / "the-verdict.txt") in message
    assert f"LLMLAB_DATA names (now: {folder if is_set else 'not set'})" in message
    assert "load_text() gives the story without a network" in message
    assert load_text() == STORY


def test_download_goes_to_the_cache(short_verdict, serve):
    content, cache, _ = short_verdict
    serve(content)
    assert load_text("the-verdict") == content.decode()
    assert (cache / "the-verdict.txt").read_bytes() == content


def test_a_changed_download_is_refused(short_verdict, serve):
    _, cache, _ = short_verdict
    serve(b"a login page of the hotel")
    with pytest.raises(ValueError, match="hash"):
        load_text("the-verdict")
    assert not (cache / "the-verdict.txt").exists()


def test_the_real_address_and_checksum():
    assert texts._VERDICT_URL == (
        "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt"
    )
    assert texts._VERDICT_SHA256 == "b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f"


def test_import_is_light():
    heavy = "{'torch', 'numpy', 'pooch', 'requests', 'tiktoken', 'matplotlib', 'ipywidgets', 'IPython'}"
    code = f"import sys, llmlab.corpus; print(sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"


# --- the toy world -------------------------------------------------------------------------------------------------

# The verbs again, by hand: singular and plural. Every sentence has exactly one of them.
VERBS = dict(
    pair.split("/")
    for pair in """
    is/are walks/walk sits/sit waits/wait eats/eat likes/like buys/buy drinks/drink sees/see hears/hear helps/help
    loves/love reads/read washes/wash wears/wear lives/live rules/rule dreams/dream carries/carry works/work sells/sell
    goes/go cooks/cook plays/play climbs/climb follows/follow runs/run looks/look cleans/clean sleeps/sleep swims/swim
    hunts/hunt barks/bark meows/meow squeaks/squeak moos/moo neighs/neigh quacks/quack croaks/croak roars/roar
    howls/howl
    """.split()
)
OTHER_NUMBER = VERBS | {plural: singular for singular, plural in VERBS.items()}
SUBJECTS = dict(king="he", prince="he", man="he", boy="he", queen="she", princess="she", woman="she", girl="she")
SUBJECTS |= dict.fromkeys("dog cat mouse cow horse duck frog lion wolf".split(), "it")
OBJECT_FORM = {"he": "him", "she": "her", "it": "it", "they": "them"}


def documents_of(text: str) -> list[list[str]]:
    return [[part.strip() for part in re.findall(r"[^.]+\.", document)] for document in text.split("<|endoftext|>")]


def sentences_of(text: str) -> list[str]:
    return [sentence for document in documents_of(text) for sentence in document]


WORLD = toy_world(3_000, seed=11)
SENTENCES = sorted(set(sentences_of(WORLD)))


@pytest.mark.parametrize("seed", [0, 1, 2, 12_345, -7])
def test_the_grammar_accepts_what_it_makes(seed):
    for sentence in sentences_of(toy_world(400, seed=seed)):
        assert toy_world_accepts(sentence), sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "the dog barks.",
        "the dogs bark.",
        "the dogs near the king bark.",
        "the king near the dogs rules the land.",
        "the queen rules the land.",
        "she loves her cat.",
        "they wash themselves.",
        "the wolves follow him.",
        "it meows.",
        "the men are good fathers.",
    ],
)
def test_accepted(sentence):
    assert toy_world_accepts(sentence)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("the dogs near the king barks.", "the verb agrees with the near noun"),
        ("the king near the dogs rule the land.", "the same the other way round"),
        ("the dog bark.", "number"),
        ("they barks.", "number after a pronoun"),
        ("the cat barks.", "a cat that barks"),
        ("the king meows.", "a king that meows"),
        ("the man rules the land.", "only kings and queens rule"),
        ("the dog wears its crown.", "a dog with a crown"),
        ("him walks in the park.", "object pronoun as subject"),
        ("the dog follows he.", "subject pronoun as object"),
        ("the king loves her dog.", "possessive of the other gender"),
        ("the women wear her hats.", "possessive of the other number"),
        ("the girl washes himself.", "reflexive of the other gender"),
        ("the queen is a good father.", "meaning"),
        ("the men are a good father.", "number of the complement"),
        ("the dog barks", "no full stop"),
        ("the dog barks .", "a space before the full stop"),
        ("The dog barks.", "a capital"),
        ("the  dog barks.", "two spaces"),
        (" the dog barks.", "a space in front"),
        ("the dog barks. the dog barks.", "two sentences"),
        ("barks dog the.", "order"),
        ("the barks.", "no noun"),
        (".", "no word"),
        ("", "nothing"),
        ("the zebra walks in the park.", "an unknown word"),
    ],
)
def test_rejected(sentence, why):
    assert not toy_world_accepts(sentence), why


def test_only_strings_are_judged():
    with pytest.raises(TypeError, match="sentence must be a string .* got list"):
        toy_world_accepts(["the dog barks."])


@given(st.sampled_from(SENTENCES))
def test_flipped_verbs_are_rejected(sentence):
    words = sentence[:-1].split(" ")
    verbs = [position for position, word in enumerate(words) if word in OTHER_NUMBER]
    assert len(verbs) == 1, sentence
    words[verbs[0]] = OTHER_NUMBER[words[verbs[0]]]
    assert not toy_world_accepts(" ".join(words) + "."), words


@given(st.sampled_from(SENTENCES), st.randoms(use_true_random=False))
def test_shuffled_words_are_rejected(sentence, rng):
    words = sentence[:-1].split(" ")
    at = rng.randrange(len(words) - 1)
    words[at], words[at + 1] = words[at + 1], words[at]
    assert not toy_world_accepts(" ".join(words) + "."), "neighbours swapped"
    assert not toy_world_accepts(" ".join(reversed(sentence[:-1].split(" "))) + "."), "reversed"


@given(st.sampled_from(SENTENCES), st.randoms(use_true_random=False))
def test_a_missing_or_doubled_word_is_rejected(sentence, rng):
    words = sentence[:-1].split(" ")
    at = rng.randrange(len(words))
    assert not toy_world_accepts(" ".join([*words[: at + 1], *words[at:]]) + ".")
    optional = {"happy", "sad", "tired", "hungry", "quiet"}  # "the tired dog" without "tired" is a sentence, too
    if words[at] not in optional and not re.search(r" (at|in) the \w+\.$", sentence):
        assert not toy_world_accepts(" ".join([*words[:at], *words[at + 1 :]]) + ".")


def test_pronouns_stand_for_the_subject_of_the_sentence_before():
    seen = Counter()
    for document in documents_of(WORLD):
        before = None
        for sentence in document:
            words = sentence[:-1].split(" ")
            if words[0] != "the":
                assert words[0] == before, document
                seen[words[0]] += 1
                continue
            noun = words[2] if words[1] in {"happy", "sad", "tired", "hungry", "quiet"} else words[1]
            pronoun = SUBJECTS.get(noun, "they")
            if words[-1] in OBJECT_FORM.values():
                assert words[-1] == OBJECT_FORM[before], document
                seen[words[-1]] += 1
            before = pronoun
    assert set(seen) == set(OBJECT_FORM) | set(OBJECT_FORM.values())


def test_documents_hold_together():
    documents = documents_of(WORLD)
    assert all(2 <= len(document) <= 6 for document in documents)
    assert {len(document) for document in documents} == {2, 3, 4, 5, 6}
    places = {"garden", "park", "forest", "village"}  # the market is also where things are sold
    for document in documents:
        assert len(places & set(re.findall(r"\w+", " ".join(document)))) <= 1, document
        assert len(set(document)) == len(document), "a document says each thing once"


@pytest.mark.parametrize("n", [*range(1, 40), 1_000])
def test_the_number_of_sentences_is_exact(n):
    text = toy_world(n, seed=n)
    assert text.count(".") == n
    assert n == 1 or min(len(document) for document in documents_of(text)) >= 2


def test_form_survives_the_splitting_of_words():
    text = toy_world(60)
    assert text == " ".join(text.split())
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz. <|>")
    tokens = [token for token in re.split(r"([,.:;?_!\"()']|--|\s)", text) if token.strip()]
    assert re.sub(r" (?=\.)", "", " ".join(tokens)) == text


def test_the_same_text_everywhere():
    golden = "82e41bde3c505d119b8c1efd0e88740eb6c0bb4a1cc98abd41db7a93d75f4d45"
    assert hashlib.sha256(toy_world(50, seed=0).encode()).hexdigest() == golden
    assert toy_world(50) == toy_world(50, seed=0)
    assert len({toy_world(50, seed=seed) for seed in range(20)}) == 20


def test_the_global_random_state_is_left_alone():
    random.seed(3)
    state = random.getstate()
    toy_world(20)
    assert random.getstate() == state


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "n_sentences must be at least 1, got 0"),
        ((-3,), ValueError, "n_sentences must be at least 1, got -3"),
        ((2.5,), TypeError, "n_sentences must be an integer, got 2.5"),
        ((True,), TypeError, "n_sentences must be an integer, got True"),
        ((5, None), TypeError, "seed must be an integer, got None"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        toy_world(*arguments)


def test_size_of_the_world():
    text = toy_world(20_000, seed=5)
    vocabulary = set(re.findall(r"[a-z]+", text.replace("<|endoftext|>", "")))
    assert 100 <= len(vocabulary) <= 210
    assert len(set(sentences_of(text))) > 7_000
    counts = Counter(re.findall(r"\w+", text))
    for left, right in (("he", "she"), ("king", "queen"), ("man", "woman"), ("king", "man"), ("boy", "prince")):
        assert 0.8 < counts[left] / counts[right] < 1.25, f"{left} and {right} are to be equally common"


def test_contexts_carry_the_analogy():
    # Positive pointwise mutual information, then singular vectors: word vectors by counting, without any training.
    documents = [re.findall(r"[a-z]+|\.", " ".join(document)) for document in documents_of(toy_world(5_000))]
    index = {word: i for i, word in enumerate(sorted({word for document in documents for word in document}))}
    together = np.zeros((len(index), len(index)))
    for document in documents:
        ids = [index[word] for word in document]
        for distance in (1, 2):
            for left, right in zip(ids, ids[distance:], strict=False):
                together[left, right] += 1
                together[right, left] += 1
    expected = np.outer(together.sum(0), together.sum(1)) / together.sum()
    information = np.log(np.maximum(together / expected, 1))
    directions, sizes, _ = np.linalg.svd(information)
    vectors = directions[:, :32] * np.sqrt(sizes[:32])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def analogy(a: str, b: str, c: str) -> str:
        """The word d of "a is to b as d is to c"."""
        similarity = vectors @ (vectors[index[a]] - vectors[index[b]] + vectors[index[c]])
        similarity[[index[word] for word in (a, b, c)]] = -np.inf
        return list(index)[similarity.argmax()]

    assert analogy("king", "man", "woman") == "queen"
    assert analogy("prince", "boy", "girl") == "princess"
    assert analogy("king", "queen", "woman") == "man"
