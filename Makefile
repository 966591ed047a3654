# make run: the product. make test, make lint, make bench: the checks. See docs/how-to/operate.md.
.PHONY: run test lint lint-types lint-rest bench clean setup setup-test

BIN := .venv/bin
TEST_PROCESSES ?= 2
# Tests start the product many times: without its bytecode each start takes five seconds more.
unexport PYTHONDONTWRITEBYTECODE

run: setup
	@exec $(BIN)/cotutelle serve

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

test: setup-test
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder

# The two long ones beside each other.
lint: setup-test
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint-types lint-rest

lint-types:
	$(BIN)/mypy

lint-rest:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet src

bench: setup-test
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

clean:
	rm -rf .venv .dev node_modules src/cotutelle/ui/static/vendor build test-results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src -name '*.mo' -delete
	find src tests scripts benchmarks -name __pycache__ -type d -exec rm -rf {} +
