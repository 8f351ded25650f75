"""Command `seedmock completion`: print, install or remove the completion of a shell. The script itself is click's."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from msgspec import Struct

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_SEEDMOCK_COMPLETE"
BEGIN, END = "# >>> seedmock completion >>>", "# <<< seedmock completion <<<"
BLOCK = re.compile(rf"\n?{BEGIN}\n.*?{END}\n?", re.DOTALL)
# Zsh has `compdef` only once its completion system is loaded, which a bare .zshrc does not do.
START = {"bash": "", "zsh": "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"}


class Placement(Struct, frozen=True):
    """Files of the completion of a shell: its script and, unless the shell finds that itself, the file to load it."""

    shell: str
    script: Path
    startup: Path | None

    @property
    def block(self) -> str:
        """Lines of the startup file between the two marks."""
        script = shlex.quote(str(self.script))
        return f"{BEGIN}\n{START[self.shell]}[ ! -r {script} ] || . {script}\n{END}\n"


def placement(shell: str, environment: Mapping[str, str], home: Path) -> Placement:
    """Return the place of the completion of a shell, by its own conventions and the XDG base folders."""
    if shell == "fish":
        folder = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        return Placement(shell, folder / "fish" / "completions" / "seedmock.fish", None)
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    startup = home / ".bashrc" if shell == "bash" else Path(environment.get("ZDOTDIR") or home) / ".zshrc"
    return Placement(shell, data / "seedmock" / f"completion.{shell}", startup)


def install(place: Placement, script: str) -> Iterator[str]:
    """Write the script and the block of the startup file, and yield a line for each change; a second time, none."""
    if _read(place.script) != script:
        place.script.parent.mkdir(parents=True, exist_ok=True)
        _write(place.script, script)
        yield f"wrote {place.script}"
    if place.startup is not None:
        text = _read(place.startup)
        if place.block not in text:
            rest = BLOCK.sub("", text)
            gap = "" if not rest else "\n" if rest.endswith("\n") else "\n\n"
            _write(place.startup, f"{rest}{gap}{place.block}")
            yield f"added {place.block.count(chr(10))} lines to {place.startup}"


def uninstall(place: Placement) -> Iterator[str]:
    """Take back what `install` has written, and yield a line for each change."""
    if place.script.exists():
        place.script.unlink()
        yield f"removed {place.script}"
    if place.startup is not None:
        text = _read(place.startup)
        if BLOCK.search(text):
            _write(place.startup, BLOCK.sub("", text))
            yield f"removed the lines of seedmock from {place.startup}"


def completion_script(shell: str) -> str:
    """Return the script that a shell has to load."""
    from click.shell_completion import get_completion_class

    from .main import main

    class_ = get_completion_class(shell)
    assert class_ is not None, "click knows the three shells"
    return class_(main, {}, "seedmock", VARIABLE).source()


def _read(path: Path) -> str:
    """The text of a file as it is: bytes that are not UTF-8 and ends of lines survive a round trip."""
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.option("--install", "action", flag_value="install", help="Install it for this user: once is enough.")
@click.option("--uninstall", "action", flag_value="uninstall", help="Remove what --install has written.")
def completion(shell: str | None, action: str | None) -> None:
    """Complete commands, options and names at Tab: `seedmock completion bash --install`.

    Without an option it prints the script; without SHELL it takes that of the variable SHELL. Completed are commands,
    options, upstreams, fates, faults, operations and scenarios.
    """
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(f"the shell is {name!r}; allowed: {', '.join(SHELLS)}")
    if action is None:
        click.echo(completion_script(name), nl=False)
        return
    place = placement(name, os.environ, Path.home())
    try:
        changes = list(install(place, completion_script(name)) if action == "install" else uninstall(place))
    except OSError as error:
        advice = f"print the script instead: seedmock completion {name}"
        raise click.ClickException(f"cannot write {error.filename}: {error.strerror}; {advice}") from error
    for line in changes or [f"nothing to change: completion of {name} is {action}ed"]:
        click.echo(line)
    if changes and action == "install":
        click.echo(f"Start a new {name} to use it. Take it back with: seedmock completion {name} --uninstall")
