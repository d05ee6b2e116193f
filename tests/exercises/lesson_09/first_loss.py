"""Answers to "The first loss": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "sevens-are-not-probabilities": "(6.9, 13.9)",
    "sevens-are-not-probabilities: none": "(6.91, 0.0)",
    "sevens-are-not-probabilities: minus": "(6.9078, -0.0922)",
    "logarithm-to-another-base": "(9.97, 9.97)",
    "logarithm-to-another-base: ten": "(3, 3)",
    "another-vocabulary": "(10.8, 10.8)",
    "a-probability": "(0.001, 0.001)",
    "a-probability: in percent": "(0.1, 0.1)",
    "no-loss-at-all": "(0, 7)",
    "one-in-the-vocabulary": "(1000, 1000)",
    "sign": "(-6.9, -6.9)",
    "rounded-too-far": "(7, 7)",
    "not-two-numbers": "6.9",
    "not-two-numbers: words": "('ln V', 'ln V')",
    "work-it-out": "(5.5, 5.5)",
}

NEAR_MISSES = {
    "sevens-are-not-probabilities": "(13.8, 6.9)",
    "logarithm-to-another-base": "(9.0, 9.0)",
    "another-vocabulary": "(11.5, 11.5)",
    "a-probability": "(0.5, 0.5)",
    "no-loss-at-all": "(0.01, 0)",
    "one-in-the-vocabulary": "(998, 998)",
    "sign": "(-1.0, -1.0)",
    "rounded-too-far": "(7.2, 7.2)",
    "not-two-numbers": "[6.9, 6.9]",
    "work-it-out": "(6.9, 0)",
}

UNUSUAL = ["[6.91, 6.91]", "torch.tensor([6.9078, 6.9078])", "(torch.tensor(1000.0).log(), 6.908)"]
