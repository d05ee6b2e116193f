"""The six exercises of lesson 04, embeddings: what each check tries, what it recognises, what it says.

Expected values come from the definitions, with plain sums. One small case, written out in numbers, comes first, so that
a message shows the same every time; fresh random cases follow and decide, and their message shows no numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Opaque, Probe, Raised, Wrong, show

LOOKUP = "One-hot times matrix is a lookup"
MOVES = "How the table starts, and which rows move"
NEIGHBOURS = "Meaning from neighbours: word2vec"
COSINE = "Near in direction: the cosine"
ORDER = "Order is lost"
PLACES = "Positions: learned, sinusoidal, rotary"


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(random.Random().getrandbits(60))


def _table(n_rows: int, width: int, first: int) -> Tensor:
    """Numbers that no two rows and no two tables share: `first`, then half a step more at each entry, signs mixed."""
    entries = [(first + i / 2) * (-1) ** (i * (i + 1) // 2) for i in range(n_rows * width)]
    return torch.tensor(entries).reshape(n_rows, width)


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers, or None where they are ragged or hold something else."""
    if isinstance(value, int | float):
        return ()
    if not isinstance(value, list):
        return None
    shapes = {_shape(item) for item in value}
    inner = shapes.pop() if shapes else ()
    return None if shapes or inner is None else (len(value), *inner)


def _close(got: Any, expected: Any) -> bool:
    """Whether nested lists of numbers agree: same shape, and each entry within rounding of float32."""
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(map(_close, got, expected))
    return isinstance(got, int | float) and math.isclose(got, expected, rel_tol=1e-4, abs_tol=1e-4)


# 04.1 ------------------------------------------------------------------------------------------------------------


def _one_hot(ids: list[int], vocab_size: int) -> list[list[float]]:
    return [[float(v == token_id) for v in range(vocab_size)] for token_id in ids]


def _check_one_hot(one_hot_and_rows: Probe) -> Iterator[str]:
    def compare(ids: list[int], weight: Tensor, shown: str, is_fresh: bool) -> None:
        got = one_hot_and_rows(torch.tensor(ids), weight, shown=shown, fresh=is_fresh)
        wrong = _one_hot_misconception(got, ids, weight)
        if wrong:
            misconception = "tied-to-the-example" if is_fresh else wrong
            seen = "" if is_fresh else f"`{shown}`, with a table of 5 rows of 2, gave `{show(got)}`."
            raise Wrong(misconception, seen)

    compare([3, 1, 3], _table(5, 2, 1), f"{one_hot_and_rows.name}(ids=[3, 1, 3], weight (5, 2))", False)
    yield "ids [3, 1, 3] in a table of 5 rows"
    compare([0], _table(4, 3, 1), f"{one_hot_and_rows.name}(ids=[0], weight (4, 3))", False)
    yield "a single id"
    fresh = random.Random()
    for _ in range(10):
        T, D, V = fresh.sample(range(2, 9), 3)
        ids = [fresh.randrange(V) for _ in range(T)]
        compare(ids, torch.randn(V, D, generator=_generator()), "a random table", True)
    yield "fresh random tables"


def _one_hot_misconception(got: Any, ids: list[int], weight: Tensor) -> str:
    T, (V, D) = len(ids), weight.shape
    if not isinstance(got, list) or len(got) != 2:
        return "not-a-pair"
    one_hot, rows = got
    true = _one_hot(ids, V)
    shape = _shape(one_hot)
    if shape == (V,):
        return "one-vector-for-all"
    if shape == (V, T) != (T, V) and _close(one_hot, torch.tensor(true).T.tolist()):
        return "axes-swapped"
    if _shape(rows) == (T, V) and shape == (T, D):
        return "pair-turned-round"
    if shape != (T, V):
        return "not-one-hot"
    if not _close(one_hot, true):
        named = {
            "ids-as-numbers": [[entry * token_id for entry in row] for row, token_id in zip(true, ids, strict=True)],
            "place-for-id": _one_hot([place % V for place in range(T)], V),
            "ids-from-one": _one_hot([token_id - 1 for token_id in ids], V),
            "ids-from-one ": _one_hot([(token_id - 1) % V for token_id in ids], V),
            "ids-from-one  ": _one_hot([token_id + 1 for token_id in ids], V),
            "several-ones": [[float(v in ids) for v in range(V)]] * T,
            "several-ones ": [[1.0] * V] * T,
        }
        return next((name.strip() for name, value in named.items() if _close(one_hot, value)), "not-one-hot")
    return "" if _close(rows, [weight[token_id].tolist() for token_id in ids]) else "rows-are-no-product"


