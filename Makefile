# The whole developer interface. `make demo` and `make test` work in a fresh clone.

PYTHON ?= python3
# What a machine has to add, e.g. `export HOLDFAST_CRD_SCHEMAS := ...` (CONTRIBUTING.md).
-include local.mk
BIN := .venv/bin
CRD_MODELS := $(addprefix cloudcoil.models.,cert-manager istio keda prometheus-operator)

.PHONY: demo test check install debian soak fuzz bench format clean

demo: install  ## what a pod's death does to sessions, on this machine, in about a minute
	@scripts/demo

test: install debian check  ## everything that CI runs; ends with pytest's summary
	$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder

check: install  ## format, lint, types, and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

install: .venv/installed  ## .venv with Holdfast and everything its tests need

.venv/installed: pyproject.toml constraints.txt scripts/crd-schemas
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Holdfast needs Python 3.11 or newer; say where it is: make PYTHON=python3.11"; exit 3; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing; as root: apt install python3-venv"; exit 3; }
	@echo "installing into .venv"
	@$(PYTHON) -m venv .venv
	@PIP_CONSTRAINT=constraints.txt $(BIN)/pip install -qq --disable-pip-version-check -e '.[dev]'
	@echo "Kubernetes' schemas into .venv-kubernetes"
	@$(PYTHON) -m venv --clear --without-pip .venv-kubernetes
ifndef HOLDFAST_CRD_SCHEMAS
	@PIP_CONSTRAINT=constraints.txt $(BIN)/pip --python .venv-kubernetes install -qq --disable-pip-version-check --no-compile $(CRD_MODELS)
	@.venv-kubernetes/bin/python scripts/crd-schemas .venv-kubernetes/crds
endif
	@PIP_CONSTRAINT=constraints.txt $(BIN)/pip --python .venv-kubernetes install -qqq --disable-pip-version-check --no-deps --no-compile kubernetes-validate
	@touch $@

debian:  ## the Debian packages that the tests start: real Laravel, its servers, a browser
	@scripts/debian-packages servers browser

soak: install debian  ## long and chaotic rehearsals; SECONDS_EACH=60 SEEDS="1 2 3"; docs/guarantees.md, docs/durability.md
	@scripts/soak
	$(BIN)/python bench/load.py 50000 200000 1000000
	$(BIN)/python scripts/guarantees $(SECONDS_EACH)
	$(BIN)/python scripts/durability
	$(BIN)/python scripts/rendered-stop
	HOLDFAST_APPLICATIONS=1000 $(BIN)/pytest -q tests/kube/test_properties.py --timeout 3600

fuzz: install  ## every parser under atheris; SECONDS_EACH=600
	@scripts/fuzz

bench: install debian  ## against PHP, as ratios; what a rehearsal itself can do; races, beside other libraries
	@scripts/bench

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .venv-kubernetes build dist .mypy_cache .ruff_cache
