"""Keys and values kept between steps of generation (lesson 13). Its public home is `llmlab.attention`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

from llmlab.utils.arguments import require_kind

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class KVCache:
    """Keys and values of the tokens that a layer has seen, so that each is computed once (lesson 13).

    One cache serves one layer or, through `layers`, a whole model; `len(cache)` is the number of tokens it holds. Room
    is doubled when it runs out, so that adding a token copies nothing on most steps. It is for generation: what it
    holds carries no gradient.

    >>> from llmlab.attention import KVCache, MultiHeadAttention
    >>> attention, x = MultiHeadAttention(d_in=4, d_out=4, context_length=9, n_heads=2), torch.randn(1, 3, 4)
    >>> cache = KVCache()
    >>> steps = [attention(x[:, i : i + 1], cache=cache) for i in range(3)]
    >>> len(cache), torch.allclose(torch.cat(steps, dim=1), attention(x), atol=1e-6)
    (3, True)
    >>> cache.keys.shape  # (B, H, T, d_head)
    torch.Size([1, 2, 3, 2])
    """

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return len(self._layers[-1]) if self._layers else self._length

    @property
    def length(self) -> int:
        """The number of tokens held: `len(cache)`."""
        return len(self)

    @property
    def keys(self) -> Tensor | None:
        """The keys held, (..., T, d); those of a whole model one layer above the other, (n_layers, ..., T, d), as a
        copy. None while nothing is held."""
        return self._held("keys")

    @property
    def values(self) -> Tensor | None:
        """The values held, in the shapes of `keys`."""
        return self._held("values")

    def _held(self, name: str) -> Tensor | None:
        if self._layers:
            held = [part for layer in self._layers if (part := layer._held(name)) is not None]
            return torch.stack(held) if held else None
        room = self._keys if name == "keys" else self._values
        return None if room is None else room[..., : self._length, :]

    def clear(self) -> None:
        """Forget everything: what comes next starts a new sequence."""
        self._keys: Tensor | None = None  # with room for more tokens than are held
        self._values: Tensor | None = None
        self._length = 0
        self._layers: list[KVCache] = []

    def layers(self, n_layers: int) -> list[KVCache]:
        """The caches of a model's layers, made at the first call.

        Raises:
            ValueError: this cache already serves a single layer, or a model with another number of layers.
        """
        if self._keys is not None or len(self._layers) not in (0, n_layers):
            served = f"a model of {len(self._layers)} layers" if self._layers else "a single layer"
            raise ValueError(f"this cache serves {served}, not a model of {n_layers} layers: use a new KVCache()")
        self._layers = self._layers or [KVCache() for _ in range(n_layers)]
        return self._layers

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values of shape (..., T, d) and return all held so far, (..., len(cache), d).

        Raises:
            TypeError: keys or values that are not tensors.
            ValueError: keys and values that are not of the same tokens, or that differ from those held in shape (other
                than T), dtype or device; or the cache serves a whole model. Nothing is added then.
        """
        if self._layers:
            raise ValueError(
                f"this cache serves a model of {len(self._layers)} layers: use a new KVCache() for one layer"
            )
        require_kind("keys", keys, Tensor, "a tensor")
        require_kind("values", values, Tensor, "a tensor")
        if keys.dim() < 2 or keys.shape[:-1] != values.shape[:-1]:
            raise ValueError(
                f"keys and values must be (..., T, d) of the same tokens, got {tuple(keys.shape)} and "
                f"{tuple(values.shape)}"
            )
        _require_continues("keys", self.keys, keys)
        _require_continues("values", self.values, values)
        start, length = self._length, self._length + keys.shape[-2]
        # Only the last line makes the new tokens part of the cache: a step that fails before it has added nothing.
        self._keys, self._values = _with_room(self._keys, keys, length), _with_room(self._values, values, length)
        self._keys[..., start:length, :] = keys.detach()
        self._values[..., start:length, :] = values.detach()
        self._length = length
        return self._keys[..., :length, :], self._values[..., :length, :]

    @contextmanager
    def as_it_was_on_failure(self) -> Iterator[None]:
        """Whatever is raised inside, the cache then holds what it held before, in each of its layers."""
        layers = list(self._layers)
        before = [(cache, cache._keys, cache._values, cache._length) for cache in (self, *layers)]
        try:
            yield
        except BaseException:
            self._layers = layers
            for cache, keys, values, length in before:
                cache._keys, cache._values, cache._length = keys, values, length
            raise


def restores_cache(forward: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Decorate a module's `forward(x, mask, cache, …)`: a call that fails leaves its cache as it was.

    The layers add to their caches one after the other, so an error in the second would leave the first a token longer,
    and every later step wrong without a word.
    """

    @wraps(forward)
    def guarded(*args: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        cache = options["cache"] if "cache" in options else args[3] if len(args) > 3 else None  # args[0] is the module
        if cache is None:
            return forward(*args, **options)
        require_kind("cache", cache, KVCache, "a KVCache")
        assert isinstance(cache, KVCache)
        with cache.as_it_was_on_failure():
            return forward(*args, **options)

    return guarded


def _require_continues(name: str, held: Tensor | None, new: Tensor) -> None:
    """Raise unless `new` differs from what is held in the number of tokens alone."""
    if held is None:
        return
    if (*held.shape[:-2], held.shape[-1]) != (*new.shape[:-2], new.shape[-1]):
        raise ValueError(
            f"the cache holds {name} of shape {tuple(held.shape)}, and {tuple(new.shape)} do not continue them: "
            "use a new KVCache() for each layer and each batch"
        )
    if (held.dtype, held.device) != (new.dtype, new.device):
        raise ValueError(
            f"the cache holds {name} of {held.dtype} on {held.device}, and {new.dtype} on {new.device} do not continue "
            "them: use a new KVCache() after a model has moved"
        )


def _with_room(held: Tensor | None, new: Tensor, length: int) -> Tensor:
    """A tensor with room for `length` tokens that begins with those held: `held` itself where it is large enough."""
    if held is not None and length <= held.shape[-2]:
        return held
    room = length if held is None else max(length, 2 * held.shape[-2])
    larger = new.new_empty(*new.shape[:-2], room, new.shape[-1])
    if held is not None:
        larger[..., : held.shape[-2], :] = held
    return larger
