"""The recipes of the README's section "Testing your code", copied out and run as they stand."""

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
BIN = Path(sys.executable).parent
Recipe = Callable[[str], str]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """The one block in a language, which may be told by its second line or so."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## Testing your code\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)

    def one(name: str) -> str:
        found = [block for _, block in blocks if name in block.partition("\n")[0]]
        assert len(found) == 1, name
        return str(found[0])

    assert [kind for kind, _ in blocks] == ["python", "python", "js", "yaml"]
    return one


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a project of its own, without what is set here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEEDMOCK_", "PYTEST_", "COV"))}
    return kept | {"PATH": f"{BIN}{os.pathsep}{kept['PATH']}", "NO_PROXY": "127.0.0.1"}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Callable[..., str]:
    """Runs a command in a project of its own; gives what it said."""

    def run(*command: str, **more: str) -> str:
        told = subprocess.run(
            command, cwd=tmp_path, env=environment | more, capture_output=True, text=True, timeout=120, check=False
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout + told.stderr

    return run


def installed(program: str) -> str:
    """The path of a program; skips without it, but not in CI, where it is known to be."""
    found = shutil.which(program)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"{program} is not installed")
    assert found, f"{program} is not installed"
    return found


@pytest.fixture
def node() -> str:
    return installed("node")


@pytest.fixture
def curl() -> str:
    return installed("curl")


@pytest.mark.slow
def test_the_recipe_for_pytest(recipe: Recipe, run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "test_clips.py").write_text(recipe("test_clips.py"))
    said = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--strict-markers")
    assert "3 passed" in said


@pytest.mark.slow
def test_the_recipe_for_pytest_fails_where_the_code_is_wrong(
    recipe: Recipe, run: Callable[..., str], tmp_path: Path
) -> None:
    wrong = recipe("test_clips.py").replace("time.sleep(15)", "time.sleep(0.5)")
    (tmp_path / "test_clips.py").write_text(wrong)
    with pytest.raises(AssertionError, match="expected at most 2 polls of cgt-"):
        run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "paid_for_once")


@pytest.mark.slow
def test_the_recipe_for_unittest(recipe: Recipe, run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "test_faces.py").write_text(recipe("test_faces.py"))
    assert "Ran 1 test" in run(sys.executable, "-m", "unittest", "-v")
    assert "Ran 1 test" in run(sys.executable, "test_faces.py")


def test_the_recipe_for_node(recipe: Recipe, run: Callable[..., str], tmp_path: Path, node: str) -> None:
    (tmp_path / "clips.test.mjs").write_text(recipe("clips.test.mjs"))
    with serve() as server:
        said = run(node, "--test", SEEDMOCK_BASE_URL=server.url)
    assert re.search(r"^\S+ pass 1$", said, re.MULTILINE)


# --- CI ---


@pytest.fixture
def steps(recipe: Recipe) -> list[str]:
    """What the workflow runs."""
    found = re.findall(r"- run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", recipe("tests.yml"))
    return [(many or one).replace(" " * 10, "") for many, one in found]


@pytest.fixture
def port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_workflow_installs_an_extra_that_there_is(steps: list[str]) -> None:
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
    said = [
        run("bash", "-eo", "pipefail", "-c", step.replace("8000", str(port)), SEEDMOCK_ONLY="1") for step in steps[1:]
    ]
    assert "3 passed" in said[0]
    assert re.search(r"^\S+ pass 1$", said[1], re.MULTILINE)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
