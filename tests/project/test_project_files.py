"""The files around the package agree with one another: dependencies, lock, conda, Binder, CI, links, the skip rule."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import environment
import pytest
import yaml
from address import PLACEHOLDER, badges, clone_line, launch_links, public_address, repository_url
from build_notebooks import problems
from links import move_links
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import llmlab
from tests import ROOT, git_files, notebooks
from tests.conftest import ALLOWED_SKIPS, SLOW
from tools.colab_environment import changed_versions, parse_freeze
from tools.lower_bounds import lower_bounds
from tools.release_notes import notes

pytest_plugins = ["pytester"]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINKED = ("pyproject.toml", "README.md", ".github", "binder", "docs", "lessons", "llmlab", "notebooks")
LINTED = {"llmlab", "lessons", "tools", "site", "tests", "benchmarks"}

CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _requirements(lines: list[str]) -> dict[str, Requirement]:
    """By name, each of `lines` that is neither empty nor a comment; a line that is no plain requirement raises."""
    parsed = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {requirement.name: requirement for requirement in parsed}


RUN_TIME = _requirements(PROJECT["dependencies"])
LOCK = _requirements(_read("requirements.lock").splitlines())
COLAB = _requirements(_read("requirements-colab.txt").splitlines())


def _bound(requirement: Requirement) -> Version:
    """The version behind the one `>=` or `==` of a requirement."""
    (specifier,) = requirement.specifier
    return Version(specifier.version)


# Dependencies


def test_run_time_dependencies_have_one_lower_bound_each():
    assert {name: [s.operator for s in r.specifier] for name, r in RUN_TIME.items()} == dict.fromkeys(RUN_TIME, [">="])
    assert PROJECT["requires-python"] == ">=3.11"


def test_lower_bounds_job_installs_exactly_the_bounds():
    exact = _requirements(lower_bounds())
    assert {n: str(r.specifier) for n, r in exact.items()} == {n: f"=={_text(r)}" for n, r in RUN_TIME.items()}


def _text(requirement: Requirement) -> str:
    return str(requirement.specifier).removeprefix(">=")


@pytest.mark.parametrize("name", RUN_TIME)
def test_lower_bound_is_at_or_below_colab(name):
    colab = (
        Version("2.11.0") if name == "torch" else _bound(COLAB[name])
    )  # requirements-colab.txt has the locked PyTorch
    assert _bound(RUN_TIME[name]) <= colab


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-colab.txt"])
def test_pins_are_exact_and_name_no_place(file):
    lines = [line for line in _read(file).splitlines() if not line.startswith("#")]
    assert len(lines) > 30
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?", line), line
    assert [line for line in lines if line.startswith("torch==")] == ["torch==2.13.0"]
    assert not [line for line in lines if re.match("nvidia|cuda|triton", line)]


def test_lock_holds_every_dependency_within_its_bounds():
    extras = {name: _requirements(lines) for name, lines in PROJECT["optional-dependencies"].items()}
    assert extras["test"].pop("llmlab-course").extras == {"instructors"}
    assert extras["dev"].pop("llmlab-course").extras == {"test"}
    wanted = RUN_TIME | extras["instructors"] | extras["test"] | extras["dev"]
    for name, requirement in wanted.items():
        assert name in LOCK, f"requirements.lock lacks {name}: make lock"
        assert requirement.specifier.contains(_bound(LOCK[name])), f"{LOCK[name]} is not {requirement}: make lock"


def test_lock_suits_every_system():
    """Packages that exist for one system only are marked so; the packages that each system needs are there."""
    marks = {name: LOCK[name].marker for name in ("appnope", "colorama", "pexpect", "pywinpty")}
    systems = {
        "linux": {"sys_platform": "linux", "os_name": "posix"},
        "darwin": {"sys_platform": "darwin", "os_name": "posix"},
        "win32": {"sys_platform": "win32", "os_name": "nt"},
    }
    needed = {system: {n for n, mark in marks.items() if not mark or mark.evaluate(e)} for system, e in systems.items()}
    assert needed == {"linux": {"pexpect"}, "darwin": {"pexpect", "appnope"}, "win32": {"colorama", "pywinpty"}}


def test_conda_agrees_with_pyproject():
    environment = yaml.safe_load(_read("environment.yml"))
    entries = environment["dependencies"]
    assert all(isinstance(entry, str) for entry in entries), "conda packages only, no pip section"
    bounds = {CONDA_NAMES.get(name, name) + str(requirement.specifier) for name, requirement in RUN_TIME.items()}
    jupyterlab = _requirements(PROJECT["optional-dependencies"]["dev"])["jupyterlab"]
    (python,) = (
        entry for entry in entries if entry.startswith("python=")
    )  # repo2docker wants one version, not a bound
    assert Version(python.removeprefix("python=")) in SpecifierSet(PROJECT["requires-python"])
    assert set(entries) == bounds | {python, "pip", "ipykernel", str(jupyterlab)}
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_binder_is_conda_plus_the_checkout():
    assert _read("binder/environment.yml") == _read("environment.yml")
    script = _read("binder/postBuild")
    assert script.startswith("#!/usr/bin/env bash\n")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", "python -m pip install --quiet --no-deps -e ."]


@pytest.mark.parametrize("script", [".ci/run", "binder/postBuild"])
def test_scripts_are_executable(script):
    if sys.platform == "win32":
        # Windows has no such permission; git keeps it.
        listed = subprocess.run(["git", "ls-files", "-s", script], cwd=ROOT, capture_output=True, text=True, check=True)
        assert listed.stdout.startswith("100755")
    else:
        assert (ROOT / script).stat().st_mode & 0o111 == 0o111


def test_a_changed_colab_version_is_named():
    before = parse_freeze("ipywidgets==7.7.1\nnumpy==2.1.3\ntqdm==4.67.1\n")
    assert (
        changed_versions(before, parse_freeze("-e .\nnumpy==2.1.3\ntqdm==4.67.1\nipywidgets==7.7.1\npooch==1.8.2\n"))
        == []
    )
    after = parse_freeze("ipywidgets==8.1.7\nnumpy==2.1.3\n")
    assert changed_versions(before, after) == ["ipywidgets 7.7.1 became 8.1.7", "tqdm 4.67.1 became uninstalled"]


# CI, make, linting


def test_workflow_covers_systems_pythons_colab_and_lower_bounds():
    workflow = yaml.safe_load(_read(".github/workflows/test.yml"))
    jobs = workflow["jobs"]
    assert jobs["locked"]["strategy"]["matrix"] == {
        "os": ["ubuntu-latest", "macos-latest", "windows-latest"],
        "python": ["3.11", "3.12", "3.13"],
    }
    commands = {name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    assert commands.pop("address").strip() == "python3 tools/links.py --check"
    assert {job.get("needs") for name, job in jobs.items() if name != "address"} == {"address"}
    assert "pip install -r requirements.lock\npip install --no-deps -e ." in commands["locked"]
    assert "make test-colab" in commands["colab"]
    assert "tools/lower_bounds.py" in commands["oldest"]
    engines = jobs["container"]["strategy"]["matrix"]["include"]
    assert {one["engine"]: one["as"].split(" ")[0] for one in engines} == {"docker": "", "podman": "sudo"}
    assert "llmlab grade submissions --container --require-isolation" in commands["container"]
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as a truth value
    assert set(triggers) == {"push", "pull_request", "schedule", "workflow_dispatch"}
    (weekly,) = triggers["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", weekly["cron"])
    assert workflow["env"]["TORCH_INDEX"] == environment.CPU_INDEX


@pytest.mark.parametrize("name", ["test", "site", "release"])
def test_workflows_run_what_was_read_and_may_do_little(name):
    """Each action by the digest of a commit, which nobody can move; no right that a job does not need."""
    workflow = yaml.safe_load(_read(f".github/workflows/{name}.yml"))
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used and [one for one in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", one)] == []
    assert workflow["permissions"] == {"contents": "read"}
    (updates,) = yaml.safe_load(_read(".github/dependabot.yml"))["updates"]
    assert updates["package-ecosystem"] == "github-actions"


def test_forms_for_issues_are_what_github_reads():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.name == "config.yml":
            continue
        assert {"name", "description", "body"} <= set(form)
        kinds = {"textarea", "input", "dropdown", "checkboxes", "markdown"}
        assert form["body"] and {field["type"] for field in form["body"]} <= kinds
        assert all(field["attributes"]["label"] for field in form["body"])


def test_the_citation_names_the_version_of_the_package():
    cited = yaml.safe_load(_read("CITATION.cff"))
    assert cited["version"] == llmlab.__version__
    assert cited["repository-code"] == PROJECT["urls"]["Repository"]
    released = re.search(r"^## ([\d.]+) · ([\d-]+)", _read("CHANGELOG.md"), re.MULTILINE)
    assert released.groups() == (llmlab.__version__, cited["date-released"])


def test_codespaces_opens_the_first_lesson():
    text = re.sub(r"^//.*$", "", _read(".devcontainer/devcontainer.json"), flags=re.MULTILINE)
    container = json.loads(text)
    assert container["postCreateCommand"] == "python3 tools/environment.py"
    command = shlex.split(container["postAttachCommand"])
    assert command[:4] == [".venv/bin/python", "-m", "llmlab", "lab"] and "--no-browser" in command
    assert int(command[command.index("--port") + 1]) in container["forwardPorts"]


@pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: the container's shell is sh")
@pytest.mark.parametrize("codespace", [False, True])
def test_only_a_codespace_asks_for_no_token_and_it_answers_to_its_own_name(codespace):
    text = re.sub(r"^//.*$", "", _read(".devcontainer/devcontainer.json"), flags=re.MULTILINE)
    command = json.loads(text)["postAttachCommand"].replace(".venv/bin/python", "printf '%s\\n'", 1)
    named = {"CODESPACE_NAME": "ada", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.github.dev"}
    environment = {"PATH": os.environ["PATH"]} | (named | {"CODESPACES": "true"} if codespace else {})
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=True)
    given = done.stdout.splitlines()
    assert given[:3] == ["-m", "llmlab", "lab"] and "--ip" not in given
    name = "ada-8888.app.github.dev"
    hosts = [f"--ServerApp.local_hostnames={host}" for host in ("localhost", name)]
    open_to = ["--IdentityProvider.token=", *hosts, f"--ServerApp.allow_origin=https://{name}"]
    assert [one for one in given if one.startswith("--") and "." in one] == (open_to if codespace else [])


def test_the_site_is_published_once_the_tests_have_passed():
    workflow = yaml.safe_load(_read(".github/workflows/site.yml"))
    assert workflow[True]["workflow_run"] == {"workflows": ["test"], "types": ["completed"], "branches": ["main"]}
    (job,) = workflow["jobs"].values()
    by_hand, _, after_tests = job["if"].partition(" || ")
    assert by_hand == "github.event_name == 'workflow_dispatch'"
    asked = re.sub(r"github\.event\.workflow_run\.", "", after_tests).strip("()").split(" && ")
    # A pull request from a fork's main has the name of ours; the third guards against triggers that may be added.
    ours = "head_repository.full_name == github.repository"
    assert asked == ["conclusion == 'success'", "event != 'pull_request'", ours]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make site"]
    (upload,) = (step for step in job["steps"] if "upload-pages-artifact" in step.get("uses", ""))
    assert upload["with"]["path"] == "site/out"
    assert workflow["permissions"] == {"contents": "read"}
    assert job["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}


def test_a_tag_makes_a_release_of_the_version_that_it_names(tmp_path):
    workflow = yaml.safe_load(_read(".github/workflows/release.yml"))
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "write"}
    steps = [step["run"] for step in job["steps"] if "run" in step]
    order = ("release_notes.py", "-m build", "twine check --strict", "--no-deps dist/*.whl", "gh release create")
    found = [next(place for place, run in enumerate(steps) if word in run) for word in order]
    assert found == sorted(found)

    said = notes(f"v{llmlab.__version__}")
    assert said.startswith("### ") and said in _read("CHANGELOG.md") and "\n## " not in said
    with pytest.raises(ValueError, match="the tag is v9.0, the package's version"):
        notes("v9.0")
    (tmp_path / "llmlab").mkdir()
    (tmp_path / "llmlab/__init__.py").write_text('__version__ = "9.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 9.0.0 · 2026-01-01\n\n- one\n")
    with pytest.raises(ValueError, match=r"begins with 9\.0\.0, the package's version is 9\.1\.0"):
        notes("v9.1.0", tmp_path)


def test_the_sites_lock_goes_with_the_other_and_holds_what_the_site_needs():
    """Installed after requirements.lock it changes nothing there: no package stands in both."""
    lock = _requirements(line for line in _read("requirements-site.lock").splitlines() if not line.startswith("#"))
    assert set(lock) & set(LOCK) == set()
    for name, requirement in _requirements(PROJECT["optional-dependencies"]["site"]).items():
        assert requirement.specifier.contains(_bound((lock | LOCK)[name])), f"{name}: make lock"


def test_make_lists_every_target():
    makefile = _read("Makefile")
    declared = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split())
    described = set(re.findall(r"^([a-z-]+):.*## .+$", makefile, re.MULTILINE))
    assert described == declared
    assert {
        "lab",
        "quick",
        "test",
        "test-colab",
        "notebooks",
        "site",
        "site-open",
        "bench",
        "links",
        "lock",
        "clean",
    } <= declared


def make(target: str) -> list[str]:
    """The commands that a target runs, its variables filled in."""
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.replace("\\\n", "").split("\n")


def runs(target: str) -> list[str]:
    """What a target hands to pytest, one line a run."""
    return re.findall(r"python -m pytest (.+?)(?: \|\| status=1;|$)", "\n".join(make(target)), re.MULTILINE)


UNITS = "-n 3 --dist loadfile --no-loadscope-reorder llmlab tests --ignore=tests/browser --ignore=tests/colab"


def test_make_quick_runs_ruff_and_all_units_but_the_slow_ones():
    ruff = [line.partition("-m ")[2] for line in make("quick") if "-m ruff" in line]
    folders = " llmlab lessons tools site tests benchmarks"
    assert ruff == ["ruff check" + folders, "ruff format --check" + folders] and set(folders.split()) == LINTED
    assert runs("quick") == [f'-m "not slow" {UNITS}']


def test_make_test_runs_each_test_once():
    units, notebooks, browser = runs("test")
    assert (units, browser) == (UNITS, "-n 3 --dist worksteal tests/browser")
    assert notebooks.endswith(" notebooks") and notebooks.startswith("--nbval")


def test_make_test_colab_leaves_out_what_says_the_same_or_takes_long():
    units, notebooks, browser = runs("test-colab")
    left_out = ["tests/project", "tests/instructors", "tests/site", "tests/lessons/test_notebook_pipeline.py",
                "tests/explorers/test_markup.py", "tests/exercises/test_repeats.py", "tests/core/test_training.py",
                "tests/core/test_variants.py", "tests/core/test_recorded_variants.py",
                "tests/core/test_train_going_on.py"]  # fmt: skip
    assert units == " ".join([UNITS, *(f"--ignore={path}" for path in left_out)])
    assert all((ROOT / path).exists() for path in left_out)
    assert str(COLAB["torch"].specifier) == str(LOCK["torch"].specifier), "what it computes is left out as the same"
    assert notebooks.startswith("--nbval-lax ") and notebooks.endswith(" notebooks/solutions")
    assert browser == "-n 2 tests/colab"  # it runs the student notebooks


def test_every_slow_test_that_quick_leaves_out_exists():
    lost = []
    for name in SLOW:
        path, _, function = name.partition("::")
        if not (ROOT / path).exists() or (function and f"def {function}" not in _read(path)):
            lost.append(name)
    assert lost == []


def test_quick_says_what_it_left_out(pytester):
    pytester.makeconftest(_read("tests/conftest.py").replace(repr(SLOW[0])[1:-1], "test_quick_says"))
    pytester.makepyfile("def test_slow(): assert False")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "not slow")
    result.assert_outcomes(deselected=1)
    result.stdout.fnmatch_lines(
        ["Left out, being slow (make test runs them): test_quick_says, *tests/site/test_pages_built.py"]
    )


def test_pre_commit_runs_ruff_on_all_python():
    hooks = yaml.safe_load(_read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks] == ["ruff-check", "ruff-format"]
    for hook in hooks:
        assert set(re.fullmatch(r"\^\((.+)\)/", hook["files"])[1].split("|")) == LINTED


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff_has_nothing_to_say(command):
    folders = sorted(folder for folder in LINTED if (ROOT / folder).exists())
    done = subprocess.run([sys.executable, "-m", "ruff", *command, *folders], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# Links

# Links that, by their form, lead to this repository: opening it in Colab or Binder, installing it, its CI badge.
OURS = re.compile(
    r"(?:colab\.research\.google\.com/github/|mybinder\.org/v2/gh/|git\+https://github\.com/)([\w.-]+/[\w.-]+)"
    r"|github\.com/([\w.-]+/[\w.-]+)/actions"
)


def _texts(root: Path) -> dict[str, bytes]:
    """By name, the content of every file that may link to the repository; of the checkout, what is the course's."""
    everything = [path for place in LINKED for path in (root / place, *(root / place).rglob("*")) if path.is_file()]
    paths = {path.relative_to(root): path for path in (root == ROOT and git_files(*LINKED)) or everything}
    if root == ROOT:
        there = notebooks()
        paths = {name: path for name, path in paths.items() if name.suffix != ".ipynb"}
        paths |= {path.relative_to(there.parent): path for path in there.rglob("*.ipynb")}
    generated = {"__pycache__", ".ipynb_checkpoints"}
    return {name.as_posix(): path.read_bytes() for name, path in paths.items() if not generated & set(name.parts)}