ONE_HOT = Exercise(
    id="04.1",
    title="Prove it: one-hot times matrix",
    kind="function",
    examine=_check_one_hot,
    means="An embedding is a lookup: the product and `weight[ids]` agree to the last number. Nothing is encoded.",
    hints=(
        "The one-hot matrix has a row for each of the T ids and a column for each of the V tokens. In row t, which "
        "column holds the 1?",
        "Start from `torch.zeros(T, V)` and set one entry a row: row t, column ids[t]. Then `one_hot @ weight`.",
        "`one_hot[torch.arange(len(ids)), ids] = 1.0` and `rows = one_hot @ weight`.",
    ),
    variant="Compare `ids[:, None] == torch.arange(len(weight))`: why is that the same matrix?",
    misconceptions={
        "not-a-pair": Misconception(
            "The function gives two things back: `return one_hot, rows`, a matrix (T, V) and a matrix (T, D).", LOOKUP
        ),
        "pair-turned-round": Misconception(
            "Both are there, but in the wrong order: the one-hot matrix comes first, then the rows.", LOOKUP
        ),
        "axes-swapped": Misconception(
            "The matrix lies on its side: one row for each id, one column for each token, (T, V).", LOOKUP
        ),
        "one-vector-for-all": Misconception(
            "A single vector cannot say which id stands where: each id gets a one-hot row of its own.", LOOKUP
        ),
        "ids-as-numbers": Misconception(
            "The entries are the ids. An id is a place and not a quantity: the entry is 1, whatever the id.", LOOKUP
        ),
        "place-for-id": Misconception(
            "The 1 of row t stands in column t. It belongs in column ids[t]: that picks row ids[t] of the table.",
            LOOKUP,
        ),
        "ids-from-one": Misconception(
            "The 1 stands one column beside the id: ids count from 0, as columns do.", LOOKUP
        ),
        "several-ones": Misconception("A row holds more than a single 1, so that several rows are added up.", LOOKUP),
        "not-one-hot": Misconception(
            "The first result is not the one-hot matrix: shape (T, V), a 1 in row t at column ids[t], 0 elsewhere.",
            LOOKUP,
        ),
        "rows-are-no-product": Misconception(
            "The one-hot matrix is right, but the rows are not `one_hot @ weight`, of shape (T, D).", LOOKUP
        ),
        "tied-to-the-example": Misconception(
            "It works for the examples, but not for tables of other sizes. Is a size written into the code?", LOOKUP
        ),
    },
)


# 04.2 ------------------------------------------------------------------------------------------------------------


def _check_rows_that_move(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    rows = answer if isinstance(answer, list) else [answer]
    rows = [row for item in rows for row in (item if isinstance(item, list) else [item])]
    # A mask of seven True and False holds numbers too, as Python counts.
    if not rows or not all(isinstance(row, int | float) and not isinstance(row, bool) for row in rows):
        raise Wrong("not-rows", shown)
    found = set(rows)
    named = {
        "every-row": [set(range(7)), set(range(1, 8))],
        "untouched-rows": [{1, 3, 4, 6}],
        "places-for-ids": [{0, 1}, {0, 1, 2, 3}],
        "only-once": [{0, 2}],
        "only-twice": [{5}],
        "counted-from-one": [{1, 3, 6}],
    }
    if found != {0, 2, 5}:
        raise Wrong(next((name for name, sets in named.items() if found in sets), "count-again"), shown)
    yield "rows 0, 2 and 5"


ROWS_THAT_MOVE = Exercise(
    id="04.2",
    title="Which rows move?",
    kind="value",
    examine=_check_rows_that_move,
    means="Only rows that were looked up get gradient; row 5, looked up twice, gets two shares. The others stay as "
    "they were drawn.",
    hints=(
        "In the product one-hot times matrix, by what is row 6 of the matrix multiplied?",
        "A row that is multiplied by zeros has no part in the result, so changing it changes nothing: its gradient is "
        "zero.",
        "The ids that occur in the batch, each once: 0, 2 and 5.",
    ),
    variant="AdamW also shrinks every weight a little each step. Which rows move then?",
    misconceptions={
        "every-row": Misconception(
            "The loss depends only on the rows that were looked up. The others are multiplied by zeros: their "
            "gradient is zero, and plain gradient descent leaves them where they are.",
            MOVES,
        ),
        "untouched-rows": Misconception("Those are the rows that stay: the ones that were not looked up.", MOVES),
        "places-for-ids": Misconception(
            "Those are places in the batch. What is looked up is the row with the number of the id that stands there.",
            MOVES,
        ),
        "only-once": Misconception("Row 5 is looked up twice. Its two shares are added up; they do not cancel.", MOVES),
        "only-twice": Misconception("Once is enough: ids 0 and 2 are looked up too.", MOVES),
        "counted-from-one": Misconception(
            "Each number is one too high: ids and rows are both counted from 0, so id 2 looks up row 2.", MOVES
        ),
        "not-rows": Misconception("The answer is a list of row numbers, such as `[1, 4]`."),
        "count-again": Misconception("List the different ids of the batch: those rows are looked up.", MOVES),
    },
)


# 04.3 ------------------------------------------------------------------------------------------------------------


def _log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x)) if x >= 0 else x - math.log1p(math.exp(x))


