"""Tokenizers in files: those of other libraries give the same ids or are refused, damaged ones are named."""

from __future__ import annotations

import json
import random

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.corpus import load_text

# The pattern that Llama 3 and others use, which `tokenizers` applies in a step of its own.
SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GAPS = r"\p{L}+|\p{N}"  # leaves signs and white space between its matches
SPECIAL = ["<|endoftext|>", "<|end|>", "[PAD]"]
# Assigned long ago: about newer characters two libraries' Unicode tables may differ.
TEXT = st.text(st.characters(max_codepoint=0x24FF, exclude_categories=["Cs", "Cn"]))
AWKWARD = st.lists(
    st.sampled_from(
        [*SPECIAL, "'", "ll", "LL", "re", "ſ", " ", "  ", "\n", "\r\n", "\t", "the", "é", "🐑", "<|", "12345"]
    )
).map("".join)


def byte_level(step=None, special=SPECIAL, **options):
    """A tokenizer of `tokenizers`, trained on the story."""
    made = tokenizers.Tokenizer(models.BPE(**options))
    made.pre_tokenizer = step or pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([load_text()], trainer)
    return made


def split_by(pattern):
    step = pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([step, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


@pytest.fixture(scope="module", params=["gpt2", "split", "gaps", "pairs as text", "template"])
def both(request, tmp_path_factory):
    """A tokenizer of `tokenizers`, and ours from its file."""
    folder = tmp_path_factory.mktemp("tokenizer")
    steps = {"split": split_by(SPLIT_PATTERN), "gaps": split_by(GAPS)}
    theirs = byte_level(steps.get(request.param))
    theirs.post_processor = processors.ByteLevel(trim_offsets=False)
    if request.param == "template":  # as `transformers` 5 saves GPT-2's: the text alone
        theirs.post_processor = processors.TemplateProcessing(single="$A", pair="$A $B:1", special_tokens=[])
    theirs.save(str(folder / "tokenizer.json"))
    if request.param == "pairs as text":  # as older versions wrote them
        content = json.loads((folder / "tokenizer.json").read_text())
        content["model"]["merges"] = list(map(" ".join, content["model"]["merges"]))
        (folder / "tokenizer.json").write_text(json.dumps(content))
    return theirs, BPETokenizer.from_files(folder)


@given(TEXT | AWKWARD)
def test_tokenizer_json_gives_the_same_ids(both, text):
    theirs, ours = both
    ids = theirs.encode(text).ids
    assert ours.encode(text, "all") == ids
    assert ours.decode(ids) == text == theirs.decode(ids, skip_special_tokens=False)


def test_tokenizer_json_of_the_story(both):
    theirs, ours = both
    assert ours.encode(load_text()) == theirs.encode(load_text()).ids
    assert list(ours.special_tokens) == SPECIAL and len(ours) == theirs.get_vocab_size()


@pytest.fixture(scope="module")
def gpt2_files(tmp_path_factory):
    """vocab.json and merges.txt, as `tokenizers` writes them."""
    folder = tmp_path_factory.mktemp("gpt2")
    theirs = byte_level(special=["<|endoftext|>"])
    theirs.model.save(str(folder))
    return folder, theirs


def test_vocab_and_merges_give_the_ids_of_transformers(gpt2_files):
    from transformers import GPT2Tokenizer

    folder, theirs = gpt2_files
    ours = BPETokenizer.from_files(str(folder))
    peer = GPT2Tokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
    for text in (load_text(), "Zoë's 🐑\r\n\n<|endoftext|> 42  "):
        assert ours.encode(text, "all") == theirs.encode(text).ids == peer.encode(text)
    assert ours.special_tokens == {"<|endoftext|>": 0}


def test_the_real_gpt2_through_its_files(tmp_path):
    """Written from the bundled table in the form in which they are published."""
    from llmlab.bpe._gpt2 import gpt2_byte_alphabet

    gpt2 = BPETokenizer.gpt2()
    visible = {byte: character for character, byte in gpt2_byte_alphabet().items()}

    def written(token):
        return "".join(map(visible.__getitem__, token))

    vocab = {written(token): id for id, token in gpt2.vocabulary.items()}
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{written(left)} {written(right)}" for left, right in gpt2.merges)]
    (tmp_path / "merges.txt").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig", newline="")
    ours = BPETokenizer.from_files(tmp_path)
    assert (ours.merges, ours.vocabulary, ours.pattern) == (gpt2.merges, gpt2.vocabulary, gpt2.pattern)
    assert ours.special_tokens == {"<|endoftext|>": 50_256}


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return byte_level().to_str()


ALONE = {"Sequence": {"id": "A", "type_id": 0}}
ENDS_WITH_A_TOKEN = {
    "type": "TemplateProcessing",
    "single": [ALONE, {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}],
}


def changed(path, value):
    """Sets an entry of a tokenizer.json; the path is its keys."""

    def change(content):
        *way, last = path
        for key in way:
            content = content[key]
        content[last] = value

    return change


LEFT = {"id": 700, "content": "<x>", "single_word": False, "lstrip": True, "rstrip": False, "normalized": False}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed(["normalizer"], {"type": "NFC"}), "normalizer is {'type': 'NFC'}"),
        (changed(["truncation"], {"max_length": 5}), "truncation is"),
        (changed(["padding"], {"pad_id": 0}), "padding is"),
        (changed(["version"], "2.0"), "version is '2.0', and only '1.0'"),
        (changed(["postage"], 1), "postage is not known here: a newer version"),
        (changed(["pre_tokenizer", "add_prefix_space"], True), "its pre_tokenizer is .* only ByteLevel without"),
        (changed(["pre_tokenizer", "use_regex"], False), "its pre_tokenizer is"),
        (changed(["pre_tokenizer"], {"type": "Whitespace"}), "its pre_tokenizer is {'type': 'Whitespace'}"),
        (changed(["pre_tokenizer"], None), "'pre_tokenizer' must be an object, got NoneType"),
        (changed(["post_processor"], {"type": "TemplateProcessing"}), "its post_processor is 'TemplateProcessing'"),
        (changed(["post_processor"], ENDS_WITH_A_TOKEN), "its post_processor is 'TemplateProcessing'"),
        (changed(["decoder"], {"type": "WordPiece"}), "its decoder is 'WordPiece'"),
        (changed(["model", "type"], "WordPiece"), "model.type is 'WordPiece', and only 'BPE'"),
        (changed(["model", "byte_fallback"], True), "model.byte_fallback is True"),
        (changed(["model", "dropout"], 0.1), "model.dropout is 0.1"),
        (changed(["model", "unk_token"], "[UNK]"), r"model.unk_token is '\[UNK\]'"),
        (changed(["model", "ignore_merges"], True), "model.ignore_merges is True"),
        (changed(["model", "end_of_word_suffix"], "</w>"), "model.end_of_word_suffix is '</w>'"),
        (changed(["model", "continuing_subword_prefix"], "##"), "model.continuing_subword_prefix is '##'"),
        (changed(["model", "cache"], 7), "model.cache is not known here"),
        (changed(["model", "merges"], [["a"]]), r"merge 0 must be two tokens, got \['a'\]"),
        (lambda content: content["model"]["merges"].insert(0, ["zz", "zz"]), "merge 0 uses b'zz', which is neither"),
        (changed(["model", "merges"], {}), "'merges' must be a list, got dict"),
        (lambda content: content["model"]["vocab"].pop("!"), "the vocabulary has no id for"),
        (changed(["model", "vocab", "!"], 1.5), "the id of token '!' must be a whole number of its own, got 1.5"),
        (changed(["model", "vocab", "!"], -1), "got -1"),
        (changed(["model", "vocab", "!"], 50), "the id of token .* must be a whole number of its own, got 50"),
        (changed(["model", "vocab", "a b"], 999), "the token 'a b' is not written in GPT-2's byte alphabet, .* ' '"),
        (changed(["added_tokens", 0], LEFT), "added token '<x>': lstrip is True"),
        (changed(["added_tokens", 0, "id"], 1), r"the token '<\|endoftext\|>' has two ids, 0 and 1"),
        (changed(["added_tokens", 0, "id"], "0"), "'id' must be a whole number, got str"),
        (changed(["added_tokens", 0, "normalized"], True), "some added tokens are 'normalized' and others not"),
        (changed(["added_tokens", 0], 5), "an added token must be an object, got 5"),
        (changed(["added_tokens", 0, "content"], "<|end|>"), r"the added token '<\|end\|>' stands there twice"),
        (lambda content: content["model"]["merges"].pop(), "no merge makes its token .*: is the file complete"),
        (lambda content: content.pop("model"), "'model' is missing"),
        (changed(["format"], "llmlab BPETokenizer 1"), "BPETokenizer.load reads it"),
    ],
)  # fmt: skip
def test_what_would_give_other_ids_is_refused(change, message, trained, tmp_path):
    content = json.loads(trained)
    change(content)
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"tokenizer.json cannot be represented by a BPETokenizer: .*{message}"):
        BPETokenizer.from_files(tmp_path)