def _our_links(root: Path) -> dict[str, set[str]]:
    """By file, the owner/name in each link that leads to this repository."""
    found = {name: OURS.findall(content.decode(errors="replace")) for name, content in _texts(root).items()}
    return {name: {first or second for first, second in links} for name, links in found.items() if links}


def _copy(tmp_path: Path) -> dict[str, bytes]:
    """The course's texts and notebooks in a folder of their own, without an address, and what they hold."""
    for name, content in _texts(ROOT).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    if public_address(tmp_path) is not None:
        move_links(None, tmp_path)
    return _texts(tmp_path)


def test_every_link_leads_to_the_one_address():
    """Without an address no link is there at all: what an unknown account offers is neither opened nor installed."""
    address = public_address(ROOT)
    assert {file: found for file, found in _our_links(ROOT).items() if found != {address}} == {}
    assert badges(address) in _read("README.md") and clone_line(address) in _read("README.md")


def test_a_copy_without_an_address_says_so_and_installs_nothing(tmp_path):
    _copy(tmp_path)
    assert repository_url(tmp_path) == PLACEHOLDER and PLACEHOLDER.startswith("https://example.invalid/")
    assert _our_links(tmp_path) == {}
    for path in (tmp_path / "notebooks").rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert launch_links(None, path.relative_to(tmp_path).as_posix()) in text
        assert "this copy of the course has no address to get it from" in text and "pip install" not in text


