"""The order of the package: which part may import which, what the core never imports, and no circle anywhere.

Read from the source, function bodies included; imports under `if TYPE_CHECKING` load nothing and do not count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

from tests import ROOT

PACKAGE = ROOT / "llmlab"
CORE = (
    *("utils", "corpus", "tokenizers", "bpe", "windows", "embeddings"),
    *("attention", "gpt", "training", "generation", "tuning", "export"),
)
FLOORS = [
    *({part} for part in CORE),
    {"course"},
    {"exercises", "explorers"},  # side by side: neither imports the other
    {"instructors"},
    {"checking", "grading", "cli"},
    {"__main__"},
]
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}

# The command that trains also shows what the model writes: it looks up, when it runs.
UPWARDS = {("training", "generation")}

FRONT_END = {"matplotlib", "ipywidgets", "anywidget", "traitlets", "IPython"}
NO_TORCH = (
    *("llmlab", "llmlab.corpus", "llmlab.tokenizers", "llmlab.bpe", "llmlab.windows", "llmlab.gpt"),
    *("llmlab.training", "llmlab.generation", "llmlab.generation.costs", "llmlab.exercises", "llmlab.explorers"),
    *("llmlab.export", "llmlab.training.measures"),
    *("llmlab.explorers.merge_player", "llmlab.explorers.shape_tracer", "llmlab.explorers.cache_meter"),
    *("llmlab.explorers.architecture_tracer", "llmlab.explorers.answer_bench", "llmlab.tuning"),
)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py")) if "data" not in path.parts}


def statements(tree: ast.AST, *, inside_functions: bool) -> Iterator[ast.stmt]:
    """Every statement that Python may run, but for those that only a type checker reads."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not inside_functions:
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        yield from statements(child, inside_functions=inside_functions)


def imported(name: str, *, inside_functions: bool = True) -> set[str]:
    """Full names of what a module imports: modules of the package where there are such, else what is written there."""
    found = set()
    for statement in statements(ast.parse(MODULES[name].read_text("utf-8")), inside_functions=inside_functions):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        else:
            assert statement.level == 0, f"{name}: write the whole name, not a relative import"
            inner = {f"{statement.module}.{alias.name}" for alias in statement.names}
            found |= {one if one in MODULES else statement.module for one in inner}
    return found - {name}


def part_of(name: str) -> str:
    """The part of the package that a module belongs to: "gpt" for "llmlab.gpt.model"."""
    return name.split(".")[1] if "." in name else ""


def test_the_listing_of_the_package_is_its_table_of_contents():
    names = {
        path.stem if path.suffix == ".py" else path.name
        for path in PACKAGE.iterdir()
        if path.name not in ("data", "py.typed") and not path.name.startswith(".")  # what systems and editors leave
    }
    private = {name for name in names if name.startswith("_")} - {"__init__", "__main__", "__pycache__"}
    assert private == set()
    parts = names - {"__init__", "__pycache__"}
    assert parts == set(FLOOR), "every part has its floor in this test, and every floor its part"


@pytest.mark.parametrize("name", MODULES)
def test_no_import_from_a_lower_floor_to_a_higher_one(name):
    here = part_of(name)
    if not here:
        return
    wrong = [
        other
        for other in imported(name)
        if other.startswith("llmlab.")
        and part_of(other) != here
        and FLOOR[part_of(other)] >= FLOOR[here]
        and (here, part_of(other)) not in UPWARDS
    ]
    assert wrong == []


def test_only_a_command_looks_upwards():
    """What UPWARDS allows is imported inside functions alone, in modules that only a command imports."""
    for name in MODULES:
        for other in imported(name, inside_functions=False):
            assert (part_of(name), part_of(other)) not in UPWARDS, f"{name} imports {other} when it is loaded"


def test_there_is_no_circle():
    graph = {name: {other for other in imported(name) if other in MODULES} for name in MODULES}
    # A face imports the modules of its folder; that these import names from another folder's face is no circle.
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"modules import each other: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name) in CORE])
def test_the_core_imports_no_front_end(name):
    assert {other.partition(".")[0] for other in imported(name)} & FRONT_END == set()


def reached(name: str) -> set[str]:
    """All that loading a module loads, the packages around it included."""
    seen, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        parents = [one.rsplit(".", 1)[0]] if "." in one else []
        if one not in seen:
            seen.add(one)
            waiting += [*parents, *(imported(one, inside_functions=False) if one in MODULES else ())]
    return seen


@pytest.mark.parametrize("name", NO_TORCH)
def test_what_only_counts_loads_no_pytorch(name):
    assert [other for other in reached(name) if other.partition(".")[0] == "torch"] == []


LAZY = [name for name, path in MODULES.items() if path.name == "__init__.py" and "= lazily(" in path.read_text("utf-8")]


def test_there_are_lazy_packages():
    assert {"llmlab.gpt", "llmlab.training", "llmlab.generation", "llmlab.windows", "llmlab.explorers"} <= set(LAZY)


@pytest.mark.parametrize("name", LAZY)
def test_what_is_resolved_when_asked_for_is_what_type_checkers_read(name):
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    (call,) = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazily"]
    resolved = {
        (f"{name}.{keyword.arg}", value) for keyword in call.keywords for value in ast.literal_eval(keyword.value)
    }
    (guarded,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    read = {(node.module, alias.name) for node in guarded.body for alias in node.names}
    assert resolved == read
    package = import_module(name)
    assert {value for _, value in resolved} <= set(package.__all__) <= set(dir(package))
    assert [value for value in package.__all__ if getattr(package, value, None) is None] == []


def test_an_unknown_name_is_refused_as_in_any_module():
    with pytest.raises(AttributeError, match="module 'llmlab.gpt' has no attribute 'GPT4'"):
        _ = sys.modules["llmlab.gpt"].GPT4 if "llmlab.gpt" in sys.modules else import_module("llmlab.gpt").GPT4
    with pytest.raises(ImportError, match="cannot import name 'GPT4'"):
        exec("from llmlab.gpt import GPT4")
