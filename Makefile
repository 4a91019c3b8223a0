# `make demo` shows the program, `make test` checks it, in the same .venv. requirements.lock holds the program,
# requirements-dev.lock the same and the development tools. The first time compiles llama.cpp (2 to 3 minutes on
# 2 cores), later runs start at once.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
TOOLS := .venv/.tools
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps

# What r1plan never loads is not compiled: images and sound (LLAVA_BUILD), and what llama.cpp's own tools share
# (LLAMA_BUILD_COMMON, which llama-cpp-python forces on: so it is put off where CMake enters llama.cpp). Nor are
# llama.cpp's headers and a second copy of its libraries installed. Your own CMAKE_ARGS, such as -DGGML_CUDA=on,
# are added and win.
LEAN := .venv/lean.cmake
LEAN_ARGS = -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama.cpp_INCLUDE='$(CURDIR)/$(LEAN)'
LEAN_ENV = CMAKE_ARGS="$(LEAN_ARGS) $$CMAKE_ARGS" SKBUILD_WHEEL_EXCLUDE="/lib/;/include/"

LOCK := uv pip compile --universal --generate-hashes --no-header --python-version 3.11 --extra local pyproject.toml

.PHONY: help demo test coverage lint bench readme man lock clean

help:  ## Show these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/'

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer was not found. hint: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into .venv; the first time this compiles llama.cpp, 2 to 3 minutes on 2 cores …"
	@$(PYTHON) -m venv .venv
	@echo 'set(LLAMA_BUILD_COMMON OFF)' > $(LEAN)
	@$(LEAN_ENV) $(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(TOOLS): requirements-dev.lock $(READY)
	@echo "Installing the development tools into .venv …"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(READY)  ## Show the three jobs, offline
	@$(BIN)/r1plan demo

lint: $(TOOLS)  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## Style, types and the whole test suite
	$(BIN)/pytest -n 2

coverage: $(TOOLS)  ## The test suite with branch coverage: takes about twice as long
	$(BIN)/pytest -n 2 --cov --cov-report=term

bench: $(TOOLS)  ## Measure speed, as ratios within one run
	$(BIN)/python -m tests.bench

readme: $(TOOLS)  ## Write the README's examples anew
	$(BIN)/python -m tests.readme

man: $(TOOLS)  ## Write the manual page anew
	$(BIN)/python -m tests.manual

lock:  ## Pin every dependency anew, with hashes and without index addresses (needs uv)
	$(LOCK) --group dev --output-file requirements-dev.lock
	$(LOCK) --group build --constraint requirements-dev.lock --output-file requirements.lock

clean:  ## Remove what make made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