READ_DIFFERENTLY = ["^a|b", "a$", r"\h+", r"\d+|\D+", r"\w+", "(?i:ss)", "(?i:k)", r"\p{N}{1,3}+", "(?<=a)b", "[a&&b]"]


@pytest.mark.parametrize("pattern", [*READ_DIFFERENTLY, "[[:alpha:]]+"])
def test_patterns_that_two_libraries_read_differently_are_refused(pattern, trained, tmp_path):
    content = json.loads(trained)
    step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    second = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [step, second]}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="its pattern may mean other things to the regex library"):
        BPETokenizer.from_files(tmp_path)
    step["pattern"] = {"String": "a"}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="its pre_tokenizer is"):
        BPETokenizer.from_files(tmp_path)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("merges.txt", lambda text: text[: len(text) // 2].rpartition("\n")[0], "is merges.txt complete"),
        ("merges.txt", lambda text: text + "\n\n", "line .* of merges.txt must be two tokens"),
        ("merges.txt", lambda text: text + "a b c\n", "line .* of merges.txt must be two tokens"),
        ("merges.txt", lambda text: text + text.splitlines()[1], "is merge 0 again"),
        ("merges.txt", lambda text: text + "\N{LATIN SMALL LETTER LONG S} t\n", "not written in GPT-2's byte alphabet"),
        ("vocab.json", lambda text: text[:-1], "vocab.json is no JSON"),
        ("vocab.json", lambda text: "[" * 100_000, "nested too deeply"),
        ("vocab.json", lambda text: text.replace(":699", ":799"), "ids must be those from 0 to 699"),
        ("vocab.json", lambda text: text.replace('"!":1', '"!":1,"!":1'), "the key '!' stands there twice"),
        ("tokenizer_config.json", lambda _: '{"add_prefix_space": true}', "add_prefix_space is True"),
        ("tokenizer_config.json", lambda _: '{"tokenizer_class": "Qwen2Tokenizer"}', "tokenizer_class is 'Qwen2"),
    ],
)
def test_what_vocab_and_merges_may_not_be(file, change, message, gpt2_files, tmp_path):
    folder, _ = gpt2_files
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (tmp_path / file).read_text(encoding="utf-8") if (tmp_path / file).exists() else ""
    (tmp_path / file).write_text(change(text), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"vocab.json cannot be represented by a BPETokenizer: .*{message}"):
        BPETokenizer.from_files(tmp_path)