def _dots(word: Tensor, context: Tensor, noise: Tensor) -> tuple[float, list[float]]:
    """Scores in double precision: with the neighbour, and with each noise word."""
    w = word.double().tolist()

    def dot(vector: list[float]) -> float:
        return sum(a * b for a, b in zip(w, vector, strict=True))

    return dot(context.double().tolist()), [dot(vector) for vector in noise.double().tolist()]


def _loss(near: float, far: list[float]) -> float:
    return -_log_sigmoid(near) - sum(_log_sigmoid(-score) for score in far)


_LOSS_MODELS: dict[str, list[Callable[[float, list[float]], float]]] = {
    "neighbours-pushed-apart": [
        lambda near, far: -_log_sigmoid(-near) - sum(map(_log_sigmoid, far)),
        lambda near, far: -_log_sigmoid(-near) - sum(_log_sigmoid(-score) for score in far),
    ],
    "noise-pulled-in": [lambda near, far: -_log_sigmoid(near) - sum(map(_log_sigmoid, far))],
    "minus-outside": [
        lambda near, far: -_log_sigmoid(near) + sum(map(_log_sigmoid, far)),
        lambda near, far: -_log_sigmoid(near) - sum(1 - _log_sigmoid(score) for score in far),
    ],
    "minus-missing": [
        lambda near, far: -_loss(near, far),
        lambda near, far: -_log_sigmoid(near) + sum(_log_sigmoid(-score) for score in far),
    ],
    "mean-over-noise": [
        lambda near, far: -_log_sigmoid(near) - sum(_log_sigmoid(-score) for score in far) / len(far),
        lambda near, far: _loss(near, far) / (1 + len(far)),
    ],
    "noise-left-out": [
        lambda near, far: -_log_sigmoid(near),
        lambda near, far: -_log_sigmoid(near) - _log_sigmoid(-far[0]),
    ],
    "neighbour-left-out": [lambda near, far: -sum(_log_sigmoid(-score) for score in far)],
    "sum-inside-the-sigmoid": [lambda near, far: -_log_sigmoid(near) - _log_sigmoid(-sum(far))],
    "logarithm-missing": [
        lambda near, far: -math.exp(_log_sigmoid(near)) - sum(math.exp(_log_sigmoid(-score)) for score in far)
    ],
    "sigmoid-missing": [lambda near, far: sum(far) - near, lambda near, far: near - sum(far)],
}


def _pair() -> tuple[Tensor, Tensor, Tensor]:
    """Numbers for which all the mistakes above give losses that can be told apart."""
    return torch.tensor([1.5, 1.5]), torch.tensor([1.5, -1.0]), torch.tensor([[1.0, 1.0], [0.5, 1.0], [-1.0, 1.0]])


def _noise_meets_context(word: Tensor, context: Tensor, noise: Tensor) -> float:
    return _loss(_dots(word, context, noise)[0], _dots(context, word, noise)[1])


def _loss_gradients(result: Any, args: tuple) -> list[bool]:
    """For each of the three arguments, whether gradient reaches it."""
    if not (isinstance(result, Tensor) and result.requires_grad):
        raise Wrong("no-gradient", "The loss does not lead back to the vectors, so `loss.backward()` cannot train.")
    gradients = torch.autograd.grad(result.sum(), args, allow_unused=True)
    return [gradient is not None and bool(gradient.abs().sum() > 0) for gradient in gradients]


