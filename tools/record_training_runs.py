"""Record the runs of the training replay (lesson 11): llmlab/explorers/training_replay/training_replay.npz.

    python tools/record_training_runs.py

Eight runs of one small GPT on the toy world, 240 steps each, a minute or two on two cores. All begin with the same
weights and read the same batches; each has one thing wrong, and one has nothing. What is wrong stands in `RECIPES`.
The losses are what the faulty code itself would report: a run that takes a softmax too many does so on the validation
text as well.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from tqdm import tqdm  # noqa: E402

from llmlab.bpe import BPETokenizer, train_bpe  # noqa: E402
from llmlab.corpus import load_text, toy_world  # noqa: E402
from llmlab.generation import generate  # noqa: E402
from llmlab.gpt import GPT, GPTConfig  # noqa: E402
from llmlab.training import TrainConfig, learning_rate_at, next_token_loss, split_documents  # noqa: E402
from llmlab.windows import create_dataloader  # noqa: E402

PRODUCT = ROOT / "llmlab" / "explorers" / "training_replay" / "training_replay.npz"
STEPS, EVERY = 240, 10  # steps of a run; steps between two measurements
SEPARATOR = "<|endoftext|>"
CONTEXT_LENGTH, BATCH_SIZE = 32, 16
PROMPT, NEW_TOKENS = "the king", 12


@dataclass(frozen=True)
class Recipe:
    """One run. The defaults are those of the healthy one."""

    learning_rate: float = 4e-3
    warmup_steps: int = 20
    clip_norm: float = 1.0
    sentences: int = 4_000  # of the training text
    softmax_before_loss: bool = False
    targets_shifted: bool = True
    gradients_zeroed: bool = True
    two_texts_in_turn: bool = False  # the toy world, then the story, then the toy world ..., nothing shuffled


# In the order of the letters A to H under which the explorer shows them.
RECIPES = {
    "too little text": Recipe(sentences=60),
    "learning rate too low": Recipe(learning_rate=1e-4),
    "softmax before the loss": Recipe(softmax_before_loss=True),
    "nothing": Recipe(),
    "targets not shifted": Recipe(targets_shifted=False),
    "learning rate too high": Recipe(learning_rate=0.3),
    "gradients never zeroed": Recipe(gradients_zeroed=False, clip_norm=1e9),
    "text not shuffled": Recipe(two_texts_in_turn=True, sentences=1_500),
}


def texts() -> tuple[str, str, BPETokenizer]:
    """Training text, validation text and tokenizer of all runs."""
    training, validation = split_documents(toy_world(Recipe.sentences, seed=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer merges than asked
        return training, validation, train_bpe(training, 600, special_tokens=[SEPARATOR])


def record(recipe: Recipe, steps: int = STEPS) -> dict[str, list]:
    """Train by a recipe; loss, learning rate and gradient norm of each step, validation loss and a sample now and then.

    The samples are drawn at temperature 1, from the same seed each time.
    """
    training, validation, tokenizer = texts()
    documents = training.split(SEPARATOR)
    share = recipe.sentences / Recipe.sentences
    documents = documents[: max(2, round(share * len(documents)))]
    training = SEPARATOR.join(documents)
    if recipe.two_texts_in_turn:
        training += SEPARATOR + load_text("story")
    sizes = {"batch_size": BATCH_SIZE, "max_length": CONTEXT_LENGTH, "tokenizer": tokenizer, "drop_last": False}
    order = {"shuffle": not recipe.two_texts_in_turn, "generator": torch.Generator().manual_seed(0)}
    loader = create_dataloader(training, stride=CONTEXT_LENGTH, **order, **sizes)
    measured = create_dataloader(validation, stride=CONTEXT_LENGTH, shuffle=False, **sizes)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GPT(GPTConfig(len(tokenizer), CONTEXT_LENGTH, d_model=48, n_heads=4, n_layers=2, tie_weights=True))
    schedule = TrainConfig(STEPS, recipe.learning_rate, warmup_steps=recipe.warmup_steps)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.0)
    batches, found = _endless(loader), {name: [] for name in ("loss", "rate", "norm", "validation", "sample")}

    def loss_of(inputs: Tensor, targets: Tensor) -> Tensor:
        logits = model(inputs)
        output = logits.softmax(dim=-1) if recipe.softmax_before_loss else logits
        return next_token_loss(output, targets if recipe.targets_shifted else inputs)

    for step in range(steps):
        loss = loss_of(*next(batches))
        if recipe.gradients_zeroed:
            optimizer.zero_grad()
        loss.backward()
        norm = _clip(model, recipe.clip_norm)
        rate = learning_rate_at(step, schedule)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        for name, value in (("loss", loss.item()), ("rate", rate), ("norm", norm)):
            found[name].append(value)
        if (step + 1) % EVERY == 0:
            with torch.no_grad():
                losses = [(loss_of(*batch).item(), batch[1].numel()) for batch in measured]
            found["validation"].append(sum(one * n for one, n in losses) / sum(n for _, n in losses))
            prompt = tokenizer.encode(PROMPT)
            generator = torch.Generator().manual_seed(0)
            (row,) = generate(model, [prompt], NEW_TOKENS, generator=generator)
            found["sample"].append(tokenizer.decode(row))
    return found


def _endless(loader):  # noqa: ANN001, ANN202
    while True:
        yield from loader


def _clip(model: nn.Module, longest: float) -> float:
    """The length of the whole gradient, before it is clipped."""
    return nn.utils.clip_grad_norm_(model.parameters(), longest).item()


def save(runs: dict[str, dict[str, list]], path: Path = PRODUCT) -> None:
    arrays = {
        name: np.array([run[name] for run in runs.values()], dtype=np.float32)
        for name in ("loss", "rate", "norm", "validation")
    }
    samples = np.array([run["sample"] for run in runs.values()])
    highest = np.array([RECIPES[cause].learning_rate for cause in runs])
    np.savez_compressed(path, causes=np.array(list(runs)), samples=samples, highest=highest, **arrays)


if __name__ == "__main__":
    save({cause: record(recipe) for cause, recipe in tqdm(RECIPES.items(), unit="run")})
    print(f"{PRODUCT.relative_to(ROOT)}: {PRODUCT.stat().st_size:,} bytes")