def test_a_folder_without_a_tokenizer(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be a folder with tokenizer.json, or with vocab.json and merges"):
        BPETokenizer.from_files(tmp_path)


# ---- damaged files ---------------------------------------------------------------------------------------------------


def parts(tokenizer):
    return tokenizer.merges, tokenizer.vocabulary, tokenizer.pattern, tokenizer.special_tokens


def damaged(content: bytes, choose: random.Random) -> bytes:
    """A bit flipped, a byte replaced, a piece cut out or the end cut off."""
    place = choose.randrange(len(content))
    kind = choose.randrange(4)
    if kind == 0:
        return content[:place] + bytes([content[place] ^ (1 << choose.randrange(8))]) + content[place + 1 :]
    if kind == 1:
        return content[:place] + bytes([choose.randrange(256)]) + content[place + 1 :]
    if kind == 2:
        return content[:place] + content[place + choose.randrange(1, 50) :]
    return content[:place]


CASES = 400


@pytest.mark.parametrize("own", ["with a checksum", "of the first edition"])
def test_a_damaged_file_of_our_own(own, tmp_path):
    """Each is refused with its name, or gives the same tokenizer; without a checksum another one may get through."""
    saved = train_bpe(load_text(), 300, special_tokens=["<|endoftext|>"])
    path = tmp_path / "tokenizer.json"
    saved.save(path)
    if own == "of the first edition":
        content = json.loads(path.read_text())
        del content["checksum"]
        path.write_text(json.dumps(content, indent=0))
        assert parts(BPETokenizer.load(path)) == parts(saved)
    whole, choose, unnoticed = path.read_bytes(), random.Random(0), 0
    for _ in range(CASES):
        path.write_bytes(damaged(whole, choose))
        try:
            unnoticed += parts(BPETokenizer.load(path)) != parts(saved)
        except ValueError as error:
            assert str(error).startswith(f"{path} is not a tokenizer that BPETokenizer.save wrote: ")
    assert unnoticed == 0 or own == "of the first edition"


@pytest.mark.parametrize("file", ["vocab.json", "merges.txt", "tokenizer.json"])
def test_a_damaged_file_of_another_library(file, gpt2_files, tmp_path):
    """Its merges and its ids hold each other: what is not refused differs in a name or a pattern at most."""
    folder, theirs = gpt2_files
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    if file == "tokenizer.json":
        theirs.save(str(tmp_path / file))
    whole, choose = (tmp_path / file).read_bytes(), random.Random(1)
    sound = BPETokenizer.from_files(tmp_path)
    for _ in range(CASES // 4):
        (tmp_path / file).write_bytes(damaged(whole, choose))
        try:
            found = BPETokenizer.from_files(tmp_path)
        except ValueError as error:
            assert str(error).startswith(str(tmp_path)) and "cannot be represented by a BPETokenizer: " in str(error)
        else:
            assert found.merges == sound.merges
            assert len(found) == len(sound)


def test_newer_and_foreign_files_are_named(tmp_path):
    path = tmp_path / "tokenizer.json"
    BPETokenizer([]).save(path)
    content = json.loads(path.read_text())
    for change, message in (
        ({"format": "llmlab BPETokenizer 2"}, "a newer llmlab wrote it, update this one"),
        ({"format": 3}, "'format' must be a text, got int"),
        ({"more": 1}, "it has 'more', which does not belong there"),
        ({"pattern": "x"}, "its checksum does not fit its content"),
        ({"merges": {}, "checksum": None}, "'merges' must be a list, got dict"),
        ({"merges": [[1, 2]], "checksum": None}, "a token must be a text, got 1"),
        ({"merges": [7], "checksum": None}, "merge 0 must be a pair of bytes, got 7"),
        ({"vocabulary": {"x": "a"}, "checksum": None}, "invalid literal for int"),
        ({"vocabulary": {"1": "\u0100"}, "checksum": None}, "latin-1"),
    ):
        path.write_text(json.dumps(content | change))
        with pytest.raises(ValueError, match=f"tokenizer.json is not a tokenizer that .*{message}"):
            BPETokenizer.load(path)
    byte_level().save(str(path))
    with pytest.raises(ValueError, match="'format' is missing"):
        BPETokenizer.load(path)
