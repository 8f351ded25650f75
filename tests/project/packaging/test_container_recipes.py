"""The recipe for Testcontainers in Python, taken from the page and run against a stand-in for the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..test_docs_blocks import blocks
from .stand_in_engine import stand_in_engine

PAGE = Path(__file__).parents[3] / "docs" / "guides" / "containers.md"
USE = """
import httpx

def test_the_container_serves_and_its_control_api_wants_the_token(seedmock_url):
    assert httpx.get(f"{seedmock_url}/_mock/health").json()["pace"] == "instant"
    assert httpx.get(f"{seedmock_url}/_mock/clock").status_code == 401
    headers = {"X-Mock-Token": "secret-of-ci"}
    assert httpx.get(f"{seedmock_url}/_mock/clock", headers=headers).status_code == 200
"""


@pytest.mark.slow
def test_the_python_recipe_starts_awaits_and_removes_a_container(tmp_path: Path) -> None:
    (recipe,) = (block for block in blocks(PAGE) if block.file_name == "conftest.py")
    (tmp_path / "conftest.py").write_text(recipe.text, encoding="utf-8")
    (tmp_path / "test_use.py").write_text(USE, encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "PYTEST_"))}
    with stand_in_engine() as engine:
        variables = {
            "DOCKER_HOST": engine.url,
            "TESTCONTAINERS_CONNECTION_MODE": "docker_host",  # whatever it thinks of where the tests run
            "TESTCONTAINERS_RYUK_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:seedmock", str(tmp_path)]
        run = subprocess.run(
            command, env={**inherited, **variables}, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert run.returncode == 0, run.stdout + run.stderr + "\n".join(engine.requests)
        assert "1 passed" in run.stdout
        assert engine.unknown == []
        assert (engine.containers, engine.processes) == ({}, {})
        created = next(position for position, line in enumerate(engine.requests) if line.endswith("containers/create"))
        assert [line.partition(" ")[0] for line in engine.requests[created:]].count("DELETE") == 1
