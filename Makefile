# `make demo` shows the program, `make test` checks it. Each makes its own .venv from requirements.lock;
# the first time that compiles llama.cpp (about 4 minutes on 2 cores), later runs start at once.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo test lint bench readme lock clean

help:  ## Show these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/'

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer was not found. hint: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into .venv; the first time this compiles llama.cpp, about 4 minutes on 2 cores …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## Show the three jobs, offline
	@$(BIN)/r1plan demo

lint: $(READY)  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## Style, types and the whole test suite, with branch coverage
	$(BIN)/pytest -n 2 --cov --cov-report=term

bench: $(READY)  ## Measure speed, as ratios within one run
	$(BIN)/python -m tests.bench

readme: $(READY)  ## Write the README's examples anew
	$(BIN)/python -m tests.readme

lock:  ## Pin every dependency anew, with hashes and without index addresses (needs uv)
	uv pip compile --universal --generate-hashes --no-header --python-version 3.11 \
		--extra dev --extra local pyproject.toml --output-file requirements.lock

clean:  ## Remove what make made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
