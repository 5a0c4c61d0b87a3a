# taskcli: two commands matter to a newcomer, `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
TOOLS := $(VENV)/.tools
SCRIPT_TOOLS := node_modules/.package-lock.json
export HF_HUB_OFFLINE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check check-script format docs parity bench bench-host bench-generation bench-gpu starter starters-eval examples pictures clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(RUNTIME): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(TOOLS): $(RUNTIME)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,recipes]'
	touch $@

demo: $(RUNTIME)  ## Set up, then run all twelve tasks on examples/ by their starters
	$(BIN)/python examples/demo.py

test: $(TOOLS)  ## Set up, then run the tests, but for those that take seconds each
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-long: $(TOOLS)  ## Run the tests that take seconds each: processes, browsers, clusters, training
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long

check: $(TOOLS)  ## Format, lint, types, and whether generated docs are fresh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/record_types.py --check
	$(BIN)/python docs/how_it_works.py --check
	$(MAKE) --no-print-directory check-script
	PYTHONPATH=tests $(BIN)/python -m parity --check

# Without npm there is nothing to check types with, which only CI minds.
check-script:
	if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory $(SCRIPT_TOOLS) && npx --no-install tsc --project .; \
	else \
		echo "no npm: the types of the report's script are not checked" >&2; \
		test -z "$$TESTS_REQUIRE_TOOLS"; \
	fi

$(SCRIPT_TOOLS): package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	touch $@

format: $(TOOLS)  ## Rewrite the code as `make check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(RUNTIME)  ## Generate docs/commands.md, docs/how-it-works.md and types/records.d.ts from the code
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/record_types.py
	$(BIN)/python docs/how_it_works.py

parity: $(TOOLS)  ## Try every model type, every option and mixed batches (takes a while)
	PYTHONPATH=tests $(BIN)/python -m parity
	PYTHONPATH=tests $(BIN)/python -m parity.drawn
	$(BIN)/python -m pytest -n 2 -m parity
	$(BIN)/python -m pytest -n 2 tests/test_batch_equals_alone.py

bench: $(TOOLS)  ## Measure taskcli beside transformers' pipelines (half an hour)
	$(BIN)/python -m benchmarks.throughput

bench-generation: $(TOOLS)  ## Measure how fast texts are written, beside generate() (ten minutes)
	$(BIN)/python -m benchmarks.generation

bench-gpu: $(TOOLS)  ## Measure the same on one accelerator, in absolute figures
	$(BIN)/python -m benchmarks.gpu

bench-host: $(TOOLS)  ## Measure what the host does for an input, with an instant device
	$(BIN)/python -m benchmarks.host

starter: $(TOOLS)  ## Train one starter checkpoint: make starter TASK=classify-image
	$(BIN)/python -m recipes.$(subst -,_,$(TASK)) --seed 0 --out runs/$(TASK)

starters-eval: $(TOOLS)  ## Measure the starters on unseen data: make starters-eval SEED=7
	$(BIN)/python -m recipes.evaluate --seed $(or $(SEED),7) --count $(or $(COUNT),1000)

pictures: $(RUNTIME)  ## Make the pictures of the README again, by the starters
	$(BIN)/python docs/pictures.py

examples: $(TOOLS)  ## Make the sample files of examples/ again
	$(BIN)/python -m recipes.examples

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) node_modules .pytest_cache .ruff_cache .mypy_cache
