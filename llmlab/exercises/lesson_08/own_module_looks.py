"""What a module of the learner's shows: its parameters, its buffers, what it gives, and whether it could be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.attention._bugs import Attend, function
from llmlab.exercises.engine import Wrong
from llmlab.exercises.engine.values import plain
from llmlab.exercises.engine.verdicts import Blank


def wanted_shapes(d_in: int, d_out: int) -> dict[str, tuple[int, ...]]:
    """The trained tensors that the exercise names, as `nn.Linear` shapes them."""
    projections = {f"{name}.weight": (d_out, d_in) for name in ("W_query", "W_key", "W_value")}
    return projections | {"W_out.weight": (d_out, d_out), "W_out.bias": (d_out,)}


@dataclass(frozen=True)
class Seen:
    """What a module showed, in plain values.

    Attributes:
        shapes: of its registered parameters, by name.
        buffers: the shapes of its buffers.
        loose: what lies in it without being registered: "tensor", "layers in a list".
        outputs: what it gave for the batch; None where its parameters are not those of the exercise.
        trained: whether a gradient reached every parameter.
        random: whether the same batch gave something else the second time.
    """

    shapes: dict[str, tuple[int, ...]]
    buffers: list[tuple[int, ...]]
    loose: list[str]
    outputs: Any
    trained: bool
    random: bool


def look(module: Any, _: tuple, *, sizes: tuple[int, int], weights: dict[str, Tensor], batch: Tensor) -> dict[str, Any]:
    """What a module of these sizes (d_in, d_out) shows with these weights: the attributes of `Seen`."""
    if not isinstance(module, nn.Module):
        raise Wrong("not-a-module", f"Called with four sizes it gave a value of type `{type(module).__name__}`.")
    if not type(module).forward.__code__.co_names and _is_blank(module.forward(batch.clone())):
        raise Blank
    parameters = dict(module.named_parameters())
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    buffers = [tuple(buffer.shape) for buffer in module.buffers()]
    outputs, trained, random = None, True, False
    if shapes == wanted_shapes(*sizes):
        with torch.no_grad():
            for name, weight in weights.items():
                parameters[name].copy_(weight)
        result = module(batch.clone())
        if result is None:
            raise Wrong("returns-none", "`forward` gave `None`.")
        outputs, trained, random = plain(result), _reached(parameters, result), _differ(result, module(batch.clone()))
    elif not shapes:
        module(batch.clone())  # if it stops with an error, that says more
    return vars(Seen(shapes, buffers, _loose(module), outputs, trained, random))


def _is_blank(result: Any) -> bool:
    return result is None or result is ...


def _differ(result: Any, again: Any) -> bool:
    """Whether two results for one batch differ, NaN apart."""
    if not (isinstance(result, Tensor) and isinstance(again, Tensor)):
        return False
    return not torch.allclose(result.detach(), again.detach(), equal_nan=True)


def _reached(parameters: dict[str, nn.Parameter], result: Any) -> bool:
    if not isinstance(result, Tensor) or not result.requires_grad:
        return False
    result.square().sum().backward()
    return all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in parameters.values())


def _loose(module: nn.Module) -> list[str]:
    held = {name: value for name, value in vars(module).items() if name not in ("_parameters", "_buffers", "_modules")}
    found = ["tensor"] if any(isinstance(value, Tensor) for value in held.values()) else []
    lists = [list(value.values()) if isinstance(value, dict) else value for value in held.values()]
    if any(
        isinstance(one, nn.Module | nn.Parameter) for part in lists if isinstance(part, list | tuple) for one in part
    ):
        found.append("layers in a list")
    return found


def weights_of(d_in: int, d_out: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Random weights, large enough for every known mistake to show."""
    return {name: torch.randn(shape, generator=generator) / 2 for name, shape in wanted_shapes(d_in, d_out).items()}


def right_outputs(weights: dict[str, Tensor], batch: Tensor, n_heads: int, attend: Attend | None = None) -> Tensor:
    """What the right layer gives for a batch, or the one that works as `attend` does."""
    names = ("W_query", "W_key", "W_value", "W_out")
    W_query, W_key, W_value, W_out = (weights[f"{name}.weight"].T for name in names)
    attend = attend or function()
    contexts = [attend(text, W_query, W_key, W_value, W_out, n_heads) for text in batch]
    return torch.stack(contexts) + weights["W_out.bias"]
