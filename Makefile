# The commands of the README and of CI, by name. PYTHON is the interpreter that makes environments.
PYTHON ?= python3.11

.PHONY: install install-test demo test lint types docs check speed wheel

install:  ## the package, with tested versions
	pip install torch==2.13.0
	pip install -c constraints.txt .

install-test:  ## the package in place, with the tools of its tests
	pip install torch==2.13.0
	pip install -c constraints.txt -e ".[test]"

demo:  ## every step on embedded images
	rclicks demo

test:  ## doctests and tests
	pytest -n 2

lint:
	ruff check .
	ruff format --check .

types:
	mypy rclicks_hf

docs:  ## the site, in site/
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

check: lint types docs test  ## what CI runs

speed:  ## speed, as ratios of both sides in one run
	for file in tests/speed/bench_*.py; do python $$file || exit 1; done

wheel:
	python -m build --wheel --no-isolation
