"""Three matrices of a head that looks one token back, to be built: the head is run on fixed and random tokens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.tensors import tensor
from llmlab.exercises.lesson_06.common import attention, shape_of
from llmlab.exercises.lesson_06.sections import HAND, QKV, STABLE

_IDS = (2, 0, 3, 3, 1, 2)  # 4 tokens in 6 positions; 3 stands twice in a row, 2 first and last
_SURE = 0.9
_MOST_POSITIONS = 32  # what the exercise promises to stay within


def _projected(n_vocab: int, matrices: list[Tensor], ids: list[int]) -> list[Tensor]:
    """Queries, keys and values of one-hot tokens and positions."""
    n_positions = len(matrices[0]) - n_vocab
    token = one_hot(torch.tensor(ids), n_vocab)
    position = one_hot(torch.arange(len(ids)), n_positions)
    x = torch.cat([token, position], dim=1).double()
    return [x @ W for W in matrices]


def _head_result(n_vocab: int, matrices: list[Tensor], ids: list[int]) -> tuple[Tensor, Tensor]:
    """Context and weights of a head over one-hot tokens and positions."""
    return attention(*_projected(n_vocab, matrices, ids))


def _best(n_vocab: int, matrices: list[Tensor], ids: list[int]) -> Tensor:
    """Which keys have the highest score of their row, several where they are equal: (T, T), bool.

    Among these the weight is shared, the more evenly the larger the queries become: no larger number parts them.
    """
    q, k, _ = _projected(n_vocab, matrices, ids)
    scores = q @ k.T
    return scores >= scores.max(-1, keepdim=True).values - 1e-6 * scores.abs().max()


def _copies(n_vocab: int, matrices: list[Tensor], ids: list[int]) -> bool:
    context, weights = _head_result(n_vocab, matrices, ids)
    wanted = one_hot(torch.tensor(ids[:-1]), n_vocab)
    return bool((weights.diagonal(-1) >= _SURE).all() and ((context[1:] - wanted).abs() <= 1 - _SURE).all())


def _check_previous_token_head(previous_token_head: Probe) -> Iterator[str]:
    def build(n_vocab: int, n_positions: int, **options: Any) -> list[Tensor]:
        got = previous_token_head(n_vocab, n_positions, **options)
        call = f"{previous_token_head.name}({n_vocab}, {n_positions})"
        if not isinstance(got, list) or len(got) != 3:
            raise Wrong("not-three", f"`{call}` gave `{show(got)}`.")
        matrices: list[Tensor] = []
        rows = n_vocab + n_positions
        for name, W, columns in zip(
            ("W_query", "W_key", "W_value"), map(tensor, got), (n_positions, n_positions, n_vocab), strict=True
        ):
            if W is None or W.shape != (rows, columns):
                raise Wrong("other-shapes", f"In `{call}`, {name} has {shape_of(W)}, expected {(rows, columns)}.")
            if not W.isfinite().all():
                raise Wrong("not-finite", f"In `{call}`, {name} holds inf or nan.")
            matrices.append(W)
        return matrices

    matrices, ids = build(4, 6), list(_IDS)
    context, weights = _head_result(4, matrices, ids)
    if not (weights.diagonal(-1) >= _SURE).all():
        shares = ", ".join(f"{share:.2f}" for share in weights.diagonal(-1).tolist())
        shown = f"For the tokens {ids}, the shares that go to the previous position are {shares}, from the second on."
        found = _head_misconception(matrices)
        if found in ("other-places", "same-for-all", "looks-at-tokens") and _leaves_out_the_offset(matrices):
            found = "rows-of-the-tokens"
        raise Wrong(found, shown)
    yield "6 positions: each looks at the one before it"
    if not _copies(4, matrices, ids):
        told = matrices[2]
        misconception = "position-told" if told[4:].any() else "token-garbled" if told[:4].any() else "nothing-told"
        raise Wrong(misconception, f"For the tokens {ids}, the context of the second is `{show(context[1].tolist())}`.")
    yield "and takes over its token"

    matrices = build(9, _MOST_POSITIONS)
    ids = [5 * position % 9 for position in range(_MOST_POSITIONS)]  # every token
    weights = _head_result(9, matrices, ids)[1]
    share = float(weights.diagonal(-1).min())
    if share < _SURE:
        alone = torch.ones(_MOST_POSITIONS - 1).diag(-1)[1:].bool()
        raise Wrong(
            "too-soft" if torch.equal(_best(9, matrices, ids)[1:], alone) else "tied-to-the-example",
            f"With {_MOST_POSITIONS} positions the smallest share that goes to the previous one is {share:.2f}.",
        )
    if not _copies(9, matrices, ids):
        raise Wrong(
            "tied-to-the-example", f"With 9 tokens and {_MOST_POSITIONS} positions, some tokens are not copied."
        )
    yield f"9 tokens in {_MOST_POSITIONS} positions"
    fresh = random.Random()
    for _ in range(10):
        n_vocab, n_positions = fresh.sample(range(2, 12), 2)
        ids = [fresh.randrange(n_vocab) for _ in range(fresh.randint(2, n_positions))]
        if not _copies(n_vocab, build(n_vocab, n_positions, shown="random sizes", fresh=True), ids):
            raise Wrong("tied-to-the-example")
    yield "fresh tokens, sizes and lengths"


def _leaves_out_the_offset(matrices: list[Tensor]) -> bool:
    """Whether the example would look at the previous token if the rows of query, key or both began at n_vocab.

    A matrix whose rows of the tokens are empty does begin there already.
    """
    lower = [torch.cat([torch.zeros(4, 6), W[:6]]).double() if W[:4].any() else None for W in matrices[:2]]
    for query, key in ((lower[0], matrices[1]), (matrices[0], lower[1]), (lower[0], lower[1])):
        if query is not None and key is not None:
            _, weights = _head_result(4, [query, key, matrices[2]], list(_IDS))
            if (weights.diagonal(-1) > 1 / len(_IDS)).all():
                return True
    return False


def _head_misconception(matrices: list[Tensor]) -> str:
    """Which idea leads to these matrices, seen in what they do with the six tokens in `_IDS`."""
    best = _best(4, matrices, list(_IDS))
    if best.all():
        return "no-preference"
    of_tokens = matrices[0][:4].any() and matrices[1][:4].any()
    if of_tokens and best[0].nonzero().flatten().tolist() == [0, 5]:  # the two places with the first token
        return "looks-at-tokens"
    places = torch.eye(len(best), dtype=torch.bool)
    if torch.equal(best[1:], places[:-1]):
        return "too-soft"
    if best.diagonal(-1).all():
        return "several-places"
    if torch.equal(best[:-1], places[1:]):
        return "next-token"
    if torch.equal(best, places):
        return "own-position"
    if (best[1:] == best[1]).all() and best[1].sum() == 1:
        return "same-for-all"
    return "other-places"


EXERCISE = Exercise(
    kind="function",
    examine=_check_previous_token_head,
    means="Where to look and what to tell are two separate things: here positions decide the first, tokens the second.",
    hints=(
        "A token at position 3 should find position 2. What must its query be, if the key of position 2 is the one-hot "
        "vector number 2?",
        "Rows from n_vocab on belong to the positions. Let W_key pass the position on as it is, and W_query move it "
        "back by one and make it large; W_value passes on the token part.",
        "In a loop over the positions: `W_key[n_vocab + position, position] = 1`, and for position > 0 also "
        "`W_query[n_vocab + position, position - 1] = 20 * n_positions**0.5`; after it `W_value[:n_vocab] = "
        "torch.eye(n_vocab)`.",
    ),
    crashes=(
        Crash(
            "identity-of-another-size",
            "RuntimeError",
            r"The expanded size of the tensor",
            "What is put into a matrix does not have the shape of its place. From row n_vocab on, W_query and W_key "
            "hold n_positions rows of n_positions numbers; the first n_vocab rows of W_value hold n_vocab numbers "
            "each.",
            HAND,
        ),
        Crash(
            "one-row-too-far",
            "IndexError",
            r"is out of bounds for dimension",
            "A row or column was named that the matrix does not have. Positions run from 0 to n_positions - 1; their "
            "rows from n_vocab to n_vocab + n_positions - 1, their columns from 0 to n_positions - 1.",
            HAND,
        ),
        Crash(
            "loop-over-a-number",
            "TypeError",
            r"'int' object is not iterable",
            "n_positions is a number. A loop over all positions is `for position in range(n_positions)`.",
            HAND,
        ),
    ),
    variant="Change one line so that each token copies the one two places back. And what would you change to copy the "
    "first token of the text, always?",
    misconceptions={
        "next-token": Misconception(
            "The head looks one place ahead. The query of position i must match the key of position i - 1.", HAND
        ),
        "own-position": Misconception(
            "Each token looks at itself: query and key report the same position. One of them has to be shifted by one.",
            HAND,
        ),
        "looks-at-tokens": Misconception(
            "The head looks for equal tokens, as the example above. Here the token part of query and key stays zero: "
            "the rows from n_vocab on, the positions, decide.",
            HAND,
        ),
        "rows-of-the-tokens": Misconception(
            "The numbers stand in the rows of the tokens. Position p has row n_vocab + p in W_query and W_key; the "
            "rows above belong to the tokens and stay zero.",
            HAND,
        ),
        "too-soft": Misconception(
            "It looks the right way, but not surely enough: the score is divided by √d, and the others still get their "
            "share. Make the queries, or the keys, larger.",
            HAND,
        ),
        "several-places": Misconception(
            "The previous place has the highest score, but not alone: others have the same, and share with it however "
            "large the numbers are. The query of position i must match one key only, that of position i - 1.",
            HAND,
        ),
        "no-preference": Misconception(
            "All tokens get the same share: every score is the same. Both W_query and W_key need numbers that are not "
            "zero, in the rows of the positions.",
            HAND,
        ),
        "same-for-all": Misconception(
            "All tokens from the second on look at the same place. Does what W_query reports depend on the position?",
            HAND,
        ),
        "other-places": Misconception("The head looks at other places than the previous ones.", HAND),
        "position-told": Misconception(
            "The right place is found, but what is told contains the position. W_value should pass on the token part "
            "alone: its rows from n_vocab on stay zero.",
            HAND,
        ),
        "nothing-told": Misconception(
            "The right place is found, and nothing is told: W_value is still all zeros.", QKV
        ),
        "token-garbled": Misconception(
            "The right place is found, but its token does not come through as it is: W_value[:n_vocab] should be the "
            "identity.",
            HAND,
        ),
        "other-shapes": Misconception("A matrix does not have the shape that the exercise asks for.", HAND),
        "not-finite": Misconception(
            "A matrix holds inf or nan; multiplied by zero it gives nan. A large number will do.", STABLE
        ),
        "not-three": Misconception("The function gives back W_query, W_key and W_value."),
        "tied-to-the-example": Misconception(
            "It works for the small example, but not for other sizes. Is a size or a token written into the code?", HAND
        ),
    },
)
