"""How the time grows with each argument that a user can make large: the exponent, measured.

Each case runs at three sizes. The exponent is the slope of the line through the logarithms of size and time (least
squares), each time the median of three runs on the processor's clock: 1 is proportional, 2 is quadratic. What is built
for a size (a text, a tokenizer) is not timed unless it is the case itself.

    python benchmarks/growth.py        results/growth.md

A case is a line in `CASES`: what it is, its sizes, and a function that prepares a size and returns the work to time.
"""

from __future__ import annotations

import datetime
import math
import platform
import random
import statistics
import string
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import regex
import torch
from _pairs import RESULTS, Work, processor_time
from torch.utils.data import DataLoader

from llmlab.bpe import GPT2_PATTERN, BPETokenizer, train_bpe
from llmlab.corpus import load_text
from llmlab.generation import generate
from llmlab.gpt import GPT, GPTConfig
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
from llmlab.training import TrainConfig, split_documents, split_text
from llmlab.training._refusals import require_arguments
from llmlab.windows import SEPARATOR, SlidingWindowDataset, create_dataloader, pack

REPEATS = 3
PROPORTIONAL = 1.25  # log factors and caches stay below; a quadratic cost does not


@dataclass(frozen=True)
class Case:
    """One line of the table. `prepare(n)` returns what is timed for size n."""

    what: str
    sizes: tuple[int, int, int]
    prepare: Callable[[int], Work]


def steps_of_four(largest: int) -> tuple[int, int, int]:
    return largest // 16, largest // 4, largest


def letters(n: int) -> str:
    """A word of n letters, in which nothing repeats for long."""
    return "".join(random.Random(0).choices(string.ascii_lowercase, k=n))


def prose(n: int) -> str:
    """n characters of words from the story, in a random order."""
    words = random.Random(0).choices(load_text().split(), k=n)
    return " ".join(words)[:n]


def names(n: int) -> list[str]:
    return [f"<|special_{number}|>" for number in range(n)]


def many_words(n: int) -> list[str]:
    """n different words, three letters and a number each."""
    row = letters(n + 3)
    return [f"{row[number : number + 3]}{number}" for number in range(n)]


def special_tokens_made(n: int) -> Work:
    return lambda: BPETokenizer([], special_tokens=names(n))


def special_tokens_encoded(n: int) -> Work:
    tokenizer, text = BPETokenizer([], special_tokens=names(n)), " and ".join(names(n))
    return lambda: tokenizer.encode(text, "all")


def special_tokens_streamed(n: int) -> Work:
    tokenizer, text = BPETokenizer([], special_tokens=names(n)), " and ".join(names(n))
    return lambda: sum(1 for _ in tokenizer.encode_iterable([text], "all"))


def special_tokens_learned(n: int) -> Work:
    text = " and ".join(names(n))
    return lambda: train_bpe(text, 256 + n + 5, special_tokens=names(n))


def special_tokens_of_words(n: int) -> Work:
    text = " and ".join(names(n))
    return lambda: WordTokenizer.from_text(text, special_tokens=names(n)).encode(text)


def special_tokens_and_documents(n: int) -> Work:
    """Proportional to both together: n names beside 2,000 documents, in each of which one of them occurs."""
    tokenizer = BPETokenizer([], special_tokens=names(n))
    return lambda: pack(["one <|special_7|>"] * 2_000, tokenizer, "<|special_0|>", allowed_special="all")


def documents_packed(n: int) -> Work:
    tokenizer = train_bpe(load_text(), 300, special_tokens=["<|endoftext|>"])
    return lambda: pack(["a document"] * n, tokenizer)


def documents_learned(n: int) -> Work:
    return lambda: train_bpe(["a document of words"] * n, 270)


def story_bpe(pattern: str | None = GPT2_PATTERN) -> BPETokenizer:
    return train_bpe(load_text(), 600, pattern=pattern)


def tiny_parts(n: int) -> Work:
    tokenizer, text = story_bpe(), prose(n)
    return lambda: sum(1 for _ in tokenizer.encode_iterable(text))


def one_part(n: int, pattern: str | None = GPT2_PATTERN) -> Work:
    tokenizer, text = story_bpe(pattern), letters(n)
    return lambda: sum(1 for _ in tokenizer.encode_iterable([text]))


def word_in_tiny_parts(n: int, pattern: str | None = GPT2_PATTERN) -> Work:
    tokenizer, text = story_bpe(pattern), letters(n)
    return lambda: sum(1 for _ in tokenizer.encode_iterable(text))


def long_chunk(n: int, text_of: Callable[[int], str] = letters, pattern: str | None = GPT2_PATTERN) -> Work:
    tokenizer, text = story_bpe(pattern), text_of(n)
    return lambda: tokenizer.encode(text)


