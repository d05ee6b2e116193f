"""Lesson 16: what its checks take for right and for wrong, and what its cells print is what its text says."""

from __future__ import annotations

import lzma
import math
import re

import numpy as np
import pytest
import torch

from llmlab.bpe import train_bpe
from llmlab.corpus import load_text
from llmlab.exercises.lesson_16.bits_per_byte import _CASES, _near, _wrong_bits
from llmlab.exercises.lesson_16.choose_size import _BATCH
from llmlab.exercises.lesson_16.longest_copy import _CASES as _COPIES
from llmlab.exercises.lesson_16.longest_copy import _LONG, _longest, _without_frequent, _wrong_copies
from llmlab.gpt import GPTConfig, count_operations, count_parameters
from llmlab.training import bits_per_byte, longest_copy, split_text
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG
from tests.exercises.learners import define, fresh
from tests.lessons.shared import Lesson, alike, quiet

LESSON, SOLVED = Lesson("16"), Lesson("16", solved=True)
output = SOLVED.output
SAMPLES = ("keepers-log", "maerchen", "recetas")
TEXTS = dict(zip(("training_text", "validation_text"), split_text(load_text("keepers-log")), strict=True))
TEXTS["text"] = load_text("keepers-log")

# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    for loss, n_tokens, n_bytes in _CASES:
        right = _wrong_bits(loss, n_tokens, n_bytes)["nats-not-bits"] / math.log(2)
        assert bits_per_byte(loss, n_tokens, n_bytes) == pytest.approx(right)
    assert [longest_copy(*case) for case in _COPIES] == [_longest(*case) for case in _COPIES]


def test_known_mistakes_are_told_apart():
    rights = [bits_per_byte(*case) for case in _CASES]
    bits = {"right": rights} | {name: [_wrong_bits(*c)[name] for c in _CASES] for name in _wrong_bits(*_CASES[0])}
    assert alike(bits.items(), _near) == []
    passages = {"right": [_longest(*case) for case in _COPIES]}
    passages |= {name: [_wrong_copies(*case)[name] for case in _COPIES] for name in _wrong_copies(*_COPIES[0])}
    assert alike(passages.items(), list.__eq__) == []


def test_each_case_has_one_longest_passage():
    """Else a right answer that finds another one would be called wrong."""
    assert _without_frequent(*_LONG) != _longest(*_LONG)
    for written, source in (*_COPIES, _LONG):
        length = len(_longest(written, source))
        found = {written[i : i + length] for i in range(len(written) - length + 1)}
        assert len([passage for passage in found if passage in source]) == 1


def test_the_decisions_of_the_solved_notebook_are_those_that_were_measured():
    rows = re.findall(r"^(\d+): .*?([\d.]+) nats per token, ([\d.]+) bits per byte$", output("measured = []"), re.M)
    cell = SOLVED.cell("n_bytes, measured_rows, vocab_size =").source
    spelled = ", ".join(f"({size}, {nats}, {bits})" for size, nats, bits in rows)
    assert f"[{spelled}]" in re.sub(r"(\.\d)0\b", r"\1", cell) or f"[{spelled}]" in cell
    n_bytes = re.match(r"([\d,]+) bytes to learn from", output("training_text, validation_text = split"))[1]
    assert f"= {n_bytes.replace(',', '_')}, " in cell
    n_tokens = re.search(r"([\d,]+) tokens in all", output("own_tokenizer = train_bpe"))[1]
    assert f"= {n_tokens.replace(',', '_')}, " in SOLVED.cell("n_tokens, seconds, speed, size, steps =").source


