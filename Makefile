# make demo: a crawl of the stand-in. make test: lint, types, import rules, tests. Both need only Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .venv-tools
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: install develop tools test torture shown demo bench bench-index bench-search bench-site bench-export shots clean

# what the program needs to run
install: $(VENV)/installed

$(VENV)/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --editable .
	@touch $@

# what developers need
develop: $(VENV)/installed-dev

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(BIN)/python -m pip install -qq --requirement requirements-dev.txt
	@touch $@

# programs of others that read what `scrapy export` makes; tests alone need them
tools: $(TOOLS)/installed

$(TOOLS)/installed: requirements-tools.txt tests/export/tools.py
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install -qq --retries 5 --requirement requirements-tools.txt
	$(TOOLS)/bin/python -m tests.export.tools
	@touch $@

test: develop tools
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m pytest -n auto --dist worksteal

torture: develop
	$(BIN)/python -m pytest -n auto --dist worksteal -m torture

shown: develop
	@$(BIN)/python -m tests.shown

demo: $(VENV)/installed
	@$(BIN)/python -m tests.dwsite.demo

bench: develop
	$(BIN)/python -m benchmarks

bench-index: develop
	$(BIN)/python -m benchmarks.index

shots: develop
	@$(BIN)/python -m tests.reader.shots

bench-site: develop
	$(BIN)/python -m benchmarks.reader

bench-export: develop
	$(BIN)/python -m benchmarks.exports

bench-search: develop
	$(BIN)/python -m benchmarks.search

clean:
	rm -rf $(VENV) $(TOOLS) demo shots
