"""`seedmock init`: what it writes runs as it stands, and nothing is overwritten unless that was asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seedmock_contracts.upstreams import NAMES
from seedmock_server.cli.main import main
from seedmock_server.cli.project_files.cli import PROJECTS
from seedmock_server.cli.project_files.writer import KINDS, TEMPLATES

BIN = Path(sys.executable).parent


def init(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments, "--dir", str(folder)])


def run(command: list[str], folder: Path) -> str:
    inherited = {name: v for name, v in os.environ.items() if not name.startswith(("SEEDMOCK_", "PYTEST_", "COV"))}
    environment = {**inherited, "PATH": f"{BIN}{os.pathsep}{inherited['PATH']}", "NO_PROXY": "127.0.0.1"}
    process = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_the_choices_of_the_command_are_the_kinds() -> None:
    assert tuple(KINDS) == PROJECTS
    assert {path.name for path in TEMPLATES.iterdir()} == {
        name for kind in KINDS.values() for name in kind.files.values()
    }


@pytest.mark.parametrize("kind", PROJECTS)
def test_what_was_written_is_listed_with_the_next_commands(tmp_path: Path, kind: str) -> None:
    result = init(tmp_path / "new", kind)
    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    written, _, following = result.stdout.partition("next:\n")
    assert sorted(written.splitlines()) == sorted(f"wrote {path}" for path in files)
    assert following.splitlines() == [f"  {command}" for command in KINDS[kind].commands]
    assert {path.relative_to(tmp_path / "new").as_posix() for path in files} == set(KINDS[kind].files)


@pytest.mark.parametrize("kind", PROJECTS)
def test_no_file_is_overwritten_and_then_none_is_written(tmp_path: Path, kind: str) -> None:
    place = tmp_path / list(KINDS[kind].files)[-1]
    place.parent.mkdir(parents=True)
    place.write_text("mine", encoding="utf-8")
    refused = init(tmp_path, kind)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"would overwrite {place}; nothing was written" in refused.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [place]
    assert place.read_text(encoding="utf-8") == "mine"
    assert init(tmp_path, kind, "--force").exit_code == 0
    assert place.read_text(encoding="utf-8") != "mine"


def test_a_folder_that_cannot_be_written_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "tests").write_text("a file in the place of a folder", encoding="utf-8")
    result = init(tmp_path, "pytest")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: cannot write {tmp_path / 'tests'}")
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_the_tests_for_pytest_pass_in_strict_mode(tmp_path: Path, upstream: str) -> None:
    init(tmp_path, "pytest", "--upstream", upstream)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--strict-markers"]
    assert "3 passed" in run([*command, "tests/test_clips.py"], tmp_path)


@pytest.mark.slow
def test_the_tests_for_pytest_fail_with_broken_code(tmp_path: Path) -> None:
    init(tmp_path, "pytest")
    path = tmp_path / "tests" / "test_clips.py"
    path.write_text(path.read_text(encoding="utf-8").replace('"prompt"', '"promt"'), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"2 failed, 1 passed"):
        run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], tmp_path)


@pytest.mark.parametrize("upstream", NAMES)
def test_python_is_formatted_as_ruff_does(tmp_path: Path, upstream: str) -> None:
    init(tmp_path, "pytest", "--upstream", upstream)
    ruff = shutil.which("ruff", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if ruff is None:
        pytest.skip("ruff is not installed")
    run([ruff, "format", "--check", "--line-length", "120", "--isolated", "."], tmp_path)
    run([ruff, "check", "--select", "E,F,I,B", "--line-length", "120", "--isolated", "."], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_the_tests_for_node_pass(tmp_path: Path, root: Path, upstream: str) -> None:
    node = shutil.which("node")
    if node is None:
        assert not os.environ.get("CI"), "node is not installed"
        pytest.skip("node is not installed")
    init(tmp_path, "node", "--upstream", upstream)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "seedmock").symlink_to(root / "npm", target_is_directory=True)
    assert "# pass 3\n# fail 0\n" in run([node, "--test", "--test-reporter=tap", "test/clips.test.mjs"], tmp_path)


def test_the_workflow_is_valid(tmp_path: Path) -> None:
    init(tmp_path, "github")
    workflow = ".github/workflows/seedmock.yml"
    run([str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", workflow], tmp_path)
