# Everything a developer types.  `make` alone tells what there is.
.DEFAULT_GOAL := help
.PHONY: help run test lint bench bench-tenancy migrate lock messages clean install install-dev

PYTHON ?= python3
VENV := .venv/bin
LOCK := $(VENV)/uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header --quiet

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: install ## Install what is missing and start Frontdesk (Ctrl-C stops it)
	@exec $(VENV)/frontdesk up

test: install-dev ## Run all tests (ARGS="-k name" narrows them down)
	@exec $(VENV)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: install-dev ## Check style, types, import contracts and templates
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/djlint --lint --quiet .

bench: install-dev ## Measure response times and throughput
	@exec $(VENV)/python -m tests.bench $(ARGS)

bench-tenancy: install-dev ## Measure many tenants in one database (N=1000, ARGS=...)
	@exec $(VENV)/python -m tests.bench.tenancy --tenants $(or $(N),1000) $(ARGS)

migrate: install ## Bring every schema of the database up to date
	@exec $(VENV)/frontdesk migrate

lock: install-dev ## Renew infra/locks from pyproject.toml (ARGS="--upgrade" takes newer versions)
	$(LOCK) --extra embedded --extra frontend --output-file infra/locks/runtime.txt $(ARGS)
	$(LOCK) --all-extras --constraint infra/locks/runtime.txt --output-file infra/locks/dev.txt $(ARGS)

messages: install-dev ## Collect the strings to translate into kernel/translations
	$(VENV)/pybabel -q extract -F infra/babel.cfg -k _l -k lazy_text --no-location --omit-header -o var/messages.pot .
	for language in zh_Hans zh_Hant; do \
		$(VENV)/pybabel -q update --no-fuzzy-matching --ignore-pot-creation-date --ignore-obsolete -l $$language -i var/messages.pot -o kernel/translations/$$language/LC_MESSAGES/messages.po; \
	done

clean: ## Remove what make has built; the data in var/ stays
	rm -rf .venv web/assets/node_modules web/static/built .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name '*.mo' -delete

install:
	@$(PYTHON) infra/bootstrap.py

install-dev:
	@$(PYTHON) infra/bootstrap.py --dev
