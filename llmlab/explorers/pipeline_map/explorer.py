"""The pipeline map (lesson 00): one text on its way through a small trained GPT, from characters to probabilities.

The model is the one in data/tiny, which has read sentences of the toy world and nothing else. Each of its documents
begins with <|endoftext|>, so the map puts that token in front of the text, and each stage shows what the model holds
there: no number is made up for the picture. A text is computed once; the other controls only choose what is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from html import escape
from typing import Any

import torch
from torch import Tensor

from llmlab.bpe import BPETokenizer
from llmlab.corpus import toy_world
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Range, Text
from llmlab.gpt import GPT
from llmlab.training import load_checkpoint

START = "<|endoftext|>"  # opens each document that the model has read
MAX_CHARACTERS = 120
COLUMNS = 12  # positions in the picture, counted from the end; what stands before them shares a column
NUMBERS = 4  # of each vector
CANDIDATES = 8  # next tokens in the list
LONGEST = 14  # characters of a token that are written out
FIRST_TEXT, FIRST_LAYER, FIRST_HEAD = "the dogs near the king", 1, 1
LESSONS = {
    "01": "01_tokenization",
    "02": "02_byte_pair_encoding",
    "04": "04_embeddings",
    "05": "05_attention",
    "06": "06_multi_head_attention",
    "07": "07_gpt_block",
    "09": "09_generation",
}


@dataclass(frozen=True)
class PipelineTrace:
    """One forward pass over T tokens, stage by stage. V, D, H and L are the model's vocabulary, width, heads, layers.

    Attributes:
        text: as typed.
        read: what is cut into tokens: <|endoftext|>, where the tokenizer has it, a space, and the text.
        left_out: tokens at the beginning for which the model's context has no room, as bytes.
        tokens: the T tokens that it reads, as bytes.
        ids: their ids, (T,).
        embeddings: token embedding plus position embedding, (T, D).
        weights: attention weights of each layer and head, (L, H, T, T).
        context: the vectors after all layers and the last norm, (T, D).
        logits, probabilities: for the token after each position, (T, V).
        vocabulary: id -> bytes.
        position, layer, head: what is looked at.
        strange: words of the text with tokens that the toy world does not have; None if the model is somebody's own.
    """

    text: str
    read: str
    left_out: tuple[bytes, ...]
    tokens: tuple[bytes, ...]
    ids: Tensor
    embeddings: Tensor
    weights: Tensor
    context: Tensor
    logits: Tensor
    probabilities: Tensor
    vocabulary: Mapping[int, bytes]
    position: int
    layer: int
    head: int
    strange: tuple[str, ...] | None

    @property
    def attention(self) -> Tensor:
        """The weights with which the chosen position looks at each one, in the chosen layer and head, (T,)."""
        return self.weights[self.layer, self.head, self.position]

    def most_probable(self, n: int = CANDIDATES, position: int | None = None) -> list[tuple[int, float]]:
        """The `n` most probable next tokens at a position (the chosen one): (id, probability), highest first.

        Raises:
            ValueError: the vocabulary has fewer than `n` tokens.
            IndexError: there is no such position.
        """
        after = self._after(position)
        if not 0 <= n <= len(after):
            raise ValueError(f"n must be from 0 to {len(after)}, the size of the vocabulary, got {n}")
        top = after.topk(n)
        return list(zip(top.indices.tolist(), top.values.tolist(), strict=True))

    def next_token(self, position: int | None = None) -> str:
        """The most probable token after a position (the chosen one), as text."""
        return self.vocabulary[self.most_probable(1, position)[0][0]].decode(errors="replace")

    def probability(self, token: str, position: int | None = None) -> float:
        """Of one token, such as " is" (the space belongs to it), after a position (the chosen one).

        Raises:
            KeyError: the vocabulary has no such token.
            IndexError: there is no such position.
        """
        for id, part in self.vocabulary.items():
            if isinstance(token, str) and part == token.encode():
                return self._after(position)[id].item()
        raise KeyError(f"{token!r} is no token of this vocabulary: a word's token begins with a space, as in ' king'")

    def _after(self, position: int | None) -> Tensor:
        """The probabilities of the token after a position (the chosen one), (V,)."""
        position, T = self.position if position is None else position, len(self.tokens)
        if not -T <= position < T:
            raise IndexError(f"position must be from 0 to {T - 1}, or from -1 to {-T} counted from the end: {position}")
        return self.probabilities[position]


@cache
def bundled() -> tuple[GPT, BPETokenizer]:
    """The small GPT that comes with the course and its tokenizer, loaded once."""
    return load_checkpoint("tiny")


@cache
def _world() -> frozenset[int]:
    """The ids of all tokens of the toy world, in the bundled tokenizer."""
    return frozenset(bundled()[1].encode(f" {toy_world(5_000)}", allowed_special="all"))


def compute(state: dict[str, Any], model: GPT | None = None, tokenizer: BPETokenizer | None = None) -> PipelineTrace:
    """The trace of a state of the pipeline map.

    Args:
        state: text, back, layer and head. `back` counts positions from the last one; beyond the first means the first.
        model, tokenizer: those of the course, unless others are given.

    Raises:
        ValueError: the text holds half of a surrogate pair, or gives no token: an empty text does where the tokenizer
            has no <|endoftext|> to begin with.
    """
    forward = _forward(state["text"], model, tokenizer)
    position = max(0, len(forward.tokens) - 1 - state["back"])
    return replace(forward, position=position, layer=state["layer"], head=state["head"])


@lru_cache(maxsize=8)  # the texts that a learner goes back and forth between
@torch.no_grad()
def _forward(text: str, model: GPT | None, tokenizer: BPETokenizer | None) -> PipelineTrace:
    own = model is not None
    if not own:
        model, tokenizer = bundled()
    read = _read(text, tokenizer)
    every_id = tokenizer.encode(read, allowed_special="all")
    if not every_id:
        raise ValueError("the text has no token, so there is nothing to compute: type a few words")
    n_left_out = max(0, len(every_id) - model.config.context_length)
    ids = every_id[n_left_out:]
    parts = [tokenizer.vocabulary[id] for id in every_id]
    was_training = model.training
    model.eval()  # dropout would change the numbers at every look
    try:
        stages = _stages(model, torch.tensor([ids]))
    finally:
        model.train(was_training)
    return PipelineTrace(
        text=text,
        read=read,
        left_out=tuple(parts[:n_left_out]),
        tokens=tuple(parts[n_left_out:]),
        ids=torch.tensor(ids),
        vocabulary=tokenizer.vocabulary,
        position=0,
        layer=0,
        head=0,
        strange=None if own else tuple(dict.fromkeys(word for word in text.split() if _is_strange(word))),
        **stages,
    )


def _read(text: str, tokenizer: BPETokenizer) -> str:
    if START not in tokenizer.special_tokens:
        return text
    return f"{START} {text}" if text else START


def _is_strange(word: str) -> bool:
    return not _world().issuperset(bundled()[1].encode(f" {word}", allowed_special="all"))


def _stages(model: GPT, ids: Tensor) -> dict[str, Tensor]:
    """What the model computes for ids (1, T), in the order of its own `forward`, without the first axis."""
    x = embeddings = model.embedding(ids.to(model.head.weight.device))  # (1, T, D)
    weights = []
    for block in model.blocks:
        weights.append(block.attention(block.norm_attention(x), return_weights=True)[1][0])  # (H, T, T)
        x = block(x)  # (1, T, D)
    context = model.norm(x)
    logits = model.head(context)  # (1, T, V)
    stages = {
        "embeddings": embeddings[0],
        "weights": torch.stack(weights),
        "context": context[0],
        "logits": logits[0],
        "probabilities": logits[0].softmax(dim=-1),
    }
    return {name: values.float().cpu() for name, values in stages.items()}


def describe(trace: PipelineTrace) -> str:
    """The map in words."""
    T, last = len(trace.tokens), trace.position
    tokens = ("… | " if T > COLUMNS else "") + " | ".join(map(_text, trace.tokens[-COLUMNS:]))
    weight, source = trace.attention.max(dim=0)
    nexts = ", ".join(f"{_text(trace.vocabulary[id])!r} {p:.2f}" for id, p in trace.most_probable(3))
    return (
        f"{T} token{'s' * (T > 1)}: {tokens}. "
        f"Embeddings {_shape(trace.embeddings)}, attention weights {_shape(trace.weights[0])} in each of "
        f"{len(trace.weights)} layers, logits {_shape(trace.logits)}. Layer {trace.layer}, head {trace.head}: "
        f"position {last} ({_text(trace.tokens[last])!r}) looks most at position {source} "
        f"({_text(trace.tokens[source])!r}), weight {weight:.2f}. Most probable after position {last}: {nexts}."
    )


def render(trace: PipelineTrace) -> str:
    """The map as HTML: a column for each position, a row or more for each stage, and the list of next tokens."""
    T, first, row = len(trace.tokens), _first(trace), trace.position
    shape_TD, shape_TV = f"(T, D) = {_shape(trace.context)}", f"(T, V) = {_shape(trace.logits)}"
    shape_HTT = f"(H, T, T) = {_shape(trace.weights[0])}"
    best = [trace.most_probable(1, at)[0] for at in range(first, T)]
    rows = (
        _stage(trace, "Characters", f"({len(trace.read.removeprefix(START))},)", "01")
        + _characters(trace)
        + _stage(trace, "Tokens", f"(T,) = ({T},)", "01", "02")
        + _row(trace, "", [("token", _shown(part)) for part in trace.tokens[first:]])
        + _stage(trace, "Token ids", f"(T,) = ({T},)", "01")
        + _row(trace, "", [("number", str(id)) for id in trace.ids[first:].tolist()])
        + _stage(trace, "Embeddings", f"{shape_TD}, token + position, the first {NUMBERS} numbers of each", "04")
        + _vectors(trace, trace.embeddings)
        + _stage(
            trace, "Attention weights", f"{shape_HTT}, layer {trace.layer}, head {trace.head}, row {row}", "05", "06"
        )
        + _attention(trace)
        + _stage(trace, "Context vectors", f"{shape_TD}, after all {len(trace.weights)} layers", "06", "07")
        + _vectors(trace, trace.context)
        + _stage(trace, "Logits", f"{shape_TV}, the largest at each position", "07")
        + _row(trace, "", [("number", _two(trace.logits[at, id].item())) for at, (id, _) in enumerate(best, first)])
        + _stage(trace, "Probabilities", f"{shape_TV}, the most probable next token at each position", "07", "09")
        + _row(trace, "", [("token", _shown(trace.vocabulary[id])) for id, _ in best])
        + _row(trace, "", [("number", f"{probability:.2f}") for _, probability in best])
    )
    head = "".join(f'<th scope="col"{_marked(trace, at)}>{"▼ " * (at == row)}{at}</th>' for at in range(first, T))
    before = f'<th scope="col">0–{first - 1}</th>' if first else ""
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="The text, stage by stage">'
        '<table class="llmlab-grid llmlab-pipeline">'
        f'<thead><tr><th scope="col">position</th>{before}{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        '<div>▼ the chosen position &nbsp; · a space &nbsp; <span class="llmlab-key llmlab-masked">masked</span> '
        f"may not be looked at &nbsp; blue above zero, striped orange below</div>{_candidates(trace)}"
    )


def _first(trace: PipelineTrace) -> int:
    """The first position with a column of its own."""
    return max(0, len(trace.tokens) - COLUMNS)


def _stage(trace: PipelineTrace, name: str, shape: str, *lessons: str) -> str:
    links = ", ".join(
        f'<a href="{LESSONS[lesson]}.ipynb" target="_blank" rel="noopener">lesson {lesson}</a>' for lesson in lessons
    )
    columns = 1 + min(len(trace.tokens), COLUMNS + 1)
    return f'<tr><th class="llmlab-stage" colspan="{columns}"><b>{name}</b> {shape} · {links}</th></tr>'


def _row(trace: PipelineTrace, label: str, cells: Sequence[tuple[str, str]], before: str = "…") -> str:
    """A row of cells (kind, content), one for each position in the picture; `before` stands for the earlier ones."""
    first = _first(trace)
    row = f"<tr><th>{label}</th>" + (f'<td class="llmlab-number">{before}</td>' if first else "")
    for at, (kind, content) in enumerate(cells, first):
        row += f'<td class="llmlab-{kind}{" llmlab-at" * (at == trace.position)}">{content}</td>'
    return f"{row}</tr>"


def _marked(trace: PipelineTrace, position: int) -> str:
    return ' class="llmlab-at"' if position == trace.position else ""


def _characters(trace: PipelineTrace) -> str:
    """The characters over their tokens: several tokens share a cell where none of them is a whole character."""
    first, start = _first(trace), -len(trace.left_out)
    row = '<tr class="llmlab-letters"><th></th>' + "<td>…</td>" * (first > 0)
    for count, characters in _whole_characters((*trace.left_out, *trace.tokens)):
        wide = start + count - max(start, first)  # columns of these tokens in the picture
        if wide > 0:
            added = start == -len(trace.left_out) and trace.read.startswith(START)  # a token, but nobody's characters
            row += f'<td colspan="{wide}">{"" if added else _dotted(characters)}</td>'
        start += count
    return f"{row}</tr>"


def _whole_characters(parts: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """(number of tokens, their text), for the smallest groups of tokens that are whole characters."""
    held, count = b"", 0
    for part in parts:
        held, count = held + part, count + 1
        try:
            text = held.decode()
        except UnicodeDecodeError:
            continue
        yield count, text
        held, count = b"", 0


def _vectors(trace: PipelineTrace, vectors: Tensor) -> str:
    """The first numbers of each vector, a column a vector, shaded by their share of the largest of all."""
    largest = max(vectors.abs().max().item(), 1e-9)
    numbers = vectors[_first(trace) :, :NUMBERS].T.tolist()
    return "".join(
        _row(trace, str(n), [(f"number{_shade(value / largest)}", _two(value)) for value in values])
        for n, values in enumerate(numbers)
    )


def _attention(trace: PipelineTrace) -> str:
    weights, first = trace.attention.tolist(), _first(trace)
    cells = [
        (f"number{_shade(weight)}", f"{weight:.2f}") if at <= trace.position else ("masked", "masked")
        for at, weight in enumerate(weights[first:], first)
    ]
    return _row(trace, "", cells, before=f"{sum(weights[:first]):.2f}")


def _candidates(trace: PipelineTrace) -> str:
    """The next tokens at the chosen position: logits, and their softmax with bars."""
    V = trace.logits.shape[1]
    best, logits, body = trace.most_probable(min(CANDIDATES, V)), trace.logits[trace.position].tolist(), ""
    for id, probability in best:
        body += (
            f'<tr><td class="llmlab-token">{_shown(trace.vocabulary[id])}</td><td class="llmlab-number">{id}</td>'
            f'<td class="llmlab-number">{_two(logits[id])}</td>{_bar(probability)}</tr>'
        )
    others = max(0.0, 1 - sum(probability for _, probability in best))
    body += f"<tr><td>{V - len(best):,} others</td><td></td><td></td>{_bar(others)}</tr>"
    head = "".join(f'<th scope="col">{name}</th>' for name in ("next token", "id", "logit", "probability"))
    title = f"Row {trace.position} of logits and probabilities: after {_shown(trace.tokens[trace.position])}"
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="The most probable next tokens">'
        f'<table class="llmlab-grid llmlab-pipeline llmlab-nexts"><caption>{title}</caption>'
        f"<thead><tr>{head}<td></td></tr></thead><tbody>{body}</tbody></table></div>"
    )


def _bar(probability: float) -> str:
    bar = f'<span class="llmlab-bar" style="width:{10 * probability:.1f}em"></span>'
    return f'<td class="llmlab-number">{probability:.2f}</td><td>{bar}</td>'


def _shade(share: float) -> str:
    """A class for a number from -1 to 1: four depths of blue, four of striped orange."""
    depth = min(4, round(5 * abs(share)))
    return f" llmlab-{'p' if share > 0 else 'n'}{depth}" if depth else ""


def _text(part: bytes) -> str:
    """A token in words: as text, control characters by name, or as bytes where it is not whole characters."""
    try:
        return _printable(part.decode())
    except UnicodeDecodeError:
        return f"bytes {part.hex(' ')}"


def _shown(part: bytes) -> str:
    """A token that can be seen, escaped: spaces as a raised dot, line ends as an arrow, and not too long."""
    try:
        return _dotted(part.decode())
    except UnicodeDecodeError:
        return part[:LONGEST].hex(" ")


def _dotted(text: str) -> str:
    if text == START:
        return "&lt;|endof<wbr>text|&gt;"  # may be broken where columns are narrow
    text = _shortened(text).replace(" ", "·").replace("\n", "↵").replace("\t", "⇥")
    return escape(_printable(text))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _shape(values: Tensor) -> str:
    return str(tuple(values.shape))


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")


class PipelineMap(Explorer):
    """Follow a text through a GPT: characters, tokens, ids, embeddings, attention, logits, probabilities.

    Args:
        text: the text to start with, at most 120 characters.
        model: a GPT of yours instead of the course's, on any device. Its texts are computed once each: after further
            training call `.refresh()`.
        tokenizer: the one whose ids your model reads.

    Raises:
        ValueError: a model without its tokenizer, or one of another vocabulary.
        FileNotFoundError: the course's model is not installed.

    >>> PipelineMap().trace.next_token()
    ' bark'
    """

    sheet = "pipeline_map.css"

    def __init__(self, text: str = FIRST_TEXT, model: GPT | None = None, tokenizer: BPETokenizer | None = None) -> None:
        if (model is None) != (tokenizer is None):
            raise ValueError("a model reads the ids of its own tokenizer: give both model and tokenizer, or neither")
        if model is not None and model.config.vocab_size != len(tokenizer):
            raise ValueError(
                f"the model has a vocabulary of {model.config.vocab_size}, the tokenizer one of {len(tokenizer)}: "
                "give the tokenizer whose ids the model was trained on"
            )
        self._model, self._tokenizer = model, tokenizer
        config = (model or bundled()[0]).config
        text_control = Text("text", "Text", initial=text, max_length=MAX_CHARACTERS)
        text_control.check(text)
        super().__init__(
            title="Pipeline map",
            task="Your target: a text that ends in the word dogs, after which the small GPT finds “is” more probable "
            "than “are”.",
            controls=[
                text_control,
                Range("back", "Positions back from the last", 0, COLUMNS - 1, initial=0),
                Range("layer", "Layer", 0, config.n_layers - 1, initial=min(FIRST_LAYER, config.n_layers - 1)),
                Range("head", "Head", 0, config.n_heads - 1, initial=min(FIRST_HEAD, config.n_heads - 1)),
            ],
        )

    def compute(self, state: dict[str, Any]) -> PipelineTrace:
        return compute(state, self._model, self._tokenizer)

    def refresh(self) -> None:
        """Compute all anew: for a model that was trained further."""
        _forward.cache_clear()
        super().refresh()

    def render(self, trace: PipelineTrace) -> str:
        return render(trace)

    def describe(self, trace: PipelineTrace) -> str:
        return describe(trace)

    def note(self, trace: PipelineTrace) -> str:
        notes = []
        if trace.left_out:
            n = len(trace.left_out)
            notes.append(
                f"The model reads {len(trace.tokens)} tokens at most, its context length: the first {n} of "
                f"{n + len(trace.tokens)} are left out."
            )
        if trace.strange:
            notes.append(
                f"Not in the toy world, the only text that this model has read: "
                f"{', '.join(_printable(_shortened(word)) for word in trace.strange)}. It gives probabilities all the "
                "same; they mean little."
            )
        elif trace.strange is not None and trace.text.endswith(" "):
            notes.append(
                "The text ends with a space. In this model's tokens a space begins a word; one alone, it has only read "
                "at the end of a document."
            )
        return " ".join(notes)

    def target(self, trace: PipelineTrace) -> tuple[bool, str]:
        last = len(trace.tokens) - 1
        try:
            singular, plural = (trace.probability(word, last) for word in (" is", " are"))
        except KeyError:
            return False, "This target needs a tokenizer that has “is” and “are” as one token each."
        shares = f"P(is) = {singular:.2f}, P(are) = {plural:.2f}"
        if trace.tokens[-1] != b" dogs":
            return False, f"Not yet: the last word is not dogs. {shares}."
        return (True, f"Reached: {shares}.") if singular > plural else (False, f"Not yet: {shares}.")

    def code_for(self, state: dict[str, Any]) -> str:
        tokenizer = self._tokenizer or bundled()[1]
        length = (self._model or bundled()[0]).config.context_length
        load = "# model and tokenizer are yours, the model in evaluation mode (model.eval())"
        if self._model is None:
            load = 'from llmlab.training import load_checkpoint\n\nmodel, tokenizer = load_checkpoint("tiny")'
        return (
            f"import torch\n{load}\n"
            f"ids = tokenizer.encode({_read(state['text'], tokenizer)!r}, allowed_special='all')[-{length}:]\n"
            f"position = max(0, len(ids) - 1 - {state['back']})\n"
            "with torch.no_grad():\n"
            "    x = model.embedding(torch.tensor([ids]))  # (1, T, D)\n"
            f"    for block in model.blocks[:{state['layer']}]:\n"
            "        x = block(x)\n"
            f"    block = model.blocks[{state['layer']}]\n"
            "    _, weights = block.attention(block.norm_attention(x), return_weights=True)  # (1, H, T, T)\n"
            "    logits = model(torch.tensor([ids]))  # (1, T, V)\n"
            f"print(weights[0, {state['head']}, position])\n"
            "probabilities = logits[0, position].softmax(dim=-1)  # (V,)\n"
            f"for id in probabilities.topk({CANDIDATES}).indices.tolist():\n"
            "    print(repr(tokenizer.decode([id])), probabilities[id])"
        )
