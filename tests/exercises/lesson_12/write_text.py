"""Answers to "Write the loop": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _write(
    read="written[-context_length:]",
    logits="model(torch.tensor([{read}]))[0, -1]",
    chosen="choose(logits)",
    then="written.append({chosen})",
    times="n_tokens",
    result="written",
    start="list(ids)",
):
    """A `write` with one part of it changed."""
    return (
        "def write(model, ids, n_tokens, choose, context_length):\n"
        f"    written = {start}\n"
        f"    for _ in range({times}):\n"
        f"        logits = {logits.format(read=read)}\n"
        f"        {then.format(chosen=chosen)}\n"
        f"    return {result}\n"
    )


WRONG = {
    "choose-ignored": _write(chosen="logits.argmax().item()"),
    "only-the-last-token": _write(read="written[-1:]"),
    "logits-of-the-first-place": _write(logits="model(torch.tensor([{read}]))[0, 0]"),
    "logits-before-the-last": _write(logits="model(torch.tensor([{read}]))[0, [-1, -2][len({read}) > 1]]"),
    "reads-the-oldest": _write(read="written[:context_length]"),
    "prompt-only": _write(read="list(ids)[-context_length:]"),
    "nothing-new": _write(result="list(ids)"),
    "nothing-new: nothing appended": _write(then="[*written, {chosen}]"),
    "prompt-missing": _write(result="written[len(ids):]"),
    "one-too-few": _write(times="n_tokens - 1"),
    "one-too-many": _write(times="n_tokens + 1"),
    "only-what-was-read": _write(result="written[-context_length:]"),
    "only-what-was-read: and the last choice": _write(logits="model(torch.tensor([{read}]))[0, -1]").replace(
        "        logits =", "        written = written[-context_length:]\n        logits ="
    ),
    "stopped-at-the-context": _write(times="min(n_tokens, context_length - len(ids))"),
    "stopped-early": _write().replace("    return written", "        return written"),
    "stopped-early: the prompt counted": _write().replace("for _ in range(n_tokens)", "while len(written) < n_tokens"),
    "earlier-choices-lost": _write(
        then="written.append({chosen}); new = [*ids, written[-1]]", result="new if n_tokens else list(ids)"
    ),
    "not-a-list-of-ids": _write(result="torch.tensor([written]).float()"),
    "not-a-list-of-ids: text": _write(result="str(written)"),
    "other-text": _write(read="written[-context_length:][::-1]"),
    "other-text: a batch of one": _write(result="[written]").replace("return [written]", "return written[::-1]"),
    "tied-to-the-example": _write(read="written[-context_length:][-6:]"),
    "mutates-input": _write(start="ids"),
    "returns-none": _write(result="None"),
    "wrong-parameters": "def write(model, ids):\n    return ids",
}

UNUSUAL = [
    _write(),
    _write(chosen="choose(logits.log_softmax(-1))"),
    """
def write(model, ids, n_tokens, choose, context_length):
    if n_tokens == 0:
        return ids
    with torch.inference_mode():
        logits = model(torch.tensor(ids[-context_length:])[None])
    return write(model, ids + [choose(logits[0][-1])], n_tokens - 1, choose, context_length)
""",
    """
def write(model, ids, n_tokens, choose, context_length):
    text = torch.tensor([ids])
    while text.shape[1] < len(ids) + n_tokens:
        logits = model(text[:, -context_length:])[:, -1, :].squeeze(0)
        text = torch.cat([text, torch.tensor([[choose(logits)]])], dim=1)
    return text[0]
""",
]

# The newest tokens, but one too few of them: neither the oldest nor the last alone.
_SHORT = _write(read="written[-context_length + 1 :]")
NEAR_MISSES = {
    "choose-ignored": _write(chosen="logits.argmin().item()"),
    "only-the-last-token": _write(read="written[-2:]"),
    "logits-of-the-first-place": _write(logits="model(torch.tensor([{read}]))[0, len({read}) // 2]"),
    "logits-before-the-last": _write(logits="model(torch.tensor([{read}[:-1] + {read}[:1]]))[0, -1]"),
    "reads-the-oldest": _SHORT,
    "prompt-only": _write(read="(list(ids) + written[-1:])[-context_length:]"),
    "nothing-new": _write(result="[*ids, ids[-1]]"),
    "prompt-missing": _write(result="written[1:]"),
    "one-too-few": _write(times="n_tokens - 2"),
    "one-too-many": _write(result="[*written, written[-1]]"),
    "only-what-was-read": _write(result="written[-context_length - 2 :]"),
    "stopped-at-the-context": _write(times="min(n_tokens, context_length - len(ids) - 1)"),
    "stopped-early": _write(times="min(n_tokens, 2)"),
    "earlier-choices-lost": _write(result="[*ids, *written[len(ids) :][::-1]]"),
    "not-a-list-of-ids": _write(result="tuple(written)"),
    "other-text": _write(times="n_tokens - 1"),
    "tied-to-the-example": _write(read="written[-context_length:][-2:]"),
}

CRASHES = {
    "text-too-long": _write(read="written"),
    "a-list-among-the-ids": _write(then="written.append([{chosen}])"),
    "not-ids-of-a-batch": _write(logits="model(torch.tensor({read}))[0, -1]"),
    "not-ids-of-a-batch: a list": _write(logits="model({read})[0, -1]"),
    "not-one-row-of-logits": _write(logits="model(torch.tensor([{read}]))[0]"),
    "not-one-row-of-logits: with its batch": _write(logits="model(torch.tensor([{read}]))[:, -1]"),
    "logits-changed": _write(chosen="choose(logits.softmax(-1))"),
    "nothing-read": _write(read="written[len(ids):]"),
}
