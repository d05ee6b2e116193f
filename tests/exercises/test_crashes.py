"""What is said of an exception in a learner's code: the common crashes, each shown by natural slips, and others."""

from __future__ import annotations

import random

import pytest
import torch

from llmlab.exercises.engine import Crash, Exercise, Misconception
from llmlab.exercises.engine.common_crashes import COMMON_CRASHES
from llmlab.exercises.engine.crashes import Seen, explain
from tests.exercises.cells import define

# crash -> bodies of `def answer(ids, x):` that stop with it; ids is [3, 1, 2], x a tensor (2, 3) of floats.
SLIPS = {
    "none-used": [
        "for i in ids.sort():\n    pass",
        "return ids.sort()[0]",
        "return len(ids.append(4))",
        "return ids.sort() + [1]",
        "return ids.sort().copy()",
        "def helper(i):\n    i + 1\nreturn helper(1) + helper(2)",
        "return torch.nn.functional.linear(None, x)",
    ],
    "index-past-end": [
        "return [(ids[i], ids[i + 1]) for i in range(len(ids))]",
        "return 'ab'[2]",
        "return (1, 2)[5]",
        "ids[3] = 0",
        "return ids.pop(7)",
        "return range(3)[4]",
    ],
    "pop-from-empty": ["while True:\n    ids.pop()"],
    "key-missing": ["return {'a': 1}['b']", "return {1: 'a'}['1']", "s = set(ids)\ns.remove(9)"],
    "not-in-the-list": ["return ids.index(7)", "ids.remove(7)", "return 'abc'.index('x')"],
    "nothing-to-choose-from": ["return min([])", "return max(i for i in ids if i > 9)"],
    "nothing-next": ["return next(iter([]))", "return next(i for i in ids if i > 9)"],
    "divided-by-zero": ["return 1 / 0", "return sum([]) / len([])", "return 3 % 0"],
    "read-before-assigned": ["total += 1\ntotal = 0", "for i in []:\n    last = i\nreturn last"],
    "unknown-name": ["return idz", "return math.sqrt(2)"],
    "not-in-the-module": ["return torch.sofmax(x)"],
    "no-such-attribute": ["return ids.shape", "return x.lenght", "return 'a'.append('b')"],
    "module-missing": ["import no_such_module_anywhere", "from math import no_such_name"],
    "list-as-key": ["return {ids[:2]: 1}", "counts = {}\ncounts[ids] = 1", "return set([[1], [2]])"],
    "unhashable-key": ["return {{1: 2}: 3}", "return {{1}}"],
    "position-not-whole": ["return ids[len(ids) / 2]", "return ids[: len(ids) / 2]", "return range(len(ids) / 2)"],
    "position-not-a-number": [
        "return ids['a']",
        "return ids[(1, 2)]",
        "key = 't'\nreturn 'text'[key]",
        "key = [0]\nreturn (1, 2)[key]",
    ],
    "generator-has-no-length": [
        "return len(i for i in ids)",
        "return zip(ids, ids)[0]",
        "return len(map(str, ids))",
        "return iter(ids)[0]",
    ],
    "one-value-for-many": [
        "for i in len(ids):\n    pass",
        "return ids[0][0]",
        "return len(3)",
        "a, b = ids[0]",
        "return list(3)",
        "return 1 in 5",
    ],
    "not-callable": ["return ids(0)", "sum = 3\nreturn sum(ids)", "return x.shape(0)"],
    "cannot-be-changed": ["t = (1, 2)\nt[0] = 3", "t = 'ab'\nt[0] = 'c'", "t = 'ab'\ndel t[0]"],
    "list-plus-element": ["return ids + 1 if False else ids + (1,)", "return [] + ids[0]", "return (1,) + ids"],
    "text-plus-other": ["return 'a' + 1", "return ''.join(ids)", "return b'a' + 'b'", "return b''.join(['a'])"],
    "text-wanted": ["import re\nreturn re.split(' ', ids)", "import re\nreturn re.split(' ', b'a b')"],
    "lists-do-not-calculate": ["return ids / 2", "return ids - ids", "return ids * 0.5", "return -ids"],
    "operands-do-not-fit": ["return 1 + 'a'", "return {} + {}", "return x @ {}"],
    "not-comparable": ["return ids < 3", "return sorted([1, 'a'])", "return 'a' > 1"],
    "arguments-do-not-fit": [
        "return round()",
        "return ids.append(1, 2)",
        "def helper(a):\n    return a\nreturn helper()",
        "def helper(a):\n    return a\nreturn helper(1, 2)",
        "return sorted(ids, reversed=True)",
        "return torch.arange()",
    ],
    "unpacking-count": ["a, b = ids", "for a, b in [(1, 2, 3)]:\n    pass"],
    "half-a-character": ["return 'ë'.encode()[:1].decode()", "return bytes([200]).decode('utf-8')"],
    "step-of-zero": ["return range(0, 5, 0)", "return ids[::0]"],
    "not-a-number": ["return int('a')", "return float('b')"],
    "not-a-byte": ["return bytes([256])", "b = bytearray()\nb.append(300)"],
    "no-logarithm": ["import math\nreturn math.log(0)", "import math\nreturn math.sqrt(-1)"],
    "number-too-large": ["import math\nreturn math.exp(1000)", "return 2.0 ** 5000"],
    "changed-while-looping": ["d = {1: 2}\nfor k in d:\n    d[k + 1] = 0", "s = {1}\nfor k in s:\n    s.add(k + 1)"],
    "no-end-of-recursion": ["def again(n):\n    return again(n)\nreturn again(1)"],
    "memory-full": ["return bytearray(10**18)"],
    "exit-called": ["import sys\nsys.exit(3)", "exit()"],
    # PyTorch and NumPy
    "shapes-in-product": [
        "return x @ x",
        "return torch.matmul(x, torch.ones(4))",
        "return torch.bmm(torch.ones(2, 3, 4), torch.ones(2, 3, 4))",
        "return torch.nn.functional.linear(x, torch.ones(4, 2))",
        "return torch.dot(torch.ones(2), torch.ones(3))",
        "return x.numpy() @ x.numpy()",
    ],
    "shapes-in-einsum": ["return torch.einsum('ij,jk->ik', x, x)", "return torch.einsum('i,i->i', x, x)"],
    "shapes-do-not-broadcast": [
        "return x + torch.ones(2)",
        "return x / x.sum(-1)",
        "return torch.ones(2, 3, 3) * torch.ones(2, 4, 3)",
        "return x.numpy() + torch.ones(2).numpy()",
        "x += torch.ones(2)",
    ],
    "logits-and-targets": [
        "return torch.nn.functional.cross_entropy(torch.ones(6, 5), torch.ones(4).long())",
        "return torch.nn.functional.cross_entropy(torch.ones(2, 3, 5), torch.ones(2, 3).long())",
        "return torch.nn.functional.cross_entropy(torch.ones(6, 5), torch.ones(2, 3).long())",
        "return torch.nn.functional.cross_entropy(torch.ones(2, 3), torch.ones(2, 3).long())",
    ],
    "target-not-a-class": ["return torch.nn.functional.cross_entropy(torch.ones(2, 3), torch.tensor([1, 7]))"],
    "elements-do-not-fill": ["return x.view(4, 2)", "return x.reshape(-1, 4)", "return x.numpy().reshape(4, 2)"],
    "view-of-transposed": ["return x.T.view(6)"],
    "rows-of-different-length": [
        "return torch.stack([torch.ones(2), torch.ones(3)])",
        "return torch.cat([torch.ones(2, 2), torch.ones(2, 3)])",
        "return torch.tensor([[1, 2], [3]])",
        "import numpy\nreturn numpy.array([[1, 2], [3]])",
        "import numpy\nreturn numpy.stack([numpy.ones(2), numpy.ones(3)])",
    ],
    "does-not-fill-the-place": [
        "x[0] = torch.ones(4)",
        "return x.expand(5, 3)",
        "x.numpy()[0] = torch.ones(4).numpy()",
        "x[:, torch.tensor([0, 1])] = torch.ones(2, 3)",
    ],
    "mask-of-another-shape": ["return x[torch.ones(3, 3).bool()]", "return x.numpy()[torch.ones(3).bool().numpy()]"],
    "no-such-axis": [
        "return x.softmax(2)",
        "return x.transpose(1, 2)",
        "return x.permute(0, 2, 1)",
        "return x.sum(-3)",
        "return x.numpy().sum(2)",
        "return torch.cat([x, x], dim=2)",
    ],
    "too-many-indices": ["return x[0, 0, 0]", "return x.sum()[0]", "return x.numpy()[0, 0, 0]"],
    "single-number-for-tensor": ["return list(x.sum())", "return len(x.sum())"],
    "id-not-in-table": ["return torch.nn.functional.embedding(torch.tensor([2]), x)"],
    "position-not-in-tensor": [
        "return x[2]",
        "return x[torch.tensor([5])]",
        "return x.gather(1, torch.tensor([[7]]))",
        "return x.topk(4)",
        "return x.numpy()[2]",
        "return x.narrow(1, 2, 4)",
        "return x.select(0, 5)",
    ],
    "ids-not-whole": [
        "return x[torch.tensor([1.0])]",
        "return torch.nn.functional.embedding(torch.tensor([1.0]), x)",
        "return x.gather(1, torch.tensor([[1.0]]))",
        "return torch.nn.functional.one_hot(torch.tensor([1.0]))",
        "return x.numpy()[1.0]",
        "return torch.nn.functional.cross_entropy(x, torch.ones(2))",
    ],
    "tensor-as-position": [
        "return ids[torch.tensor([0, 1])]",
        "return ids[torch.tensor(1.0)]",
        "import numpy\nreturn ids[numpy.array([0, 1])]",
    ],
    "tensor-wanted": [
        "return torch.sum(3)",
        "return torch.exp(ids)",
        "return torch.cat([1, 2])",
        "return torch.stack(x)",
    ],
    "whole-numbers-where-floats": [
        "return torch.tensor(ids).mean()",
        "return torch.tensor(ids).softmax(0)",
        "return torch.tensor(ids, requires_grad=True)",
        "return torch.multinomial(torch.tensor(ids), 1)",
    ],
    "two-kinds-of-numbers": [
        "return x @ torch.ones(3, 2).long()",
        "return x @ torch.ones(3, 2).double()",
        "return torch.dot(torch.ones(3), torch.tensor(ids))",
        "return torch.bmm(torch.ones(1, 2, 2), torch.ones(1, 2, 2).long())",
        "return torch.nn.functional.linear(x.long(), x)",
    ],
    "cannot-hold-the-result": [
        "counts = torch.tensor(ids)\ncounts /= 2",
        "counts = torch.tensor(ids).numpy()\ncounts /= 2",
    ],
    "truth-of-many": [
        "if x > 0:\n    pass",
        "return x[0] in ids",
        "return (x > 0) and (x < 1)",
        "assert x.numpy() > 1",
    ],
    "one-number-wanted": ["return x.item()", "return float(x)", "return int(x[0])", "return float(x.numpy())"],
    "largest-of-nothing": [
        "return x[:0].max()",
        "return x[:0].argmax()",
        "return x[:0].max(0)",
        "return x[:0].numpy().max()",
        "return x[:0].numpy().argmax()",
    ],
    "not-probabilities": [
        "return torch.multinomial(x - 3, 1)",
        "return torch.multinomial(torch.zeros(3), 1)",
        "return torch.multinomial(torch.full((3,), float('nan')), 1)",
    ],
    "trained-in-place": [
        "w = torch.ones(3, requires_grad=True)\nw += 1",
        "w = torch.ones(3, requires_grad=True)\nw[0] = 1",
        "w = torch.ones(3, requires_grad=True)\ny = w.exp()\ny += 1\ny.sum().backward()",
    ],
    "nothing-to-differentiate": [
        "x.sum().backward()",
        "w = torch.ones(3, requires_grad=True)\nv = torch.ones(3, requires_grad=True)\n"
        "return torch.autograd.grad(w.sum(), v)",
    ],
    "gradient-of-many": ["w = torch.ones(3, requires_grad=True)\n(2 * w).backward()"],
    "backward-twice": ["w = torch.ones(3, requires_grad=True)\nloss = (w * w).sum()\nloss.backward()\nloss.backward()"],
    "numpy-with-gradient": ["w = torch.ones(3, requires_grad=True)\nreturn w.numpy()"],
}
NEEDS_A_GPU = {"two-devices"}
CASES = {f"{id}: {body}": (id, body) for id, bodies in SLIPS.items() for body in bodies}
KNOWN = {crash.id: crash for crash in COMMON_CRASHES}


