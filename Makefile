# Two commands to know: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
DATA_DIR ?= .data

SUPERSET := ../shared/tools/openapi_superset.py
PEER_API := tests/contract/django-ai-assistant-0.4.0.openapi.json

.DEFAULT_GOAL := help
.PHONY: help run test check frontend superset docs faults bench-streams bench-runs bench-peer bench-tenants bench-rules bench-rag bench-consoles bench-embed format clean

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

$(VENV)/docs.stamp: requirements/docs.lock
	@echo "Adding the documentation's tools to $(VENV) (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.lock
	@touch $@

tests/node/node_modules/installed.stamp: tests/node/package-lock.json $(VENV)/test.stamp
	@echo "Installing the test tools that come from npm (once) ..."
	@$(BIN)/python -m tests.nodejs >/dev/null
	@touch $@

run: $(VENV)/run.stamp ## Start everything with two demo tenants (PORT=8000 DATA_DIR=.data)
	@exec $(BIN)/python manage.py demo --port $(PORT) --data-dir "$(DATA_DIR)"

test: $(VENV)/test.stamp tests/node/node_modules/installed.stamp ## All tests, in two processes side by side
	@$(BIN)/python -m tests.browser.install
	@$(BIN)/python -m tests.redis_server
	@$(BIN)/python -m tests.side_by_side

check: $(VENV)/test.stamp ## Lint, format, types, layers, migrations, Django's checks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@ATRIUM_DEBUG=1 ATRIUM_EXAMPLE=1 $(BIN)/mypy
	@PYTHONPATH=platform:. $(BIN)/lint-imports
	@ATRIUM_DEBUG=1 ATRIUM_EXAMPLE=1 ATRIUM_DATABASE_TIMEOUT=0.1 ATRIUM_LOG_LEVEL=CRITICAL $(BIN)/python -W ignore \
	  manage.py makemigrations --check --dry-run
	@ATRIUM_DEBUG=1 ATRIUM_EXAMPLE=1 $(BIN)/python manage.py check
	@ATRIUM_DEBUG=1 ATRIUM_EXAMPLE=1 $(BIN)/python manage.py openapi --check
	@$(MAKE) --no-print-directory superset

# The project's own comparison with the peer's document is in tests/contract. A checkout that lies beside the shared
# folder also asks the checker from there, which nobody here wrote.
superset:
	@if [ -f $(SUPERSET) ]; then \
	  $(BIN)/python $(SUPERSET) $(PEER_API) docs/reference/openapi.json --map /=/api/ --quiet \
	    --allow '.id: type integer|null'; \
	else echo "$(SUPERSET) is not here: compared by tests/contract only."; fi

frontend: tests/node/node_modules/installed.stamp ## Build the chat from platform/embed/frontend (commit what it builds)
	@$(BIN)/python -m tests.nodejs platform/embed/frontend/build.mjs

docs: $(VENV)/docs.stamp ## The documentation as a web site, in build/site
	@$(BIN)/python -m mkdocs build --strict  # which --quiet would undo: it hides warnings before they are counted
	@echo "Open build/site/index.html"

faults: $(VENV)/test.stamp ## 200 faults with real processes, half an hour (FAULTS="--count 40 --seed 7" passes options on)
	@PYTHONPATH=platform:. $(BIN)/python -m tests.faults $(FAULTS)

bench-streams: $(VENV)/test.stamp ## 300 streams at once in one server process (STREAMS="--ramp 0" passes options on)
	@PYTHONPATH=platform:. $(BIN)/python -m benchmarks.streams $(STREAMS)

bench-runs: $(VENV)/test.stamp ## 500 streams, and what a run costs beside the model (RUNS="--only overhead" passes options on)
	@PYTHONPATH=platform:. $(BIN)/python -m benchmarks.runs $(RUNS)

bench-peer: $(VENV)/test.stamp ## Atrium beside the peer, by the harness in ../shared/bench (PEER="full --sign-in key")
	@PYTHONPATH=platform:. $(BIN)/python -m benchmarks.peer $(PEER)

bench-tenants: $(VENV)/test.stamp ## 1,000 tenants made, migrated and served (TENANTS="--tenants 200" passes options on)
	@PYTHONPATH=platform:. $(BIN)/python -m benchmarks.tenants $(TENANTS)

bench-rules: $(VENV)/test.stamp ## What a decision by access rules costs, cached and over 1,000 rules
	@ATRIUM_DEBUG=1 DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=platform:. $(BIN)/python -m benchmarks.rules $(RULES)

# The peer wants an older pgvector than Atrium has: an environment of its own, and its line is left out where it is not.
build/bench/langchain-postgres/installed.stamp: benchmarks/rag/peer-requirements.txt
	@test -x build/bench/langchain-postgres/bin/python || $(PYTHON) -m venv build/bench/langchain-postgres
	@build/bench/langchain-postgres/bin/python -m pip install --quiet --disable-pip-version-check -r $< && touch $@ \
	  || echo "langchain-postgres could not be installed: it is left out."

bench-rag: $(VENV)/test.stamp ## Retrieval: how good, how fast, how large (RAG="--sizes 1000 10000 100000 300000")
	@$(MAKE) --no-print-directory build/bench/langchain-postgres/installed.stamp
	@PYTHONPATH=platform:. $(BIN)/python -m benchmarks.rag $(RAG)

bench-consoles: $(VENV)/test.stamp ## Every list of both consoles at 100,000 rows (CONSOLES="--explain" passes options on)
	@PYTHONPATH=platform:. $(BIN)/python -m benchmarks.consoles $(CONSOLES)

bench-embed: $(VENV)/test.stamp tests/node/node_modules/installed.stamp ## An embedded chat: its size beside others', and how long a click takes
	@$(BIN)/python -m tests.browser.install
	@PYTHONPATH=platform:. $(BIN)/python -m benchmarks.embed $(EMBED)

format: $(VENV)/test.stamp ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## Remove the environment, the demo's data and what was built
	rm -rf $(VENV) .data build staticfiles
