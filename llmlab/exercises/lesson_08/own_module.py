"""Causal multi-head attention as a module, to be written: what it keeps, batches, shorter texts, its values."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.lesson_07.common import TIED, is_close, recognise, tensor
from llmlab.exercises.lesson_08.ideas import LAYER_IDEAS, super_forgotten
from llmlab.exercises.lesson_08.own_module_looks import Seen, look, right_outputs, wanted_shapes, weights_of
from llmlab.exercises.lesson_08.sections import LAYER, MODULE
from llmlab.exercises.lesson_08.whole_layer_mistakes import with_zeros, wrong_layers

_D_IN, _D_OUT, _LENGTH, _HEADS = 6, 12, 7, 3
_SHORTER = 5


def _check_own_module(own: Probe) -> Iterator[str]:
    def seen(sizes: tuple[int, int, int, int], weights: dict[str, Tensor], batch: Tensor, fresh: bool = False) -> Seen:
        d_in, d_out, length, n_heads = sizes
        call = f"{own.name}(d_in={d_in}, d_out={d_out}, context_length={length}, n_heads={n_heads})"
        read = partial(look, sizes=(d_in, d_out), weights=weights, batch=batch)
        found = own(d_in, d_out, length, n_heads, shown="random sizes" if fresh else call, fresh=fresh, read=read)
        return Seen(**found)

    generator = torch.Generator().manual_seed(0)
    weights = weights_of(_D_IN, _D_OUT, generator)
    full = torch.randn(2, _LENGTH, _D_IN, generator=generator)
    sizes = (_D_IN, _D_OUT, _LENGTH, _HEADS)

    found = seen(sizes, weights, full)
    _require_parameters(found)
    yield "five trained tensors, registered"

    got = tensor(found.outputs)
    if got is None or got.shape != (2, _LENGTH, _D_OUT):
        gave = "something that is no tensor" if got is None else f"shape {tuple(got.shape)}"
        raise Wrong("wrong-shape", f"For a batch of shape {tuple(full.shape)} it gave {gave}.")
    right = right_outputs(weights, full, _HEADS)
    if not is_close(got, right):
        apart = ~torch.isclose(got, right, rtol=1e-4, atol=1e-5)
        text, token = apart.any(dim=-1).nonzero()[0].tolist()
        pair = [show(outputs[text, token, :3].tolist()) for outputs in (got, right)]
        row = f"Text {text}, token {token} begins {pair[0]}; right is {pair[1]}."
        if found.random:
            raise Wrong("not-repeatable")
        if got.isnan().all():
            raise Wrong("all-nan")
        alone = tensor(seen(sizes, weights, full[text : text + 1]).outputs)
        if is_close(got + weights["W_out.bias"], right):
            raise Wrong("bias-missing", row)
        if alone is not None and is_close(alone, right[text : text + 1]):
            raise Wrong("texts-mixed", f"Alone, text {text} comes out right; beside another text it does not. {row}")
        raise Wrong(recognise(got, _wrong_outputs(weights, full)) or "other-values", row)
    yield "a batch of two texts"

    if not found.buffers:
        kept = "tensor" in found.loose
        raise Wrong("mask-plain-attribute" if kept else "no-buffer", "`list(module.buffers())` is empty.")
    if not any(shape[-2:] == (_LENGTH, _LENGTH) for shape in found.buffers):
        raise Wrong("no-buffer", f"Its buffers have the shapes {found.buffers}, and none is ({_LENGTH}, {_LENGTH}).")
    yield "the mask as a buffer"

    if not found.trained:
        raise Wrong("no-gradient")
    yield "a gradient for every weight"

    for T in (_SHORTER, 1):
        got = tensor(seen(sizes, weights, full[:, :T]).outputs)
        if not is_close(got, right_outputs(weights, full[:, :T], _HEADS)):
            raise Wrong("shorter-texts", f"Seen at {T} of {_LENGTH} tokens.")
    yield "shorter texts"

    fresh = random.Random()
    for _ in range(6):
        # None of them as in the example: what is tied to it fails at the first.
        length, d_in = fresh.choice((2, 3, 4, 6, 8)), fresh.choice((2, 3, 4, 5, 7))
        n_heads, d_head = fresh.choice((1, 2, 4, 5)), fresh.choice((1, 2, 3, 5))
        generator = torch.Generator().manual_seed(fresh.getrandbits(60))
        weights = weights_of(d_in, n_heads * d_head, generator)
        texts = torch.randn(fresh.choice((1, 3, 4)), fresh.randint(2, length), d_in, generator=generator)
        result = seen((d_in, n_heads * d_head, length, n_heads), weights, texts, fresh=True)
        if not is_close(tensor(result.outputs), right_outputs(weights, texts, n_heads)):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


def _require_parameters(found: Seen) -> None:
    wanted = wanted_shapes(_D_IN, _D_OUT)
    if found.shapes == wanted:
        return
    if not found.shapes:
        if "layers in a list" in found.loose:
            raise Wrong("layers-in-a-list", "`list(module.parameters())` is empty.")
        raise Wrong(
            "weights-not-registered" if "tensor" in found.loose else "parameters-in-forward",
            "`list(module.parameters())` is empty.",
        )
    missing = [name for name in wanted if name not in found.shapes]
    extra = {name: shape for name, shape in found.shapes.items() if name not in wanted}
    if not missing and any(shape[-2:] == (_LENGTH, _LENGTH) for shape in extra.values()):
        raise Wrong("mask-as-parameter", f"Beside the five there is {', '.join(extra)}.")
    if missing or extra:
        says = [f"Missing: {', '.join(missing)}."] if missing else []
        says += [f"Not asked for: {', '.join(extra)}."] if extra else []
        raise Wrong("other-parameters", " ".join(says))
    wrong = next(name for name in wanted if found.shapes[name] != wanted[name])
    raise Wrong(
        "other-shapes",
        f"With d_in={_D_IN} and d_out={_D_OUT}, {wrong} has shape {found.shapes[wrong]}; wanted is {wanted[wrong]}.",
    )


def _wrong_outputs(weights: dict[str, Tensor], batch: Tensor) -> dict[str, list[Tensor]]:
    """What each known wrong layer gives, and without W_out also without its bias."""
    found: dict[str, list[Tensor]] = {}
    for name, attend in wrong_layers():
        found.setdefault(name, []).extend(with_zeros(name, right_outputs(weights, batch, _HEADS, attend)))
    found["out-projection-missing"] += [outputs - weights["W_out.bias"] for outputs in found["out-projection-missing"]]
    return found


EXERCISE = Exercise(
    kind="function",
    examine=_check_own_module,
    means="An optimizer finds its weights, `.to(device)` takes its mask along, and it reads batches of any length up "
    "to its context: a layer that a GPT can be built from.",
    hints=(
        "What does the layer keep between two calls, and which of it is trained?",
        "In `__init__`: `super().__init__()` first, then four `nn.Linear`, then the mask by `self.register_buffer`. In "
        "`forward` only what depends on x: its T is not always the context length, so the mask is cut to it.",
        "`self.register_buffer('future', torch.ones(context_length, context_length, dtype=torch.bool).triu(1))`, and "
        "in `forward`: `scores.masked_fill(self.future[:T, :T], -torch.inf)`.",
    ),
    variant="Give it dropout on the weights, `nn.Dropout(p)`: `model.eval()` switches it off. Where is it called?",
    crashes=(
        super_forgotten(MODULE),
        Crash(
            "mask-not-cut",
            "RuntimeError",
            rf"\(({_SHORTER}|{_LENGTH})\) must match .*\(({_SHORTER}|{_LENGTH})\) at non-singleton",
            f"The context length is {_LENGTH} here, and this text has {_SHORTER} tokens: cut the mask to the text, "
            "`[:T, :T]`.",
            MODULE,
        ),
        Crash(
            "batch-not-expected",
            "ValueError",
            r"^too many values to unpack \(expected 2",
            "There is a batch now: x has three axes, (B, T, d_in).",
            MODULE,
        ),
        Crash(
            "layer-not-called",
            "TypeError",
            r"unsupported operand type\(s\) for @: '(Linear|Tensor)' and '(Linear|Tensor)'",
            "An `nn.Linear` is called, not multiplied: `self.W_query(x)`.",
            MODULE,
        ),
    ),
    misconceptions={
        "not-a-module": Misconception(
            "The class must be a kind of `nn.Module`: `class CausalHeads(nn.Module):`.", MODULE
        ),
        "layers-in-a-list": Misconception(
            "The layers lie in a list of Python's, where PyTorch does not look: no optimizer would find them. Make "
            "them attributes of their own.",
            MODULE,
        ),
        "weights-not-registered": Misconception(
            "The weights are plain tensors, and no optimizer would find them. An `nn.Linear` as an attribute is "
            "registered; so is an `nn.Parameter`.",
            MODULE,
        ),
        "parameters-in-forward": Misconception(
            "The module keeps no weights. If `forward` makes them, they are new and random at each call, and can never "
            "be trained: make them once, in `__init__`, as attributes.",
            MODULE,
        ),
        "mask-as-parameter": Misconception(
            "The mask is a parameter, and would be counted among the trained numbers. It is not trained: "
            "`self.register_buffer(name, mask)`.",
            MODULE,
        ),
        "other-parameters": Misconception(
            "The trained tensors are not those that the exercise names: four `nn.Linear`, three of them without a "
            "bias.",
            MODULE,
        ),
        "other-shapes": Misconception("A layer has other sizes than it should: `nn.Linear(in, out)`.", MODULE),
        "mask-plain-attribute": Misconception(
            "The values are right, and the mask is a plain attribute: `.to(device)` leaves it behind, and on a GPU the "
            "layer stops with an error. `self.register_buffer(name, mask)` takes it along.",
            MODULE,
        ),
        "no-buffer": Misconception(
            "The values are right, and the module keeps no mask of its context length. The exercise asks for one as a "
            "buffer, made once in `__init__`.",
            MODULE,
        ),
        "no-gradient": Misconception(
            "The numbers are right, and no gradient reaches the weights: the layer could not be trained. Look for "
            "`.data`, `.detach()`, `torch.no_grad()` or `.tolist()`.",
            MODULE,
        ),
        "texts-mixed": Misconception(
            "The texts of a batch reach each other. Every text is worked on by itself: heads and tokens are the axes "
            "that change, never the batch.",
            MODULE,
        ),
        "not-repeatable": Misconception(
            "It is random: called twice with one batch, it gave two results. There is no dropout in this exercise.",
            LAYER,
        ),
        "bias-missing": Misconception("The bias of W_out was not added: call the layer, `self.W_out(...)`.", MODULE),
        "shorter-texts": Misconception(
            "With as many tokens as the context length it is right, with fewer it is not.", MODULE
        ),
        "wrong-shape": Misconception("The result is one tensor of shape (B, T, d_out).", MODULE),
        "other-values": Misconception(
            "These are not the values of causal multi-head attention. Go through the steps of your `attend`, with a "
            "batch axis in front.",
            LAYER,
        ),
        "tied-to-the-example": TIED,
        # A mask from the scores is right at these values, and shows as a module without a mask of its own.
        **{name: idea for name, idea in LAYER_IDEAS.items() if name != "mask-from-the-scores"},
    },
)
