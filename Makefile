# Needs Python 3.11 or later and make, nothing else. `make PYTHON=/path/to/python …` chooses the Python.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$name; break; }; done)
CHECKED := src tests benchmarks examples

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check lint format bench docs weights all-weights axe clean

help:
	@echo "make demo      install, fetch weights, read an example PDF and an example photo into out/"
	@echo "make test      install the dev extra, check style, types and floors, run the tests"
	@echo "make test-all  the same with the slow tests"
	@echo "make bench     measure against other programs (long; see docs/benchmarks.md)"
	@echo "make lint      style, types and floors only"
	@echo "make format    put the sources into the project's format"
	@echo "make docs      write again the pages that are made from data"

demo: weights
	$(BIN)/sampan parse examples/report.pdf examples/photo.jpg -o out --to md,json,html,overlay
	@echo
	@echo "Read them in out/: report.md, photo.md, and beside them .json, .html and pictures of what was found."

test: $(VENV)/.dev all-weights lint
	$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/.dev all-weights lint
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

bench: $(VENV)/.dev all-weights
	test -d benchmarks/data/test || $(BIN)/python -m benchmarks.corpus --split test
	$(BIN)/python -m benchmarks.peers.install
	$(BIN)/python -m benchmarks.parse_peers

docs: $(VENV)/.installed
	$(BIN)/sampan papers --markdown > docs/papers.md
	$(BIN)/sampan manual > docs/man/sampan.1

weights: $(VENV)/.installed
	$(BIN)/sampan weights install

all-weights: $(VENV)/.dev
	$(BIN)/sampan weights install --all

# The accessibility checker of the web page's tests, which are skipped without it. Needs npm.
axe: build/axe-core/package/axe.min.js

build/axe-core/package/axe.min.js:
	mkdir -p build/axe-core
	cd build/axe-core && npm pack --silent axe-core@4.14.1 && tar -xzf axe-core-4.14.1.tgz

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later was not found: install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is `$(PYTHON) --version 2>&1`, but Sampan needs 3.11 or later: run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make environments: install its venv package (on Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf out .mypy_cache .ruff_cache .pytest_cache .hypothesis
