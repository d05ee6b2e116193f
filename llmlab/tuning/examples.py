"""Questions and answers as batches in which only the answers count, and what a tuned model says to a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from llmlab.bpe import BPETokenizer
from llmlab.generation import generate
from llmlab.gpt.model import GPT
from llmlab.training import IGNORED
from llmlab.tuning.chat import END, answer_mask, chat_ids, document_ids
from llmlab.utils.arguments import as_count, require_kind

_AT_ONCE = 128  # questions in one batch


def chat_loader(
    chats: Iterable[Sequence[str]],
    tokenizer: BPETokenizer,
    batch_size: int = 16,
    *,
    masked: bool = True,
    documents: Iterable[str] = (),
    generator: torch.Generator | None = None,
) -> DataLoader:
    """Batches of (inputs, targets), each (B, T), for `train`; T is that of the longest chat of the batch.

    A target that is not part of an answer is -100 and counts for nothing (`llmlab.training.IGNORED`), and so is what
    fills the rows of shorter chats.

    Args:
        chats: texts of each chat as in `chat_ids`: (question, answer) pairs, or longer.
        tokenizer: one with the chat's special tokens.
        batch_size: chats in a batch; the last batch of an epoch is left out where it is smaller.
        masked: False lets questions count as well.
        documents: text of the kind that the model has read before, mixed in so that less is forgotten. Every token of
            it counts.
        generator: source of the order, which changes from epoch to epoch; None draws from PyTorch's global one.

    Raises:
        TypeError, ValueError: chats that are none, or fewer than one batch.
    """
    batch_size = as_count("batch_size", batch_size)
    require_kind("masked", masked, bool, "True or False")
    rows = []
    for chat in chats:
        ids = chat_ids(tokenizer, chat)
        if len(chat) % 2:
            raise ValueError(f"a chat to learn from must end with an answer, got {list(chat)!r}")
        counted = answer_mask(ids, tokenizer) if masked else [True] * len(ids)
        targets = [id if counts else IGNORED for id, counts in zip(ids, counted, strict=True)]
        rows.append((torch.tensor(ids[:-1]), torch.tensor(targets[1:])))  # each position predicts the next token
    for document in documents:
        ids = document_ids(tokenizer, document)
        rows.append((torch.tensor(ids[:-1]), torch.tensor(ids[1:])))
    if len(rows) < batch_size:
        raise ValueError(f"{len(rows)} chats do not fill one batch of {batch_size}: give more, or a smaller batch_size")
    filling = tokenizer.special_tokens[END]  # at the end of a row, where no real token attends to it

    def batch_of(rows: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        inputs, targets = zip(*rows, strict=True)
        return (
            torch.nn.utils.rnn.pad_sequence(list(inputs), batch_first=True, padding_value=filling),
            torch.nn.utils.rnn.pad_sequence(list(targets), batch_first=True, padding_value=IGNORED),
        )

    return DataLoader(
        rows,  # type: ignore[arg-type]  # any sequence will do; PyTorch's annotation names its own class alone
        batch_size=batch_size,
        shuffle=True,
        drop_last=True,
        collate_fn=batch_of,
        generator=generator,
    )


def respond(model: GPT, tokenizer: BPETokenizer, questions: Sequence[str], max_new_tokens: int = 10) -> list[str]:
    """What the model answers to each question, the most probable token at each step, up to <|end|>.

    Raises:
        TypeError: a single question in place of a list.
        ValueError: a tokenizer without the chat's tokens, or a question that is too long for the model.
    """
    if isinstance(questions, str):
        raise TypeError(f"questions must be a list, got one str: write [{questions!r}]")
    prompts = [chat_ids(tokenizer, [question]) for question in questions]
    end, said = tokenizer.special_tokens[END], []
    for first in range(0, len(prompts), _AT_ONCE):
        some = prompts[first : first + _AT_ONCE]
        rows = generate(model, some, max_new_tokens, temperature=0.0, stop=end)
        new = [row[len(prompt) :] for row, prompt in zip(rows, some, strict=True)]
        said += [tokenizer.decode([id for id in row if id != end]).strip() for row in new]
    return said
