# MarketFlow. `make` alone lists what it can do.
#
# Works on a bare Debian: python3, pip and make, no venv package, and a pip that refuses to
# install system-wide. Hence a virtual environment without pip, filled by the pip outside.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
# The Python outside of $(VENV), which has the pip: once $(VENV) is activated, $(PYTHON) is the one
# inside.
OUTSIDE = $(or $(shell $(PYTHON) -c 'import os, sys; same = os.path.samefile; \
  inside = os.path.isdir("$(VENV)") and same(sys.prefix, "$(VENV)"); \
  print(sys._base_executable if inside else sys.executable)' 2>/dev/null),$(PYTHON))
TEMPLATES = find . -path ./$(VENV) -prune -o -path '*/templates/*.html' -print
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help setup demo run test lint format ci check-migrations check-deploy bench gauntlet ux fuzz openapi \
        lock clean check-python
# The stamps below are made by a pattern rule; make would delete them as intermediate files.
.SECONDARY:

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  HOST=, PORT=    where demo and run listen (now $(HOST):$(PORT))"
	@echo "  PYTHON=         which Python 3.11, 3.12 or 3.13 to use (now $(PYTHON))"
	@echo "  ARGS=           more for pytest, bench or lock: make test ARGS=\"orders -k refund\""

setup: $(VENV)/.dev ## everything a developer needs, in .venv
	@echo "Ready. Try: make demo"

demo: $(VENV)/.base ## a living market at HOST:PORT: one process, SQLite, nothing to install
	@$(PY) manage.py demo --host $(HOST) --port $(PORT)

run: $(VENV)/.base ## the development server, with reloading and error pages
	$(PY) manage.py migrate
	DEBUG=1 SITE_URL=http://$(HOST):$(PORT) $(PY) manage.py runserver $(HOST):$(PORT)

test: $(VENV)/.test ## all tests, on SQLite and on PostgreSQL with Redis
	@$(PY) -m tests.run_tests $(ARGS)

lint: $(VENV)/.dev ## style, import direction, templates, portability
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports
	$(TEMPLATES) | xargs -r $(VENV)/bin/djlint --quiet --lint
	$(PY) -m tests.check_portability

format: $(VENV)/.dev ## rewrite Python in the house style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

ci: lint check-migrations check-deploy test ## what must pass before a change lands

check-migrations: $(VENV)/.dev
	$(PY) manage.py makemigrations --check --dry-run

# Made-up values in the shape of production's, so that every production check speaks.
check-deploy: $(VENV)/.dev
	@echo "manage.py check --deploy on production settings"
	@DEBUG=0 SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
	DATABASE_URL=postgres://marketflow:secret@db:5432/marketflow REDIS_URL=redis://redis:6379 \
	ALLOWED_HOSTS=market.example ALLOWED_ORIGINS=https://market.example \
	SITE_URL=https://market.example PAYMENT_PROVIDERS=stripe STRIPE_SECRET_KEY=sk_live_made_up \
	STRIPE_PUBLISHABLE_KEY=pk_live_made_up STRIPE_WEBHOOK_SECRET=whsec_made_up \
	$(PY) manage.py check --deploy --fail-level WARNING

bench: $(VENV)/.test ## measure pages and checkout on PostgreSQL
	@$(PY) -m benchmarks.run $(ARGS)

gauntlet: $(VENV)/.test ## stock and money under fire: what docs/gauntlet.md promises, at full size
	@$(PY) -m benchmarks.gauntlet $(ARGS)

ux: $(VENV)/.test ## every page in every width and theme: axe, zoom, targets, pictures, Lighthouse
	@$(PY) -m benchmarks.ux $(ARGS)

fuzz: $(VENV)/.test ## the API under generated input, at length, on both databases
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-50} $(PY) -m tests.run_tests tests/fuzz $(ARGS)

openapi: $(VENV)/.test ## rewrite docs/openapi.yaml, the API's reference
	$(PY) -m tests.openapi

lock: $(VENV)/.dev ## recompile requirements/*.txt from pyproject.toml
	$(PY) requirements/compile.py $(ARGS)

clean: ## remove the virtual environment and caches; data in var/ stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis staticfiles

# A stamp per set. base < test and prod < dev, so installing one never takes from another.
$(VENV)/.%: requirements/%.txt
	@$(MAKE) --no-print-directory check-python
	@test -x $(PY) || $(OUTSIDE) -m venv --without-pip $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "MarketFlow cannot make a virtual environment: '$(OUTSIDE) -m venv --without-pip' failed (see above); a complete Python, on Debian the package python3, is needed." >&2; \
	  exit 1; }
	@echo "Installing requirements/$*.txt into $(VENV) …"
	@$(OUTSIDE) -m pip --python $(PY) install --quiet --require-hashes -r $<
	@touch $@

check-python:
	@test -x $(PY) || $(OUTSIDE) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	  echo "MarketFlow needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing): name another with PYTHON=python3.12." >&2; \
	  exit 1; }
	@$(OUTSIDE) -c 'import pip, sys; sys.exit(tuple(int(n) for n in pip.__version__.split(".")[:2]) < (22, 3))' 2>/dev/null || { \
	  echo "MarketFlow needs pip 22.3 or newer for '$(OUTSIDE)', which has $$($(OUTSIDE) -m pip --version 2>/dev/null | cut -d' ' -f1-2 | grep . || echo none): on Debian install the package python3-pip." >&2; \
	  exit 1; }
