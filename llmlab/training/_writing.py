"""What a trained model writes, piece by piece: for the samples of a run, and the command `llmlab sample`."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from llmlab.bpe import BPETokenizer
from llmlab.gpt import GPT
from llmlab.training._checkpoints import load_checkpoint
from llmlab.training._order import require_seed
from llmlab.training._saying import say
from llmlab.utils.commands import CommandRefused
from llmlab.windows import SEPARATOR

_AT_ONCE = 8  # tokens between two pieces of text
_CONTROL: dict[int, str | None] = {
    code: "\ufffd" for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"
}  # C0, C1
_CONTROL[ord("\r")] = None


def pieces(
    model: GPT,
    tokenizer: BPETokenizer,
    prompt: str,
    n_tokens: int,
    *,
    generator: torch.Generator,
    temperature: float,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Iterator[str]:
    """The text that continues `prompt`, as it comes; also past the model's context. Settings: as of `generate`."""
    from llmlab.generation import generate  # a floor above this one: only for what a command shows

    ids = tokenizer.encode(prompt, allowed_special="all")
    decoder = tokenizer.stream()
    while n_tokens > 0:
        known = ids[-model.config.context_length :]
        n_new = min(_AT_ONCE, n_tokens)
        (row,) = generate(
            model,
            [known],
            n_new,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            generator=generator,
            slide=True,
        )
        new = row[len(known) :]
        ids, n_tokens = known + new, n_tokens - n_new
        yield printable("".join(map(decoder.push, new)))
    yield printable(decoder.flush())


def printable(text: str) -> str:
    """The text without codes that could move a terminal's cursor or colour its letters."""
    return text.translate(_CONTROL)


def print_anything() -> None:
    """Let the output stand a letter that a terminal's encoding lacks, as that of Windows may: it becomes "?"."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


def sample(
    folder: Path,
    prompt: str,
    n_tokens: int,
    *,
    seed: int,
    temperature: float,
    top_k: int | None = None,
    top_p: float | None = None,
) -> int:
    """Print what the model in a checkpoint makes of a prompt (a line break, if that is empty), as it comes.

    It ends where nobody reads on.

    Raises:
        CommandRefused: there is no such checkpoint, it has no tokenizer, or a setting is out of range.
    """
    print_anything()
    prompt = prompt or "\n"
    try:
        require_seed(seed)
        if any("\ud800" <= letter <= "\udfff" for letter in prompt):  # what Python makes of bytes that it cannot decode
            raise CommandRefused("the prompt is not UTF-8: write it in a terminal whose encoding is UTF-8")
        model, tokenizer = load_checkpoint(str(folder))  # "tiny" is the course's own
        if tokenizer is None:
            raise CommandRefused(f"the checkpoint {folder} has no tokenizer: train it with `llmlab train`")
        generator = torch.Generator().manual_seed(seed)
        written = pieces(
            model,
            tokenizer,
            prompt,
            n_tokens,
            generator=generator,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
        )
        first = next(written)  # where a setting is refused: before anything is printed
        for piece in itertools.chain((prompt, first), written):
            if not say(piece, end=""):
                break
    except (OSError, ValueError, RuntimeError) as error:
        raise CommandRefused(f"{error}") from error
    except KeyboardInterrupt:
        pass  # what was written is there to read
    say()
    return 0


def opening(tokenizer: BPETokenizer, text: str) -> str:
    """What a sample begins with: the separator where documents end with it, else the first words of a text."""
    if SEPARATOR in text:
        return SEPARATOR
    return tokenizer.decode(tokenizer.encode(text[:40])[:4]) or "\n"
