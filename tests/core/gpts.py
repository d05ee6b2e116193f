"""Small GPTs and ids that several tests read."""

from __future__ import annotations

import torch

from llmlab.gpt import GPT, GPTConfig


def model_of(seed=0, **sizes):
    sizes = {"vocab_size": 11, "context_length": 9, "d_model": 12, "n_heads": 3, "n_layers": 2} | sizes
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GPT(GPTConfig(**sizes)).eval()


def ids_of(*shape, below=11, seed=0):
    return torch.randint(below, shape, generator=torch.Generator().manual_seed(seed))


def shaken(model, seed=0):
    """Every weight moved by noise of width 0.3, norms and biases too: nothing stays at its first 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return model
