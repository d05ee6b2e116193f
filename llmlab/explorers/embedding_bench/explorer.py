"""The embedding bench (lesson 04): a sentence as vectors, before, during and after training, with and without places.

Two tables to choose from: a random one, as a model has it on its first day, and one from a recorded run of word2vec on
the toy world, at any of its checkpoints. On top of the words, one of four ways to say where each of them stands. The
learner's function adds the two tables; rotary positions turn what it returns.
"""

from __future__ import annotations

import base64
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import torch
import traitlets
from torch import Tensor
from torch.nn import functional as F

from llmlab.corpus._toyworld import SEPARATOR, toy_world
from llmlab.embeddings import SkipGram, SkipGramHistory, apply_rope, sinusoidal_positions
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle
from llmlab.tokenizers import WordTokenizer

MAX_WORDS = 8  # rows that fit beside each other as a table of cosines; also the context length of the position tables
SENTENCE = "the king sees the queen"  # a word that occurs twice: without positions nothing tells the two apart
SCHEMES = ("none", "learned", "sinusoidal", "rotary")
RECORDED = Path(__file__).with_name("embedding_bench.npz")
RECORDED_STEPS = (0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000)  # close together where most happens
SAME = 1e-4  # numbers that differ by less are the same up to rounding

Embed = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Run:
    """Checkpoints of a word2vec run.

    Attributes:
        vocabulary: the words, by id.
        steps: (R,) after how many training steps each checkpoint was taken.
        snapshots: (R, V, D) the word vectors at each checkpoint.
    """

    vocabulary: tuple[str, ...]
    steps: tuple[int, ...]
    snapshots: Tensor


def train_run() -> Run:
    """Train word vectors on the toy world, as lesson 04 does, and keep the checkpoints of `RECORDED_STEPS`."""
    documents = toy_world(10_000).split(SEPARATOR)
    sentences = [sentence for document in documents for sentence in document.split(".") if sentence.strip()]
    tokenizer = WordTokenizer.from_text(" ".join(sentences))
    model = SkipGram(len(tokenizer), d_model=16)
    ids = [tokenizer.encode(sentence) for sentence in sentences]
    history = model.fit(ids, steps=RECORDED_STEPS[-1], record_every=10, progress=False)
    chosen = [history.steps.index(step) for step in RECORDED_STEPS]
    return Run(tuple(tokenizer.vocabulary.values()), RECORDED_STEPS, history.snapshots[chosen])


def save_run(run: Run, path: Path = RECORDED) -> None:
    """Write a run as the file that the bench brings along, in half precision: `save_run(train_run())`."""
    arrays = {"vocabulary": np.array(run.vocabulary), "steps": np.array(run.steps)}
    np.savez_compressed(path, snapshots=run.snapshots.half().numpy(), **arrays)


@cache
def recorded_run() -> Run:
    """The run that the bench brings along: the same numbers on every machine."""
    with np.load(RECORDED) as file:
        steps, words = file["steps"].tolist(), file["vocabulary"].tolist()
        return Run(tuple(words), tuple(steps), torch.from_numpy(file["snapshots"]).float())


@dataclass(frozen=True)
class BenchTrace:
    """What one setting of the controls makes of the words. T words shown, d numbers each.

    Attributes:
        words: (T,) in the order shown.
        order: (T,) for each word shown, its place in the sentence as typed.
        vectors: (T, d) words with their positions.
        token_lengths: (T,) the lengths of the word vectors alone.
        changes: (T,) the largest change of each word's numbers against the sentence as typed.
        mean_change: the largest change of the mean of all rows.
        cosines: (T, T).
        map: (T, 2) the vectors along the two directions in which they differ most, signs fixed.
        analogy: the word nearest to king - man + woman in this table, and its cosine; None without these words.
        step: training steps behind the table; None for a random one.
        unknown: words that the vocabulary does not have.
        left_out: how many words there was no room for.
        own_function: whether the learner's function added the tables.
    """

    words: tuple[str, ...]
    order: tuple[int, ...]
    vectors: np.ndarray
    token_lengths: np.ndarray
    changes: np.ndarray
    mean_change: float
    cosines: np.ndarray
    map: np.ndarray
    analogy: tuple[str, float] | None
    step: int | None
    unknown: tuple[str, ...]
    left_out: int
    own_function: bool

    @property
    def repeated(self) -> tuple[tuple[int, int], ...]:
        """Pairs of places that hold the same word."""
        places = range(len(self.words))
        return tuple((i, j) for i in places for j in places if i < j and self.words[i] == self.words[j])

    @property
    def told_apart(self) -> bool:
        """Each word that occurs more than once has a vector of its own at each place."""
        return all(np.abs(self.vectors[i] - self.vectors[j]).max() > SAME for i, j in self.repeated)

    @property
    def lengths_kept(self) -> bool:
        """Every vector is as long as its word's vector alone."""
        return np.allclose(np.linalg.norm(self.vectors, axis=1), self.token_lengths, rtol=1e-3)


