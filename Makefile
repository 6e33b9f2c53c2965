# `make` lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
export PORT
BIN := .venv/bin
RUN := .venv/.run-installed
DEV := .venv/.dev-installed

.PHONY: help setup demo run test test-rules test-browser check fix bench docs doctor lock

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(RUN): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $(RUN)

$(DEV): requirements-dev.lock | $(RUN)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $(DEV)

setup: $(RUN) $(DEV) ## make .venv from the lock files

demo: $(RUN) ## run the product with demo data: web, worker and scheduler (PORT, DATABASE_URL)
	@PORTAL_MODE=demo $(BIN)/python manage.py serve --demo

run: $(RUN) ## run the product with the settings of the environment or .env
	@set -a; test ! -f .env || . ./.env; set +a; $(BIN)/python manage.py serve

test: $(DEV) ## run every test: SQLite, PostgreSQL, Redis, browser
	@$(BIN)/python -m tests.everything

test-rules: $(DEV) ## the rules and the assistant's engine only
	@PORTAL_MODE=test $(BIN)/python -m pytest tests/customers/rules tests/assistant/engine

test-browser: $(DEV) ## the browser journeys only
	@PORTAL_MODE=test $(BIN)/python -m pytest tests/browser

check: $(DEV) ## style, types, import directions, system checks, migrations
	@$(BIN)/python -m tests.checks

fix: $(DEV) ## format and sort imports
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: $(DEV) ## benchmarks on PostgreSQL, as ratios from one run
	@$(BIN)/python -m tests.benchmarks

doctor: $(RUN) ## look at database, broker, queues, storage, secrets
	@set -a; test ! -f .env || . ./.env; set +a; $(BIN)/python manage.py doctor

lock: ## write the lock files anew (needs uv)
	@uv pip compile -q -p 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock
	@uv pip compile -q -p 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --group dev -o requirements-dev.lock