def _check_skip_gram_loss(skip_gram_loss: Probe) -> Iterator[str]:
    vectors = _pair()
    call = f"{skip_gram_loss.name}(word (2,), context (2,), noise (3, 2))"
    got = skip_gram_loss(*vectors, shown=call)
    near, far = _dots(*vectors)
    expected = _loss(near, far)
    shown = f"On a small pair with 3 noise words it gave `{show(got)}`; the formula gives {expected:.4f}."
    while isinstance(got, list) and len(got) == 1:  # a number with an axis of length one
        got = got[0]
    if not isinstance(got, int | float):
        raise Wrong("not-a-number", shown)
    if not _close(got, expected):
        agrees = [name for name, models in _LOSS_MODELS.items() for model in models if _close(got, model(near, far))]
        if not agrees and _close(got, _noise_meets_context(*vectors)):
            agrees = ["noise-meets-context"]
        raise Wrong(agrees[0] if agrees else "other-loss", shown)
    yield "one pair by the formula"
    leaves = tuple(vector.clone().requires_grad_() for vector in vectors)
    reaches = skip_gram_loss(*leaves, shown=call, read=_loss_gradients)
    if not all(reaches):
        raise Wrong("no-gradient", "At least one of word, context and noise gets no gradient.")
    yield "gradient for word, context and noise"
    fresh = random.Random()
    for _ in range(10):
        D, K = fresh.sample(range(1, 9), 2)
        # Scores near 1: for large ones `log(1 - sigmoid(x))`, which is right too, runs out of digits.
        word, context = torch.randn(2, D, generator=_generator()) / D**0.25
        noise = torch.randn(K, D, generator=_generator()) / D**0.25
        got = skip_gram_loss(word, context, noise, shown="a random pair", fresh=True)
        while isinstance(got, list) and len(got) == 1:
            got = got[0]
        if not _close(got, _loss(*_dots(word, context, noise))):
            raise Wrong("tied-to-the-example")
    yield "fresh random pairs of other sizes"


SKIP_GRAM_LOSS = Exercise(
    id="04.3",
    title="Write the loss of one pair",
    kind="function",
    examine=_check_skip_gram_loss,
    means="Going down this loss makes the dot product of neighbours large, and that with noise words small. All of "
    "word2vec's meaning comes from this one line.",
    hints=(
        "There are 1 + K questions of the form 'are these two neighbours?'. What is the right answer to each?",
        "The score of the true pair is `word @ context`, those of the noise words are `noise @ word`, K numbers. A "
        "high score is right for the first and wrong for the others: turn the sign of the latter.",
        "`return -logsigmoid(word @ context) - logsigmoid(-(noise @ word)).sum()`",
    ),
    variant="Write it with `binary_cross_entropy_with_logits(scores, labels, reduction='sum')`.",
    misconceptions={
        "neighbours-pushed-apart": Misconception(
            "The sign of the neighbour's score is the wrong way round: this loss falls when the dot product of "
            "neighbours becomes small. word2vec makes it large.",
            NEIGHBOURS,
        ),
        "noise-pulled-in": Misconception(
            "Noise words are treated as neighbours: their dot products would grow too, and everything would become "
            "alike. For them the right answer is no: logsigmoid of minus the score.",
            NEIGHBOURS,
        ),
        "minus-missing": Misconception(
            "A minus is missing: a loss is minus the log of a probability, so each of its terms is positive.",
            NEIGHBOURS,
        ),
        "minus-outside": Misconception(
            "For a noise word the right answer is no, with the probability 1 − σ(x) = σ(−x). The change of sign comes "
            "before the logarithm: `logsigmoid(-x)`, and not minus `logsigmoid(x)`.",
            NEIGHBOURS,
        ),
        "mean-over-noise": Misconception("The formula sums over the noise words; yours takes a mean.", NEIGHBOURS),
        "noise-left-out": Misconception(
            "Noise words are missing. With true pairs alone, saying yes to everything would be perfect.", NEIGHBOURS
        ),
        "neighbour-left-out": Misconception("The true neighbour has no part in this loss.", NEIGHBOURS),
        "sum-inside-the-sigmoid": Misconception(
            "The noise scores are added up before the sigmoid. Each is a question of its own: first logsigmoid, then "
            "the sum.",
            NEIGHBOURS,
        ),
        "logarithm-missing": Misconception(
            "These are probabilities without their logarithm: binary cross-entropy takes the log.", NEIGHBOURS
        ),
        "sigmoid-missing": Misconception(
            "These are bare dot products. Without the sigmoid the loss has no floor: all numbers would grow for ever.",
            NEIGHBOURS,
        ),
        "noise-meets-context": Misconception(
            "The noise words are scored against `context`. Every question is put to the centre: their scores are dot "
            "products with `word`.",
            NEIGHBOURS,
        ),
        "not-a-number": Misconception(
            "The loss is one number. A dot product adds up its D products, and the loss its K noise terms.", NEIGHBOURS
        ),
        "no-gradient": Misconception(
            "The number is right, but it cannot train all three: keep it a tensor, without `.item()` or `detach()`.",
            NEIGHBOURS,
        ),
        "other-loss": Misconception(
            "This is not the loss of the formula: minus logsigmoid of the neighbour's score, minus the sum of "
            "logsigmoid of minus each noise score.",
            NEIGHBOURS,
        ),
        "tied-to-the-example": Misconception(
            "It works for the example, but not for vectors of other sizes. Is a size written into the code?", NEIGHBOURS
        ),
    },
)


