# Everything that is done here more than once. Each target works alone, from a clean clone.

# Which Python makes the environment: the first of these that is 3.11 or newer and can make one. `make PYTHON=...` says
# it itself.
PYTHON ?=
PYTHONS := python3 python3.13 python3.12 python3.11 python3.14 python

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DIST := dist
LOWEST := build/lowest

PLUGINS := $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/*/pyproject.toml)))
PROJECTS := core $(PLUGINS) .
PYPROJECTS := $(PROJECTS:%=%/pyproject.toml)
SOURCES := $(wildcard core/src plugins/*/src)
EDITABLE := $(PROJECTS:%=-e %)

# The targets share one environment, and their output is to be read: never two at once, whatever -j says.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- using it -------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.stamp-dev ## Set up .venv with everything that the other targets need

.PHONY: demo
demo: $(VENV)/.stamp-runtime ## Show what ninelives does, with real calls over the loopback interface
	@$(BIN)/ninelives demo

# --- the gates ------------------------------------------------------------------------------------------------------

.PHONY: test
test: lint types coverage docs ## Run every gate: lint, types, tests with coverage, docs
	@echo "== all gates passed"

.PHONY: lint
lint: $(VENV)/.stamp-dev ## Check style and format (ruff)
	@echo "== lint"
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "'$(BIN)/ruff format' puts that right" >&2; exit 1; }

.PHONY: types
types: $(VENV)/.stamp-dev ## Check types (mypy strict, pyright)
	@echo "== types"
	@MYPYPATH=tests/crash $(BIN)/mypy --no-error-summary $(SOURCES) tests/typing tests/benchmarks \
		tests/crash/__main__.py tests/crash/proof
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

.PHONY: coverage
coverage: $(VENV)/.stamp-dev ## Run the tests and require every line and branch of the code to be covered
	@echo "== tests"
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

.PHONY: docs
docs: $(VENV)/.stamp-dev ## Build the documentation; warnings are errors
	@echo "== docs"
	@$(BIN)/sphinx-build -W --keep-going --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

.PHONY: test-lowest
test-lowest: $(LOWEST)/.stamp ## Run the tests with the oldest versions of the dependencies that are allowed
	@$(LOWEST)/bin/python -m pytest

.PHONY: crash-test
crash-test: $(VENV)/.stamp-dev ## Kill processes at 200 moments of each operation on letters; look for what is lost
	@$(BIN)/python tests/crash
	@NINELIVES_FULL_TESTS=1 $(BIN)/python -m pytest tests/integration/test_all_stores.py tests/plugins/sqs/test_sqs_model.py

# --- the rest -------------------------------------------------------------------------------------------------------

.PHONY: bench
bench: $(VENV)/.stamp-dev ## Compare the cost of a call with that of other libraries
	@$(BIN)/python tests/benchmarks

.PHONY: build
build: $(VENV)/.stamp-dev ## Build every wheel into dist/
	@rm -rf $(DIST)
	@for project in $(PROJECTS); do \
		$(BIN)/python -m build --wheel --outdir $(DIST) $$project >$(VENV)/build.log 2>&1 \
			|| { cat $(VENV)/build.log >&2; exit 1; }; \
	done
	@ls $(DIST)/*.whl

.PHONY: clean
clean: ## Remove everything that make has made, .venv too
	@rm -rf $(VENV) build dist docs/_build .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .benchmarks
	@find core plugins tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environments: made once, and again when a pyproject.toml has changed -------------------------------------------

$(BIN)/python:
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			echo "== setting up $(VENV) with $$($$python --version)"; \
			exec $$python -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "ninelives needs Python 3.11 or newer that has pip and venv. Tried: $(or $(PYTHON),$(PYTHONS))." >&2; \
	echo "Name one with 'make PYTHON=/path/to/python3.12 ...'. On Debian and Ubuntu, venv is the package python3-venv." >&2; \
	exit 1

$(VENV)/.stamp-runtime: $(BIN)/python $(PYPROJECTS)
	@echo "== installing ninelives"
	@$(PIP) install --quiet $(EDITABLE)
	@touch $@

# Groups of dependencies came with pip 25.1.
$(VENV)/.stamp-dev: $(VENV)/.stamp-runtime
	@echo "== installing what the gates need"
	@$(PIP) install --quiet 'pip>=25.1'
	@$(PIP) install --quiet --group dev
	@touch $@

$(LOWEST)/.stamp: $(BIN)/python $(PYPROJECTS) tests/lowest.py
	@echo "== setting up $(LOWEST)"
	@$(BIN)/python -m venv --clear $(LOWEST)
	@$(BIN)/python tests/lowest.py >$(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet 'pip>=25.1'
	@$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet --group test \
		--constraint $(LOWEST)/constraints.txt $(EDITABLE)
	@touch $@
