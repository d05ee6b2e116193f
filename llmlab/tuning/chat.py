"""A chat as token ids: special tokens that say who speaks, their rows in the model, and which ids are answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from llmlab.bpe import BPETokenizer
from llmlab.gpt.model import GPT
from llmlab.utils.arguments import as_ids, require_kind
from llmlab.utils.modules import unwrapped

USER, ASSISTANT, END = CHAT_TOKENS = ("<|user|>", "<|assistant|>", "<|end|>")
_START = "<|endoftext|>"  # opens a document, and a chat is one


def add_special_tokens(
    model: GPT,
    tokenizer: BPETokenizer,
    names: Sequence[str] = CHAT_TOKENS,
    generator: torch.Generator | None = None,
) -> tuple[GPT, BPETokenizer]:
    """A copy of the model with a row for each new name, and a tokenizer that knows them; those given stay as they are.

    The ids of the new tokens follow those that are there. All rows that are there are copied, so the logits of all old
    tokens stay the same. The new rows are drawn, about as long as the old ones.

    Args:
        model: a GPT.
        tokenizer: its tokenizer.
        names: the special tokens to add.
        generator: source of the draws; None for a fixed one, so that two calls give the same rows.

    Raises:
        TypeError: the model is not a GPT, or the tokenizer not a BPETokenizer.
        ValueError: the two have vocabularies of different sizes, or a name is there already.
    """
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    require_kind("tokenizer", tokenizer, BPETokenizer, "a BPETokenizer")
    size = model.config.vocab_size
    if len(tokenizer) != size or max(tokenizer.vocabulary) != size - 1:
        raise ValueError(
            f"the tokenizer has {len(tokenizer)} tokens and the model {size}: take those that belong together"
        )
    known = [name for name in names if name in tokenizer.special_tokens]
    if known:
        raise ValueError(f"{known[0]!r} is a special token of this tokenizer already: were they added before?")
    special = tokenizer.special_tokens | {name: size + number for number, name in enumerate(names)}
    grown_tokenizer = BPETokenizer(
        tokenizer.merges, vocabulary=tokenizer.vocabulary, pattern=tokenizer.pattern, special_tokens=special
    )
    weights = dict(model.state_dict())
    table = weights["embedding.token.weight"]
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    new = torch.randn(len(names), table.shape[1], generator=generator).to(table) * table.std()
    with torch.random.fork_rng(devices=[]):  # a GPT draws its first weights; these are overwritten at once
        grown = GPT(replace(model.config, vocab_size=size + len(names))).to(table)
    for name in ("embedding.token.weight", "head.weight"):
        weights[name] = torch.cat([weights[name], new])
    grown.load_state_dict(weights)
    return grown.train(model.training), grown_tokenizer


def chat_ids(tokenizer: BPETokenizer, texts: Sequence[str]) -> list[int]:
    """The ids of a chat. The texts alternate: a question, its answer, the next question, and so on.

    A question stands after <|user|>, an answer between <|assistant|> and <|end|>. After a question without an answer
    the ids end with <|assistant|>: it is the model's turn. What stands in a text is plain text, also where it is
    spelled like a special token: nobody can end an answer, or begin another's turn, by typing it.

    Raises:
        TypeError: a single string, or something that is not a string among the texts.
        ValueError: no text, or a tokenizer without the chat's tokens.

    >>> from llmlab.bpe import BPETokenizer
    >>> tokenizer = BPETokenizer([], special_tokens=CHAT_TOKENS)
    >>> chat_ids(tokenizer, ["a", "b"]) == [256, *b" a", 257, *b" b", 258]
    True
    """
    if isinstance(texts, str):
        raise TypeError(f"texts must be a list of question, answer, question ..., got one str: write [{texts!r}]")
    if not texts:
        raise ValueError("texts must hold at least a question")
    user, assistant, end = _ids_of(tokenizer)
    ids = _start(tokenizer)
    for number, text in enumerate(texts):
        require_kind(f"texts[{number}]", text, str, "a str")
        plain = tokenizer.encode_ordinary(" " + text)  # a word and the space before it are one token
        ids += [*plain, end] if number % 2 else [user, *plain, assistant]
    return ids


def document_ids(tokenizer: BPETokenizer, text: str) -> list[int]:
    """The ids of a document as the model has read them before: nobody speaks in it."""
    return [*_start(tokenizer), *tokenizer.encode_ordinary(" " + text.strip())]


def _start(tokenizer: BPETokenizer) -> list[int]:
    return [tokenizer.special_tokens[_START]] if _START in tokenizer.special_tokens else []


def answer_mask(ids: Sequence[int], tokenizer: BPETokenizer) -> list[bool]:
    """Which of the ids an assistant says: those after each <|assistant|>, up to and with its <|end|>.

    >>> from llmlab.bpe import BPETokenizer
    >>> tokenizer = BPETokenizer([], special_tokens=CHAT_TOKENS)
    >>> answer_mask([256, 97, 257, 98, 258, 256, 97, 257], tokenizer)
    [False, False, False, True, True, False, False, False]
    """
    _, assistant, end = _ids_of(tokenizer)
    mask, speaking = [], False
    for id in as_ids(ids):
        mask.append(speaking)
        speaking = id == assistant or (speaking and id != end)
    return mask


def _ids_of(tokenizer: BPETokenizer) -> list[int]:
    require_kind("tokenizer", tokenizer, BPETokenizer, "a BPETokenizer")
    missing = [name for name in CHAT_TOKENS if name not in tokenizer.special_tokens]
    if missing:
        raise ValueError(
            f"this tokenizer has no {missing[0]}: add_special_tokens(model, tokenizer) adds what a chat needs"
        )
    return [tokenizer.special_tokens[name] for name in CHAT_TOKENS]