# 04.4 ------------------------------------------------------------------------------------------------------------


def _check_what_was_learned(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    if not (isinstance(answer, list) and len(answer) == 3):
        raise Wrong("not-three-answers", shown)
    nearer, cosine, word = (item.strip().lower() if isinstance(item, str) else item for item in answer)
    if nearer not in ("barks", "cat") or not isinstance(word, str):
        raise Wrong("not-three-answers", shown)
    if nearer == "barks":
        raise Wrong("beside-is-alike", shown)
    yield "in place of each other, not beside each other"
    if cosine not in (1, 0, -1, "1", "0", "-1"):
        raise Wrong("not-three-answers", shown)
    if int(cosine) != 1:
        raise Wrong("opposite-meaning-opposite-vector" if int(cosine) == -1 else "antonyms-unrelated", shown)
    yield "opposites are near"
    if word != "queen":
        near = {"king", "man", "woman"}
        raise Wrong("start-word" if word in near else "other-word", shown)
    yield "queen"


WHAT_WAS_LEARNED = Exercise(
    id="04.4",
    title="Predict: what has been learned?",
    kind="value",
    examine=_check_what_was_learned,
    means="The vectors know use: words that can stand in each other's place lie near, opposites among them, and a "
    "difference in use that returns, royal or not, male or female, is a direction.",
    hints=(
        "A true pair is a centre vector and a context vector. Which two words, then, get similar centre vectors?",
        "Two words get similar vectors when they have the same neighbours. *Happy* and *sad* both stand after *is*.",
        '`"cat", 1, "queen"`',
    ),
    variant="Which word is nearest to kings - king + boy? Ask `model.analogy`, with several seeds. Always the same?",
    misconceptions={
        "beside-is-alike": Misconception(
            "Standing side by side makes a *centre* vector fit a *context* vector, in the other matrix. Two word "
            "vectors become alike when the words have the same neighbours, so that one could stand for the other.",
            COSINE,
        ),
        "opposite-meaning-opposite-vector": Misconception(
            "Opposites in meaning are used alike: whoever is happy could be sad in the same sentence. Same neighbours, "
            "so nearly the same vector.",
            COSINE,
        ),
        "antonyms-unrelated": Misconception(
            "The two have the same neighbours, and training sees nothing else: their vectors come to lie close.", COSINE
        ),
        "start-word": Misconception(
            "That word is one of the three, and they are left out. Male becomes female, royal stays.", COSINE
        ),
        "other-word": Misconception(
            "The step from man to woman changes male to female and leaves royal and adult as they are.", COSINE
        ),
        "not-three-answers": Misconception(
            'The answer has three parts: `"barks"` or `"cat"`, one of `1`, `0`, `-1`, and a word in quotes.'
        ),
    },
)


# 04.5 ------------------------------------------------------------------------------------------------------------


def _mix(x: Tensor) -> Tensor:
    return torch.softmax(x @ x.T, dim=-1) @ x


_EQUIVARIANT: dict[str, Callable[[Tensor], Tensor]] = {"softmax(x xᵀ) x": _mix, "x * x": lambda x: x * x}
_INVARIANT: dict[str, Callable[[Tensor], Tensor]] = {
    "x.mean(0)": lambda x: x.mean(dim=0),
    "x.sort(0)": lambda x: x.sort(dim=0).values,
}
_NEITHER: dict[str, Callable[[Tensor], Tensor]] = {
    "x.cumsum(0)": lambda x: x.cumsum(dim=0),
    "x + places": lambda x: x + torch.arange(len(x))[:, None],
    "x.flip(0)": lambda x: x.flip(0),
}


def _check_permutation_test(permutation_test: Probe) -> Iterator[str]:
    def said(f: Callable[[Tensor], Tensor], name: str, T: int, D: int, order: list[int]) -> Any:
        x = torch.randn(T, D, generator=_generator())
        try:
            answer = permutation_test(f, x, torch.tensor(order), shown=f"{permutation_test.name}({name}, x, order)")
        except Raised as raised:
            if name == "x.mean(0)" and "raised IndexError" in str(raised):  # D numbers, looked up at T places
                raise Wrong("mean-not-recognised", str(raised)) from None
            raise
        if not isinstance(answer, str):
            raise Wrong("not-a-word", f"For `{name}` it gave `{show(answer)}`.")
        return answer.strip().lower()

    order = [2, 0, 1, 4, 5, 3, 6]  # two cycles of three: doing it twice is not the same as not doing it
    # T above D: a result of D numbers cannot be taken for T rows.
    families = (("equivariant", _EQUIVARIANT), ("invariant", _INVARIANT), ("neither", _NEITHER))
    answers = {
        name: (kind, said(f, name, 7, 3, order)) for kind, functions in families for name, f in functions.items()
    }
    if len({answer for _, answer in answers.values()}) == 1:
        _, answer = answers["x.mean(0)"]
        if answer not in ("equivariant", "invariant", "neither"):
            raise Wrong("not-a-word", f"It always gave `{show(answer)}`.")
        raise Wrong("always-the-same", f"For all {len(answers)} functions it gave `{show(answer)}`.")
    pattern = {name: answer for name, (_, answer) in answers.items()}
    wrong = [name for name, (kind, answer) in answers.items() if kind != answer]
    if wrong:
        name = wrong[0]
        kind, answer = answers[name]
        raise Wrong(
            _permutation_misconception(pattern, kind, answer),
            f"For `{name}` it gave `{show(answer)}`: that function is {'' if kind != 'neither' else 'neither: '}"
            f"{kind if kind != 'neither' else 'the places themselves matter'}.",
        )
    yield f"{len(answers)} functions, attention without positions among them"

    fresh = random.Random()
    for _ in range(5):
        T, D = fresh.randint(6, 9), fresh.randint(2, 5)
        for kind, functions in families:
            for name, f in functions.items():
                shuffled = list(range(T))
                while not _tells_apart(shuffled):
                    fresh.shuffle(shuffled)
                if said(f, name, T, D, shuffled) != kind:
                    raise Wrong("tied-to-the-example", f"For `{name}` with other sizes it said something else.")
    yield "fresh random rows and orders"


def _tells_apart(order: list[int]) -> bool:
    """Not the order as it was, not its own inverse, and not one that `x.flip(0)` happens to be equivariant for."""
    as_it_was, twice = sorted(order), [order[place] for place in order]
    mirrored = [len(order) - 1 - place for place in order]
    return order != as_it_was and twice != as_it_was and mirrored != order[::-1]


def _permutation_misconception(pattern: dict[str, str], kind: str, answer: str) -> str:
    attention, average = pattern["softmax(x xᵀ) x"], pattern["x.mean(0)"]
    if attention == "invariant" and average == "equivariant":
        return "names-swapped"
    if attention == "invariant":
        return "attention-called-invariant"
    if not {*pattern.values()} <= {"equivariant", "invariant", "neither"}:
        return "not-a-word"
    if attention == "neither" == pattern["x * x"]:
        return "order-not-applied"
    if kind == "neither":
        return "compares-too-little"
    return "other-verdict"


PERMUTATION_TEST = Exercise(
    id="04.5",
    title="The permutation test",
    kind="function",
    examine=_check_permutation_test,
    means="Attention without positions is equivariant, not invariant: each row's result moves with its row. Where the "
    "rows stood plays no part, and that is why positions are needed.",
    hints=(
        "What would f(x[order]) have to be equal to, if shuffling first and shuffling afterwards came to the same?",
        "`before` is f of the rows as they were. Invariant: `after` equals `before`. Equivariant: `after` equals "
        "`before` with its rows shuffled in the same way.",
        '`if torch.allclose(after, before[order], atol=1e-5): return "equivariant"`, after the test for "invariant".',
    ),
    variant="Which is `lambda x: torch.softmax(x @ x.T, dim=-1) @ x + positions`, for positions of shape (T, D)?",
    misconceptions={
        "names-swapped": Misconception(
            "The two names have changed places: invariant = the result stays as it is; equivariant = its rows move "
            "with the rows of the input.",
            ORDER,
        ),
        "attention-called-invariant": Misconception(
            "Attention is called invariant. Its result does change when rows are shuffled: the rows of the result are "
            "shuffled too. That is equivariant; invariant would be a result that does not change at all.",
            ORDER,
        ),
        "mean-not-recognised": Misconception(
            "The mean of the rows is not recognised as invariant, and it has no T rows that could be shuffled. Ask for "
            "invariance first, with `torch.allclose(..., atol=1e-5)`: not every digit stays the same.",
            ORDER,
        ),
        "order-not-applied": Misconception(
            "A function that treats every row alike comes out as neither. Compare f(x[order]) with f(x)[order]: the "
            "result of the unshuffled rows, shuffled afterwards by the same order (not by its inverse).",
            ORDER,
        ),
        "compares-too-little": Misconception(
            "A function in which places matter passes as order-blind. Compare all numbers at their places, not a "
            "sum, a shape or a single row.",
            ORDER,
        ),
        "always-the-same": Misconception("The answer does not depend on the function.", ORDER),
        "other-verdict": Misconception(
            "Ask first whether the result stays the same (invariant), then whether its rows are shuffled in the same "
            "way (equivariant); else neither. Compare with `torch.allclose(..., atol=1e-5)`.",
            ORDER,
        ),
        "not-a-word": Misconception('The answer is one of "invariant", "equivariant", "neither".', ORDER),
        "tied-to-the-example": Misconception(
            "It works for the first examples, but not for other sizes or orders. Is a size written into the code?",
            ORDER,
        ),
    },
)


# 04.6 ------------------------------------------------------------------------------------------------------------


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
        "places-backwards": looked_up + places[:T].flip(0),
        "last-places": looked_up + places[-T:],
        "product-for-sum": looked_up * places[:T],
    }


