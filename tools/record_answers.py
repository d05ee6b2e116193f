"""Tune the course's small GPT in several ways and record what each answers, for the answer bench and lesson 15.

    python tools/record_answers.py

About five minutes on two calm cores. It writes llmlab/explorers/answer_bench/recorded.json: a table of right answers
(every way of tuning, three seeds), and, for the first seed, each answer to a few questions token by token, with the
most probable tokens and the attention of every step. Settings are those of lesson 15. On another machine sums round
differently, and a few answers may differ.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from llmlab.corpus import split_questions, toy_questions, toy_world, toy_world_accepts  # noqa: E402
from llmlab.generation import generate  # noqa: E402
from llmlab.gpt import GPT, attention_maps  # noqa: E402
from llmlab.training import TrainConfig, load_checkpoint, train  # noqa: E402
from llmlab.tuning import (  # noqa: E402
    END,
    add_lora,
    add_special_tokens,
    chat_ids,
    chat_loader,
    exact_match,
    respond,
    trained_parameters,
)

FILE = ROOT / "llmlab" / "explorers" / "answer_bench" / "recorded.json"
HELD_OUT = ("cow", "wolf", "queen", "boy")
STEPS, SEEDS, TOP, MAX_NEW, SENTENCES = 300, 3, 4, 8, 300
FULL, LORA = 1e-3, 5e-3  # learning rates
BEFORE, ALL = "before tuning", "all weights"
WAYS = (ALL, "without the mask", "old text mixed in", "table frozen", *(f"LoRA, rank {rank}" for rank in (1, 2, 4, 8)))
SHOWN = (BEFORE, ALL, *WAYS[4:])  # in the answer bench
ASKED = ("where do the lions sleep?", "what do the frogs eat?", "what does the king wear?", "who barks?")
NEW = ("where do the cows sleep?", "what does the boy wear?", "where do the queens live?", "who moos?", "who howls?")
NEW += ("who sits on the throne?", "who goes to school?")
FORM = ("the cows sleep where?", "the boys wear what?", "the wolves sleep where?")


def reordered(question: str) -> str:
    """ "where do the cows sleep?" as "the cows sleep where?"."""
    asks, _, *rest = question.removesuffix("?").split()
    return " ".join([*rest, asks]) + "?"


def tuned(way: str, seed: int, asked: list) -> tuple[GPT, object, int]:
    model, tokenizer = add_special_tokens(*load_checkpoint())
    torch.manual_seed(seed)  # dropout
    if way.startswith("LoRA"):
        add_lora(model, int(way.split()[-1]), generator=torch.Generator().manual_seed(seed))
    if way == "table frozen":
        model.embedding.token.weight.requires_grad_(False)
    documents = toy_world(1_000, seed=9).split("<|endoftext|>") if way == "old text mixed in" else ()
    pairs = [(question.text, answer) for question in asked for answer in question.answers]
    loader = chat_loader(
        pairs,
        tokenizer,
        masked=way != "without the mask",
        documents=documents,
        generator=torch.Generator().manual_seed(seed),
    )
    rate = LORA if way.startswith("LoRA") else FULL
    number = trained_parameters(model)
    train(model, loader, TrainConfig(steps=STEPS, learning_rate=rate, weight_decay=0.0), progress=False)
    return model.eval(), tokenizer, number


def right(model: GPT, tokenizer: object, questions: list, words: object = lambda question: question.text) -> list[int]:
    said = respond(model, tokenizer, [words(question) for question in questions])
    return [sum(exact_match(text, q.answers) for text, q in zip(said, questions, strict=True)), len(questions)]


def accepted(model: GPT, tokenizer: object) -> list[int]:
    """Sentences that begin a document, at temperature 1, and are right."""
    start, stop = tokenizer.special_tokens["<|endoftext|>"], tokenizer.encode("king.")[-1]
    generator = torch.Generator().manual_seed(0)
    rows = generate(model, [[start]] * SENTENCES, 20, stop=stop, generator=generator)
    return [sum(toy_world_accepts(tokenizer.decode(row[1:]).strip()) for row in rows), SENTENCES]


def measured(model: GPT, tokenizer: object, asked: list, new: list) -> dict[str, list[int]]:
    form = {name: [question for question in new if question.form == name] for name in ("where", "what", "who")}
    several = [question for question in new if question.form != "who" and " do the " in question.text]
    return {
        "asked": right(model, tokenizer, asked),
        **{f"new {name}": right(model, tokenizer, questions) for name, questions in form.items()},
        "new form": right(model, tokenizer, several, lambda question: reordered(question.text)),
        "sentences": accepted(model, tokenizer),
    }


@torch.no_grad()
def spoken(model: GPT, tokenizer: object, prompt: list[int], end: int | None) -> dict:
    """One answer: the words of the prompt, and of each step the most probable tokens and where it looks."""

    def word(id: int) -> str:
        return tokenizer.decode([id]).strip() or tokenizer.decode([id])

    ids, steps = list(prompt), []
    for _ in range(MAX_NEW):
        row = torch.tensor([ids])
        best = model(row)[0, -1].softmax(-1).topk(TOP)
        looks = attention_maps(model, row)[0, :, :, -1].mean(dim=1)  # (layers, T): the mean of the heads
        tokens = [
            [word(id), round(share, 4)] for share, id in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]
        steps.append({"top": tokens, "looks": [[round(100 * share) for share in layer] for layer in looks.tolist()]})
        ids.append(best.indices[0].item())
        if ids[-1] == end or (end is None and word(ids[-1]) == "."):
            break
    return {"prompt": [word(id) for id in prompt], "steps": steps}


def main() -> None:
    torch.set_num_threads(1)
    kept = [q for q in toy_questions() if len(q.answers) <= 6 and q.names == q.about]
    asked, new = split_questions(kept, HELD_OUT)
    answers = {q.text: q.answers for q in kept} | {reordered(q.text): q.answers for q in new if q.form != "who"}
    base, base_tokenizer = load_checkpoint()
    start = base_tokenizer.special_tokens["<|endoftext|>"]
    questions = [
        {"text": text, "kind": kind, "right": answers[text]}
        for kind, texts in (("asked in tuning", ASKED), ("new fact", NEW), ("new form", FORM))
        for text in texts
    ]
    spoken_by = {
        BEFORE: [
            spoken(base, base_tokenizer, [start, *base_tokenizer.encode(f" {q['text']}")], None) for q in questions
        ]
    }
    table, numbers = {}, {}
    for way in WAYS:
        for seed in range(SEEDS):
            model, tokenizer, numbers[way] = tuned(way, seed, asked)
            table.setdefault(way, []).append(measured(model, tokenizer, asked, new))
            print(way, seed, table[way][-1], flush=True)
            if seed == 0 and way in SHOWN:
                end = tokenizer.special_tokens[END]
                spoken_by[way] = [spoken(model, tokenizer, chat_ids(tokenizer, [q["text"]]), end) for q in questions]
    content = {
        "made by": "tools/record_answers.py",
        "torch": torch.__version__.split("+")[0],
        "machine": platform.machine(),
        "sentences before": accepted(base, base_tokenizer),
        "parameters": numbers,
        "table": table,
        "questions": questions,
        "answers": {name: spoken_by[name] for name in SHOWN},
    }
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
