"""What holds for every explorer: its picture, its words for no kernel, its code, and a learner's function in it."""

import contextlib
import io
import json
import re
from pathlib import Path

import matplotlib
import pytest

from llmlab import explorers
from llmlab.explorers.host.assets import script
from llmlab.explorers.host.controls import Range, Scale
from llmlab.explorers.host.packing import pack
from llmlab.explorers.host.still import without_live_parts
from tests.explorers.cases import ATTACK, CASES, Case, drawn
from tests.explorers.html import Tags, assert_self_contained, without_images

GOLDEN = Path(__file__).parent / "golden"


def named(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


every_explorer = named(CASES)
with_functions = named([case for case in CASES if case.answer])
with_text = named([case for case in CASES if case.text])


def test_no_explorer_is_left_out():
    assert sorted(case.name for case in CASES) == explorers.__all__
    assert {case.folder for case in CASES} == {path.stem for path in GOLDEN.glob("*.html")}


# ---- the picture -----------------------------------------------------------------------------------------------------


@every_explorer
def test_golden_html(case):
    """The first picture, tag by tag. To accept a change: delete the file, run the test twice, look at what differs."""
    path = GOLDEN / f"{case.folder}.html"
    html = re.sub(f"({'|'.join(case.lines)})", r"\n\1", case.kind().frame["html"]) + "\n"
    if not path.exists():
        path.write_text(html, encoding="utf-8")
        pytest.fail(f"{path.name} was missing and has been written: look at it, then run again")
    assert html == path.read_text(encoding="utf-8")


@every_explorer
def test_a_picture_needs_nothing_from_outside_and_repeats_itself(case):
    explorer = case.kind()
    for change in case.drawn_twice:
        drawn(explorer, explorer.state | change, case.forget)


GROUPS = [(case, group) for case in CASES for group in case.extremes]
NUMBERS = [f"{case.name}-{case.extremes.index(group)}" for case, group in GROUPS]


def asked(explorer, state, name):
    """The values of a control for which a page asks at once: of a slider the nearest within its track."""
    control = explorer._controls[name]
    most = int(re.search(r"VALUES_ASKED = (\d+)", script())[1])
    if not isinstance(control, Range | Scale):
        return control.values
    ends = explorer.limits(explorer.compute(state)).get(name, (control.values[0], control.values[-1]))
    low, high = map(control.values.index, ends)
    now = min(max(control.values.index(state[name]), low), high)
    return [control.values[at] for at in sorted(range(low, high + 1), key=lambda at: abs(at - now))[: most + 1]]


@pytest.mark.parametrize(("case", "group"), GROUPS, ids=NUMBERS)
def test_axes_at_the_extremes_stay_small(case, group):
    explorer = case.kind(**case.answer)
    for change in group:
        state = explorer._checked(explorer.state | change)
        for name in explorer._controls:
            frames = [explorer._frame(state | {name: value}) for value in asked(explorer, state, name)]
            assert len(json.dumps(pack(frames), ensure_ascii=not case.as_sent).encode()) <= 300_000, name
            assert not [frame["state"] for frame in frames if frame["error"] or "nan" in without_images(frame["html"])]


@every_explorer
def test_mimebundle_and_repr(case):
    explorer = case.kind(**case.answer)
    data, _ = explorer._repr_mimebundle_()
    assert data["text/plain"] == repr(explorer) == f"{case.name}()"
    assert "application/vnd.jupyter.widget-view+json" in data and explorer._ipython_display_ is None
    assert "run this cell to move the controls" in data["text/html"] and case.setting in data["text/html"]
    assert without_live_parts(explorer.stand_in(explorer.trace)) in data["text/html"]
    again, _ = case.kind(**case.answer)._repr_mimebundle_()
    assert again["text/html"] == data["text/html"], "no address, no model id"


# ---- text that is not ours -------------------------------------------------------------------------------------------


@with_text
def test_typed_text_is_escaped_everywhere(case):
    explorer = case.kind()
    explorer.set(**{case.text: ATTACK})
    still = explorer._repr_mimebundle_()[0]["text/html"]
    axes = [(name, value) for name, control in explorer._controls.items() for value in control.values]
    frames = [explorer._frame(explorer.state | {name: value}, more=True) for name, value in axes]
    parts = [frame[part] for frame in frames for part in ("html", "why", "more")]
    for html in (still, explorer._still(), *parts):
        assert_self_contained(html)
    assert ATTACK in Tags(still).text


@with_functions
def test_what_comes_from_a_function_is_escaped(case):
    def raises(*args):
        raise ValueError(ATTACK)

    explorer = case.with_functions(raises)
    assert explorer.frame["error"]
    for html in (explorer.frame["html"], explorer._still()):
        assert ATTACK in Tags(html).text
        assert_self_contained(html)
    raises.__name__ = ATTACK
    assert "<img src=x" not in case.with_functions(raises)._repr_mimebundle_()[0]["text/html"]

    def not_written(*args):
        return None

    not_written.__name__ = ATTACK
    assert "<img src=x" not in case.with_functions(not_written)._repr_mimebundle_()[0]["text/html"]


# ---- the learner's function ------------------------------------------------------------------------------------------


def is_own(case, explorer):
    found = [getattr(explorer.trace, name) for name in case.own]
    return [part is not None and part is not False for part in found]


@with_functions
@pytest.mark.parametrize("given", [3, [1, 2], "attend", False], ids=repr)
def test_what_is_no_function_is_refused_at_once(case, given):
    explorer = case.with_functions()
    for name in case.answer:
        said = f"^{name} must be a function or None, got {type(given).__name__}: pass the function by its name, without"
        with pytest.raises(TypeError, match=said):
            case.kind(**{name: given})
        function, frame = getattr(explorer, name), explorer.frame
        with pytest.raises(TypeError, match=said):
            setattr(explorer, name, given)
        assert getattr(explorer, name) is function and explorer.frame is frame, "all stays as it was"
        assert getattr(case.kind(**{name: None}), name) is None


@with_functions
def test_every_function_of_an_explorer_is_in_its_case(case):
    assert set(case.kind().trait_names(learners=True)) == set(case.answer)


@with_functions
def test_a_right_function_does_the_work_and_needs_no_remark(case):
    explorer = case.with_functions()
    assert all(is_own(case, explorer)) and explorer.frame["note"] == "" and not explorer.frame["error"]


@with_functions
@pytest.mark.parametrize("blank", [None, ...])
def test_a_function_that_is_not_written_yet(case, blank):
    explorer = case.with_functions(lambda *args: blank)
    plain = case.kind()
    assert plain.frame["note"] == ""
    plain.set(**case.at)
    assert not any(is_own(case, explorer)) and explorer.frame["note"].endswith(case.blank)
    assert "ot written yet" in explorer.frame["note"] and repr(explorer.trace) == repr(plain.trace)
    assert explorer.frame["html"] == plain.frame["html"] and explorer.frame["text"] == plain.frame["text"]


@with_functions
def test_a_new_function_starts_anew(case):
    def raises(*args):
        raise ValueError("not yet")

    explorer, plain = case.with_functions(raises), case.kind()
    plain.set(**case.at)
    assert explorer.frame["error"] and not plain.frame["error"]
    for number, (name, right) in enumerate(case.answer.items(), explorer.frame["generation"] + 1):
        setattr(explorer, name, right)
        assert explorer.frame["generation"] == number, "old frames are no longer true"
    assert explorer.frame["note"] == "" and all(is_own(case, explorer))
    for name in case.answer:
        setattr(explorer, name, None)
    assert not any(is_own(case, explorer)) and explorer.frame["html"] == plain.frame["html"]


# ---- the code of a state ---------------------------------------------------------------------------------------------


@every_explorer
def test_code_runs_as_it_stands_and_names_public_modules_alone(case):
    matplotlib.use("agg")
    code = case.kind().code()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, dict(case.names))
    assert printed.getvalue() or case.names
    modules = re.findall(r"^ *(?:from|import) (\S+)", code, re.MULTILINE)
    inside = {"explorer", "values", "picture", "recorded", "counted", "run", "steps", "host"}
    assert not [name for name in modules if "._" in name or inside & set(name.split(".")[2:])]
    assert not re.findall(r"^from .* import .*\b_\w", code, re.MULTILINE)