_TOO_LONG = Misconception(
    "A text longer than the context gets an answer. There is no row for those places: raise a ValueError.", PLACES
)


def _check_embed_input(embed_input: Probe) -> Iterator[str]:
    ids = [[4, 1, 0], [2, 2, 3]]  # B=2, T=3, V=5, context 6, D=2: the swapped tables run without an error
    tokens, places = _table(5, 2, 1), _table(6, 2, 40)
    call = f"{embed_input.name}(ids (2, 3), token_table (5, 2), position_table (6, 2))"
    got = _answer(embed_input, ids, tokens, places, shown=call)
    expected = _embedded(ids, tokens, places)
    shown = f"`{call}` gave `{show(got)}`, expected was `{show(expected)}`."
    if not _close(got, expected):
        if _shape(got) == (2, 3, 4) or _shape(got) == (2, 6, 2) or _shape(got) == (4, 3, 2):
            raise Wrong("joined-for-added", f"`{call}` gave a result of shape {_shape(got)}.")
        if _shape(got) == (3, 2):
            raise Wrong("one-window-for-all", f"`{call}` gave a result of shape (3, 2).")
        models = _embed_models(ids, tokens, places)
        agrees = [name for name, value in models.items() if _close(got, value.tolist())]
        raise Wrong(agrees[0] if agrees else "other-sum", shown)
    yield "tokens and places of a small batch"

    for ids in ([[1, 0, 1], [0, 0, 1]], [[1, 0], [0, 1], [1, 1], [0, 0]]):  # T above V, then B above T
        T = len(ids[0])
        tokens, places = _table(2, 3, 1), _table(T, 3, 40)
        call = f"{embed_input.name}(ids ({len(ids)}, {T}), token_table (2, 3), position_table ({T}, 3))"
        got = _answer(embed_input, ids, tokens, places, shown=call)
        if not _close(got, _embedded(ids, tokens, places)):
            raise Wrong("tied-to-the-example", f"`{call}` gave `{show(got)}`.")
    yield "texts as long as the context"

    fresh = random.Random()
    for _ in range(10):
        B, T, D, V = fresh.sample(range(2, 12), 4)
        context = fresh.randint(T, T + 4)
        ids = [[fresh.randrange(V) for _ in range(T)] for _ in range(B)]
        g = _generator()
        tokens, places = torch.randn(V, D, generator=g), torch.randn(context, D, generator=g)
        got = _answer(embed_input, ids, tokens, places, shown="a random batch", fresh=True)
        if not _close(got, _embedded(ids, tokens, places)):
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
        if "raised ValueError" not in str(raised) or "to unpack" in str(raised):  # B, T, D = ids.shape
            raise
        raise Wrong("fitting-text-refused", str(raised)) from None


