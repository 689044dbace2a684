# `make repro` and `make test` need only Python 3.11 or newer, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Workers of the test run; one thread each, since small models run no faster on two.
WORKERS ?= 2
# Smalltalk sources that `make bench` measures the parser on: any checkout.
SMALLTALK ?= data/bundled/smalltalk
BENCH ?= scrub duplicates contamination acquisition tokenizer-speed throughput generation adapters compression tools \
	time-to-loss time-to-bits time-to-gpu-loss memory

.DEFAULT_GOAL := help
.PHONY: help setup repro test test-slow check format lint docs smoke sample eval bench plot note clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## create .venv with the pinned packages

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": run make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# torch first and pinned: with no torch installed, pip would take the newest build and gigabytes of CUDA.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

repro: $(READY)  ## run the pipeline on params.yaml and print the results
	dvc repro
	@lab summary

test: $(READY)  ## all tests but the slow ones; COVERAGE=1 measures the lines they reach, in a third more time
	pytest -n $(WORKERS) --dist loadfile $(if $(COVERAGE),--cov --cov-report=term:skip-covered --cov-fail-under=85)

test-slow: $(READY)  ## kills, rerun counts, second builds
	pytest -m slow -n $(WORKERS) --dist loadfile --timeout 1500

check: $(READY)  ## formatting, lint, types, floors, house tests, generated docs
	ruff format --check .
	ruff check .
	mypy lib stages
	lint-imports
	pytest tests/house
	cog --check -r README.md docs/*.md

format: $(READY)  ## rewrite the code in the house format
	ruff format .
	ruff check --fix .

lint: $(READY)  ## what ruff and mypy say
	ruff check .
	mypy lib stages

docs: $(READY)  ## rewrite the generated parts of README and docs
	cog -r README.md docs/*.md

smoke: $(READY)  ## every stage, tiny, in a temporary folder
	pytest tests/smoke -m 'slow or not slow'

sample: $(READY)  ## some text from the base model
	lab sample --lang english "One morning in spring,"

eval: $(READY)  ## measure the models again
	dvc repro evaluate

bench: $(READY)  ## every part of `lab bench` that needs no clones, after make repro (by its parts some three hours; BENCH="scrub tools" takes some)
	lab bench smalltalk $(SMALLTALK)
	for part in $(BENCH); do lab bench $$part || exit 1; done

plot: $(READY)  ## draw the figures again
	dvc repro plot

note: $(READY)  ## write this week's note
	lab note

clean: $(READY)  ## remove scratch files and caches
	lab clean --scratch --yes