def long_chunk_learned(n: int, text_of: Callable[[int], str] = letters, tie_break: str = "first") -> Work:
    text = text_of(n)
    return lambda: train_bpe(text, 500, pattern=None, tie_break=tie_break)


def merges_learned(n: int) -> Work:
    text = prose(400_000) + " ".join(many_words(20_000))
    return lambda: train_bpe(text, 256 + n)


def alternatives(n: int) -> Work:
    pattern = "|".join(many_words(n))

    def compiled_anew() -> None:
        regex.purge()
        train_bpe("a text of a few words", 260, pattern=pattern)

    return compiled_anew


def vocabulary_of_words(n: int) -> Work:
    text = " ".join(many_words(n))
    return lambda: WordTokenizer.from_text(text).encode(text)


def words_decoded(n: int) -> Work:
    tokenizer = WordTokenizer(["a" + " " * n + "b"])
    return lambda: tokenizer.decode([0])


def unknown_word(n: int) -> Work:
    tokenizer, text = WordTokenizer.from_text("a, b"), "a, b " * n + "c"

    def refused() -> None:
        try:
            tokenizer.encode(text)
        except KeyError:
            return
        raise AssertionError("an unknown word was encoded")

    return refused


def decoded(n: int) -> Work:
    tokenizer = story_bpe()
    ids = tokenizer.encode(prose(n))
    return lambda: tokenizer.decode(ids)


def decoded_one_by_one(n: int) -> Work:
    tokenizer = story_bpe()
    ids, stream = tokenizer.encode(prose(n)), tokenizer.stream()
    return lambda: "".join(map(stream.push, ids))


def characters(n: int) -> Work:
    text = letters(n)
    return lambda: CharTokenizer.from_text(text).encode(text)


def windows(n: int) -> Work:
    ids = list(range(n))
    return lambda: SlidingWindowDataset(ids, 256, 1)


def loader(n: int) -> Work:
    text = prose(n)
    return lambda: next(iter(create_dataloader(text, tokenizer=ByteTokenizer(), stride=1)))


def text_cut(n: int, make: Callable[[int], str] = prose) -> Work:
    text = make(n)
    return lambda: split_text(text)


def documents_split(n: int) -> Work:
    text = SEPARATOR.join(map(str, range(n)))
    return lambda: split_documents(text)


def looked_at(n: int) -> Work:
    model = GPT(GPTConfig(13, 64, 8, 2, 1))
    loader = DataLoader(SlidingWindowDataset([5] * n, 64, 1), 16)
    asked = {"validation": loader, "resume_from": None, "tokenizer": None, "on_evaluation": None, "n_processes": 1}
    return lambda: require_arguments(model, loader, TrainConfig(), **asked)


def small_gpt(vocab_size: int = 64) -> GPT:
    torch.manual_seed(0)
    return GPT(GPTConfig(vocab_size, context_length=16, d_model=16, n_heads=2, n_layers=1))


def prompts_continued(n: int) -> Work:
    model, prompts = small_gpt(), [[1, 2, 3][: 1 + number % 3] for number in range(n)]
    return lambda: generate(model, prompts, 4, stop=63)


def stop_tokens(n: int) -> Work:
    """A vocabulary of one size, of which more and more ids end the text; none of them is written."""
    model = small_gpt(200_000)
    with torch.no_grad():
        model.head.weight[:-1].zero_()
    stops = list(range(n))
    return lambda: [generate(model, [[1]], 4, stop=stops, temperature=0) for _ in range(3)]


def tokens_written(n: int) -> Work:
    model = small_gpt()
    return lambda: generate(model, [[1]], n, slide=True, stop=[])


def prompt_past_the_context(n: int) -> Work:
    model, prompt = small_gpt(), [number % 64 for number in range(n)]
    return lambda: generate(model, [prompt], 4, slide=True)