def examine(answer):
    answer([3, 1, 2], torch.arange(6.0).reshape(2, 3), shown="answer(ids, x)")
    yield "it runs"


def an_exercise(examine=examine, **options) -> Exercise:
    given = {"means": "It is.", "hints": ("Who?", "You.", "Yes."), "variant": "Again.", "misconceptions": {}}
    return Exercise(kind="function", examine=examine, **given | options)


def cell(body: str) -> str:
    return "def answer(ids, x):\n    " + body.replace("\n", "\n    ")


def check(body: str, **options):
    return an_exercise(**options).check(define(cell(body), torch=torch))


def test_every_common_crash_is_shown_by_a_slip():
    assert len(KNOWN) == len(COMMON_CRASHES), "no id twice"
    assert set(SLIPS) | NEEDS_A_GPU == set(KNOWN)


@pytest.mark.parametrize(("id", "body"), CASES.values(), ids=CASES)
def test_a_slip_gets_its_sentence_and_its_line(id, body):
    result = check(body)
    # Older PyTorch says the same of float targets as of a product of two types, so they get the sentence on both.
    if "expected scalar type Long but found Float" in result.message:
        id = "two-kinds-of-numbers"
    assert (result.status, result.misconception) == ("error", id), result
    first, *others = result.message.splitlines()
    assert first.startswith("`answer(ids, x)` raised ")
    assert any(line.startswith("Line ") and " of your cell: `" in line for line in others), "the line of the cell"
    assert others[-1].partition("`")[0] == KNOWN[id].sentence.partition("{")[0].partition("`")[0]
    assert "{" not in others[-1].replace("{...}", "")
    assert check(body) == result, "the same words again"