def test_a_decision_that_its_check_takes_is_taken_at_its_word():
    size, steps = [512, 32, 48, 4, 2], np.int64(120)
    assert fresh("16.4").check((52_551, 30, 20e9, size, steps)).status == "passed"
    names = {"own_tokenizer": train_bpe("a text", 256), "trial_size": None, "batches": lambda *sizes, **kind: (0, 0)}
    for given in (tuple(size), size, np.array(size), torch.tensor(size)):
        there = names | {"size": given, "steps": steps}
        exec(LESSON.cell("own_size, n_steps =").source, there)
        assert (there["own_size"], there["n_steps"]) == ((256, *size[1:]), 120)
        assert {type(number) for number in there["own_size"]} == {int}
    exec(LESSON.cell("own_size, n_steps =").source, there := names | {"size": ..., "steps": ..., "trial_size": (1, 2)})
    assert (there["own_size"], there["n_steps"]) == ((256, 2), 300)

    for given, taken in ((np.int64(500), 500), (torch.tensor(400), 400), (300, 300), (..., 700)):
        asked = []
        stub = {"train_bpe": lambda text, size, asked=asked: asked.append(size) or train_bpe("a text", 256)}
        exec(LESSON.cell("own_tokenizer = train_bpe").source, stub | {**TEXTS, "vocab_size": given, "print": quiet})
        assert asked == [taken] and type(asked[0]) is int

    for given, taken in (((torch.tensor(0.5), 1, "c"), (0.5, 1.0)), ((..., ..., ...), (0.8, 0.95))):
        there = dict(zip(("temperature", "top_p", "claim"), given, strict=True)) | {"print": quiet}
        drawn = LESSON.cell("page = export_page(HOME").source.partition("beginning =")[0].partition("chosen =")
        exec("".join(drawn[1:]), there)
        assert there["draws"] == dict(zip(("temperature", "top_p"), taken, strict=True))
        assert {type(number) for number in there["draws"].values()} == {float}


def test_the_price_is_said_as_the_lesson_prints_it():
    size = (700, 64, 96, 4, 3)
    rows = dict(re.findall(r"width +(\d+), .* (\d+\.\d) seconds", output("SPEED = 20e9")))
    refused = fresh("16.4").check((52_551, int(float(rows["96"])), 20e9, size, 300))
    assert refused.misconception == "longer-than-there-is" and f"{rows['96']} of 40.0 seconds" in refused.message
    passed = fresh("16.4").check((52_551, float(rows["96"]), 20e9, size, 300))
    assert passed.status == "passed" and f"{rows['96']} of {rows['96']} seconds" in passed.message
    solved = fresh("16.4").check((52_551, 30, 20e9, (700, 64, 64, 4, 2), 300)).message
    assert "294 · 10⁹ operations, 14.7 of 30.0 seconds; the part that is learned from is read 6.5 times" in solved


def test_the_comparison_takes_every_answer_that_its_checks_take():
    names = {"torch": torch, "math": math, "package_bits": bits_per_byte, "package_copy": longest_copy, "print": quiet}
    right = {"bits_per_byte": bits_per_byte, "longest_copy": longest_copy}
    compare = LESSON.cell("passage = validation_text[:300]").source
    for id, one in (("16.2", "bits_per_byte"), ("16.5", "longest_copy")):
        for source in UNUSUAL[id]:
            exec(compare, names | TEXTS | right | {one: define(source)})
        wrong = {"16.2": "nats-not-bits", "16.5": "last-character-missing"}[id]
        with pytest.raises(AssertionError, match="16"):
            exec(compare, names | TEXTS | right | {one: define(WRONG[id][wrong])})


def test_the_rows_that_the_lesson_prints_can_be_decided_by():
    """The best size measured is a right answer, however short the text: the story's rows as they are printed."""
    printed = re.findall(r"^(\d+): ([\d.]+) nats per token, ([\d.]+) bits", output("story, story_held ="), re.M)
    rows = [(int(size), float(nats), float(bits)) for size, nats, bits in printed]
    n_bytes = len(split_text(load_text())[0].encode())
    verdicts = {size: fresh("16.3").check((n_bytes, rows, size)) for size, *_ in rows}
    assert {size: verdict.misconception for size, verdict in verdicts.items()} == {
        300: "lowest-loss-per-token",
        500: "more-bits-than-needed",
        1000: None,
    }