def _require_refusal(embed_input: Probe, T: int) -> None:
    call = f"{embed_input.name}(ids (2, {T}), token_table (9, 2), position_table (3, 2))"
    ids = torch.arange(2 * T).reshape(2, T) % 9
    try:
        got = embed_input(ids, _table(9, 2, 1), _table(3, 2, 40), shown=call)
    except Wrong as wrong:
        if wrong.misconception == "returns-none":
            raise Wrong("too-long-answered", f"`{call}` gave `None`.") from None
        raise
    except Raised as raised:
        found = str(raised).partition(" raised ")[2]
        if not found.startswith("ValueError"):
            raise Wrong("other-error", f"{raised}") from None
        if found.startswith(("ValueError.", "ValueError: .")):
            raise Wrong("error-says-nothing", f"{raised}") from None
        return
    if isinstance(got, Opaque):
        raise Wrong(
            "error-returned" if got.type_name.endswith("Error") else "too-long-answered", f"`{call}` gave {got}."
        )
    shape = _shape(got)
    if shape is None:
        raise Wrong("too-long-answered", f"`{call}` gave `{show(got)}`.")
    name = "cut-silently" if shape == (2, 3, 2) else "too-long-answered"
    raise Wrong(name, f"`{call}` gave a result of shape {shape}: 3 places for {T} tokens.")


