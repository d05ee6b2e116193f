# What a newcomer, an instructor and CI type. Each target sets up what it needs, once: a second run starts in seconds.
#
#   make lab TORCH_INDEX=https://download.pytorch.org/whl/cpu     PyTorch without CUDA: several GB less to download on Linux
#   make lab PYTHON=python3.12                                    another Python (3.11 or newer)

PYTHON ?= python3
TORCH_INDEX ?=
export TORCH_INDEX

PY := .venv/bin/python
COLAB_PY := .venv-colab/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq

# Units and doctests. What drives a browser has its own folders, and each its own run.
UNITS := -n 2 llmlab tests --ignore=tests/browser --ignore=tests/colab
# What says the same on any versions of the packages: the project's files, the site, and the instructors' own commands.
VERSIONLESS := --ignore=tests/project --ignore=tests/instructors --ignore=tests/site \
    --ignore=tests/lessons/test_notebook_pipeline.py

# Committed outputs come from Linux and the locked versions: there they are compared, elsewhere they are only executed.
NBVAL := $(if $(filter Linux,$(shell uname -s)),--nbval,--nbval-lax)
NBVAL_OPTIONS := --nbval-current-env --nbval-cell-timeout 120 -n 2 --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help lab quick test test-colab notebooks site site-open bench checkpoint links lock clean

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

lab: .venv/.stamp  ## set up, then open the first notebook in JupyterLab
	@$(PY) -m llmlab lab

quick: .venv/.site-stamp  ## while you work: ruff, and the units that together take less than a minute (says what it leaves out)
	@$(PY) -m ruff check llmlab lessons tools site tests benchmarks
	@$(PY) -m ruff format --check llmlab lessons tools site tests benchmarks
	@$(PY) -m pytest -m "not slow" $(UNITS)

test: .venv/.site-stamp  ## all tests: units and doctests, every notebook, a real browser (all three run even if one fails)
	@status=0; \
	$(PY) -m pytest $(UNITS) || status=1; \
	$(PY) -m pytest $(NBVAL) $(NBVAL_OPTIONS) notebooks || status=1; \
	$(PY) -m pytest -n 2 tests/browser || status=1; \
	exit $$status

test-colab: .venv-colab/.stamp  ## what students run, on the versions of Google Colab: units, notebooks, a browser (needs Python 3.11)
	@status=0; \
	$(COLAB_PY) -m pytest $(UNITS) $(VERSIONLESS) || status=1; \
	$(COLAB_PY) -m pytest --nbval-lax $(NBVAL_OPTIONS) notebooks || status=1; \
	$(COLAB_PY) -m pytest -n 2 tests/colab || status=1; \
	exit $$status

notebooks: .venv/.stamp  ## build and execute the notebooks whose lesson changed
	@$(PY) tools/build_notebooks.py

site: .venv/.site-stamp  ## build the course as web pages into site/out: they need no server and no network
	@$(PY) site/build_site.py

site-open: .venv/.site-stamp  ## the same, and open the home page in the browser
	@$(PY) site/build_site.py --open

bench: .venv/.stamp  ## measure our speed beside that of other libraries, in one run (what is missing is left out)
	@$(PIP) install --no-deps -r benchmarks/requirements.txt || echo "A peer cannot be installed: its rows are left out."
	@status=0; \
	for script in benchmarks/[a-z]*.py; do $(PY) $$script || status=1; done; \
	$(PY) benchmarks/_report.py || status=1; \
	exit $$status

checkpoint: .venv/.stamp  ## train a small GPT on the toy world into data/tiny (a few minutes)
	@$(PY) tools/make_checkpoint.py

links:  ## move every link to the public address: make links REPO=owner/name
	@$(PYTHON) tools/links.py "$(REPO)"

lock:  ## choose the exact versions in requirements.lock and requirements-site.lock anew (PyTorch stays)
	@test -x .venv-lock/bin/python || $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check -qq install --upgrade uv
	@.venv-lock/bin/uv --quiet pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	    --fork-strategy fewest --upgrade --no-header --no-annotate --no-emit-package llmlab > .venv-lock/compiled.txt
	@{ grep '^#' requirements.lock; grep -vE '^(cuda|nvidia|triton)' .venv-lock/compiled.txt; } > .venv-lock/new.lock
	@mv .venv-lock/new.lock requirements.lock
	@.venv-lock/bin/uv --quiet pip compile pyproject.toml --extra site --constraint requirements.lock --universal \
	    --python-version 3.11 --fork-strategy fewest --upgrade --no-header --no-annotate --no-emit-package llmlab \
	    > .venv-lock/compiled.txt
	@{ grep '^#' requirements-site.lock; awk -F '==' 'NR == FNR { have[$$1]; next } !($$1 in have)' requirements.lock \
	    .venv-lock/compiled.txt | grep -vE '^(cuda|nvidia|triton)'; } > .venv-lock/new.lock
	@mv .venv-lock/new.lock requirements-site.lock

clean:  ## remove the environments, caches and build outputs
	@rm -rf .venv .venv-colab .venv-lock dist build .pytest_cache .ruff_cache .hypothesis benchmarks/out site/out site/cache
	@find llmlab lessons notebooks tests tools benchmarks site \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune \
	    -exec rm -rf {} + 2>/dev/null || true

.venv/.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"llmlab needs Python 3.11 or newer; $(PYTHON) is Python {v[0]}.{v[1]}. Name a newer one: make PYTHON=python3.12" if v < (3, 11) else 0)'
	@echo "Setting up .venv (the first time takes a minute or more, most of it PyTorch) ..."
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@if [ -n "$(TORCH_INDEX)" ]; then $(PIP) install --index-url "$(TORCH_INDEX)" $$(grep '^torch==' requirements.lock); fi
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.site-stamp: .venv/.stamp requirements-site.lock
	@$(PIP) install -r requirements-site.lock
	@touch $@

.venv-colab/.stamp: requirements-colab.txt pyproject.toml tools/colab_environment.py
	@$(PYTHON) tools/colab_environment.py .venv-colab
	@touch $@