def test_the_map_gets_whole_words():
    there = dict(TEXTS)
    exec(LESSON.cell("words = (validation_text[:40]").source.partition("PipelineMap")[0], there)
    assert " ".join(there["validation_text"].split()).startswith(" ".join(there["words"]) + " ")


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_the_samples_are_what_the_text_says():
    for name in SAMPLES:
        text = load_text(name)
        assert 195_000 < len(text.encode()) < 210_000
        training, validation = split_text(text)
        added = len(lzma.compress(text.encode())) - len(lzma.compress(training.encode()))
        assert 0.3 < 8 * added / len(validation.encode()) < 1, "there is something to learn, and it is news"


def test_the_vocabularies_order_as_the_text_says():
    log = re.findall(r"([\d.]+) bytes per token, ([\d.]+) nats per token, ([\d.]+) bits", output("measured = []"))
    lengths, nats, bits = ([float(row[i]) for row in log] for i in range(3))
    assert lengths == sorted(lengths) and bits == sorted(bits, reverse=True) and nats == sorted(nats, reverse=True)
    story = re.findall(r"([\d.]+) nats per token, ([\d.]+) bits", output("story, story_held ="))
    nats, bits = ([float(row[i]) for row in story] for i in range(2))
    assert nats == sorted(nats) and bits == sorted(bits, reverse=True)
    characters = [f"{len(text):,}" for text in (load_text(), split_text(load_text())[0])]
    assert "of whose {} characters {} are learned from".format(*characters) in LESSON.source
    words = re.findall(r"[A-Za-z]+", split_text(load_text("keepers-log"))[0])
    tokens = set(train_bpe(split_text(load_text("keepers-log"))[0], 700).vocabulary.values())
    whole = [word for word in words if f" {word}".encode() in tokens or word.encode() in tokens]
    assert len(whole) > 0.9 * len(words), "at 700 most words of the log are one token"


def test_the_sizes_cost_what_is_printed():
    rows = re.findall(r"width +(\d+), (\d) layers: +([\d,]+) weights, +(\d+\.\d) seconds", output("SPEED = 20e9"))
    assert len(rows) == 5
    for width, layers, weights, seconds in rows:
        config = GPTConfig(700, 64, int(width), 4, int(layers), tie_weights=True)
        assert f"{count_parameters(config).total:,}" == weights
        operations = 3 * count_operations(config, 64, batch_size=_BATCH).total * 300
        assert round(operations / 20e9, 1) == float(seconds)


def test_the_model_beats_the_packer_as_the_text_says():
    guessing, compressor, own = map(float, re.findall(r"[\d.]+", output("guessing = math.log2"))[:3])
    assert own < compressor / 2 < guessing
    copies = re.findall(r"the longest of \d+ characters has (\d+)", output("piece in ((") or output("copied = package"))
    assert len(copies) == 2 and int(copies[0]) < 3 * int(copies[1])


def test_the_page_and_its_sentence_have_the_numbers_of_the_text():
    said = output("page = export_page(HOME")
    weights = re.search(r"A GPT of ([\d,]+) weights", said)[1]
    assert f'(c) "A GPT of {weights} weights' in LESSON.source and "needs 0.2 bits per byte" in said
    page = float(re.search(r"page.html: ([\d.]+) MB", said)[1])
    assert page < 20
    forward = (ROOT / "llmlab" / "export" / "page" / "forward.js").read_text(encoding="utf-8")
    assert 100 < len(forward.splitlines()) < 150
    numbers = re.findall(r"(\d+) of (\d+) tokens are the same", output("numbers = torch.rand(40"))
    assert numbers[0] == ("40", "40") and int(numbers[1][0]) < 10
    assert output("export_page(folder, place)").count("Error: ") == 3


def test_lora_of_the_recall_question():
    assert 4 * (96 + 288) == 1_536 and 96 * 288 == 27_648 and "1,536, in place of 27,648" in LESSON.source
