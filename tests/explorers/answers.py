"""Right answers of a learner's, one for each function that an explorer takes."""

from __future__ import annotations

import re

import torch

from llmlab.generation import sampling_probabilities
from llmlab.training import TrainConfig, learning_rate_at


def tokenize(text):
    return [piece for piece in re.split(r"""([,.:;?_!"()\']|--|\s)""", text) if piece.strip()]


def make_windows(token_ids, max_length, stride):
    return [
        (token_ids[start : start + max_length], token_ids[start + 1 : start + max_length + 1])
        for start in range(0, len(token_ids) - max_length, stride)
    ]


def embed_input(ids, token_table, position_table):
    return token_table[ids] + position_table[: ids.shape[1]]


def attend(q, k, v):
    weights = torch.softmax(q @ k.T / q.shape[-1] ** 0.5, dim=-1)
    return weights @ v, weights


def count_parameters(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights):
    block = 12 * d_model**2 + 10 * d_model + 3 * d_model * qkv_bias
    tables = (vocab_size + context_length + vocab_size * (not tie_weights)) * d_model
    return tables + n_layers * block + 2 * d_model


def schedule(step, steps, warmup_steps, highest, lowest):
    return learning_rate_at(step, TrainConfig(steps, highest, warmup_steps, lowest / highest))


def probabilities(logits, temperature, top_k, top_p):
    return sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)


def count_bytes(n_layers, n_kv_heads, d_head, length, batch_size, bytes_per_number):
    return 2 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number
