"""Answers to "Let it write": wrong ones by misconception, unusual right ones, near misses, natural crashes."""

from __future__ import annotations


def _generate(*lines: str) -> str:
    body = "\n    ".join(lines)
    return f"def generate(prompt, n_tokens, predict, choose):\n    {body}\n"


def _loop(step: str, loop: str = "for _ in range(n_tokens):", end: str = "return written") -> str:
    return _generate("written = list(prompt)", loop, f"    {step}", end)


_STEP = "written.append(choose(predict(written[-1])))"
_GREEDY = "probabilities = predict(written[-1])\n        written.append(max(probabilities, key=probabilities.get))"
_SAMPLED = (
    "after = predict(written[-1])\n        import random\n"
    "        written.append(random.choices(list(after), list(after.values()))[0])"
)

WRONG = {
    "always-the-most-probable": _loop(_GREEDY),
    "always-the-most-probable: without the prompt": _loop(_GREEDY, end="return written[len(prompt):]"),
    "choose-not-asked": _loop(_SAMPLED),
    "choose-not-asked: the prompt alone": _generate("return prompt"),
    "prompt-left-out": _loop(_STEP, end="return written[len(prompt):]"),
    "prompt-left-out: a list of its own": _generate(
        "new, last = [], prompt[-1]",
        "for _ in range(n_tokens):",
        "    last = choose(predict(last))",
        "    new.append(last)",
        "return new",
    ),
    "nothing-appended": _loop("token = choose(predict(written[-1]))"),
    "one-token-too-many": _loop(_STEP, "for _ in range(n_tokens + 1):"),
    "one-token-too-many: at least one": _generate(
        "written = list(prompt)",
        "while True:",
        f"    {_STEP}",
        "    n_tokens -= 1",
        "    if n_tokens <= 0:",
        "        return written",
    ),
    "one-token-too-few": _loop(_STEP, "for _ in range(1, n_tokens):"),
    "one-token-too-few: the last one cut off": _loop(_STEP, end="return written[:-1]"),
    "prompt-counted": _loop(_STEP, "while len(written) < n_tokens:"),
    "one-token-only": _loop(f"{_STEP}\n        return written"),
    "as-many-as-the-prompt": _loop(_STEP, "for _ in prompt:"),
    "the-prompts-last-token": _loop("written.append(choose(predict(prompt[-1])))"),
    "the-prompts-last-token: asked once": _generate(
        "written, after = list(prompt), predict(prompt[-1])",
        "for _ in range(n_tokens):",
        "    written.append(choose(after))",
        "return written",
    ),
    "the-first-token": _loop("written.append(choose(predict(written[0])))"),
    "only-the-last-token": _loop(_STEP, end="return written[-1]"),
    "text-instead-of-tokens": _loop(_STEP, end="return ' '.join(written)"),
    "not-tokens": _loop("written.append([choose(predict(written[-1]))])", "for _ in range(min(n_tokens, 1)):"),
    "not-tokens: with its probability": _loop(
        "p = predict(written[-1])\n        token = choose(p)\n        written += [token, p[token]]",
        "for _ in range(min(n_tokens, 1)):",
    ),
    "not-a-list": _loop(_STEP, end="return set(written)"),
    "other-tokens": _loop("written.insert(0, choose(predict(written[0])))"),
    "other-tokens: the letters of each": _loop("written += choose(predict(written[-1]))", "for _ in range(1):"),
    "tied-to-the-example": _loop("written.append(choose(predict(written[-1] if written[-1] != '9' else '')))").replace(
        "range(n_tokens)", "range(n_tokens if prompt[0].isalpha() else 0)"
    ),
    "mutates-input": _generate(
        "for _ in range(n_tokens):", f"    {_STEP.replace('written', 'prompt')}", "return prompt"
    ),
    "mutates-input: by another name": _loop(_STEP).replace("list(prompt)", "prompt"),
    "returns-none": _loop(_STEP, end="' '.join(written)"),
    "wrong-parameters": "def generate(prompt, n_tokens):\n    return prompt\n",
}

UNUSUAL = [
    """
def generate(prompt, n_tokens, predict, choose):
    if n_tokens == 0:
        return prompt
    return generate([*prompt, choose(predict(prompt[-1]))], n_tokens - 1, predict, choose)
""",
    """
from functools import reduce

def generate(prompt, n_tokens, predict, choose):
    print("writing", n_tokens)
    return reduce(lambda written, _: written + (choose(predict(written[-1])),), range(n_tokens), tuple(prompt))
""",
    """
from itertools import accumulate, repeat

def generate(prompt, n_tokens, predict, choose):
    steps = accumulate(repeat(None, n_tokens), lambda last, _: choose(predict(last)), initial=prompt[-1])
    return prompt[:-1] + list(steps)
""",
]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "always-the-most-probable": _loop(_GREEDY.replace("max(", "min(")),
    "choose-not-asked": _loop(
        "after = predict(written[-1])\n        choose(after)\n        "
        + _GREEDY.split("\n")[1].strip().replace("probabilities", "after")
    ),
    "prompt-left-out": _loop(_STEP, end="return written[len(prompt) - 1:]"),
    "nothing-appended": _loop(_STEP, "for _ in range(min(n_tokens, 1)):"),
    "one-token-too-many": _loop(_STEP, "for _ in range(n_tokens + 2):"),
    "one-token-too-few": _loop(_STEP, "for _ in range(2, n_tokens):"),
    "prompt-counted": _loop(_STEP, "while len(written) < n_tokens + len(prompt):"),
    "one-token-only": _loop(_STEP, "for _ in range(n_tokens // 2):"),
    "as-many-as-the-prompt": _loop(_STEP, "for _ in range(len(prompt) + 1):"),
    "the-prompts-last-token": _loop("written.append(choose(predict(prompt[0])))"),
    "the-first-token": _loop("written.append(choose(predict(written[-2] if len(written) > 1 else written[0])))"),
    "only-the-last-token": _loop(_STEP, end="return written[-1:]"),
    "text-instead-of-tokens": WRONG["only-the-last-token"],
    "not-tokens": WRONG["other-tokens: the letters of each"],
    "not-a-list": _loop(_STEP, end="return tuple(written)"),
    "other-tokens": _loop("written.insert(len(written), choose(predict(written[len(written) - 1])))"),
    "tied-to-the-example": WRONG["other-tokens"],
}

CRASHES = {
    "whole-list-asked": _loop("written.append(choose(predict(written)))"),
    "choose-got-a-token": _loop("written.append(choose(written[-1]))"),
    "choose-got-a-token: the function": _loop("written.append(choose(predict))"),
    "not-a-token-asked": _loop("written.append(choose(predict(' '.join(written))))"),
    "choose-got-a-token: its keys": _loop("written.append(choose(predict(written[-1]).keys()))"),
    "not-a-token-asked: letter by letter": _loop("written += choose(predict(written[-1]))"),
    "not-a-token-asked: looked up among the next ones": _loop("written.append(predict(written[-1])[written[-1]])"),
    "none-used": _loop("written = written.append(choose(predict(written[-1])))"),
    "list-plus-element": _loop("written = written + choose(predict(written[-1]))"),
    "one-value-for-many": _loop(_STEP, "for _ in n_tokens:"),
    "index-past-end": _loop("written.append(choose(predict(written[len(written)])))"),
}
