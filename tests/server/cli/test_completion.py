"""`seedmock completion`: what it writes and takes back, and what each shell then completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seedmock_contracts.upstreams import NAMES
from seedmock_server.cli.completion import BEGIN, SHELLS, placement
from seedmock_server.cli.main import main

BIN = Path(sys.executable).parent
RC = {"bash": ".bashrc", "zsh": ".zshrc"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a blank in its path."""
    folder = tmp_path / "my home"
    folder.mkdir()
    return folder


def environment(home: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ZDOTDIR"))}
    return {**inherited, "HOME": str(home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def run(home: Path, *arguments: str, **variables: str) -> Result:
    unset = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"), "")
    return CliRunner().invoke(main, ["completion", *arguments], env={**unset, "HOME": str(home), **variables})


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_second_installation_changes_nothing_and_removal_takes_all_back(home: Path, shell: str) -> None:
    for name in RC.values():
        (home / name).write_bytes(b"alias l=ls\r\necho \xff\n")
    before = files(home)
    first = run(home, shell, "--install")
    installed = files(home)
    assert first.exit_code == 0
    assert f"seedmock completion {shell} --uninstall" in first.stdout
    changed = {name for name, content in installed.items() if content != before.get(name)}
    assert len(changed) == first.stdout.count(str(home)) == (1 if shell == "fish" else 2)
    assert run(home, shell, "--install").stdout == f"nothing to change: completion of {shell} is installed\n"
    assert files(home) == installed
    removed = run(home, shell, "--uninstall")
    assert removed.stdout.count(str(home)) == len(changed)
    assert files(home) == before
    assert run(home, shell, "--uninstall").stdout == f"nothing to change: completion of {shell} is uninstalled\n"


def test_an_older_block_is_replaced(home: Path) -> None:
    rc = home / ".bashrc"
    rc.write_text(f"first\n\n{BEGIN}\nold\n# <<< seedmock completion <<<\nlast\n", encoding="utf-8")
    for _ in range(2):
        assert run(home, "bash", "--install").exit_code == 0
    text = rc.read_text(encoding="utf-8")
    assert text.count(BEGIN) == 1
    assert "\nold\n" not in text
    assert text.startswith("first\nlast\n\n" + BEGIN)


def test_the_shell_is_that_of_the_variable_and_another_is_an_error(home: Path) -> None:
    assert "_SEEDMOCK_COMPLETE=fish_complete" in run(home, SHELL="/usr/bin/fish").stdout
    refused = run(home, SHELL="/bin/tcsh")
    assert refused.exit_code == 2
    assert "the shell is 'tcsh'; allowed: bash, zsh, fish" in refused.stderr
    assert files(home) == {}


def test_a_file_that_cannot_be_written_is_an_error_of_one_line(home: Path) -> None:
    (home / ".local").write_text("a file in the place of a folder", encoding="utf-8")
    result = run(home, "bash", "--install")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: cannot write {home}")
    assert "print the script instead: seedmock completion bash" in result.stderr


@pytest.mark.parametrize(("shell", "variables", "script", "startup"), [
    ("bash", {}, "/h/.local/share/seedmock/completion.bash", "/h/.bashrc"),
    ("bash", {"XDG_DATA_HOME": "/d"}, "/d/seedmock/completion.bash", "/h/.bashrc"),
    ("zsh", {"ZDOTDIR": "/z"}, "/h/.local/share/seedmock/completion.zsh", "/z/.zshrc"),
    ("fish", {"XDG_CONFIG_HOME": "/c"}, "/c/fish/completions/seedmock.fish", "None"),
])  # fmt: skip
def test_files_lie_where_the_shell_and_xdg_say(
    shell: str, variables: dict[str, str], script: str, startup: str
) -> None:
    place = placement(shell, variables, Path("/h"))
    assert (str(place.script), str(place.startup)) == (script, startup)


LINES = [
    ("seedmock cert", ["certify"]),
    ("seedmock generate --upstream ", sorted(NAMES)),
    ("seedmock fate add mod", ["moderated"]),
    ("seedmock fault add body", ["body_cut"]),
    ("seedmock fault add status --operation cont", ["content"]),
    ("seedmock serve --scenario response-l", ["response-lost"]),
    ("seedmock journal --op", ["--operation"]),
]


def find_shell(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def complete_in_bash(home: Path, line: str) -> list[str]:
    parts = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in parts)
    script = (
        f". ~/.bashrc; COMP_WORDS=({quoted}); COMP_CWORD={len(parts) - 1}; _seedmock_completion seedmock; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return shell_output(home, [find_shell("bash"), "--norc", "-c", script])


def complete_in_fish(home: Path, line: str) -> list[str]:
    return shell_output(home, [find_shell("fish"), "-c", f"complete --do-complete '{line}'"])


def shell_output(home: Path, command: list[str]) -> list[str]:
    run = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    return sorted(line.partition("\t")[0] for line in run.stdout.splitlines())


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_bash_completes_commands_options_and_names(home: Path, line: str, expected: list[str]) -> None:
    run(home, "bash", "--install")
    assert complete_in_bash(home, line) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("line", "expected"), LINES)
def test_fish_completes_the_same(home: Path, line: str, expected: list[str]) -> None:
    run(home, "fish", "--install")
    assert complete_in_fish(home, line) == expected


@pytest.mark.slow
def test_zsh_loads_the_completion_with_a_bare_startup_file(home: Path) -> None:
    run(home, "zsh", "--install")
    assert shell_output(home, [find_shell("zsh"), "-ic", "print $_comps[seedmock]"]) == ["_seedmock_completion"]


def test_a_name_that_is_no_scenario_may_be_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "COMP_WORDS": "seedmock serve --scenario ./mine",
        "COMP_CWORD": "3",
        "_SEEDMOCK_COMPLETE": "bash_complete",
    }
    result = CliRunner().invoke(main, [], prog_name="seedmock", env=variables)
    assert result.stdout == "file,./mine\n"
