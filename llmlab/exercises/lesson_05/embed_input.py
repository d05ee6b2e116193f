"""Tokens plus positions, to be written: tried on small and random batches, and on texts longer than the context."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Opaque, Probe, Raised, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_04.common import is_close, shape_of, table
from llmlab.exercises.lesson_05.sections import LEARNED, ORDER


def _embedded(ids: list[list[int]], tokens: Tensor, places: Tensor) -> list[list[list[float]]]:
    T, P = tokens.tolist(), places.tolist()
    return [[[a + b for a, b in zip(T[token_id], P[t], strict=True)] for t, token_id in enumerate(row)] for row in ids]


def _embed_models(ids: list[list[int]], tokens: Tensor, places: Tensor) -> dict[str, Tensor]:
    """What each known mistake gives on the example; its sizes let all of them run."""
    at = torch.tensor(ids)
    B, T = at.shape
    looked_up = tokens[at]
    return {
        "tables-swapped": places[at] + tokens[:T],
        "positions-missing": looked_up,
        "tokens-missing": places[:T].expand(B, T, -1),
        "place-by-id": looked_up + places[at],
        "place-by-window": looked_up + places[:B, None],
        "places-from-one": looked_up + places[1 : T + 1],
        "same-place-for-all": looked_up + places[0],
        "same-place-for-all: row T": looked_up + places[T],
        "places-backwards": looked_up + places[:T].flip(0),
        "last-places": looked_up + places[-T:],
        "product-for-sum": looked_up * places[:T],
    }


def _check_embed_input(embed_input: Probe) -> Iterator[str]:
    ids = [[4, 1, 0], [2, 2, 3]]  # B=2, T=3, V=5, context 6, D=2: the swapped tables run without an error
    tokens, places = table(5, 2, 1), table(6, 2, 40)
    call = embed_input.spell(ids=torch.tensor(ids), token_table=tokens, position_table=places)
    got = _answer(embed_input, ids, tokens, places, shown=call)
    expected = _embedded(ids, tokens, places)
    shown = f"`{call}` gave `{show(got)}`, expected was `{show(expected)}`."
    if not is_close(got, expected):
        if shape_of(got) == (2, 3, 4) or shape_of(got) == (2, 6, 2) or shape_of(got) == (4, 3, 2):
            raise Wrong("joined-for-added", f"`{call}` gave a result of shape {shape_of(got)}.")
        if shape_of(got) == (3, 2):
            raise Wrong("one-window-for-all", f"`{call}` gave a result of shape (3, 2).")
        models = _embed_models(ids, tokens, places)
        raise Wrong(name_of(models.items(), lambda value: is_close(got, value.tolist())) or "other-sum", shown)
    yield "tokens and places of a small batch"

    for ids in ([[1, 0, 1], [0, 0, 1]], [[1, 0], [0, 1], [1, 1], [0, 0]]):  # T above V, then B above T
        T = len(ids[0])
        tokens, places = table(2, 3, 1), table(T, 3, 40)
        call = embed_input.spell(ids=torch.tensor(ids), token_table=tokens, position_table=places)
        got = _answer(embed_input, ids, tokens, places, shown=call)
        if not is_close(got, _embedded(ids, tokens, places)):
            raise Wrong("tied-to-the-example", f"`{call}` gave `{show(got)}`.")
    yield "texts as long as the context"

    fresh = random.Random()
    for _ in range(10):
        B, T, D, V = fresh.sample(range(2, 12), 4)
        context = fresh.randint(T, T + 4)
        ids = [[fresh.randrange(V) for _ in range(T)] for _ in range(B)]
        generator = seeded(fresh)
        tokens, places = torch.randn(V, D, generator=generator), torch.randn(context, D, generator=generator)
        got = _answer(embed_input, ids, tokens, places, shown="a random batch", fresh=True)
        if not is_close(got, _embedded(ids, tokens, places)):
            raise Wrong("tied-to-the-example")
    yield "fresh random batches"

    for too_long in (4, 5, 6, 7):
        _require_refusal(embed_input, too_long)
    yield "a text that is too long is refused"


def _answer(embed_input: Probe, ids: list[list[int]], *tables: Tensor, **options: Any) -> Any:
    """What a text that fits is given; a refusal is a mistake of its own."""
    try:
        return embed_input(torch.tensor(ids), *tables, **options)
    except Raised as raised:
        if not (raised.seen.is_a("ValueError") and raised.seen.on_purpose):  # B, T, D = ids.shape raises one, too
            raise
        raise Wrong("fitting-text-refused", str(raised)) from None


def _require_refusal(embed_input: Probe, T: int) -> None:
    call = f"{embed_input.name}(ids (2, {T}), token_table (9, 2), position_table (3, 2))"
    ids = torch.arange(2 * T).reshape(2, T) % 9
    try:
        got = embed_input(ids, table(9, 2, 1), table(3, 2, 40), shown=call)
    except Wrong as wrong:
        if wrong.misconception == "returns-none":
            raise Wrong("too-long-answered", f"`{call}` gave `None`.") from None
        raise
    except Raised as raised:
        if not raised.seen.is_a("ValueError"):
            raise Wrong("other-error", f"{raised}") from None
        if len(raised.seen.text.split()) < 2:
            raise Wrong("error-says-nothing", f"{raised}") from None
        return
    if isinstance(got, Opaque):
        raise Wrong(
            "error-returned" if got.type_name.endswith("Error") else "too-long-answered", f"`{call}` gave {got}."
        )
    shape = shape_of(got)
    if shape is None:
        raise Wrong("too-long-answered", f"`{call}` gave `{show(got)}`.")
    name = "cut-silently" if shape == (2, 3, 2) else "too-long-answered"
    raise Wrong(name, f"`{call}` gave a result of shape {shape}: 3 places for {T} tokens.")


EXERCISE = Exercise(
    kind="function",
    examine=_check_embed_input,
    means="This is the input of a GPT: `llmlab.embeddings.InputEmbedding` computes the same and refuses the same.",
    hints=(
        "Which of the two tables has a row for each token of the vocabulary, and by what is it looked up?",
        "Tokens: `token_table` at the ids, (B, T, D). Places: the first T rows of `position_table`, (T, D). Their sum "
        "broadcasts. Before that, compare T with the number of rows of `position_table`.",
        '`if T > len(position_table): raise ValueError("...")`, then `return token_table[ids] + position_table[:T]`.',
    ),
    variant="Let the window start at a given place: `embed_input(ids, token_table, position_table, start=0)`.",
    misconceptions={
        "tables-swapped": Misconception(
            "The two tables have changed places: ids look up a row of the position table, places one of the token "
            "table. It runs as long as the vocabulary is no larger than the context, and means nothing.",
            LEARNED,
        ),
        "positions-missing": Misconception("The positions are missing: the result does not know the order.", ORDER),
        "tokens-missing": Misconception("Only the places are there: the tokens are missing.", LEARNED),
        "place-by-id": Misconception(
            "The position table is looked up by id. A place is a number from 0 to T − 1, whatever token stands there.",
            LEARNED,
        ),
        "place-by-window": Misconception(
            "Every token of a window got the same row, the one with the number of the window. Places run along T, "
            "not along B: `position_table[:T]` has shape (T, D) and broadcasts by itself.",
            LEARNED,
        ),
        "places-from-one": Misconception("Places count from 0: the first token gets row 0.", LEARNED),
        "same-place-for-all": Misconception(
            "Every token got one and the same row of the position table. The token at place t gets row t: the first T "
            "rows are `position_table[:T]`, with the colon.",
            LEARNED,
        ),
        "places-backwards": Misconception("The places run backwards.", LEARNED),
        "last-places": Misconception("These are the last T rows of the position table: take the first T.", LEARNED),
        "product-for-sum": Misconception("Tokens and places are multiplied; they are to be added.", LEARNED),
        "joined-for-added": Misconception(
            "Tokens and places are put beside each other. They are added, number by number, and the width stays D.",
            LEARNED,
        ),
        "one-window-for-all": Misconception("The windows are gone: the result has the shape (B, T, D).", LEARNED),
        "other-sum": Misconception(
            "The entry for window b at place t is `token_table[ids[b, t]] + position_table[t]`.", LEARNED
        ),
        "too-long-answered": Misconception(
            "A text longer than the context gets an answer. There is no row for those places: raise a ValueError.",
            LEARNED,
        ),
        "cut-silently": Misconception(
            "A text that is too long is cut without a word, and its tail is lost. Raise a ValueError; the caller "
            "decides what to cut.",
            LEARNED,
        ),
        "other-error": Misconception(
            "A text that is too long does end in an error, but not in a ValueError of yours. Compare the lengths "
            "first, and raise a `ValueError` that says what is wrong.",
            LEARNED,
        ),
        "error-returned": Misconception(
            "The error is returned like any other value, and whoever calls the function may never notice. Write "
            "`raise` instead of `return`.",
            LEARNED,
        ),
        "fitting-text-refused": Misconception(
            "A text that fits is refused. What counts is the number of tokens in a window, T = `ids.shape[1]`: it may "
            "be as large as the number of rows of `position_table`, and the number of windows does not matter.",
            LEARNED,
        ),
        "error-says-nothing": Misconception(
            "The ValueError says too little to help. Give it a sentence: how many tokens came, and how many places "
            "there are.",
            LEARNED,
        ),
        "tied-to-the-example": Misconception(
            "It works for the example, but not for batches of other sizes. Is a size written into the code?", LEARNED
        ),
    },
    crashes=(
        Crash(
            "table-for-ids",
            "RuntimeError",
            r"for argument #1 'indices'",
            "The ids that are looked up must be whole numbers, and here they are floats. `embedding` takes the ids "
            "first, then the table.",
            LEARNED,
        ),
        Crash(
            "joined-with-other-axes",
            "RuntimeError",
            r"Tensors must have same number of dimensions",
            "`torch.cat` and its like put tensors beside each other. Tokens and places are to be added, with `+`: "
            "(B, T, D) and (T, D) broadcast.",
            LEARNED,
        ),
        Crash(
            "windows-for-tokens",
            "RuntimeError",
            r"size of tensor a \(3\) must match the size of tensor b \(2\) at non-singleton dimension 1",
            "Two rows came out of the position table for windows of 3 tokens. T is the number of tokens in a window, "
            "`ids.shape[1]`; `len(ids)` and `ids.shape[0]` are the number of windows.",
            LEARNED,
        ),
        Crash(
            "whole-position-table",
            "RuntimeError",
            r"size of tensor a \(3\) must match the size of tensor b \(6\) at non-singleton dimension 1",
            "The text has 3 tokens and the position table 6 rows. A text of T tokens gets the first T rows: "
            "`position_table[:T]`.",
            LEARNED,
        ),
    ),
)
