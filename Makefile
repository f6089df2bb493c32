# Two commands for a fresh machine: `make demo` and `make test`. Each makes .venv from the locked versions first.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/basisbt
READY := $(VENV)/.ready

.PHONY: demo test thorough lint bench sample lock clean

demo: $(READY)
	$(RUN) run configs/runs/01_btc_carry.yaml

test: $(READY)
	$(VENV)/bin/python -m pytest -n 2 --dist loadgroup
	$(VENV)/bin/lint-imports
	$(VENV)/bin/ruff check basisbt strategies tests benchmarks

thorough: $(READY)
	BASISBT_EXAMPLES=5000 BASISBT_KILLS=20 $(VENV)/bin/python -m pytest -n 2 tests/properties/test_books_properties.py tests/faults

lint: $(READY)
	$(VENV)/bin/ruff check basisbt strategies tests benchmarks
	$(VENV)/bin/lint-imports

bench: $(READY)
	$(VENV)/bin/python benchmarks/bars_per_second.py
	$(VENV)/bin/python benchmarks/paths_per_second.py
	$(VENV)/bin/python benchmarks/paths_scale.py --paths 100,1000

sample: $(READY)
	$(RUN) data generate data/sample --seed 7 --force

$(READY): setup.cfg pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("basisbt needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	touch $(READY)

lock:
	$(VENV)/bin/python -m pip freeze --all --exclude-editable --exclude basisbt --exclude pip > requirements.lock

clean:
	rm -rf $(VENV) runs build *.egg-info
