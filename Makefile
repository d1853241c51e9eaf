# The course in one word each: `make lab` to learn, `make test` to be sure. `make help` lists the rest.

VENV ?= .venv
JOBS ?= 2
BIN := $(VENV)/bin
BOOKS ?= $(wildcard notebooks/*.ipynb)

.PHONY: help lab test fix notebooks html links wheel clean

help:
	@echo "make lab         open the course in JupyterLab (the first time: install everything into $(VENV))"
	@echo "make test        check everything: style, rooms, every notebook twice, the explorers in a browser"
	@echo "make fix         put code and notebooks into the course's style"
	@echo "make notebooks   run the notebooks and store what they show (BOOKS=notebooks/03*.ipynb for some of them)"
	@echo "make html        write the course as pages into site/, which open without Python and without a network"
	@echo "make links       write badges, Colab cells and the README's tables anew"
	@echo "make wheel       build the package into dist/"
	@echo "make clean       remove $(VENV), dist/, site/ and all caches; data/ and checkpoints stay"

lab: $(VENV)/installed
	@$(BIN)/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) notebooks/00_start_here.ipynb

# conftest.py says what runs in which order, ruff first; pytest's last line counts everything.
test: $(VENV)/installed
	$(BIN)/pytest -q -n $(JOBS)

fix: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebooks: $(VENV)/installed
	$(BIN)/python tools/store.py $(BOOKS)

html: $(VENV)/installed
	@rm -rf site
	$(BIN)/python tools/export.py

links: $(VENV)/installed
	$(BIN)/python tools/links.py
	$(BIN)/python tools/contents.py
	$(BIN)/python tools/results.py

wheel: $(VENV)/installed
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) build dist site .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name .ipynb_checkpoints -prune -exec rm -rf {} +

# Installed once, and again when the list of dependencies changes.
$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e ".[lab,test]"
	@touch $@

# The first Python from 3.11 on; `make lab PYTHON=/path/to/python` names another.
$(BIN)/python:
	@for python in $(PYTHON) python3 python python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Installing the course into $(VENV) with $$($$python --version). The first time takes some minutes."; \
	    $$python -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "This Python cannot make a virtual environment. On Debian or Ubuntu: sudo apt install python3-venv"; \
	    exit 1; \
	  fi; \
	done; \
	echo "The course needs Python 3.11 or newer, and none was found (python3 is: $$(python3 --version 2>&1))."; \
	echo "Install one from https://www.python.org/downloads/ and try again, or name one: make lab PYTHON=/path/to/python"; \
	exit 1
