#!/usr/bin/env bash
# mypy: `dataclasses.replace`, `asdict` and `fields` of a msgspec.Struct pass `--strict`, and each raises TypeError.
#
# One would expect: a type checker refuses to hand a struct to functions that take dataclasses alone, as mypy refuses a
#                   class of attrs.
# What happens:     mypy gives each class with a `dataclass_transform` base the attribute by which these functions know
#                   a dataclass; a struct does not have it, `is_dataclass` is False, and the others raise. pyright
#                   1.1.414 reports nothing either. Open as python/mypy#15974.
# Versions:         mypy 2.4.1, msgspec 0.23.0, attrs 26.1.0, Python 3.11. Looked at on 2026-11-30.
# Why it matters:   seedmock's records became structs and those of its client stay dataclasses; no checker said where a
#                   copy was still made by the function of the other kind. A test of the imports does now.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mypy==2.4.1 msgspec==0.23.0 attrs==26.1.0
cat >structs.py <<'PY'
import dataclasses
import sys
from collections.abc import Callable

import msgspec


class Clip(msgspec.Struct, frozen=True):
    seconds: int


clip = Clip(5)
calls: dict[str, Callable[[], object]] = {
    "replace": lambda: dataclasses.replace(clip, seconds=6),
    "asdict": lambda: dataclasses.asdict(clip),
    "fields": lambda: dataclasses.fields(Clip),
}
raised = 0
for name, call in calls.items():
    try:
        print(f"{name}: {call()}")
    except TypeError as error:
        raised += 1
        print(f"{name}: TypeError: {error}")
sys.exit(0 if raised == len(calls) else 1)
PY
cat >classes_of_attrs.py <<'PY'
import dataclasses

import attrs


@attrs.frozen
class Clip:
    seconds: int


dataclasses.replace(Clip(5), seconds=6)
PY
venv/bin/mypy --version
venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -E "^(msgspec|attrs) "
! venv/bin/mypy --strict --cache-dir=cache classes_of_attrs.py || exit 1
venv/bin/mypy --strict --cache-dir=cache structs.py
venv/bin/python structs.py