def test_moving_the_links_leaves_nothing_behind(tmp_path):
    before = _copy(tmp_path)
    first, second = "first-owner/first.name", "second/second-name"

    changed = {path.relative_to(tmp_path).as_posix() for path in move_links(first, tmp_path)}
    notebooks = {name for name in before if name.endswith(".ipynb")}
    assert changed == notebooks | {"README.md", "pyproject.toml", "docs/INSTRUCTORS.md", "docs/JUPYTERHUB.md"}
    assert public_address(tmp_path) == first
    unopened = [launch_links(None, name).encode() for name in notebooks]
    assert clone_line(first) in (tmp_path / "README.md").read_text(encoding="utf-8")
    for placeholder in {PLACEHOLDER.encode(), b"<owner>/<name>", b"<address of this", *unopened}:
        assert [name for name, content in _texts(tmp_path).items() if placeholder in content] == []
    links = _our_links(tmp_path)
    assert notebooks | {"README.md", "docs/INSTRUCTORS.md"} == set(links) and set.union(*links.values()) == {first}
    assert f"llmlab-course @ git+https://github.com/{first}" in (tmp_path / sorted(notebooks)[0]).read_text(
        encoding="utf-8"
    )

    there = _texts(tmp_path)
    move_links(second, tmp_path)
    assert [name for name, content in _texts(tmp_path).items() if b"first-owner" in content] == []
    assert public_address(tmp_path) == second

    move_links(first, tmp_path)
    assert _texts(tmp_path) == there, "there and back: not one byte differs"
    move_links(None, tmp_path)
    assert _texts(tmp_path) == before


