"""The GitHub Action: its steps run as a runner runs them, with files in the place of the runner's."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from seedmock_contracts import __version__
from seedmock_server import ControlClient, serve

ROOT = Path(__file__).parents[3]
ACTION = YAML(typ="safe").load(ROOT / "action.yml")
EXPRESSION = re.compile(r"\$\{\{ (inputs|github|steps)\.([\w.-]+) \}\}")


@dataclass
class Runner:
    """A runner in a folder. `inputs` are those that the workflow gives; `code` is the exit code of the last step."""

    folder: Path
    inputs: dict[str, str] = field(default_factory=dict)
    code: int = 0
    log: str = ""

    def run(self, **inputs: str) -> Runner:
        """Run the steps in their order until one fails, each with what the earlier ones exported."""
        defaults = {name: declared["default"] for name, declared in ACTION["inputs"].items()}
        assert set(inputs) <= {name.replace("-", "_") for name in defaults}
        self.inputs = {**defaults, **{name.replace("_", "-"): value for name, value in inputs.items()}}
        for step in ACTION["runs"]["steps"]:
            self._run_step(step)
            if self.code != 0:
                break
        return self

    def output(self, name: str) -> str:
        """An output of the action, as `outputs` maps it to that of a step."""
        match = EXPRESSION.fullmatch(ACTION["outputs"][name]["value"])
        assert match is not None
        step, _, own_name = match[2].replace(".outputs.", " ").partition(" ")
        return self.pairs(f"output-{step}").get(own_name, "")

    def pairs(self, name: str) -> dict[str, str]:
        path = self.folder / name
        lines = path.read_text().splitlines() if path.exists() else []
        return {key: value for key, _, value in (line.partition("=") for line in lines)}

    def run_command(self, command: str, folder: Path) -> None:
        """Run a step of the workflow after the action, with what that has exported."""
        exported = reversed((self.folder / "path").read_text().split())
        installed = str(Path(sys.executable).parent)  # pytest, which a step of the workflow has installed before
        path = os.pathsep.join([*exported, installed, os.environ["PATH"]])
        self._run_script(command, folder, {"PATH": path})

    def _run_step(self, step: dict[str, Any]) -> None:
        values = {"action_path": str(ROOT), **self.inputs}
        variables = {key: EXPRESSION.sub(lambda m: values[m[2]], text) for key, text in step["env"].items()}
        files = {"ENV": "env", "PATH": "path", "OUTPUT": f"output-{step['id']}", "STEP_SUMMARY": "summary.md"}
        paths = {f"GITHUB_{name}": str(self.folder / file) for name, file in files.items()}
        self._run_script(step["run"], self.folder, {"RUNNER_TEMP": str(self.folder), **paths, **variables})

    def _run_script(self, text: str, folder: Path, variables: dict[str, str]) -> None:
        environment = {
            "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),  # the tests' own cache folder holds no wheel
            **{name: value for name, value in os.environ.items() if not name.startswith(("SEEDMOCK_", "PYTEST_"))},
            **self.pairs("env"),
            **variables,
        }
        script = self.folder / "step.sh"
        script.write_text(text)
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]  # what a runner takes `bash` for
        run = subprocess.run(
            command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.code, self.log = run.returncode, self.log + run.stdout


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A runner on which seedmock is installed already, as by an earlier use of the action in the same job."""
    (tmp_path / "seedmock" / "bin").mkdir(parents=True)
    command = tmp_path / "seedmock" / "bin" / "seedmock"
    command.write_text(f'#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec {sys.executable} -m seedmock_server "$@"\n')
    command.chmod(0o755)
    yield Runner(tmp_path)
    pids = tmp_path / "pids"
    for pid in pids.read_text().split() if pids.exists() else []:
        try:
            os.kill(int(pid), signal.SIGTERM)
        except ProcessLookupError:
            continue


def test_the_schema_of_actions_is_met() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    subprocess.run([checker, "--builtin-schema", "vendor.github-actions", ROOT / "action.yml"], check=True)


def test_no_script_contains_an_expression() -> None:
    # A runner pastes expressions into a script, so that a value could end a quotation and run as a command.
    assert [step["id"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]] == []