def compute(state: dict[str, Any], embed: Embed | None = None, run: Run | None = None) -> BenchTrace:
    """The trace of a state of the embedding bench.

    Args:
        state: words, table, checkpoint, d_model, seed, positions and shuffle.
        embed: the learner's `embed_input(ids, token_table, position_table)`; None, or a function that is not written
            yet (it returns None or ...), lets llmlab's own stand in.
        run: the checkpoints; None takes the recorded run.

    Raises:
        ValueError: the function returned something other than a (1, T, d) tensor.
        Exception: whatever the function raises.
    """
    run = run or recorded_run()
    id_of = {word: id for id, word in enumerate(run.vocabulary)}
    typed = state["words"].split()
    known = [id_of[word] for word in typed if word in id_of]
    ids = known[:MAX_WORDS]
    token_table = _token_table(state, run)  # (V, d)
    width = token_table.shape[1]
    position_table = _position_table(state["positions"], width, state["seed"])  # (MAX_WORDS, d)
    own_function = False

    def vectors_of(ids: list[int]) -> Tensor:
        nonlocal own_function
        found = embed(torch.tensor([ids]), token_table.clone(), position_table.clone()) if embed is not None else None
        own_function = found is not None and found is not ...
        if not own_function:
            found = token_table[ids][None] + position_table[: len(ids)]
        if not isinstance(found, Tensor) or found.shape != (1, len(ids), width):
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise ValueError(
                f"for ids of shape (1, {len(ids)}) the result must be (1, {len(ids)}, {width}), got {shape}"
            )
        vectors = found[0].detach().float()
        return apply_rope(vectors, torch.arange(len(ids))) if state["positions"] == "rotary" else vectors

    order = _shuffled(len(ids), state["seed"]) if state["shuffle"] else list(range(len(ids)))
    shown_ids = [ids[place] for place in order]
    if ids:
        typed_vectors, vectors = vectors_of(ids), vectors_of(shown_ids)  # (T, d)
    else:
        typed_vectors = vectors = torch.zeros(0, width)
    unit = F.normalize(vectors, dim=-1)
    return BenchTrace(
        words=tuple(run.vocabulary[id] for id in shown_ids),
        order=tuple(order),
        vectors=vectors.numpy(),
        token_lengths=token_table[shown_ids].norm(dim=-1).numpy(),
        changes=(vectors - typed_vectors[order]).abs().amax(dim=-1).numpy() if ids else np.zeros(0),
        mean_change=float((vectors.mean(dim=0) - typed_vectors.mean(dim=0)).abs().max()) if ids else 0.0,
        cosines=(unit @ unit.T).numpy(),
        map=_flattened(vectors),
        analogy=_analogy(token_table, id_of, run.vocabulary),
        step=run.steps[state["checkpoint"]] if state["table"] == "trained" else None,
        unknown=tuple(dict.fromkeys(word for word in typed if word not in id_of)),
        left_out=len(known) - len(ids),
        own_function=own_function,
    )


def _token_table(state: dict[str, Any], run: Run) -> Tensor:
    """(V, d): drawn from N(0, 1), or a checkpoint, seen along the d directions in which the trained words differ most.

    The directions are those of the last checkpoint, so that going through the checkpoints does not turn the picture.
    """
    width = int(state["d_model"])
    if state["table"] == "random":
        return torch.randn(len(run.vocabulary), width, generator=torch.Generator().manual_seed(state["seed"]))
    table = run.snapshots[state["checkpoint"]]  # (V, D)
    if width >= table.shape[1]:
        return table
    return table @ torch.linalg.svd(run.snapshots[-1], full_matrices=False).Vh[:width].T