def test_notebooks_with_their_links_moved_are_what_the_lessons_generate(tmp_path):
    _copy(tmp_path)
    shutil.copytree(ROOT / "lessons", tmp_path / "lessons", dirs_exist_ok=True)
    move_links("ada/llmlab", tmp_path)
    assert problems(tmp_path) == []


def test_a_copy_is_asked_for_its_address_before_anything_runs(tmp_path):
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    command = [sys.executable, "tools/links.py", "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "this copy of the course has no public address yet: run `make links REPO=owner/name`, commit what it changes\n"
    )
    move_links("ada/llmlab", tmp_path)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_form_of_link_moves_and_nothing_else(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project.urls]\nRepository = "https://github.com/a/b"\n', encoding="utf-8"
    )
    page = """[![Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{}/blob/main/x.ipynb)
    [Binder](https://mybinder.org/v2/gh/{}/main?urlpath=lab) %pip install -q "llmlab-course @ git+https://github.com/{}.git"
    git clone git@github.com:{}.git, https://raw.githubusercontent.com/{}/main/data/story.txt, see https://github.com/{}.
    https://github.com/a/b-side https://github.com/other/a/b.c and the folders a/b and lib/a/b stay, as does x/a/b."""
    page = page.replace("other/a/b.c", "a/b.c")
    (tmp_path / "README.md").write_text(page.replace("{}", "a/b"), encoding="utf-8")
    cell = json.dumps({"source": [page.replace("{}", "a/b")]}, indent=1).encode() + b"\r\n"  # also odd line ends stay
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "x.ipynb").write_bytes(cell)

    assert len(move_links("new-owner/new.name", tmp_path)) == 3
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == page.replace("{}", "new-owner/new.name")
    moved = (tmp_path / "notebooks" / "x.ipynb").read_bytes()
    assert moved == json.dumps({"source": [page.replace("{}", "new-owner/new.name")]}, indent=1).encode() + b"\r\n"