def test_it_starts_an_emulator_and_exports_its_address(runner: Runner) -> None:
    runner.run(arguments="--pace instant --seed 1")
    assert runner.code == 0, runner.log
    url = runner.output("url")
    assert runner.pairs("env") == {"SEEDMOCK_BASE_URL": url, "SEEDMOCK_API_KEY": "sk_mock_local"}
    assert httpx.get(f"{url}/_mock/health", trust_env=False).json()["pace"] == "instant"
    assert (runner.folder / "path").read_text() == f"{runner.folder}/seedmock/bin\n"
    assert (runner.output("exit-code"), runner.output("report")) == ("", "")


def test_an_emulator_that_strangers_reach_exports_its_token_masked(runner: Runner) -> None:
    runner.run(arguments="--host 0.0.0.0")
    token = runner.pairs("env")["SEEDMOCK_CONTROL_TOKEN"]
    assert f"::add-mask::{token}\n" in runner.log
    headers = {"X-Mock-Token": token}
    assert httpx.get(f"{runner.output('url')}/_mock/clock", headers=headers, trust_env=False).status_code == 200


def test_an_emulator_that_cannot_start_fails_with_its_reason(runner: Runner) -> None:
    runner.run(arguments="--pace slow")
    assert runner.code == 1
    assert "::error::the emulator did not start: Error: Invalid value for '--pace'" in runner.log


def test_start_is_true_or_false(runner: Runner) -> None:
    assert (runner.run(start="yes").code, runner.output("url")) == (2, "")
    assert "::error::start is 'yes'; allowed: true, false" in runner.log
    assert (runner.run(start="false").code, runner.output("url")) == (0, "")


def test_drift_ends_the_step_with_1_and_writes_the_summary_all_the_same(runner: Runner) -> None:
    with serve(pace="instant", seed=3) as server:
        with ControlClient(server.url) as control:
            control.faults.add("auth_bypass", upstream="opeai")
        runner.run(start="false", verify="opeai", base_url=server.url, verify_arguments="--api-key k --only free.auth")
    assert (runner.code, runner.output("exit-code")) == (1, "1"), runner.log
    summary = (runner.folder / "summary.md").read_text()
    assert summary == Path(runner.output("report")).read_text()
    assert "drifted" in summary
    assert "opeai.auth" in summary


@pytest.mark.slow
def test_the_workflow_that_init_writes_runs(runner: Runner, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for kind in ("github", "pytest"):
        subprocess.run([sys.executable, "-m", "seedmock_server", "init", kind, "--dir", project], check=True)
    workflow = YAML(typ="safe").load(project / ".github" / "workflows" / "seedmock.yml")
    checkout, python, action, *commands, on_failure = workflow["jobs"]["test"]["steps"]
    assert [step["uses"].partition("@")[0] for step in (checkout, python)] == [
        "actions/checkout",
        "actions/setup-python",
    ]
    assert action.pop("uses") == f"seedmock/seedmock@v{__version__}"
    assert runner.run(**action["with"]).code == 0, runner.log
    assert commands.pop(1)["run"].startswith(f'pip install "seedmock[pytest]=={__version__}"')  # it is installed
    assert [step["run"] for step in commands] == ["seedmock doctor", "pytest"]
    for step in (*commands, on_failure):
        runner.run_command(step["run"], project)
        assert runner.code == 0, runner.log


@pytest.mark.slow
def test_it_verifies_and_writes_the_summary_of_the_job(runner: Runner) -> None:
    runner.run(start="false", verify="opeai", verify_arguments="--only free")
    assert (runner.code, runner.output("exit-code")) == (0, "0"), runner.log
    summary = (runner.folder / "summary.md").read_text()
    assert summary == Path(runner.output("report")).read_text()
    assert "opeai" in summary
    assert all(Path(runner.output("report")).with_suffix(suffix).exists() for suffix in (".json", ".sarif", ".xml"))


def test_invalid_options_of_verify_are_its_exit_code(runner: Runner) -> None:
    runner.run(start="false", verify="nobody")
    assert (runner.code, runner.output("exit-code"), runner.output("report")) == (2, "2", "")


@pytest.mark.slow
def test_it_installs_into_an_environment_of_its_own(tmp_path: Path) -> None:
    runner = Runner(tmp_path).run(start="false")
    assert runner.code == 0, runner.log
    (folder,) = (tmp_path / "path").read_text().splitlines()
    assert (
        "serve" in subprocess.run([f"{folder}/seedmock", "--help"], capture_output=True, text=True, check=True).stdout
    )
