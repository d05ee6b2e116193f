"""A model as a page: what is refused before anything is written, what the page holds, draws from given numbers.

What the page computes and how it is used is tested where it runs: tests/browser/test_export.py.
"""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from llmlab.bpe import BPETokenizer
from llmlab.cli import app
from llmlab.export import _packing, export_page, write_with
from llmlab.export.reference import pick
from llmlab.generation import generate, sampling_probabilities
from llmlab.gpt import GPTConfig
from llmlab.training import load_checkpoint, save_checkpoint
from llmlab.training._files import CONFIG
from tests.core.gpts import model_of, shaken

BYTES = BPETokenizer([])


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(tmp_path / "model", shaken(model_of(vocab_size=256)), BYTES)
    return tmp_path / "model"


def part(page, id):
    return re.search(rf'<script [^>]*id="{id}">(.*?)</script>', page, re.DOTALL)[1]


# ---- refused, and nothing is written ---------------------------------------------------------------------------------


def test_a_folder_that_is_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint in .*it should hold a config.json that save_checkpoint"):
        export_page(tmp_path, tmp_path / "page.html")


def test_a_model_without_a_tokenizer(tmp_path):
    save_checkpoint(tmp_path, model_of())
    with pytest.raises(ValueError, match="has no tokenizer, and a page needs one: save it with the model"):
        export_page(tmp_path, tmp_path / "page.html")
    assert not list(tmp_path.glob("*.html"))


@pytest.mark.parametrize("vocab_size", [255, 300])
def test_a_tokenizer_that_does_not_fit(tmp_path, vocab_size):
    save_checkpoint(tmp_path, model_of(vocab_size=vocab_size), BYTES)
    with pytest.raises(ValueError, match=f"does not fit the model: it has 256 tokens .* logits for {vocab_size}, "):
        export_page(tmp_path, tmp_path / "page.html")


def test_a_pattern_of_ones_own(tmp_path):
    save_checkpoint(tmp_path, model_of(vocab_size=256), BPETokenizer([], pattern=r"\w+|\s+"))
    with pytest.raises(ValueError, match=r"cuts text by the pattern '\\\\w\+.*Train it with one of them"):
        export_page(tmp_path, tmp_path / "page.html")


def test_a_page_that_would_be_too_large_is_refused_before_its_weights_are_read(folder, monkeypatch):
    config = json.loads((folder / CONFIG).read_text())
    config["model"] |= {"d_model": 600, "n_layers": 1}
    (folder / CONFIG).write_text(json.dumps(config))
    for weights in folder.glob("model-*"):
        weights.unlink()
    with pytest.raises(
        ValueError, match=r"would have 24\.\d MB, and at most 20 .*weights of 4 bytes.*float16 makes it 12"
    ):
        export_page(folder, folder / "page.html")
    config["model"]["n_layers"] = 3
    (folder / CONFIG).write_text(json.dumps(config))
    for precision in ("float32", "float16"):
        with pytest.raises(ValueError, match="train a model with a smaller d_model, fewer layers"):
            export_page(folder, folder / "page.html", precision=precision)


def test_the_whole_page_counts_and_not_the_weights_alone(folder, monkeypatch):
    size = export_page(folder, folder / "page.html").bytes
    monkeypatch.setattr("llmlab.export.pages.LARGEST", size - 1)
    with pytest.raises(ValueError, match="train a model with a smaller vocabulary"):
        export_page(folder, folder / "other.html")
    assert not (folder / "other.html").exists()


