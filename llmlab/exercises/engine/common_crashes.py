"""What exceptions mostly mean in any exercise. Each sentence is true of every code that stops with that error."""

from __future__ import annotations

from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.tensor_crashes import TENSOR_CRASHES

_PYTHON_CRASHES = (
    # Something that is not there
    Crash(
        "none-used",
        "Exception",
        r"\bNoneType\b",
        "Something on that line is `None`. Mostly that is the result of a function without `return`, or of a method "
        "that changes its object and gives nothing back, such as `list.append`, `list.sort` or `random.shuffle`.",
    ),
    Crash(
        "index-past-end",
        "IndexError",
        r"\b(list|string|tuple|range object|bytes|bytearray|deque)( assignment)? index out of range|"
        r"^index out of range$|^pop index out of range",
        "A position was asked for that is not there: the last one is the length minus 1. Look for a loop that goes "
        "one step too far (with `i + 1` the last `i` is one earlier), or for something that is empty.",
    ),
    Crash(
        "pop-from-empty",
        "IndexError",
        r"^pop from (an )?empty",
        "There was nothing left to `pop`: what stops the loop?",
    ),
    Crash(
        "key-missing",
        "KeyError",
        "",
        "The key that the error names was looked up and is not there. Look for one that was never put in, or that is "
        "of another type (the text `'5'` is not the number `5`); `.get(key, default)` asks without an error.",
    ),
    Crash(
        "not-in-the-list",
        "ValueError",
        r"is not in (list|tuple|deque|range)|not in list|substring not found|subsection not found",
        "What was looked for does not occur there. Ask with `in` first, or count positions instead of looking for "
        "values.",
    ),
    Crash(
        "nothing-to-choose-from",
        "ValueError",
        r"^(?P<name>min|max)\(\) (arg is an empty|iterable argument is empty)",
        "`{name}()` was given nothing to choose from. Where nothing is left, the loop has to end, or `default=` says "
        "what to take.",
    ),
    Crash(
        "nothing-next",
        "StopIteration",
        "",
        "`next()` was asked and nothing was left: `next(..., default)` says what to take then.",
    ),
    Crash(
        "divided-by-zero",
        "ZeroDivisionError",
        "",
        "It was divided by 0. Mostly that is the length or the sum of something empty.",
    ),
    # Names
    Crash(
        "read-before-assigned",
        "UnboundLocalError",
        r"local variable '(?P<name>\w+)'",
        "`{name}` gets a value somewhere in this function, and was read before that: give it a first value above the "
        "loop, or look for an `if` or a loop that was never entered.",
    ),
    Crash(
        "unknown-name",
        "NameError",
        r"name '(?P<name>\w+)' is not defined",
        "Nothing is called `{name}` there. Look for a slip in the name, an `import` that is missing, or a cell above "
        "that has not been run.",
    ),
    Crash(
        "not-in-the-module",
        "AttributeError",
        r"^module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'",
        "`{module}` has no `{name}`: look for a slip in the name, or for another place where it lives.",
    ),
    Crash(
        "no-such-attribute",
        "AttributeError",
        r"^'(?P<kind>[\w.]+)' object has no attribute '(?P<name>\w+)'",
        "A `{kind}` has no `{name}`. Look for a slip in the name, or for a value of another type than expected: "
        "`print(type(...))` tells.",
    ),
    Crash(
        "module-missing",
        "ImportError",
        "",
        "What was to be imported was not found: look for a slip in the name.",
    ),
    # Calls and operators
    Crash(
        "list-as-key",
        "TypeError",
        r"unhashable type: '(list|numpy\.ndarray|bytearray)'",
        "A list can be changed, so it can neither be the key of a dictionary nor lie in a set: `tuple(...)` makes a "
        "key of it.",
    ),
    Crash(
        "unhashable-key",
        "TypeError",
        r"unhashable type: '(?P<kind>[\w.]+)'",
        "A `{kind}` can neither be the key of a dictionary nor lie in a set: take something that cannot change, such "
        "as a number, a text or a tuple.",
    ),
    Crash(
        "position-not-whole",
        "TypeError",
        r"indices must be integers.*float|slice indices must be integers|"
        r"'float' object cannot be interpreted as an integer",
        "A whole number is needed here, for a position, a slice or a count. Where a float came in: `/` always gives "
        "one, `//` divides whole numbers.",
    ),
    Crash(
        "position-not-a-number",
        "TypeError",
        r"(list|tuple|string|bytes|byte|range object) indices must be integers",
        "A list, a tuple or a text is asked by position, with a whole number. Look for a loop that already gives the "
        "elements themselves, or for a dictionary that is not one.",
    ),
    Crash(
        "generator-has-no-length",
        "TypeError",
        r"\b(generator|map|filter|zip|enumerate|reversed|\w+_iterator)' (object is not subscriptable|has no len)",
        "An iterator has no length and no positions, and can be read only once: `list(...)` makes a list of it.",
    ),
    Crash(
        "one-value-for-many",
        "TypeError",
        r"\b(int|float|bool)' (object is not (iterable|subscriptable|reversible)|has no len|is not iterable)|"
        r"cannot unpack non-iterable (int|float|bool)|must be an iterable, not (int|float|bool)",
        "A single number stands where several values are expected. Look for an index too many, for `[...]` that is "
        "missing, or for a count without `range(...)`.",
    ),
    Crash(
        "not-callable",
        "TypeError",
        r"^'(?P<kind>[\w.]+)' object is not callable",
        "A `{kind}` stands in front of parentheses, as if it were a function. Elements are asked for with square "
        "brackets; or was the name of a function, such as `list` or `sum`, given to a value?",
    ),
    Crash(
        "cannot-be-changed",
        "TypeError",
        r"'(?P<kind>str|tuple|bytes|range)' object does(n't| not) support item (assignment|deletion)",
        "A `{kind}` cannot be changed in place: build a new one, or work on `list(...)` of it.",
    ),
    Crash(
        "list-plus-element",
        "TypeError",
        r"^can only concatenate (?P<first>list|tuple) \(not \"(?P<second>[\w.]+)\"\)",
        "`+` joins a {first} with another {first} only, and this is a {second}. A single element is added to a list "
        "with `.append(x)`, or as `[x]`.",
    ),
    Crash(
        "text-plus-other",
        "TypeError",
        r"^can only concatenate str|can't concat|must be str, not|sequence item \d+: expected|"
        r"a bytes-like object is required",
        "Text (`str`) goes together with text, and bytes with bytes. `str(...)` makes text of a number; `.encode()` "
        "and `.decode()` lead from text to bytes and back.",
    ),
    Crash(
        "text-wanted",
        "TypeError",
        r"expected string or bytes-like|cannot use a (string|bytes) pattern",
        "A text (`str`) is wanted here, and something else came: look at its type.",
    ),
    Crash(
        "lists-do-not-calculate",
        "TypeError",
        r"operand type.*'(list|tuple)'|can't multiply sequence",
        "Python's lists and tuples do not calculate element by element: a tensor does (`torch.tensor(...)`), or a "
        "loop.",
    ),
    Crash(
        "operands-do-not-fit",
        "TypeError",
        r"unsupported operand type\(s\) for (?P<sign>.+): '(?P<first>[\w.]+)' and '(?P<second>[\w.]+)'",
        "`{sign}` does not work between a `{first}` and a `{second}`: one of the two is not what the line expects.",
    ),
    Crash(
        "not-comparable",
        "TypeError",
        r"not supported between instances of '(?P<first>[\w.]+)' and '(?P<second>[\w.]+)'",
        "A `{first}` and a `{second}` have no order: one of the two is not what the line expects.",
    ),
    Crash(
        "arguments-do-not-fit",
        "TypeError",
        r"missing (\d+ )?required|invalid keyword argument|takes (from )?\d+.* argument|unexpected keyword argument|"
        r"multiple values for|takes (no|exactly)|expected (at (most|least) )?\d+ argument|"
        r"invalid combination of arguments",
        "The call on that line does not fit what it calls: count the arguments, and look at their names, their order "
        "and their types.",
    ),
    # Values
    Crash(
        "unpacking-count",
        "ValueError",
        r"values to unpack",
        "There are not as many names before the `=` (or between `for` and `in`) as there are values.",
    ),
    Crash(
        "half-a-character",
        "UnicodeDecodeError",
        r"^'utf-?8'",
        "These bytes are not whole characters of UTF-8; mostly a character of several bytes was cut in two. With "
        "`errors='replace'` a sign stands for what is broken; or keep the bytes until the rest has come.",
    ),
    Crash(
        "step-of-zero",
        "ValueError",
        r"^range\(\) arg 3|slice step cannot be zero",
        "A step of 0 never gets on.",
    ),
    Crash(
        "not-a-number",
        "ValueError",
        r"invalid literal for int|could not convert string to float",
        "This text is not written as such a number: look at what is converted.",
    ),
    Crash(
        "not-a-byte",
        "ValueError",
        r"bytes must be in range\(0, 256\)|byte must be in range\(0, 256\)",
        "A byte is a number from 0 to 255. A token id need not be one: the vocabulary says which bytes it stands for.",
    ),
    Crash(
        "no-logarithm",
        "ValueError",
        r"^math domain error|expected a (positive|nonnegative)",
        "`log` and `sqrt` have no value for a number below 0, and `log` none for 0.",
    ),
    Crash(
        "number-too-large",
        "OverflowError",
        "",
        "A number became too large: look for `exp` of a large number (subtract the largest first), or for a power.",
    ),
    Crash(
        "changed-while-looping",
        "RuntimeError",
        r"changed (size|during)|mutated during iteration",
        "What a loop runs over was changed inside that loop: loop over a copy, such as `list(...)` of it.",
    ),
    # Ends
    Crash(
        "no-end-of-recursion",
        "RecursionError",
        "",
        "Which case needs no further call? It is missing, or the calls never reach it.",
    ),
    Crash(
        "memory-full",
        "MemoryError",
        "",
        "There was not enough memory for what this line builds: does a size or a loop grow without end?",
    ),
    Crash(
        "exit-called",
        "SystemExit",
        "",
        "`exit` and `sys.exit` end Python itself: `return` ends a function.",
    ),
)

# Those of PyTorch and NumPy first: their texts say more.
COMMON_CRASHES = (*TENSOR_CRASHES, *_PYTHON_CRASHES)