def _position_table(scheme: str, width: int, seed: int) -> Tensor:
    """(MAX_WORDS, d). A learned table is shown as it is before any training: drawn from N(0, 1)."""
    if scheme == "sinusoidal":
        return sinusoidal_positions(MAX_WORDS, width)
    if scheme == "learned":
        return torch.randn(MAX_WORDS, width, generator=torch.Generator().manual_seed(1_000 + seed))
    return torch.zeros(MAX_WORDS, width)


def _shuffled(n: int, seed: int) -> list[int]:
    """Another order than 0, 1, 2 ..., if there is one."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    return order if order != sorted(order) else [*order[1:], *order[:1]]


def _flattened(vectors: Tensor) -> np.ndarray:
    """(T, 2): the principal components, each with the sign that makes its strongest entry positive."""
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2))
    centred = (vectors - vectors.mean(dim=0)).double()
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:2]  # (at most 2, d)
    strongest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    flat = centred @ (directions * strongest.sign()).T
    return F.pad(flat, (0, 2 - flat.shape[1])).numpy()


def _analogy(table: Tensor, id_of: dict[str, int], vocabulary: Sequence[str]) -> tuple[str, float] | None:
    if not {"king", "man", "woman"} <= id_of.keys():
        return None
    king, man, woman = id_of["king"], id_of["man"], id_of["woman"]
    unit = F.normalize(table, dim=-1)
    cosines = F.cosine_similarity(unit, unit[king] - unit[man] + unit[woman], dim=-1)
    cosines[[king, man, woman]] = -2.0
    best = int(cosines.argmax())
    return vocabulary[best], float(cosines[best])


def render(trace: BenchTrace) -> str:
    """The bench as HTML: facts, the vectors as a strip of numbers, their cosines, and a map of them."""
    if not trace.words:
        return f"<div>{escape(describe(trace))}</div>"
    return (
        f'{_numbers(trace)}<div class="llmlab-beside">{_cosines(trace)}{_picture(trace)}</div>{_strip(trace)}'
        "<div>Blue is positive, striped orange negative; the stronger the colour, the larger the number.</div>"
    )


def describe(trace: BenchTrace) -> str:
    """The bench in words."""
    if not trace.words:
        unknown = f" Not in the vocabulary: {', '.join(trace.unknown)}." if trace.unknown else ""
        return f"No word to show.{unknown} Try: {SENTENCE}"
    table = "a random table" if trace.step is None else f"the table after {trace.step:,} training steps"
    sentences = [f"{' '.join(trace.words)}: {trace.vectors.shape[1]} numbers a word, from {table}."]
    for i, j in trace.repeated[:1]:
        same = "have the same vector" if not trace.told_apart else f"have cosine {_two(trace.cosines[i, j])}"
        sentences.append(f"The two {trace.words[i]!r} {same}.")
    if trace.order != tuple(range(len(trace.order))):
        moved = int((trace.changes > SAME).sum())
        sentences.append(
            f"Shuffled: {moved} of {len(trace.words)} vectors changed, the others only moved with their word; "
            f"the mean of all rows {'changed' if trace.mean_change > SAME else 'did not'}."
        )
    if trace.analogy:
        sentences.append(f"king - man + woman is nearest to {trace.analogy[0]}, cosine {_two(trace.analogy[1])}.")
    if trace.unknown:
        sentences.append(f"Not in the vocabulary: {', '.join(trace.unknown)}.")
    if trace.left_out:
        sentences.append(f"{trace.left_out} more words have no room here.")
    return " ".join(sentences)


def _numbers(trace: BenchTrace) -> str:
    facts = {"training steps": "none, random" if trace.step is None else f"{trace.step:,}"}
    if trace.analogy:
        facts["king − man + woman →"] = f"{escape(trace.analogy[0])} ({_two(trace.analogy[1])})"
    facts["vectors changed by the order"] = f"{int((trace.changes > SAME).sum())} of {len(trace.words)}"
    facts["mean of the rows"] = "changed" if trace.mean_change > SAME else "unchanged"
    facts["lengths"] = "those of the words" if trace.lengths_kept else "changed by the positions"
    spans = " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
    return f'<div class="llmlab-numbers">{spans}</div>'


def _strip(trace: BenchTrace) -> str:
    head = "".join(f'<th class="llmlab-number">{number}</th>' for number in range(trace.vectors.shape[1]))
    rows = ""
    for place, (word, vector) in enumerate(zip(trace.words, trace.vectors, strict=True)):
        cells = "".join(f'<td class="llmlab-number{_shade(value, 3.0)}">{_one(value)}</td>' for value in vector)
        length = np.linalg.norm(vector)
        rows += (
            f'<tr><td class="llmlab-number">{place}</td><td class="llmlab-token">{escape(word)}</td>'
            f'<td class="llmlab-number">{length:.1f}</td>{cells}</tr>'
        )
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="The vectors">'
        '<table class="llmlab-grid llmlab-strip"><caption>The vectors</caption><thead><tr><th></th><th>word</th>'
        f'<th class="llmlab-number">length</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _cosines(trace: BenchTrace) -> str:
    head = "".join(f'<th class="llmlab-token llmlab-number">{escape(word[:8])}</th>' for word in trace.words)
    rows = ""
    for word, row in zip(trace.words, trace.cosines, strict=True):
        cells = "".join(f'<td class="llmlab-number{_shade(value, 1.0)}">{_two(value)}</td>' for value in row)
        rows += f'<tr><td class="llmlab-token">{escape(word)}</td>{cells}</tr>'
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="The cosines">'
        '<table class="llmlab-grid llmlab-strip"><caption>Cosine of each pair</caption>'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _picture(trace: BenchTrace) -> str:
    """The map as an image that brings its own white ground: an SVG in <img> does not see the page's theme."""
    width, height, margin = 300, 210, 30
    span = np.abs(trace.map).max() or 1.0
    dots, labels = "", []
    for word, (x, y) in zip(trace.words, trace.map, strict=True):
        left, top = width / 2 + x / span * (width / 2 - 2 * margin), height / 2 - y / span * (height / 2 - margin)
        label = top + 4
        while any(abs(left - x) < 60 and abs(label - y) < 12 for x, y in labels):  # words at one spot: below each other
            label += 1
        labels.append((left, label))
        dots += (
            f'<circle cx="{left:.0f}" cy="{top:.0f}" r="4" fill="#2f7fc1"/>'
            f'<text x="{left + 7:.0f}" y="{label:.0f}">{escape(word[:12])}</text>'
        )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="12" fill="#1a1a1a"><rect width="100%" height="100%" fill="#ffffff"/>'
        f'<path d="M{width / 2:.0f} 0V{height}M0 {height / 2:.0f}H{width}" stroke="#c8c8c8"/>{dots}</svg>'
    )
    where = "; ".join(f"{word} {_one(x)}, {_one(y)}" for word, (x, y) in zip(trace.words, trace.map, strict=True))
    source = base64.b64encode(svg.encode()).decode("ascii")
    return (
        '<div class="llmlab-map2d"><div>The same in two dimensions</div>'
        f'<img alt="{escape(f"Map of the vectors. {where}")}" width="{width}" height="{height}" '
        f'src="data:image/svg+xml;base64,{source}"></div>'
    )


