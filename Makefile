# Everything runs in .venv, which the first call makes. Needs python3 (with venv and pip) and make.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
BENCH := benchmarks/scrub/.venv
CONTEXT := benchmarks/dp/.venv
PII ?= ../shared/benchmarks/pii
CARD ?= data/scrub_card.json
WORKERS ?= 2

.PHONY: help setup demo lab test check format bench-scrub bench-themes bench-dp bench-growth soak audit spark clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Set everything up in .venv

demo: $(READY)  ## Make anonymous reports from a synthetic export, in ./demo
	@$(BIN)/pa demo

lab: $(READY)  ## Open JupyterLab on the demo's notebooks
	@test -f demo/workspace.toml || $(BIN)/pa demo
	@$(BIN)/pa lab -w demo

test: $(READY)  ## Run the tests; CI_SERVICES=1 adds those of PostgreSQL, other OS users and a browser, and the long ones
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(CI_SERVICES),,-m "not service and not long") $(ARGS)

check: $(READY)  ## Lint, format, types, import walls, clean notebooks
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/nbstripout --verify --keep-id --extra-keys "metadata.papermill cell.metadata.papermill metadata.language_info" notebooks/*.ipynb
	@echo "clean"

format: $(READY)  ## Put code and notebooks into form
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench-scrub: $(BENCH)/.ready  ## Score the scrubber beside stock Presidio on PII=FOLDER; the result goes to CARD=FILE
	@$(BENCH)/bin/python benchmarks/scrub/bench.py $(PII) $(CARD)

bench-themes: $(READY)  ## Measure how well themes are found, on the conversations labelled by hand
	@$(BIN)/python benchmarks/themes.py

bench-dp: $(READY) $(CONTEXT)/.ready  ## CPU time of private answers beside raw polars and OpenDP's Context API, 10^6 and 10^7 events
	@$(BIN)/python benchmarks/dp/bench.py $(CONTEXT)/bin/python $(EVENTS)

bench-growth: $(READY)  ## Time, memory and disk of ingest, questions and texts up to MOST=1000000 events
	@$(BIN)/python benchmarks/growth.py --most $(or $(MOST),1000000)

soak: $(READY)  ## Kill releases anywhere, in SCHEDULES=10000 schedules on SQLite and PostgreSQL (an hour)
	@$(BIN)/python benchmarks/soak.py $(SCHEDULES)

audit: $(READY)  ## Measure what every kind of question loses, and see that seeded faults are caught
	@$(BIN)/python benchmarks/audit

spark: $(READY)  ## Add PySpark, which needs Java 17, to .venv: the tests of that engine run with it
	@UV_PROJECT_ENVIRONMENT=.venv UV_SYSTEM_CERTS=1 $(BIN)/uv sync --quiet --frozen --inexact --python $(BIN)/python --group spark

clean:  ## Remove the demo and everything that was set up
	@rm -rf .venv $(BENCH) $(CONTEXT) benchmarks/dp/.cache demo dist

define environment
@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
  || { echo "This needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 …"; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
  || { echo "Python's venv is missing. On Debian: apt install python3-venv"; exit 1; }
@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
@echo "setting up $(1) (once) ..."
@$(1)/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
@UV_PROJECT_ENVIRONMENT=$(1) UV_SYSTEM_CERTS=1 $(1)/bin/uv sync --quiet --frozen --inexact --python $(1)/bin/python $(2)
endef

$(READY): pyproject.toml uv.lock
	$(call environment,.venv)
	@touch $@

$(BENCH)/.ready: pyproject.toml uv.lock benchmarks/scrub/requirements.txt
	$(call environment,$(BENCH),--no-dev)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python \
	  -r benchmarks/scrub/requirements.txt
	@touch $@

$(CONTEXT)/.ready: benchmarks/dp/requirements.txt
	@echo "setting up $(CONTEXT) (once) ..."
	@$(PYTHON) -m venv $(CONTEXT)
	@$(CONTEXT)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/dp/requirements.txt
	@touch $@