def test_numbers_that_are_not_finite(tmp_path):
    model = model_of(vocab_size=256)
    with torch.no_grad():
        model.norm.scale[3] = 1e5  # beyond what 16 bits can hold
    save_checkpoint(tmp_path, model, BYTES)
    with pytest.raises(
        ValueError, match='norm.scale holds numbers that are not finite as float16.*precision="float32"'
    ):
        export_page(tmp_path, tmp_path / "page.html", precision="float16")
    assert export_page(tmp_path, tmp_path / "page.html").rounding == 0


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"precision": "int8"}, ValueError, 'precision must be "float32" or "float16", got \'int8\''),
        ({"prompts": "The sea"}, TypeError, "prompts must be a list of texts, got one text: write"),
        ({"prompts": [3]}, TypeError, "a prompt must be a text, got 3"),
        ({"title": None}, TypeError, "title must be a text, got None"),
        ({"temperature": 2.5}, ValueError, "slider for the temperature ends at 2, got 2.5"),
        ({"temperature": -1.0}, ValueError, "temperature must be at least 0"),
        ({"top_p": 0.0}, ValueError, "top_p must be above 0"),
    ],
    ids=str,
)
def test_settings_out_of_range(folder, settings, error, says):
    with pytest.raises(error, match=re.escape(says)):
        export_page(folder, folder / "page.html", **settings)
    assert not (folder / "page.html").exists()


def test_places_where_something_else_would_be_lost(folder):
    (folder / "notes.html").write_text("mine")
    for place, says in (
        (folder, "is a folder: name a file"),
        (folder / "nowhere" / "page.html", "there is no folder .*nowhere"),
        (folder / "notes.html", "is there already and is no page of llmlab"),
    ):
        with pytest.raises(ValueError, match=says):
            export_page(folder, place)
    assert (folder / "notes.html").read_text() == "mine"


# ---- what is written -------------------------------------------------------------------------------------------------


def test_a_page_is_replaced_by_a_newer_one_and_asks_for_nothing_elsewhere(folder):
    first = export_page(folder, folder / "page.html", title="One")
    second = export_page(folder, folder / "page.html", title="Two <b> %%css%%", about="Tom & <i>")
    page = second.path.read_text()
    assert first.path == second.path and second.bytes == len(page.encode())
    assert "<title>Two &lt;b&gt; %%css%%</title>" in page and "Tom &amp; &lt;i&gt;" in page and ">One<" not in page
    assert re.search(r"\b(src|href|import)\b\s*[=(]|https?://|@import|fetch\(", page) is None
    assert "default-src 'none'" in page and [path.name for path in folder.glob("*.html")] == ["page.html"]


def test_texts_cannot_end_the_element_that_holds_them(tmp_path):
    tokenizer = BPETokenizer([], special_tokens=["</script><script>alert(1)</script>"])
    save_checkpoint(tmp_path, model_of(vocab_size=257), tokenizer)
    page = export_page(tmp_path, tmp_path / "page.html", prompts=['"</textarea>', "two"]).path.read_text()
    assert "alert" in json.loads(part(page, "description"))["tokenizer"]["vocabulary"]["256"]
    assert page.count("<script") == page.count("</script>") == 4
    assert "\n&quot;&lt;/textarea&gt;</textarea>" in page


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_weights_are_all_there_and_tied_ones_once(tmp_path, precision):
    model = shaken(model_of(vocab_size=256, tie_weights=True))
    save_checkpoint(tmp_path, model, BYTES)
    written = export_page(tmp_path, tmp_path / "page.html", precision=precision)
    page = written.path.read_text()
    numbers = np.frombuffer(base64.b64decode(part(page, "weights")), dtype=f"<f{_packing.BYTES[precision]}")
    start = 0
    tables = json.loads(part(page, "description"))["model"]["tables"]
    for name, size in tables:
        expected = model.state_dict()[name].numpy().astype(numbers.dtype).ravel()
        np.testing.assert_array_equal(numbers[start : start + size], expected)
        start += size
    assert start == len(numbers) == sum(parameter.numel() for parameter in model.parameters())
    assert "head.weight" not in [name for name, _ in tables]
    assert (written.rounding > 0) == (precision == "float16")


