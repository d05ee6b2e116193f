"""The tokenizer microscope as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Text
from llmlab.explorers.host.learner import learners_function, name_of, not_written
from llmlab.explorers.host.words import plural
from llmlab.explorers.tokenizer_microscope import numbers, picture, words
from llmlab.explorers.tokenizer_microscope.values import (
    FIRST_TEXT,
    FIRST_TOKEN,
    LEAST_CHARACTERS,
    LOOKED_AT,
    MAX_CHARACTERS,
    NAMES,
    OWN_BPE_SIZE,
    UNKNOWN,
    MicroscopeTrace,
    WordFunction,
    compute,
)

EXAMPLES = (FIRST_TEXT, "🎹🎹🎹", "Καλημέρα, φίλε μου", "for i in range(10):", "3.14159265358979", "Frühstücksbrötchen")
QUESTION = Question(
    "Why can plain English, in ASCII, never have more GPT-2 tokens than characters?",
    (
        ("all English words are in its vocabulary", False, "unhelpfully is not: it is cut into three."),
        (
            "each character is one byte, and a token holds at least one",
            True,
            "So merging can only make fewer. Only a character of several bytes can be cut into several tokens.",
        ),
        ("its tokens are never shorter than a word", False, "Many are: a mark, a letter, even a part of a character."),
    ),
)


class TokenizerMicroscope(Explorer):
    """See one text as characters, bytes, words, and as the tokens of two byte pair encoders, side by side.

    Args:
        words: your `tokenize(text)`, which returns the words and marks of a text as a list of str. Its vocabulary is
            what it finds in the story. Assign to `.words` to try another one.
        text: the text to start with, at most 40 characters.

    >>> len(TokenizerMicroscope().trace.row("bytes").tokens)
    27
    """

    sheet = "tokenizer_microscope.css"
    heading = "Tokenizer microscope"
    render, describe = staticmethod(picture.render), staticmethod(words.describe)
    why, more = staticmethod(words.why), staticmethod(numbers.more)
    stand_in = more
    words = learners_function()

    def __init__(self, words: WordFunction | None = None, text: str = FIRST_TEXT) -> None:
        text_control = Text("text", "Text", initial=text, max_length=MAX_CHARACTERS, examples=EXAMPLES)
        text_control.check(text)
        super().__init__(
            title=self.heading,
            task=f"Your target: a text of at least {LEAST_CHARACTERS} characters for which GPT-2 needs more tokens "
            "than there are characters, and which every row gives back unchanged.",
            controls=[
                text_control,
                Range("token", "Look closely at token", 0, LOOKED_AT - 1, initial=FIRST_TOKEN, play=800),
                Choice("inspect", "Row", NAMES, initial="GPT-2", quiet=True),
            ],
            words=words,
        )

    def compute(self, state: dict[str, Any]) -> MicroscopeTrace:
        return compute(state, self.words)

    def note(self, trace: MicroscopeTrace) -> str:
        return "" if trace.own_function else not_written(self.words, "llmlab's own words are shown")

    def target(self, trace: MicroscopeTrace) -> tuple[bool, str]:
        characters, tokens = len(trace.text), len(trace.row("GPT-2").tokens)
        counts = f"{plural(characters, 'character')}, {plural(tokens, 'GPT-2 token')}"
        losing = f"not given back by: {', '.join(trace.losing)}" if trace.losing else "every row gives it back"
        if trace.more_tokens_than_characters and not trace.losing:
            return True, f"Reached: {counts}, and {losing}."
        short = f" (at least {LEAST_CHARACTERS} characters are wanted)" if characters < LEAST_CHARACTERS else ""
        return False, f"Not yet: {counts}{short}; {losing}."

    def question(self, trace: MicroscopeTrace) -> Question:
        return QUESTION

    def limits(self, trace: MicroscopeTrace) -> dict[str, tuple[int, int]]:
        return {"token": (0, max(0, min(len(trace.row(trace.inspected).tokens), LOOKED_AT) - 1))}

    def off(self, trace: MicroscopeTrace) -> dict[str, str]:
        return {} if trace.closely else {"token": "This row has no token."}

    def code_for(self, state: dict[str, Any]) -> str:
        if state["inspect"] == "words" and self._cuts_words(state):
            name = name_of(self.words)
            return _OWN_WORDS.format(words=name if name.isidentifier() else "words", text=state["text"])
        imports, make, encode = _CODE[state["inspect"]]
        return (
            f"{imports}\n\ntext = {state['text']!r}\ntokenizer = {make}\nids = tokenizer.{encode}(text)\n"
            "print(ids)\nprint(repr(tokenizer.decode(ids)))"
        )

    def _cuts_words(self, state: dict[str, Any]) -> bool:
        """Whether the words shown are those of the learner's function."""
        try:
            return self.compute(state).own_function
        except Exception:  # whoever runs the code will see what it raises
            return True


_OWN_WORDS = """\
from llmlab.corpus import load_text
from llmlab.tokenizers import WordTokenizer

# {words} is the function that this microscope was given
text = {text!r}
vocabulary = [*sorted({{*{words}(load_text())}} - {{"", "<|unk|>"}}), "<|unk|>"]
token_to_id = {{token: id for id, token in enumerate(vocabulary)}}
ids = [token_to_id.get(token, token_to_id["<|unk|>"]) for token in {words}(text)]
print(ids)
print(repr(WordTokenizer(vocabulary, unknown="<|unk|>").decode(ids)))"""
_STORY = "from llmlab.corpus import load_text\n"
_CODE = {
    "characters": (
        f"{_STORY}from llmlab.tokenizers import CharTokenizer",
        f'CharTokenizer.from_text(load_text(), unknown="{UNKNOWN}")',
        "encode",
    ),
    "bytes": ("from llmlab.tokenizers import ByteTokenizer", "ByteTokenizer()", "encode"),
    "words": (
        f"{_STORY}from llmlab.tokenizers import WordTokenizer",
        f'WordTokenizer.from_text(load_text(), special_tokens=["{UNKNOWN}"], unknown="{UNKNOWN}")',
        "encode",
    ),
    "BPE of the story": (
        f"from llmlab.bpe import train_bpe\n{_STORY.rstrip()}",
        f"train_bpe(load_text(), vocab_size={OWN_BPE_SIZE})",
        "encode",
    ),
    "GPT-2": ("from llmlab.bpe import gpt2_encoding", "gpt2_encoding()", "encode_ordinary"),
}