def _shade(value: float, full: float) -> str:
    """The class that colours a number: p or n for its sign, 1 to 4 for its size; none near zero."""
    level = min(4, round(4 * abs(float(value)) / full))
    return f" llmlab-{'p' if value > 0 else 'n'}{level}" if level else ""


def _one(value: float) -> str:
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


class EmbeddingBench(Explorer):
    """See words as vectors: random or trained, at any checkpoint, with and without positions.

    Args:
        embed: your `embed_input(ids, token_table, position_table)`, which adds the two tables: (B, T) -> (B, T, d).
            Assign to `.embed` to try another one.
        history: what `SkipGram.fit` returned, to go through your own run; None takes a recorded one.
        vocabulary: the words of that run by id, for example `tokenizer.vocabulary`.

    Raises:
        TypeError: a history that is not what `SkipGram.fit` returned.
        ValueError: a history without its vocabulary, or the other way round, or a vocabulary of other words.

    >>> EmbeddingBench().trace.analogy[0]
    'queen'
    """

    sheet = "embedding_bench.css"

    embed = traitlets.Any()

    def __init__(self, embed: Embed | None = None, history: Any = None, vocabulary: Any = None) -> None:
        if (history is None) != (vocabulary is None):
            raise ValueError("history and vocabulary belong together: give both, or neither for the recorded run")
        if history is None:
            self._run = recorded_run()
        else:
            if not isinstance(history, SkipGramHistory):
                raise TypeError(f"history must be what SkipGram.fit returned, got {type(history).__name__}")
            words = tuple(vocabulary.values() if isinstance(vocabulary, dict) else vocabulary)
            if len(words) != history.snapshots.shape[1] or not all(isinstance(word, str) for word in words):
                raise ValueError(
                    f"vocabulary must be the {history.snapshots.shape[1]} words of the run by id, such as "
                    f"tokenizer.vocabulary, got {reprlib.repr(words)}"
                )
            self._run = Run(words, tuple(history.steps), history.snapshots)
        self._recorded = history is None
        last = len(self._run.steps) - 1
        super().__init__(
            title="Embedding bench",
            task="Your target: give a word that occurs twice two different vectors, and change no vector's length.",
            controls=[
                Text("words", "Words", initial=SENTENCE, max_length=80),
                Choice("table", "Table", ("trained", "random"), initial="trained"),
                Range("checkpoint", "Checkpoint", 0, last, initial=last),
                Choice("d_model", "Dimension", ("2", "4", "8", "16"), initial="16"),
                Range("seed", "Seed", 0, 5, initial=0),
                Choice("positions", "Positions", SCHEMES, initial="none"),
                Toggle("shuffle", "Shuffle the words", initial=False),
            ],
            embed=embed,
        )

    @traitlets.observe("embed")
    def _embed_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> BenchTrace:
        return compute(state, self.embed, self._run)

    def render(self, trace: BenchTrace) -> str:
        return render(trace)

    def describe(self, trace: BenchTrace) -> str:
        return describe(trace)

    def note(self, trace: BenchTrace) -> str:
        if self.embed is not None and trace.words and not trace.own_function:
            name = getattr(self.embed, "__name__", "your function")
            return f"{name} is not written yet, so llmlab's own adds the two tables."
        return ""

    def target(self, trace: BenchTrace) -> tuple[bool, str]:
        if not trace.repeated:
            return False, "Not yet: no word occurs twice. Type one again."
        word = trace.words[trace.repeated[0][0]]
        if not trace.told_apart:
            return False, f"Not yet: a repeated word, {word!r}, has the same vector at both places."
        if not trace.lengths_kept:
            return False, f"Not yet: the two {word!r} differ, but vectors have become longer or shorter."
        return True, f"Reached: the two {word!r} differ, and every vector is as long as before: it was only turned."

    def code_for(self, state: dict[str, Any]) -> str:
        width, seed = int(state["d_model"]), state["seed"]
        lines = ["import torch", "from llmlab.embeddings import apply_rope, sinusoidal_positions"]
        if self._recorded:
            lines += ["from llmlab.explorers.embedding_bench import recorded_run", "", "run = recorded_run()"]
            lines.append("snapshots, vocabulary = run.snapshots, run.vocabulary")
        else:
            lines += ["", "snapshots, vocabulary = history.snapshots, tokenizer.vocabulary.values()"]
        lines.append("id_of = {word: id for id, word in enumerate(vocabulary)}")
        lines.append(f"words = [word for word in {state['words']!r}.split() if word in id_of][:{MAX_WORDS}]")
        if state["shuffle"]:
            known = [word for word in state["words"].split() if word in self._run.vocabulary][:MAX_WORDS]
            lines.append(f"words = [words[place] for place in {_shuffled(len(known), seed)}]")
        lines.append("ids = torch.tensor([id_of[word] for word in words], dtype=torch.int64)")
        if state["table"] == "random":
            lines.append(f"table = torch.randn(len(id_of), {width}, generator=torch.Generator().manual_seed({seed}))")
        else:
            lines.append(f"table = snapshots[{state['checkpoint']}]")
            if width < self._run.snapshots.shape[-1]:
                lines.append(f"table = table @ torch.linalg.svd(snapshots[-1], full_matrices=False).Vh[:{width}].T")
        lines.append("vectors = table[ids]  # (T, d)")
        lines += {
            "none": [],
            "learned": [
                "generator = torch.Generator().manual_seed(" + str(1_000 + seed) + ")",
                f"positions = torch.randn({MAX_WORDS}, table.shape[1], generator=generator)",
                "vectors = vectors + positions[: len(ids)]",
            ],
            "sinusoidal": [f"vectors = vectors + sinusoidal_positions({MAX_WORDS}, table.shape[1])[: len(ids)]"],
            "rotary": ["vectors = apply_rope(vectors, torch.arange(len(ids)))"],
        }[state["positions"]]
        return "\n".join([*lines, "print(words)", "print(vectors)"])
