# `make exercises`, `make book` and `make test` are all a newcomer needs. Everything installs into .venv, and
# again only when requirements.txt, constraints.txt or pyproject.toml has changed.
PYTHON ?= python3
PORT ?= 8000

PY := .venv/bin/python
# Files with the longest tests come first, so that no process waits long for the other's last.
# `tools` is loaded before pytest's plugins: it spares each process a second of grammars.
PYTEST := $(PY) -m pytest -p tools -n 2 --dist loadfile --no-loadscope-reorder
INSTALLED := .venv/installed
TEACH := .venv/installed-teach
CHAPTERS := $(wildcard notebooks/*.md)

# One thread per process: the networks are small, and sums come out in the same order.
export OMP_NUM_THREADS ?= 1
export TF_NUM_INTRAOP_THREADS ?= 1
export TF_NUM_INTEROP_THREADS ?= 1
export JUPYTER_PLATFORM_DIRS = 1
# What is imported again and again is compiled once, whatever the environment asks for.
unexport PYTHONDONTWRITEBYTECODE
# Neither a reader's own settings nor a home that cannot be written change what cells print.
export IPYTHONDIR := $(CURDIR)/_build/settings/ipython
export MPLCONFIGDIR := $(CURDIR)/_build/settings/matplotlib
$(shell mkdir -p _build/settings)
# Found before the user's own settings: a click on a chapter's .md opens a notebook.
lab: export JUPYTER_CONFIG_PATH := $(CURDIR)/book/lab
# There START.md opens as a page, and the folds in notebooks are plain Markdown.
exercises: export JUPYTER_CONFIG_PATH := $(CURDIR)/book/lab/class:$(CURDIR)/book/lab
# It listens on this machine only and asks for a token: root, as in a container, may start it.
LAB := $(PY) -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help install book test lint unit nbval pages desk processors sync reference student \
  assignments figures key serve lab exercises sweep bench mutants zip pdf wheelhouse measure clean

help:
	@echo "make book       execute every chapter and build _build/html"
	@echo "make test       lint, run every test, re-execute every chapter, open the book in Chromium"
	@echo "                in parts: make lint, unit, nbval, pages; make install first installs alone"
	@echo "make desk       test the class edition under nbgrader, JupyterLab and the PDF printer"
	@echo "make processors run tests and chapters as on other processors (ONLY=Nehalem for one)"
	@echo "make exercises  open the notebooks with empty exercises in JupyterLab; your work stays in exercises/"
	@echo "make lab        open the chapters in JupyterLab, with their solutions folded"
	@echo "make serve      show the built book at http://127.0.0.1:$(PORT) (PORT=8001 for another port)"
	@echo "make student    write the class edition to _build/student and _build/student.zip"
	@echo "make assignments  write an nbgrader course to _build/assignments (TO=folder for elsewhere)"
	@echo "make zip        pack the built book for classes without a network: open index.html from disk"
	@echo "make pdf        print the built book to _build/pdf (needs Chromium)"
	@echo "make figures    collect the figures of the built book for slides, with captions and alt texts"
	@echo "make key        print all exercises with their solutions, for teachers (needs Chromium)"
	@echo "make wheelhouse collect the packages of the class edition, to install without a network"
	@echo "make sync       write the .py pair of every chapter"
	@echo "make reference  execute the chapters and store their text outputs (ONLY=01_linear_rnn_sum for one)"
	@echo "make sweep      the slow tests; counts each claim about training over 20 seeds (ONLY=file of tests)"
	@echo "make bench      timings, as ratios within one run"
	@echo "make mutants    break a module in small ways and list the breaks no test notices (ONLY=decoding)"
	@echo "make measure    measure time and memory of each chapter for the teaching guide (ONLY=... for one)"
	@echo "make clean      delete _build; rm -r .venv deletes the environment too"

install: $(INSTALLED)

$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "This is Python %d.%d; the course needs 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 book" % v)'
	$(PYTHON) -m venv .venv
	@echo "Installing the packages into .venv (once; some minutes)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt || \
	  { echo "The packages could not be installed (see above). This step alone needs a network; run make again when there is one."; exit 1; }
	@touch $@

# nbgrader, which readers do without.
$(TEACH): $(INSTALLED) requirements-teach.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-teach.txt -c constraints.txt || \
	  { echo "nbgrader could not be installed (see above). This step alone needs a network; run make again when there is one."; exit 1; }
	@touch $@

book: $(INSTALLED)
	$(PY) -m tools.book

# Every part runs, whatever the others say; what failed is told again at the end.
test: $(TEACH)
	@failed=; for part in lint book student unit nbval pages; do \
	  $(MAKE) --no-print-directory $$part || failed="$$failed $$part"; done; \
	test -z "$$failed" || { echo "make test: these parts failed:$$failed (see above)"; exit 1; }

lint: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check course_utils tests tools
	$(PY) -m mypy

unit: $(TEACH)
	$(PYTEST) -m "not sweep and not bench and not browser and not desk" tests/tools tests course_utils

nbval: $(INSTALLED)
	$(PYTEST) --nbval --nbval-current-env tests/reference

# Each page stands alone: a process that is done takes half of what the other has left.
pages: $(INSTALLED)
	$(PYTEST) --dist worksteal -m "not desk" tests/book

desk: $(TEACH)
	$(PYTEST) -m "desk and not sweep" tests

processors: $(INSTALLED)
	$(PY) -m tools.processors $(ONLY)

sync: $(INSTALLED)
	$(PY) -m tools.chapters sync

reference: $(INSTALLED)
	$(PY) -m tools.chapters reference $(ONLY)

student: $(INSTALLED)
	$(PY) -m tools.student

assignments: $(TEACH)
	$(PY) -m tools.assignments $(TO)

zip: $(INSTALLED)
	$(PY) -m tools.zip_book

pdf: $(INSTALLED)
	$(PY) -m tools.pdf

figures: $(INSTALLED)
	$(PY) -m tools.figures

key: $(INSTALLED)
	$(PY) -m tools.answer_key

# As a learner installs: in the folder of the class edition, from its own lists.
wheelhouse: student
	rm -rf _build/wheelhouse
	cd _build/student && "$(CURDIR)/$(PY)" -m pip download --quiet --disable-pip-version-check \
	  --only-binary=:all: --dest ../wheelhouse -r requirements.txt -c constraints.txt
	@du -sh _build/wheelhouse

measure: $(INSTALLED)
	$(PY) -m tools.measure $(ONLY)

serve:
	@test -f _build/html/index.html || { echo "There is no built book yet: run \`make book\` first."; exit 1; }
	@echo "The book is at http://127.0.0.1:$(PORT)/ (Ctrl-C stops it; PORT=8001 if the port is taken)"
	@$(PY) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: $(INSTALLED)
	$(LAB) notebooks

# Written once, then the learner's own.
exercises: $(INSTALLED)
	@test -d exercises || { $(PY) -m tools.student && cp -R _build/student exercises; }
	$(LAB) exercises/START.md

sweep: $(TEACH)
	$(PYTEST) -m "sweep or held" --record $(or $(ONLY),tests)

bench: $(INSTALLED)
	$(PY) -m pytest -s -m bench tests/benchmarks

# mutmut is installed by this alone. TESTS names the tests where they have another name than the
# module: ONLY=gates.layouts TESTS=gates.
mutants: $(INSTALLED)
	@test -n "$(ONLY)" || { echo "Name a module of course_utils: make mutants ONLY=decoding"; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-mutants.txt -c constraints.txt
	$(PY) -m tools.mutants $(ONLY) $(TESTS)

clean:
	rm -rf _build
