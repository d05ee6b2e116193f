"""Answers to "From ids back to text": wrong ones by misconception, unusual right ones, near misses, natural crashes."""

from __future__ import annotations

_ASK = "for id in ids:\n        if id not in id_to_token:\n            raise ValueError(f'no token has the id {id}')"
_TOKENS = "tokens = [id_to_token[id] for id in ids]"
_GLUE = r"re.sub(r' ([,.:;?!])', r'\1', ' '.join(tokens))"


def _decode(*lines: str) -> str:
    body = "\n    ".join(lines)
    return f"import re\n\ndef decode(ids, id_to_token):\n    {body}\n"


def _text(text: str) -> str:
    """Right but for the text that is made of the tokens."""
    return _decode(_ASK, _TOKENS, f"return {text}")


def _asked(before: str) -> str:
    """Right but for what is done about ids that are not in the table."""
    return _decode(before, f"return {_GLUE}")


WRONG = {
    "list-instead-of-text": _text("tokens"),
    "ids-instead-of-tokens": _text("' '.join(str(id) for id in ids)"),
    "space-before-marks": _text("' '.join(tokens)"),
    "some-marks-spaced": _text("' '.join(tokens).replace(' .', '.').replace(' ,', ',')"),
    "no-spaces": _text("''.join(tokens)"),
    "space-at-the-end": _text(f"{_GLUE} + ' '"),
    "space-at-the-beginning": _text("''.join(t if t in ',.:;?!' else ' ' + t for t in tokens)"),
    "quotes-glued": _text(r"""re.sub(r' ([,.:;?!"()\'])', r'\1', ' '.join(tokens))"""),
    "contraction-closed": _text(f'{_GLUE}.replace(" \' ", "\'")'),
    "space-after-marks-lost": _text(r"re.sub(r' ?([,.:;?!]) ?', r'\1', ' '.join(tokens))"),
    "place-instead-of-id": _decode(
        "places = list(id_to_token.values())", "tokens = [places[id] for id in ids]", f"return {_GLUE}"
    ),
    "last-token-lost": _text(_GLUE.replace("tokens", "tokens[:-1]")),
    "first-token-lost": _text(_GLUE.replace("tokens", "tokens[1:]")),
    "one-token-only": _decode("for id in ids:", "    return id_to_token[id]", "return ''"),
    "id-zero-lost": _asked("tokens = [id_to_token[id] for id in ids if id]"),
    "sorted-by-id": _asked("tokens = [id_to_token[id] for id in sorted(ids)]"),
    "key-error-instead": _asked(_TOKENS),
    "assertion-instead": _asked(f"assert set(ids) <= set(id_to_token), f'an id of {{ids}} is unknown'\n    {_TOKENS}"),
    "known-id-refused": _asked(f"{_ASK.replace('id not in id_to_token', 'id >= len(id_to_token)')}\n    {_TOKENS}"),
    "known-id-refused: zero": _asked(
        f"{_ASK.replace('id not in id_to_token', 'not id_to_token.get(id) or not id')}\n    {_TOKENS}"
    ),
    "id-not-named": _asked(f"{_ASK.replace(' {id}', '')}\n    {_TOKENS}"),
    "id-not-named: a part of another number": _asked(
        f"{_ASK.replace('no token has the id {id}', '{id}0')}\n    {_TOKENS}"
    ),
    "returned-not-raised": _asked(f"{_ASK.replace('raise', 'return')}\n    {_TOKENS}"),
    "returned-not-raised: minus one": _asked(f"if set(ids) - set(id_to_token):\n        return -1\n    {_TOKENS}"),
    "unknown-left-out": _asked("tokens = [id_to_token[id] for id in ids if id in id_to_token]"),
    "unknown-left-out: by get": _decode(
        "tokens = [id_to_token.get(id, '') for id in ids]", f"return {_GLUE}.replace('  ', ' ').strip()"
    ),
    "no-error": _asked("tokens = [id_to_token.get(id, '<|unk|>') for id in ids]"),
    "no-error: a message in the text": _asked("tokens = [id_to_token.get(id, f'no token {id}') for id in ids]"),
    "not-a-text": _text("{token for token in tokens}"),
    "not-a-text: pairs": _text("list(zip(ids, tokens))"),
    "other-text": _text(f"{_GLUE}.capitalize()"),
    "other-text: twice the spaces": _text(_GLUE.replace("' '.join", "'  '.join")),
    "tied-to-the-example": _text(f"{_GLUE}.replace('q', 'k').replace('z', 's').replace('ß', 'ss')"),
    "returns-none": _decode(_ASK, _TOKENS, f"text = {_GLUE}"),
    "mutates-input": _decode(
        "text = ''",
        "while ids:",
        "    id = ids.pop(0)",
        "    if id not in id_to_token:",
        "        raise ValueError(f'no token has the id {id}')",
        "    token = id_to_token[id]",
        "    text += token if not text or token in ',.:;?!' else ' ' + token",
        "return text",
    ),
    "wrong-parameters": "def decode(ids):\n    return ''\n",
}

