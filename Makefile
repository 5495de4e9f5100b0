# `make help` lists the targets. Requires Python 3.11 or newer with pip, git and make. Variables:
#
#   PYTHON=python3.13   interpreter that creates the virtual environment
#   VENV=.venv          folder of the virtual environment
#   COVERAGE=yes        measure the coverage of `make test` without tests marked `slow`, which takes half as long again;
#                       COVERAGE=pure: of the pure packages, in their own tests and three more folders
#   ARGS="-k prune"     additional arguments for pytest, the demo or the benchmarks
#   CLIENTS="kubectl"   clients of a cluster that `make cluster` builds too: kubectl, helm
#   FLOOR, PURE_FLOOR   minimum branch coverage in per cent, overall and of each pure package

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
CLIENTS ?=
FLOOR ?= 85
PURE_FLOOR ?= 95
PURE := model vendor facts rules matrix footprint procedure diff plan

# $(call hashed,LOCK,SOURCE): write a lock file with hashes, at the versions of the test lock; keep its header.
define hashed
	$(VENV)-lock/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --constraint $(LOCK) \
		--output-file $(VENV)-lock/hashed $(2)
	{ sed -n '/^#/p' $(1); sed '/^$$/d' $(VENV)-lock/hashed; } > $(1).new
	mv $(1).new $(1)
endef

BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements-test.lock
COVERAGE_LOG := $(VENV)/coverage.log
MEASURED = $(if $(COVERAGE),--cov $(MEASURED_$(COVERAGE)))
MEASURED_yes = --cov-report=$(if $(ARGS),,term:skip-covered) $(if $(ARGS),,--cov-fail-under=$(FLOOR))
# What the last three use of the pure packages, their tests reach.
MEASURED_pure = --cov-report= --cover-in="$(PURE) diagnosis views passes"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help dev lock format lint types test faults cover schemas rbac docs demo bench cluster check clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1: \2/p' $(firstword $(MAKEFILE_LIST))

dev: $(READY) ## create the environment (fast when nothing changed)
	@echo "ready: $(BIN)/reconciler"

# Some systems ship Python without ensurepip; pip is then installed by the system's pip.
# The lock file includes the build tools, so that the build does not use whatever is newest today;
# with `--no-deps`, the lock file alone determines the versions.
$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is required, this is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/pip || { $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 && test -x $(BIN)/pip; } \
		|| { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lock: ## update the lock files to the newest versions that pyproject.toml allows
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-lock/bin/python -m pip install --quiet --group test --editable . hatchling editables
	{ sed -n '/^#/p' $(LOCK); $(VENV)-lock/bin/python -m pip freeze --exclude-editable | grep -v '^#' | LC_ALL=C sort -f; } > $(LOCK).new
	mv $(LOCK).new $(LOCK)
	$(VENV)-lock/bin/python -m pip install --quiet pip-tools
	$(call hashed,requirements.lock,pyproject.toml)
	echo hatchling > $(VENV)-lock/build.in
	$(call hashed,requirements-build.lock,$(VENV)-lock/build.in)
	rm -rf $(VENV)-lock

format: $(READY) ## format the code and apply automatic fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(READY) ## check formatting and style, without changing files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY) ## check types with strict mypy
	$(BIN)/mypy

# The floor of the pure packages is checked after pytest and prints only when it is missed, so
# that the last lines of a successful run are pytest's own. A partial run (ARGS) has no floors.
# The tests of a group share what is slow to start: they run on one worker.
test: $(READY) ## run all tests; ARGS="-k words" for some, COVERAGE=yes to check the coverage too
	@$(BIN)/coverage erase
	$(BIN)/python -m pytest -n auto --dist loadgroup $(MEASURED) $(ARGS)
	@$(if $(COVERAGE),$(if $(ARGS),:,for package in $(PURE); do \
		$(BIN)/coverage report --include="reconciler/$$package/*" --fail-under=$(PURE_FLOOR) > $(COVERAGE_LOG) 2>&1 \
		|| { cat $(COVERAGE_LOG); echo "reconciler/$$package is pure and requires $(PURE_FLOOR) % coverage"; exit 1; }; done),:)

# `test` includes a slice of these, about a minute on two idle cores; the whole takes a quarter of an hour. Of other
# tests, only the cases that `test` leaves out.
faults: $(READY) ## try every fault of tests/faults and write docs/reliability.md; ARGS="-k words" for some
	$(BIN)/python -m pytest -n auto --dist loadgroup --no-cov -q --rest tests/faults \
		tests/scenarios tests/emulator/test_store.py $(ARGS)

cover: COVERAGE = yes
cover: test ## run all tests, then list the lines and branches not covered
	$(BIN)/coverage report --show-missing
	$(BIN)/coverage html --quiet --directory $(VENV)/coverage

schemas: $(READY) ## write schemas/ from the models
	$(BIN)/reconciler schema --write schemas

rbac: $(READY) ## write config/rbac, the rights on a cluster that a plan and an apply need
	$(BIN)/python -m tests.footprint.rbac_on_disk

docs: $(READY) ## write the pages of the rules, then check the documents against the program
	$(BIN)/python -m tests.rules.pages_on_disk
	$(BIN)/python -m pytest -q tests/test_documentation.py $(ARGS)

demo: $(READY) ## run the main workflow on a small repository, without an account or a cluster
	@RECONCILER=$(abspath $(BIN))/reconciler examples/demo.sh $(ARGS)

bench: $(READY) ## run the benchmarks; ARGS="--write" writes benchmarks/results.md
	$(BIN)/python -m benchmarks.run $(ARGS)

cluster: $(READY) ## build the Kubernetes programs of the tests (minutes once, needs Go); CLIENTS="kubectl helm" for these too
	$(BIN)/python -m tests.control_plane.programs $(CLIENTS)

check: COVERAGE = pure
check: lint types cluster test ## run everything that CI runs

clean: ## remove all generated files
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