CASES = [
    Case("special tokens: `BPETokenizer(…)`", steps_of_four(32_000), special_tokens_made),
    Case("special tokens: `encode`, a text that has each once", steps_of_four(32_000), special_tokens_encoded),
    Case("special tokens: `encode_iterable`, the same text", steps_of_four(32_000), special_tokens_streamed),
    Case("special tokens: `train_bpe`, the same text", steps_of_four(32_000), special_tokens_learned),
    Case("special tokens: `WordTokenizer.from_text`, the same text", steps_of_four(32_000), special_tokens_of_words),
    Case("special tokens beside 2,000 documents: `pack`", steps_of_four(32_000), special_tokens_and_documents),
    Case("documents: `pack`", steps_of_four(32_000), documents_packed),
    Case("documents: `train_bpe`", steps_of_four(32_000), documents_learned),
    Case("characters, each a part: `encode_iterable`", steps_of_four(800_000), tiny_parts),
    Case("one part, one word: `encode_iterable`", steps_of_four(800_000), one_part),
    Case("one word, each character a part: `encode_iterable`", steps_of_four(1_600_000), word_in_tiny_parts),
    Case("the same, `pattern=None`", steps_of_four(1_600_000), lambda n: word_in_tiny_parts(n, None)),
    Case("one word: `encode`", steps_of_four(800_000), long_chunk),
    Case("one word, `pattern=None`: `encode`", steps_of_four(800_000), lambda n: long_chunk(n, pattern=None)),
    Case("one letter again and again: `encode`", steps_of_four(800_000), lambda n: long_chunk(n, "a".__mul__)),
    Case("spaces: `encode`", steps_of_four(800_000), lambda n: long_chunk(n, lambda n: " " * n + "a")),
    Case("one word, `pattern=None`: `train_bpe`", steps_of_four(400_000), long_chunk_learned),
    Case(
        "the same, ties lexicographic",
        steps_of_four(400_000),
        lambda n: long_chunk_learned(n, tie_break="lexicographic"),
    ),
    Case(
        "one letter again and again: `train_bpe`", steps_of_four(400_000), lambda n: long_chunk_learned(n, "a".__mul__)
    ),
    Case("two letters in turn: `train_bpe`", steps_of_four(200_000), lambda n: long_chunk_learned(n, "ab".__mul__)),
    Case("vocabulary: `train_bpe`", steps_of_four(8_000), merges_learned),
    Case("alternatives of a pattern: `train_bpe`, a short text", steps_of_four(8_000), alternatives),
    Case("vocabulary: `WordTokenizer.from_text` and `encode`", steps_of_four(128_000), vocabulary_of_words),
    Case("spaces in a token: `WordTokenizer.decode`", steps_of_four(800_000), words_decoded),
    Case("words before an unknown one: `WordTokenizer.encode`", steps_of_four(200_000), unknown_word),
    Case("characters: `CharTokenizer.from_text` and `encode`", steps_of_four(1_600_000), characters),
    Case("ids: `decode`", steps_of_four(800_000), decoded),
    Case("ids: `stream`, one by one", steps_of_four(400_000), decoded_one_by_one),
    Case("characters: `create_dataloader`, first batch", steps_of_four(1_600_000), loader),
    Case("ids: `SlidingWindowDataset`", steps_of_four(1_600_000), windows),
    Case("prompts: `generate`, 4 tokens each", steps_of_four(64_000), prompts_continued),
    Case("stop tokens: `generate`, 4 tokens", steps_of_four(160_000), stop_tokens),
    Case("new tokens: `generate(…, slide=True)`", steps_of_four(8_000), tokens_written),
    Case("tokens of a prompt: `generate(…, slide=True)`, 4 tokens", steps_of_four(1_600_000), prompt_past_the_context),
    Case("characters: `split_text`", steps_of_four(16_000_000), text_cut),
    Case("one letter again and again: `split_text`", steps_of_four(16_000_000), lambda n: text_cut(n, "x".__mul__)),
    Case("full stops: `split_text`", steps_of_four(16_000_000), lambda n: text_cut(n, ".".__mul__)),
    Case("line ends: `split_text`", steps_of_four(16_000_000), lambda n: text_cut(n, "\n".__mul__)),
    Case("documents: `split_documents`", steps_of_four(512_000), documents_split),
    Case("ids, stride 1: what `train` looks at before its first step", steps_of_four(4_000_000), looked_at),
]


def slope(sizes: tuple[int, ...], seconds: list[float]) -> float:
    """The exponent of the power of the size that fits the times best."""
    return statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, seconds))).slope


def measure(case: Case) -> str:
    """The line of the table."""
    seconds = []
    for size in case.sizes:
        work = case.prepare(size)
        seconds.append(statistics.median(processor_time(work) for _ in range(REPEATS)))
    exponent = slope(case.sizes, seconds)
    said = "" if exponent <= PROPORTIONAL else " more than proportional"
    sizes = ", ".join(f"{size:,}" for size in case.sizes)
    times = ", ".join(f"{second * 1000:,.3g}" for second in seconds)
    line = f"| {case.what} | {sizes} | {times} | {exponent:.2f}{said} |"
    print(line, flush=True)
    return line


def main() -> None:
    warnings.simplefilter("ignore", UserWarning)  # pairs run out
    torch.set_num_threads(1)
    lines = [
        "# How the time grows with what a user can make large",
        "",
        f"{datetime.date.today().isoformat()}, Python {platform.python_version()}, one thread. Processor times in "
        "milliseconds, medians of three; the exponent is the slope of log time over log size: 1 is proportional, 2 is "
        "quadratic.",
        "",
        "| what grows | sizes | ms | exponent |",
        "|---|--:|--:|--:|",
        *map(measure, CASES),
    ]
    (RESULTS / "growth.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
