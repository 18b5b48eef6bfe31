# Every target works on a fresh machine with Python 3.11+, pip and make: it makes .venv, installs, runs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test costs lint bench truth killing canary trackrecord cleanruns cleanfaults standin schema reference sample picture vendor clean

help:  ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The stamp is newer than pyproject.toml exactly when what it lists is installed.
$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "pwdload needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

setup: $(VENV)/.installed  ## Make .venv and install

demo: $(VENV)/.installed  ## Stand-in, a one-minute run, and its report
	$(BIN)/pwdload run scenarios/demo.toml --loglevel WARNING --only-summary

# Four at a time on two cores: half of the time goes into waiting for the processes of the end-to-end tests.
test: $(VENV)/.installed  ## All tests but the slow proofs
	$(BIN)/python -m pytest -n 4 --dist worksteal

costs: $(VENV)/.installed  ## The processor time of each test, the costliest first
	@rm -f .costs
	PWDLOAD_TEST_COSTS=.costs $(BIN)/python -m pytest -p tests.costs -n 4 --dist worksteal
	@$(BIN)/python -m tests.costs .costs

lint: $(VENV)/.installed  ## Style, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed  ## Beside other load generators, into docs/benchmarks.md; then what the parts cost
	$(BIN)/python -m tests.bench.parts
	$(BIN)/python -m tests.bench.ledger
	$(BIN)/python -m tests.bench.exchange
	$(BIN)/python -m tests.bench.oracle
	$(BIN)/python -m tests.bench.oracle_long
	$(BIN)/python -m tests.bench.proxy
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.floor
	$(BIN)/python -m tests.bench.report
	$(BIN)/python -m tests.bench.soak

# One at a time: they measure, and nothing else may have a part of the machine meanwhile.
truth: $(VENV)/.installed  ## The slow proofs: known truths in full, evenness, stock Locust (ten minutes)
	$(BIN)/python -m pytest -m "slow and not killing" -s

killing: $(VENV)/.installed  ## kill -9 at a hundred instants, 20,000 changes of one pool: no account is lost (half an hour)
	$(BIN)/python -m pytest -m killing -s

canary: $(VENV)/.installed  ## No secret in anything that a run leaves, says or sends to its own processes (three minutes)
	$(BIN)/python -m pytest -m "slow or not slow" tests/e2e/test_canary.py tests/test_canary_search.py

trackrecord: $(VENV)/.installed  ## Every defect of the stand-in, found by the oracle or not; into the README (ten minutes)
	$(BIN)/python -m tests.trackrecord

cleanruns: $(VENV)/.installed  ## A hundred runs against a healthy stand-in: no false alarm; into docs/oracle.md (ten minutes)
	$(BIN)/python -m tests.trackrecord.clean

cleanfaults: $(VENV)/.installed  ## Twenty runs under each fault against a healthy stand-in: no false alarm (an hour)
	$(BIN)/python -m tests.trackrecord.faulty

standin: $(VENV)/.installed  ## The stand-in on http://127.0.0.1:8080, its 10,000 accounts in .standin/accounts.csv
	@mkdir -p .standin
	$(BIN)/pwdload standin --port 8080 --db .standin/standin.db --seed-accounts 10000 \
	  --states expired=80,warning=20 --accounts-out .standin/accounts.csv

schema: $(VENV)/.installed  ## Write scenarios/scenario.schema.json from the model
	$(BIN)/pwdload schema > scenarios/scenario.schema.json

reference: schema  ## Write docs/scenario.md, docs/definitions.md and the Grafana dashboard from the code
	$(BIN)/python -m tests.docs.written
	$(BIN)/python -m tests.exporting.dashboard

sample: $(VENV)/.installed  ## Renew reports/sample from a real run, a fault and a search, with its picture (five minutes, needs Chromium)
	$(BIN)/python -m tests.sample "$(RUN)"

picture: $(VENV)/.installed  ## Renew the pictures of the live view and the live page in docs (needs Chromium)
	$(BIN)/python -m tests.terminal.picture
	$(BIN)/python -m tests.live_picture

vendor: $(VENV)/.installed  ## Renew the plotly.js in the reports: make vendor VERSION=4.1.1 (needs npm)
	$(BIN)/python -m tests.vendor "$(VERSION)"

clean:  ## Remove what the targets made, except reports
	rm -rf $(VENV) .costs .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist src/*.egg-info
