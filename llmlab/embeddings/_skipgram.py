"""Word vectors by skip-gram with negative sampling, word2vec's better-known half (lesson 04).

Two tables: a word that is looked up as the centre of a window has its vector in `words`, the same word as somebody's
neighbour has another one in `contexts`. Training makes the dot product of a centre and a true neighbour large and that
of a centre and a random word small. What is kept in the end is `words`.

Left out: frequent words are not thinned out. In a small world of short sentences they are what tells nouns from verbs.

Mikolov, Sutskever, Chen, Corrado, Dean: "Distributed Representations of Words and Phrases and their Compositionality",
2013, section 2.2 (https://arxiv.org/abs/1310.4546); here with Adam on batches, where the original updates pair by pair.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.embeddings._inputs import as_integers, check_ids
from llmlab.utils.arguments import as_count, require_number
from llmlab.windows._rows import as_row

if TYPE_CHECKING:
    from tqdm import tqdm

NOISE_POWER = 0.75  # of the counts: between "as frequent as in the text" (1) and "all alike" (0); from the paper


@dataclass(frozen=True)
class SkipGramHistory:
    """What a run of `SkipGram.fit` recorded, first before training and then every `record_every` steps.

    Attributes:
        steps: (R,) how many steps had been done; the first is 0, the last all of them.
        losses: (R - 1,) the mean loss of the steps between two records.
        snapshots: (R, V, D) the word vectors at each record.
    """

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    snapshots: Tensor


class SkipGram(nn.Module):
    """Word vectors, trained to tell a word's neighbours from random words.

    Args:
        vocab_size: V, how many token ids there are.
        d_model: D, the width of a vector.
        seed: chooses the first vectors and all that training draws. The global generator is left alone.

    Attributes:
        words: (V, D) parameter, the vectors of words as centres: the ones to keep.
        contexts: (V, D) parameter, the vectors of words as neighbours.

    Raises:
        TypeError, ValueError: a size that is not an int, or below 1.

    >>> model = SkipGram(vocab_size=4, d_model=2)
    >>> history = model.fit([0, 1, 2, 3] * 9, window=1, negatives=2, steps=20, record_every=10, progress=False)
    >>> history.steps, tuple(history.snapshots.shape)
    ((0, 10, 20), (3, 4, 2))
    """

    def __init__(self, vocab_size: int, d_model: int, seed: int = 0) -> None:
        super().__init__()
        vocab_size, d_model = as_count("vocab_size", vocab_size), as_count("d_model", d_model)
        self._generator = torch.Generator().manual_seed(as_count("seed", seed, least=-(2**63)))
        self.words = nn.Parameter(0.1 * torch.randn(vocab_size, d_model, generator=self._generator))
        self.contexts = nn.Parameter(torch.zeros(vocab_size, d_model))

    def forward(self, centres: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
        """The loss of B pairs: binary cross-entropy of "is a neighbour", summed over a pair's 1 + K questions.

        Args:
            centres: (B,) ids.
            contexts: (B,) ids that stand near them in the text: should score high.
            noise: (B, K) ids drawn at random: should score low.

        Returns:
            the mean over the pairs, a scalar.

        Raises:
            TypeError: an argument that is not a tensor of integers.
            ValueError: shapes that do not fit, or an id outside the vocabulary.
        """
        if not all(isinstance(ids, Tensor) for ids in (centres, contexts, noise)):
            kinds = ", ".join(type(ids).__name__ for ids in (centres, contexts, noise))
            raise TypeError(f"centres, contexts and noise must be tensors of ids, got {kinds}")
        if centres.dim() != 1 or contexts.shape != centres.shape or noise.dim() != 2 or len(noise) != len(centres):
            shapes = ", ".join(str(tuple(ids.shape)) for ids in (centres, contexts, noise))
            raise ValueError(f"centres and contexts must be (B,) and noise (B, K), got shapes {shapes}")
        rows = [as_integers(*named) for named in (("centres", centres), ("contexts", contexts), ("noise", noise))]
        for ids in rows:
            check_ids(ids, len(self.words))
        return self._loss(*rows)

    def _loss(self, centres: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
        words = self.words[centres]  # (B, D)
        near = (words * self.contexts[contexts]).sum(dim=-1)  # (B,) dot products
        far = torch.einsum("bd,bkd->bk", words, self.contexts[noise])  # (B, K)
        return -(F.logsigmoid(near) + F.logsigmoid(-far).sum(dim=-1)).mean()

    def fit(
        self,
        ids: Sequence[int] | Sequence[Sequence[int]],
        window: int = 2,
        negatives: int = 5,
        steps: int = 1_000,
        batch_size: int = 1_024,
        learning_rate: float = 0.05,
        record_every: int = 100,
        progress: bool = True,
    ) -> SkipGramHistory:
        """Train on a text. Each step draws `batch_size` (centre, neighbour) pairs and `negatives` noise words for each.

        Args:
            ids: one row of token ids, or several rows (documents, sentences): no window reaches from one into the next.
            window: how many ids to each side count as neighbours.
            negatives: K, noise words a pair, drawn with probability proportional to count ** 0.75.
            steps: updates to make; the learning rate falls linearly to zero over them.
            batch_size: B, pairs a step.
            learning_rate: Adam's, at the start.
            record_every: steps from one record of the history to the next.
            progress: show a progress bar.

        Raises:
            TypeError: a count that is not an int, ids that are not, or a learning rate that is no number.
            ValueError: a count below 1, an id outside the vocabulary, a learning rate that is not positive, no window
                with two ids, or vectors of float16.
        """
        window, negatives, steps = (
            as_count("window", window),
            as_count("negatives", negatives),
            as_count("steps", steps),
        )
        batch_size, record_every = as_count("batch_size", batch_size), as_count("record_every", record_every)
        require_number("learning_rate", learning_rate)
        if not learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {learning_rate}")
        if self.words.dtype == torch.float16:
            raise ValueError("training divides by numbers that are zero in float16: write model.float() first")
        rows = _as_rows(ids)
        for row in rows:
            check_ids(row, len(self.words))
        centres, contexts = neighbour_pairs(rows, window)  # (P,), (P,)
        noise_weights = torch.bincount(torch.cat(rows), minlength=len(self.words)).double() ** NOISE_POWER
        optimizer = torch.optim.Adam(self.parameters(), lr=learning_rate)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)

        recorded, losses, snapshots, since = [0], [], [self.words.detach().clone()], []
        bar = _progress_bar(steps, shown=progress)
        with _one_thread():
            for step in bar:
                chosen = torch.randint(len(centres), (batch_size,), generator=self._generator)
                noise = torch.multinomial(noise_weights, batch_size * negatives, True, generator=self._generator)
                loss = self._loss(centres[chosen], contexts[chosen], noise.view(batch_size, negatives))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                since.append(loss.item())
                if (step + 1) % record_every == 0 or step + 1 == steps:
                    recorded.append(step + 1)
                    losses.append(sum(since) / len(since))
                    snapshots.append(self.words.detach().clone())
                    since.clear()
                    bar.set_description_str(f"{steps:,} training steps, loss {losses[-1]:.2f}")
        return SkipGramHistory(tuple(recorded), tuple(losses), torch.stack(snapshots))

    def most_similar(self, token_id: int, k: int = 5) -> list[tuple[int, float]]:
        """The `k` other ids whose vectors point most nearly the same way, with their cosines, best first.

        Raises:
            TypeError, ValueError: an id or a `k` that is not an int or out of range.
        """
        (token_id,) = self._known([token_id])
        return self._nearest(F.normalize(self.words.detach(), dim=-1)[token_id], [token_id], k)

    def analogy(self, start: int, minus: int, plus: int, k: int = 5) -> list[tuple[int, float]]:
        """The `k` ids nearest to `start - minus + plus`, with their cosines; the three themselves are left out.

        The vectors are brought to length 1 first, so that none counts more because it is long.

        Raises:
            TypeError, ValueError: an id or a `k` that is not an int or out of range.
        """
        start, minus, plus = self._known([start, minus, plus])
        unit = F.normalize(self.words.detach(), dim=-1)
        return self._nearest(unit[start] - unit[minus] + unit[plus], [start, minus, plus], k)

    def _known(self, ids: list[int]) -> list[int]:
        row = as_row(ids).long()
        check_ids(row, len(self.words))
        return row.tolist()

    def _nearest(self, vector: Tensor, left_out: list[int], k: int) -> list[tuple[int, float]]:
        k = as_count("k", k)
        cosines = F.cosine_similarity(self.words.detach(), vector, dim=-1)  # (V,)
        cosines[left_out] = -torch.inf
        best = cosines.topk(min(k, len(cosines) - len(set(left_out))))
        return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def neighbour_pairs(rows: Sequence[Tensor], window: int) -> tuple[Tensor, Tensor]:
    """All (centre, neighbour) pairs at most `window` apart in the same row: two tensors (P,).

    Raises:
        ValueError: no row has two ids.

    >>> centres, contexts = neighbour_pairs([torch.tensor([7, 8, 9])], window=1)
    >>> sorted(zip(centres.tolist(), contexts.tolist()))
    [(7, 8), (8, 7), (8, 9), (9, 8)]
    """
    ids = torch.cat(list(rows))
    row_of = torch.repeat_interleave(torch.arange(len(rows)), torch.tensor([len(row) for row in rows]))
    centres, contexts = [], []
    for distance in range(1, min(window, max(map(len, rows)) - 1) + 1):  # no row has neighbours further apart
        together = row_of[distance:] == row_of[:-distance]
        left, right = ids[:-distance][together], ids[distance:][together]
        centres += [left, right]
        contexts += [right, left]
    if not sum(map(len, centres)):
        raise ValueError("no id has a neighbour: give a text with at least two ids in a row")
    return torch.cat(centres), torch.cat(contexts)


def _as_rows(ids: Sequence[int] | Sequence[Sequence[int]]) -> list[Tensor]:
    if isinstance(ids, str | dict) or not (hasattr(ids, "__len__") and hasattr(ids, "__getitem__")):
        raise TypeError(f"ids must be a row of token ids or a list of rows, got {type(ids).__name__}")
    nested = len(ids) > 0 and hasattr(ids[0], "__len__") and not (isinstance(ids[0], Tensor) and ids[0].dim() == 0)
    given = cast("Sequence[Sequence[int]]", ids if nested else [ids])  # as_row looks at each
    rows = [as_row(row).long() for row in given]
    if not sum(map(len, rows)):
        raise ValueError("no ids: give at least two in a row")
    return rows


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch on one thread, then as before: tensors of this size take longer to share out than to compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _progress_bar(steps: int, shown: bool) -> tqdm:  # a widget in a notebook
    from tqdm.auto import tqdm  # in a notebook it brings ipywidgets: not before it is needed

    # No clock and no count in the text: a saved notebook keeps the bar's first text, which is to be the same each time.
    return tqdm(range(steps), desc=f"{steps:,} training steps", bar_format="{desc} {bar}", disable=not shown)
