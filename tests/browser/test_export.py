"""A page that `llmlab export` wrote, opened in a real Chromium without a network: what it computes, and how it is used.

What it computes is held beside PyTorch: logits of all kinds of models, ids of all kinds of texts, tokens from given
random numbers.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.corpus import load_text
from llmlab.export import export_page, write_with
from llmlab.gpt import GPT
from llmlab.training import load_checkpoint, save_checkpoint
from tests.browser.lab import PATIENCE
from tests.browser.reports import report
from tests.core.gpts import model_of, shaken

STORY = load_text()
TOKENIZER = train_bpe(STORY, 300, special_tokens=["<|endoftext|>", "<|end"])
SIZES = {"vocab_size": 300, "context_length": 13, "d_model": 24, "n_heads": 6, "n_layers": 3}
LLAMA = {"norm": "rms", "mlp": "swiglu", "positions": "rotary", "bias": False, "n_kv_heads": 2}

# Every part that a GPTConfig names, alone and with others.
VARIANTS = {
    "GPT-2": {"qkv_bias": True, "tie_weights": True},
    "plain": {},
    "RMSNorm": {"norm": "rms", "norm_eps": 1e-3},
    "SwiGLU": {"mlp": "swiglu", "d_ff": 37},
    "rotary": {"positions": "rotary", "rope_theta": 100.0},
    "grouped": {"n_kv_heads": 3, "bias": False, "qkv_bias": True},
    "multi-query": {"n_kv_heads": 1, "tie_weights": True},
    "Llama": LLAMA,
    "experts": {"n_experts": 5, "experts_per_token": 3},
    "Mixtral": {**LLAMA, "n_experts": 4},
}


class Opened:
    """A model, its tokenizer, and the page in which both stand."""

    def __init__(self, page: Page, folder: Path, **settings: object) -> None:
        self.model, self.tokenizer = load_checkpoint(folder)
        self.page, self.asked, self.errors = page, [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        file = folder / "page.html"
        export_page(folder, file, **settings)
        page.goto(file.as_uri())
        self.file = file

    def logits(self, ids: list[int]) -> list[float]:
        return self.page.evaluate("(ids) => [...nextLogits(model, ids, emptyCache(model.config))]", ids)

    def expected(self, ids: list[int]) -> list[float]:
        with torch.no_grad():
            return self.model(torch.tensor([ids[-self.model.config.context_length :]]))[0, -1].tolist()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 1200, "height": 900})
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


def saved(folder: Path, **sizes: object) -> Path:
    save_checkpoint(folder, shaken(model_of(**{**SIZES, **sizes})), TOKENIZER)
    return folder


def apart(one: list[float], other: list[float]) -> float:
    assert len(one) == len(other) > 0
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


# ---- what is computed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_logits_are_those_of_pytorch(page, tmp_path, name):
    opened = Opened(page, saved(tmp_path, **VARIANTS[name]))
    ids = torch.randint(300, (30,), generator=torch.Generator().manual_seed(1)).tolist()
    for n in (1, 2, 12, 13, 14, 30):  # up to the context length, and past it
        expected = opened.expected(ids[:n])
        assert max(map(abs, expected)) > 1
        assert apart(opened.logits(ids[:n]), expected) < 1e-3
    assert opened.errors == []


@pytest.mark.parametrize("name", ["GPT-2", "Llama", "experts"])
def test_a_cache_changes_nothing_whatever_was_read_before(page, tmp_path, name):
    opened = Opened(page, saved(tmp_path, **VARIANTS[name]))
    texts = [[5, 6, 7], [5, 6, 7, 8], [5, 6], [5, 6, 7, 8], [9, 6, 7, 8], list(range(40)), list(range(41)), [5]]
    script = """(texts) => {
        const cache = emptyCache(model.config);
        return texts.map((ids) => [...nextLogits(model, ids, cache)]);
    }"""
    for ids, got in zip(texts, page.evaluate(script, texts), strict=True):
        assert apart(got, opened.expected(ids)) < 1e-3


def test_the_bundled_model_computes_the_same(page, tmp_path):
    save_checkpoint(tmp_path, *load_checkpoint("tiny"))
    opened = Opened(page, tmp_path)
    ids = opened.tokenizer.encode("<|endoftext|> the dogs near the king", allowed_special="all")
    for n in range(1, len(ids) + 1):
        assert apart(opened.logits(ids[:n]), opened.expected(ids[:n])) < 1e-3


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 1.0},
        {"temperature": 0.0},
        {"temperature": 0.7, "top_k": 5},
        {"temperature": 1.5, "top_p": 0.8},
        {"temperature": 1.2, "top_k": 12, "top_p": 0.6},
        {"temperature": 2.0, "top_k": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["tiny", "GPT-2", "Mixtral"])
def test_the_same_numbers_give_the_same_tokens(page, tmp_path, kind, settings):
    if kind == "tiny":
        save_checkpoint(tmp_path, *load_checkpoint("tiny"))
    else:
        saved(tmp_path, **VARIANTS[kind])
    opened = Opened(page, tmp_path)
    draws = random.Random(7)
    numbers = [draws.random() for _ in range(80)]  # past the context length of each
    prompt = opened.tokenizer.encode(" the king")
    expected = write_with(opened.model, prompt, numbers, **settings)
    cuts = {"temperature": settings["temperature"], "topK": settings.get("top_k"), "topP": settings.get("top_p")}
    got = page.evaluate("([ids, numbers, cuts]) => writeWith(model, ids, numbers, cuts)", [prompt, numbers, cuts])
    assert got == expected
    assert len(set(got)) > 3


TEXTS = [
    "",
    "The sea, the sea! It's 1912; we'll see.",
    "  two  spaces\n\n\tand tabs \r\n end ",
    "Grüße aus Köln: »Schön«, sagte er – 3 €.",
    "¿Dónde está el niño? Mañana, ¡sí!",
    "日本語のテキスト。एक हिन्दी वाक्य। עברית",
    "👩‍👩‍👧 and 🏳️‍🌈 and e\u0301 and \u2028 and \u00a0x\u3000y\u0085z\ufeffw\u001cv",
    "a<|endoftext|>b<|end<|endoftext|><|endof",
    "<script>alert(1)</script> & 'll 'S 're",
    "½ ²³ Ⅷ ١٢٣ _under_score__ the bathe",
]


@pytest.mark.parametrize("kind", ["GPT-2's pattern", "no pattern", "bytes alone", "two ids for the same bytes"])
def test_texts_have_the_ids_that_they_have_in_python(page, tmp_path, kind):
    tokenizer = {
        "GPT-2's pattern": lambda: TOKENIZER,
        "no pattern": lambda: train_bpe(STORY[:5000], 300, pattern=None, special_tokens=["<|endoftext|>"]),
        "bytes alone": lambda: BPETokenizer([]),
        # "the" comes from two ways of merging: the lower of its two ids is used.
        "two ids for the same bytes": lambda: BPETokenizer(
            [(b"t", b"h"), (b"h", b"e"), (b"th", b"e"), (b"t", b"he"), (b" ", b"the")], special_tokens=["<|end"]
        ),
    }[kind]()
    save_checkpoint(tmp_path, model_of(**{**SIZES, "vocab_size": len(tokenizer)}), tokenizer)
    opened = Opened(page, tmp_path)
    draws = random.Random(3)
    made = ["".join(draws.choices("ab theé\n1'<|>ü語", k=40)) for _ in range(30)]
    texts = [*TEXTS, *made, STORY[:1500]]
    got = page.evaluate("(texts) => texts.map((text) => tokenizer.encode(text))", texts)
    assert got == [tokenizer.encode(text, allowed_special="all") for text in texts]
    assert page.evaluate("(rows) => rows.map((ids) => tokenizer.decode(ids))", got) == texts
    assert opened.errors == []


def test_broken_characters_are_decoded_as_in_python(page, tmp_path):
    Opened(page, saved(tmp_path))
    draws = random.Random(5)
    rows = [[0xC3], [0xE2, 0x82], [0xFF, 0x41], [0xEF, 0xBB, 0xBF, 0x41], [0xF0, 0x9F, 0x41, 0x98]]
    rows += [[draws.randrange(300) for _ in range(25)] for _ in range(100)]
    assert page.evaluate("(rows) => rows.map((ids) => tokenizer.decode(ids))", rows) == list(
        map(TOKENIZER.decode, rows)
    )
    pieces = page.evaluate("(rows) => rows.map((ids) => tokenizer.pieces(ids))", rows)
    for ids, got in zip(rows, pieces, strict=True):  # what is no character may be given up a byte sooner or later
        assert TOKENIZER.decode(ids).startswith("".join(got)) and len(got) == len(ids)
    ids = TOKENIZER.encode("Grüße 日本 👍!")
    decoder = TOKENIZER.stream()
    assert page.evaluate("(ids) => tokenizer.pieces(ids)", ids) == list(map(decoder.push, ids))


def test_weights_of_16_bits_are_read_as_pytorch_rounds_them(page, tmp_path):
    opened = Opened(page, saved(tmp_path), precision="float16")
    rounded = GPT(opened.model.config).eval()
    rounded.load_state_dict({name: weight.half().float() for name, weight in opened.model.state_dict().items()})
    full, opened.model = opened.model, rounded
    ids = [3, 250, 77, 0]
    assert apart(opened.logits(ids), opened.expected(ids)) < 1e-3
    opened.model = full
    assert apart(opened.logits(ids), opened.expected(ids)) > 1e-3, "the rounding is seen, so it was read"


# ---- how it is used --------------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(page, tmp_path) -> Opened:
    save_checkpoint(tmp_path, *load_checkpoint("tiny"))
    prompts = ["<|endoftext|> the king", "<|endoftext|>"]
    return Opened(page, tmp_path, title="A <toy> world", about="Kings & dogs.", prompts=prompts)


def words(page: Page) -> list[str]:
    return page.locator("#output span").all_text_contents()


def test_it_opens_with_what_may_come_next(tiny):
    page = tiny.page
    assert page.title() == "A <toy> world" and page.locator("h1").text_content() == "A <toy> world"
    assert words(page) == ["<|endoftext|>", " the", " king"]
    ids = tiny.tokenizer.encode("<|endoftext|> the king", allowed_special="all")
    shares = (torch.tensor(tiny.expected(ids)) / 0.8).softmax(dim=0)
    best = shares.topk(12)
    rows = page.locator("#bars button")
    expect(rows).to_have_count(12)
    for i in range(12):
        name = tiny.tokenizer.decode([best.indices[i].item()]).replace(" ", "␣")
        assert rows.nth(i).locator(".token").text_content() == name
        shown = rows.nth(i).locator(".share").text_content()
        assert shown == ("<0.1 %" if best.values[i] < 0.001 else f"{100 * best.values[i].item():.1f} %")
    assert tiny.errors == [] and tiny.asked == [tiny.file.as_uri()], "nothing was asked of any other place"


def test_writing_is_repeated_by_the_same_seed(tiny):
    page = tiny.page
    page.fill("#tokens", "40")

    def written() -> str:
        page.click("#again")
        page.click("#write")
        expect(page.locator("#status")).to_contain_text("40 tokens written")
        return "".join(words(page))

    first = written()
    assert len(words(page)) == 43 and written() == first
    page.fill("#seed", "1")
    assert written() != first


def test_a_bar_is_taken_and_a_token_is_gone_back_to(tiny):
    page = tiny.page
    row = page.locator("#bars button").nth(2)
    name = row.locator(".token").text_content()
    row.click()
    assert words(page)[3:] == [name.replace("␣", " ")]
    page.click("#one")
    assert len(words(page)) == 5
    page.locator("#output span").nth(3).click()
    assert words(page) == ["<|endoftext|>", " the", " king"]
    assert page.locator("#bars button").nth(2).locator(".token").text_content() == name


def test_a_cut_is_shown_and_kept(tiny):
    page = tiny.page
    page.locator("#top-k").fill("3")
    assert page.locator("#bars .cut").count() == 9
    assert page.locator("#rest").text_content().startswith("3 of 655 tokens can be drawn")
    page.locator("#temperature").fill("0")
    assert page.locator("#bars button").first.locator(".share").text_content() == "100.0 %"


def test_writing_can_be_stopped_and_the_beginning_changed(tiny):
    page = tiny.page
    page.fill("#tokens", "2000")
    page.click("#write")
    expect(page.locator("#write")).to_have_text("■ Stop")
    page.click("#write")
    expect(page.locator("#write")).to_have_text("▶ Write")
    assert 3 < len(words(page)) < 2003
    page.fill("#prompt", " the dogs")
    assert words(page) == [" the", " dogs"]
    page.fill("#prompt", "")
    assert words(page) == ["\n"]
    page.locator(".chip").nth(1).click()
    assert words(page) == ["<|endoftext|>"]


def test_lines_break_where_the_text_does(page, tmp_path):
    opened = Opened(page, saved(tmp_path), prompts=["one\n\ntwo"])
    assert page.locator("#output").inner_text() == "one\n\ntwo"
    assert page.locator("#output").bounding_box()["height"] > 100 and opened.errors == []
    tops = [page.locator("#output span").nth(at).bounding_box()["y"] for at in (0, -1)]
    assert tops[1] > tops[0] + 40


def test_the_keyboard_reaches_everything(tiny):
    page = tiny.page
    page.locator("#bars button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    name = page.evaluate("() => document.activeElement.querySelector('.token').textContent")
    page.keyboard.press("Enter")
    assert words(page)[-1] == name.replace("␣", " ")
    assert (
        page.evaluate('() => document.querySelectorAll(\'#bars [tabindex="0"], #output [tabindex="0"]\').length') == 2
    )
    page.locator("#output [tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert words(page) == ["<|endoftext|>", " the"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 700, 1200])
def test_it_fits_every_width_and_reads_well(tiny, width, scheme):
    page = tiny.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("#top-k").fill("4")
    page.fill("#tokens", "60")
    page.click("#write")
    expect(page.locator("#status")).to_contain_text("60 tokens written")
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "() => [...document.querySelectorAll('button, input, summary, textarea')]"
        ".map((one) => one.getBoundingClientRect()).filter((box) => box.height < 24 || box.width < 24).length"
    )
    assert small == 0
    results = Axe().run(page)
    assert results.response["violations"] == [], json.dumps(results.response["violations"], indent=1)[:3000]


def test_how_fast_it_writes(tiny):
    """Measured and reported: no test asserts on seconds."""
    page = tiny.page
    speeds = {}
    for name, n in (("within the context", 55), ("past the context", 200)):
        page.click("#again")
        page.fill("#tokens", str(n))
        page.click("#write")
        expect(page.locator("#status")).to_contain_text(f"{n} tokens written")
        speeds[name] = int(re.search(r"(\d+) a second", page.locator("#status").text_content())[1])
    assert min(speeds.values()) > 0
    report("export", f"the bundled model writes {speeds} tokens a second in a page")
