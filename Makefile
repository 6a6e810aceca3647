# Two commands to know: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
DATA_DIR ?= .data

.DEFAULT_GOAL := help
.PHONY: help run test check format clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(VENV)/run.stamp: requirements/run.lock
	@echo "Making the environment in $(VENV) (once; about half a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@touch $@

$(VENV)/test.stamp: requirements/test.lock
	@echo "Making the environment with the test tools in $(VENV) (once; about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	@touch $@ $(VENV)/run.stamp

run: $(VENV)/run.stamp ## Start everything with two demo tenants (PORT=8000 DATA_DIR=.data)
	@exec $(BIN)/python manage.py demo --port $(PORT) --data-dir "$(DATA_DIR)"

test: $(VENV)/test.stamp ## All tests
	@$(BIN)/python -m tests.browser.install
	@$(BIN)/python -m pytest

check: $(VENV)/test.stamp ## Lint, format, types, layers, migrations, Django's checks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@ATRIUM_DEBUG=1 $(BIN)/mypy
	@PYTHONPATH=platform:. $(BIN)/lint-imports
	@ATRIUM_DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run
	@ATRIUM_DEBUG=1 $(BIN)/python manage.py check

format: $(VENV)/test.stamp ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## Remove the environment, the demo's data and what was built
	rm -rf $(VENV) .data build staticfiles
