"""GPT-2's tokenizer from the bundled merges."""

import hashlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab._data import data_path
from llmlab.bpe import GPT2_PATTERN, gpt2_encoding

# The hash that tiktoken itself expects of the file it would download.
VOCAB_BPE_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"


def test_merge_table_is_the_published_one():
    assert hashlib.sha256(data_path("gpt2/vocab.bpe").read_bytes()).hexdigest() == VOCAB_BPE_SHA256


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
