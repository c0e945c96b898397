# Everything this project can do, by name. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment ------------------------------------------------------------------------------------------------

.PHONY: env env-dev
env: .venv/.runtime ## build .venv with what the service needs
env-dev: .venv/.dev ## build .venv with what tests and lint need too

.venv/.runtime: requirements/build.txt requirements/runtime.txt tools/env
	@tools/env runtime

.venv/.dev: requirements/build.txt requirements/runtime.txt requirements/dev.txt tools/env
	@tools/env dev

.PHONY: lock
lock: env-dev ## pin and hash the dependencies anew, after editing requirements/*.in
	$(LOCK) requirements/build.in -o requirements/build.txt
	$(LOCK) requirements/runtime.in -o requirements/runtime.txt
	$(LOCK) requirements/dev.in -o requirements/dev.txt

# --- the service ----------------------------------------------------------------------------------------------------

.PHONY: demo
demo: env ## a village BMT at http://127.0.0.1:8000 (KOPERASI_PORT, KOPERASI_DATA_DIR)
	@$(BIN)/koperasi demo

.PHONY: bench
bench: env-dev ## how fast, beside pgbench, COPY and ledger-cli, in one run (BENCH_ENTRIES=10000 for a short one)
	@$(BIN)/python -m benchmarks

# --- the gates ------------------------------------------------------------------------------------------------------

.PHONY: test
test: ## everything: lint, types, imports, then every test, the browser's too
	@tools/test-tools >/dev/null
	@$(MAKE) --no-print-directory lint types imports
	$(BIN)/pytest

.PHONY: test-quick
test-quick: env-dev ## the tests that need no browser and little time
	$(BIN)/pytest -m "not e2e and not slow"

.PHONY: e2e
e2e: env-dev ## the browser tests alone
	@tools/test-tools >/dev/null
	$(BIN)/pytest -m e2e

.PHONY: nightly
nightly: env-dev ## every test, with many more generated examples
	@tools/test-tools >/dev/null
	KOPERASI_NIGHTLY=1 KOPERASI_CRASH_ROUNDS=100 $(BIN)/pytest --hypothesis-profile=nightly
	-$(BIN)/python tools/audit_deps.py --strict

.PHONY: lint
lint: env-dev ## format, ruff and the rules of this house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python tools/house_rules.py
	$(BIN)/python tools/audit_deps.py

.PHONY: audit
audit: env-dev ## have our dependencies known weaknesses? (asks an advisory service; fails if it can't)
	$(BIN)/python tools/audit_deps.py --strict

.PHONY: types
types: env-dev ## mypy, strict
	$(BIN)/mypy

.PHONY: imports
imports: env-dev ## which package may know which
	$(BIN)/lint-imports

.PHONY: i18n
i18n: env-dev ## is every message translated?
	$(BIN)/pytest --quiet tests/lint/test_translations.py

.PHONY: format
format: env-dev ## lay the code out as ruff wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: clean
clean: ## remove .venv and caches; the data in ./var stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -path ./var -prune -o -type d \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +
