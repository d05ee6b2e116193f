"""The pipeline map as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.bpe import BPETokenizer
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Range, Text
from llmlab.explorers.pipeline_map import picture
from llmlab.explorers.pipeline_map.picture import printable, shortened
from llmlab.explorers.pipeline_map.values import (
    CANDIDATES,
    COLUMNS,
    EXPECTED,
    FIRST_HEAD,
    FIRST_LAYER,
    FIRST_TEXT,
    MAX_CHARACTERS,
    PipelineTrace,
    as_read,
    bundled,
    compute,
    forward,
)
from llmlab.gpt import GPT


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
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)

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
        forward.cache_clear()
        super().refresh()

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
                f"{', '.join(map(_named, trace.strange))}. It gives probabilities all the "
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
        if max(singular, plural) < EXPECTED:
            return False, f"Not yet: the model expects neither here. {shares}."
        return (True, f"Reached: {shares}.") if singular > plural else (False, f"Not yet: {shares}.")

    def code_for(self, state: dict[str, Any]) -> str:
        tokenizer = self._tokenizer or bundled()[1]
        length = (self._model or bundled()[0]).config.context_length
        load = "# model and tokenizer are yours, the model in evaluation mode (model.eval())"
        if self._model is None:
            load = 'from llmlab.training import load_checkpoint\n\nmodel, tokenizer = load_checkpoint("tiny")'
        return (
            f"import torch\n{load}\n"
            f"ids = tokenizer.encode({as_read(state['text'], tokenizer)!r}, allowed_special='all')[-{length}:]\n"
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


def _named(word: str) -> str:
    """A word that the model does not know, or the white space that it is."""
    return {"\n": "a line end", "\t": "a tab"}.get(word, printable(shortened(word)))
