"""Train a small GPT on the toy world and write data/tiny, where `load_checkpoint("tiny")` looks for it.

    make checkpoint

It takes three minutes on two calm cores; data/README.md says what came of it. The text is the toy world's, without
66 % of the sentences that name their subject ("the dogs bark."): which ones are withheld is decided by their CRC-32,
and no document that contains one is used. So it can be seen that the model writes sentences it has never read, and not
only what it remembers. Sentences that begin with a pronoun are few, and stay.
"""

from __future__ import annotations

import sys
import warnings
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import matplotlib  # noqa: E402

matplotlib.use("svg")

import matplotlib.pyplot as plt  # noqa: E402
import torch  # noqa: E402

from llmlab.bpe import BPETokenizer, train_bpe  # noqa: E402
from llmlab.corpus import toy_world, toy_world_accepts  # noqa: E402
from llmlab.generation import generate  # noqa: E402
from llmlab.gpt import GPT, GPTConfig  # noqa: E402
from llmlab.training import History, TrainConfig, save_checkpoint, train  # noqa: E402
from llmlab.windows import create_dataloader  # noqa: E402

FOLDER = ROOT / "data" / "tiny"
SEPARATOR = "<|endoftext|>"
CONTEXT_LENGTH, BATCH_SIZE = 64, 16


def sentences_of(text: str) -> list[str]:
    """All sentences of a text of the toy world, each with its full stop."""
    return [s.strip() + "." for document in text.split(SEPARATOR) for s in document.split(".") if s.strip()]


def is_withheld(sentence: str) -> bool:
    """66 % of the sentences that name their subject, chosen by what they say and nothing else."""
    return sentence.startswith("the ") and zlib.crc32(sentence.encode()) % 100 < 66


def training_text() -> str:
    """Documents without a withheld sentence, each with the separator before it."""
    documents = [document.strip() for document in toy_world(600_000, seed=0).split(SEPARATOR)]
    kept = [document for document in documents if not any(map(is_withheld, sentences_of(document)))]
    return "".join(f"{SEPARATOR} {document} " for document in kept)


def make_tokenizer(text: str) -> BPETokenizer:
    """Byte pair encoding that goes on until every word is one token."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it stops by itself, when no pair is frequent enough
        return train_bpe(text, 2_000, special_tokens=[SEPARATOR], min_frequency=20)


def main() -> None:
    text = training_text()
    tokenizer = make_tokenizer(text)
    torch.manual_seed(0)
    config = GPTConfig(len(tokenizer), CONTEXT_LENGTH, d_model=96, n_heads=4, n_layers=3, dropout=0.1, tie_weights=True)
    model = GPT(config)
    sizes = {"batch_size": BATCH_SIZE, "max_length": CONTEXT_LENGTH, "tokenizer": tokenizer}
    loader = create_dataloader(text, stride=16, generator=torch.Generator().manual_seed(0), **sizes)
    validation = create_dataloader(
        toy_world(1_000, seed=5), stride=CONTEXT_LENGTH, shuffle=False, drop_last=False, **sizes
    )
    settings = TrainConfig(steps=4_500, learning_rate=4e-3, evaluate_every=250)
    history = train(model, loader, settings, validation=validation)
    save_checkpoint(FOLDER, model, tokenizer)
    draw(history)
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{FOLDER}: {size:,} bytes, validation loss {history.validation[-1][1]:.3f}")
    report(model, tokenizer, text)


def report(model: GPT, tokenizer: BPETokenizer, text: str, n_sentences: int = 1_000) -> None:
    """How many of the sentences that begin a document, at temperature 1, are grammatical, and how many of these new."""
    start, stop = tokenizer.special_tokens[SEPARATOR], tokenizer.encode("king.")[-1]
    generator = torch.Generator().manual_seed(0)
    rows = generate(model, [[start]] * n_sentences, 20, stop=stop, generator=generator)
    accepted = [s for s in (tokenizer.decode(row[1:]).strip() for row in rows) if toy_world_accepts(s)]
    new = set(accepted) - set(sentences_of(text))
    print(f"{len(accepted) / n_sentences:.1%} of {n_sentences:,} sentences are accepted by the grammar")
    print(f"{sum(sentence in new for sentence in accepted) / max(1, len(accepted)):.1%} of these were never read")


def draw(history: History) -> None:
    """The curve, data/tiny/curve.svg."""
    plt.rcParams["svg.hashsalt"] = "llmlab"
    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    means = [sum(history.loss[i : i + 25]) / 25 for i in range(0, len(history.loss) - 24, 25)]
    axes.plot(range(25, 25 * len(means) + 1, 25), means, color="#6f93bd", linewidth=1, label="batches, mean of 25")
    axes.plot(*zip(*history.validation, strict=True), color="#b3440b", label="validation")
    axes.set(xlabel="steps", ylabel="loss, nats per token", ylim=(0.9, 3))
    axes.legend(frameon=False)
    figure.savefig(FOLDER / "curve.svg", metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
