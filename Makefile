# Everything a newcomer or a machine needs. `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
LISTEN ?= 127.0.0.1:8090
DATA ?= .demo

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup:  ## .venv/ with glasshouse, glasshouse-sdk and the tools
	@tools/setup.sh

demo: setup  ## the whole way on this machine: server, programmes, 90 days of a simulated fleet
	@$(PY) -m glasshouse.cli.main demo --listen $(LISTEN) --data $(DATA)

test: setup  ## all tests
	$(PY) -m pytest -n auto

check: setup  ## formatting, lint, types, import rules, lock file
	tools/uv lock --check
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy sdk/python/src server/src
	.venv/bin/lint-imports --no-cache

format:  ## rewrite the sources as `make check` wants them
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: setup  ## the figures, printed side by side
	$(PY) -m bench

soak: setup  ## what takes long: the doors under a million bad requests
	$(PY) -m soak.fuzz_doors --inputs 1000000

.PHONY: help setup demo test check format bench soak
