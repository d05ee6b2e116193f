"""The pipeline map as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

import re
from typing import Any

from llmlab.bpe import BPETokenizer
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Range, Text
from llmlab.explorers.host.words import plural, printable
from llmlab.explorers.pipeline_map import numbers, picture, words
from llmlab.explorers.pipeline_map.numbers import shortened
from llmlab.explorers.pipeline_map.passes import as_read, bundled, compute, forward
from llmlab.explorers.pipeline_map.values import (
    CANDIDATES,
    COLUMNS,
    EXPECTED,
    FIRST_HEAD,
    FIRST_LAYER,
    FIRST_TEXT,
    MAX_CHARACTERS,
    MAX_WRITTEN,
    PLURALS,
    SURE,
    PipelineTrace,
)
from llmlab.gpt import GPT

TASK = (
    "Your target: a sentence with two plural nouns that ends in the word dogs, and after which the small GPT still "
    "finds “is” more probable than “are”."
)
TASK_FOR_YOURS = f"Your target: a text after which your model is sure: one next token has at least {SURE:.0%}."
EXAMPLES = (FIRST_TEXT, "the dog near the king", "she", "the piano")
TWO_NEAR = re.compile(rf"the \w+ near the ({'|'.join(sorted(PLURALS))}) near the dogs")  # what the question is about
QUESTION = Question(
    "No sentence that it has read has a second “near”. Why does the verb still go with the first noun?",
    (
        ("after dogs, is was counted most often", False, "Put kings in front: the same last word, and are."),
        (
            "some heads look back to the first noun, however many words lie between",
            True,
            "Press the heads: in at least one, dogs takes more than nine tenths from there.",
        ),
        ("it left the words after near out", False, "It reads all of them: each has a lane, and a press shows it."),
    ),
)


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
    heading = "Pipeline map"
    render, describe = staticmethod(picture.render), staticmethod(words.describe)
    why, more = staticmethod(words.why), staticmethod(numbers.more)
    stand_in = more

    def __init__(self, text: str = FIRST_TEXT, model: GPT | None = None, tokenizer: BPETokenizer | None = None) -> None:
        if (model is None) != (tokenizer is None):
            raise ValueError("a model reads the ids of its own tokenizer: give both model and tokenizer, or neither")
        if model is not None and tokenizer is not None and model.config.vocab_size != len(tokenizer):
            raise ValueError(
                f"the model has a vocabulary of {model.config.vocab_size}, the tokenizer one of {len(tokenizer)}: "
                "give the tokenizer whose ids the model was trained on"
            )
        self._model, self._tokenizer = model, tokenizer
        config = (model or bundled()[0]).config
        last_layer, last_head = config.n_layers - 1, config.n_heads - 1
        examples = EXAMPLES if model is None else ()  # of the toy world, which no other model has read
        text_control = Text("text", "Text", initial=text, max_length=MAX_CHARACTERS, examples=examples)
        text_control.check(text)
        super().__init__(
            title=self.heading,
            task=TASK if model is None else TASK_FOR_YOURS,
            controls=[
                text_control,
                Range("written", "Tokens that it writes itself", 0, MAX_WRITTEN, initial=0, play=900),
                Range("back", "Positions back from the last", 0, COLUMNS - 1, initial=0, quiet=True),
                Range("layer", "Layer", 0, last_layer, initial=min(FIRST_LAYER, last_layer), quiet=True),
                Range("head", "Head", 0, last_head, initial=min(FIRST_HEAD, last_head), quiet=True),
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
        if self._model is not None:
            (_, highest), token = trace.most_probable(1, last)[0], _named(trace.next_token(last))
            shares = f"after the last token the most probable one is “{token}”, with {highest:.2f}"
            return highest >= SURE, f"{'Reached' if highest >= SURE else 'Not yet'}: {shares}."
        singular, several = (trace.probability(word, last) for word in (" is", " are"))
        shares = f"P(is) = {singular:.2f}, P(are) = {several:.2f}"
        n_plurals = sum(word in PLURALS for word in trace.sentence.split())
        if trace.tokens[-1] != b" dogs":
            return False, f"Not yet: the last word is not dogs. {shares}."
        if max(singular, several) < EXPECTED:
            return False, f"Not yet: the model expects neither here. {shares}."
        if singular <= several:
            return False, f"Not yet: {shares}."
        if n_plurals < 2:
            return False, f"Not yet: {shares}, but of {plural(2, 'plural noun')} there is {n_plurals}."
        return True, f"Reached: {shares}, after {plural(n_plurals, 'plural noun')}."

    def question(self, trace: PipelineTrace) -> Question | None:
        if self._model is not None or trace.written or not TWO_NEAR.fullmatch(trace.text):
            return None
        return QUESTION if trace.weights[:, :, -1, 2].max() > 0.9 else None  # as the second answer says

    def limits(self, trace: PipelineTrace) -> dict[str, tuple[int, int]]:
        return {"back": (0, min(len(trace.tokens), COLUMNS) - 1)}

    def off(self, trace: PipelineTrace) -> dict[str, str]:
        L, H = trace.weights.shape[:2]
        reasons = {
            "back": (len(trace.tokens), "There is one position."),
            "layer": (L, "This model has one layer."),
            "head": (H, "This model has one head per layer."),
        }
        return {name: reason for name, (number, reason) in reasons.items() if number == 1}

    def code_for(self, state: dict[str, Any]) -> str:
        tokenizer = self._tokenizer or bundled()[1]
        length = (self._model or bundled()[0]).config.context_length
        load = "# model and tokenizer are yours, the model in evaluation mode (model.eval())"
        if self._model is None:
            load = 'from llmlab.training import load_checkpoint\n\nmodel, tokenizer = load_checkpoint("tiny")'
        write = ""
        if state["written"]:
            write = (
                f"for _ in range({state['written']}):  # the model goes on by itself\n"
                "    with torch.no_grad():\n"
                "        following = model(torch.tensor([ids]))[0, -1].argmax()  # the most probable token\n"
                f"    ids = [*ids, following.item()][-{length}:]\n"
            )
        return (
            f"import torch\n{load}\n"
            f"ids = tokenizer.encode({as_read(state['text'], tokenizer)!r}, allowed_special='all')[-{length}:]\n"
            f"{write}position = max(0, len(ids) - 1 - {state['back']})\n"
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
