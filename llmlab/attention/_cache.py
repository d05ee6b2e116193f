"""Keys and values kept between steps of generation (lesson 09). Its public home is `llmlab.attention`."""

from __future__ import annotations

from torch import Tensor


class KVCache:
    """Keys and values of the tokens that a layer has seen, so that each is computed once (lesson 09).

    One cache serves one layer or, through `layers`, a whole model; `len(cache)` is the number of tokens it holds. Room
    is doubled when it runs out, so that adding a token copies nothing on most steps. It is for generation: what it
    holds carries no gradient.

    >>> import torch
    >>> from llmlab.attention import KVCache, MultiHeadAttention
    >>> attention, x = MultiHeadAttention(d_in=4, d_out=4, context_length=9, n_heads=2), torch.randn(1, 3, 4)
    >>> cache = KVCache()
    >>> steps = [attention(x[:, i : i + 1], cache=cache) for i in range(3)]
    >>> len(cache), torch.allclose(torch.cat(steps, dim=1), attention(x), atol=1e-6)
    (3, True)
    """

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return len(self._layers[-1]) if self._layers else self._length

    def clear(self) -> None:
        """Forget everything: what comes next starts a new sequence."""
        self._keys = self._values = None
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
            ValueError: the shapes differ from those held, other than in T, or the cache serves a whole model.
        """
        if self._layers:
            raise ValueError(
                f"this cache serves a model of {len(self._layers)} layers: use a new KVCache() for one layer"
            )
        self._keys = self._with_room("keys", self._keys, keys)
        self._values = self._with_room("values", self._values, values)
        start, self._length = self._length, self._length + keys.shape[-2]
        self._keys[..., start : self._length, :] = keys.detach()
        self._values[..., start : self._length, :] = values.detach()
        return self._keys[..., : self._length, :], self._values[..., : self._length, :]

    def _with_room(self, name: str, held: Tensor | None, new: Tensor) -> Tensor:
        needed = self._length + new.shape[-2]
        if held is None:
            return new.new_empty(*new.shape[:-2], needed, new.shape[-1])
        if (*held.shape[:-2], held.shape[-1]) != (*new.shape[:-2], new.shape[-1]):
            raise ValueError(
                f"the cache holds {name} of shape {(*held.shape[:-2], self._length, held.shape[-1])}, and "
                f"{tuple(new.shape)} do not continue them: use a new KVCache() for each layer and each batch"
            )
        if needed <= held.shape[-2]:
            return held
        larger = held.new_empty(*held.shape[:-2], max(needed, 2 * held.shape[-2]), held.shape[-1])
        larger[..., : self._length, :] = held[..., : self._length, :]
        return larger
