# make demo: see it work. make test: lint, types, imports, all tests. Both need nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: install test torture shown demo bench bench-index bench-search bench-site shots clean

install: $(VENV)/installed

$(VENV)/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	@touch $@

test: install
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m pytest -n auto

torture: install
	$(BIN)/python -m pytest -n auto -m torture

shown: install
	@$(BIN)/python -m tests.shown

demo: install
	@$(BIN)/python -m tests.dwsite.demo

bench: install
	$(BIN)/python -m benchmarks

bench-index: install
	$(BIN)/python -m benchmarks.index

shots: install
	@$(BIN)/python -m tests.reader.shots

bench-site: install
	$(BIN)/python -m benchmarks.reader

bench-search: install
	$(BIN)/python -m benchmarks.search

clean:
	rm -rf $(VENV) demo shots
