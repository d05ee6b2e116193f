# What a newcomer, an instructor and CI type. Each target sets up what it needs, once: a second run starts in seconds.
#
#   make lab PYTHON=python3.12           another Python (3.11 or newer); for an environment that is there: make clean first
#   make lab ARGS="03 --no-browser"      another lesson, and any option of JupyterLab
#   make lab TORCH_INDEX=ordinary        PyTorch as the package index has it; on Linux without an NVIDIA GPU its CPU build
#                                        is taken where PyTorch's own index answers. Or the address of another index

PYTHON ?= python3
ARGS ?=
TORCH_INDEX ?=
export TORCH_INDEX

ENVIRONMENT := $(PYTHON) tools/environment.py $(if $(filter command environment,$(origin PYTHON)),--asked)
PY := .venv/bin/python
COLAB_PY := .venv-colab/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq

# Units and doctests. What drives a browser has its own folders, and each its own run. A file's tests share what they
# prepare, so one process takes a whole file; a third process works while graders and kernels wait.
UNITS := -n 3 --dist loadfile --no-loadscope-reorder llmlab tests --ignore=tests/browser --ignore=tests/colab
# What says the same on any versions of the packages: the project's files, the site, the instructors' own commands, and
# how explorers write their pictures down. And, to save time, five files that mostly compute with PyTorch, whose version is
# the same there; the locked and the oldest versions run them.
LEFT_OUT := --ignore=tests/project --ignore=tests/instructors --ignore=tests/site \
    --ignore=tests/lessons/test_notebook_pipeline.py --ignore=tests/explorers/test_markup.py \
    --ignore=tests/exercises/test_repeats.py --ignore=tests/core/test_training.py \
    --ignore=tests/core/test_variants.py --ignore=tests/core/test_recorded_variants.py \
    --ignore=tests/core/test_train_going_on.py

# Committed outputs come from Linux and the locked versions: there they are compared, elsewhere they are only executed.
NBVAL := $(if $(filter Linux,$(shell uname -s)),--nbval,--nbval-lax)
NBVAL_OPTIONS := --nbval-current-env --nbval-cell-timeout 120 -n 2 --dist loadscope

# Each process has one thread: threads of PyTorch's own would mostly wait for each other. The browser has three processes
# on two cores, since one often waits for its page, and what one has left over another takes: lessons take longest.
test test-colab: export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help environment environment-site lab quick test test-colab notebooks site site-open bench classroom checkpoint links lock clean

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s%s\n", $$1, $$2 }' Makefile

lab: environment  ## set up, then open the first notebook in JupyterLab
	@$(PY) -m llmlab lab $(ARGS)

quick: environment-site  ## while you work: ruff, and the units that together take less than a minute (says what it leaves out)
	@$(PY) -m ruff check llmlab lessons tools site tests benchmarks
	@$(PY) -m ruff format --check llmlab lessons tools site tests benchmarks
	@$(PY) -m pytest -m "not slow" $(UNITS)

test: environment-site  ## all tests: units and doctests, every notebook, a real browser (all three run even if one fails)
	@status=0; \
	$(PY) -m pytest $(UNITS) || status=1; \
	$(PY) -m pytest $(NBVAL) $(NBVAL_OPTIONS) notebooks || status=1; \
	$(PY) -m pytest -n 3 --dist worksteal tests/browser || status=1; \
	exit $$status

test-colab: .venv-colab/.stamp  ## what students run, on the versions of Google Colab: units, notebooks, a browser (needs Python 3.11)
	@status=0; \
	$(COLAB_PY) -m pytest $(UNITS) $(LEFT_OUT) || status=1; \
	$(COLAB_PY) -m pytest --nbval-lax $(NBVAL_OPTIONS) notebooks/solutions || status=1; \
	$(COLAB_PY) -m pytest -n 2 tests/colab || status=1; \
	exit $$status

notebooks: environment  ## build and execute the notebooks whose lesson changed
	@$(PY) tools/build_notebooks.py

site: environment-site  ## build the course as web pages into site/out: they need no server and no network
	@$(PY) site/build_site.py

site-open: environment-site  ## the same, and open the home page in the browser
	@$(PY) site/build_site.py --open

bench: environment  ## measure our speed beside that of other libraries, in one run (what is missing is left out)
	@$(PIP) install --no-deps -r benchmarks/requirements.txt || echo "A peer cannot be installed: its rows are left out."
	@status=0; \
	for script in benchmarks/[a-z]*.py; do $(PY) $$script || status=1; done; \
	$(PY) benchmarks/_report.py || status=1; \
	exit $$status

classroom: .venv-classroom/.stamp  ## hold a class of 10, 20 and 30 in a JupyterHub on this machine (Linux, npm; over half an hour)
	@.venv-classroom/bin/python -m benchmarks.classroom $(ARGS)

checkpoint: environment  ## train a small GPT on the toy world into data/tiny (a few minutes)
	@$(PY) tools/make_checkpoint.py

links:  ## move every link to the public address: make links REPO=owner/name
	@$(PYTHON) tools/links.py "$(REPO)"

lock:  ## choose the exact versions in requirements.lock and requirements-site.lock anew (PyTorch stays)
	@test -x .venv-lock/bin/python || $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check -qq install --upgrade uv
	@.venv-lock/bin/uv --quiet pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	    --fork-strategy fewest --upgrade --no-header --no-annotate --no-emit-package llmlab-course > .venv-lock/compiled.txt
	@{ grep '^#' requirements.lock; grep -vE '^(cuda|nvidia|triton)' .venv-lock/compiled.txt; } > .venv-lock/new.lock
	@mv .venv-lock/new.lock requirements.lock
	@.venv-lock/bin/uv --quiet pip compile pyproject.toml --extra site --constraint requirements.lock --universal \
	    --python-version 3.11 --fork-strategy fewest --upgrade --no-header --no-annotate --no-emit-package llmlab-course \
	    > .venv-lock/compiled.txt
	@{ grep '^#' requirements-site.lock; awk -F '==' 'NR == FNR { have[$$1]; next } !($$1 in have)' requirements.lock \
	    .venv-lock/compiled.txt | grep -vE '^(cuda|nvidia|triton)'; } > .venv-lock/new.lock
	@mv .venv-lock/new.lock requirements-site.lock

clean:  ## remove the environments, caches and build outputs
	@rm -rf .venv .venv-colab .venv-classroom .venv-lock dist build .pytest_cache .ruff_cache .hypothesis benchmarks/out \
	    site/out site/cache
	@find llmlab lessons notebooks tests tools benchmarks site \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune \
	    -exec rm -rf {} + 2>/dev/null || true

environment:  ## set up .venv, or mend it: `lab` and all the others do so by themselves
	@$(ENVIRONMENT)

environment-site:  ## the same, with what builds and tests the web pages
	@$(ENVIRONMENT) --site

.venv-colab/.stamp: requirements-colab.txt pyproject.toml tools/colab_environment.py tools/environment.py
	@$(PYTHON) tools/colab_environment.py .venv-colab
	@touch $@

.venv-classroom/.stamp: requirements.lock pyproject.toml benchmarks/classroom/requirements.txt \
    benchmarks/classroom/package.json tools/classroom_environment.py tools/environment.py
	@$(PYTHON) tools/classroom_environment.py .venv-classroom
	@touch $@
