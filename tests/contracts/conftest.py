"""Parameter of the contracts' tests: every contract."""

from __future__ import annotations

import pytest

from seedmock_contracts.upstreams import contracts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with the argument `contract` for each upstream."""
    if "contract" in metafunc.fixturenames:
        metafunc.parametrize("contract", contracts(), ids=lambda contract: contract.name)