def test_what_rounding_moves_is_measured():
    model = shaken(model_of(vocab_size=256))
    rounded = shaken(model_of(vocab_size=256))
    rounded.load_state_dict({name: weight.half().float() for name, weight in model.state_dict().items()})
    ids = torch.randint(256, (1, 9), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = (rounded(ids) - model(ids)).abs().max().item()
    assert _packing.moved_by_rounding(model, "float16") == pytest.approx(expected)
    assert _packing.moved_by_rounding(model, "float32") == 0 < _packing.moved_by_rounding(model.double(), "float32")


def test_every_field_of_a_config_is_known_to_the_page():
    """A part that a config names one day must be computed by the page, or refused."""
    read = set(_packing.described_config(GPTConfig(256, 9, 12, 3, 2)))
    seen_in_the_weights = {"vocab_size", "qkv_bias", "tie_weights", "norm", "mlp", "d_ff", "bias", "n_experts"}
    assert read | seen_in_the_weights | {"dropout"} == set(vars(GPTConfig(256, 9, 12, 3, 2)))


# ---- draws from given numbers ----------------------------------------------------------------------------------------


def test_a_number_picks_the_token_whose_share_holds_it():
    probabilities = torch.tensor([0.0, 0.5, 0.0, 0.25, 0.25, 0.0])
    picked = [pick(probabilities, number) for number in (0.0, 0.4999, 0.5, 0.7499, 0.75, 0.99999999)]
    assert picked == [1, 1, 3, 3, 4, 4]
    assert pick(probabilities * 0.999, 0.9995) == 4, "where rounding leaves a sum below 1, the last possible one"


def test_draws_from_many_numbers_follow_the_probabilities():
    model, numbers = shaken(model_of()), torch.linspace(0, 0.999, 1000).tolist()
    with torch.no_grad():
        shares = sampling_probabilities(model(torch.tensor([[1, 2]]))[0, -1], temperature=1.5, top_k=6)
    drawn = [write_with(model, [1, 2], [number], temperature=1.5, top_k=6)[-1] for number in numbers]
    counts = torch.bincount(torch.tensor(drawn), minlength=11) / 1000
    torch.testing.assert_close(counts, shares, atol=2e-3, rtol=0)


def test_at_temperature_0_it_is_generate_also_past_the_context():
    model = shaken(model_of()).train()
    expected = generate(model, [[3, 1]], 20, temperature=0.0, slide=True)[0]
    assert write_with(model, torch.tensor([3, 1]), [0.5] * 20, temperature=0.0) == expected
    assert model.training, "the model is left in the mode that it had"


@pytest.mark.parametrize("number", [-0.1, 1.0, float("nan"), "0.5"])
def test_numbers_out_of_range(number):
    with pytest.raises((ValueError, TypeError), match="number 1 must be"):
        write_with(model_of(), [1], [0.5, number])


# ---- the command -----------------------------------------------------------------------------------------------------


def run(*words):
    done = CliRunner().invoke(app, ["export", *map(str, words)])
    return done.exit_code, " ".join(done.output.split())


def test_the_command_writes_the_page_and_says_how_large_it_is(folder):
    code, said = run(folder, folder / "page.html", "--prompt", "a", "--prompt", "b", "--title", "Mine")
    assert code == 0 and re.search(r"page\.html: 0\.\d MB, one file that runs in any browser", said)
    page = (folder / "page.html").read_text()
    assert page.count('class="chip"') == 2 and "<h1>Mine</h1>" in page
    code, said = run("tiny", folder / "tiny.html", "--precision", "float16", "--temperature", "1.1")
    assert code == 0 and re.search(r"rounded to float16: a logit moves by at most 0\.\d+ where it was tried", said)
    assert 'value="1.1"' in (folder / "tiny.html").read_text()
    assert load_checkpoint()[0].config.d_model == 96


def test_the_command_says_what_is_wrong_in_a_sentence(folder, tmp_path):
    for words, says in (
        ((tmp_path, tmp_path / "page.html"), "no checkpoint in"),
        ((folder, folder), "is a folder: name a file"),
        ((folder, folder / "page.html", "--precision", "int4"), "precision must be"),
        ((folder, folder / "page.html", "--temperature", "9"), "ends at 2"),
    ):
        code, said = run(*words)
        assert code == 2 and says in said and "Traceback" not in said
