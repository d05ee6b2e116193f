"""Answers to "Predict: what has been learned?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "beside-is-alike": "'barks', 1, 'queen'",
    "opposite-meaning-opposite-vector": "'cat', -1, 'queen'",
    "antonyms-unrelated": "'cat', 0, 'queen'",
    "start-word": "'cat', 1, 'king'",
    "other-word": "'cat', 1, 'princess'",
    "not-three-answers": "'cat'",
    "not-three-answers: other words": "'moos', 1, 'queen'",
    "not-three-answers: other number": "'cat', 0.5, 'queen'",
}

UNUSUAL = ["['Cat', 1.0, 'Queen']", "('cat', '1', ' queen ')"]

NEAR_MISSES = {
    "beside-is-alike": "'moos', 1, 'queen'",
    "opposite-meaning-opposite-vector": "'cat', 1, 'queen'",
    "antonyms-unrelated": "'cat', -1, 'queen'",
    "start-word": "'cat', 1, 'prince'",
    "other-word": "'cat', 1, 'woman'",
    "not-three-answers": "('CAT', 1, 'queen')",
}
