"""The values of the pipeline map: what one forward pass holds, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

START = "<|endoftext|>"  # opens each document that the model has read
MAX_CHARACTERS = 120
COLUMNS = 12  # positions in the picture, counted from the end; what stands before them shares a column
NUMBERS = 4  # of each vector, in the fold
CELLS = 16  # of each vector, in the picture
CANDIDATES = 8  # next tokens in the list
MAX_WRITTEN = 10  # tokens that the model writes by itself
EXPECTED = 0.01  # the target: a word of less probability than this is not expected at all
SURE = 0.9  # and the target for a model of one's own: of at least this probability
PLURALS = frozenset(  # of the toy world
    "kings queens princes princesses men women boys girls dogs cats mice cows horses ducks frogs lions wolves".split()
)
LONGEST = 14  # characters of a token that are written out
FIRST_TEXT, FIRST_LAYER, FIRST_HEAD = "the dogs near the king", 1, 1
LESSONS = {
    "01": "01_tokenization",
    "02": "02_byte_pair_encoding",
    "04": "04_embeddings",
    "05": "05_positions",
    "06": "06_attention",
    "08": "08_multi_head_attention",
    "09": "09_gpt_block",
    "12": "12_writing_text",
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
        embeddings: token embedding plus position embedding, (T, D); where positions are rotary, the token's alone.
        weights: attention weights of each layer and head, (L, H, T, T).
        context: the vectors after all layers and the last norm, (T, D).
        logits, probabilities: for the token after each position, (T, V).
        vocabulary: id -> bytes.
        position, layer, head: what is looked at.
        strange: words of the text with tokens that the toy world does not have, and its white space other than spaces;
            None if the model is somebody's own.
        written: how many of the last tokens the model has written itself, each the most probable one.
        continued: for each of the most probable next tokens at the chosen position, the text up to there and it; None
            where typing that text would not give these tokens, or it is too long.
        rotary: whether positions turn queries and keys, and none is added to the embeddings.
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
    written: int = 0
    continued: tuple[str | None, ...] = ()
    rotary: bool = False

    @property
    def sentence(self) -> str:
        """What stands after the last full stop, of the text and of what the model has written."""
        tokens = b"".join((*self.left_out, *self.tokens)).decode(errors="replace").split(START)[-1]
        return tokens.rpartition(".")[2].strip()

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
