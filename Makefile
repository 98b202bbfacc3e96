.PHONY: help check lint types tests format bench

help:            ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'
check:           ## the gate: everything that CI runs
	python3 check.py
lint:            ## ruff, import contracts
	python3 check.py lint imports
types:           ## mypy and pyright
	python3 check.py types
tests:           ## the test suite
	python3 check.py tests
format:          ## formats the Python files
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .
bench:           ## the workloads beside their floors
	.venv/bin/python benchmarks/run.py