EMBED_INPUT = Exercise(
    id="04.6",
    title="Tokens and places, and a text that is too long",
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
            PLACES,
        ),
        "positions-missing": Misconception("The positions are missing: the result does not know the order.", ORDER),
        "tokens-missing": Misconception("Only the places are there: the tokens are missing.", PLACES),
        "place-by-id": Misconception(
            "The position table is looked up by id. A place is a number from 0 to T − 1, whatever token stands there.",
            PLACES,
        ),
        "place-by-window": Misconception(
            "Every token of a window got the same row, the one with the number of the window. Places run along T, "
            "not along B: `position_table[:T]` has shape (T, D) and broadcasts by itself.",
            PLACES,
        ),
        "places-from-one": Misconception("Places count from 0: the first token gets row 0.", PLACES),
        "same-place-for-all": Misconception("Every token got row 0 of the position table.", PLACES),
        "places-backwards": Misconception("The places run backwards.", PLACES),
        "last-places": Misconception("These are the last T rows of the position table: take the first T.", PLACES),
        "product-for-sum": Misconception("Tokens and places are multiplied; they are to be added.", PLACES),
        "joined-for-added": Misconception(
            "Tokens and places are put beside each other. They are added, number by number, and the width stays D.",
            PLACES,
        ),
        "one-window-for-all": Misconception("The windows are gone: the result has the shape (B, T, D).", PLACES),
        "other-sum": Misconception(
            "The entry for window b at place t is `token_table[ids[b, t]] + position_table[t]`.", PLACES
        ),
        "too-long-answered": _TOO_LONG,
        "cut-silently": Misconception(
            "A text that is too long is cut without a word, and its tail is lost. Raise a ValueError; the caller "
            "decides what to cut.",
            PLACES,
        ),
        "other-error": Misconception(
            "A text that is too long does end in an error, but not in a ValueError of yours. Compare the lengths "
            "first, and raise a `ValueError` that says what is wrong.",
            PLACES,
        ),
        "error-returned": Misconception(
            "The error is returned like any other value, and whoever calls the function may never notice. Write "
            "`raise` instead of `return`.",
            PLACES,
        ),
        "fitting-text-refused": Misconception(
            "A text that fits is refused. What counts is the number of tokens in a window, T = `ids.shape[1]`: it may "
            "be as large as the number of rows of `position_table`, and the number of windows does not matter.",
            PLACES,
        ),
        "error-says-nothing": Misconception(
            "The ValueError says nothing. Give it a sentence: how many tokens came, and how many places there are.",
            PLACES,
        ),
        "tied-to-the-example": Misconception(
            "It works for the example, but not for batches of other sizes. Is a size written into the code?", PLACES
        ),
    },
)

EXERCISES = (ONE_HOT, ROWS_THAT_MOVE, SKIP_GRAM_LOSS, WHAT_WAS_LEARNED, PERMUTATION_TEST, EMBED_INPUT)
