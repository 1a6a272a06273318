# Every target does its own set-up: `make demo` and `make test` work on a fresh checkout, as root or not.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
SIGNS  := build/skerry-signs
RECIPES := converters/skerry_converters/training/recipes
SUITE  ?= runtime
ARGS   ?=
# Two tests at a time; each may use a gigabyte and start servers of its own. WORKERS= runs one after the other.
WORKERS ?= --numprocesses 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check format bench chaos deps docs picture constraints dist clean \
	train-signs ship-signs model-card

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 \t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(VENV)/.demo ## Show the whole path on this machine (make demo ARGS="--headless --duration 20")
	$(BIN)/skerry demo $(ARGS)

test: $(VENV)/.dev deps ## Run the whole test suite (make test ARGS="tests/unit -k topic")
	$(BIN)/python -m pytest -m "not slow" $(WORKERS) $(ARGS)

test-slow: $(VENV)/.dev deps ## Run the tests that take minutes
	$(BIN)/python -m pytest -m slow $(ARGS)

check: $(VENV)/.dev ## Lint, types, import rules, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check_docs.py

format: $(VENV)/.dev ## Format the code and apply safe fixes
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

bench: $(VENV)/.dev ## Measure the figures of a suite (make bench SUITE=runtime)
	$(BIN)/python -m benchmarks $(SUITE) $(ARGS)

chaos: $(VENV)/.dev deps ## Strike a running system at random and count what is lost (make chaos SUITE=agent ARGS="--seed 1")
	$(BIN)/python -m chaos $(SUITE) $(ARGS)

deps: ## Install the Debian packages that the tests use (as root; otherwise says what is skipped)
	@sh scripts/deps.sh

docs: $(VENV)/.dev ## Write docs/cli.md and the README's table of targets from the commands
	$(BIN)/python scripts/make_cli_docs.py
	$(BIN)/python scripts/make_targets_table.py

train-signs: $(VENV)/.dev ## Train the shipped model again from its recipe, convert and measure it (5 hours)
	$(BIN)/skerry train --config $(RECIPES)/skerry-signs.toml --out $(SIGNS)/first
	cp $(RECIPES)/skerry-signs-finish.toml $(SIGNS)/
	$(BIN)/skerry train --config $(SIGNS)/skerry-signs-finish.toml --out $(SIGNS)/finish
	$(MAKE) ship-signs model-card

ship-signs: $(VENV)/.dev ## Convert what `make train-signs` trained into the package, through the gates
	rm -rf $(SIGNS)/calibration $(SIGNS)/gates $(SIGNS)/golden
	$(BIN)/skerry render --count 300 --seed 4 --split train --out $(SIGNS)/calibration
	$(BIN)/skerry render --count 600 --seed 4 --split validation --out $(SIGNS)/gates
	$(BIN)/skerry render --count 2 --seed 21 --split validation --out $(SIGNS)/golden
	$(BIN)/skerry convert $(SIGNS)/finish/skerry-signs.cfg --weights $(SIGNS)/finish/skerry-signs.weights \
	    --labels $(SIGNS)/finish/skerry-signs.names --resize letterbox --score-threshold 0.65 --license Apache-2.0 \
	    --to onnx-fp32,onnx-int8,tflite-int8,openvino-int8 --max-drop 0.5 \
	    --calibration $(SIGNS)/calibration --gate-data $(SIGNS)/gates \
	    --golden $(SIGNS)/golden/JPEGImages/000001.jpg \
	    --report build/skerry-signs.html --out edge/skerry_edge/models/data/skerry-signs.skerry
	cp $(SIGNS)/finish/curves.png docs/images/skerry-signs-curves.png

model-card: $(VENV)/.dev ## Measure the shipped model and write the figures of its card
	$(BIN)/python -m scripts.make_model_card

picture: $(VENV)/.dev ## Make the README's picture: the dashboard while the demo runs
	$(BIN)/python scripts/make_readme_picture.py

constraints: ## Resolve constraints.txt again (needs python3.10 to python3.13)
	$(PYTHON) scripts/make_constraints.py

dist: $(VENV)/.dev ## Build wheel and source archive into dist/
	$(BIN)/python -m build --outdir dist .

clean: ## Remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@sh scripts/venv.sh $(VENV) $(PYTHON)

# `dev` holds all that `demo` does, so the one marks the other as done.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing Skerry and what the demo needs into $(VENV) (about 600 MB, once)"
	$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing Skerry and what its development needs into $(VENV) (about 3 GB, once)"
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.demo