UNUSUAL = [
    """
class UnknownId(ValueError):
    pass

def decode(ids, id_to_token):
    text = ""
    for place, id in enumerate(ids):
        try:
            token = id_to_token[int(id)]
        except KeyError as error:
            raise UnknownId(f"the id {error} at place {place} stands for nothing") from None
        text += token if place == 0 or token in (",", ".", ":", ";", "?", "!") else f" {token}"
    return text
""",
    """
from functools import reduce

def decode(ids, id_to_token):
    print(ids)
    known = list(id_to_token)
    tokens = [id_to_token[known[known.index(id)]] for id in ids]  # a ValueError of Python's own: 12 is not in list
    return reduce(lambda text, mark: text.replace(" " + mark, mark), ",.:;?!", " ".join(tokens))
""",
    """
def decode(ids, id_to_token):
    missing = [id for id in ids if id not in id_to_token]
    if missing:
        raise ValueError(missing)
    gaps = ["" if not place or id_to_token[id] in set(",.:;?!") else " " for place, id in enumerate(ids)]
    return "".join(gap + id_to_token[id] for gap, id in zip(gaps, ids))
""",
]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "list-instead-of-text": _text(f"[{_GLUE}]"),
    "ids-instead-of-tokens": _text("str(ids)"),
    "space-before-marks": WRONG["some-marks-spaced"],
    "some-marks-spaced": WRONG["space-before-marks"],
    "no-spaces": _text("'_'.join(tokens)"),
    "space-at-the-end": _text(f"{_GLUE} + '  '"),
    "space-at-the-beginning": _text(f"'\\n' + {_GLUE}"),
    "quotes-glued": _text(r"re.sub(r'(\') ', r'\1', re.sub(r' ([,.:;?!])', r'\1', ' '.join(tokens)))"),
    "contraction-closed": WRONG["quotes-glued"],
    "space-after-marks-lost": _text(r"re.sub(r'([,.:;?!]) ', r'\1', ' '.join(tokens))"),
    "place-instead-of-id": _text(
        _GLUE.replace("tokens", "[id_to_token[list(id_to_token)[list(id_to_token).index(id)]] for id in ids]")
    ),
    "last-token-lost": _text(_GLUE.replace("tokens", "tokens[:-2]")),
    "first-token-lost": _text(_GLUE.replace("tokens", "tokens[2:]")),
    "one-token-only": _text("tokens[-1] if tokens else ''"),
    "id-zero-lost": _asked("tokens = [id_to_token[id] for id in ids if id != 1]"),
    "sorted-by-id": _asked("tokens = [id_to_token[id] for id in sorted(ids, reverse=True)]"),
    "key-error-instead": _decode(
        "for id in ids:",
        "    if not {id} <= id_to_token.keys():",
        "        raise ValueError(f'{id}')",
        _TOKENS,
        f"return {_GLUE}",
    ),
    "assertion-instead": WRONG["key-error-instead"],
    "known-id-refused": _asked(f"{_ASK.replace('id not in id_to_token', 'not id_to_token.get(id)')}\n    {_TOKENS}"),
    "id-not-named": _asked(f"{_ASK.replace('no token has the id {id}', '{id}')}\n    {_TOKENS}"),
    "returned-not-raised": WRONG["no-error: a message in the text"],
    "unknown-left-out": WRONG["no-error"],
    "no-error": WRONG["unknown-left-out"],
    "not-a-text": WRONG["list-instead-of-text"],
    "other-text": WRONG["some-marks-spaced"],
    "tied-to-the-example": WRONG["other-text"],
}

CRASHES = {
    "ids-joined": _decode("return ' '.join(ids)"),
    "id-plus-text": _decode("text = ''", "for id in ids:", "    text += ' ' + id", "return text"),
    "id-plus-text: summed up": _decode("return sum(ids, '')".replace("sum(ids, '')", "0 + id_to_token[ids[0]]")),
    "all-ids-at-once": _decode("return id_to_token[ids]"),
    "text-in-place-of-ids": _decode("return [id_to_token[id] for id in ids].join(' ')"),
    "text-in-place-of-ids: split": _decode("return ' '.join(id_to_token[id] for id in ids.split())"),
    "not-callable": _decode("return ' '.join(id_to_token(id) for id in ids)"),
}