@pytest.mark.parametrize(
    "repo", ["", "llmlab", "a/b/c", "https://github.com/a/b", "a b/c", "-a/b", "a/..", "a/b.git", "a/b\n", "a--b/c"]
)
def test_a_malformed_address_is_refused(repo, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project.urls]\nRepository = "https://github.com/a/b"\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"REPO must be owner/name .* got " + re.escape(repr(repo))):
        move_links(repo, tmp_path)
    assert public_address(tmp_path) == "a/b"


def test_a_malformed_address_on_the_command_line_ends_with_a_message():
    done = subprocess.run([sys.executable, str(ROOT / "tools/links.py"), "a b"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "REPO must be owner/name as on GitHub, for example REPO=ada/llmlab; got 'a b'",
        "usage: make links REPO=owner/name",
    ]


# Skips

SKIPS = """
import pytest

def test_runs():
    assert True

def test_planted_skip():
    pytest.skip("needs more time")

@pytest.mark.skip(reason="switched off")
def test_marked():
    pass

@pytest.mark.gpu
def test_gpu():
    assert False, "there is none"

@pytest.mark.xfail(strict=True, reason="an expected failure is no skip")
def test_expected_failure():
    assert False
"""


def _skip_reasons(path: Path) -> list[str]:
    """How the reasons in a file begin: of pytest.skip and of marks; a name stands for what the file gives it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        target.id: ast.literal_eval(one.value)
        for one in tree.body
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)
        for target in one.targets
    }
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not re.search(r"\bpytest\.(skip|mark\.skip|mark\.skipif)$", ast.unparse(call.func)):
            continue
        given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"] or call.args[:1]
        (reason,) = given
        found.append(named[reason.id] if isinstance(reason, ast.Name) else ast.literal_eval(reason))
    return found


def test_every_reason_to_skip_is_one_that_a_machine_of_github_may_have():
    """What begins otherwise is a failure there, of macOS and Windows too: only what can be installed may be that."""
    allowed = (*ALLOWED_SKIPS, "on Linux only: ", "not on Windows: ", "needs Chromium: ", "needs The Verdict: ")
    reasons = {reason: path.name for path in (ROOT / "tests").rglob("*.py") for reason in _skip_reasons(path)}
    assert len(reasons) > 15
    assert {reason: name for reason, name in reasons.items() if not reason.startswith(allowed)} == {}


SYSTEM_SKIPS = """
import pytest

@pytest.mark.skipif(True, reason="on Linux only: outputs are compared there")
def test_linux():
    pass

@pytest.mark.skipif(True, reason="not on Windows: it has ports only")
def test_not_windows():
    pass
"""
_AFTER_FUTURE = _read("tests/conftest.py").replace("from __future__ import annotations\n", "")


@pytest.mark.parametrize(
    ("ci", "outcome"),
    [("true", {"passed": 1, "failed": 1, "errors": 1, "skipped": 1}), ("", {"passed": 1, "skipped": 3})],
    ids=["in CI", "elsewhere"],
)
def test_a_skip_is_a_failure_in_ci_alone(ci, outcome, pytester, monkeypatch):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # starts sooner
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that the GPU test is skipped on every machine
    pytester.makeconftest(_read("tests/conftest.py"))
    pytester.makeini("[pytest]\nmarkers = gpu: needs a CUDA device\n")
    pytester.makepyfile(SKIPS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(xfailed=1, **outcome)
    shown = "skipped in CI, where every test must run" in result.stdout.str()
    assert shown is (ci == "true")


@pytest.mark.parametrize(
    ("system", "outcome"),
    [
        ("Linux", {"passed": 0, "errors": 2}),
        ("Darwin", {"passed": 0, "skipped": 1, "errors": 1}),
        ("Windows", {"passed": 0, "skipped": 2}),
    ],
)
def test_what_a_system_lacks_may_be_skipped_there_and_nowhere_else(system, outcome, pytester, monkeypatch):
    """As GitHub's machines with macOS and Windows meet it."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(f"import platform\nplatform.system = lambda: {system!r}\n" + _AFTER_FUTURE)
    pytester.makepyfile(SYSTEM_SKIPS)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(**outcome)


@pytest.mark.parametrize(("ci", "errors"), [("true", 1), ("", 0)], ids=["in CI", "elsewhere"])
def test_a_skipped_module_is_a_failure_in_ci_alone(ci, errors, pytester, monkeypatch):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(_read("tests/conftest.py"))
    pytester.makepyfile("import pytest\npytest.importorskip('a_package_that_does_not_exist')")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(errors=errors, skipped=1 - errors)