def test_two_devices():
    error = RuntimeError("Expected all tensors to be on the same device, but found at least two devices")
    assert explain(Seen.of(error), COMMON_CRASHES)[0].id == "two-devices"


def test_the_shapes_on_the_line_are_shown():
    message = check("w = torch.ones(2, 4)\nreturn torch.exp(x @ w) + ids[0]").message
    assert "There `x` has shape (2, 3) and `w` has shape (2, 4)." in message
    assert "`torch`" not in message and "Line 3 of your cell: `return torch.exp(x @ w) + ids[0]`" in message
    message = check("n, i = x.numpy(), torch.tensor(ids)\nreturn x @ i").message
    assert "There `x` has shape (2, 3) of float32 and `i` has shape (3,) of int64." in message
    assert "There `n` has shape (2, 3)." in check("n = x.numpy()\nreturn n @ n").message
    assert "shape" not in check("y = x\nreturn 1 / 0").message, "a division by zero has no shapes"


def test_an_exercises_own_crash_comes_before_the_common_ones():
    own = Crash("last-pair", "LookupError", "list index", "The last pair begins one before the end.", "Pairs")
    result = check("return ids[len(ids)]", crashes=[own])
    assert result.misconception == "last-pair"
    assert result.message.endswith("The last pair begins one before the end.\nSee 'Pairs'.")
    assert check("return (1,)[2]", crashes=[own]).misconception == "index-past-end", "its text is another one"


