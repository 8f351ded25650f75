# The usual tasks. Everything runs in .venv; see README.md, section "Development".
.PHONY: test slow deep test-all stores npm coverage check format docs bench ci

bin := .venv/bin

test:  # the inner loop, about a minute and a half on two cores: all but the tests marked slow
	$(bin)/pytest -q -n auto -m "not slow"

slow:  # the tests that take a second or more
	$(bin)/pytest -q -n auto -m slow

deep:  # the slow tests with many more examples, and with all cases of those that are alike; takes hours
	$(bin)/pytest -q -n auto -m slow --hypothesis-profile=deep

test-all:
	$(bin)/pytest -q -n auto

stores:  # the quick tests of the server and the harness with their state on SQLite, then on Redis
	.ci/stores whole

npm:  # the tests of the npm package, and of the examples that use it
	for folder in npm $(dir $(wildcard examples/*/package.json)); do \
	  npm ci --prefix $$folder --ignore-scripts --no-audit --no-fund && \
	  SEEDMOCK_COMMAND="$(CURDIR)/$(bin)/seedmock" npm test --prefix $$folder || exit 1; done

traced := tests/harness/certify tests/server/control

coverage:  # branch coverage of the quick tests and two rooms of slow ones, with the threshold of CI; takes longer
	$(bin)/pytest -q -n auto -m "not slow" --cov --cov-report= --cov-fail-under=0
	$(bin)/pytest -q -n auto -m "slow and not wheel" --cov --cov-append --cov-report=term:skip-covered $(traced)

check:
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

format:
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

docs:  # the generated pages, and the site in site/
	$(bin)/python scripts/generate_docs.py
	$(bin)/mkdocs build --strict

bench:
	$(bin)/python benchmarks/all.py
	$(bin)/python benchmarks/clips.py

ci:  # everything, in a fresh copy
	.ci/run
