# Everything runs from .venv, which is made on first use from requirements.lock.
PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PROTOS := $(wildcard protos/tillgate/v1/*.proto)
TYPED := gateway merchant_sdk settlement loadtests tests

.DEFAULT_GOAL := help
.PHONY: help venv demo test soak fuzz fuzz-short serve lint check-stubs stubs bench bench-settlement load lock clean

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: $(STAMP)  ## make the virtual environment (PYTHON=python3.12 chooses another Python)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: Tillgate needs Python 3.11 or newer, and '$(PYTHON)' is not one." \
	    "Name another: make $(or $(firstword $(MAKECMDGOALS)),venv) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: '$(PYTHON)' cannot make virtual environments." \
	    "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/pip || { echo "making $(VENV), which takes a minute or two the first time"; $(PYTHON) -m venv $(VENV); }
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## tills buy real baskets (SHORT=1: a short run; DATA=dir: more data)
	$(BIN)/python -m loadtests.demo $(if $(SHORT),--short) $(if $(DATA),--data "$(DATA)")

test: $(STAMP)  ## all tests, on real servers
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

soak: $(STAMP)  ## the random-command machines and the crash tests, for much longer
	$(BIN)/python -m pytest -n $(JOBS) --hypothesis-profile soak --timeout 0 tests/stateful tests/crash

fuzz: $(STAMP)  ## the parsers and the JSON door, for much longer (MINUTES=n: how long; KEEP=1: keep what is new)
	$(BIN)/python -m tests.fuzz --jobs $(JOBS) --seconds $$((60 * $(or $(MINUTES),30))) $(if $(KEEP),--keep)
	TILLGATE_FUZZ_EXAMPLES=500 $(BIN)/python -m pytest --timeout 0 tests/integration/test_json_fuzz.py

fuzz-short: $(STAMP)  ## the parsers of outside bytes, together for a minute and a half
	$(BIN)/python -m tests.fuzz --jobs $(JOBS) --seconds 90

serve: $(STAMP)  ## run the gateway until Ctrl-C
	$(BIN)/tillgate serve

lint: $(STAMP) check-stubs  ## style, types, import contracts, the wire's rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(PROTOC) --include_source_info --include_imports --descriptor_set_out=/dev/stdout $(PROTOS) | \
	  $(BIN)/buf lint -#format=binpb --config protos/buf.yaml --path tillgate

# The one way stubs are made; $(1) is the directory they go to. Only files with a service get gRPC stubs.
# google/rpc/status.proto comes with googleapis-common-protos.
PROTOC = $(BIN)/python -m grpc_tools.protoc -Iprotos \
  -I$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
generate_stubs = $(PROTOC) --python_out=$(1) --pyi_out=$(1) $(PROTOS) && \
	$(PROTOC) --grpc_python_out=$(1) --plugin=$(BIN)/protoc-gen-mypy_grpc --mypy_grpc_out=quiet:$(1) \
	  $(filter %_service.proto,$(PROTOS))

stubs: $(STAMP)  ## generate the wire's stubs and the sync client anew
	@$(call generate_stubs,protos)
	@$(BIN)/python -m merchant_sdk._generate_sync

check-stubs: $(STAMP)
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(call generate_stubs,"$$fresh") && \
	diff -r -q --exclude=__pycache__ --exclude='*.proto' --exclude=__init__.py --exclude=py.typed \
	  "$$fresh/tillgate/v1" protos/tillgate/v1 || { echo "error: the stubs are stale: make stubs" >&2; exit 1; }

bench: $(STAMP)  ## the gateway against its yardsticks (ONLY=throughput,latency: some parts)
	$(BIN)/python -m loadtests.bench $(if $(ONLY),--only $(ONLY))

bench-settlement: $(STAMP)  ## claims of a month: 1,000,000 purchases of 700 merchants (SIZES=1000,2000)
	$(BIN)/python -m loadtests.settlement $(if $(SIZES),--sizes $(SIZES))

load: $(STAMP)  ## a food-help day of a city, times ten (MINUTES=n: how long; SHORT=1: a part of it)
	$(BIN)/python -m loadtests.load $(if $(SHORT),--short) $(if $(MINUTES),--minutes $(MINUTES))

# Hashes of every platform's wheels; no index address is written.
lock: $(STAMP)  ## choose the newest fitting versions and write requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --upgrade --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml

clean:  ## remove what was built; var/ with its data stays
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
