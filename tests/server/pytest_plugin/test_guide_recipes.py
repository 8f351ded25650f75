"""Recipes of the guides on testing, run as they are."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from seedmock_server import serve

ROOT = Path(__file__).parents[3]
GUIDES = ROOT / "docs" / "guides"
BIN = Path(sys.executable).parent
Recipe = Callable[[str], str]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """Find the one code block whose first line has a name."""
    texts = [
        (GUIDES / f"{name}.md").read_text(encoding="utf-8") for name in ("pytest", "unittest", "other-languages", "ci")
    ]
    blocks = [block for text in texts for block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]

    def block(name: str) -> str:
        path = [block for _, block in blocks if name in block.partition("\n")[0]]
        assert len(path) == 1, name
        return str(path[0])

    return block


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Environment of another project, without this one's variables."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SEEDMOCK_", "PYTEST_", "COV"))
    }
    return inherited | {"PATH": f"{BIN}{os.pathsep}{inherited['PATH']}", "NO_PROXY": "127.0.0.1"}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Callable[..., str]:
    """Run a command in another project; return its output."""

    def run(*command: str, **variables: str) -> str:
        result = subprocess.run(
            command, cwd=tmp_path, env=environment | variables, capture_output=True, text=True, timeout=120, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    return run


def find_program(program: str) -> str:
    """Find a program; without it skip, or fail in CI, which has it."""
    path = shutil.which(program)
    if path is None and not os.environ.get("CI"):
        pytest.skip(f"{program} is not installed")
    assert path, f"{program} is not installed"
    return path


@pytest.fixture
def node() -> str:
    return find_program("node")


@pytest.fixture
def curl() -> str:
    return find_program("curl")


@pytest.mark.slow
def test_the_recipe_for_pytest(recipe: Recipe, run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "test_clips.py").write_text(recipe("test_clips.py"))
    output = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--strict-markers")
    assert "3 passed" in output


@pytest.mark.slow
def test_the_recipe_for_pytest_fails_for_code_that_polls_too_often(
    recipe: Recipe, run: Callable[..., str], tmp_path: Path
) -> None:
    wrong = recipe("test_clips.py").replace("time.sleep(15)", "time.sleep(0.5)")
    (tmp_path / "test_clips.py").write_text(wrong)
    with pytest.raises(AssertionError, match="expected at most 2 polls of cgt-"):
        run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "paid_for_once")


@pytest.mark.slow
def test_the_recipe_for_hard_wired_hosts(recipe: Recipe, run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "test_wired.py").write_text(recipe("test_wired.py"))
    assert "2 passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers")


@pytest.mark.slow
def test_the_recipe_for_examples_and_subtests(recipe: Recipe, run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "test_sizes.py").write_text(recipe("test_sizes.py"))
    assert "2 passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers")


@pytest.mark.slow
def test_the_recipe_for_unittest(recipe: Recipe, run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "test_faces.py").write_text(recipe("test_faces.py"))
    assert "Ran 1 test" in run(sys.executable, "-m", "unittest", "-v")
    assert "Ran 1 test" in run(sys.executable, "test_faces.py")


def test_the_recipe_for_node(recipe: Recipe, run: Callable[..., str], tmp_path: Path, node: str) -> None:
    (tmp_path / "clips.test.mjs").write_text(recipe("clips.test.mjs"))
    with serve() as server:
        output = run(node, "--test", SEEDMOCK_BASE_URL=server.url)
    assert re.search(r"^\S+ pass 1$", output, re.MULTILINE)


# --- CI ---


@pytest.fixture
def steps(recipe: Recipe) -> list[str]:
    """Commands of the workflow."""
    path = re.findall(r"- run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", recipe("tests.yml"))
    return [(block_text or block).replace(" " * 10, "") for block_text, block in path]


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.socket() as block:
        block.bind(("127.0.0.1", 0))
        return block.getsockname()[1]


def test_the_workflow_installs_an_existing_extra(steps: list[str]) -> None:
    assert steps[0] == 'pip install "seedmock[pytest]"'
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "pytest" in project["optional-dependencies"]
    assert project["requires-python"] == ">=3.11"


@pytest.mark.slow
def test_the_recipe_for_ci(
    recipe: Recipe, steps: list[str], run: Callable[..., str], tmp_path: Path, node: str, curl: str, port: int
) -> None:
    assert len(steps) == 3
    (tmp_path / "test_clips.py").write_text(recipe("test_clips.py"))
    (tmp_path / "clips.test.mjs").write_text(recipe("clips.test.mjs").replace("8000", str(port)))
    assert re.search(r"env:\n +SEEDMOCK_ONLY: \"1\"\n", recipe("tests.yml"))
    output = [
        run("bash", "-eo", "pipefail", "-c", step.replace("8000", str(port)), SEEDMOCK_ONLY="1") for step in steps[1:]
    ]
    assert "3 passed" in output[0]
    assert re.search(r"^\S+ pass 1$", output[1], re.MULTILINE)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
