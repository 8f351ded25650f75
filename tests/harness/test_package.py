"""The package's public functions: importing the package loads none of its rooms."""

from __future__ import annotations

import subprocess
import sys

import pytest

import seedmock_harness

CODE = """
import sys, seedmock_harness
print(*sorted(name for name in sys.modules if name.startswith("seedmock_")))
"""


@pytest.mark.parametrize("name", seedmock_harness.__all__)
def test_public_function_is_loaded_on_first_use(name: str) -> None:
    assert getattr(seedmock_harness, name).__name__ == name


def test_importing_the_package_loads_nothing_else() -> None:
    result = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["seedmock_harness"]


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'run_everything'"):
        seedmock_harness.run_everything  # noqa: B018
