"""Tools that people run on OpenAPI documents: validators, linters and generators read all three without an error."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from seedmock_contracts.upstreams import NAMES
from seedmock_server.cli.openapi import CONTROL, openapi

pytestmark = pytest.mark.slow
NODE = Path(__file__).with_name("node")


@pytest.fixture(scope="module", params=[*NAMES, CONTROL])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("openapi") / f"{request.param}.json"
    assert CliRunner().invoke(openapi, [request.param, "-o", str(path)]).exit_code == 0
    return path


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


def linter(name: str) -> Path:
    path = NODE / "node_modules" / ".bin" / name
    if not path.exists() and not os.environ.get("CI"):
        pytest.skip(f"npm ci --prefix {NODE} installs {name}")
    assert path.exists(), f"{name} is not installed"
    return path


def test_openapi_spec_validator(file: Path) -> None:
    pytest.importorskip("openapi_spec_validator").validate(json.loads(file.read_text(encoding="utf-8")))


def test_redocly(file: Path) -> None:
    output = run(linter("redocly"), "lint", "--format=stylish", file, cwd=file.parent)
    assert "is valid" in output


def test_spectral(file: Path) -> None:
    output = run(linter("spectral"), "lint", "-r", NODE / "spectral.yaml", file, cwd=file.parent)
    assert "No results with a severity of 'error' found" in output or " 0 errors" in output


def test_datamodel_code_generator(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datamodel_code_generator")
    output = file.with_name(f"models_of_{file.stem}.py")
    options = ("--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel")
    run(
        sys.executable, "-m", "datamodel_code_generator", "--input", file, "--output", output, *options, cwd=file.parent
    )
    monkeypatch.syspath_prepend(str(file.parent))
    module: Any = importlib.import_module(output.stem)
    assert hasattr(module, "ClockRequest" if file.stem == CONTROL else "CreateResponse")


def test_openapi_python_client(file: Path) -> None:
    pytest.importorskip("openapi_python_client")
    folder = file.with_name(f"client_of_{file.stem}")
    # It knows no video, and no body of plain text: the clip is read as any other file, a scenario is sent by its name.
    config = file.with_name("config.yml")
    config.write_text("content_type_overrides:\n  video/mp4: application/octet-stream\n", encoding="utf-8")
    options = ("--path", file, "--output-path", folder, "--meta", "none", "--config", config)
    output = run(sys.executable, "-m", "openapi_python_client", "generate", *options, cwd=file.parent)
    warnings = [line for line in output.splitlines() if line.startswith(("WARNING", "Unsupported"))]
    expected = ["WARNING parsing PUT /_mock/scenario within scenario.", "Unsupported content type text/plain"]
    assert warnings == (expected if file.stem == CONTROL else [])
    assert len(list((folder / "api").rglob("*.py"))) > 5


def test_a_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"x": {}}}))
    for command in (["redocly", "lint"], ["spectral", "lint", "-r", str(NODE / "spectral.yaml")]):
        done = subprocess.run([linter(command[0]), *command[1:], broken], capture_output=True, check=False)
        assert done.returncode != 0, command
    assert shutil.which("node")
