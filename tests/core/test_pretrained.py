"""GPT-2 from Hugging Face's files: its logits and ids, and a sentence about every file that does not fit."""

from __future__ import annotations

import json
import random
import shutil
import string
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import ByteLevelBPETokenizer

from llmlab.gpt import GPTConfig, load_gpt2, load_gpt2_weights
from tests.core.gpts import ids_of, model_of, shaken

TEXT = "The queen walked, and the king's dogs barked: 1,024 times! Æther, naïve café. " * 3
SMALL = {"vocab_size": 300, "n_positions": 13, "n_embd": 24, "n_head": 3, "n_layer": 2}
LARGER = {"vocab_size": 311, "n_positions": 40, "n_embd": 96, "n_head": 8, "n_layer": 5}


def write(folder, kind=transformers.GPT2LMHeadModel, **options):
    """A folder with the four files, of random weights; returns their model."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ends = {"bos_token_id": 0, "eos_token_id": 0}
        theirs = shaken(kind(transformers.GPT2Config(**ends | options)).eval())
    theirs.save_pretrained(folder)
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator([TEXT], vocab_size=300, special_tokens=["<|endoftext|>"], show_progress=False)
    tokenizer.save_model(str(folder))
    return theirs


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpt2")
    write(folder, **SMALL)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    return Path(shutil.copytree(written, tmp_path / "copy"))


def change_config(folder, **entries):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in (config | entries).items() if value is not ...}))


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, folder / "model.safetensors")


@pytest.mark.parametrize("sizes", [SMALL, LARGER], ids=["small", "larger"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (transformers.GPT2LMHeadModel, {}),
        (transformers.GPT2Model, {}),  # no "transformer." in front of the names
        (transformers.GPT2LMHeadModel, {"tie_word_embeddings": False}),  # a head of its own
        (transformers.GPT2LMHeadModel, {"activation_function": "gelu_pytorch_tanh"}),
        (transformers.GPT2LMHeadModel, {"n_inner": ...}),
    ],
    ids=["with head", "without prefix", "untied", "other name of gelu", "width named"],
)
def test_logits_are_transformers_own(tmp_path, sizes, kind, options):
    if "n_inner" in options:
        options = {"n_inner": 4 * sizes["n_embd"]}
    theirs = write(tmp_path, kind, **sizes, **options)
    before = torch.random.get_rng_state()
    model, _ = load_gpt2(tmp_path)
    assert torch.equal(before, torch.random.get_rng_state())
    assert not model.training and model.config.tie_weights == options.get("tie_word_embeddings", True)
    ids = ids_of(3, sizes["n_positions"], below=sizes["vocab_size"])
    with torch.no_grad():
        table = theirs.get_input_embeddings().weight
        whole = kind is transformers.GPT2LMHeadModel
        expected = theirs(ids).logits if whole else theirs(ids).last_hidden_state @ table.T
        torch.testing.assert_close(model(ids), expected, atol=1e-4, rtol=1e-5)
    assert expected.std() > 1


def test_ids_are_transformers_own(written, tmp_path):
    theirs = transformers.GPT2TokenizerFast.from_pretrained(written)
    texts = [TEXT, "<|endoftext|>The queen", "  two  spaces\r\n\t中文 😀", ""]
    from_two = load_gpt2(written)[1]
    in_one_file = ByteLevelBPETokenizer(str(written / "vocab.json"), str(written / "merges.txt"))
    in_one_file.add_special_tokens(["<|endoftext|>"])
    in_one_file.save(str(tmp_path / "tokenizer.json"))
    for name in ("config.json", "model.safetensors"):
        shutil.copy(written / name, tmp_path)
    from_one = load_gpt2(tmp_path)[1]
    for text in texts:
        expected = theirs.encode(text) if text else []
        assert from_two.encode(text, allowed_special="all") == expected
        assert from_one.encode(text, allowed_special="all") == expected
        assert from_two.decode(expected) == text


def test_files_of_sixteen_bits_and_with_masks_beside_the_weights(written, folder):
    def as_published(weights):
        for name in list(weights):
            weights[name] = weights[name].half()
        weights["transformer.h.0.attn.bias"] = torch.ones(1, 1, 13, 13, dtype=torch.uint8)
        weights["transformer.h.1.attn.masked_bias"] = torch.tensor(-1e4)

    change_weights(folder, as_published)
    (model, _), (exact, _) = load_gpt2(folder), load_gpt2(written)
    for ours, theirs in zip(model.parameters(), exact.parameters(), strict=True):
        assert ours.dtype == torch.float32 and torch.equal(ours, theirs.half().float())


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.json", "merges.txt"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name}: load_gpt2 reads .*https://huggingface.co.*nothing is down"):
        load_gpt2(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*absent.config.json"):
        load_gpt2(tmp_path / "absent")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"model_type": "llama"}, "model_type is 'llama', and this GPT knows 'gpt2' only"),
        ({"model_type": ...}, "no entry 'model_type'"),
        ({"activation_function": "relu"}, "activation_function is 'relu', .* 'gelu_new' or 'gelu_pytorch_tanh' only"),
        ({"n_inner": 95}, "n_inner is 95, and this GPT knows None or 96 only"),
        ({"layer_norm_epsilon": 1e-6}, "layer_norm_epsilon is 1e-06, and this GPT knows 1e-05 only"),
        ({"layer_norm_epsilon": "1e-5"}, "layer_norm_epsilon is '1e-5'"),
        ({"scale_attn_weights": False}, "scale_attn_weights is False, and this GPT knows True only"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ({"reorder_and_upcast_attn": True}, "reorder_and_upcast_attn is True"),
        ({"add_cross_attention": True}, "add_cross_attention is True"),
        ({"n_embd": ...}, "no entry 'n_embd'"),
        ({"n_embd": "24"}, "d_model must be an int, got '24'"),
        ({"n_head": 7}, "n_heads=7 does not divide 24"),
        ({"n_layer": 3}, "it has 2 layers, and config.json says n_layer=3"),
        ({"n_layer": 10**12}, "it has 2 layers"),
        ({"n_positions": 12}, r"wpe.weight is of shape \(13, 24\), expected \(12, 24\)"),
        ({"vocab_size": 301}, r"wte.weight is of shape \(300, 24\), expected \(301, 24\)"),
        ({"vocab_size": 200}, r"has the id \d+, and .*config.json a vocab_size of 200"),
        ({"tie_word_embeddings": False}, "there is no lm_head.weight"),
        ({"tie_word_embeddings": "no"}, "tie_weights must be True or False"),
    ],
)
def test_sizes_that_do_not_fit_are_named(folder, entries, said):
    change_config(folder, **entries)
    with pytest.raises(ValueError, match=said) as caught:
        load_gpt2(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("transformer.wte.weight"), "wte.weight is missing"),
        (lambda w: w.pop("transformer.h.1.mlp.c_fc.bias"), "the weights have no tensor 'h.1.mlp.c_fc.bias'"),
        (
            lambda w: w.update({"transformer.h.1.lora_A": torch.zeros(2)}),
            "hold 'h.1.lora_A', which GPT-2 does not have",
        ),
        (lambda w: w.update({"transformer.ln_f.bias": torch.zeros(23)}), r"ln_f.bias makes a tensor of shape \(23,\)"),
        (lambda w: w.update({"transformer.ln_f.bias": torch.zeros(24).int()}), "float tensor, got torch.int32"),
        (lambda w: w.update({"lm_head.weight": torch.zeros(300, 24)}), "lm_head.weight is another table"),
        (lambda w: w.clear(), "it has 0 layers"),
    ],
)
def test_weights_that_do_not_fit_are_named(folder, change, said):
    change_weights(folder, change)
    with pytest.raises(ValueError, match=said) as caught:
        load_gpt2(folder)
    assert str(folder / "model.safetensors") in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff\xfe{}", b'"gpt2"', b"null"])
def test_what_is_no_configuration_is_named(folder, content):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"config.json"):
        load_gpt2(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.json", "merges.txt"])
@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_damage_is_told_in_a_sentence_or_harmless(folder, name, damage):
    """60 damaged files of each kind: another letter or another bit in the part that is read first, or an early end."""
    path, chance = folder / name, random.Random(f"{name} {damage}")
    whole = path.read_bytes()
    told = 0
    for number in range(60):
        content = bytearray(whole)
        place = chance.randrange(min(len(content), 4_000))  # of the weights, the names and shapes
        if damage == "cut":
            del content[place if number % 2 else chance.randrange(len(content)) :]
        elif number % 2:
            content[place] ^= 1 << chance.randrange(8)
        else:
            content[place] = ord(chance.choice(string.printable))
        path.write_bytes(content)
        try:
            load_gpt2(folder)
        except ValueError as error:
            told += 1
            assert type(error) is ValueError and str(folder) in str(error)
    assert told > 10, f"only {told} of 60 were noticed"


def test_a_tied_model_takes_no_head_of_its_own():
    sizes = {"vocab_size": 11, "context_length": 9, "d_model": 12, "n_heads": 3, "n_layers": 2}
    theirs = shaken(
        transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                vocab_size=11, n_positions=9, n_embd=12, n_head=3, n_layer=2, tie_word_embeddings=False
            )
        )
    ).state_dict()
    tied = model_of(**sizes, qkv_bias=True, tie_weights=True)
    before = tied.head.weight.clone()
    with pytest.raises(ValueError, match="lm_head.weight is another table than wte.weight"):
        load_gpt2_weights(tied, theirs)
    assert torch.equal(tied.head.weight, before)
    untied = model_of(**sizes, qkv_bias=True)
    load_gpt2_weights(untied, theirs)
    assert torch.equal(untied.head.weight, theirs["lm_head.weight"])
    assert untied.config == GPTConfig(**sizes, qkv_bias=True)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({1: torch.zeros(2)}, "must map names to tensors"),
        ({"wte.weight": [1.0]}, "must map names to tensors"),
        ({"wte.weight": torch.zeros(2).long()}, "wte.weight must be a float tensor, got torch.int64"),
    ],
)
def test_what_are_no_weights_is_named(weights, said):
    with pytest.raises(TypeError, match=said):
        load_gpt2_weights(model_of(qkv_bias=True), weights)
