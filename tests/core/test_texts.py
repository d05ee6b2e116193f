"""Texts of every kind through every function that takes text: nothing assumes English prose."""

from __future__ import annotations

import random
import time
import warnings

import pytest

from llmlab.bpe import BPETokenizer, gpt2_encoding, train_bpe
from llmlab.corpus import load_text
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
from llmlab.windows import create_dataloader, pack

ENGLISH = "The piano came to the island on a Tuesday. Nobody had asked for it -- nobody at all.\n\nIt was late."
TEXTS = {
    "English": ENGLISH,
    "Chinese": "钢琴在星期二来到岛上。没有人要过它，一个人也没有。天色已经晚了。",
    "Thai": "เปียโนมาถึงเกาะในวันอังคารไม่มีใครขอมันมาเลย",
    "Arabic": "وَصَلَ البيانو إلى الجزيرة يوم الثلاثاء. لم يطلبه أحد، لا أحد على الإطلاق.",
    "emoji and accents": "Zoë 🐑🐑 e\u0301 👩\u200d👩\u200d👧 ﬁn",
    "one word per line": "anna\nbela\ncarl\ndora\nemil\n" * 5,
    "one line": "word " * 60,
    "one word": "island" * 40,
    "Windows line ends": ENGLISH.replace("\n", "\r\n"),
    "a byte order mark in the middle": "one\ufefftwo three four",
    "nothing but white space": " \n\t\r\n  ",
    "empty": "",
    "a single character": "é",
    "a zero byte": "one\x00two",
}


@pytest.fixture(params=TEXTS, scope="module")
def text(request):
    return TEXTS[request.param]


@pytest.fixture(scope="module")
def byte_pair(text):
    """GPT-2's tokenizer, and two learned from the text itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # short texts run out of pairs
        learned = train_bpe(text, 300, special_tokens=["<|endoftext|>"])
        return [BPETokenizer.gpt2(), learned, train_bpe([text, text], 300, pattern=None)]


def test_byte_pairs(text, byte_pair):
    for tokenizer in byte_pair:
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert tokenizer.encode_ordinary(text) == ids
        for parts in ([text], text, text.splitlines(keepends=True)):
            assert list(tokenizer.encode_iterable(parts)) == ids
        decoder = tokenizer.stream()
        pushed = [decoder.push(id) for id in ids]
        assert "".join(pushed) == text and decoder.flush() == ""
    assert byte_pair[0].encode(text) == gpt2_encoding().encode(text)


def test_characters_and_bytes(text):
    for tokenizer in (CharTokenizer.from_text(text), ByteTokenizer()):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_words(text):
    tokenizer = WordTokenizer.from_text(text)
    read = tokenizer.decode(tokenizer.encode(text))
    assert "".join(read.split()) == "".join(text.split())  # all but the white space
    assert tokenizer.encode(read) == tokenizer.encode(text)


@pytest.mark.parametrize("signature", [b"", b"\xef\xbb\xbf"], ids=["", "with a byte order mark"])
def test_a_file(text, signature, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(signature + text.encode())
    assert load_text(path) == load_text(str(path)) == text


def test_windows(text, byte_pair):
    sizes = {"batch_size": 1, "max_length": 4, "stride": 4, "shuffle": False}
    for tokenizer in (*byte_pair, ByteTokenizer(), CharTokenizer.from_text(text)):
        ids = tokenizer.encode(text)
        if len(ids) < 5:
            with pytest.raises(ValueError, match="use a longer text or a smaller max_length"):
                create_dataloader(text, tokenizer=tokenizer, **sizes)
            continue
        batches = list(create_dataloader(text, tokenizer=tokenizer, **sizes))
        windows = len(ids[1:]) // 4
        assert [id for inputs, _ in batches for id in inputs.flatten().tolist()] == ids[: 4 * windows]
        assert [id for _, targets in batches for id in targets.flatten().tolist()] == ids[1 : 4 * windows + 1]


def test_documents(text, byte_pair):
    for tokenizer in byte_pair[:2]:
        end = tokenizer.special_tokens["<|endoftext|>"]
        ids = tokenizer.encode(text)
        assert pack([text, "", text], tokenizer) == [*ids, end, end, *ids]


# ---- files that are no UTF-8 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text".encode("utf-16"), "begins with the byte order mark of UTF-16 or UTF-32, expected UTF-8. Save the file"),
        ("text".encode("utf-32"), "begins with the byte order mark of UTF-16 or UTF-32, expected UTF-8. Save the file"),
        (b"\xfe\xff\x00t", "begins with the byte order mark of UTF-16, expected UTF-8. Save the file as UTF-8"),
        ("Zoë".encode("latin-1"), "is not UTF-8: byte 2 is 0xeb"),
        (b"\xef\xbb\xbfZo\xeb", "is not UTF-8: byte 5 is 0xeb"),
        ("Zoë".encode()[:-1], r"is not UTF-8: byte 2 is 0xc3 \(unexpected end of data\)"),
    ],
)
def test_other_encodings_are_named(content, message, tmp_path):
    (tmp_path / "text.txt").write_bytes(content)
    with pytest.raises(ValueError, match=f"text.txt {message}"):
        load_text(tmp_path / "text.txt")


def test_only_a_signature_at_the_beginning_is_left_out(tmp_path):
    (tmp_path / "text.txt").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbfone\xef\xbb\xbf")
    assert load_text(tmp_path / "text.txt") == "\ufeffone\ufeff"


def test_a_text_in_place_of_its_path():
    with pytest.raises(ValueError, match="^unknown text 'The piano .*the known names are 'story', ") as caught:
        load_text(load_text())
    assert len(str(caught.value)) < 400


# ---- 10 MB -----------------------------------------------------------------------------------------------------------


def test_ten_megabytes(tmp_path):
    """All kinds of text in a random order; the time that they take grows with them, not with their square."""
    choose, kinds = random.Random(0), [text for text in TEXTS.values() if text]
    text = "".join(choose.choices(kinds, k=10_000_000 // (sum(map(len, kinds)) // len(kinds))))
    (tmp_path / "text.txt").write_bytes(text.encode())
    assert len(text) > 9_500_000
    assert load_text(tmp_path / "text.txt") == text

    def learn(text):
        start = time.process_time()
        tokenizer = train_bpe(text, 300)
        ids = tokenizer.encode(text)
        return tokenizer, ids, time.process_time() - start

    *_, of_a_tenth = learn(text[: len(text) // 10])
    tokenizer, ids, seconds = learn(text)
    assert seconds < 30 * of_a_tenth
    assert tokenizer.decode(ids) == text
    assert sum(1 for _ in tokenizer.encode_iterable(text[:1_000_000])) == len(tokenizer.encode(text[:1_000_000]))
    assert len(CharTokenizer.from_text(text).encode(text)) == len(text)
    words = WordTokenizer.from_text(text)
    assert "".join(words.decode(words.encode(text)).split()) == "".join(text.split())
    loader = create_dataloader(text, tokenizer=tokenizer, batch_size=8, max_length=256, stride=256)
    assert len(loader) == (len(ids) - 1) // 256 // 8
