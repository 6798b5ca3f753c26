# Everything a newcomer or a machine needs. `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
LISTEN ?= 127.0.0.1:8090
DATA ?= .demo
BROWSER ?= yes
TESTS ?=

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup:  ## .venv/ with glasshouse, glasshouse-sdk and the tools
	@tools/setup.sh

demo: setup  ## the whole way on this machine: server, programmes, 90 days of a simulated fleet
	@$(PY) -m glasshouse.cli.main demo --listen $(LISTEN) --data $(DATA)

test: setup  ## all tests; TESTS=path for some, BROWSER=no where Chromium cannot be installed
ifeq ($(BROWSER),no)
	$(PY) -m pytest -n auto --dist loadgroup -m "not browser" $(TESTS)
else
	@tools/chromium.sh
	@tools/companions.sh
	@tools/browser.sh examples
	$(PY) -m pytest -n auto --dist loadgroup $(TESTS)
endif

test-puppet: setup  ## Puppet Enterprise's tests with Debian's PuppetDB and Puppet Server; as root
	@tools/companions.sh puppet
	PUPPET=real $(PY) -m pytest -n0 products/puppet-enterprise/tests

# Each product stands alone, and two have a module of the same name: one run of mypy for each.
check: setup  ## formatting, lint, types, import rules, scripts, the tracker, generated pages, lock file
	tools/uv lock --check
	tools/browser.sh
	for script in .ci/run tools/uv tools/apt tools/*.sh; do bash -n $$script || exit 1; done
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy sdk/python/src server/src tools/reference.py
	$(PY) -m mypy bench soak cluster
	for product in products/*/; do $(PY) -m mypy --exclude /tests/ $$product || exit 1; done
	.venv/bin/lint-imports --no-cache
	$(PY) tools/reference.py --check

format:  ## rewrite the sources as `make check` wants them
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

reference:  ## rewrite the pages in docs/ that are made from the code
	$(PY) tools/reference.py

packages: setup  ## dist/: the agent's packages, and those of Percona Server for MongoDB
	$(PY) sdk/python/packaging/build_agent.py dist
	$(PY) products/percona-server-mongodb/packaging/build.py dist

bench: setup  ## the figures, printed side by side
	$(PY) -m bench

soak: setup  ## the long tests: a thousand kills and power cuts, a million bad requests
	$(PY) -m soak

cluster: setup  ## 3 NATS, 2 x 2 ClickHouse, collectors, loaders and a console on this machine, with a load
	@tools/companions.sh cluster
	$(PY) -m cluster

MINUTES ?= 2
cluster-test: setup  ## kills of every part under load (MINUTES=20 for the long form), and what it costs
	@tools/companions.sh cluster
	$(PY) -m cluster.kills --minutes $(MINUTES)
	$(PY) -m cluster.measures

.PHONY: help setup demo test test-puppet check format reference packages bench soak cluster cluster-test
