#!/usr/bin/env bash
# pytest-cov: after one test with the mark `no_cover`, threads that were running before it are measured no more.
#
# One would expect: the mark leaves one test out of the report, and the lines that later tests run count as before.
# What happens:     the mark stops coverage.py and starts it again; a thread that runs already has lost its tracer by
#                   then, and none is set in it again. What a server in such a thread does for later tests is reported
#                   as missing, without a warning. With another order of tests the same lines count.
# Versions:         pytest-cov 7.1.0, coverage 7.17.5 (C tracer), pytest 9.2.0, Python 3.11. Looked at on 2026-12-01.
# Why it matters:   servers that tests share are threads of a session, in seedmock and in tests of those who use its
#                   fixtures. The mark was to spare drawn examples their tracing; the gate of coverage would have
#                   depended on the order of tests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pytest==9.2.0 pytest-cov==7.1.0 coverage==7.17.5
cat >server.py <<'PY'
import queue
import threading

calls, answers = queue.Queue(), queue.Queue()


def serve():
    while (call := calls.get()) is not None:
        answers.put(answer(call))


def answer(call):
    if call == "early":
        return "early answer"
    return "late answer"


threading.Thread(target=serve, daemon=True).start()
PY
cat >test_server.py <<'PY'
import pytest
import server


def ask(call):
    server.calls.put(call)
    return server.answers.get()


def test_early():
    assert ask("early") == "early answer"


@pytest.mark.no_cover
def test_examples():
    assert ask("early") == "early answer"


def test_late():
    assert ask("late") == "late answer"
PY
missing() {
  COVERAGE_CORE=ctrace venv/bin/python -m pytest -q -p no:cacheprovider --cov=server --cov-report=term-missing "$@" |
    awk '$1 == "server.py" { print $NF }'
}
venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -E "^(pytest|pytest-cov|coverage) "
without=$(missing --deselect test_server.py::test_examples)
with=$(missing)
echo "missing without the marked test: $without; with it: $with"
# Line 15 is what the thread runs for the last test.
[ "$without" = "100%" ] && [[ ",${with}," == *15* ]]
