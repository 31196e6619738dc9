.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
MLSERVER := .venv-mlserver
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo test mlserver check bench wheel clean

help:  ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[deep]'
	@touch $@

$(VENV)/dev: $(VENV)/run
	$(PIP) install --quiet --constraint constraints.txt --editable '.[deep,tensorflow,test,check,bench]'
	@touch $@

demo: $(VENV)/run  ## design, train, compare and decide on a simulated world; stop one planted leak
	$(BIN)/sevenfold demo

test: $(VENV)/dev  ## run all tests
	$(BIN)/python -m pytest -n 2

$(MLSERVER)/made: constraints.txt
	$(PYTHON) -m venv $(MLSERVER)
	$(MLSERVER)/bin/python -m pip --disable-pip-version-check install --quiet $$(grep -E '^(mlserver|onnxruntime)==' constraints.txt)
	@touch $@

mlserver: $(MLSERVER)/made  ## a model server in an environment of its own, for the tests that need a real one

check: $(VENV)/dev  ## style, types and the order of the parts
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

bench: $(VENV)/dev  ## measure beside the peers (SEVENFOLD_DATA names the folder with the data sets)
	$(BIN)/python bench/features.py --rows 1000000
	$(BIN)/python bench/ml100k.py
	$(BIN)/python bench/mutations.py

wheel: $(VENV)/dev  ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean:  ## remove what was built here
	rm -rf $(VENV) $(MLSERVER) dist build .pytest_cache .mypy_cache .ruff_cache