def test_a_sentence_takes_up_words_of_the_error_but_no_random_number():
    own = Crash("short", "IndexError", r"bounds for dimension 0 with size (?P<size>\d+)", "It has {size} rows.")
    assert "It has 2 rows." in check("return x[5]", crashes=[own]).message

    def randomly(answer):
        answer([1], torch.ones(random.Random().randint(2, 9), 3), fresh=True, shown="a random table")
        yield "never"

    messages = {check("return x[77]", examine=randomly, crashes=[own]).message for _ in range(30)}
    assert messages == {"`a random table` raised IndexError.\nLine 2 of your cell: `return x[77]`\nIt has … rows."}
    unknown = {check("return idz", examine=randomly).message for _ in range(5)}
    assert len(unknown) == 1 and "Nothing is called `idz` there." in unknown.pop()


@pytest.mark.parametrize(
    "body",
    [
        "raise KeyError('late')",
        "raise ValueError('the text is too short')",
        "assert len(ids) > 9",
        "try:\n    return ids[9]\nexcept IndexError:\n    raise IndexError('list index out of range')",
        "def helper():\n    raise ZeroDivisionError\nhelper()",
    ],
)
def test_an_error_raised_on_purpose_is_not_explained(body):
    result = check(body)
    assert (result.status, result.misconception) == ("error", None)
    assert len(result.message.splitlines()) == 2


def test_an_error_raised_on_purpose_may_have_a_sentence_of_the_exercise():
    own = Crash("short-text-raises", "ValueError", "", "A text that is too short gives `[]`, no error.")
    assert check("raise ValueError('too short')", crashes=[own]).misconception == "short-text-raises"


def test_what_no_sentence_fits_gets_none():
    result = check("return torch.linalg.inv(torch.zeros(2, 2))")
    assert (result.status, result.misconception) == ("error", None)
    assert "raised _LinAlgError" in result.message or "raised LinAlgError" in result.message


def test_an_error_in_reading_the_result_is_not_the_functions():
    def sparse(answer):
        answer([1], torch.eye(2), read=lambda result, args: result.to_sparse().view(-1), shown="answer(ids, x)")
        yield "never"

    result = check("return x", examine=sparse)
    assert result.status == "error"
    assert "answer(ids, x)` gave a `Tensor`, with which the check could not go on: " in result.message
    assert " raised " not in result.message and "of your cell" not in result.message


def test_an_error_of_the_learners_own_object_is_theirs_also_when_it_is_read():
    result = check("class Rows:\n    def __iter__(self):\n        return iter([ids[9]])\nreturn Rows()")
    assert result.misconception == "index-past-end" and "return iter([ids[9]])" in result.message


def test_a_line_of_another_cell_names_its_function():
    names = {"torch": torch}
    define_in = "def helper(ids):\n    return ids[9]\n"
    exec(compile(define_in, "<another cell>", "exec"), names)
    exec(compile(cell("return helper(ids)"), "<this cell>", "exec"), names)
    message = an_exercise().check(names["answer"]).message
    assert "Line 2 of the cell with `helper`." in message


def test_the_line_in_a_module_is_one_of_its_forward_and_none_of_pytorchs():
    source = (
        "class Module(torch.nn.Module):\n    def forward(self, ids, x):\n        return ids[9]\n\nanswer = Module()\n"
    )
    message = an_exercise().check(define(source, torch=torch)).message
    assert "Line 3 of your cell: `return ids[9]`" in message


def test_the_line_of_a_name_without_a_value_is_the_same_when_python_has_warmed_up():
    """Python 3.11 runs an assignment and the reading of the next line as one step, after some calls."""
    answer = define(cell("merged = []\nwhile i < len(ids):\n    i += 1"), torch=torch)
    messages = {an_exercise().check(answer).message for _ in range(30)}
    assert len(messages) == 1 and "Line 3 of your cell: `while i < len(ids):`" in messages.pop()


def test_a_fault_of_the_check_is_said_to_be_one():
    def broken(answer):
        raise LookupError
        yield

    result = check("return 1", examine=broken)
    assert result.message == "The check itself cannot handle this answer (LookupError): report it."


def test_misconceptions_and_crashes_do_not_share_names():
    assert not set(KNOWN) & {"returns-none", "mutates-input", "yield-for-return", "read-once"}
    assert Misconception("x").section == ""
